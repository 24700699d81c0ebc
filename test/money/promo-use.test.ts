import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { placed, priceOf, stepped } from '../booking/bookings.ts';
import { book, booked, carFor, inHours, listed } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { check, promoOf, usesOf } from './promos.ts';

let host: Person;
let driver: Person;
let rival: Person;
let space: { id: string };
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
  space = await listed(host, { hourly_rate: 500, capacity: 50 });
});

const [from, to] = [inHours(48), inHours(50)];
const quote = async (person: Person, promo: { code: string }, window = { from, to }) =>
  person.post(`/api/v1/parking/spaces/${space.id}/quote`, {
    ...window,
    vehicle_id: await carFor(person, space, window.from, window.to),
    promo_code: promo.code,
  });
let hour = 60;
/** Books two hours that nobody else has, for $10.00 and a fee of $1.50, with a code. */
async function use(
  person: Person,
  promo: { code: string },
  more: Record<string, unknown> = {},
  headers = {},
) {
  hour += 3;
  return book(person, space, inHours(hour), inHours(hour + 2), headers, { promo_code: promo.code, ...more });
}
const refused = (code: string) => ({ status: 422, body: { code, errors: [{ field: 'promo_code', code }] } });

test('a code takes its share off the price, and whoever is booked gets as much as without', async () => {
  const promo = await promoOf('driveway', { usage_limit: 5 });
  const quoted = await quote(driver, promo);
  expect(quoted.body).toMatchObject({
    subtotal_amount: 1000,
    fee_amount: 150,
    discount_amount: 200,
    total_amount: 950,
    available: true,
    promo: { code: promo.code, discount_amount: 200, reason: null },
  });
  expect(quoted.body.line_items.at(-1)).toEqual({
    code: 'promo_discount',
    description: 'Promo code',
    quantity: 1,
    unit_amount: -200,
    amount: -200,
    payer: 'customer',
    payee: 'promo',
  });
  expect(await usesOf(promo)).toMatchObject({ usage_count: 0, uses: [] });

  const booking = await booked(driver, space, from, to, {
    promo_code: promo.code,
    expected_total_amount: 950,
  });
  const { line_items, subtotal_amount, fee_amount, discount_amount, total_amount } = quoted.body;
  expect(booking).toMatchObject({ line_items, subtotal_amount, fee_amount, discount_amount, total_amount });
  expect(await usesOf(promo)).toMatchObject({
    usage_count: 1,
    uses: [{ user_id: driver.id, booking_id: booking.id, discount_amount: 200, released_at: null }],
  });
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body).toMatchObject({ discount_amount: 200 });
  const bystander = await booked(rival, space, from, to);
  expect(bystander).toMatchObject({ discount_amount: 0, total_amount: 1150 });
});

test('a quote without a code says so, and one with a code that gives nothing tells why at the full price', async () => {
  const { body } = await driver.post(`/api/v1/parking/spaces/${space.id}/quote`, { from, to });
  expect(body).toMatchObject({ promo: null, discount_amount: 0, total_amount: 1150 });
  const promo = await promoOf('driveway', { is_active: true, min_booking_amount: 1001 });
  expect((await quote(driver, promo)).body).toMatchObject({
    promo: { discount_amount: 0, reason: { code: 'promo_minimum' } },
    discount_amount: 0,
    total_amount: 1150,
  });
});

