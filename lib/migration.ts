import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IDatabaseCluster } from 'aws-cdk-lib/aws-rds';
import { CustomResource, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { MIGRATION } from './catalogue.ts';
import { DATABASE_NAME } from './database.ts';
import { readSecrets } from './grants.ts';
import type { Keys } from './keys.ts';
import { Lambda } from './lambda.ts';
import type { Secrets } from './secrets.ts';

export type MigrationProps = {
  bundle: string;
  /** Changes when there is something to migrate: see lib/fingerprint.ts. */
  fingerprint: string;
  /** `vicinity:migration_run`: another text runs it again though nothing else has changed. */
  run: string;
  cluster: IDatabaseCluster;
  secrets: Secrets;
  keys: Keys;
};

/**
 * Brings the database to the state of `sql/` while the data stack deploys, hence before any Lambda of a module. A
 * migration that fails fails the deployment, and the modules stay as they were.
 */
export class Migration extends Construct {
  /** The public keys of access tokens, as a JSON Web Key Set. */
  readonly tokenKeys: string;
  /** Wrapped data keys of sealed values, as JSON. */
  readonly dataKeys: string;

  constructor(scope: Construct, id: string, props: MigrationProps) {
    super(scope, id);
    const { cluster, secrets, keys } = props;
    const { fn } = new Lambda(this, 'Lambda', {
      entry: MIGRATION,
      description: 'Migrates the database when the stack is deployed',
      bundle: props.bundle,
      memory: 512,
      timeout: 15 * 60,
      environment: {
        DATABASE_ARN: cluster.clusterArn,
        DATABASE_NAME,
        OWNER_SECRET_ARN: secrets.owner.secretArn,
        API_SECRET_ARN: secrets.api.secretArn,
        WORKER_SECRET_ARN: secrets.worker.secretArn,
        TOKEN_KEY_ARN: keys.token.keyArn,
        DATA_KEY_ARN: keys.data.keyArn,
      },
      statements: [
        new PolicyStatement({ actions: ['rds-data:ExecuteStatement'], resources: [cluster.clusterArn] }),
        ...readSecrets(
          [secrets.owner.secretArn, secrets.api.secretArn, secrets.worker.secretArn],
          keys.data.keyArn,
        ),
        new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [keys.token.keyArn] }),
        new PolicyStatement({
          actions: ['kms:GenerateDataKeyWithoutPlaintext'],
          resources: [keys.data.keyArn],
          conditions: { StringEquals: { 'kms:EncryptionContext:purpose': 'personal-data' } },
        }),
      ],
    });
    acknowledge(fn, {
      'Serverless-LambdaDLQ':
        'CloudFormation waits for its answer: a failure is a failed deployment, which nobody can miss.',
    });
    const resource = new CustomResource(this, 'Run', {
      resourceType: 'Custom::DatabaseMigration',
      serviceToken: fn.functionArn,
      serviceTimeout: Duration.minutes(16),
      // A key that was replaced is published again, and a run that is asked for by name happens.
      properties: { Fingerprint: props.fingerprint, TokenKeyArn: keys.token.keyArn, Run: props.run },
    });
    // The Data API answers once there is an instance, and `cluster` is the instances too.
    resource.node.addDependency(cluster);
    this.tokenKeys = resource.getAttString('TokenKeys');
    this.dataKeys = resource.getAttString('DataKeys');
  }
}
