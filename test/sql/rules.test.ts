import { expect, test } from 'vitest';
import { inScratch, type Run } from '../support/scratch.ts';

/** Our own schemas: PostGIS keeps its things in public. */
const OURS = `nspname !~ '^pg_' and nspname not in ('information_schema', 'public')`;
const names = (rows: { name: string }[]) => rows.map(row => row.name);
const look = (query: string) => inScratch((run: Run) => run(query));

test('every table is under forced row-level security', async () => {
  const open = await look(`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace
    where ${OURS} and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)
      and c.oid <> 'app.schema_migrations'::regclass`);
  expect(names(open)).toEqual([]);
});

test('what the api role may do to a table is what a policy of that very command allows', async () => {
  const unguarded = await look(`
    select c.oid::regclass || ' ' || command as name
    from pg_class c join pg_namespace n on n.oid = relnamespace,
         unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as command
    where ${OURS} and relkind in ('r', 'p') and (has_table_privilege('vicinity_api', c.oid, command)
            or command <> 'DELETE' and has_any_column_privilege('vicinity_api', c.oid, command))
      and not exists (select from pg_policy where polrelid = c.oid and 'vicinity_api'::regrole = any (polroles)
            and polcmd = case command when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end)`);
  expect(names(unguarded)).toEqual([]);
});

test('every policy of the api role names the marketplace or the person', async () => {
  const vague = await look(`
    select polrelid::regclass || ' ' || polname as name from pg_policy
    where 'vicinity_api'::regrole = any (polroles)
      and coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '')
            !~ 'app\\.(marketplace|actor)\\(\\)'`);
  expect(names(vague)).toEqual([]);
});

test('every policy evaluates the caller once, not for each row', async () => {
  const slow = await look(`
    select polrelid::regclass || ' ' || polname as name from pg_policy
    where coalesce(pg_get_expr(polqual, polrelid), '') ~ '(?<!SELECT )app\\.(marketplace|actor)\\(\\)'`);
  expect(names(slow)).toEqual([]);
});

test('every function of the owner fixes its search path', async () => {
  const loose = await look(`
    select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = pronamespace
    where ${OURS} and prosecdef and not exists (select from unnest(proconfig) as s where s like 'search_path=%')`);
  expect(names(loose)).toEqual([]);
});

// The migration does not look into bodies, since functions may call those of later files.
test('every function compiles', async () => {
  const wrong = await inScratch(async run => {
    await run('set local check_function_bodies = on');
    await run(`
      create function app.compile(checked oid, validator text) returns text language plpgsql as $$
      begin
        execute format('select %s(%s)', validator, checked);
        return null;
      exception when others then return sqlerrm;
      end $$`);
    return run(`
      select p.oid::regprocedure || ': ' || problem as name
      from pg_proc p join pg_namespace n on n.oid = pronamespace join pg_language l on l.oid = prolang
      cross join lateral app.compile(p.oid, lanvalidator::regproc::text) as problem
      where ${OURS} and lanname in ('plpgsql', 'sql') and problem is not null`);
  });
  expect(names(wrong)).toEqual([]);
});

test('no function is open to everybody', async () => {
  const open = await look(`
    select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = pronamespace
    where ${OURS} and has_function_privilege('public', p.oid, 'execute')`);
  expect(names(open)).toEqual([]);
});

test('every constraint has a name that somebody chose', async () => {
  const generated = await look(`
    select conrelid::regclass || ' ' || conname as name from pg_constraint c join pg_namespace n on n.oid = connamespace
    where ${OURS} and contype in ('c', 'u', 'x') and conname ~ '_(check|key|excl)[0-9]+$'`);
  expect(names(generated)).toEqual([]);
});

test('every identifier is snake_case', async () => {
  const others = await look(`
    select attrelid::regclass || '.' || attname as name
    from pg_attribute join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
    where ${OURS} and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped and attname !~ '^[a-z][a-z0-9_]*$'`);
  expect(names(others)).toEqual([]);
});

test('every table with updated_at keeps it up to date by itself', async () => {
  const stale = await look(`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace
    where ${OURS} and relkind in ('r', 'p') and not relispartition
      and exists (select from pg_attribute where attrelid = c.oid and attname = 'updated_at')
      and not exists (select from pg_trigger where tgrelid = c.oid and tgfoid = 'app.touch_updated_at'::regproc)`);
  expect(names(stale)).toEqual([]);
});

// Marketplaces, flows and currencies are never removed, and few: an index on who refers to them would only cost writes.
test('every foreign key has an index that leads with it, so that removing a parent reads no whole table', async () => {
  const slow = await look(`
    select conrelid::regclass || ' ' || conname as name from pg_constraint c join pg_namespace n on n.oid = connamespace
    where ${OURS} and contype = 'f' and conparentid = 0
      and not exists (select from pg_index where indrelid = conrelid and indkey[0] = any (conkey))
      and confrelid not in ('app.marketplaces'::regclass, 'booking.flows'::regclass, 'money.currencies'::regclass)`);
  expect(names(slow)).toEqual([]);
});

// The hours of a resource are neither: they go with it.
test('no foreign key takes rows of money or history with it', async () => {
  const cascading = await look(`
    select conrelid::regclass || ' ' || conname as name from pg_constraint c join pg_namespace n on n.oid = connamespace
    where ${OURS} and contype = 'f' and confdeltype = 'c' and nspname in ('money', 'booking')
      and conrelid <> all (array['booking.availability_rules', 'booking.rule_times', 'booking.open_times']::regclass[])`);
  expect(names(cascading)).toEqual([]);
});

test('the handler of every timer exists', async () => {
  const missing = await look(`
    select kind as name from app.timer_handlers where to_regproc(handler) is null`);
  expect(names(missing)).toEqual([]);
});

test('the database is PostgreSQL 15 or newer with PostGIS 3.3 or newer', async () => {
  const [row] = await look(
    `select current_setting('server_version_num')::integer as server, postgis_lib_version() as postgis`,
  );
  expect(row.server).toBeGreaterThanOrEqual(150_000);
  expect(Number.parseFloat(row.postgis)).toBeGreaterThanOrEqual(3.3);
});
