import type { AppClock } from '../app-clock.ts';
import { localAdmin } from '../aws/account.ts';
import type { Aws } from '../aws/aws.ts';
import { authorize } from '../aws/iam/authorize.ts';
import { accessKeyOf, type Outcome } from '../functions/environment.ts';
import type { Functions } from '../functions/functions.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import { number } from '../template/json.ts';
import { statementsOf } from '../template/read-policies.ts';
import {
  type MappingDeclaration,
  readMappings,
  readSchedules,
  type ScheduleDeclaration,
} from '../template/read-sources.ts';
import type { LiveResource, Resources } from '../template/resources.ts';
import { invokeAsynchronously } from './invoke-asynchronously.ts';
import { type Poller, pollQueue } from './poll-queue.ts';
import { queueClient, sendToQueue } from './queue-client.ts';
import { runSchedules, type Schedule, type Schedules } from './run-schedules.ts';

export type SourcesHost = {
  resources: Resources;
  functions: Functions;
  aws: Aws;
  clock: AppClock;
  /** A line about a source that does not work. */
  report: (line: string) => void;
};

/** What starts functions without a request: events of the bus, queues and schedules. */
export type Sources = {
  schedules: Schedules;
  close(): Promise<void>;
};

/** Hands an event to a function as AWS does when nobody waits: with retries and a dead-letter queue. */
export type InvokeLater = (functionArn: string, event: unknown) => Promise<Outcome>;

/** Makes the asynchronous invoker. A dead letter is sent with the rights of the function's own role. */
export function createInvokeLater(host: Pick<SourcesHost, 'resources' | 'functions' | 'aws'>): InvokeLater {
  return async (functionArn, event) => {
    const target = functionOf(host.functions, functionArn);
    return invokeAsynchronously(target, event, async (failed, queueArn, body, attributes) => {
      const client = queueClient(host.aws.endpoint, accessKeyOf(failed.definition.name, 'poller'));
      try {
        await sendToQueue(client, queueOf(host.resources, queueArn).ref, body, attributes);
      } finally {
        client.destroy();
      }
    });
  };
}

/** Starts the event-source mappings and the schedules of the templates. */
export function startSources(host: SourcesHost, invokeLater: InvokeLater): Sources {
  const pollers = readMappings(host.resources)
    .filter(({ enabled }) => enabled)
    .map(mapping => startMapping(mapping, host));
  const schedules = runSchedules(
    readSchedules(host.resources).map(schedule => toRun(schedule, host, invokeLater)),
    host.clock,
  );
  return {
    schedules,
    async close() {
      schedules.close();
      await Promise.all(pollers.map(poller => poller.close()));
    },
  };
}

function startMapping(
  mapping: MappingDeclaration,
  { resources, functions, aws, clock, report }: SourcesHost,
): Poller {
  const target = functionOf(functions, mapping.functionName);
  const queue = queueOf(resources, mapping.queueArn);
  return pollQueue(
    {
      queueArn: mapping.queueArn,
      queueUrl: queue.ref,
      target,
      batchSize: mapping.batchSize,
      window: mapping.window,
      reportsFailures: mapping.reportsFailures,
      visibilityTimeout: number(queue.property('VisibilityTimeout'), 30),
    },
    queueClient(aws.endpoint, accessKeyOf(target.definition.name, 'poller')),
    queueClient(aws.endpoint, localAdmin),
    clock,
    report,
  );
}

function toRun(declaration: ScheduleDeclaration, host: SourcesHost, invokeLater: InvokeLater): Schedule {
  const { name, expression, timeZone, enabled, input, functionArn, roleArn } = declaration;
  const target = functionOf(host.functions, functionArn);
  const permission = { action: 'lambda:InvokeFunction', resources: [functionArn] };
  if (authorize(statementsOf(host.resources, roleArn), permission) !== 'allowed')
    throw new Error(`The role of the schedule ${name} does not allow it to invoke ${functionArn}.`);
  return {
    name,
    expression,
    timeZone,
    enabled,
    input,
    functionName: target.definition.name,
    run: () => invokeLater(functionArn, input),
  };
}

function functionOf(functions: Functions, arnOrName: string): LambdaFunction {
  const target = functions.find(arnOrName);
  if (!target) throw new Error(`${arnOrName} is started by the templates, but no template declares it.`);
  return target;
}

function queueOf(resources: Resources, arn: string): LiveResource {
  const queue = resources.ofType('AWS::SQS::Queue').find(it => it.attribute('Arn') === arn);
  if (!queue) throw new Error(`The queue ${arn} is read by the templates, but no template declares it.`);
  return queue;
}
