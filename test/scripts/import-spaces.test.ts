import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { serveApi, type Trouble } from './serve-api.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/import-spaces.ts');
const HEADER = 'place,address,street,spaces,latitude,longitude';
const GOOD = [
  '"Homestead, The",2301 FOLSOM ST,19TH ST,2,37.760396,-122.414516',
  'Synergy School,1387 VALENCIA ST,VALENCIA,2,37.750874,-122.4202',
  'Oakside Cafe,1195 OAK ST,OAK,4,37.772737,-122.438887',
];

let folder: string;
let host: Person;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vicinity-import-'));
  host = await signUpWithPassword('driveway', { roles: ['host'] });
});
afterEach(() => rmSync(folder, { recursive: true }));

type Run = { code: number; out: string; err: string };

async function runImport(
  lines: readonly string[],
  trouble?: Trouble,
  more: string[] = [],
  header = `${HEADER}\n`,
): Promise<Run> {
  const server = await serveApi(trouble);
  writeFileSync(join(folder, 'places.csv'), `${header}${lines.join('\n')}`);
  const args = ['--marketplace', 'driveway', '--as', host.email, '--url', server.url, ...more, 'places.csv'];
  const env = { ...process.env, VICINITY_PASSWORD: host.password };
  const run = await new Promise<Run>(resolve => {
    execFile(process.execPath, [SCRIPT, ...args], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
  await server.close();
  return run;
}

const spaces = () =>
  asOwner(sql`
    select title, address, city, state, capacity, hourly_rate, currency
    from parking.spaces where owner_id = ${host.id}::uuid order by title`);

test('every row becomes a space of the host, with what the command says of all of them', async () => {
  const run = await runImport(GOOD, undefined, ['--state', 'CA', '--hourly-rate', '450']);
  expect(run).toMatchObject({ code: 0, out: '3 listed, 0 listed before, 0 refused, 0 left.\n' });
  const common = { city: 'San Francisco', state: 'CA', hourly_rate: 450, currency: 'USD' };
  expect(await spaces()).toEqual([
    { title: 'Homestead, The', address: '2301 FOLSOM ST', capacity: 2, ...common },
    { title: 'Oakside Cafe', address: '1195 OAK ST', capacity: 4, ...common },
    { title: 'Synergy School', address: '1387 VALENCIA ST', capacity: 2, ...common },
  ]);
});

test('a bad row is told by its line and costs no good one', async () => {
  const [first = '', ...rest] = GOOD;
  const bad = [
    'No place,1 A ST,A,2,97.7,-122.4',
    '"Open quote,2 B ST,B,2,37.7,-122.4',
    'Too short,3 C ST',
    'No spaces,4 D ST,D,none,37.7,-122.4',
  ];
  const run = await runImport([first, ...bad, ...rest]);
  expect(run.code).toBe(1);
  expect(run.out).toContain('3 listed, 0 listed before, 4 refused, 0 left.');
  expect(run.err).toMatch(/Line 3: location\.latitude: must be at most 90/);
  expect(run.err).toMatch(/Line 4: its quotation marks are not in order/);
  expect(run.err).toMatch(/Line 5: it has 2 columns instead of 6/);
  expect(run.err).toMatch(/Line 6: capacity: must be/);
  expect(await spaces()).toHaveLength(3);
});

test('a second run lists nothing twice, and neither does one that has lost its journal', async () => {
  await runImport(GOOD.slice(0, 2));
  expect((await runImport(GOOD)).out).toContain('1 listed, 2 listed before, 0 refused, 0 left.');
  rmSync(join(folder, '.cache'), { recursive: true });
  expect((await runImport(GOOD)).out).toContain('0 listed, 3 listed before, 0 refused, 0 left.');
  expect(await spaces()).toHaveLength(3);
});

test('too many requests and failures are waited out, and a token that is too old is renewed', async () => {
  const troubles = [undefined, 429, 503, 401, undefined, 500];
  const run = await runImport(GOOD, ({ count }) => troubles[count - 1]);
  expect(run).toMatchObject({ code: 0, out: '3 listed, 0 listed before, 0 refused, 0 left.\n' });
  expect(await spaces()).toHaveLength(3);
});

test('a wrong password, a person who may not list and a file without the columns are told in one sentence', async () => {
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  host = driver;
  expect((await runImport(GOOD)).err).toContain('Your account may not do this.');
  const wrong = await runImport(GOOD, undefined, ['--password', 'not this one']);
  expect(wrong).toMatchObject({ code: 1, out: '' });
  expect(wrong.err).toMatch(/^Signing in failed: .+\.\n$/);
  const columns = await runImport(GOOD, undefined, [], 'place,where\n');
  expect(columns).toMatchObject({
    code: 1,
    err: 'The file has no column for address, latitude, longitude.\n',
  });
});
