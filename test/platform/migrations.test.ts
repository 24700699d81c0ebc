import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { migrate } from '../../lambdas/platform/migrations.ts';
import { asOwner as run } from '../../lambdas/platform/owner-connection.ts';
import { asOwner } from '../support/database.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vicinity-migrations-'));
  for (const part of ['migrations', 'functions/trial']) mkdirSync(join(folder, part), { recursive: true });
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await run('drop schema if exists trial cascade');
  await asOwner(
    sql`delete from app.schema_migrations where version like '9%' or version like 'trial/%' returning version`,
  );
});

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const recorded = async (version: string) =>
  (await asOwner(sql`select kind from app.schema_migrations where version = ${version}`)).length;

test('a migration of many statements is applied once, and its record with it', async () => {
  write(
    'migrations/9001_trial__things.sql',
    'create schema trial; create table trial.things (n integer); insert into trial.things values (1);',
  );
  expect(await migrate(folder)).toEqual(['9001_trial__things']);
  expect(await migrate(folder)).toEqual([]);
  expect(await asOwner(sql`select n from trial.things`)).toEqual([{ n: 1 }]);
});

test('a migration that fails leaves nothing behind and says which it was', async () => {
  write('migrations/9002_trial__broken.sql', 'create schema trial; select 1 / 0;');
  await expect(migrate(folder)).rejects.toThrow(
    /^The migration 9002_trial__broken failed: .*division by zero/s,
  );
  expect(await asOwner(sql`select to_regnamespace('trial') as name`)).toEqual([{ name: null }]);
  expect(await recorded('9002_trial__broken')).toBe(0);
});

test('a migration whose file was changed after it had been applied is refused', async () => {
  write('migrations/9003_trial__things.sql', 'create schema trial;');
  await migrate(folder);
  write('migrations/9003_trial__things.sql', 'create schema trial; create table trial.more (n integer);');
  await expect(migrate(folder)).rejects.toThrow('has been changed after it was applied');
});

test('a migration without a statement is passed over until one is written into it', async () => {
  write('migrations/9010_trial__later.sql', '-- Why this change.\n\n');
  expect(await migrate(folder)).toEqual([]);
  write('migrations/9010_trial__later.sql', '-- Why this change.\ncreate schema trial;\n');
  expect(await migrate(folder)).toEqual(['9010_trial__later']);
});

test('functions are applied again when their text changes, and only then', async () => {
  write('migrations/9004_trial__schema.sql', 'create schema trial;');
  write(
    'functions/trial/answer.sql',
    'create or replace function trial.answer() returns integer language sql as $$ select 41 $$;',
  );
  await migrate(folder);
  write(
    'functions/trial/answer.sql',
    'create or replace function trial.answer() returns integer language sql as $$ select 42 $$;',
  );
  expect(await migrate(folder)).toEqual(['trial/answer']);
  expect(await asOwner(sql`select trial.answer() as n`)).toEqual([{ n: 42 }]);
});

test('an index on a live table is built outside of a transaction', async () => {
  write('migrations/9005_trial__things.sql', 'create schema trial; create table trial.things (n integer);');
  write(
    'migrations/9006_trial__index.sql',
    '-- no transaction\ncreate index concurrently things_n_idx on trial.things (n);',
  );
  expect(await migrate(folder)).toEqual(['9005_trial__things', '9006_trial__index']);
  expect(
    await asOwner(sql`select indisvalid from pg_index where indexrelid = 'trial.things_n_idx'::regclass`),
  ).toEqual([{ indisvalid: true }]);
  expect(await recorded('9006_trial__index')).toBe(1);
});
