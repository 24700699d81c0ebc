import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { readScripts } from '../lambdas/platform/migrations.ts';
import { cache } from '../local/database/open-database.ts';
import { files } from '../local/database/pglite.ts';
import { ownerRole, prepareSql } from '../local/database/prepare.ts';
import { slimPostgis } from '../local/database/slim-postgis.ts';

const SQL = join(import.meta.dirname, '../sql');

/** The file that the snapshot is kept in. */
export const snapshotFile = join(SQL, 'schema.sql');

/**
 * What the migrations and functions make of an empty database, as pg_dump writes it, without its comments and session
 * settings. Partitions are not part of it: the calendar makes them. Nor is what the migrating Lambda keeps for itself.
 *
 * @param migrated the data folder of an embedded database that they have made already, which is quicker than making it again
 */
export async function dumpSchema(migrated?: Blob): Promise<string> {
  const postgis = await slimPostgis(join(cache, files.postgis));
  const extensions = { postgis, btree_gist, pg_trgm, pgcrypto };
  const database = await PGlite.create(migrated ? { extensions, loadDataDir: migrated } : { extensions });
  try {
    if (migrated) await database.exec('drop function app.apply_script; drop table app.schema_migrations');
    else await migrate(database);
    const dump = await pgDump({
      pg: database,
      args: ['--schema-only', '--exclude-schema=public', '--no-comments', `--exclude-table=${PARTITIONS}`],
    });
    return tidy(await dump.text());
  } finally {
    await database.close();
  }
}

const PARTITIONS = '*.*_y20*';

async function migrate(database: PGlite): Promise<void> {
  await database.exec(`${prepareSql}; set role ${ownerRole}; create schema app;`);
  for (const { text } of readScripts(join(SQL, 'migrations'))) await database.exec(text);
  await database.exec('set check_function_bodies = off');
  for (const { text } of readScripts(join(SQL, 'functions'))) await database.exec(text);
  await database.exec('reset role');
}

/** Versions, random guards and session settings say nothing of the schema. */
function tidy(dump: string): string {
  const lines = dump
    .split('\n')
    .filter(
      line =>
        !/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict)/.test(line) && !/ OWNER TO /.test(line),
    );
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}
