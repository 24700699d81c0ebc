import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { inject } from 'vitest';
import { filledQueues } from './control-aws.ts';
import { runAsWorker, runSchedule } from './invoke.ts';

/**
 * Carries every event that was written through bus, queues and consumers, until nothing is left to do.
 *
 * @param again whether what a consumer failed at comes to it again at once, as it would after some minutes
 */
export async function deliverEvents({ again = false } = {}): Promise<void> {
  for (let worked = true; worked; ) {
    await runSchedule('relay-outbox');
    const filled = await filledQueues();
    worked = false;
    for (const [name, url] of Object.entries(inject('queues'))) {
      if (filled.has(name) && (await consumeQueue(name, url, again))) worked = true;
    }
  }
}

/** After so many a message goes to the dead-letter queue. */
const MOST_RECEIVES = 5;
let client: SQSClient | undefined;

async function consumeQueue(name: string, url: string, again: boolean): Promise<boolean> {
  client ??= new SQSClient({ useQueueUrlAsEndpoint: false });
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
  );
  if (Messages.length === 0) return false;
  const Records = Messages.map(({ MessageId, Body, ReceiptHandle }) => ({
    messageId: MessageId,
    body: Body,
    receiptHandle: ReceiptHandle,
  }));
  const { batchItemFailures } = (await runAsWorker('queue', name, { Records })) as SQSBatchResponse;
  const failed = new Set(batchItemFailures.map(failure => failure.itemIdentifier));
  const done = Messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
  const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  if (Entries.length > 0) await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
  for (const { MessageId, ReceiptHandle, Attributes } of again ? Messages : []) {
    const isLast = Number(Attributes?.ApproximateReceiveCount) >= MOST_RECEIVES;
    const message = { QueueUrl: url, ReceiptHandle };
    if (failed.has(MessageId ?? '') && !isLast)
      await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }));
  }
  return true;
}
