import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ScheduleContract } from '../lambdas/kernel/use-case.ts';
import { marketplaces } from '../marketplaces/index.ts';

export type ScheduledProps = {
  contract: ScheduleContract;
  fn: IFunction;
  deadLetterQueue: IQueue;
  groupName: string;
  /** Minutes between the runs of what is declared for each minute. */
  sweepMinutes: number;
};

/**
 * The schedules of one Lambda: one in UTC, or one in the time zone of each marketplace that tells the Lambda which
 * marketplace it is for. EventBridge Scheduler follows daylight saving time of the zone.
 */
export class Scheduled extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledProps) {
    super(scope, id);
    const { contract, fn, deadLetterQueue, groupName } = props;
    const role = new Role(this, 'Role', {
      description: `Starts ${contract.name}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: {
        own: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
            new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetterQueue.queueArn] }),
          ],
        }),
      },
    });
    for (const run of runsOf(contract)) {
      new CfnSchedule(this, run.name, {
        name: run.name,
        groupName,
        description: contract.summary,
        scheduleExpression: expressionOf(contract, props.sweepMinutes),
        scheduleExpressionTimezone: run.zone,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: fn.functionArn,
          roleArn: role.roleArn,
          input: JSON.stringify(run.input),
          deadLetterConfig: { arn: deadLetterQueue.queueArn },
          // Of starting the Lambda. A run that starts and fails is tried twice more by Lambda itself.
          retryPolicy: { maximumRetryAttempts: 5, maximumEventAgeInSeconds: 3600 },
        },
      });
    }
  }
}

/** Each minute is how soon a timer may fire. Where nobody waits for one, longer gaps let an idle cluster pause. */
function expressionOf({ expression }: ScheduleContract, minutes: number): string {
  return expression === 'rate(1 minute)' && minutes > 1 ? `rate(${minutes} minutes)` : expression;
}

function runsOf({ name, zone }: ScheduleContract) {
  if (zone === 'UTC') return [{ name, zone, input: {} }];
  return marketplaces.map(({ slug, time_zone }) => ({
    name: `${name}-${slug}`,
    zone: time_zone,
    input: { marketplace: slug },
  }));
}
