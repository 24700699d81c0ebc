import { type App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Backups } from './backup.ts';
import { Database } from './database.ts';
import { Keys } from './keys.ts';
import { Migration } from './migration.ts';
import { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { Uploads } from './uploads.ts';

export type DataProps = { settings: Settings; bundle: string; fingerprint: string };

/** All that holds state. The other stacks can be deleted and deployed again without losing a row. */
export class DataStack extends Stack {
  readonly keys: Keys;
  readonly secrets: Secrets;
  readonly clusterArn: string;
  readonly clusterIdentifier: string;
  readonly uploads: Uploads;
  /** The public keys of access tokens, as a JSON Web Key Set. Known only after the migration. */
  readonly tokenKeys: string;
  readonly dataKeys: string;

  constructor(app: App, props: DataProps) {
    const { settings, bundle, fingerprint } = props;
    super(app, 'vicinity-data', {
      description: 'Vicinity: database, keys, secrets, uploads and backups',
      terminationProtection: settings.deletion_protection,
    });
    const removalPolicy = settings.deletion_protection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.keys = new Keys(this, 'Keys', removalPolicy);
    const key = this.keys.data;
    this.secrets = new Secrets(this, 'Secrets', { key, removalPolicy });
    const { cluster } = new Database(this, 'Database', { settings, key, owner: this.secrets.owner });
    this.clusterArn = cluster.clusterArn;
    this.clusterIdentifier = cluster.clusterIdentifier;
    new Backups(this, 'Backups', {
      key,
      clusterArn: cluster.clusterArn,
      copyVaultArn: settings.backup_copy_vault_arn,
      removalPolicy,
    });
    this.uploads = new Uploads(this, 'Uploads', {
      key,
      origins: settings.cors_origins,
      retain: settings.deletion_protection,
    });
    const { keys, secrets } = this;
    const migration = new Migration(this, 'Migration', {
      bundle,
      fingerprint,
      run: settings.migration_run,
      cluster,
      secrets,
      keys,
    });
    this.tokenKeys = migration.tokenKeys;
    this.dataKeys = migration.dataKeys;
    // What scripts/create-admin.ts asks for.
    new CfnOutput(this, 'ClusterArn', { value: cluster.clusterArn });
    new CfnOutput(this, 'OwnerSecretArn', { value: secrets.owner.secretArn });
  }
}
