import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inHours, listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, randomAddress, signUp, signUpStaff } from '../support/people.ts';
import { check, promoFacts, promoOf, randomCode } from './promos.ts';

const CODES = '/api/v1/admin/promo-codes';
let staff: Person;
let person: Person;
beforeAll(async () => {
  staff = await signUpStaff('driveway', 'admin');
  person = await signUp('driveway', { roles: ['driver'] });
});

const create = (changes: Record<string, unknown> = {}, who = staff) => who.post(CODES, promoFacts(changes));
const audited = (promo: { id: string }) =>
  asOwner(sql`select action, user_id, old_values, new_values from app.audit_logs
    where record_id = ${promo.id}::text order by id`);

test('staff make a code, in capitals and in the marketplace’s currency, and find it again', async () => {
  const code = randomCode();
  const answer = await create({
    code: ` ${code.toLowerCase()} `,
    max_discount_amount: 20_000,
    usage_limit: 5,
  });
  expect(answer).toMatchObject({
    status: 201,
    body: {
      code,
      discount_type: 'percentage',
      discount_value: 2000,
      max_discount_amount: 20_000,
      usage_limit: 5,
      usage_count: 0,
      per_user_limit: 1,
      min_booking_amount: null,
      applicable_service_ids: null,
      applicable_provider_ids: null,
      applicable_resource_ids: null,
      new_customers_only: false,
      is_active: true,
      currency: 'USD',
    },
  });
  const shown = await staff.get(`${CODES}/${answer.body.id}`);
  expect(shown.body).toEqual({ ...answer.body, discount_amount: 0, customers: 0 });
  expect((await staff.get(`${CODES}?code=${code}`)).body.items).toEqual([answer.body]);
  expect(await audited(answer.body)).toMatchObject([
    { action: 'money.promo_code_created', user_id: staff.id, new_values: { code } },
  ]);
});

test('of two who take one name at once one gets it, whatever the case', async () => {
  const code = randomCode();
  const answers = await Promise.all([create({ code }), create({ code: code.toLowerCase() })]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
    code: 'promo_code_taken',
    errors: [{ field: 'code' }],
  });
});

test('a repeated key makes one code', async () => {
  const facts = promoFacts();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await staff.post(CODES, facts, { headers });
  const second = await staff.post(CODES, facts, { headers });
  expect(second.body).toEqual(first.body);
  expect(await audited(first.body)).toHaveLength(1);
});

test.each([
  ['discount_type', { discount_type: 'bogo' }, 400, 'invalid_input'],
  ['discount_value', { discount_value: 10_001 }, 422, 'invalid_percentage'],
  ['discount_value', { discount_value: 0 }, 400, 'invalid_input'],
  ['discount_value', { discount_value: 12.5 }, 400, 'invalid_input'],
  [
    'max_discount_amount',
    { discount_type: 'fixed_amount', max_discount_amount: 5 },
    422,
    'cap_without_percentage',
  ],
  ['valid_until', { valid_until: '2020-01-01T00:00:00Z' }, 422, 'ends_before_start'],
  ['usage_limit', { usage_limit: 0 }, 400, 'invalid_input'],
  ['per_user_limit', { per_user_limit: 0 }, 400, 'invalid_input'],
  ['min_booking_amount', { min_booking_amount: -1 }, 400, 'invalid_input'],
  ['applicable_provider_ids', { applicable_provider_ids: [] }, 400, 'invalid_input'],
  ['applicable_service_ids.0', { applicable_service_ids: ['massage'] }, 400, 'invalid_input'],
  ['code', { code: 'a b' }, 400, 'invalid_input'],
  ['usage_count', { usage_count: 3 }, 400, 'invalid_input'],
  ['currency', { currency: 'JPY' }, 400, 'invalid_input'],
])('a wrong %s is refused by name: %j', async (field, changes, status, code) => {
  const answer = await create(changes);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
});

test('staff change what they name, and take a code out of use and back', async () => {
  const resource = randomUUID();
  const promo = await promoOf('driveway', { min_booking_amount: 500, applicable_resource_ids: [resource] });
  const path = `${CODES}/${promo.id}`;
  const changed = await staff.patch(path, { discount_value: 1500, min_booking_amount: null, usage_limit: 3 });
  expect(changed).toMatchObject({
    status: 200,
    body: {
      code: promo.code,
      discount_value: 1500,
      min_booking_amount: null,
      usage_limit: 3,
      applicable_resource_ids: [resource],
    },
  });
  expect((await staff.delete(path)).body).toMatchObject({ id: promo.id, is_active: false });
  expect((await check(person, promo)).body.reason).toMatchObject({ code: 'promo_inactive' });
  expect((await staff.get(`${CODES}?is_active=false&code=${promo.code}`)).body.items).toHaveLength(1);
  expect((await staff.get(`${CODES}?is_active=true&code=${promo.code}`)).body.items).toEqual([]);
  await staff.patch(path, { is_active: true });
  expect((await check(person, promo, { subtotal_amount: 1000 })).body.discount_amount).toBe(150);
  expect(await audited(promo)).toMatchObject([
    { action: 'money.promo_code_created' },
    { action: 'money.promo_code_changed', old_values: { usage_limit: null }, new_values: { usage_limit: 3 } },
    { new_values: { is_active: false } },
    { new_values: { is_active: true } },
  ]);
  expect((await staff.patch(path, { valid_until: '2020-01-01T00:00:00Z' })).body.code).toBe(
    'ends_before_start',
  );
  expect((await staff.patch(path, { code: randomCode() })).status).toBe(400);
  expect((await staff.patch(path, { usage_count: 0 })).status).toBe(400);
});

