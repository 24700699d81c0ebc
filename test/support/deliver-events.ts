import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { inject } from 'vitest';
import { runAsWorker, runSchedule } from './invoke.ts';

/** Carries every event that was written through bus, queues and consumers, until nothing is left to do. */
export async function deliverEvents(): Promise<void> {
  for (let worked = true; worked; ) {
    await runSchedule('relay-outbox');
    worked = false;
    for (const [name, url] of Object.entries(inject('queues'))) {
      if (await consumeQueue(name, url)) worked = true;
    }
  }
}

let client: SQSClient | undefined;

async function consumeQueue(name: string, url: string): Promise<boolean> {
  client ??= new SQSClient({ useQueueUrlAsEndpoint: false });
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
  );
  if (Messages.length === 0) return false;
  const Records = Messages.map(({ MessageId, Body, ReceiptHandle }) => ({
    messageId: MessageId,
    body: Body,
    receiptHandle: ReceiptHandle,
  }));
  const { batchItemFailures } = (await runAsWorker('queue', name, { Records })) as SQSBatchResponse;
  const failed = new Set(batchItemFailures.map(failure => failure.itemIdentifier));
  for (const { MessageId, ReceiptHandle } of Messages) {
    if (!failed.has(MessageId ?? ''))
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
  }
  return true;
}
