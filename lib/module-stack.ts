import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { type App, Duration, Stack } from 'aws-cdk-lib/core';
import type { Contract, HttpContract, QueueContract, ScheduleContract } from '../lambdas/kernel/use-case.ts';
import { acknowledge } from './acknowledge.ts';
import type { Entry } from './catalogue.ts';
import { grantsOf, type Platform } from './grants.ts';
import { Lambda } from './lambda.ts';
import { measureRuns } from './log-metrics.ts';
import { limitResources } from './parts.ts';
import { CONSUMER_TIMEOUT } from './queues.ts';
import { Route } from './route.ts';
import { Scheduled } from './schedules.ts';

/** Seconds: just under the 30 of API Gateway, since a paused cluster takes some 15 to wake and its caller is waited for. */
const HTTP_TIMEOUT = 29;

/** Batches of one queue that are worked on at once, so that a burst of events does not crowd callers out. */
const CONSUMERS_AT_ONCE = 10;

/** A module's Lambdas, or a part of them, and what starts each: a route, a queue or a schedule. */
export class ModuleStack extends Stack {
  private readonly platform: Platform;

  constructor(app: App, id: string, entries: readonly Entry[], platform: Platform) {
    super(app, id, { description: `Vicinity: Lambdas of the ${entries[0]?.module} module` });
    this.platform = platform;
    limitResources(this);
    for (const entry of entries) this.add(entry);
  }

  private add(entry: Entry): void {
    const { contract } = entry;
    if (contract.kind === 'http') this.addRoute(entry, contract);
    else if (contract.kind === 'queue') this.addConsumer(entry, contract);
    else this.addSchedule(entry, contract);
  }

  private addRoute(entry: Entry, contract: HttpContract): void {
    const lambda = this.makeLambda(entry, HTTP_TIMEOUT);
    new Route(this, `${entry.name}-route`, {
      fn: lambda.fn,
      apiId: this.platform.api.api.apiId,
      method: contract.method,
      path: contract.path,
    });
    acknowledge(lambda.fn, {
      'Serverless-LambdaDLQ': 'API Gateway invokes it synchronously: the caller is told of a failure.',
    });
  }

  private addConsumer(entry: Entry, contract: QueueContract): void {
    const queue = this.platform.events.queues[contract.queue];
    const lambda = this.makeLambda(entry, CONSUMER_TIMEOUT, [
      new PolicyStatement({
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:GetQueueAttributes',
        ],
        resources: [queue.queueArn],
      }),
    ]);
    const mapping = new EventSourceMapping(this, `${entry.name}-mapping`, {
      target: lambda.fn,
      eventSourceArn: queue.queueArn,
      batchSize: contract.batch_size,
      // Lambda refuses batches of more than ten without a window.
      maxBatchingWindow: contract.batch_size > 10 ? Duration.seconds(1) : undefined,
      maxConcurrency: CONSUMERS_AT_ONCE,
      reportBatchItemFailures: true,
    });
    const reason =
      'The source is a queue: a message that keeps failing goes to the dead-letter queue of the queue.';
    acknowledge(lambda.fn, { 'Serverless-LambdaDLQ': reason });
    acknowledge(mapping, { 'Serverless-LambdaEventSourceMappingDestination': reason });
  }

  private addSchedule(entry: Entry, contract: ScheduleContract): void {
    const { failedSchedules, scheduleGroup } = this.platform.events;
    const lambda = this.makeLambda(entry, contract.timeout);
    new Scheduled(this, `${entry.name}-schedule`, {
      contract,
      fn: lambda.fn,
      deadLetterQueue: failedSchedules,
      groupName: scheduleGroup.scheduleGroupName,
      sweepMinutes: this.platform.settings.sweep_minutes,
    });
    measureRuns(this, contract, lambda.logGroup);
  }

  private makeLambda(entry: Entry, timeout: number, more: PolicyStatement[] = []): Lambda {
    const { contract } = entry;
    const { environment, statements, accepted = {} } = grantsOf(contract, this.platform);
    const lambda = new Lambda(this, entry.name, {
      entry,
      description: contract.summary,
      bundle: this.platform.bundle,
      memory: memoryOf(contract),
      timeout,
      environment,
      statements: [...statements, ...more],
      deadLetterQueue: contract.kind === 'schedule' ? this.platform.events.failedSchedules : undefined,
    });
    acknowledge(lambda.role, accepted);
    return lambda;
  }
}

/** MB. Those that sign people in hash a password first, which a whole CPU does in half the time of 1,024 MB. */
function memoryOf(contract: Contract): number {
  return contract.needs.includes('token-signing') ? 1769 : 1024;
}
