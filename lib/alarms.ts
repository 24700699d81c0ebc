import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Aws, Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** The topic that every alarm speaks to, encrypted, with the address of `vicinity:alarm_email` where there is one. */
export function alarmTopic(scope: Construct, key: IKey, email: string): Topic {
  const topic = new Topic(scope, 'Alarms', {
    topicName: 'vicinity-alarms',
    displayName: 'Vicinity alarms',
    masterKey: key,
    enforceSSL: true,
  });
  // A policy of its own takes the place of the one that lets the account's services publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  );
  if (email) topic.addSubscription(new EmailSubscription(email));
  acknowledge(topic, {
    'Serverless-SNSRedrivePolicy': 'An e-mail that does not arrive loses nothing: the alarm keeps its state.',
  });
  return topic;
}

export type AlarmSpec = {
  /** Also its id: `vicinity-<name>` in the console. */
  name: string;
  description: string;
  metric: IMetric;
  /** The alarm goes off above it, or, with `below`, below that. */
  above?: number;
  below?: number;
  /** No data is a failure too: for what reports by itself. */
  silenceAlarms?: boolean;
  /** How many periods in a row. */
  periods?: number;
};

/** An alarm that tells the topic when it goes off and when it is over. Silence is good news unless said otherwise. */
export function alarmOn(scope: Construct, topic: ITopic, spec: AlarmSpec): Alarm {
  const props: AlarmProps = {
    alarmName: `vicinity-${spec.name}`,
    alarmDescription: spec.description,
    metric: spec.metric,
    threshold: spec.above ?? spec.below ?? 0,
    evaluationPeriods: spec.periods ?? 1,
    comparisonOperator:
      spec.below === undefined
        ? ComparisonOperator.GREATER_THAN_THRESHOLD
        : ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: spec.silenceAlarms ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  };
  const alarm = new Alarm(scope, `alarm-${spec.name}`, props);
  alarm.addAlarmAction(new SnsAction(topic));
  alarm.addOkAction(new SnsAction(topic));
  return alarm;
}

/** Periods of the metrics that alarms look at. */
export const MINUTE = Duration.minutes(1);
export const FIVE_MINUTES = Duration.minutes(5);
