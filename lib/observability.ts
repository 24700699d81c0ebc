import { Dashboard, GraphWidget, type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { type App, Duration, Stack } from 'aws-cdk-lib/core';
import type { QueueName } from '../lambdas/kernel/use-case.ts';
import { marketplaces } from '../marketplaces/index.ts';
import { alarmOn, FIVE_MINUTES } from './alarms.ts';
import type { Platform } from './grants.ts';
import {
  DATABASE_ERRORS,
  EVENTS_REFUSED,
  MONEY_INVARIANTS_BROKEN,
  PARTITIONS_AHEAD,
  RENEWALS_FAILED,
  TIMERS_FAILED,
} from './log-metrics.ts';
import type { Settings } from './settings.ts';

/**
 * The dashboard, and the alarms that belong to no single queue. Lambda's metrics are those of the whole account and
 * region, which a deployment of Vicinity has to itself: an alarm for each of some hundred functions would cost more
 * than it tells, since a failing route shows in its stage and a failing consumer in its dead letters.
 */
export class ObservabilityStack extends Stack {
  constructor(app: App, platform: Platform) {
    super(app, 'vicinity-observability', { description: 'Vicinity: dashboard and alarms' });
    const { api, data, events, settings } = platform;
    const stages = marketplaces.map(({ slug }) => ({ slug, metrics: stageMetrics(api.api.apiId, slug) }));
    const lambdas = lambdaMetrics();
    const database = databaseMetrics(data.clusterIdentifier);

    for (const { slug, metrics } of stages) {
      alarmOn(this, events.topic, {
        name: `api-${slug}-5xx`,
        description: `${slug} answers callers with server errors. Its access log and the Lambdas' logs say which route.`,
        metric: metrics.serverErrors,
        above: 5,
      });
      alarmOn(this, events.topic, {
        name: `api-${slug}-latency`,
        description: `One request in a hundred of ${slug} takes more than 3 s.`,
        metric: metrics.latency,
        above: 3000,
        periods: 3,
      });
    }
    this.alarmOnLambdas(events.topic, lambdas);
    this.alarmOnDatabase(events.topic, database, settings);

    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: 'vicinity',
      widgets: [
        [
          graph(
            'Requests',
            stages.map(stage => stage.metrics.requests),
          ),
          graph(
            'Latency p99, ms',
            stages.map(stage => stage.metrics.latency),
          ),
        ],
        [
          graph(
            'Refusals (4xx) and server errors (5xx)',
            stages.map(stage => stage.metrics.refusals),
            stages.map(stage => stage.metrics.serverErrors),
          ),
          graph('Lambda', [lambdas.invocations], [lambdas.errors, lambdas.throttles]),
        ],
        [
          graph(
            'Waiting in queues',
            names(events.queues).map(name => events.queues[name].metricApproximateNumberOfMessagesVisible()),
          ),
          graph(
            'Oldest message, s',
            names(events.queues).map(name => events.queues[name].metricApproximateAgeOfOldestMessage()),
          ),
        ],
        [
          graph('Database capacity, ACU', [database.capacity], [database.connections]),
          graph('Database errors', [database.errors], [database.deadlocks]),
        ],
      ],
    });
  }

  private alarmOnLambdas(
    topic: ITopic,
    { errors, throttles, concurrency }: ReturnType<typeof lambdaMetrics>,
  ) {
    alarmOn(this, topic, {
      name: 'lambda-errors',
      description:
        'Lambdas end without an answer: an exception outside the kernel, a timeout or too little memory.',
      metric: errors,
      above: 5,
    });
    alarmOn(this, topic, {
      name: 'lambda-throttles',
      description: "The account's concurrency is used up and invocations are turned away.",
      metric: throttles,
      above: 0,
    });
    alarmOn(this, topic, {
      name: 'lambda-concurrency',
      description:
        'Four fifths of a new quota of 1,000 concurrent Lambdas are in use. Ask for more, or find who calls.',
      metric: concurrency,
      above: 800,
    });
  }

  private alarmOnDatabase(topic: ITopic, metrics: ReturnType<typeof databaseMetrics>, settings: Settings) {
    alarmOn(this, topic, {
      name: 'database-capacity',
      description:
        'The database has run at nine tenths of its largest size for 15 minutes. Raise max_capacity.',
      metric: metrics.capacity,
      above: 0.9 * settings.max_capacity,
      periods: 3,
    });
    alarmOn(this, topic, {
      name: 'database-connections',
      description:
        'The Data API holds more connections than it needs in healthy times: statements are queueing.',
      metric: metrics.connections,
      above: 500,
      periods: 3,
    });
    if (settings.standby) {
      alarmOn(this, topic, {
        name: 'database-replica-lag',
        description:
          'The standby has been a second behind the writer for 15 minutes: it takes over with that delay.',
        metric: metrics.lag,
        above: 1000,
        periods: 3,
      });
    }
    alarmOn(this, topic, {
      name: 'database-errors',
      description: 'The Data API failed calls of Lambdas. Log lines whose error is DataApiError say why.',
      metric: metrics.errors,
      above: 5,
    });
    alarmOn(this, topic, {
      name: 'events-refused',
      description:
        'The bus refuses events: app.outbox.last_error says why. They are tried again each minute.',
      metric: EVENTS_REFUSED,
      above: 0,
      periods: 2,
    });
    alarmOn(this, topic, {
      name: 'timers-failed',
      description:
        'Handlers of timers fail: app.timers.last_error says why. After ten tries a timer is given up.',
      metric: TIMERS_FAILED,
      above: 0,
    });
    alarmOn(this, topic, {
      name: 'backups-failed',
      description:
        'AWS Backup could not back the database up. Its console says why; the recovery window of the cluster goes on.',
      metric: new Metric({
        namespace: 'AWS/Backup',
        metricName: 'NumberOfBackupJobsFailed',
        statistic: Stats.SUM,
        period: Duration.days(1),
      }),
      above: 0,
    });
    alarmOn(this, topic, {
      name: 'partitions-ahead',
      description:
        'A partitioned table has fewer than two partitions to come, or the rotation has not run for two days. There is no ' +
        'default partition: inserts fail when the last one ends. Run the schedule rotate-partitions.',
      metric: PARTITIONS_AHEAD,
      below: 2,
      periods: 2,
      silenceAlarms: true,
    });
    alarmOn(this, topic, {
      name: 'money-invariants',
      description:
        'Something that must always hold of money does not. The log of vicinity-money-check-ledger names it with examples, and ' +
        'GET /api/v1/admin/invariants lists it. Stop payouts until it is understood.',
      metric: MONEY_INVARIANTS_BROKEN,
      above: 0,
    });
    alarmOn(this, topic, {
      name: 'renewals-failed',
      description:
        'Renewals of subscriptions fail: the log of vicinity-money-renew-subscriptions says why. They are tried again each quarter ' +
        'of an hour.',
      metric: RENEWALS_FAILED,
      above: 5,
    });
    alarmOn(this, topic, {
      name: 'database-deadlocks',
      description: 'Transactions wait for each other. The log of the database names both statements.',
      metric: metrics.deadlocks,
      above: 0,
    });
  }
}

