import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { post } from './ledger.ts';

const CREDITS = '/api/v1/credits';
const ENTRIES = '/api/v1/credits/entries';
const adjustOf = (person: Person) => `/api/v1/admin/users/${person.id}/credits`;
let admin: Person;
let bystander: Person;
beforeAll(async () => {
  admin = await signUpStaff('recovery', 'admin');
  bystander = await signUp('recovery', { roles: ['customer'] });
  await admin.post(adjustOf(bystander), { amount: 7, description: 'Welcome' });
});

test('a person sees their credits and what they are worth', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const referral = randomUUID();
  await post(
    {
      type: 'earned',
      description: 'Referral reward',
      currency: 'XCR',
      reference_type: 'referral',
      reference_id: referral,
      entries: [
        { account: 'credits', user_id: person.id, amount: 50 },
        { account: 'credit_expense', amount: -50 },
      ],
    },
    { marketplace: 'recovery' },
  );
  const { body } = await person.get(CREDITS);
  expect(body).toMatchObject({
    balance: 50,
    total_earned: 50,
    total_spent: 0,
    value_amount: 5000,
    currency: 'USD',
  });
  const statement = await person.get(ENTRIES);
  expect(statement.body).toMatchObject({
    items: [
      {
        type: 'earned',
        amount: 50,
        balance_after: 50,
        description: 'Referral reward',
        reference_type: 'referral',
        reference_id: referral,
      },
    ],
    next_cursor: null,
  });
});

test('staff give and take credits with a reason that the person reads, and it is audited', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const given = await admin.post(adjustOf(person), { amount: 10, description: 'Sorry for the delay' });
  expect(given.status).toBe(201);
  expect(given.body).toMatchObject({
    user_id: person.id,
    type: 'adjustment',
    amount: 10,
    balance_after: 10,
    description: 'Sorry for the delay',
    created_by: admin.id,
  });
  const taken = await admin.post(adjustOf(person), { amount: -4, description: 'Given twice' });
  expect(taken.body).toMatchObject({ amount: -4, balance_after: 6 });
  const { body } = await person.get(`${ENTRIES}?limit=1`);
  expect(body.items).toMatchObject([{ type: 'adjustment', amount: -4, description: 'Given twice' }]);
  const next = await person.get(`${ENTRIES}?limit=1&cursor=${body.next_cursor}`);
  expect(next.body.items).toMatchObject([{ amount: 10, description: 'Sorry for the delay' }]);
  const [row] = await asOwner(sql`select created_by from money.transfers where id = ${given.body.id}::uuid`);
  expect(row.created_by).toBe(admin.id);
  const audited = await asOwner(sql`
    select user_id, new_values from app.audit_logs
    where action = 'money.credits_adjusted' and record_id = ${given.body.id}`);
  expect(audited).toMatchObject([{ user_id: admin.id, new_values: { amount: 10, user_id: person.id } }]);
  expect((await bystander.get(CREDITS)).body.balance).toBe(7);
});

test('nobody’s credits go below zero, also when two take them at once', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  await admin.post(adjustOf(person), { amount: 10, description: 'Welcome' });
  const take = () => admin.post(adjustOf(person), { amount: -8, description: 'A mistake' });
  const answers = await Promise.all([take(), take()]);
  expect(answers.map(answer => answer.status).sort()).toEqual([201, 409]);
  const refused = answers.find(answer => answer.status === 409);
  expect(refused?.body).toMatchObject({ code: 'insufficient_credits', errors: [{ field: 'amount' }] });
  expect((await person.get(CREDITS)).body.balance).toBe(2);
});

test('a repeated Idempotency-Key adjusts once', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const headers = { 'idempotency-key': randomUUID() };
  const adjust = () => admin.post(adjustOf(person), { amount: 10, description: 'Welcome' }, { headers });
  const [first, second] = [await adjust(), await adjust()];
  expect(second.body).toEqual(first.body);
  expect((await person.get(CREDITS)).body.balance).toBe(10);
});

test.each([
  ['amount', { amount: 0, description: 'Nothing' }],
  ['amount', { amount: 1.5, description: 'A half' }],
  ['amount', { amount: 1_000_001, description: 'Too many' }],
  ['description', { amount: 5, description: '  ' }],
  ['description', { amount: 5 }],
])('a wrong %s is refused', async (field, body) => {
  const answer = await admin.post(adjustOf(bystander), body);
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ field }]);
});

test('only who may adjust money does, not their own, and nobody’s of another marketplace', async () => {
  const body = { amount: 5, description: 'A gift' };
  const operator = await signUpStaff('recovery', 'operator');
  expect((await operator.post(adjustOf(bystander), body)).body.code).toBe('forbidden');
  expect((await bystander.post(adjustOf(bystander), body)).body.code).toBe('forbidden');
  expect((await admin.post(adjustOf(admin), body)).body.code).toBe('own_account');
  const abroad = await signUpStaff('driveway', 'admin');
  expect((await abroad.post(adjustOf(bystander), body)).status).toBe(404);
  expect((await bystander.get(CREDITS)).body.balance).toBe(7);
});

test('a closed account takes no credits', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  await asOwner(sql`
    update money.balances set is_active = false
    where account_id in (select id from money.accounts where owner_id = ${person.id}::uuid) returning account_id`);
  const answer = await admin.post(adjustOf(person), { amount: 5, description: 'A gift' });
  expect([answer.status, answer.body.code]).toEqual([409, 'account_closed']);
});
