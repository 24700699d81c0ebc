import type { Assembly, Resource } from './assembly.ts';

export type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };

type Document = { Statement: Statement[] };

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Every statement that a role carries, with one action each. */
export function statementsOf(role: Resource): { action: string; resources: unknown[]; condition: unknown }[] {
  const policies = (role.Properties.Policies ?? []) as { PolicyDocument: Document }[];
  return policies
    .flatMap(policy => policy.PolicyDocument.Statement)
    .flatMap(statement =>
      list(statement.Action).map(action => ({
        action,
        resources: list(statement.Resource),
        condition: statement.Condition,
      })),
    );
}

/** The role that a function runs under. */
export function roleOf(assembly: Assembly, fn: Resource): Resource {
  const reference = fn.Properties.Role as { 'Fn::GetAtt': [string, string] };
  const role = assembly.resources.find(
    resource => resource.stack === fn.stack && resource.id === reference['Fn::GetAtt'][0],
  );
  if (!role) throw new Error(`${fn.id} has no role in its stack.`);
  return role;
}
