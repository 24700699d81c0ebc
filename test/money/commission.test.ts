import { beforeAll, expect, test } from 'vitest';
import { lineOf, withCommission, withFee } from '../../lambdas/booking/booking.ts';
import { inMinutes, placed } from '../booking/bookings.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { breaches, CARD, completed, initiated, postedFor, shown } from './pay.ts';

let customer: Person;
let provider: Person;
beforeAll(async () => {
  customer = await signUp('driveway', { roles: ['driver'] });
  provider = await signUp('driveway', { roles: ['host'] });
});

/** $9.99 for the service, of which the platform takes 15 % from the provider. */
const service = lineOf({
  code: 'service',
  description: 'A service',
  quantity: 1,
  unit_amount: 999,
  amount: 999,
});
const price = withCommission(withFee([service], 0), 1500);
const { discount_amount: _, ...parts } = price;

async function paid(changes: Record<string, unknown> = {}) {
  const booking = await placed(customer, provider, { payment_timeout: 900, ...parts, ...changes });
  return { booking, payment: await initiated(customer, booking, CARD) };
}

test('the customer pays the price, and the provider gets it less the commission', async () => {
  const { booking, payment } = await paid();
  expect(payment.amount).toBe(999);
  await completed('driveway', booking);
  expect((await postedFor(payment)).release).toEqual({
    held: -999,
    provider_payable: 849,
    platform_revenue: 150,
  });
  expect(await shown(customer, payment)).toMatchObject({ invoice: { total_amount: 999 } });
  expect(await breaches()).toEqual([]);
});

test('of what a late cancellation keeps the platform takes as much of a part', async () => {
  const { booking, payment } = await paid({ starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) });
  const cancelled = await customer.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  expect(cancelled.body).toMatchObject({ refund_amount: 500 });
  await deliverEvents();
  expect((await postedFor(payment)).release).toEqual({
    held: -499,
    provider_payable: 424,
    platform_revenue: 75,
  });
  expect(await shown(customer, payment)).toMatchObject({
    captured_amount: 499,
    invoice: { total_amount: 499 },
  });
  expect(await breaches()).toEqual([]);
});
