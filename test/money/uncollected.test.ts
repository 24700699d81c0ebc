import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed, priceOf, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { deleteMe } from '../privacy/deletions.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { complete, paid, saveCard } from './after.ts';
import { balancesOf, topUp } from './ledger.ts';
import { debtOf, lapsed, letGo, paysDebt, sweep } from './owing.ts';
import { attemptsOf, bookingOf, breaches, CARD, initiate, initiated, postedFor, shown } from './pay.ts';

/** A booking of $11.50 is over, and nothing was taken for it. */

let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

/** A booking that is paid for later, as it is where nobody sets a deadline. */
const unpaid = (changes: Record<string, unknown> = {}) => placed(driver, host, changes);
const earnedBy = async (person: Person) => (await balancesOf(person.id)).provider_payable ?? 0;
const paymentsOf = (booking: { id: string }) =>
  asOwner(sql`select id, status, amount from money.payments where booking_id = ${booking.id}::uuid`);
const toldTo = async (person: Person) =>
  (
    await asOwner(sql`
      select template from notify.messages where user_id = ${person.id}::uuid and template ~ '^payment_' order by id`)
  ).map(({ template }: { template: string }) => template);

test('a stay whose reservation had lapsed is owed, and its host has the price once that is paid', async () => {
  const { booking, payment } = await paid(driver, host);
  await lapsed(payment);
  await complete(booking);
  expect(await debtOf(driver)).toBe(1150);
  expect(await shown(driver, payment)).toMatchObject({ status: 'failed', captured_amount: 0, invoice: null });
  expect(await bookingOf(driver, booking)).toMatchObject({ status: 'completed', payment_status: 'failed' });
  expect((await initiate(driver, booking, CARD)).body).toMatchObject({
    code: 'booking_owed',
    errors: [{ field: 'booking_id' }],
  });
  const statement = await driver.get('/api/v1/debt/entries');
  expect(statement.body.items).toMatchObject([{ amount: -1150, description: `Booking ${booking.number}` }]);
  expect(await earnedBy(host)).toBe(0);
  expect(await breaches()).toEqual([]);

  await paysDebt(driver);
  expect(await postedFor(payment)).toEqual({
    charge: { receivable: -1150, uncollected: 1150 },
    release: { uncollected: -1150, provider_payable: 1000, platform_revenue: 150 },
  });
  expect(await bookingOf(driver, booking)).toMatchObject({ payment_status: 'succeeded' });
  expect((await initiate(driver, booking, CARD)).body.code).toBe('already_paid');
  expect(await debtOf(driver)).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a lapse that shows only when the stay is over comes to the same, and is told as what is owed', async () => {
  const { booking, payment } = await paid(driver, host);
  await letGo(payment);
  await complete(booking);
  expect(await debtOf(driver)).toBe(1150);
  expect(await toldTo(driver)).toEqual(['payment_owed']);
  await sweep(600);
  expect(await debtOf(await again(driver))).toBe(1150);
  expect(await breaches()).toEqual([]);
});

