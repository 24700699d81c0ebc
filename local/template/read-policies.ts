import type { Statement } from '../aws/iam/statement.ts';
import { list, object } from './json.ts';
import type { LiveResource, Resources } from './resources.ts';

/**
 * All statements that the templates give a role: its inline policies and the policies attached to it. Policies that
 * AWS manages are not in a template; the one Lambdas commonly have only lets them write logs.
 */
export function statementsOf(resources: Resources, roleArn: string): Statement[] {
  const role = resources.ofType('AWS::IAM::Role').find(resource => resource.attribute('Arn') === roleArn);
  if (!role) throw new Error(`The role ${roleArn} is not in the templates.`);
  const inline = list(role.property('Policies')).map(policy => object(policy).PolicyDocument);
  const isAttached = (policy: LiveResource): boolean => list(policy.property('Roles')).includes(role.ref);
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']
    .flatMap(type => resources.ofType(type))
    .filter(isAttached)
    .map(policy => policy.property('PolicyDocument'));
  return [...inline, ...attached].flatMap(
    document => list(object(document).Statement) as unknown as Statement[],
  );
}
