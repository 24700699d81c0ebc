import { expect, test } from 'vitest';
import { age, deleteMe } from '../privacy/deletions.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { complete, over, paid, paidOut, referenceOf } from './after.ts';
import { act } from './gateways/providers.ts';
import { breaches, CARD, postedFor, shown, tell } from './pay.ts';

test('nobody leaves before a stay is paid for whose reservation the bank has let go of', async () => {
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  const host = await signUp('driveway', { roles: ['host'] });
  const { booking, payment } = await paid(driver, host);
  const reference = await referenceOf(payment);
  await act('stripe', reference, 'lapse');
  await tell('stripe', 'driveway', reference);
  await complete(booking);
  expect((await shown(driver, payment)).status).toBe('failed');
  expect(await deleteMe(driver)).toMatchObject({ status: 409, body: { code: 'money_owed' } });
  expect((await driver.post('/api/v1/debt/payments', CARD)).body.status).toBe('succeeded');
  await deliverEvents();
  expect((await deleteMe(driver)).status).toBe(200);
});

test('a stay is paid for still when its provider is purged: the platform has what nobody is there to get', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const gone = await signUpWithPassword('driveway', { roles: ['host'] });
  // They have earned before, so that there is an account to be closed.
  await over(driver, gone);
  await paidOut(gone, 1000);
  const { booking, payment } = await paid(driver, gone);
  const reference = await referenceOf(payment);
  await act('stripe', reference, 'lapse');
  await tell('stripe', 'driveway', reference);
  await complete(booking);
  expect((await deleteMe(gone)).status).toBe(200);
  await age(gone, '91 days');
  await runSchedule('apply-retention');
  expect((await driver.post('/api/v1/debt/payments', CARD)).body.amount).toBe(1150);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await postedFor(payment)).toMatchObject({ release: { uncollected: -1150, platform_revenue: 1150 } });
  expect(await breaches()).toEqual([]);
});

const HEAD =
  'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id';

test('a line of a settlement file with a day that there is not is listed as unreadable', async () => {
  const finance = await signUpStaff('driveway', 'admin');
  const line = (day: string) => `txn_1,${day} 10:00:00,usd,11.50,0.63,10.87,charge,ch_1,pi_1`;
  const csv = [HEAD, line('0000-01-01'), line('2026-02-31'), line('2026-02-28')].join('\n');
  const settlement = { gateway: 'stripe', file_name: 'odd.csv', csv };
  const { status, body } = await finance.post('/api/v1/admin/settlements', settlement);
  expect(status).toBe(201);
  const listed = await finance.get(`/api/v1/admin/settlements/${body.settlement.id}?result=unreadable`);
  expect(listed.body.items.map(({ line, problem }: Record<string, unknown>) => [line, problem])).toEqual([
    [2, 'created_utc cannot be read'],
    [3, 'created_utc is no day'],
  ]);
  for (const place of [2 ** 31, Number.MAX_SAFE_INTEGER]) {
    const forged = Buffer.from(JSON.stringify(['line', place])).toString('base64url');
    const answer = await finance.get(`/api/v1/admin/settlements/${body.settlement.id}?cursor=${forged}`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'cursor.1' }] } });
  }
});

test('earnings are not asked of a day that there never was', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const answer = await host.get('/api/v1/earnings?from=0000-01-01&to=2026-01-01');
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'from' }] } });
  expect((await host.get('/api/v1/earnings?from=0001-01-01&to=9999-12-31')).status).toBe(200);
});
