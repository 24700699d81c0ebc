import type { SQSClient } from '@aws-sdk/client-sqs';
import { environment } from './environment.ts';
import { describeError, log } from './log.ts';

let client: SQSClient | undefined;

/**
 * Wakes the relay when a call has written events. The client is loaded at the first one: most calls are reads. A nudge
 * that fails is no failure of the call, since the relay also runs each minute.
 */
export async function nudgeRelay(emitted: number): Promise<void> {
  if (emitted === 0) return;
  try {
    const { SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    client ??= new SQSClient({
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000 },
    });
    await client.send(
      new SendMessageCommand({ QueueUrl: environment('RELAY_QUEUE_URL'), MessageBody: '{}' }),
    );
  } catch (error) {
    log.warn('the relay could not be nudged', describeError(error));
  }
}
