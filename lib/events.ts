import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { type App, Duration, Stack } from 'aws-cdk-lib/core';
import type { QueueContract, QueueName } from '../lambdas/kernel/use-case.ts';
import { alarmTopic } from './alarms.ts';
import type { Entry } from './catalogue.ts';
import type { DataStack } from './data.ts';
import { makeDeadLetterQueue, makeQueues } from './queues.ts';
import type { Settings } from './settings.ts';

/** What every event of the system carries as its source. */
const EVENT_SOURCE = 'vicinity';

export type EventsProps = { settings: Settings; data: DataStack; consumers: readonly Entry<QueueContract>[] };

/** The bus, the queues, the rules between them, and the topic of the alarms that stand beside them. */
export class EventsStack extends Stack {
  readonly topic: Topic;
  readonly bus: EventBus;
  readonly queues: Record<QueueName, Queue>;
  /** Takes the event of a scheduled run that failed each time, or that could not be started. */
  readonly failedSchedules: Queue;
  readonly scheduleGroup: ScheduleGroup;

  constructor(app: App, props: EventsProps) {
    super(app, 'vicinity-events', { description: 'Vicinity: event bus, queues, rules and alarms' });
    this.topic = alarmTopic(this, props.data.keys.data, props.settings.alarm_email);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: 'vicinity',
      description: 'What happened in Vicinity, in the order of its outbox',
    });
    this.bus.archive('Archive', {
      archiveName: 'vicinity',
      description: 'Events of the last 30 days, to be replayed to a consumer that was wrong',
      eventPattern: { source: [EVENT_SOURCE] },
      retention: Duration.days(30),
    });
    this.queues = makeQueues(this, this.topic);
    this.failedSchedules = makeDeadLetterQueue(this, this.topic, 'schedules');
    this.scheduleGroup = new ScheduleGroup(this, 'Schedules', { scheduleGroupName: 'vicinity' });
    for (const { contract } of props.consumers) this.route(contract);
  }

  /** Sends the events of a consumer's pattern to its queue; what EventBridge cannot deliver joins the dead letters. */
  private route(contract: QueueContract): void {
    if (!contract.pattern) return;
    const queue = this.queues[contract.queue];
    new Rule(this, `rule-${contract.queue}`, {
      ruleName: `vicinity-${contract.queue}`,
      description: contract.summary,
      eventBus: this.bus,
      eventPattern: {
        source: [EVENT_SOURCE],
        detailType: [...contract.pattern['detail-type']],
        detail: contract.pattern.detail,
      },
      targets: [new SqsQueue(queue, { deadLetterQueue: queue.deadLetterQueue?.queue })],
    });
  }
}
