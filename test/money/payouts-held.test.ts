import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { balancesOf, post } from './ledger.ts';
import { breaches } from './pay.ts';
import { connected, leftAlone, paidOut, payoutsOf, plainTerms, rewound } from './payout-runs.ts';

const PAYOUTS = '/api/v1/admin/payouts';
const BATCHES = '/api/v1/admin/payout-batches';
let staff: Person;
let bank: Person;
let host: Person;
beforeAll(async () => {
  for (const marketplace of ['driveway', 'handie']) await plainTerms(marketplace);
  staff = await signUpStaff('driveway', 'super_admin');
  bank = await signUpStaff('handie', 'super_admin');
});
afterAll(async () => {
  for (const marketplace of ['driveway', 'handie']) await rewound(marketplace);
});
beforeEach(() => vi.useRealTimers());
afterEach(async () => {
  await deliverEvents();
  expect(await breaches()).toEqual([]);
  await leftAlone(host);
});

async function owed(gateway: string, amount: number) {
  const { marketplace, id } = host;
  const currency = marketplace === 'driveway' ? 'USD' : 'INR';
  const entries = [
    { account: 'provider_payable', user_id: id, amount },
    { account: 'gateway_clearing', gateway, amount: -amount },
  ];
  await post({ type: 'release', currency, entries }, { marketplace });
}
/** A host at Driveway-Hub with an account at Stripe, who is owed $50. */
async function atStripe() {
  host = await signUp('driveway', { roles: ['host'] });
  await connected(host);
  await owed('stripe', 5_000);
}
/** An expert of Handie's with a bank account that can be used, who is owed 900 rupees. */
async function atBank() {
  host = await signUp('handie', { roles: ['expert'] });
  const account = { bank_name: 'HDFC Bank', account_name: 'Asha Rao', account_number: '50100123456789' };
  await host.post('/api/v1/payout-accounts', { ...account, ifsc: 'HDFC0001234' });
  await owed('razorpay', 90_000);
}
const change = (person: Person, what: string, body: unknown = {}) =>
  person.post(`/api/v1/admin/users/${host.id}/${what}`, body);
const reason = 'Two guests reported that the driveway does not exist.';
const decide = (person: Person, id: string, decision: string, words = 'UTR 412345678901') =>
  person.post(`${PAYOUTS}/${id}/decisions`, { decision, words });
const held = async (person: Person, query = 'is_held=true') =>
  (await person.get(`${PAYOUTS}?${query}&provider_id=${host.id}`)).body.items;
const payable = async () => (await balancesOf(host.id)).provider_payable;
/** Builds and sends what is due, and comes back to the time of the sessions. */
async function run(marketplace: string) {
  await paidOut(marketplace);
  await deliverEvents();
  vi.useRealTimers();
}

test.each(['suspended', 'banned'])(
  'what somebody has earned who is %s waits with its reason, and is sent when the account is open again',
  async status => {
    await atStripe();
    expect((await change(staff, status === 'banned' ? 'ban' : 'suspend', { reason })).status).toBe(200);
    await run('driveway');
    const [payout] = await payoutsOf(host);
    expect(payout).toMatchObject({ status: 'pending', amount: 5_000, attempts: 0 });
    expect(await payable()).toBe(5_000);
    expect(await held(staff)).toMatchObject([
      {
        id: payout.id,
        is_held: true,
        held_for: status,
        held_reason: `The provider’s account is ${status}.`,
        sent_by: null,
      },
    ]);
    expect(await held(staff, 'is_held=false')).toEqual([]);
    expect(await decide(staff, payout.id, 'retry')).toMatchObject({
      status: 409,
      body: { code: 'transition_not_allowed' },
    });
    expect((await change(staff, 'restore')).status).toBe(200);
    await deliverEvents();
    expect(await payoutsOf(host)).toMatchObject([{ id: payout.id, status: 'processing', attempts: 1 }]);
    expect(await payable()).toBe(0);
    expect(await held(staff)).toEqual([]);
  },
);

test('a suspension that has run out keeps nothing back in the next run', async () => {
  await atStripe();
  const until = new Date(Date.now() + 3_600_000).toISOString();
  expect((await change(staff, 'suspend', { reason, until })).status).toBe(200);
  // The payout was built while it lasted.
  await asOwner(sql`
    update identity.users set suspended_until = 'infinity' where id = ${host.id}::uuid returning id`);
  await run('driveway');
  expect(await payoutsOf(host)).toMatchObject([{ status: 'pending', attempts: 0 }]);
  await asOwner(sql`
    update identity.users set suspended_until = ${until}::timestamptz where id = ${host.id}::uuid returning id`);
  await run('driveway');
  expect(await payoutsOf(host)).toMatchObject([{ status: 'processing', attempts: 1 }]);
});

