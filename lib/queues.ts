import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { QueueName } from '../lambdas/kernel/use-case.ts';
import { acknowledge } from './acknowledge.ts';
import { alarmOn, MINUTE } from './alarms.ts';

/** Seconds that a consumer may take for a batch. */
export const CONSUMER_TIMEOUT = 60;

/** Every queue, and after how many seconds of waiting its oldest message is worth an alarm. */
const OLDEST: Record<QueueName, number> = {
  relay: 120,
  notifications: 300,
  sms: 300,
  whatsapp: 300,
  email: 900,
  push: 300,
  exports: 900,
  tesla: 300,
  payments: 300,
  payouts: 900,
};

/** Makes each queue of the system with its dead-letter queue and the two alarms beside it. */
export function makeQueues(scope: Construct, topic: ITopic): Record<QueueName, Queue> {
  const made = Object.entries(OLDEST).map(([name, oldest]) => [name, makeQueue(scope, topic, name, oldest)]);
  return Object.fromEntries(made);
}

function makeQueue(scope: Construct, topic: ITopic, name: string, oldest: number): Queue {
  const deadLetters = makeDeadLetterQueue(scope, topic, name);
  const queue = new Queue(scope, `queue-${name}`, {
    queueName: `vicinity-${name}`,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    // Six times the consumer's timeout, as AWS advises: a throttled batch is tried again before it shows up twice.
    visibilityTimeout: Duration.seconds(6 * CONSUMER_TIMEOUT),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
  });
  alarmOn(scope, topic, {
    name: `queue-${name}-oldest`,
    description: `A message has waited more than ${oldest} s in the ${name} queue: its consumer is behind or failing.`,
    metric: queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: 'Maximum' }),
    above: oldest,
    periods: 3,
  });
  return queue;
}

/** A queue for what was given up, kept for the 14 days that SQS allows, with an alarm on the first message. */
export function makeDeadLetterQueue(scope: Construct, topic: ITopic, name: string): Queue {
  const queue = new Queue(scope, `queue-${name}-dead-letters`, {
    queueName: `vicinity-${name}-dead-letters`,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  alarmOn(scope, topic, {
    name: `queue-${name}-dead-letters`,
    description: `Something was given up after its retries. Read it in vicinity-${name}-dead-letters: docs/operations.md says how to try it again.`,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: 'Maximum' }),
    above: 0,
  });
  acknowledge(queue, {
    'Serverless-SQSRedrivePolicy': 'It is itself a dead-letter queue: people empty it.',
    'AwsSolutions-SQS3': 'It is itself a dead-letter queue: people empty it.',
  });
  return queue;
}
