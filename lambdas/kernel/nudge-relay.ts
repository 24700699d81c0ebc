import { environment } from './environment.ts';
import { describeError, log } from './log.ts';

/** Tells the relay that so many events were written. */
export type Nudge = (emitted: number) => Promise<void>;

/**
 * Wakes the relay when a call has written events. The client is loaded at the first one: most calls are reads. A nudge
 * that fails is no failure of the call, since the relay also runs each minute.
 */
export const nudgeRelay: Nudge = async emitted => {
  if (emitted === 0) return;
  try {
    const { sendMessage } = await import('./sqs.ts');
    await sendMessage(environment('RELAY_QUEUE_URL'), '{}');
  } catch (error) {
    log.warn('the relay could not be nudged', describeError(error));
  }
};
