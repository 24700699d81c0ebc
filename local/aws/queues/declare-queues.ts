import { arnOf } from '../account.ts';
import { type Fauxqs, queueUrlOf } from './fauxqs.ts';

export type QueueDeclaration = {
  name: string;
  /** As in SQS: VisibilityTimeout, DelaySeconds, KmsMasterKeyId, FifoQueue … all strings. */
  attributes?: Record<string, string>;
  redrive?: { deadLetterArn: string; maxReceiveCount: number };
};

export type SubscriptionDeclaration = {
  topicArn: string;
  queueArn: string;
  /** RawMessageDelivery, FilterPolicy … */
  attributes?: Record<string, string>;
};

export type QueueDepth = { name: string; ready: number; delayed: number; inFlight: number };

export type Queues = {
  declareQueue(queue: QueueDeclaration): Promise<{ url: string; arn: string }>;
  declareTopic(topic: { name: string }): Promise<{ arn: string }>;
  declareSubscription(subscription: SubscriptionDeclaration): Promise<void>;
  declareBucket(bucket: { name: string }): Promise<{ arn: string }>;
  depths(): Promise<QueueDepth[]>;
  /** Puts a message into the queue of an ARN, as a rule of EventBridge does. */
  send(queueArn: string, body: string): Promise<void>;
};

/**
 * Makes queues, topics and buckets in the embedded server.
 *
 * @param host of the endpoint, which queue URLs begin with
 * @param keys takes the customer's key of each encrypted queue, by the queue's ARN
 */
export function declareQueues(fauxqs: Fauxqs, host: () => string, keys: Map<string, string>): Queues {
  return {
    async declareQueue({ name, attributes = {}, redrive }) {
      const Attributes = redrive
        ? {
            ...attributes,
            RedrivePolicy: JSON.stringify({
              deadLetterTargetArn: redrive.deadLetterArn,
              maxReceiveCount: redrive.maxReceiveCount,
            }),
          }
        : attributes;
      await fauxqs.sqs('CreateQueue', { QueueName: name, Attributes });
      const arn = arnOf('sqs', name);
      // Keys of AWS's own need no permission of the caller.
      const key = attributes.KmsMasterKeyId;
      if (key && !key.startsWith('alias/aws/')) keys.set(arn, key);
      return { url: queueUrlOf(host(), name), arn };
    },

    async declareTopic({ name }) {
      await fauxqs.sns('CreateTopic', { Name: name });
      return { arn: arnOf('sns', name) };
    },

    async declareSubscription({ topicArn, queueArn, attributes = {} }) {
      const input: Record<string, string> = { TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn };
      for (const [at, [name, value]] of Object.entries(attributes).entries()) {
        input[`Attributes.entry.${at + 1}.key`] = name;
        input[`Attributes.entry.${at + 1}.value`] = value;
      }
      await fauxqs.sns('Subscribe', input);
    },

    async declareBucket({ name }) {
      await fauxqs.pass({ method: 'PUT', url: `/${name}`, headers: {}, body: Buffer.alloc(0) });
      return { arn: `arn:aws:s3:::${name}` };
    },

    async depths() {
      const queues = await fauxqs.queues();
      return queues.map(queue => ({
        name: queue.name,
        ready: queue.approximateMessageCount,
        delayed: queue.approximateDelayedCount,
        inFlight: queue.approximateInflightCount,
      }));
    },

    async send(queueArn, body) {
      const QueueUrl = queueUrlOf(host(), queueArn.split(':').at(-1) ?? '');
      await fauxqs.sqs('SendMessage', { QueueUrl, MessageBody: body });
    },
  };
}
