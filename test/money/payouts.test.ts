import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { set } from '../support/settings.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { breaches, CARD, INITIATE } from './pay.ts';
import {
  connected,
  earned,
  itemsOf,
  leftAlone,
  paidOut,
  payoutsOf,
  plainTerms,
  rewound,
  toNextPeriod,
} from './payout-runs.ts';

let driver: Person;
let host: Person;
beforeAll(() => plainTerms('driveway'));
afterAll(() => rewound('driveway'));
beforeEach(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUpWithPassword('driveway', { roles: ['host'] });
  await connected(host);
});
afterEach(async () => {
  await plainTerms('driveway');
  expect(await breaches()).toEqual([]);
  await leftAlone(host);
});

/** Takes something off what a host is owed, as a refund does, or adds to it. */
const moved = (amount: number, type = 'refund') =>
  post({
    type,
    entries: [
      { account: 'provider_payable', user_id: host.id, amount },
      { account: 'wallet', user_id: driver.id, amount: -amount },
    ],
  });
const owing = (amount: number) =>
  post({
    type: 'charge',
    entries: [
      { account: 'receivable', user_id: host.id, amount: -amount },
      { account: 'platform_revenue', amount },
    ],
  });

const today = (days: number) => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);

test('each booking of a period is one line, and the payout is the sum of its lines', async () => {
  const first = await earned(driver, host, 12_000, 1_800);
  const second = await earned(driver, host, 1_000, 150);
  await paidOut();
  const [payout] = await payoutsOf(host);
  expect(payout).toMatchObject({
    amount: 13_000,
    gross_amount: 14_950,
    commission_amount: 1_950,
    status: 'pending',
  });
  expect(await itemsOf(payout)).toMatchObject([
    { kind: 'earning', booking_id: first.id, gross_amount: 13_800, commission_amount: 1_800, amount: 12_000 },
    { kind: 'earning', booking_id: second.id, gross_amount: 1_150, commission_amount: 150, amount: 1_000 },
  ]);
  // A second run of the same period, and of the next one, find nothing more.
  expect(await runSchedule('run-payouts', { marketplace: 'driveway' })).toMatchObject({
    looked_at: 0,
    built: 0,
  });
  await paidOut();
  expect(await payoutsOf(host)).toHaveLength(1);

  const owner = await again(host);
  const shown = await owner.get(`/api/v1/payouts/${payout.id}?limit=1`);
  expect(shown.body).toMatchObject({
    payout: { id: payout.id, amount: 13_000, account: { kind: 'stripe', account_number: null } },
    items: { items: [{ booking_id: first.id, booking_number: first.number, amount: 12_000 }] },
  });
  const next = await owner.get(`/api/v1/payouts/${payout.id}?limit=1&cursor=${shown.body.items.next_cursor}`);
  expect(next.body).toMatchObject({ items: { items: [{ booking_id: second.id }], next_cursor: null } });
  const file = await owner.get(`/api/v1/payouts/${payout.id}/items.csv`);
  expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(file.text.split('\r\n')[1]).toMatch(
    new RegExp(`^DRV-PO-\\d{4}-\\d+,earning,${first.number},[^,]+,USD,138\\.00,18\\.00,120\\.00$`),
  );
  expect((await owner.get('/api/v1/payouts')).body.items).toMatchObject([{ id: payout.id }]);
  const stranger = await signUp('driveway', { roles: ['host'] });
  for (const path of [`/api/v1/payouts/${payout.id}`, `/api/v1/payouts/${payout.id}/items.csv`])
    expect((await stranger.get(path)).status, path).toBe(404);
  expect((await stranger.get('/api/v1/payouts')).body.items).toEqual([]);
});

