import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { deleteMe } from '../privacy/deletions.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { PASSWORD, type Person, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { post } from './ledger.ts';
import { leftAlone, paidOut, payoutsOf, rewound } from './payout-runs.ts';

const ACCOUNTS = '/api/v1/payout-accounts';
const BATCHES = '/api/v1/admin/payout-batches';
let staff: Person;
let expert: Person;
beforeAll(async () => {
  await set('handie', 'payout_hold_days', 1);
  await set('handie', 'payout_minimum_amount', 100);
  staff = await signUpStaff('handie', 'admin', { password: PASSWORD });
});
afterAll(() => rewound('handie'));

/** An expert with a bank account, and a payout of 900 rupees that waits for the bank. */
async function waiting(): Promise<void> {
  expert = await signUpWithPassword('handie', { roles: ['expert'] });
  const account = { bank_name: 'HDFC Bank', account_name: 'Asha Rao', account_number: '50100123456789' };
  await expert.post(ACCOUNTS, { ...account, ifsc: 'HDFC0001234' });
  const entries = [
    { account: 'provider_payable', user_id: expert.id, amount: 90_000 },
    { account: 'gateway_clearing', gateway: 'razorpay', amount: -90_000 },
  ];
  await post({ type: 'release', currency: 'INR', entries }, { marketplace: 'handie' });
  await paidOut('handie');
  // Sessions are of the real time.
  vi.useRealTimers();
  await asOwner(sql`
    update money.payout_accounts set usable_from = now() where user_id = ${expert.id}::uuid returning id`);
}

test('a personal access token that may read does not see where people are paid to', async () => {
  await waiting();
  const { body: batch } = await staff.post(BATCHES, {});
  const proof = { name: 'Nightly export', password: PASSWORD };
  for (const abilities of [['read'], ['*']]) {
    const { body } = await staff.post('/api/v1/users/me/tokens', { ...proof, abilities });
    const script = new Client('handie', body.token);
    expect((await script.get('/api/v1/admin/payouts')).status).toBe(200);
    const file = await script.get(`${BATCHES}/${batch.id}/payouts.csv`);
    expect(file.status).toBe(403);
    expect(file.text).not.toContain('50100123456789');
  }
  expect((await staff.get(`${BATCHES}/${batch.id}/payouts.csv`)).text).toContain('50100123456789');
  await leftAlone(expert);
});

test('nobody leaves while a payout is on its way to them', async () => {
  await waiting();
  expect(await deleteMe(expert)).toMatchObject({ status: 409, body: { code: 'balance_remaining' } });
  expect((await staff.post(BATCHES, {})).status).toBe(201);
  expect(await deleteMe(expert)).toMatchObject({ status: 409, body: { code: 'money_moving' } });
  const [payout] = await payoutsOf(expert);
  const decision = { decision: 'paid', words: 'UTR 412345678901' };
  expect((await staff.post(`/api/v1/admin/payouts/${payout.id}/decisions`, decision)).status).toBe(200);
  expect((await deleteMe(expert)).status).toBe(200);
  await leftAlone(expert);
});
