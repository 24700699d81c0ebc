import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { region } from '../aws/account.ts';

/** A client of the local endpoint that calls as the given access key id. */
export function queueClient(endpoint: string, accessKeyId: string): SQSClient {
  return new SQSClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey: 'local' },
    // The pollers try again by themselves, and tell of the first failure.
    maxAttempts: 1,
  });
}

/** Puts a message on a queue, once. */
export async function sendToQueue(
  client: SQSClient,
  queueUrl: string,
  body: string,
  attributes: Record<string, string>,
): Promise<void> {
  await client.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: body,
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    }),
  );
}
