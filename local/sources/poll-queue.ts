import { setTimeout as wait } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { AppClock } from '../app-clock.ts';
import { region } from '../aws/account.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import { readBatchFailures } from './read-batch-failures.ts';

/** An event-source mapping of the template. */
export type QueueMapping = {
  queueArn: string;
  queueUrl: string;
  target: LambdaFunction;
  batchSize: number;
  /** Seconds that a batch may wait for more records. */
  window: number;
  reportsFailures: boolean;
  /** Seconds that a received message stays invisible, by the queue's own attribute. */
  visibilityTimeout: number;
};

export type Poller = { close(): Promise<void> };

/**
 * Polls a queue for a function. What the function's answer leaves undone becomes visible again when the queue's
 * visibility timeout has passed on the app clock, and goes to the dead-letter queue by the queue's redrive policy.
 *
 * @param client calls as the function's role, which must be allowed to receive and to delete
 * @param admin calls as the local cloud itself, for what time does to a queue
 */
export function pollQueue(
  mapping: QueueMapping,
  client: SQSClient,
  admin: SQSClient,
  clock: AppClock,
  report: (line: string) => void,
): Poller {
  const stop = new AbortController();
  /** Failed messages that wait for their visibility timeout: receipt handle to the app clock's milliseconds. */
  const invisible = new Map<string, number>();

  const complain = ({ message }: Error): void =>
    report(`${mapping.target.definition.name} cannot read ${mapping.queueArn}: ${message}`);

  async function receive(most: number, seconds: number): Promise<Message[]> {
    const { Messages } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: mapping.queueUrl,
        MaxNumberOfMessages: Math.min(10, most),
        WaitTimeSeconds: Math.min(20, seconds),
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: stop.signal },
    );
    return Messages ?? [];
  }

  async function gather(): Promise<Message[]> {
    const batch = await receive(mapping.batchSize, 20);
    const until = performance.now() + mapping.window * 1000;
    while (batch.length > 0 && batch.length < mapping.batchSize) {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) break;
      batch.push(...(await receive(mapping.batchSize - batch.length, left)));
    }
    return batch;
  }

  async function handle(batch: readonly Message[]): Promise<void> {
    const ids = batch.map(message => message.MessageId ?? '');
    const outcome = await mapping.target.invoke({
      Records: batch.map(message => recordOf(message, mapping.queueArn)),
    });
    const failed = !outcome.ok ? ids : mapping.reportsFailures ? readBatchFailures(outcome.payload, ids) : [];
    const done = batch.filter(message => !failed.includes(message.MessageId ?? ''));
    const visibleAt = clock.now().getTime() + mapping.visibilityTimeout * 1000;
    for (const message of batch) {
      if (!done.includes(message)) invisible.set(message.ReceiptHandle ?? '', visibleAt);
    }
    for (let start = 0; start < done.length; start += 10) {
      await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: mapping.queueUrl,
          Entries: done.slice(start, start + 10).map((message, index) => ({
            Id: String(index),
            ReceiptHandle: message.ReceiptHandle,
          })),
        }),
      );
    }
  }

  /** The queue counts real seconds; when the app clock jumps over a timeout, the message is made visible by hand. */
  async function reveal(): Promise<void> {
    const now = clock.now().getTime();
    for (const [receipt, visibleAt] of invisible) {
      if (visibleAt > now) continue;
      invisible.delete(receipt);
      const command = { QueueUrl: mapping.queueUrl, ReceiptHandle: receipt, VisibilityTimeout: 0 };
      await admin.send(new ChangeMessageVisibilityCommand(command)).catch((thrown: Error) => {
        // Its own timeout passed meanwhile: it is visible already.
        if (thrown.name !== 'MessageNotInflight') throw thrown;
      });
    }
  }
  clock.onAdvance(() => reveal().catch(complain));

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await reveal();
        const batch = await gather();
        if (batch.length > 0) await handle(batch);
      } catch (thrown) {
        if (stop.signal.aborted) return;
        complain(thrown as Error);
        await wait(1000, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  }

  // Two at a time, the least that AWS lets a mapping be limited to: a slow batch does not hold up the next.
  const running = Promise.all([run(), run()]);
  return {
    async close() {
      stop.abort();
      await running;
      client.destroy();
      admin.destroy();
    },
  };
}

function recordOf(message: Message, queueArn: string): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      stringValue: value.StringValue,
      binaryValue: value.BinaryValue && Buffer.from(value.BinaryValue).toString('base64'),
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
