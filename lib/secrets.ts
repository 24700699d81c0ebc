import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** The credentials of the three database roles, of which the Data API reads user name and password. */
export class Secrets extends Construct {
  /** The cluster's master user: migrations only. */
  readonly owner: Secret;
  /** Lambdas behind a route, under row-level security. */
  readonly api: Secret;
  /** Lambdas behind a queue or a schedule. */
  readonly worker: Secret;

  constructor(scope: Construct, id: string, props: { key: IKey; removalPolicy: RemovalPolicy }) {
    super(scope, id);
    const secretOf = (name: string, username: string) =>
      new Secret(this, name, {
        description: `Vicinity: database role ${username}`,
        encryptionKey: props.key,
        removalPolicy: props.removalPolicy,
        generateSecretString: {
          secretStringTemplate: JSON.stringify({ username }),
          generateStringKey: 'password',
          passwordLength: 40,
          excludePunctuation: true,
        },
      });
    this.owner = secretOf('Owner', 'vicinity_owner');
    this.api = secretOf('Api', 'vicinity_api');
    this.worker = secretOf('Worker', 'vicinity_worker');
    acknowledge(this, {
      'AwsSolutions-SMG4':
        'The database has no network path: a password is of use only through the Data API, which asks IAM first. ' +
        'A rotation Lambda would need a way into the isolated subnets that nothing else needs. ' +
        'docs/operations.md has the procedure of a rotation by hand.',
    });
  }
}
