import {
  BackupPlan,
  BackupPlanRule,
  type BackupPlanRuleProps,
  BackupResource,
  BackupVault,
} from 'aws-cdk-lib/aws-backup';
import { type CronOptions, Schedule } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Duration, type RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export type BackupsProps = {
  key: IKey;
  clusterArn: string;
  /** ARN of a vault in another region, or '' for no second copy. */
  copyVaultArn: string;
  removalPolicy: RemovalPolicy;
};

/**
 * Snapshots that outlive the cluster's own recovery window: one of each day for a week, of each week for four, of each
 * month for a year. They start an hour apart, because Aurora takes one snapshot of a cluster at a time.
 */
export class Backups extends Construct {
  constructor(scope: Construct, id: string, props: BackupsProps) {
    super(scope, id);
    const vault = new BackupVault(this, 'Vault', {
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
    });
    const abroad = props.copyVaultArn
      ? BackupVault.fromBackupVaultArn(this, 'Abroad', props.copyVaultArn)
      : undefined;
    const rule = (ruleName: string, at: CronOptions, days: number): BackupPlanRuleProps => ({
      ruleName,
      scheduleExpression: Schedule.cron({ minute: '0', ...at }),
      deleteAfter: Duration.days(days),
      startWindow: Duration.hours(1),
      completionWindow: Duration.hours(8),
      copyActions: abroad ? [{ destinationBackupVault: abroad, deleteAfter: Duration.days(days) }] : [],
    });
    const plan = new BackupPlan(this, 'Plan', {
      backupPlanName: 'vicinity',
      backupVault: vault,
      backupPlanRules: [
        new BackupPlanRule(rule('daily', { hour: '2' }, 7)),
        new BackupPlanRule(rule('weekly', { hour: '3', weekDay: 'SUN' }, 28)),
        new BackupPlanRule(rule('monthly', { hour: '4', day: '1' }, 365)),
      ],
    });
    const selection = plan.addSelection('Database', {
      resources: [BackupResource.fromArn(props.clusterArn)],
    });
    acknowledge(selection, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]':
        'The role is assumed by AWS Backup alone, and AWS keeps this policy in step with what its service calls.',
    });
  }
}
