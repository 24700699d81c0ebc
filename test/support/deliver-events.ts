import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { inject } from 'vitest';
import { runAsWorker, runSchedule } from './invoke.ts';

/**
 * Carries every event that was written through bus, queues and consumers, until nothing is left to do.
 *
 * @param again whether what a consumer failed at comes to it again at once, as it would after some minutes
 */
export async function deliverEvents({ again = false } = {}): Promise<void> {
  for (let worked = true; worked; ) {
    await runSchedule('relay-outbox');
    worked = false;
    for (const [name, url] of Object.entries(inject('queues'))) {
      if (await consumeQueue(name, url, again)) worked = true;
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
  for (const { MessageId, ReceiptHandle, Attributes } of Messages) {
    const message = { QueueUrl: url, ReceiptHandle };
    if (!failed.has(MessageId ?? '')) await client.send(new DeleteMessageCommand(message));
    else if (again && Number(Attributes?.ApproximateReceiveCount) < MOST_RECEIVES)
      await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }));
  }
  return true;
}
