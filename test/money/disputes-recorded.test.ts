import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { movedBy, referenceOf } from './after.ts';
import { act } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { breaches, INITIATE, shown, tell } from './pay.ts';

let finance: Person;
let payer: Person;
beforeAll(async () => {
  finance = await signUpStaff('spacall', 'admin');
  payer = await signUp('spacall', { roles: ['customer'] });
});

/** A top-up of 900 pesos that PayMongo has taken. */
async function taken(person = payer) {
  const { body: topup } = await person.post('/api/v1/wallet/top-ups', { amount: 90_000 });
  const { body: payment } = await person.post(INITIATE, { topup_id: topup.id });
  const reference = await referenceOf(payment);
  await act('paymongo', reference, 'succeed');
  await tell('paymongo', 'spacall', reference);
  await deliverEvents();
  return payment;
}
const told = (payment: { id: string }, more: Record<string, unknown> = {}) => ({
  reference: `dsp_${payment.id}`,
  status: 'needs_response',
  amount: 90_000,
  reason: 'fraudulent',
  due_by: '2026-12-01T00:00:00.000Z',
  fee: 80_000,
  ...more,
});
const recorded = (payment: { id: string }, more: Record<string, unknown> = {}, by = finance) =>
  by.post(`/api/v1/admin/payments/${payment.id}/disputes`, told(payment, more));
const wallet = async (person = payer) => (await balancesOf(person.id)).wallet ?? 0;

test('a dispute that PayMongo tells of by e-mail is withheld, and comes back when it is won', async () => {
  const payment = await taken();
  const before = await wallet();
  const moved = await movedBy(async () => {
    expect(await recorded(payment)).toMatchObject({
      status: 200,
      body: {
        payment_id: payment.id,
        gateway: 'paymongo',
        status: 'needs_response',
        currency: 'PHP',
        amount: 90_000,
        borne_by_payees: 90_000,
        withdrawn_amount: 90_000,
        fee: 80_000,
        due_by: '2026-12-01T00:00:00.000Z',
      },
    });
  }, 'spacall');
  expect(moved).toMatchObject({ 'gateway_clearing paymongo PHP': 170_000, 'gateway_fees PHP': -80_000 });
  expect(await wallet()).toBe(before - 90_000);
  // What is told twice changes nothing.
  expect(await movedBy(() => recorded(payment), 'spacall')).toEqual({});
  const won = { status: 'won', withdrawn_amount: 0, fee: 0 };
  expect(await recorded(payment, won)).toMatchObject({
    body: { status: 'won', withdrawn_amount: 0, fee: 0, borne_by_payees: 0, closed_at: expect.any(String) },
  });
  expect(await wallet()).toBe(before);
  const { items } = (await finance.get('/api/v1/admin/disputes')).body;
  expect(items.filter((item: { payment_id: string }) => item.payment_id === payment.id)).toHaveLength(1);
  const [audited] = await asOwner(sql`
    select count(*)::integer as times from app.audit_logs
    where action = 'money.dispute_recorded' and user_id = ${finance.id}::uuid`);
  expect(audited.times).toBe(3);
  expect(await breaches()).toEqual([]);
});

test('more than was taken is not said to be withdrawn, and only a person who is there says so', async () => {
  const payment = await taken();
  const before = await wallet();
  expect(await recorded(payment, { withdrawn_amount: 90_001 })).toMatchObject({
    status: 409,
    body: { code: 'withdrawn_too_large', errors: [{ field: 'withdrawn_amount' }] },
  });
  const later = await signUpStaff('spacall', 'admin');
  await asOwner(
    sql`update identity.sessions set mfa_at = mfa_at - interval '61 minutes' where user_id = ${later.id}::uuid returning id`,
  );
  expect(await recorded(payment, {}, later)).toMatchObject({
    status: 403,
    body: { code: 'step_up_required' },
  });
  expect(await wallet()).toBe(before);
});

test('too much, another payment’s reference, and a stranger’s word are refused', async () => {
  const payment = await taken();
  expect(await recorded(payment, { amount: 90_001 })).toMatchObject({
    status: 409,
    body: { code: 'dispute_too_large', errors: [{ field: 'amount' }] },
  });
  expect(await recorded(payment, {}, payer)).toMatchObject({ status: 403 });
  const other = await taken();
  expect((await recorded(payment)).status).toBe(200);
  expect(await recorded(other, { reference: `dsp_${payment.id}` })).toMatchObject({
    status: 409,
    body: { code: 'payment_not_disputable' },
  });
  expect(await wallet()).toBeGreaterThanOrEqual(90_000);
  const own = await taken(finance);
  expect(await recorded(own)).toMatchObject({ status: 409, body: { code: 'own_account' } });
  const abroad = await signUpStaff('driveway', 'admin');
  expect((await recorded(own, {}, abroad)).status).toBe(404);
});

test('what the gateway has answered last staff see, reduced, and nobody else does', async () => {
  const payment = await taken();
  const inspected = await finance.get(`/api/v1/admin/payments/${payment.id}`);
  expect(inspected.body.attempts[0].gateway_response).toEqual({
    status: 'succeeded',
    payment: expect.stringMatching(/^pay_/),
    payment_status: 'paid',
    amount: 90_000,
    fee: expect.any(Number),
    method: 'card',
    brand: 'visa',
    last4: '4345',
  });
  expect(JSON.stringify(await shown(payer, payment))).not.toContain('gateway_response');
  const [right] = await asOwner(sql`
    select has_column_privilege('vicinity_api', 'money.payment_attempts', 'gateway_response', 'select') as may`);
  expect(right.may).toBe(false);
});