test('codes are listed newest first, page by page, each once', async () => {
  const made: string[] = [];
  for (let n = 0; n < 3; n += 1) made.push((await promoOf('recovery')).id);
  const other = await signUpStaff('recovery', 'admin');
  const first = (await other.get(`${CODES}?limit=2`)).body;
  const rest = (await other.get(`${CODES}?limit=100&cursor=${first.next_cursor}`)).body;
  const seen = [...first.items, ...rest.items].map(({ id }: { id: string }) => id);
  expect(seen).toEqual([...new Set(seen)].sort().reverse());
  expect(seen.filter(id => made.includes(id))).toEqual(made.reverse());
});

test('nobody but staff of this marketplace sees or changes a code', async () => {
  const promo = await promoOf('driveway');
  const elsewhere = await signUpStaff('recovery', 'admin');
  const path = `${CODES}/${promo.id}`;
  for (const answer of [
    await elsewhere.get(path),
    await elsewhere.patch(path, { is_active: false }),
    await elsewhere.delete(path),
  ]) {
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  }
  expect((await elsewhere.get(`${CODES}?code=${promo.code}`)).body.items).toEqual([]);
  for (const answer of [await person.get(CODES), await create({}, person), await person.delete(path)]) {
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  }
  expect((await staff.get(path)).body).toMatchObject({ is_active: true });
});

test('two marketplaces may have a code of one name, each its own', async () => {
  const promo = await promoOf('driveway', { discount_value: 1000 });
  await promoOf('recovery', { code: promo.code, discount_value: 5000 });
  const client = await signUp('recovery', { roles: ['customer'] });
  expect((await check(person, promo, { subtotal_amount: 1000 })).body.discount_amount).toBe(100);
  expect((await check(client, promo, { subtotal_amount: 1000 })).body.discount_amount).toBe(500);
});

test('a check says what a code gives, in whatever case it is written', async () => {
  const promo = await promoOf('driveway', { max_discount_amount: 200, min_booking_amount: 300 });
  const answer = await check(person, { code: promo.code.toLowerCase() }, { subtotal_amount: 1500 });
  expect(answer).toMatchObject({
    status: 200,
    body: {
      code: promo.code,
      discount_amount: 200,
      reason: null,
      discount_type: 'percentage',
      discount_value: 2000,
      currency: 'USD',
      max_discount_amount: 200,
      min_booking_amount: 300,
      valid_until: new Date(promo.valid_until).toISOString(),
    },
  });
  expect((await check(person, promo)).body).toMatchObject({ discount_amount: null, reason: null });
  expect((await check(person, promo, { subtotal_amount: 299 })).body).toMatchObject({
    discount_amount: 0,
    reason: { code: 'promo_minimum', title: expect.stringMatching(/\.$/) },
  });
});

test('whoever guesses codes is stopped, also with many guesses at once, and those that exist tell no more then', async () => {
  const promo = await promoOf('driveway');
  const guesser = await signUp('driveway', { roles: ['driver'] });
  const guess = () => check(guesser, { code: randomCode() }, {}, randomAddress());
  const answers = await Promise.all(Array.from({ length: 33 }, guess));
  const told = answers.filter(({ status }) => status === 200);
  expect(told).toHaveLength(30);
  expect(told[0]?.body).toMatchObject({
    discount_amount: 0,
    currency: null,
    reason: { code: 'promo_unknown' },
  });
  expect(await guess()).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
  expect((await check(guesser, promo, {}, randomAddress())).status).toBe(429);
  expect((await check(person, promo, {}, randomAddress())).status).toBe(200);
});

test('guesses are counted by address too, of a quote that nobody signed in for', async () => {
  const promo = await promoOf('driveway');
  const host = await signUp('driveway', { roles: ['host'] });
  const space = await listed(host);
  const ip = randomAddress();
  const ask = (promo_code: string) =>
    anonymous('driveway').post(
      `/api/v1/parking/spaces/${space.id}/quote`,
      { from: inHours(24), to: inHours(26), promo_code },
      { ip },
    );
  expect((await ask(promo.code)).body.promo).toMatchObject({ reason: null, discount_amount: 200 });
  const answers = await Promise.all(Array.from({ length: 110 }, () => ask(randomCode())));
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(100);
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  expect((await ask(promo.code)).status).toBe(429);
});

test('the database keeps a code and its uses from being deleted, and from rules that are none', async () => {
  const promo = await promoOf('driveway');
  const change = (set: string) =>
    asOwner({
      text: `update money.promo_codes set ${set} where id = ($1->>0)::uuid returning id`,
      values: [promo.id],
    });
  await expect(change(`discount_type = 'bogo'`)).rejects.toThrow('promo_codes_discount_type_check');
  await expect(change('discount_value = 15000')).rejects.toThrow('promo_codes_discount_value_check');
  await expect(change('usage_limit = 1, usage_count = 2')).rejects.toThrow('promo_codes_usage_count_check');
  await expect(change('usage_count = -1')).rejects.toThrow('promo_codes_usage_count_check');
  await expect(
    asOwner(sql`delete from money.promo_codes where id = ${promo.id}::uuid returning id`),
  ).rejects.toThrow();
});
