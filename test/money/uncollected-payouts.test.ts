import { afterAll, beforeAll, expect, test } from 'vitest';
import { placed } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { signUp } from '../support/people.ts';
import { balancesOf } from './ledger.ts';
import { debtOf, sweep } from './owing.ts';
import { breaches, completed } from './pay.ts';
import {
  connected,
  earned,
  itemsOf,
  leftAlone,
  paidOut,
  payoutsOf,
  plainTerms,
  rewound,
} from './payout-runs.ts';

beforeAll(() => plainTerms('driveway'));
afterAll(() => rewound('driveway'));

test('what a payout takes for an unpaid stay is its host’s, and paid out with the next run', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  // Lets a driveway, and has stayed at somebody else's without paying.
  const both = await signUp('driveway', { roles: ['driver', 'host'] });
  const host = await signUp('driveway', { roles: ['host'] });
  for (const who of [both, host]) await connected(who);
  await earned(driver, both, 1500, 0);
  const stay = await placed(both, host);
  await completed('driveway', stay);
  expect(await debtOf(both)).toBe(1150);

  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(both)).toMatchObject([{ gross_amount: 1500, netted_amount: 1150, amount: 350 }]);
  expect(await payoutsOf(host)).toEqual([]);
  await sweep();
  expect(await debtOf(await again(both))).toBe(0);
  expect((await balancesOf(host.id)).provider_payable).toBe(1000);

  await paidOut();
  await deliverEvents();
  await paidOut();
  await deliverEvents();
  const [payout, ...others] = await payoutsOf(host);
  expect([payout.amount, others]).toEqual([1000, []]);
  expect(await itemsOf(payout)).toMatchObject([
    { kind: 'earning', booking_id: stay.id, gross_amount: 1150, commission_amount: 150, amount: 1000 },
  ]);
  expect(await breaches()).toEqual([]);
  for (const who of [both, host]) await leftAlone(who);
});
