import { randomUUID } from 'node:crypto';
import { ExecuteStatementCommand, RDSDataClient, type SqlParameter } from '@aws-sdk/client-rds-data';
import pg from 'pg';
import { environment } from '../../lambdas/kernel/environment.ts';
import type { Statement } from '../../lambdas/kernel/sql.ts';

export type Slot = { space_id: string; from: string; to: string };

const TABLES = ['bookings', 'reservations'] as const;

/** Inserts a row into both tables at a slot. */
export type BareInsert = {
  /** By a call of the Data API and nothing else. */
  plain(slot: Slot): Promise<unknown>;
  /** As a use case would send it, through `app.run`. */
  statement(slot: Slot): Statement;
};

/**
 * Two tables of the columns of a booking and of a reservation, with nothing but their keys and the constraint on time, and one
 * statement that inserts a row into both: the values of the booking that is there, at another slot.
 *
 * @param url the database, in which one booking has been made
 */
export async function makeBareInsert(url: string): Promise<BareInsert> {
  const owner = new pg.Client({
    connectionString: url,
    options: '-c role=vicinity_owner -c timezone=UTC',
    // As text, which is what the Data API sends.
    types: { getTypeParser: () => (text: string) => text },
  });
  await owner.connect();
  await owner.query('create schema bare');
  await owner.query('grant usage on schema bare to vicinity_api');
  const inserts: string[] = [];
  const values = new Map<string, string>();
  for (const table of TABLES) {
    // Unattended: autovacuum comes when it will, and reading these rows of one and the same content took a processor for two seconds of
    // the bookings' five.
    await owner.query(
      `create table bare.${table} (like booking.${table}, primary key (id)) with (autovacuum_enabled = off)`,
    );
    await owner.query(`grant insert, select on bare.${table} to vicinity_api`);
    inserts.push(await describe(owner, table, values));
  }
  await owner.query(
    'alter table bare.reservations add exclude using gist (resource_id with =, unit with =, during with &&)',
  );
  await owner.end();
  const client = new RDSDataClient({ maxAttempts: 1 });
  const sql = `with booked as (${inserts[0]} returning id) ${inserts[1]} returning id::text`;
  const valuesAt = ({ space_id, from, to }: Slot) =>
    Object.entries({
      ...Object.fromEntries(values),
      bookings_id: randomUUID(),
      reservations_id: randomUUID(),
      resource_id: space_id,
      starts_at: from,
      ends_at: to,
    });
  return {
    plain: slot =>
      client.send(
        new ExecuteStatementCommand({
          resourceArn: environment('DATABASE_ARN'),
          secretArn: environment('DATABASE_SECRET_ARN'),
          database: environment('DATABASE_NAME'),
          sql,
          parameters: valuesAt(slot).map(
            ([name, stringValue]): SqlParameter => ({ name, value: { stringValue } }),
          ),
        }),
      ),
    statement(slot) {
      const named = valuesAt(slot);
      const places = new Map(named.map(([name], place) => [name, place]));
      const text = sql.replace(/(?<!:):([a-z_]+)/g, (_, name) => `($1->>${places.get(name)})`);
      return { text, values: named.map(([, value]) => value) };
    },
  };
}

/** The insert of a table's row, each value a parameter. What the row that is there has goes into `values`. */
async function describe(owner: pg.Client, table: string, values: Map<string, string>): Promise<string> {
  const { rows } = await owner.query(`select * from booking.${table} limit 1`);
  const { rows: columns } = await owner.query(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'booking.${table}'::regclass and attnum > 0 and not attisdropped`,
  );
  const given = columns.filter(({ name }) => rows[0][name] !== null);
  const written = given.map(({ name, type }) => {
    if (name === 'during') return 'tstzrange(:starts_at::timestamptz, :ends_at::timestamptz)';
    // Both rows are of one marketplace, resource and booking.
    const parameter = name === 'id' ? `${table}_id` : name === 'booking_id' ? 'bookings_id' : name;
    values.set(parameter, rows[0][name]);
    return `:${parameter}::${type}`;
  });
  const names = given.map(({ name }) => name);
  return `insert into bare.${table} (${names.join(', ')}) values (${written.join(', ')})`;
}
