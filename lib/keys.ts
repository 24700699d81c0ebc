import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Aws, type RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** The three keys of the system. Each does one thing, so that no grant of one reaches what another protects. */
export class Keys extends Construct {
  /** Encrypts what lies on disks: the database, its backups, secrets, uploads and the alarm topic. */
  readonly data: Key;
  /** Signs access tokens. The private half never leaves KMS; the public half is read by the migration. */
  readonly token: Key;
  /** Makes the keyed hashes by which sensitive values are looked up. */
  readonly hash: Key;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id);
    this.data = new Key(this, 'Data', {
      description: 'Vicinity: data at rest',
      enableKeyRotation: true,
      removalPolicy,
    });
    // CloudWatch publishes alarms to a topic that this key encrypts.
    this.data.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    this.token = new Key(this, 'Token', {
      description: 'Vicinity: signs access tokens (ES256)',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy,
    });
    this.hash = new Key(this, 'Hash', {
      description: 'Vicinity: keyed hashes of values that are looked up',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });
  }
}