test.each([
  ['that took place', ['active', 'completed']],
  ['that nobody came to', ['no_show']],
])('a booking %s and was not paid is owed', async (_, steps) => {
  const booking = await unpaid();
  for (const step of steps) await stepped('driveway', booking, step);
  await deliverEvents();
  expect(await debtOf(driver)).toBe(1150);
  expect(await paymentsOf(booking)).toMatchObject([{ status: 'failed', amount: 1150 }]);
  expect(await bookingOf(driver, booking)).toMatchObject({ payment_status: 'failed' });
  expect(await earnedBy(host)).toBe(0);
  await paysDebt(driver);
  expect(await earnedBy(host)).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test.each([
  ['late', 180, () => driver, 575],
  ['in time', 25 * 60, () => driver, 0],
  ['by the host', 180, () => host, 0],
])('an unpaid booking that is cancelled %s costs what its policy keeps', async (_, minutes, who, owed) => {
  const booking = await unpaid({ starts_at: inMinutes(minutes), ends_at: inMinutes(minutes + 120) });
  expect((await who().post(`/api/v1/bookings/${booking.id}/cancel`)).status).toBe(200);
  await deliverEvents();
  expect(await debtOf(driver)).toBe(owed);
  expect(await paymentsOf(booking)).toHaveLength(owed === 0 ? 0 : 1);
  if (owed > 0) await paysDebt(driver);
  expect(await earnedBy(host)).toBe(owed === 0 ? 0 : 500);
  expect(await breaches()).toEqual([]);
});

test('an unpaid stay that grew is owed whole, and the saved card pays it', async () => {
  await saveCard(driver);
  const booking = await unpaid({ starts_at: inMinutes(5), ends_at: inMinutes(125) });
  await stepped('driveway', booking, 'active');
  advanceClock(245 * 60);
  await stepped('driveway', booking, 'completed');
  await deliverEvents();
  const later = await again(driver);
  expect(await debtOf(later)).toBe(2875);
  await sweep(90);
  await sweep();
  expect(await debtOf(await again(driver))).toBe(0);
  expect(await earnedBy(host)).toBe(2500);
  expect(await breaches()).toEqual([]);
});

test('what the wallet gave counts, and waits with the debt', async () => {
  await topUp(driver.id, 300);
  const booking = await unpaid({ payment_timeout: 900 });
  const payment = await initiated(driver, booking, { ...CARD, use_wallet: true });
  await letGo(payment);
  await complete(booking);
  expect(await debtOf(driver)).toBe(850);
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 0, held: 0, receivable: -850 });
  expect((await shown(driver, payment)).invoice).toMatchObject({ total_amount: 300 });
  expect(await earnedBy(host)).toBe(0);
  await paysDebt(driver);
  expect(await earnedBy(host)).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test('what a promo code bears is nobody’s debt', async () => {
  const booking = await unpaid(priceOf(1000, 150, 200));
  await complete(booking);
  expect(await debtOf(driver)).toBe(950);
  await paysDebt(driver);
  const [payment] = await paymentsOf(booking);
  expect((await postedFor(payment)).release).toEqual({
    uncollected: -950,
    provider_payable: 1000,
    platform_revenue: 150,
    promo_expense: -200,
  });
  expect(await breaches()).toEqual([]);
});

test.each([
  ['was declined', { payment_method: 'pm_card_chargeDeclined' }],
  ['waits for its person, since ten days', {}],
])('a try that %s is given up at the gateway before its stay is owed', async (_, wish) => {
  const booking = await unpaid({
    starts_at: inMinutes(10 * 24 * 60),
    ends_at: inMinutes(10 * 24 * 60 + 120),
  });
  const payment = await initiated(driver, booking, wish);
  advanceClock(10 * 24 * 3600 + 7200);
  await complete(booking);
  expect(await attemptsOf(payment)).toMatchObject([{ status: 'cancelled' }]);
  expect(await balancesOf(driver.id)).toMatchObject({ receivable: -1150 });
  expect(await breaches()).toEqual([]);
});

test('whoever owes for a stay cannot leave', async () => {
  const booking = await unpaid();
  for (const step of ['active', 'completed']) await stepped('driveway', booking, step);
  // Before the worker has looked at it, and after that.
  expect(await deleteMe(driver)).toMatchObject({ status: 409, body: { code: 'money_owed' } });
  await deliverEvents();
  expect(await deleteMe(driver)).toMatchObject({ status: 409, body: { code: 'money_owed' } });
  await paysDebt(driver);
  expect((await deleteMe(driver)).status).toBe(200);
});

test('the invariants find what is kept for a debt that is none, and what nobody shares out', async () => {
  const booking = await unpaid();
  await complete(booking);
  const broken = async (changes: string[]) =>
    inScratch(async run => {
      for (const change of changes) await run(change);
      const rows = await run('select name from money.check_invariants(null) where breaches > 0');
      return rows.map(({ name }) => name);
    });
  const payment = `where booking_id = '${booking.id}' returning id`;
  expect(await broken([`update money.payments set collected_at = app.now() ${payment}`])).toEqual([
    'uncollected_is_owed',
  ]);
  expect(
    await broken([
      `update money.payments set owed_through = 0 ${payment}`,
      `update money.balances b set moved_at = b.moved_at - interval '2 hours'
       from money.accounts a where a.id = b.account_id and a.owner_id = '${driver.id}' returning a.id`,
    ]),
  ).toEqual(['collected_is_shared_out']);
});
