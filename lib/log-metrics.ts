import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { ScheduleContract } from '../lambdas/kernel/use-case.ts';
import { FIVE_MINUTES } from './alarms.ts';

const NAMESPACE = 'Vicinity';

/** Calls of all Lambdas that the Data API or the database failed, counted from the kernel's log lines. */
export const DATABASE_ERRORS = new Metric({
  namespace: NAMESPACE,
  metricName: 'DatabaseErrors',
  statistic: Stats.SUM,
  period: FIVE_MINUTES,
});

/** The names under which the kernel logs such an error: by itself, or as the cause of a 503. */
const FAILURES = FilterPattern.any(
  FilterPattern.stringValue('$.error', '=', 'DataApiError'),
  FilterPattern.stringValue('$.error', '=', 'DatabaseError'),
  FilterPattern.stringValue('$.cause.error', '=', 'DataApiError'),
);

/** Counts the database errors that stand in a log group. RDS has no metric of failed Data API calls. */
export function countDatabaseErrors(scope: Construct, logGroup: ILogGroup): void {
  new MetricFilter(scope, 'DatabaseErrors', {
    logGroup,
    filterPattern: FAILURES,
    metricNamespace: NAMESPACE,
    metricName: DATABASE_ERRORS.metricName,
    metricValue: '1',
  });
}

/** How many partitions of the table that has fewest begin in the future, as the daily rotation counts them. */
export const PARTITIONS_AHEAD = new Metric({
  namespace: NAMESPACE,
  metricName: 'PartitionsAhead',
  statistic: Stats.MINIMUM,
  period: Duration.days(1),
});

/** What must always hold of money and does not: breaches that the hourly check found. */
export const MONEY_INVARIANTS_BROKEN = new Metric({
  namespace: NAMESPACE,
  metricName: 'MoneyInvariantsBroken',
  statistic: Stats.MAXIMUM,
  period: Duration.hours(1),
});

/** Makes metrics of the numbers that a schedule's contract names, from the line that each run logs. */
export function measureRuns(scope: Construct, contract: ScheduleContract, logGroup: ILogGroup): void {
  for (const [metricName, field] of Object.entries(contract.metrics ?? {})) {
    new MetricFilter(scope, `${contract.name}-${metricName}`, {
      logGroup,
      filterPattern: FilterPattern.stringValue('$.schedule', '=', contract.name),
      metricNamespace: NAMESPACE,
      metricName,
      metricValue: `$.${field}`,
    });
  }
}

/** Events that the bus refused, and timers whose handlers failed, each minute. */
export const EVENTS_REFUSED = countOf('EventsRefused');
export const TIMERS_FAILED = countOf('TimersFailed');
export const RENEWALS_FAILED = countOf('RenewalsFailed');

function countOf(metricName: string): Metric {
  return new Metric({ namespace: NAMESPACE, metricName, statistic: Stats.SUM, period: FIVE_MINUTES });
}
