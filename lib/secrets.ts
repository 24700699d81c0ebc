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
  /** The application's credentials at Tesla. A person fills them in after the deployment. */
  readonly tesla: Secret;
  /** Our account at the Aadhaar provider. A person fills it in after the deployment. */
  readonly aadhaar: Secret;

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
    this.tesla = new Secret(this, 'Tesla', {
      description: 'Vicinity: application at Tesla',
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
      // Both are placeholders until then; a later deployment does not change what was filled in.
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ client_id: 'fill-me-in' }),
        generateStringKey: 'client_secret',
      },
    });
    this.aadhaar = new Secret(this, 'Aadhaar', {
      description: 'Vicinity: account at the Aadhaar provider',
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ client_id: 'fill-me-in', public_key: '' }),
        generateStringKey: 'client_secret',
      },
    });
    acknowledge(this, {
      'AwsSolutions-SMG4':
        'The database has no network path: a password is of use only through the Data API, which asks IAM first. ' +
        'A rotation Lambda would need a way into the isolated subnets that nothing else needs. ' +
        'docs/operations.md has the procedure of a rotation by hand.',
    });
  }
}