test('bookings at the edge of a week count in one of two weeks that follow each other', async () => {
  const edge = '2026-02-03T08:00:00.000Z'; // Midnight in San Francisco.
  const moments = ['2026-01-27T08:00:00Z', '2026-02-03T07:59:59.999Z', edge, '2026-02-10T08:00:00Z'];
  for (const [index, moment] of moments.entries()) {
    const booking = await earned(driver, host, 1_000 * (index + 1), 100);
    await asOwner(
      sql`update booking.bookings set completed_at = ${moment}::timestamptz where id = ${booking.id}::uuid returning id`,
    );
  }
  const earnings = async (from: string, to: string) =>
    (await host.get(`/api/v1/earnings?from=${from}&to=${to}`)).body;
  expect(await earnings('2026-01-27', '2026-02-03')).toMatchObject({
    bookings: 2,
    gross_amount: 3_200,
    commission_amount: 200,
    net_amount: 3_000,
  });
  expect(await earnings('2026-02-03', '2026-02-10')).toMatchObject({ bookings: 1, net_amount: 3_000 });
  expect(await earnings('2026-01-27', '2026-02-17')).toMatchObject({ bookings: 4, net_amount: 10_000 });
  expect(await earnings('2026-03-01', '2026-03-02')).toMatchObject({ bookings: 0, net_amount: 0 });
  expect(await host.get('/api/v1/earnings?from=2026-02-03&to=2026-02-03')).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'to', code: 'invalid_period' }] },
  });
});

test('a tip is a line of its own, whole, and counts with the booking that it is for', async () => {
  const booking = await earned(driver, host, 1_000, 150);
  const tip = await driver.post(`/api/v1/bookings/${booking.id}/tip`, { amount: 300 });
  expect(tip.status).toBe(201);
  await driver.post(INITIATE, { tip_id: tip.body.id, ...CARD });
  await deliverEvents();
  const earnings = (await host.get(`/api/v1/earnings?from=${today(-2)}&to=${today(3)}`)).body;
  expect(earnings).toMatchObject({
    bookings: 1,
    gross_amount: 1_450,
    commission_amount: 150,
    net_amount: 1_300,
  });
  await paidOut();
  const [payout] = await payoutsOf(host);
  expect(payout).toMatchObject({ gross_amount: 1_450, commission_amount: 150, amount: 1_300 });
  expect(await itemsOf(payout)).toMatchObject([
    { kind: 'earning', booking_id: booking.id, amount: 1_000 },
    { kind: 'tip', booking_id: booking.id, gross_amount: 300, commission_amount: 0, amount: 300 },
  ]);
});

test('a run that is cut off goes on where it was, and pays nobody twice', async () => {
  await earned(driver, host, 2_000, 0);
  await toNextPeriod('driveway');
  const statement = sql`select money.open_payout_run() as id`;
  const [{ id }] = await actAs('driveway', statement);
  const step = sql`select looked_at, built from money.build_payouts(${id}::uuid, 1)`;
  // One chunk is committed, one is lost with its Lambda, and two Lambdas do the rest at once.
  await actAs('driveway', step);
  const before = await asOwner(sql`select through from money.payout_runs where id = ${id}::uuid`);
  await inScratch(async run => {
    const now = new Date().toISOString();
    await run(`select app.set_context('{"marketplace": "driveway", "now": "${now}"}')`);
    await run(`select * from money.build_payouts('${id}', 1000)`);
  });
  expect(await asOwner(sql`select through from money.payout_runs where id = ${id}::uuid`)).toEqual(before);
  expect((await actAs('driveway', statement))[0].id).toBe(id);
  await Promise.all([
    runSchedule('run-payouts', { marketplace: 'driveway' }),
    runSchedule('run-payouts', { marketplace: 'driveway' }),
  ]);
  expect(await payoutsOf(host)).toMatchObject([{ amount: 2_000 }]);
  const twice = await asOwner(sql`
    select transfer_id from money.payout_items where is_live group by transfer_id, account_id having count(*) > 1`);
  expect(twice).toEqual([]);
  const [done] = await asOwner(sql`select finished_at from money.payout_runs where id = ${id}::uuid`);
  expect(done.finished_at).not.toBeNull();
});

test('less than the minimum waits, and comes with the next period', async () => {
  await set('driveway', 'payout_minimum_amount', 2_500);
  await earned(driver, host, 2_499, 0);
  await paidOut();
  expect(await payoutsOf(host)).toEqual([]);
  await earned(driver, host, 1, 0);
  await paidOut();
  expect(await payoutsOf(host)).toMatchObject([{ amount: 2_500 }]);
});

