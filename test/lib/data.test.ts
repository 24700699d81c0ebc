import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Assembly, discard, HOUSE, synthesise } from './assembly.ts';

let app: Assembly;

beforeAll(async () => {
  app = await synthesise({
    root: HOUSE,
    context: {
      'vicinity:backup_copy_vault_arn': 'arn:aws:backup:eu-west-1:000000000000:backup-vault:copies',
    },
  });
}, 60_000);

afterAll(() => discard(app));

const only = (type: string) => {
  const found = app.of(type, 'vicinity-data');
  expect(found, type).toHaveLength(1);
  return found[0]?.Properties ?? {};
};

describe('the data stack', () => {
  test('runs the database without a way in or out but the Data API', () => {
    expect(only('AWS::RDS::DBCluster')).toMatchObject({
      Engine: 'aurora-postgresql',
      EnableHttpEndpoint: true,
      StorageEncrypted: true,
      ServerlessV2ScalingConfiguration: { MinCapacity: 0.5 },
    });
    expect(only('AWS::RDS::DBInstance').PubliclyAccessible).toBe(false);
    for (const type of ['NatGateway', 'InternetGateway', 'EIP'])
      expect(app.of(`AWS::EC2::${type}`)).toEqual([]);
    expect(only('AWS::EC2::SecurityGroup').SecurityGroupIngress).toBeUndefined();
    expect(app.of('AWS::EC2::Subnet')).toHaveLength(2);
  });

  test('can be put back to any second of the last two weeks, and survives a deletion of its stack', () => {
    expect(only('AWS::RDS::DBCluster').BackupRetentionPeriod).toBe(14);
    expect(only('AWS::RDS::DBCluster').DeletionProtection).toBe(true);
    expect(app.of('AWS::RDS::DBCluster')[0]?.DeletionPolicy).toBe('Snapshot');
    for (const key of app.of('AWS::KMS::Key')) expect(key.DeletionPolicy).toBe('Retain');
  });

  test('is backed up daily, weekly and monthly, each with a copy in the second region', () => {
    type Rule = { RuleName: string; ScheduleExpression: string; Lifecycle: unknown; CopyActions: unknown[] };
    const { BackupPlanRule: rules } = only('AWS::Backup::BackupPlan').BackupPlan as {
      BackupPlanRule: Rule[];
    };
    expect(rules.map(rule => [rule.RuleName, rule.ScheduleExpression, rule.Lifecycle])).toEqual([
      ['daily', 'cron(0 2 * * ? *)', { DeleteAfterDays: 7 }],
      ['weekly', 'cron(0 3 ? * SUN *)', { DeleteAfterDays: 28 }],
      ['monthly', 'cron(0 4 1 * ? *)', { DeleteAfterDays: 365 }],
    ]);
    for (const rule of rules) expect(rule.CopyActions).toHaveLength(1);
  });

  test('logs slow statements and keeps statistics of all', () => {
    expect(only('AWS::RDS::DBClusterParameterGroup').Parameters).toMatchObject({
      log_min_duration_statement: '1000',
      shared_preload_libraries: 'pg_stat_statements',
    });
  });

  test('has a key for data, one that signs and one that hashes', () => {
    const specs = app.of('AWS::KMS::Key').map(({ Properties }) => [Properties.KeySpec, Properties.KeyUsage]);
    expect(specs).toEqual([
      [undefined, undefined],
      ['ECC_NIST_P256', 'SIGN_VERIFY'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC'],
    ]);
    expect(app.of('AWS::KMS::Key')[0]?.Properties.EnableKeyRotation).toBe(true);
  });

  test('keeps a secret for each database role, and one for each provider that a person fills in', () => {
    const secrets = app.of('AWS::SecretsManager::Secret').map(({ Properties }) => {
      const { SecretStringTemplate } = Properties.GenerateSecretString as { SecretStringTemplate: string };
      return [Properties.Description, Object.values(JSON.parse(SecretStringTemplate))[0]];
    });
    expect(secrets).toEqual([
      ['Vicinity: database role vicinity_owner', 'vicinity_owner'],
      ['Vicinity: database role vicinity_api', 'vicinity_api'],
      ['Vicinity: database role vicinity_worker', 'vicinity_worker'],
      ['Vicinity: application at Tesla', 'fill-me-in'],
      ['Vicinity: account at the Aadhaar provider', 'fill-me-in'],
      ['Vicinity: account at Stripe', 'fill-me-in'],
      ['Vicinity: account at Razorpay', 'fill-me-in'],
      ['Vicinity: account at Paytm', 'fill-me-in'],
      ['Vicinity: account at PayMongo', 'fill-me-in'],
      ['Vicinity: account at Bolt', 'fill-me-in'],
    ]);
  });

  test('closes every bucket to the public and to plain HTTP', () => {
    for (const bucket of app.of('AWS::S3::Bucket')) {
      expect(bucket.Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
    }
    for (const policy of app.of('AWS::S3::BucketPolicy')) {
      expect(JSON.stringify(policy.Properties)).toContain('"aws:SecureTransport":"false"');
    }
  });

  test('migrates after the instance is there, and again when the fingerprint changes', () => {
    const [migration] = app.of('Custom::DatabaseMigration');
    expect(migration?.Properties.Fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(migration).toMatchObject({
      DependsOn: expect.arrayContaining([app.of('AWS::RDS::DBInstance')[0]?.id]),
    });
  });

  test('gives every log group an end', () => {
    for (const group of app.of('AWS::Logs::LogGroup')) {
      expect(group.Properties.RetentionInDays, group.id).toBeGreaterThan(0);
    }
  });
});

test('a throw-away deployment with a standby passes the checks and leaves nothing behind', async () => {
  const context = {
    'vicinity:deletion_protection': false,
    'vicinity:standby': true,
    'vicinity:sms_origination_identity': 'pool-0123',
  };
  const other = await synthesise({ root: HOUSE, context });
  expect(other.of('AWS::RDS::DBInstance')).toHaveLength(2);
  expect(other.of('AWS::RDS::DBCluster')[0]).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtection: false },
  });
  for (const key of other.of('AWS::KMS::Key')) expect(key.DeletionPolicy).toBe('Delete');
  const lag = (template: typeof other) =>
    template
      .of('AWS::CloudWatch::Alarm')
      .filter(({ Properties }) => Properties.MetricName === 'AuroraReplicaLagMaximum');
  expect(lag(other)).toHaveLength(1);
  expect(lag(app)).toHaveLength(0);
  expect(JSON.stringify(other.of('AWS::IAM::Role'))).toContain(':pool/pool-0123');
  await discard(other);
}, 60_000);
