import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { fillTables, personalTables, readTables, SECRET, type Table } from '../support/rows-of.ts';
import { inScratch, type Run } from '../support/scratch.ts';

/**
 * Every table that holds something about a person, and every view: a new one is covered without being remembered.
 * The person is given rows in all of them; then others try, with the rights of the Lambdas behind routes.
 */

const person = { id: randomUUID(), marketplace: 'driveway' };
const others = [
  { who: 'another account', actor: randomUUID(), marketplace: 'driveway' },
  { who: 'an account of another marketplace', actor: randomUUID(), marketplace: 'homigo' },
  { who: 'the person’s own id in another marketplace', actor: person.id, marketplace: 'homigo' },
  { who: 'somebody who is not signed in', actor: null, marketplace: 'driveway' },
  { who: 'nobody, outside of any marketplace', actor: null, marketplace: null },
];

type Attempt = { target: string; does: string; statement: string };

test('the rows of a person can be neither read, changed, deleted nor made by anybody else', async () => {
  await inScratch(async run => {
    const tables = await readTables(run);
    const personal = personalTables(tables);
    await prepareAttempts(run);
    const inserted = await columnsThat(run, 'INSERT');
    const updated = await columnsThat(run, 'UPDATE');
    const reads = personal.flatMap(({ name }) => [
      { target: name, does: 'read', statement: `select 1 from ${name}` },
      { target: name, does: 'delete', statement: `delete from ${name}` },
      ...(updated.get(name) ?? []).map(column => ({
        target: name,
        does: `update ${column} of`,
        statement: `update ${name} set "${column}" = "${column}"`,
      })),
    ]);
    const before: string[][] = [];
    for (const other of others) before.push(await attempt(run, other, reads));
    const mine = await attempt(run, { actor: person.id, marketplace: person.marketplace }, reads);

    const rows = await fillTables(run, tables, person);
    const without = personal.filter(({ name }) => !rows.has(name)).map(({ name }) => name);
    expect(without, 'tables in which the person has no row').toEqual([]);

    for (const [index, other] of others.entries()) {
      const after = await attempt(run, other, reads);
      expect(differences(reads, before[index] ?? [], after), `${other.who} can`).toEqual([]);
      const clones = personal.map(table => cloneOf(table, rows.get(table.name), inserted.get(table.name)));
      const outcomes = await attempt(run, other, clones);
      const made = clones.filter((_, at) => outcomes[at] !== REFUSED).map(({ target }) => target);
      expect(made, `${other.who} can insert into`).toEqual([]);
    }
    // The person sees more than before: the refusals above are not those of a context that is refused everything.
    const now = await attempt(run, { actor: person.id, marketplace: person.marketplace }, reads);
    expect(differences(reads, mine, now)).toContain('read booking.bookings');
  });
});

test('no view that the api role reads shows anybody’s contact, credential or sealed value', async () => {
  await inScratch(async run => {
    await prepareAttempts(run);
    await fillTables(run, await readTables(run), person);
    const views: { name: string }[] = await run(`
      select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
        and relkind in ('v', 'm') and has_table_privilege('vicinity_api', c.oid, 'select')`);
    expect(views.length).toBeGreaterThan(0);
    const attempts = views.map(({ name }) => ({
      target: name,
      does: 'read a secret in',
      statement: `select 1 from ${name} as shown where to_jsonb(shown)::text like '%${SECRET}%'`,
    }));
    for (const other of others) {
      const seen = await attempt(run, other, attempts);
      const leaky = attempts.filter((_, at) => !['0', REFUSED].includes(seen[at] ?? ''));
      expect(
        leaky.map(({ target }) => target),
        `${other.who} can read a secret in`,
      ).toEqual([]);
    }
  });
});

/** Attempts whose statements together stay under the 65,536 characters of one. */
const AT_ONCE = 40;

/** insufficient_privilege: a missing right and a row that a policy refuses alike. */
const REFUSED = '42501';

/** A function that tries each statement with the caller's rights, undoes it, and tells rows or SQLSTATE. */
async function prepareAttempts(run: Run): Promise<void> {
  await run(`
    create function app.attempt(statements jsonb) returns setof text language plpgsql as $$
    declare statement text; rows_ bigint;
    begin
      for statement in select jsonb_array_elements_text(statements) loop
        begin
          execute statement;
          get diagnostics rows_ = row_count;
          raise exception using errcode = 'VC999';
        exception
          when sqlstate 'VC999' then return next rows_::text;
          when others then return next sqlstate;
        end;
      end loop;
    end $$`);
  await run('grant execute on function app.attempt(jsonb) to vicinity_api');
}

/** The outcome of each attempt: a number of rows, or a SQLSTATE. */
async function attempt(
  run: Run,
  { actor, marketplace }: { actor: string | null; marketplace: string | null },
  attempts: readonly Attempt[],
): Promise<string[]> {
  const context = JSON.stringify({ actor, marketplace, now: new Date() });
  await run(`select app.set_context('${context}'::jsonb)::text`);
  await run('set local role vicinity_api');
  const outcomes: string[] = [];
  for (let at = 0; at < attempts.length; at += AT_ONCE) {
    const some = attempts.slice(at, at + AT_ONCE).map(({ statement }) => statement);
    const statements = JSON.stringify(some).replaceAll(`'`, `''`);
    const rows = await run(`select outcome from app.attempt('${statements}'::jsonb) as outcome`);
    outcomes.push(...rows.map(({ outcome }) => outcome));
  }
  await run('set local role vicinity_owner');
  return outcomes;
}

/** What touches more rows than before. */
const differences = (attempts: readonly Attempt[], before: readonly string[], after: readonly string[]) =>
  attempts.flatMap(({ does, target }, at) => (before[at] === after[at] ? [] : [`${does} ${target}`]));

/** Columns of each table that the api role may write. */
async function columnsThat(run: Run, privilege: 'INSERT' | 'UPDATE'): Promise<Map<string, string[]>> {
  const rows: { target: string; columns: string }[] = await run(`
    select c.oid::regclass::text as target, json_agg(a.attname)::text as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and a.attgenerated = ''
      and has_column_privilege('vicinity_api', c.oid, a.attnum, '${privilege}')
    group by c.oid`);
  return new Map(rows.map(({ target, columns }) => [target, JSON.parse(columns)]));
}

/** An insert of the person's row under another id. A table on which nothing is granted is tried as well. */
function cloneOf({ name, columns }: Table, row: unknown, granted?: readonly string[]): Attempt {
  const names = (granted ?? columns.map(column => column.name)).map(column => `"${column}"`).join(', ');
  const fields = JSON.stringify({ ...(row as object), id: randomUUID() }).replaceAll(`'`, `''`);
  const statement = `insert into ${name} (${names})
    select ${names} from jsonb_populate_record(null::${name}, '${fields}'::jsonb) as r`;
  return { target: name, does: 'insert into', statement };
}
