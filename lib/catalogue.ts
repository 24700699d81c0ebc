import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contract } from '../lambdas/kernel/use-case.ts';

/** One Lambda: where it stands and what it declares. */
export type Entry<C extends Contract = Contract> = {
  module: string;
  name: string;
  file: string;
  contract: C;
};

/** Serves CloudFormation, not the application, so its handler carries no contract: lib/migration.ts places it. */
export const MIGRATION = { module: 'platform', name: 'migrate-database' } as const;

/** API Gateway's own quota of integrations of one HTTP API, which cannot be raised. */
const MAX_ROUTES = 300;

/** The physical name of a Lambda, by which its logs, metrics and console page are found. */
export const functionName = (entry: { module: string; name: string }) =>
  `vicinity-${entry.module}-${entry.name}`;

/**
 * Finds every Lambda of the application. A file `lambdas/<module>/<verb-noun>.ts` that exports a `handler` is one;
 * other files are libraries of their module.
 *
 * @param root the folder that holds `lambdas/`
 * @returns the entries sorted by module and name, so that templates do not depend on the file system's order
 * @throws Error naming the files, when two declarations claim the same route, queue or schedule
 */
export async function readCatalogue(root: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const file of await listFiles(join(root, 'lambdas'))) {
    const entry = await readEntry(root, file);
    if (entry) entries.push(entry);
  }
  checkNames(entries);
  return entries;
}

/** Narrows entries to one kind of contract. */
export function ofKind<K extends Contract['kind']>(entries: readonly Entry[], kind: K) {
  return entries.filter(
    (entry): entry is Entry<Extract<Contract, { kind: K }>> => entry.contract.kind === kind,
  );
}

async function listFiles(lambdas: string): Promise<string[]> {
  const modules = (await readdir(lambdas, { withFileTypes: true }))
    .filter(folder => folder.isDirectory() && folder.name !== 'kernel')
    .map(folder => folder.name);
  const files = await Promise.all(
    modules.map(async module => (await readdir(join(lambdas, module))).map(name => `${module}/${name}`)),
  );
  return files
    .flat()
    .filter(file => file.endsWith('.ts'))
    .sort();
}

async function readEntry(root: string, path: string): Promise<Entry | undefined> {
  const [module = '', name = ''] = path.replace(/\.ts$/, '').split('/');
  const file = join(root, 'lambdas', path);
  const { handler } = await import(pathToFileURL(file).href);
  if (handler === undefined || (module === MIGRATION.module && name === MIGRATION.name)) return undefined;
  if (!handler.contract) {
    throw new Error(
      `lambdas/${path} exports a handler without a contract. Make it with http, queue or schedule.`,
    );
  }
  return { module, name, file, contract: handler.contract };
}

function checkNames(entries: readonly Entry[]): void {
  const claimed = new Map<string, Entry>();
  for (const entry of entries) {
    const name = functionName(entry);
    if (name.length > 64)
      throw new Error(`The function name ${name} is longer than the 64 characters of Lambda.`);
    const claim = claimOf(entry.contract);
    const other = claimed.get(claim);
    if (other) throw new Error(`${functionName(other)} and ${name} both declare ${claim}.`);
    claimed.set(claim, entry);
  }
  const routes = ofKind(entries, 'http').length;
  if (routes > MAX_ROUTES) {
    throw new Error(`${routes} routes are more than the ${MAX_ROUTES} integrations of one HTTP API.`);
  }
}

/** Two paths that differ only in the names of their variables are one route to API Gateway. */
function claimOf(contract: Contract): string {
  if (contract.kind === 'queue') return `queue ${contract.queue}`;
  if (contract.kind === 'schedule') return `schedule ${contract.name}`;
  if (contract.path === '$default') return 'route $default';
  return `route ${contract.method} ${contract.path.replaceAll(/\{[^}]*\}/g, '{}')}`;
}
