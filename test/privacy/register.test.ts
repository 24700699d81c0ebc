import { expect, test } from 'vitest';
import { signUp } from '../support/people.ts';
import { fillTables, readTables } from '../support/rows-of.ts';
import { inScratch, type Run } from '../support/scratch.ts';

const OURS = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')`;

/** What a column is called that tells of a person, or names one. */
const PERSONAL =
  '(^|_)(email|phone|name|address|ip|user_agent|user|actor|owner|customer|provider|caller|destination|sealed|birth|gender|' +
  'reason|notes|instructions|description|title|label|about|secret|location|token|fingerprint|reviewed|granted)(_|$)';

const quote = (value: string) => `'${value.replaceAll(`'`, `''`)}'`;

type Policy = { table_name: string; subject: string; treatment: string; exported: boolean };
const policies = (run: Run): Promise<Policy[]> =>
  run(`select table_name, subject, treatment, exported from privacy.personal_data order by table_name`);

/** How many rows of a table are about the person. */
async function countRows(run: Run, { table_name, subject }: Policy, person: string): Promise<number> {
  const where = subject.replaceAll('$1', `${quote(person)}::uuid`);
  const [row] = await run(`select count(*)::integer as n from ${table_name} t where ${where}`);
  return row.n;
}

test('every table that could tell of a person is in the register of personal data', async () => {
  const forgotten = await inScratch(run =>
    run(`
      select c.oid::regclass::text as name, string_agg(distinct a.attname, ', ') as columns
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type y on y.oid = a.atttypid
      where ${OURS} and c.relkind in ('r', 'p') and not c.relispartition
        and c.oid <> 'app.schema_migrations'::regclass
        and (format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null) in ('json', 'jsonb', 'jsonb[]', 'inet', 'bytea', 'geography', 'geometry')
          or (a.attname ~ ${quote(PERSONAL)} and format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null) in ('text', 'character varying', 'uuid', 'text[]'))
          or exists (select from pg_constraint k
                     where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'identity.users'::regclass))
        and not exists (select from privacy.personal_data p where p.table_name = c.oid::regclass::text)
      group by 1 order by 1`),
  );
  expect(forgotten, 'Register it in sql/functions/<module>/personal-data.sql.').toEqual([]);
});

test('every table that refers to a person is either erased or anonymised, and in the export unless it tells nothing', async () => {
  const careless = await inScratch(run =>
    run(`
      select p.table_name from privacy.personal_data p
      where p.treatment = 'keep' and p.subject <> 'false'
         or p.subject = 'false' and exists (
           select from pg_constraint k
           where k.conrelid = p.table_name::regclass and k.contype = 'f' and k.confrelid = 'identity.users'::regclass)`),
  );
  expect(careless).toEqual([]);
});

test('the register names tables and columns that exist', async () => {
  const wrong = await inScratch(run =>
    run(`
      select p.table_name, c.name from privacy.personal_data p
      cross join lateral (
        select jsonb_object_keys(p.anonymised) as name union all select unnest(p.hidden)
        union all select jsonb_object_keys(p.shown) union all select jsonb_object_keys(p.sealed)) as c
      where to_regclass(p.table_name) is null or not exists (
        select from pg_attribute a where a.attrelid = to_regclass(p.table_name) and a.attname = c.name and not a.attisdropped)`),
  );
  expect(wrong).toEqual([]);
});

test('an export reads every table of a person, and a purge leaves nothing in any of them', async () => {
  const [person, bystander] = await Promise.all([1, 2].map(() => signUp('driveway', { roles: ['host'] })));
  if (!person || !bystander) throw new Error('Nobody signed up.');
  await inScratch(async run => {
    const tables = await readTables(run);
    await fillTables(run, tables, person);
    await fillTables(run, tables, bystander);
    // The register itself was filled too.
    await run(`delete from privacy.personal_data where table_name !~ '^[a-z]+[.]' returning 1 as done`);
    // Names the person in a text, which no catalogue tells.
    for (const { id } of [person, bystander])
      await run(
        `insert into app.idempotency_keys (marketplace, caller, key, fingerprint, result)
         values ('driveway', ${quote(id)}, 'k', 'f', '{}') returning 1 as done`,
      );
    const register = await policies(run);
    const about = register.filter(({ subject }) => subject !== 'false');
    const held: string[] = [];
    for (const policy of about) {
      const rows = await countRows(run, policy, person.id);
      expect(rows, `${policy.table_name} has no row of the person`).toBeGreaterThan(0);
      if (!policy.exported) continue;
      const read = await run(
        `select count(*)::integer as n, coalesce(string_agg(held::text, ' '), '') as text
         from privacy.read_rows(${quote(person.id)}::uuid, ${quote(policy.table_name)}, 0, 10000)`,
      );
      expect(read[0].n, policy.table_name).toBe(rows);
      held.push(read[0].text);
    }
    // Hidden columns stay hidden.
    expect(held.join(' ')).not.toMatch(/"(password_hash|token_hash|access_token_sealed|two_factor_secret)"/);

    const before = await snapshot(run, about, bystander.id);
    await run(
      `update identity.users set account_status = 'deleted', deleted_at = now() - interval '91 days', purged_at = null
       where id = ${quote(person.id)} returning 1 as done`,
    );
    const [purged] = await run(`select privacy.purge(${quote(person.id)}::uuid) as done`);
    expect(purged.done).toBe(true);

    for (const policy of about.filter(({ treatment }) => treatment === 'erase'))
      expect(await countRows(run, policy, person.id), policy.table_name).toBe(0);
    for (const policy of about.filter(({ treatment }) => treatment === 'anonymise')) {
      const where = policy.subject.replaceAll('$1', `${quote(person.id)}::uuid`);
      const [row] = await run(
        `select coalesce(string_agg(to_jsonb(t)::text, ' '), '') as text from ${policy.table_name} t where ${where}`,
      );
      for (const [, column, value] of row.text.matchAll(/"(\w+)": "((?:canary|value)-[^"]*)"/g))
        expect(new RegExp(PERSONAL).test(column), `${policy.table_name}.${column} still says ${value}`).toBe(
          MAY_STAY.has(`${policy.table_name}.${column}`),
        );
    }
    expect(await snapshot(run, about, bystander.id)).toEqual(before);
  });
}, 60_000);

/** Columns with a personal-looking name whose values are ours, not the person's. */
const MAY_STAY = new Set([
  'app.audit_logs.table_name',
  'money.disputes.reason',
  'money.invoices.description',
  'money.orders.description',
  'money.transfers.description',
  'money.payments.description',
]);

/** Every row about somebody, by table. */
async function snapshot(run: Run, register: Policy[], person: string): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  for (const { table_name, subject } of register) {
    const where = subject.replaceAll('$1', `${quote(person)}::uuid`);
    entries.push([
      table_name,
      await run(`select to_jsonb(t)::text as row from ${table_name} t where ${where} order by 1`),
    ]);
  }
  return Object.fromEntries(entries);
}
