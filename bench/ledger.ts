import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { atLeast, median, type Result } from './support/measure.ts';
import { migrate, startPostgres } from './support/start-postgres.ts';

const BIN = process.env.POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin';
const CLIENTS = 32;
const ROUNDS = 5;
const SECONDS = 10;
const PEOPLE = 100_000;

/** Six digits without leading zeros, which pgbench's variables have not, end an id. */
const FIRST_PERSON = 100_000;
const ID = '019a0000-0000-7000-8000-000000';

/** Postings run with the rights of a function of the owner. */
const AS_OWNER = `?options=${encodeURIComponent('-c app.marketplace=driveway -c role=vicinity_owner')}`;

/** A top-up of anybody's wallet: a person's balance under lock, the gateway's account of the platform in every transfer. */
const POST = `
\\set n :n + 1
\\set person random(${FIRST_PERSON}, ${FIRST_PERSON + PEOPLE - 1})
\\set amount random(1, 5000)
select money.post('{"key": "bench/:round/:client_id/:n", "type": "wallet_topup", "description": "Top-up", "currency": "USD", "entries": [{"account": "wallet", "user_id": "${ID}:person", "amount": :amount}, {"account": "gateway_clearing", "gateway": "stripe", "amount": -:amount}]}');
`;

/** The same with two wallets that all clients move money between, in both directions. */
const HOT = `
\\set n :n + 1
\\set sign 2 * (:n % 2) - 1
\\set back -:sign
select money.post('{"key": "hot/:client_id/:n", "type": "tip", "description": "Tip", "currency": "USD", "entries": [{"account": "wallet", "user_id": "${ID}100000", "amount": :sign}, {"account": "wallet", "user_id": "${ID}100001", "amount": :back}]}');
`;

/** Posting to the ledger against pgbench's own script of the same kind, and one wallet that everybody wants. */
export async function benchLedger(): Promise<Result[]> {
  const server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-ledger-'));
  try {
    await migrate(server.url);
    const owner = new pg.Client({ connectionString: server.url, options: '-c role=vicinity_owner' });
    await owner.connect();
    await seed(owner);
    const baseline = server.url.replace(/[^/]+$/, 'tpcb');
    await owner.query('set role none');
    await owner.query('create database tpcb');
    await pgbench(baseline, ['-i', '-q', '-s', '10']);
    await owner.query('set role vicinity_owner');
    const post = join(folder, 'post.sql');
    writeFileSync(post, POST);
    const ratios: number[] = [];
    const speeds: string[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const tpcb = await speedOf(baseline, []);
      const ours = await speedOf(server.url + AS_OWNER, ['-f', post, '-D', 'n=0', '-D', `round=${round}`]);
      // The first round warms both up.
      if (round === 0) continue;
      ratios.push(ours / tpcb);
      speeds.push(`${ours.toFixed(0)} / ${tpcb.toFixed(0)}`);
    }
    const ratio = median(ratios);
    const hot = await measureHotWallet(owner, server.url, join(folder, 'hot.sql'));
    await owner.end();
    return [
      atLeast(
        `money.post / pgbench TPC-B-like, scale 10, ${CLIENTS} clients`,
        `${speeds[ratios.indexOf(ratio)]} transactions a second`,
        ratio,
        1.2,
      ),
      hot,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

async function seed(owner: pg.Client): Promise<void> {
  await owner.query(
    `insert into identity.users (id, marketplace, email, full_name)
     select ('${ID}' || n)::uuid, 'driveway', n || '@bench.example', 'Racer'
     from generate_series(${FIRST_PERSON}, ${FIRST_PERSON + PEOPLE - 1}) as n`,
  );
  for (const table of ['identity.users', 'money.accounts', 'money.balances'])
    await owner.query(`vacuum analyze ${table}`);
}

/** Two wallets that all clients move money between: nothing may be lost, and nobody may be told of a deadlock. */
async function measureHotWallet(owner: pg.Client, url: string, script: string): Promise<Result> {
  writeFileSync(script, HOT);
  await owner.query(`select app.set_context('{"marketplace": "driveway"}')`);
  const sum = async () => {
    const { rows } = await owner.query(
      `select count(*)::integer as entries, sum(e.amount)::integer as entered, min(w.balance)::integer as held
       from money.wallets w join money.entries e on e.account_id = w.id where w.user_id = '${ID}100000'`,
    );
    return rows[0] as { entries: number; entered: number; held: number };
  };
  // Enough on both sides for every client's first step.
  await owner.query(`select set_config('app.marketplace', 'driveway', false)`);
  for (const who of ['100000', '100001'])
    await owner.query(
      `select money.post(jsonb_build_object('key', 'start/${who}', 'type', 'wallet_topup', 'description', 'Top-up',
         'currency', 'USD', 'entries', jsonb_build_array(
           jsonb_build_object('account', 'wallet', 'user_id', '${ID}${who}', 'amount', 1000000),
           jsonb_build_object('account', 'gateway_clearing', 'gateway', 'stripe', 'amount', -1000000))))`,
    );
  const before = await sum();
  const { done, output } = await run(url + AS_OWNER, ['-f', script, '-D', 'n=0']);
  const after = await sum();
  const { rows } = await owner.query(
    `select coalesce(sum(breaches), 0)::integer as breaches from money.check_invariants(now() - interval '1 day')`,
  );
  const lost = done - (after.entries - before.entries);
  const deadlocks = /deadlock/i.test(output) ? 1 : 0;
  const wrong = lost + deadlocks + rows[0].breaches + Math.abs(after.held - after.entered);
  return {
    name: `${CLIENTS} clients on two wallets, in both directions`,
    measured: `${done} transfers, ${lost} lost, ${deadlocks} deadlocks, ${rows[0].breaches} invariants broken`,
    ratio: wrong,
    bar: 'none lost, no deadlock',
    passed: done > 0 && wrong === 0,
  };
}

const speedOf = async (url: string, args: string[]): Promise<number> => (await run(url, args)).speed;

async function run(url: string, args: string[]): Promise<{ speed: number; done: number; output: string }> {
  const length = ['-n', '-c', String(CLIENTS), '-j', '2', '-T', String(SECONDS)];
  const output = await pgbench(url, [...length, ...args]);
  const speed = /tps = ([\d.]+)/.exec(output)?.[1];
  const done = /transactions actually processed: (\d+)/.exec(output)?.[1];
  if (!speed || !done || /aborted/.test(output)) throw new Error(`pgbench did not finish: ${output}`);
  return { speed: Number(speed), done: Number(done), output };
}

async function pgbench(url: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(join(BIN, 'pgbench'), [...args, url]);
  return stdout + stderr;
}