describe('a code is refused', () => {
  const day = 24 * 3_600_000;
  const at = (offset: number) => new Date(Date.now() + offset).toISOString();
  test.each([
    ['promo_not_started', () => ({ valid_from: at(day) })],
    ['promo_expired', () => ({ valid_from: at(-2 * day), valid_until: at(-1) })],
    ['promo_minimum', () => ({ min_booking_amount: 1001 })],
    ['promo_minimum', () => ({ discount_value: 4, min_booking_amount: null })],
    ['promo_not_applicable', () => ({ applicable_provider_ids: [randomUUID()] })],
    ['promo_not_applicable', () => ({ applicable_resource_ids: [randomUUID()] })],
    ['promo_not_applicable', () => ({ applicable_service_ids: [randomUUID()] })],
  ])('with %s', async (code, changes) => {
    const promo = await promoOf('driveway', changes());
    expect(await use(driver, promo)).toMatchObject(refused(code));
    expect((await quote(driver, promo)).body.promo).toMatchObject({ discount_amount: 0, reason: { code } });
    expect(await usesOf(promo)).toMatchObject({ usage_count: 0, uses: [] });
  });

  test('with promo_unknown, also where another marketplace has it', async () => {
    const promo = await promoOf('recovery');
    expect(await use(driver, promo)).toMatchObject(refused('promo_unknown'));
  });

  test('with promo_inactive, and priced anew where its price was expected', async () => {
    const promo = await promoOf('driveway');
    await asOwner(
      sql`update money.promo_codes set is_active = false where id = ${promo.id}::uuid returning id`,
    );
    expect(await use(driver, promo)).toMatchObject(refused('promo_inactive'));
    expect(await use(driver, promo, { expected_total_amount: 950 })).toMatchObject({
      status: 409,
      body: { code: 'price_changed', total_amount: 1150, errors: [{ field: 'expected_total_amount' }] },
    });
    // Nobody pays more with a code than they would know.
    expect(await use(driver, promo, { expected_total_amount: 1150 })).toMatchObject(
      refused('promo_inactive'),
    );
  });

  test('as a text that is none', async () => {
    expect(await use(driver, { code: 'a b' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_input' },
    });
    const forged = { promo_code: (await promoOf('driveway')).code, discount_amount: 1150 };
    expect((await book(driver, space, from, to, {}, forged)).status).toBe(400);
  });
});

test('it is valid from its first moment on and before its last', async () => {
  const start = Date.now();
  const promo = await promoOf('driveway', {
    valid_from: new Date(start + 60_000).toISOString(),
    valid_until: new Date(start + 120_000).toISOString(),
  });
  const reasonAt = async (milliseconds: number) => {
    const [row] = await asOwner(
      sql`select money.why_no_promo(p, '{"currency": "USD"}') as reason
          from money.promo_codes p where p.id = ${promo.id}::uuid`,
      { marketplace: 'driveway', access: 'everyone', now: new Date(start + milliseconds).toISOString() },
    );
    return row.reason;
  };
  expect(await reasonAt(59_999)).toBe('promo_not_started');
  expect(await reasonAt(60_000)).toBeNull();
  expect(await reasonAt(119_999)).toBeNull();
  expect(await reasonAt(120_000)).toBe('promo_expired');
});

test('it works for what stands on its lists', async () => {
  const other = await listed(host, { hourly_rate: 500 });
  const promo = await promoOf('driveway', {
    applicable_provider_ids: [host.id.toUpperCase()],
    applicable_resource_ids: [other.id],
    per_user_limit: 5,
  });
  expect(await use(driver, promo)).toMatchObject(refused('promo_not_applicable'));
  const more = { promo_code: promo.code };
  expect(await booked(driver, other, from, to, more)).toMatchObject({ discount_amount: 200 });
  const service_id = randomUUID();
  const massage = await promoOf('driveway', { applicable_service_ids: [service_id] });
  expect((await check(driver, massage, { service_id })).body.reason).toBeNull();
  expect((await check(driver, massage, { service_id: randomUUID() })).body.reason.code).toBe(
    'promo_not_applicable',
  );
});

test('nobody uses it more often than they may, nor all together', async () => {
  const promo = await promoOf('driveway', { usage_limit: 3, per_user_limit: 2 });
  for (let n = 0; n < 2; n += 1) expect((await use(driver, promo)).status).toBe(201);
  expect(await use(driver, promo)).toMatchObject(refused('promo_used_by_you'));
  expect((await use(rival, promo)).status).toBe(201);
  expect(await use(rival, promo)).toMatchObject(refused('promo_used_up'));
  expect((await check(rival, promo)).body.reason.code).toBe('promo_used_up');
});

test('of two who want its last use at once one gets it, and the other’s time stays free', async () => {
  const promo = await promoOf('driveway', { usage_limit: 1 });
  const answers = await Promise.all([use(driver, promo), use(rival, promo)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
  expect(answers.find(({ status }) => status === 422)).toMatchObject(refused('promo_used_up'));
  expect(await usesOf(promo)).toMatchObject({ usage_count: 1, uses: [{ discount_amount: 200 }] });
});

test('of ten requests of one person for many hours at once as many pass as one person may', async () => {
  const promo = await promoOf('driveway', { per_user_limit: 3 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => use(driver, promo)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ body }) => body.code === 'promo_used_by_you')).toHaveLength(7);
  expect(await usesOf(promo)).toMatchObject({ usage_count: 3 });
});

test('a code whose terms changed after its price was reckoned is not used at the old one', async () => {
  const promo = await promoOf('driveway');
  const stale = { promo_code: promo.code, ...priceOf(1000, 150, 300) };
  await expect(placed(driver, host, stale)).rejects.toThrow('price_changed');
  await expect(placed(driver, host, { ...stale, promo_code: 'NOSUCHCODE' })).rejects.toThrow('promo_unknown');
  expect(await usesOf(promo)).toMatchObject({ usage_count: 0, uses: [] });
});

test('a repeated key uses it once', async () => {
  const promo = await promoOf('driveway', { per_user_limit: 5 });
  const headers = { 'idempotency-key': randomUUID() };
  const [start, end] = [inHours(52), inHours(54)];
  const once = () => book(driver, space, start, end, headers, { promo_code: promo.code });
  const answers = await Promise.all([once(), once()]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  expect((await once()).body).toEqual(answers[0]?.body);
  expect(await usesOf(promo)).toMatchObject({ usage_count: 1 });
});

test('a booking that fails for another reason uses nothing', async () => {
  const narrow = await listed(host, { hourly_rate: 500 });
  await booked(rival, narrow, from, to);
  const promo = await promoOf('driveway');
  const answer = await book(driver, narrow, from, to, {}, { promo_code: promo.code });
  expect(answer.body.code).toBe('slot_taken');
  expect(await usesOf(promo)).toMatchObject({ usage_count: 0, uses: [] });
});

test('one for new customers is for those who have completed nothing', async () => {
  const promo = await promoOf('driveway', { new_customers_only: true, per_user_limit: 5 });
  const newcomer = await signUp('driveway', { roles: ['driver'] });
  const first = await use(newcomer, promo);
  expect(first.status).toBe(201);
  // What is only booked is no first booking yet.
  expect((await use(newcomer, promo)).status).toBe(201);
  await stepped('driveway', first.body, 'active');
  await stepped('driveway', first.body, 'completed');
  expect(await use(newcomer, promo)).toMatchObject(refused('promo_new_customers_only'));
});

test('what a person has used is theirs to see, and nobody else’s', async () => {
  const promo = await promoOf('driveway');
  await use(driver, promo);
  expect((await check(driver, promo)).body.reason.code).toBe('promo_used_by_you');
  expect((await check(rival, promo)).body.reason).toBeNull();
});
