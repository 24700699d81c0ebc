import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { Mistake } from '../mistake.ts';

/** Somebody who is to be a super admin. */
export type Appointment = { marketplace: string; email: string; full_name: string };

type Database = { stack: string; cluster?: string; secret?: string };

/**
 * Appoints a super admin in a deployed database, as its owner.
 *
 * @returns created, promoted or unchanged
 * @throws Mistake when the database cannot be found
 */
export async function appointByDataApi(database: Database, appointment: Appointment): Promise<string> {
  const { cluster, secret } = await findDatabase(database);
  const { marketplace, email, full_name } = appointment;
  const { formattedRecords } = await new RDSDataClient().send(
    new ExecuteStatementCommand({
      resourceArn: cluster,
      secretArn: secret,
      database: 'vicinity',
      sql: 'select outcome from identity.appoint_super_admin(:marketplace, :email, :full_name)',
      parameters: Object.entries({ marketplace, email, full_name }).map(([name, stringValue]) => ({
        name,
        value: { stringValue },
      })),
      formatRecordsAs: 'JSON',
    }),
  );
  const [row] = JSON.parse(formattedRecords ?? '[]') as { outcome: string }[];
  return row?.outcome ?? 'unchanged';
}

async function findDatabase({ stack, cluster, secret }: Database) {
  if (cluster && secret) return { cluster, secret };
  const { Stacks = [] } = await new CloudFormationClient()
    .send(new DescribeStacksCommand({ StackName: stack }))
    .catch((cause: Error) => {
      throw new Mistake(`The stack ${stack} cannot be read: ${cause.message}`);
    });
  const outputs = new Map(Stacks[0]?.Outputs?.map(output => [output.OutputKey, output.OutputValue]));
  const found = { cluster: outputs.get('ClusterArn'), secret: outputs.get('OwnerSecretArn') };
  if (!found.cluster || !found.secret)
    throw new Mistake(
      `The stack ${stack} names no database: deploy it again, or give --cluster and --secret.`,
    );
  return { cluster: found.cluster, secret: found.secret };
}
