import { FlowLogDestination, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
  ParameterGroup,
} from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Settings } from './settings.ts';

/** The database that all marketplaces share, and the one that the migration prepares. */
export const DATABASE_NAME = 'vicinity';

/** Named by us, so that its log group can exist, with a retention, before RDS would make one without. */
const CLUSTER = 'vicinity';

/**
 * Aurora PostgreSQL in subnets without any route out. The only door is the Data API, so no Lambda joins the network,
 * there is no NAT gateway and no connection pool.
 *
 * Version 17 is the newest whose Data API AWS documents (17.4 and higher, read in the Aurora user guide).
 */
export class Database extends Construct {
  readonly cluster: DatabaseCluster;

  constructor(scope: Construct, id: string, props: { settings: Settings; key: IKey; owner: ISecret }) {
    super(scope, id);
    const { settings, key, owner } = props;
    const engine = DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_17_9 });
    const insights = { enablePerformanceInsights: true, performanceInsightEncryptionKey: key };
    const vpc = this.network();
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/rds/cluster/${CLUSTER}/postgresql`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.cluster = new DatabaseCluster(this, 'Cluster', {
      clusterIdentifier: CLUSTER,
      engine,
      parameterGroup: new ParameterGroup(this, 'Parameters', {
        engine,
        description: 'Vicinity: slow statements are logged, statement statistics are kept',
        parameters: {
          log_min_duration_statement: '1000',
          // Values of statements are people's addresses and numbers: they are not logged.
          log_parameter_max_length: '0',
          shared_preload_libraries: 'pg_stat_statements',
          'rds.force_ssl': '1',
          // A page of memory or from Aurora's storage costs little more out of order than in order.
          random_page_cost: '1.1',
          // Compiling a statement takes longer than any of ours runs.
          jit: '0',
        },
      }),
      credentials: Credentials.fromSecret(owner, 'vicinity_owner'),
      defaultDatabaseName: DATABASE_NAME,
      enableDataApi: true,
      iamAuthentication: true,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [
        new SecurityGroup(this, 'Door', {
          vpc,
          description: 'The Vicinity database: nothing comes in or goes out',
          allowAllOutbound: false,
        }),
      ],
      serverlessV2MinCapacity: settings.min_capacity,
      serverlessV2MaxCapacity: settings.max_capacity,
      writer: ClusterInstance.serverlessV2('Writer', insights),
      readers: settings.standby
        ? [ClusterInstance.serverlessV2('Standby', { ...insights, scaleWithWriter: true })]
        : [],
      storageEncrypted: true,
      storageEncryptionKey: key,
      ...insights,
      cloudwatchLogsExports: ['postgresql'],
      // Point-in-time recovery to any second of these days; older states are kept by lib/backup.ts.
      backup: { retention: Duration.days(14), preferredWindow: '00:30-01:00' },
      preferredMaintenanceWindow: 'Sun:21:00-Sun:21:30',
      copyTagsToSnapshot: true,
      deletionProtection: settings.deletion_protection,
      removalPolicy: settings.deletion_protection ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
    });
    this.cluster.node.addDependency(logs);
    acknowledge(this.cluster, {
      'AwsSolutions-RDS11':
        'No address can reach the port: isolated subnets, a security group without rules, the Data API only.',
      ...(settings.deletion_protection
        ? {}
        : { 'AwsSolutions-RDS10': 'Switched off in the context of a deployment whose data may be lost.' }),
    });
  }

  private network(): Vpc {
    return new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
      flowLogs: {
        all: {
          destination: FlowLogDestination.toCloudWatchLogs(
            new LogGroup(this, 'Flows', {
              retention: RetentionDays.ONE_MONTH,
              removalPolicy: RemovalPolicy.DESTROY,
            }),
          ),
        },
      },
    });
  }
}
