import {
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  RDSDataClient,
} from '@aws-sdk/client-rds-data';
import type { Aws } from '../../local/aws/aws.ts';
import { callAs } from './shared-aws.ts';

type More = Partial<ExecuteStatementCommandInput>;

/** Runs statements through the real client, as the owner unless another secret is given. */
export function dataApi(aws: Aws, accessKeyId?: string) {
  const client = new RDSDataClient(callAs(aws, accessKeyId));
  const target = { resourceArn: aws.clusterArn, secretArn: aws.secrets.owner, database: 'vicinity' };
  const run = (sql: string, parameters: More['parameters'] = [], more: More = {}) =>
    client.send(new ExecuteStatementCommand({ ...target, sql, parameters, ...more }));
  return { client, target, run };
}
