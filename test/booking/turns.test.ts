import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, signUp } from '../support/people.ts';
import {
  actAs,
  details,
  inMinutes,
  moved,
  PLACE,
  placed,
  priceOf,
  reservationsOf,
  settled,
} from './bookings.ts';

const HOUR = { starts_at: inMinutes(24 * 60), ends_at: inMinutes(25 * 60) };
const LONGER = { starts_at: inMinutes(24 * 60), ends_at: inMinutes(26 * 60) };
const why = async (tries: Promise<unknown>[]) =>
  (await Promise.allSettled(tries)).map(one => (one.status === 'fulfilled' ? 'done' : String(one.reason)));

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

test('what is paid for stays, whoever wants its time at that moment, and nobody waits in a circle', async () => {
  const holds = await Promise.all(
    Array.from({ length: 12 }, () =>
      placed(driver, host, { ...HOUR, payment_timeout: 900, subject_id: randomUUID() }),
    ),
  );
  const outcomes = await why(
    holds.flatMap(({ resource_id, id, subject_id }) => [
      placed(rival, host, { ...HOUR, resource_id }),
      settled('driveway', { id }, 'succeeded'),
      placed(rival, host, { ...HOUR, subject_id }),
    ]),
  );
  for (const [n, outcome] of outcomes.entries())
    expect(outcome).toMatch([/reservation_no_overlap/, /^done$/, /subject_no_overlap/][n % 3] as RegExp);
  for (const hold of holds)
    expect((await reservationsOf(hold)).map(({ kind }) => kind)).toEqual(['booking', 'booking']);
});

test('of those who stay longer and those who come after, one has the hour', async () => {
  const stays = await Promise.all(Array.from({ length: 12 }, () => placed(driver, host, HOUR)));
  const after = { starts_at: HOUR.ends_at, ends_at: LONGER.ends_at };
  const outcomes = await why(
    stays.flatMap(stay => [
      moved(driver, stay, LONGER),
      placed(rival, host, { ...after, resource_id: stay.resource_id }),
    ]),
  );
  for (let n = 0; n < outcomes.length; n += 2) {
    const pair = outcomes.slice(n, n + 2).sort();
    expect(pair[1]).toBe('done');
    expect(pair[0]).toMatch(/reservation_no_overlap/);
  }
});

/** How many turns a call of a function of the database has, after it has run and before its transaction ends. */
async function turnsOf(caller: Person | string, call: string, values: unknown[]) {
  const locks = "from pg_locks l where l.locktype = 'advisory' and l.pid = pg_backend_pid()";
  const [row] = await actAs(caller, {
    text: `select (select count(*)::integer ${locks}) as turns from ${call}`,
    values,
  });
  return row.turns;
}

describe('the turns of a resource and of what is brought to it are taken by', () => {
  test('whoever places a booking', async () => {
    expect(await turnsOf(driver, PLACE, [details(host, { ...HOUR, subject_id: randomUUID() })])).toBe(2);
  });

  test('a payment that keeps a hold', async () => {
    const { id } = await placed(driver, host, { ...HOUR, subject_id: randomUUID(), payment_timeout: 900 });
    expect(await turnsOf('driveway', "booking.settle_payment(($1->>0)::uuid, 'succeeded')", [id])).toBe(2);
  });

  test.each(['move', 'request_move'])('booking.%s', async name => {
    const { id, version } = await placed(driver, host, { ...HOUR, subject_id: randomUUID() });
    const wanted = { capacity: 1, request_timeout: 3600, ...priceOf(1000, 150), ...LONGER };
    const call = `booking.${name}(($1->>0)::uuid, $1->1, ($1->>2)::integer)`;
    expect(await turnsOf(driver, call, [id, wanted, version])).toBe(2);
  });
});
