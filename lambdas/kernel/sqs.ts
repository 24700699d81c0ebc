import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

// Import this file when it is needed, as `kms.ts` says. The region's endpoint serves every queue of ours.
const client = new SQSClient({
  maxAttempts: 2,
  useQueueUrlAsEndpoint: false,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000 },
});

/** Sends one message. */
export async function sendMessage(queueUrl: string, body: string): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
}
