import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { PLACEHOLDER } from '../lambdas/kernel/secret.ts';
import type { GatewayName } from '../lambdas/money/gateways/gateway.ts';
import { acknowledge } from './acknowledge.ts';

/** Payment gateways with what they call themselves, and what of an account is filled in after the deployment. */
const GATEWAYS = {
  stripe: {
    title: 'Stripe',
    fields: ['secret_key', 'publishable_key', 'webhook_secret', 'connect_webhook_secret'],
  },
  razorpay: { title: 'Razorpay', fields: ['key_secret', 'key_id', 'webhook_secret'] },
  paytm: { title: 'Paytm', fields: ['merchant_key', 'merchant_id', 'website'] },
  paymongo: { title: 'PayMongo', fields: ['secret_key', 'public_key', 'webhook_secret'] },
  bolt: { title: 'Bolt', fields: ['api_key', 'publishable_key', 'signing_secret'] },
} as const satisfies Record<GatewayName, { title: string; fields: readonly [string, ...string[]] }>;

/** The credentials of the three database roles, of which the Data API reads user name and password. */
export class Secrets extends Construct {
  /** The cluster's master user: migrations and the upkeep of tables. */
  readonly owner: Secret;
  /** Lambdas behind a route, under row-level security. */
  readonly api: Secret;
  /** Lambdas behind a queue or a schedule. */
  readonly worker: Secret;
  /** The application's credentials at Tesla. A person fills them in after the deployment. */
  readonly tesla: Secret;
  /** Our account at the Aadhaar provider. A person fills it in after the deployment. */
  readonly aadhaar: Secret;
  /** Our accounts at payment gateways. A person fills them in after the deployment. */
  readonly gateways: Readonly<Record<GatewayName, Secret>>;

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
        secretStringTemplate: JSON.stringify({ client_id: PLACEHOLDER }),
        generateStringKey: 'client_secret',
      },
    });
    this.aadhaar = new Secret(this, 'Aadhaar', {
      description: 'Vicinity: account at the Aadhaar provider',
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ client_id: PLACEHOLDER, public_key: '' }),
        generateStringKey: 'client_secret',
      },
    });
    const gatewayOf = (name: GatewayName) => {
      const { title, fields } = GATEWAYS[name];
      const [generateStringKey, ...rest] = fields;
      return new Secret(this, title, {
        description: `Vicinity: account at ${title}`,
        encryptionKey: props.key,
        removalPolicy: props.removalPolicy,
        generateSecretString: {
          secretStringTemplate: JSON.stringify(Object.fromEntries(rest.map(field => [field, PLACEHOLDER]))),
          generateStringKey,
        },
      });
    };
    this.gateways = {
      stripe: gatewayOf('stripe'),
      razorpay: gatewayOf('razorpay'),
      paytm: gatewayOf('paytm'),
      paymongo: gatewayOf('paymongo'),
      bolt: gatewayOf('bolt'),
    };
    acknowledge(this, {
      'AwsSolutions-SMG4':
        'The database has no network path: a password is of use only through the Data API, which asks IAM first. ' +
        'A rotation Lambda would need a way into the isolated subnets that nothing else needs. ' +
        'docs/operations.md has the procedure of a rotation by hand.',
    });
  }
}
