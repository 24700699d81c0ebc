import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { startAws } from '../local/aws/aws.ts';
import { atMost, type Result } from './support/measure.ts';
import { seedEarnings } from './support/seed-earnings.ts';
import { migrate, startPostgres } from './support/start-postgres.ts';

const LAMBDA = join(import.meta.dirname, 'support/run-payouts-once.ts');
/** Bookings of the large run; the small ones have a tenth. Each provider has twenty. */
const BOOKINGS = Number(process.env.BENCH_BOOKINGS ?? 1_000_000);
const EACH = 20;

const GROUPS = [
  { marketplace: 'recovery', group: 'a', bookings: BOOKINGS / 10 },
  { marketplace: 'homigo', group: 'b', bookings: BOOKINGS / 10 },
  { marketplace: 'driveway', group: 'c', bookings: BOOKINGS },
] as const;

type Done = { built: number; finished: number; milliseconds: number; mebibytes: number };

/** A payout run over many bookings: ten times as many against a tenth of them, the Lambda's memory, and one that is killed again and again. */
export async function benchPayouts(): Promise<Result[]> {
  const server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-payouts-'));
  try {
    await migrate(server.url);
    const superuser = new pg.Client({ connectionString: server.url, options: '-c timezone=UTC' });
    await superuser.connect();
    for (const { bookings, ...group } of GROUPS)
      await seedEarnings(superuser, { ...group, providers: bookings / EACH, each: EACH });
    await superuser.query('checkpoint');
    const aws = await startAws({ databaseUrl: server.url, dataFolder: folder, now: () => new Date() });
    const env = {
      ...process.env,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local-admin',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL: aws.endpoint,
      DATABASE_ARN: aws.clusterArn,
      DATABASE_SECRET_ARN: aws.secrets.worker,
      DATABASE_NAME: 'vicinity',
    };
    try {
      const small = await run('recovery', env);
      const large = await run('driveway', env);
      const kills = await runAndKill('homigo', env);
      const wrong = await countWrong(superuser);
      const seconds = (done: Done) => `${(done.milliseconds / 1000).toFixed(1)} s`;
      return [
        atMost(
          `payouts of ${BOOKINGS} bookings / of a tenth of them`,
          `${seconds(large)} / ${seconds(small)}, ${large.built} payouts`,
          large.milliseconds / small.milliseconds,
          12,
        ),
        atMost(
          'memory of the Lambda that builds them, MiB',
          `${large.mebibytes.toFixed(0)} MiB`,
          large.mebibytes,
          256,
        ),
        atMost(
          'entries that are in no payout or in two, sums that are wrong, over all runs',
          `${wrong}, one of the runs killed ${kills} times`,
          kills > 0 ? wrong : Number.NaN,
          0,
        ),
      ];
    } finally {
      await superuser.end();
      await aws.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

type Environment = Record<string, string | undefined>;

const start = (marketplace: string, env: Environment) =>
  spawn(process.execPath, [LAMBDA, marketplace], { env, stdio: ['ignore', 'pipe', 'inherit'] });

/** Runs the schedule until it says that the period is paid out. */
async function run(marketplace: string, env: Environment): Promise<Done> {
  const total: Done = { built: 0, finished: 0, milliseconds: 0, mebibytes: 0 };
  while (total.finished === 0) {
    const printed = await text(start(marketplace, env).stdout);
    const line = printed.split('\n').find(part => part.startsWith('{"done"'));
    if (!line) throw new Error(`The Lambda did not end well: ${printed.slice(-2_000)}`);
    const { done } = JSON.parse(line) as { done: Done };
    total.built += done.built;
    total.finished += done.finished;
    total.milliseconds += done.milliseconds;
    total.mebibytes = Math.max(total.mebibytes, done.mebibytes);
  }
  return total;
}

/** Kills the Lambda a moment later each time, until one comes to its end. Returns how many were killed. */
async function runAndKill(marketplace: string, env: Environment): Promise<number> {
  for (let kills = 0; ; kills += 1) {
    const lambda = start(marketplace, env);
    lambda.stdout.resume();
    const ended = once(lambda, 'exit');
    await Promise.race([ended, setTimeout(400 * (kills + 2))]);
    if (lambda.exitCode === 0) return kills;
    lambda.kill('SIGKILL');
    await ended;
  }
}

/** What must be nought: earnings that no payout has, or two, and payouts that are not the sum of their items. */
async function countWrong(superuser: pg.Client): Promise<number> {
  const { rows } = await superuser.query(`
    select (select count(*) from (
              select 1 from money.accounts a join money.entries e on e.account_id = a.id
              left join money.payout_items i on i.transfer_id = e.transfer_id and i.account_id = e.account_id
              where a.kind = 'provider_payable' group by e.transfer_id, e.account_id having count(i.id) <> 1) as strays)
         + (select count(*) from (select 1 from money.payout_items group by booking_id having count(*) <> 1) as twice)
         + (select count(*) from money.payouts p join (
              select payout_id, sum(amount) as amount from money.payout_items group by 1) as i on i.payout_id = p.id
            where p.amount <> i.amount)
         + (select count(*) from (select 1 from money.payouts group by account_id having count(*) <> 1) as twice) as wrong`);
  return Number(rows[0].wrong);
}
