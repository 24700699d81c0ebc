import { makeDatabase } from './migrated.ts';

/** `node make-database.ts <folder>`: migrates an empty embedded database and writes it and its keys to the folder. */
const [folder = ''] = process.argv.slice(2);
await makeDatabase(folder);
// Clients keep their connections, which would keep the process.
process.exit();
