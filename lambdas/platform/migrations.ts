import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asOwner, until } from './owner-connection.ts';

/** A SQL file: a migration by its version, a function file by its path. */
export type Script = { name: string; text: string; fingerprint: string };

/** `-- no transaction` on the first line: one statement, such as `create index concurrently`, that runs by itself. */
const STANDALONE = /^-- no transaction\b/;

/** A line that is neither empty nor a comment. */
const STATEMENT = /^(?!\s*--)\s*\S/m;

/** The SQL files under a folder, sorted by name. */
export function readScripts(folder: string): Script[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => {
      const text = readFileSync(join(folder, name), 'utf8');
      return {
        name: name.replace(/\.sql$/, ''),
        text,
        fingerprint: createHash('sha256').update(text).digest('hex'),
      };
    });
}

const BOOTSTRAP = [
  'create schema if not exists app',
  `create table if not exists app.schema_migrations (
     version varchar(100) constraint schema_migrations_pkey primary key,
     kind text not null constraint schema_migrations_kind_check check (kind in ('migration', 'functions')),
     fingerprint text not null,
     applied_at timestamptz not null default now()
   )`,
  // A script of many statements runs inside one function call: the Data API refuses multi-statements, and a migration
  // and its record must stand or fall together.
  `create or replace function app.apply_script(version text, kind text, fingerprint text, script text) returns void
   language plpgsql as $$
   begin
     perform set_config('check_function_bodies', 'off', true);
     execute script;
     insert into app.schema_migrations as m (version, kind, fingerprint)
     values (apply_script.version, apply_script.kind, apply_script.fingerprint)
     on conflict on constraint schema_migrations_pkey do update set fingerprint = excluded.fingerprint, applied_at = now();
   end $$`,
  'alter table app.schema_migrations enable row level security',
  'revoke execute on function app.apply_script(text, text, text, text) from public',
];

/**
 * Brings the database to what the folder says: each migration once and in order, then each file of functions whose text
 * has changed. Returns the names of what it applied. Throws when an applied migration's file has been changed.
 */
export async function migrate(folder: string): Promise<string[]> {
  for (const statement of BOOTSTRAP) await asOwner(statement);
  const rows = await asOwner('select version, kind, fingerprint from app.schema_migrations');
  const applied = new Map(rows.map(row => [`${row.kind} ${row.version}`, row.fingerprint]));
  const done: string[] = [];
  for (const script of readScripts(join(folder, 'migrations'))) {
    const earlier = applied.get(`migration ${script.name}`);
    // A file that was just scaffolded is passed over: applied as it is, it could not be written any more.
    if (earlier === script.fingerprint || !STATEMENT.test(script.text)) continue;
    if (earlier)
      throw new Error(`The migration ${script.name} has been changed after it was applied. Write a new one.`);
    await apply(script, 'migration');
    done.push(script.name);
  }
  for (const script of readScripts(join(folder, 'functions'))) {
    if (applied.get(`functions ${script.name}`) === script.fingerprint) continue;
    await apply(script, 'functions');
    done.push(script.name);
  }
  return done;
}

async function apply(script: Script, kind: 'migration' | 'functions'): Promise<void> {
  const standalone = STANDALONE.test(script.text);
  const record = { version: script.name, kind, fingerprint: script.fingerprint };
  try {
    if (standalone) await runAlone(script.text);
    await asOwner('select app.apply_script(:version, :kind, :fingerprint, :script)', {
      ...record,
      script: standalone ? '' : script.text,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'StatementTimeoutException' && !standalone) return appliedLater(record);
    throw new Error(
      `${kind === 'migration' ? 'The migration' : 'The functions of'} ${script.name} failed: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Runs one statement outside of a transaction and waits until the index that it builds is there. A build that broke off leaves
 * an index that no query uses: it is not passed over, or a repeat with `if not exists` would take it for done.
 */
async function runAlone(statement: string): Promise<void> {
  try {
    await asOwner(statement);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'StatementTimeoutException') throw error;
    await until(async () => {
      const building = await asOwner('select pid from pg_stat_progress_create_index');
      return building.length === 0;
    });
  }
  const broken = await asOwner(
    'select indexrelid::regclass::text as name from pg_index where not indisvalid',
  );
  if (broken.length === 0) return;
  const names = broken.map(({ name }) => name).join(', ');
  throw new Error(`These indexes are unfinished: ${names}. Drop them and deploy again.`);
}

/** A script that outlived the call goes on in the database: its record appears when it has committed. */
async function appliedLater(record: { version: string; kind: string; fingerprint: string }): Promise<void> {
  await until(async () => {
    const found = await asOwner(
      'select version from app.schema_migrations where version = :version and kind = :kind and fingerprint = :fingerprint',
      record,
    );
    return found.length > 0;
  });
}
