import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { balancesOf } from './ledger.ts';
import { breaches, CARD, completed, INITIATE, initiated, postedFor } from './pay.ts';

let driver: Person;
let host: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

/** A booking of $11.50, paid and completed. */
async function done() {
  const booking = await placed(driver, host, { payment_timeout: 900 });
  await initiated(driver, booking, CARD);
  await completed('driveway', booking);
  return booking;
}
const tip = (person: Person, booking: { id: string }, amount: number) =>
  person.post(`/api/v1/bookings/${booking.id}/tip`, { amount });
const pay = (person: Person, tipId: string, more = {}) => person.post(INITIATE, { tip_id: tipId, ...more });

test('a tip goes to the provider whole, and the commission stays as it was', async () => {
  const booking = await done();
  const before = (await balancesOf(host.id)).provider_payable ?? 0;
  const opened = await tip(driver, booking, 400);
  expect(opened).toMatchObject({
    status: 201,
    body: { booking_id: booking.id, amount: 400, currency: 'USD', status: 'pending' },
  });
  expect((await balancesOf(host.id)).provider_payable ?? 0).toBe(before);
  const paid = await pay(driver, opened.body.id, CARD);
  expect(paid.body).toMatchObject({ purpose: 'tip', status: 'succeeded', amount: 400 });
  expect((await balancesOf(host.id)).provider_payable).toBe(before + 400);
  expect(await postedFor(paid.body)).toEqual({
    payment: { held: 400, gateway_clearing: -400 },
    tip: { held: -400, provider_payable: 400 },
  });
  expect((await driver.get('/api/v1/transactions')).body.items[0]).toMatchObject({
    type: 'tip',
    amount: 400,
  });
  expect(await tip(driver, booking, 100)).toMatchObject({ status: 409, body: { code: 'already_tipped' } });
  expect((await pay(driver, opened.body.id, CARD)).body.code).toBe('already_paid');
  expect(await breaches()).toEqual([]);
});

test('a tip that is not paid yet is made another amount, and what was paid of the first goes back', async () => {
  const booking = await done();
  const { body: first } = await tip(driver, booking, 100);
  const { body: payment } = await pay(driver, first.id);
  const { body: second } = await tip(driver, booking, 250);
  expect(second).toMatchObject({ id: first.id, amount: 250 });
  const { body: paid } = await pay(driver, second.id, CARD);
  expect(paid).toMatchObject({ status: 'succeeded', amount: 250 });
  expect(paid.id).not.toBe(payment.id);
  expect((await driver.get(`/api/v1/payments/${payment.id}`)).body.status).toBe('cancelled');
});

test('only the customer tips, a booking that is completed, up to its price', async () => {
  const running = await placed(driver, host);
  expect(await tip(driver, running, 100)).toMatchObject({
    status: 409,
    body: { code: 'booking_not_completed' },
  });
  const booking = await done();
  expect(await tip(driver, booking, 1151)).toMatchObject({
    status: 422,
    body: { code: 'tip_too_high', errors: [{ field: 'amount' }] },
  });
  expect((await tip(driver, booking, 0)).status).toBe(400);
  expect((await tip(host, booking, 100)).status).toBe(404);
  const { body: opened } = await tip(driver, booking, 1150);
  expect((await pay(host, opened.id)).status).toBe(404);
});

test('a provider who has left is given no tip', async () => {
  const provider = await signUp('driveway', { roles: ['host'] });
  const booking = await placed(driver, provider);
  await completed('driveway', booking);
  const { body: opened } = await tip(driver, booking, 100);
  await asOwner(sql`
    update identity.users set account_status = 'deleted', deleted_at = app.now()
    where id = ${provider.id}::uuid returning id`);
  expect((await pay(driver, opened.id, CARD)).body).toMatchObject({ status: 409, code: 'provider_gone' });
  expect((await tip(driver, booking, 200)).body).toMatchObject({ code: 'provider_gone' });
});

test('of two tips at once one is paid', async () => {
  const booking = await done();
  const before = (await balancesOf(host.id)).provider_payable ?? 0;
  const opened = await Promise.all([tip(driver, booking, 200), tip(driver, booking, 200)]);
  expect(new Set(opened.map(({ body }) => body.id)).size).toBe(1);
  const answers = await Promise.all(opened.map(({ body }) => pay(driver, body.id, CARD)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect((await balancesOf(host.id)).provider_payable).toBe(before + 200);
});
