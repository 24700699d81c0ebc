import * as z from 'zod/mini';
import type { Aws } from '../aws/aws.ts';
import type { FunctionFaults } from '../functions/function-faults.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import type { ToolAnswer } from './control.ts';

const Fault = z.strictObject({
  function: z.optional(z.string()),
  action: z.optional(z.string()),
  kind: z.enum(['kill_before', 'kill_after', 'delay', 'fail']),
  times: z._default(z.int().check(z.positive()), 1),
  seconds: z.optional(z.number().check(z.nonnegative())),
  error: z.optional(z.string()),
  call: z.optional(z.int().check(z.positive())),
});

export type FaultHost = { aws: Aws; faults: FunctionFaults; functions: readonly LambdaFunction[] };

const refuse = (message: string): ToolAnswer => ({ status: 400, body: { message } });

/**
 * Adds a fault: of a function's invocations, of an AWS action's calls (`fail`, `delay`), or of a function at the
 * moment when an action's call has succeeded (`kill_after` with an action).
 */
export function addFault({ aws, faults, functions }: FaultHost, body: unknown): ToolAnswer {
  const parsed = z.safeParse(Fault, body);
  if (!parsed.success)
    return refuse(`${parsed.error.issues[0]?.path.join('.') || 'body'}: ${parsed.error.issues[0]?.message}`);
  const fault = parsed.data;
  if (fault.function && !functions.some(({ definition }) => definition.name === fault.function))
    return refuse(`There is no function named ${fault.function}.`);
  if (!fault.function && !fault.action) return refuse('Name a function or an action.');

  if (!fault.action || fault.kind === 'kill_after') {
    const { error: _, ...own } = fault;
    faults.add(own);
  } else if (fault.kind === 'kill_before' || fault.function) {
    return refuse('A fault of an action is fail or delay for all functions, or kill_after.');
  } else {
    const { action, kind, error, times, seconds } = fault;
    aws.faults.add({ action, kind, error, times, seconds });
  }
  return { status: 201, body: fault };
}
