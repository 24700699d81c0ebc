import { writeFile } from 'node:fs/promises';
import { dumpSchema, snapshotFile } from './dump-schema.ts';

/** `npm run schema`: writes the snapshot of the migrated database, to be committed with the migration that changed it. */
await writeFile(snapshotFile, await dumpSchema());
console.log('wrote sql/schema.sql');
