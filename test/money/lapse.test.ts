import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, moved } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp, signUpWithPassword } from '../support/people.ts';
import { complete, paid, referenceOf, saveCard } from './after.ts';
import { act } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { attemptsOf, breaches, CARD, initiated, shown, tell } from './pay.ts';

const DAY = 24 * 3600;

/** A booking in five days, paid by a reservation, and then moved to where no reservation reaches. */
async function reserved() {
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  const host = await signUp('driveway', { roles: ['host'] });
  const soon = { starts_at: inMinutes(5 * 24 * 60), ends_at: inMinutes(5 * 24 * 60 + 120) };
  const { booking, payment } = await paid(driver, host, soon);
  expect(payment).toMatchObject({ status: 'authorized', captured_amount: 0 });
  const [{ version }] = await asOwner(
    sql`select version from booking.bookings where id = ${booking.id}::uuid`,
  );
  await moved(
    driver,
    { id: booking.id, version },
    {
      starts_at: inMinutes(9 * 24 * 60),
      ends_at: inMinutes(9 * 24 * 60 + 120),
    },
  );
  return { driver, host, booking, payment };
}

async function sweep() {
  await runSchedule('sweep-timers');
  await deliverEvents();
}

const paymentOf = async (booking: { id: string }) =>
  (
    await asOwner(sql`
      select id, status, captured_amount, refunded_amount from money.payments
      where booking_id = ${booking.id}::uuid and status <> 'cancelled'`)
  )[0];

test('what is reserved is taken whole before the bank lets go of it, and what is not owed goes back', async () => {
  const { driver, host, booking, payment } = await reserved();
  advanceClock(5 * DAY);
  await sweep();
  expect(await paymentOf(booking)).toMatchObject({ id: payment.id, status: 'authorized' });
  advanceClock(DAY + 7 * 3600);
  await sweep();
  expect(await paymentOf(booking)).toMatchObject({ status: 'succeeded', captured_amount: 1150 });
  expect((await balancesOf(driver.id)).held).toBe(1150);
  expect(await balancesOf(host.id)).not.toHaveProperty('provider_payable');
  // Free of charge still: the day is far.
  const person = await again(driver);
  await person.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  const rest = await shown(person, payment);
  expect(rest.captured_amount - rest.refunded_amount).toBe(
    (await person.get(`/api/v1/bookings/${booking.id}`)).body.total_amount -
      (await person.get(`/api/v1/bookings/${booking.id}`)).body.refund_amount,
  );
  expect((await balancesOf(driver.id)).held).toBe(0);
  expect(await breaches()).toEqual([]);
});

/** The bank lets go earlier than it should, and Stripe tells. */
async function lapsed(payment: { id: string }) {
  const reference = await referenceOf(payment);
  await act('stripe', reference, 'lapse');
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
}

test('a reservation that the bank lets go is told, and the booking can be paid once more', async () => {
  const { driver, host, booking, payment } = await reserved();
  await lapsed(payment);
  expect(await shown(driver, payment)).toMatchObject({ status: 'failed', captured_amount: 0 });
  const seen = await driver.get(`/api/v1/bookings/${booking.id}`);
  expect(seen.body).toMatchObject({ status: 'confirmed', payment_status: 'failed' });
  const told = await asOwner(sql`
    select template, variables from notify.messages where user_id = ${driver.id}::uuid and template = 'payment_lapsed'`);
  expect(told).toMatchObject([{ variables: { amount: '11.50 USD' } }]);
  const paidAgain = await initiated(driver, booking, CARD);
  expect(['authorized', 'succeeded']).toContain(paidAgain.status);
  await complete(booking);
  expect((await balancesOf(host.id)).provider_payable).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test('whoever has saved a card is charged anew by themselves', async () => {
  const { driver, booking, payment } = await reserved();
  await saveCard(driver);
  await lapsed(payment);
  expect(await paymentOf(booking)).toMatchObject({ status: 'failed' });
  advanceClock(90);
  await sweep();
  const now = await paymentOf(booking);
  expect(['authorized', 'succeeded']).toContain(now.status);
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.payment_status).not.toBe('failed');
  const tries = await attemptsOf(now);
  expect(tries.at(-1)).toMatchObject({ is_current: true });
  // Told again, nothing is charged again.
  await tell('stripe', 'driveway', await referenceOf(now));
  await deliverEvents();
  expect(await attemptsOf(now)).toHaveLength(tries.length);
  expect(await breaches()).toEqual([]);
});
