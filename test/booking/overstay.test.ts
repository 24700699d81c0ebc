import { beforeEach, expect, test } from 'vitest';
import { movedBy } from '../money/after.ts';
import { balancesOf } from '../money/ledger.ts';
import { CARD, initiated } from '../money/pay.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { inMinutes, placed, priceOf, stepped } from './bookings.ts';

/** What the platform gets of a stay that was longer than agreed, or of which nothing came. */

let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

const HOUR = 3600;
const commission = (amount: number) => ({
  code: 'commission',
  description: '12 %',
  quantity: 1,
  unit_amount: amount,
  amount,
  payer: 'provider',
  payee: 'platform',
});

/** Two hours for $10 from now on, with the fee of 15 % and a commission of 12 %, paid by card. */
async function paid() {
  const { line_items, ...price } = priceOf(1000, 150);
  const booking = await placed(driver, host, {
    ...price,
    line_items: [...line_items, commission(120)],
    starts_at: inMinutes(5),
    ends_at: inMinutes(125),
    payment_timeout: 900,
  });
  await initiated(driver, booking, CARD);
  return booking;
}

test('a longer stay costs the driver the same fee and the host the same commission as the hours that were booked', async () => {
  const booking = await paid();
  const kept = await movedBy(async () => {
    await stepped('driveway', booking, 'active');
    // Two hours over at half as much again: $15.
    advanceClock(4 * HOUR + 300);
    await stepped('driveway', booking, 'completed');
    await deliverEvents();
  });
  const { body } = await (await again(driver)).get(`/api/v1/bookings/${booking.id}`);
  expect(body).toMatchObject({
    subtotal_amount: 2500,
    fee_amount: 375,
    total_amount: 2875,
    overstay_amount: 1725,
  });
  expect(body.line_items.slice(3)).toMatchObject([
    { code: 'overstay', amount: 1500, payer: 'customer', payee: 'provider' },
    { code: 'overstay_fee', amount: 225, payer: 'customer', payee: 'platform' },
    { code: 'overstay_commission', amount: 180, payer: 'provider', payee: 'platform' },
  ]);
  expect(kept['platform_revenue USD']).toBe(150 + 120 + 225 + 180);
  expect((await balancesOf(host.id)).provider_payable).toBe(2500 - 120 - 180);
});

test('of a driver who does not come the platform keeps fee and commission of what is kept', async () => {
  const booking = await paid();
  const kept = await movedBy(async () => {
    advanceClock(2 * HOUR);
    await runSchedule('sweep-timers');
    await deliverEvents();
  });
  const { body } = await (await again(driver)).get(`/api/v1/bookings/${booking.id}`);
  expect(body).toMatchObject({ status: 'no_show', refund_amount: 0, total_amount: 1150 });
  expect(kept['platform_revenue USD']).toBe(150 + 120);
  expect((await balancesOf(host.id)).provider_payable).toBe(1000 - 120);
});