test('what a host owes and what a payout costs go off it, each once', async () => {
  await set('driveway', 'payout_fee_amount', 25);
  await earned(driver, host, 5_000, 0);
  await owing(1_200);
  await paidOut();
  await deliverEvents();
  const [payout] = await payoutsOf(host);
  expect(payout).toMatchObject({
    status: 'processing',
    gross_amount: 5_000,
    netted_amount: 1_200,
    fee_amount: 25,
    amount: 3_775,
  });
  expect(await itemsOf(payout)).toMatchObject([
    { kind: 'earning', amount: 5_000 },
    { kind: 'fee', amount: -25 },
    { kind: 'netting', amount: -1_200 },
  ]);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0, receivable: 0 });
});

test('earnings that only pay what is owed are paid without being sent', async () => {
  await earned(driver, host, 800, 0);
  await owing(1_000);
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([
    { status: 'paid', amount: 0, netted_amount: 800, transfer_reference: null },
  ]);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0, receivable: -200 });
});

test('what is given back between building and sending goes off the payout', async () => {
  await earned(driver, host, 3_000, 0);
  await paidOut();
  await moved(-400);
  await deliverEvents();
  const [payout] = await payoutsOf(host);
  expect(payout).toMatchObject({ status: 'processing', amount: 2_600, gross_amount: 2_600 });
  expect(await itemsOf(payout)).toMatchObject([{ amount: 3_000 }, { kind: 'correction', amount: -400 }]);
});

test('a payout of which nothing is left is cancelled, and what it was made of nets the next one', async () => {
  await earned(driver, host, 1_000, 0);
  await paidOut();
  await moved(-1_000);
  await deliverEvents();
  const [payout] = await payoutsOf(host);
  expect(payout.status).toBe('cancelled');
  expect((await itemsOf(payout)).map(item => item.is_live)).toEqual([false, false]);
  await earned(driver, host, 700, 0);
  await paidOut();
  const payouts = await payoutsOf(host);
  expect(payouts).toMatchObject([{ status: 'cancelled' }, { status: 'pending', amount: 700 }]);
  expect(await itemsOf(payouts[1])).toHaveLength(3);
});

test('what was earned after the end of a period waits for the next one', async () => {
  await toNextPeriod('driveway');
  await topUp(driver.id, 900);
  await moved(900, 'tip');
  await runSchedule('run-payouts', { marketplace: 'driveway' });
  // Its day is held for another.
  await paidOut();
  expect(await payoutsOf(host)).toEqual([]);
  await paidOut();
  const [payout] = await payoutsOf(host);
  expect(payout).toMatchObject({ amount: 900 });
  expect(await itemsOf(payout)).toMatchObject([{ kind: 'tip' }]);
});

test('periods follow one another without a gap, in days of the marketplace’s zone', async () => {
  await paidOut();
  await paidOut();
  const runs = await asOwner(sql`
    select period_start::text, period_end::text, ends_at from money.payout_runs
    where marketplace = 'driveway' order by ends_at desc limit 2`);
  const [later, earlier] = runs;
  expect(later.period_start).toBe(earlier.period_end);
  expect([7, 8]).toContain(new Date(later.ends_at).getUTCHours());
});

test('no booking’s earnings can be in two payouts, whatever writes them', async () => {
  const booking = await earned(driver, host, 1_000, 0);
  await paidOut();
  const [payout] = await payoutsOf(host);
  const copy = inScratch(run =>
    run(`
      insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount,
        commission_amount, amount, earned_at)
      select marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount, commission_amount, amount, earned_at
      from money.payout_items where payout_id = '${payout.id}' and booking_id = '${booking.id}' returning id`),
  );
  await expect(copy).rejects.toThrow(/payout_items_(entry|booking_id)_key/);
  for (const status of ['completed', 'done'])
    await expect(
      inScratch(run =>
        run(`update money.payouts set status = '${status}' where id = '${payout.id}' returning id`),
      ),
    ).rejects.toThrow(/payouts_status_check|transition_not_allowed/);
});
