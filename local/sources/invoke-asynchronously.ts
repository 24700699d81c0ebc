import { setTimeout as wait } from 'node:timers/promises';
import type { Outcome } from '../functions/environment.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';

/** Milliseconds before a failed asynchronous event is tried again. AWS waits one minute, then two. */
const retryDelays = [500, 1000];

/** Puts the event of an invocation that failed for good on the queue of this ARN. */
export type SendDeadLetter = (
  target: LambdaFunction,
  queueArn: string,
  body: string,
  attributes: Record<string, string>,
) => Promise<void>;

/**
 * Invokes a function as `InvocationType: Event` does: a failure is repeated as often as the template says, and the
 * event of the last one goes to the function's dead-letter queue, where it has one.
 */
export async function invokeAsynchronously(
  target: LambdaFunction,
  event: unknown,
  sendDeadLetter: SendDeadLetter,
): Promise<Outcome> {
  let outcome = await target.invoke(event);
  for (const delay of retryDelays.slice(0, target.definition.asyncRetries)) {
    if (outcome.ok) break;
    await wait(delay);
    outcome = await target.invoke(event);
  }
  const { deadLetterArn } = target.definition;
  if (!outcome.ok && deadLetterArn) {
    await sendDeadLetter(target, deadLetterArn, JSON.stringify(event), {
      ErrorCode: '200',
      ErrorMessage: outcome.error.errorMessage.slice(0, 1024) || 'unknown',
    });
  }
  return outcome;
}
