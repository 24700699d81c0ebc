import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { environment } from '../kernel/environment.ts';
import { wait } from '../kernel/wait.ts';

let client: RDSDataClient | undefined;

/**
 * Runs one statement as the owner, outside `app.run`: only a migration and the upkeep of tables do. Values are text, as `:name` in the
 * statement. Returns the rows as objects. A cluster that is waking up is waited for, at most five minutes.
 */
export async function asOwner(
  statement: string,
  values: Record<string, string> = {},
): Promise<Record<string, unknown>[]> {
  client ??= new RDSDataClient({ maxAttempts: 1 });
  const command = new ExecuteStatementCommand({
    resourceArn: environment('DATABASE_ARN'),
    secretArn: environment('OWNER_SECRET_ARN'),
    database: environment('DATABASE_NAME'),
    sql: statement,
    parameters: Object.entries(values).map(([name, stringValue]) => ({ name, value: { stringValue } })),
    formatRecordsAs: 'JSON',
    // A statement that outlives the Data API's 45 s goes on in the database.
    continueAfterTimeout: true,
  });
  for (let waited = 0; ; waited += 1) {
    try {
      const { formattedRecords } = await client.send(command);
      return JSON.parse(formattedRecords ?? '[]');
    } catch (error) {
      const resuming = error instanceof Error && error.name === 'DatabaseResumingException';
      if (!resuming || waited >= 300) throw error;
      await wait(1_000);
    }
  }
}

/** Looks each five seconds, for at most ten minutes. Throws when it never is. */
export async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let seconds = 0; seconds < 600; seconds += 5) {
    await wait(5_000);
    if (await isDone()) return;
  }
  throw new Error('It did not finish within 10 minutes.');
}
