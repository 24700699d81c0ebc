import type { Run } from './scratch.ts';

/** A table as the catalogue describes it. */
export type Table = { name: string; columns: Column[] };
type Column = {
  name: string;
  /** Of a domain, what it is made of. */
  type: string;
  length: number | null;
  is_key: boolean;
  has_default: boolean;
  is_nullable: boolean;
  /** The column of another table that a foreign key makes it equal to. */
  parent: string | null;
  parent_column: string | null;
  /** The values that a CHECK allows, the column's or its domain's, where it lists them. */
  choices: string[] | null;
};

/** What a trigger, not a foreign key, makes equal to the id of another table. */
const KEPT_BY_A_TRIGGER: Readonly<Record<string, string>> = {
  'money.entries.transfer_id': 'money.transfers',
  'money.entries.account_id': 'money.accounts',
};

/** Our own tables with their columns; a partition is part of its table. */
export async function readTables(run: Run): Promise<Table[]> {
  const rows: (Column & { table_name: string })[] = await run(`
    select c.oid::regclass::text as table_name, a.attname as name,
           format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null) as type,
           nullif(information_schema._pg_char_max_length(a.atttypid, a.atttypmod), -1) as length,
           coalesce(p.conkey = array[a.attnum], false) as is_key, a.atthasdef as has_default,
           not a.attnotnull as is_nullable, f.parent, f.parent_column,
           (select to_json(array(select (regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''::', 'g'))[1]))
            from pg_constraint k
            where k.contype = 'c' and (k.conrelid = c.oid and k.conkey = array[a.attnum] or k.contypid = y.oid)
              and pg_get_constraintdef(k.oid) ~ 'ANY \\(+ARRAY\\[' limit 1)::text as choices
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type y on y.oid = a.atttypid
    left join pg_constraint p on p.conrelid = c.oid and p.contype = 'p'
    left join lateral (
      select k.confrelid::regclass::text as parent, q.attname as parent_column
      from pg_constraint k
      cross join lateral unnest(k.conkey, k.confkey) as pair (own, theirs)
      join pg_attribute q on q.attrelid = k.confrelid and q.attnum = pair.theirs
      where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0 and pair.own = a.attnum
      order by cardinality(k.conkey) desc, k.confrelid limit 1) as f on true
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
      and c.relkind in ('r', 'p') and not c.relispartition and a.attgenerated = '' and a.attidentity = ''
      and c.oid <> 'app.schema_migrations'::regclass
    order by c.oid::regclass::text, a.attnum`);
  const tables = new Map<string, Table>();
  for (const { table_name, choices, ...column } of rows) {
    const table = tables.get(table_name) ?? { name: table_name, columns: [] };
    const kept = KEPT_BY_A_TRIGGER[`${table_name}.${column.name}`];
    const reference = kept ? { parent: kept, parent_column: 'id' } : {};
    table.columns.push({ ...column, ...reference, choices: choices && JSON.parse(String(choices)) });
    tables.set(table_name, table);
  }
  return parentsFirst([...tables.values()]);
}

/** Each table after those that it refers to. What a person may have, such as a photograph, comes after the person. */
function parentsFirst(tables: readonly Table[]): Table[] {
  const sorted = new Set<Table>();
  const seen = new Set<Table>();
  const visit = (table: Table) => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const { parent, is_nullable } of table.columns) {
      const found = tables.find(({ name }) => name === parent);
      if (found && !(is_nullable && table.name === 'identity.users')) visit(found);
    }
    sorted.add(table);
  };
  for (const table of tables) visit(table);
  return [...sorted];
}

/** Columns without a foreign key that name a person all the same. */
const NAMES_A_PERSON = /^(actor|user|owner|person|customer|provider|reviewer|staff)(_id)?$|_by$/;

/** Tables whose rows are about a person: they name one, or belong to a row that does. */
export function personalTables(tables: readonly Table[]): Table[] {
  const personal = new Set(['identity.users']);
  for (const { name, columns } of tables) {
    const names = columns.some(
      column =>
        (column.parent !== null && column.parent !== name && personal.has(column.parent)) ||
        (column.type === 'uuid' && NAMES_A_PERSON.test(column.name)),
    );
    if (names) personal.add(name);
  }
  return tables.filter(({ name }) => personal.has(name));
}

/** What stands in columns that hold a contact, a credential or a sealed value. */
export const SECRET = 'canary';
const HOLDS_A_SECRET = /email|phone|password|hash|sealed|secret|token|^code/;