test('finance may let a payout go all the same, and keep it back after that', async () => {
  await atStripe();
  await change(staff, 'ban', { reason });
  await run('driveway');
  const [payout] = await payoutsOf(host);
  expect((await decide(staff, payout.id, 'hold', 'In doubt')).body).toMatchObject({ held_for: 'staff' });
  // One reason goes at a time.
  expect((await decide(staff, payout.id, 'release')).body).toMatchObject({
    is_held: true,
    held_for: 'banned',
  });
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'pending' }]);
  expect((await decide(staff, payout.id, 'release')).body).toMatchObject({ is_held: false, held_for: null });
  expect((await decide(staff, payout.id, 'hold', 'Not yet')).body).toMatchObject({ held_for: 'staff' });
  for (const next of ['banned', null])
    expect((await decide(staff, payout.id, 'release')).body).toMatchObject({ held_for: next });
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'processing', attempts: 1 }]);
  const [{ decisions }] = await asOwner(sql`
    select count(*)::integer as decisions from app.audit_logs
    where action = 'money.payout_decided' and record_id = ${payout.id}::text`);
  expect(decisions).toBe(6);
});

test('no batch for the bank takes it, and none waits behind it', async () => {
  await atBank();
  await change(bank, 'ban', { reason });
  await run('handie');
  const [payout] = await payoutsOf(host);
  await asOwner(
    sql`update money.payout_accounts set usable_from = now() where user_id = ${host.id}::uuid returning id`,
  );
  expect(await bank.post(BATCHES, {})).toMatchObject({ status: 409, body: { code: 'nothing_to_pay_out' } });
  expect((await decide(bank, payout.id, 'release')).status).toBe(200);
  expect((await bank.post(BATCHES, {})).status).toBe(201);
  expect(await payoutsOf(host)).toMatchObject([{ status: 'processing' }]);
  expect((await decide(bank, payout.id, 'paid')).body).toMatchObject({ status: 'paid', sent_by: 'staff' });
});

test('what staff have paid by themselves is settled: no machine sends it, and it can come back', async () => {
  await atStripe();
  await change(staff, 'ban', { reason });
  await run('driveway');
  const [payout] = await payoutsOf(host);
  const clearing = async () => {
    const [row] = await asOwner(sql`
      select coalesce(sum(e.amount), 0)::integer as amount from money.entries e
      join money.accounts a on a.id = e.account_id join money.transfers t on t.id = e.transfer_id
      where t.reference_id = ${payout.id}::uuid and a.kind = 'gateway_clearing' and a.gateway = 'bank'`);
    return row.amount;
  };
  const answers = await Promise.all([1, 2].map(() => decide(staff, payout.id, 'settle', 'Cheque 4711')));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 200)?.body).toMatchObject({
    status: 'paid',
    sent_by: 'staff',
    payout_reference: 'Cheque 4711',
    is_held: false,
  });
  expect([await payable(), await clearing()]).toEqual([0, 5_000]);
  // What Stripe is asked about it, it is not asked to send.
  await asOwner(sql`
    select app.emit('payout.work_due', jsonb_build_object('payout_id', ${payout.id}::uuid))
    from app.set_context('{"marketplace": "driveway"}')`);
  await deliverEvents();
  advanceClock(13 * 3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
  vi.useRealTimers();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'paid', attempts: 1, transfer_reference: null }]);
  expect((await decide(staff, payout.id, 'failed', 'The cheque was not cashed')).body).toMatchObject({
    status: 'failed',
    is_held: true,
    held_for: 'banned',
  });
  expect([await payable(), await clearing()]).toEqual([5_000, 0]);
});

test('who looks at payouts is on record, with what they looked at', async () => {
  await atStripe();
  await run('driveway');
  const [payout] = await payoutsOf(host);
  await held(staff, 'status=processing');
  const [row] = await asOwner(sql`
    select metadata from app.audit_logs where user_id = ${staff.id}::uuid and action = 'money.payouts_listed' order by id desc limit 1`);
  expect(row.metadata).toEqual({
    wanted: { status: 'processing', provider_id: host.id },
    payout_ids: [payout.id],
  });
});
