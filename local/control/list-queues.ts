import type { Aws } from '../aws/aws.ts';
import { object, text } from '../template/json.ts';
import type { Resources } from '../template/resources.ts';

export type QueueState = {
  name: string;
  /** Messages that wait, delayed ones included. */
  depth: number;
  in_flight: number;
  /** Messages that were given up; null for a queue without a dead-letter queue. */
  dlq_depth: number | null;
};

/** The queues of the templates and what lies in them. */
export async function listQueues(aws: Aws, resources: Resources): Promise<QueueState[]> {
  const depths = new Map((await aws.queueDepths()).map(queue => [queue.name, queue]));
  const waitingIn = (name: string): number => {
    const queue = depths.get(name);
    return queue ? queue.ready + queue.delayed : 0;
  };
  return resources.ofType('AWS::SQS::Queue').map(queue => {
    const name = text(queue.attribute('QueueName'), 'the name of the queue');
    const deadLetters = object(queue.property('RedrivePolicy')).deadLetterTargetArn;
    return {
      name,
      depth: waitingIn(name),
      in_flight: depths.get(name)?.inFlight ?? 0,
      dlq_depth:
        typeof deadLetters === 'string'
          ? waitingIn(deadLetters.slice(deadLetters.lastIndexOf(':') + 1))
          : null,
    };
  });
}
