import { accountId } from '../aws/account.ts';
import type { Aws } from '../aws/aws.ts';
import type { FunctionDefinition } from './definition.ts';
import { accessKeyOf, type EnvironmentHost } from './environment.ts';
import { createEnvironmentBudget } from './environment-budget.ts';
import type { FunctionFaults } from './function-faults.ts';
import { createLambdaFunction, type LambdaFunction, maxEnvironments } from './lambda-function.ts';

/** Environments of all functions that are kept, unless more are at work. */
const mostLiving = 24;

export type Functions = {
  all(): readonly LambdaFunction[];
  /** By ARN, with or without a qualifier, or by name. */
  find(arnOrName: string): LambdaFunction | undefined;
  close(): Promise<void>;
};

/**
 * All functions of the templates. Every environment calls the endpoint under an access key id of its own, so that the
 * endpoint's answers tell which environment called: they are counted, and a waiting fault kills the caller.
 */
export function createFunctions(
  definitions: readonly FunctionDefinition[],
  aws: Aws,
  host: Omit<EnvironmentHost, 'endpoint'>,
  faults: FunctionFaults,
): Functions {
  const budget = createEnvironmentBudget(mostLiving);
  const functions = definitions.map(definition =>
    createLambdaFunction(definition, { ...host, endpoint: aws.endpoint }, faults, budget),
  );
  const byKey = new Map<string, LambdaFunction>();
  for (const target of functions) {
    const { name, statements } = target.definition;
    for (const slot of [...Array(maxEnvironments).keys(), 'poller'] as const) {
      const accessKeyId = accessKeyOf(name, slot);
      byKey.set(accessKeyId, target);
      const arn = `arn:aws:sts::${accountId}:assumed-role/${name}/${accessKeyId}`;
      aws.declarePrincipal({ accessKeyId, arn, statements });
    }
  }

  aws.onAnswer(async ({ action, accessKeyId }) => {
    const target = byKey.get(accessKeyId);
    const environment = target?.environment(accessKeyId);
    if (!target || !environment) return;
    const n = (environment.calls.get(action) ?? 0) + 1;
    environment.calls.set(action, n);
    if (faults.takeForCall(target.definition.name, action, n)) await environment.kill();
  });

  return {
    all: () => functions,
    find: arnOrName =>
      functions.find(
        ({ definition: { arn, name } }) =>
          arnOrName === name || arnOrName === arn || arnOrName.startsWith(`${arn}:`),
      ),
    async close() {
      await Promise.all(functions.map(target => target.close()));
    },
  };
}
