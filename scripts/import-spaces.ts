import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { marketplaceOf } from '../marketplaces/index.ts';
import { Api } from './import/api.ts';
import { askPassword } from './import/ask-password.ts';
import { importPlaces, type Outcome } from './import/import-places.ts';
import { openJournal } from './import/journal.ts';
import { readPlaces } from './import/read-places.ts';
import { Mistake } from './mistake.ts';

const USAGE = `Lists the parking spaces of a CSV file for one host, through the API.

  npm run import -- --marketplace driveway --as host@example.com [options] file.csv

  --url          where the API is (http://localhost:3000)
  --password     the host's password; better in VICINITY_PASSWORD, else it is asked for
  --city         city of rows that name none (the marketplace's, where it has a single one)
  --state        state of rows that name none
  --hourly-rate  price of rows that name none, in minor units (300)

Columns: place or title, address, latitude, longitude; spaces or capacity, city, state, zip_code, hourly_rate …
Run it again to go on where it stopped: no row is listed twice.`;

const OPTIONS = {
  marketplace: { type: 'string' },
  as: { type: 'string' },
  url: { type: 'string', default: 'http://localhost:3000' },
  password: { type: 'string' },
  city: { type: 'string' },
  state: { type: 'string' },
  'hourly-rate': { type: 'string', default: '300' },
  help: { type: 'boolean' },
} as const;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    return { ...values, path: positionals.length === 1 ? positionals[0] : undefined };
  } catch (error) {
    throw new Mistake((error as Error).message);
  }
}

async function main(): Promise<number> {
  const options = readArguments();
  const { marketplace: slug, as: email, path } = options;
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (!slug || !email || !path) throw new Mistake(USAGE);
  const rate = options['hourly-rate'];
  if (!/^\d+$/.test(rate))
    throw new Mistake('--hourly-rate is a whole number of minor units, such as 300 for 3.00.');
  const defaults = {
    city: options.city ?? onlyCity(slug),
    state: options.state,
    hourly_rate: Number(rate),
  };
  const file = readFile(path);
  const places = readPlaces(file);
  const password = options.password ?? process.env.VICINITY_PASSWORD ?? (await askPassword(email));
  const base = `${options.url.replace(/\/+$/, '')}/${slug}`;
  const api = new Api(base, { email, password });
  const account = await api.signIn();
  const journal = openJournal(join('.cache', 'imports'), [base, account, file]);

  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const bar = new SingleBar({ clearOnComplete: true }, Presets.shades_classic);
  bar.start(places.length, 0);
  const progress = (done: number) => bar.update(done);
  const work = { api, places, defaults, journal, concurrency: 4, signal: stop.signal, progress };
  const outcome = await importPlaces(work).finally(() => bar.stop());
  return report(outcome);
}

/** The one city that a marketplace serves, so that a file need not name it. */
function onlyCity(slug: string): string {
  const cities = marketplaceOf(slug)?.settings.supported_cities?.value;
  if (Array.isArray(cities) && cities.length === 1) return String(cities[0]);
  throw new Mistake(`Name the city with --city: ${slug} serves more than one.`);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Mistake(`The file ${path} cannot be read.`);
  }
}

/** Tells what became of the file. Returns the exit code: 1 when anything in it is not listed. */
function report({ listed, already, faults, left, stopped }: Outcome): number {
  for (const { line, reason } of faults) console.error(`Line ${line}: ${reason}`);
  console.log(`${listed} listed, ${already} listed before, ${faults.length} refused, ${left} left.`);
  if (stopped !== null) console.error(`${stopped} Run the same command to go on.`);
  return faults.length > 0 || stopped !== null ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