/** A value of each type. A type that is not here fails the test that needs it, so that it is added. */
const VALUES: Readonly<Record<string, string>> = {
  uuid: 'app.uuid_v7()',
  smallint: '1',
  integer: '1',
  bigint: '1',
  numeric: '1',
  real: '1',
  'double precision': '1',
  'timestamp with time zone': `app.now() + interval '1 day'`,
  'timestamp without time zone': 'current_date::timestamp',
  date: 'current_date',
  interval: `interval '1 hour'`,
  'time without time zone': `time '10:00'`,
  jsonb: `'{}'::jsonb`,
  inet: `inet '192.0.2.1'`,
  bytea: `'\\x00'::bytea`,
  geography: 'app.point(10, 10)',
  tstzrange: `tstzrange(app.now(), app.now() + interval '1 hour')`,
  tsvector: `''::tsvector`,
};

/**
 * Gives a person rows in every table, some for each value of a closed set, whatever its rules: CHECKs and triggers are
 * taken off first. Runs as the owner in a transaction that is rolled back.
 *
 * @returns the first row of each table, as JSON, by the table's name
 */
export async function fillTables(
  run: Run,
  tables: readonly Table[],
  person: { id: string; marketplace: string },
): Promise<Map<string, Record<string, unknown>>> {
  await run(`
    do $$
    declare rule record; target record;
    begin
      for rule in
        select conrelid::regclass as target, conname from pg_constraint join pg_namespace n on n.oid = connamespace
        where contype = 'c' and coninhcount = 0 and conrelid <> 0
          and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
      loop execute format('alter table %s drop constraint %I', rule.target, rule.conname); end loop;
      for target in
        select distinct tgrelid::regclass as name from pg_trigger join pg_class c on c.oid = tgrelid
        where not tgisinternal and not c.relispartition
      loop execute format('alter table %s disable trigger user', target.name); end loop;
    end $$`);
  const rows = new Map<string, Record<string, unknown>>();
  for (const table of tables.filter(({ name }) => name !== 'app.marketplaces')) {
    const variants = Math.max(2, ...table.columns.map(({ choices }) => choices?.length ?? 0));
    for (let variant = 0; variant < variants; variant += 1) {
      const values = table.columns.flatMap(column => {
        const value = sqlOf(column, table, variant, person, rows);
        return value === null ? [] : [{ name: column.name, value }];
      });
      const [made] = await run(`
        insert into ${table.name} as made (${values.map(({ name }) => `"${name}"`).join(', ')})
        values (${values.map(({ value }) => value).join(', ')})
        on conflict do nothing returning to_jsonb(made)::text as row`).catch((error: Error) => {
        throw new Error(`${table.name} takes no row: ${error.message}`);
      });
      if (made && !rows.has(table.name)) rows.set(table.name, JSON.parse(made.row));
    }
    // What a marketplace has one of, an earlier person's rows have brought.
    if (!rows.has(table.name)) {
      const [known] = await run(`select to_jsonb(t)::text as row from ${table.name} t limit 1`);
      if (known) rows.set(table.name, JSON.parse(known.row));
    }
  }
  return rows;
}

/** The SQL of a column's value, or null where the column is left to itself. */
function sqlOf(
  column: Column,
  table: Table,
  variant: number,
  person: { id: string; marketplace: string },
  rows: ReadonlyMap<string, Record<string, unknown>>,
): string | null {
  const { name, type, parent } = column;
  if (name === 'marketplace') return quote(person.marketplace);
  if (table.name === 'identity.users' && name === 'id')
    return variant === 0 ? `${quote(person.id)}::uuid` : 'app.uuid_v7()';
  if (parent === 'identity.users' || (type === 'uuid' && !column.is_key && NAMES_A_PERSON.test(name)))
    return `${quote(person.id)}::uuid`;
  if (parent !== null && parent !== table.name) {
    const value = rows.get(parent)?.[column.parent_column ?? ''];
    if (value !== undefined && value !== null) return `${quote(String(value))}::${type}`;
  }
  if (column.choices) return quote(column.choices[variant % column.choices.length] ?? '');
  if (type === 'boolean') return String(variant % 2 === 0);
  if (column.has_default || (column.is_nullable && (parent !== null || type.startsWith('timestamp')))) {
    return null;
  }
  if (type.endsWith('[]')) return `'{}'::${type}`;
  if (['text', 'character varying', 'character', 'citext'].includes(type)) {
    const text = `${HOLDS_A_SECRET.test(name) ? SECRET : 'value'}-${crypto.randomUUID()}`;
    return quote(text.slice(0, column.length ?? undefined));
  }
  const value = VALUES[type];
  if (value === undefined)
    throw new Error(`Say in VALUES how a value of type ${type} is written, for ${table.name}.${name}.`);
  return value;
}

const quote = (text: string) => `'${text.replaceAll(`'`, `''`)}'`;