const names = (queues: Platform['events']['queues']) => Object.keys(queues) as QueueName[];

function stageMetrics(apiId: string, slug: string) {
  const metric = (metricName: string, statistic: string) =>
    new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      statistic,
      period: FIVE_MINUTES,
      label: slug,
      dimensionsMap: { ApiId: apiId, Stage: slug },
    });
  return {
    requests: metric('Count', Stats.SUM),
    refusals: metric('4xx', Stats.SUM),
    serverErrors: metric('5xx', Stats.SUM),
    latency: metric('Latency', 'p99'),
  };
}

function lambdaMetrics() {
  const metric = (metricName: string, statistic: string) =>
    new Metric({ namespace: 'AWS/Lambda', metricName, statistic, period: FIVE_MINUTES });
  return {
    invocations: metric('Invocations', Stats.SUM),
    errors: metric('Errors', Stats.SUM),
    throttles: metric('Throttles', Stats.SUM),
    concurrency: metric('ConcurrentExecutions', Stats.MAXIMUM),
  };
}

function databaseMetrics(cluster: string) {
  const metric = (metricName: string, statistic: string) =>
    new Metric({
      namespace: 'AWS/RDS',
      metricName,
      statistic,
      period: FIVE_MINUTES,
      dimensionsMap: { DBClusterIdentifier: cluster },
    });
  return {
    capacity: metric('ServerlessDatabaseCapacity', Stats.AVERAGE),
    connections: metric('DatabaseConnections', Stats.MAXIMUM),
    deadlocks: metric('Deadlocks', Stats.MAXIMUM),
    /** Milliseconds of the slowest standby. */
    lag: metric('AuroraReplicaLagMaximum', Stats.MAXIMUM),
    errors: DATABASE_ERRORS,
  };
}
