import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { topUp } from './ledger.ts';
import { CARD, initiated, inTwoMonths } from './pay.ts';

const PAYMENTS = '/api/v1/admin/payments';
let driver: Person;
let bystander: Person;
let host: Person;
let finance: Person;
let first: { id: string; booking_id: string };
let second: { id: string };

beforeAll(async () => {
  [driver, bystander, host, finance] = await Promise.all([
    signUp('driveway', { roles: ['driver'] }),
    signUp('driveway', { roles: ['driver'] }),
    signUp('driveway', { roles: ['host'] }),
    signUpStaff('driveway', 'admin'),
  ]);
  first = await initiated(
    driver,
    await placed(driver, host, { payment_timeout: 900, ...inTwoMonths() }),
    CARD,
  );
  await topUp(driver.id, 1150);
  const booking = await placed(driver, host, { payment_timeout: 900, ...inTwoMonths() });
  second = await initiated(driver, booking, { use_wallet: true });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await initiated(bystander, await placed(bystander, host, { payment_timeout: 900 }));
  await deliverEvents();
});

const idsOf = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);

test('staff find payments by what is asked, the newest first and page by page', async () => {
  const mine = `${PAYMENTS}?user_id=${driver.id}`;
  const { body } = await finance.get(mine);
  expect(idsOf(body)).toEqual([second.id, first.id]);
  expect(body.items[1]).toMatchObject({
    payer_id: driver.id,
    status: 'succeeded',
    amount: 1150,
    gateway: 'stripe',
  });
  const page = await finance.get(`${mine}&limit=1`);
  expect(idsOf(page.body)).toEqual([second.id]);
  const rest = await finance.get(`${mine}&limit=1&cursor=${page.body.next_cursor}`);
  expect(idsOf(rest.body)).toEqual([first.id]);
  expect(rest.body.next_cursor).toBeNull();
  const [attempt] = await asOwner(
    sql`select id, reference from money.payment_attempts where payment_id = ${first.id}::uuid`,
  );
  const found: [string, string[]][] = [
    ['status=refunded', [second.id]],
    ['gateway=stripe', [first.id]],
    ['gateway=bolt', []],
    [`booking_id=${first.booking_id}`, [first.id]],
    [`reference=${attempt.reference}`, [first.id]],
    [`reference=${attempt.id}`, [first.id]],
    ['purpose=topup', []],
    [`from=${inMinutes(-5)}`, [second.id, first.id]],
    [`to=${inMinutes(-5)}`, []],
  ];
  for (const [query, ids] of found)
    expect(idsOf((await finance.get(`${mine}&${query}`)).body), query).toEqual(ids);
});

test('a payment is shown with its tries, its refunds and what the ledger has of it', async () => {
  const paid = await finance.get(`${PAYMENTS}/${first.id}`);
  expect(paid.body).toMatchObject({
    id: first.id,
    payer_id: driver.id,
    attempts: [{ gateway: 'stripe', status: 'captured', captured_amount: 1150, is_current: true }],
    refunds: [],
    transfers: expect.arrayContaining([
      expect.objectContaining({
        type: 'payment',
        entries: expect.arrayContaining([expect.objectContaining({ account: 'held', amount: 1150 })]),
      }),
      expect.objectContaining({ type: 'fee' }),
    ]),
  });
  for (const { entries } of paid.body.transfers)
    expect(entries.reduce((sum: number, { amount }: { amount: number }) => sum + amount, 0)).toBe(0);
  const refunded = await finance.get(`${PAYMENTS}/${second.id}`);
  expect(refunded.body).toMatchObject({
    status: 'refunded',
    attempts: [],
    refunds: [{ method: 'wallet', amount: 1150, status: 'succeeded' }],
    invoice: { total_amount: 1150 },
    credit_notes: [{ total_amount: 1150 }],
  });
});

test('a person’s accounts and their statements are shown', async () => {
  const accounts = await finance.get(`/api/v1/admin/users/${driver.id}/accounts`);
  const wallet = accounts.body.items.find(({ kind }: { kind: string }) => kind === 'wallet');
  expect(wallet).toMatchObject({ currency: 'USD', balance: 1150, total_in: 2300, total_out: 1150 });
  const entries = `/api/v1/admin/users/${driver.id}/accounts/${wallet.id}/entries`;
  const page = await finance.get(`${entries}?limit=2`);
  expect(page.body.items).toMatchObject([
    { type: 'refund', amount: 1150, balance_after: 1150 },
    { type: 'payment', amount: -1150, balance_after: 0 },
  ]);
  const rest = await finance.get(`${entries}?limit=2&cursor=${page.body.next_cursor}`);
  expect(rest.body).toMatchObject({ items: [{ type: 'wallet_topup', amount: 1150 }], next_cursor: null });
  const elsewhere = `/api/v1/admin/users/${bystander.id}/accounts/${wallet.id}/entries`;
  expect((await finance.get(elsewhere)).status).toBe(404);
});

test('who looked at what is on record', async () => {
  await finance.get(`${PAYMENTS}?user_id=${bystander.id}`);
  await finance.get(`${PAYMENTS}/${first.id}`);
  await finance.get(`/api/v1/admin/users/${bystander.id}/accounts`);
  const rows = await asOwner(sql`
    select distinct action, record_id from app.audit_logs
    where user_id = ${finance.id}::uuid and category = 'money' and (record_id is null
      or record_id in (${first.id}, ${bystander.id})) order by action`);
  expect(rows).toEqual([
    { action: 'money.accounts_read', record_id: bystander.id },
    { action: 'money.payment_read', record_id: first.id },
    { action: 'money.payments_searched', record_id: null },
  ]);
});

test('nobody else sees it: not people, not other staff, not finance of another marketplace', async () => {
  const [operator, abroad] = [
    await signUpStaff('recovery', 'operator'),
    await signUpStaff('recovery', 'admin'),
  ];
  const paths = [PAYMENTS, `${PAYMENTS}/${first.id}`, `/api/v1/admin/users/${driver.id}/accounts`];
  for (const path of paths) {
    for (const person of [driver, operator])
      expect((await person.get(path)).body.code, path).toBe('forbidden');
  }
  expect((await abroad.get(`${PAYMENTS}?user_id=${driver.id}`)).body.items).toEqual([]);
  for (const path of paths.slice(1)) expect((await abroad.get(path)).status, path).toBe(404);
});
