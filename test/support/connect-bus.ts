import type { QueueContract } from '../../lambdas/kernel/use-case.ts';
import type { Entry } from '../../lib/catalogue.ts';
import type { Aws } from '../../local/aws/aws.ts';

/** Makes the bus, a queue for each consumer and the rules between them. Returns the queues' URLs by name. */
export async function connectBus(
  aws: Aws,
  consumers: readonly Entry<QueueContract>[],
): Promise<Record<string, string>> {
  aws.declareBus({ name: 'vicinity' });
  const queues: Record<string, string> = {};
  for (const { name, contract } of consumers) {
    const { url, arn } = await aws.declareQueue({ name: contract.queue });
    queues[contract.queue] = url;
    const { pattern } = contract;
    if (pattern)
      aws.declareRule({ name, bus: 'vicinity', pattern: { ...pattern }, targets: [{ queueArn: arn }] });
  }
  return queues;
}
