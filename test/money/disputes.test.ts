import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runAsWorker } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { withSetting } from '../support/settings.ts';
import { complete, decided, disputed, movedBy, over, paid, paidOut, referenceOf, refund } from './after.ts';
import { act, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { breaches, shown, tell } from './pay.ts';

const DISPUTES = '/api/v1/admin/disputes';
const CLEARING = 'gateway_clearing stripe USD';
let driver: Person;
let host: Person;
let finance: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  finance = await signUpStaff('driveway', 'admin');
  host = await signUp('driveway', { roles: ['host'] });
});

const earned = async (person: Person) => (await balancesOf(person.id)).provider_payable ?? 0;
const disputeOf = async (payment: { id: string }) =>
  (await finance.get(DISPUTES)).body.items.find(
    (item: { payment_id: string }) => item.payment_id === payment.id,
  );

test('what is disputed is withheld from those who got it, and comes back to them when the dispute is won', async () => {
  const { payment } = await over(driver, host);
  const before = await earned(host);
  let reference = '';
  const opened = await movedBy(async () => {
    reference = await disputed(payment);
  });
  // Stripe takes the money and $15.
  expect(opened).toEqual({ [CLEARING]: 2650, 'gateway_fees USD': -1500, 'platform_revenue USD': -150 });
  expect(await earned(host)).toBe(before - 1000);
  expect(await disputeOf(payment)).toMatchObject({
    reference,
    user_id: driver.id,
    gateway: 'stripe',
    amount: 1150,
    currency: 'USD',
    status: 'needs_response',
    reason: 'fraudulent',
    borne_by: 'payees',
    borne_by_payees: 1150,
    withdrawn_amount: 1150,
    fee: 1500,
    closed_at: null,
  });
  expect((await refund(finance, payment, { amount: 1 })).body.code).toBe('refund_too_large');

  const won = await movedBy(() => decided(reference, 'win'));
  expect(won).toEqual({ [CLEARING]: -1150, 'platform_revenue USD': 150 });
  expect(await earned(host)).toBe(before);
  expect(await disputeOf(payment)).toMatchObject({
    status: 'won',
    borne_by_payees: 0,
    withdrawn_amount: 0,
    closed_at: expect.any(String),
  });
  expect((await refund(finance, payment, { amount: 1150 })).status).toBe(201);
  expect(await breaches()).toEqual([]);
});

test('a dispute that is lost stays with those who got the money, and who has been paid out owes it', async () => {
  const other = await signUp('driveway', { roles: ['host'] });
  const { payment } = await over(driver, other);
  await paidOut(other, 1000);
  const reference = await disputed(payment);
  expect(await balancesOf(other.id)).toMatchObject({ provider_payable: 0, receivable: -1000 });
  const lost = await movedBy(() => decided(reference, 'lose'));
  expect(lost).toEqual({});
  expect(await disputeOf(payment)).toMatchObject({ status: 'lost', borne_by_payees: 1150 });
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', refunded_amount: 0 });
  // Told again, nothing happens again.
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect(await balancesOf(other.id)).toMatchObject({ receivable: -1000 });
  // Arbitration turns it: the provider is owed the money, and the debt is netted by whoever pays out.
  await decided(reference, 'win');
  expect(await balancesOf(other.id)).toMatchObject({ provider_payable: 1000, receivable: -1000 });
  expect(await breaches()).toEqual([]);
});

test('what was not shared out yet is withheld from what is held, and shared out when it is won', async () => {
  const far = { starts_at: inMinutes(20 * 24 * 60), ends_at: inMinutes(20 * 24 * 60 + 120) };
  const { booking, payment } = await paid(driver, host, far);
  const before = await earned(host);
  const reference = await disputed(payment);
  expect((await balancesOf(driver.id)).held).toBe(0);
  await complete(booking);
  expect(await earned(host)).toBe(before);
  await decided(reference, 'win');
  expect(await earned(host)).toBe(before + 1000);
  expect((await refund(finance, payment, { amount: 1150 })).status).toBe(201);
  await deliverEvents();
  expect(await earned(host)).toBe(before);
  expect(await breaches()).toEqual([]);
});

test('what had gone back before it was disputed is the platform’s loss', async () => {
  const { payment } = await over(driver, host);
  await refund(finance, payment, { items: [{ line: 'parking', amount: 1000 }] });
  await deliverEvents();
  const before = await earned(host);
  const moved = await movedBy(() => disputed(payment));
  expect(moved).toEqual({
    [CLEARING]: 2650,
    'gateway_fees USD': -1500,
    'dispute_expense USD': -1000,
    'platform_revenue USD': -150,
  });
  expect(await earned(host)).toBe(before);
  expect(await breaches()).toEqual([]);
});

test('where the platform bears disputes, nobody else loses anything', async () => {
  const { payment } = await over(driver, host);
  const before = await earned(host);
  const moved = await movedBy(() =>
    withSetting('driveway', 'disputes_borne_by', 'platform', () => disputed(payment)),
  );
  expect(moved).toEqual({ [CLEARING]: 2650, 'gateway_fees USD': -1500, 'dispute_expense USD': -1150 });
  expect(await earned(host)).toBe(before);
  expect(await disputeOf(payment)).toMatchObject({ borne_by: 'platform', borne_by_payees: 0 });
  expect(await breaches()).toEqual([]);
});

test('a dispute that cannot be read yet is read when the queue gives the event again', async () => {
  const { payment } = await over(driver, host);
  const { id } = await act('stripe', await referenceOf(payment), 'dispute');
  await orderFault('stripe', { path: `/v1/disputes/${id}`, status: 500 });
  await tell('stripe', 'driveway', id);
  await deliverEvents();
  expect(await disputeOf(payment)).toBeUndefined();
  const [event] = await asOwner(sql`
    select id, applied_at from money.webhook_events where dispute_reference = ${id}::text`);
  expect(event?.applied_at).toBeNull();
  const detail = {
    event_id: randomUUID(),
    marketplace: 'driveway',
    occurred_at: new Date().toISOString(),
    webhook_id: event?.id,
  };
  const body = JSON.stringify({ 'detail-type': 'payment.webhook_received', detail });
  const message = { messageId: randomUUID(), receiptHandle: '1', body };
  const twice = { Records: [message, { ...message, messageId: randomUUID() }] };
  expect(await runAsWorker('queue', 'payments', twice)).toEqual({ batchItemFailures: [] });
  expect(await disputeOf(payment)).toMatchObject({ status: 'needs_response', withdrawn_amount: 1150 });
  expect(await breaches()).toEqual([]);
});

test('disputes are listed page by page for whoever may read money, of their own marketplace', async () => {
  const { payment } = await over(driver, host);
  await disputed(payment);
  const first = await finance.get(`${DISPUTES}?limit=1&status=needs_response`);
  expect(first.body.items).toMatchObject([{ payment_id: payment.id }]);
  const second = await finance.get(`${DISPUTES}?limit=1&cursor=${first.body.next_cursor}`);
  expect(second.body.items[0]?.id < first.body.items[0].id).toBe(true);
  expect((await finance.get(`${DISPUTES}?status=open`)).status).toBe(400);
  expect((await driver.get(DISPUTES)).body.code).toBe('forbidden');
  expect((await (await signUpStaff('homigo', 'finance')).get(DISPUTES)).body.items).toEqual([]);
});
