import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { stepped } from '../booking/bookings.ts';
import { dayIn, rulesOf } from '../booking/resources.ts';
import { reviewed } from '../reviews/completed.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { withSetting } from '../support/settings.ts';
import {
  again,
  approve,
  book,
  booked,
  carFor,
  inHours,
  listed,
  north,
  somewhere,
  spaceFacts,
} from './spaces.ts';

/** What the documents of Driveway-Hub and Handie ask of parking, where no other test says it in their words. */

const PATH = '/api/v1/parking/spaces';
let host: Person;
let driver: Person;
let owner: Person;
let customer: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  owner = await signUp('handie', { roles: ['customer'] });
  customer = await signUp('handie', { roles: ['customer'] });
});

const search = (marketplace: string, query: Record<string, unknown>) =>
  anonymous(marketplace).get(`${PATH}?${new URLSearchParams(query as Record<string, string>)}`);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);

describe('catalogue', () => {
  test('a driveway whose owner names no city is one of San Francisco, CA; elsewhere the city is asked for', async () => {
    const { city: _, state: __, ...bare } = spaceFacts();
    expect((await host.post(PATH, bare)).body).toMatchObject({ city: 'San Francisco', state: 'CA' });
    expect(await owner.post(PATH, bare)).toMatchObject({
      status: 422,
      body: { code: 'city_required', errors: [{ field: 'city' }] },
    });
    const pune = await owner.post(PATH, { ...bare, city: 'Pune' });
    expect(pune.body).toMatchObject({ city: 'Pune', state: null });
  });

  test('a new space of Handie waits for staff, with nothing earned and not rated', async () => {
    const space = (await owner.post(PATH, spaceFacts({ city: 'Pune' }))).body;
    expect(space).toMatchObject({
      ...{ approval_status: 'pending', is_approved: false, listing_status: 'active' },
      ...{ rating: null, review_count: 0, total_bookings: 0, total_earnings: 0, photos: [], amenities: [] },
    });
    await approve('handie', space);
    expect((await anonymous('handie').get(`${PATH}/${space.id}`)).status).toBe(200);
  });

  test('a booking of 200.00 that is completed and reviewed with 4 makes 1, 200.00 and 4.00', async () => {
    const space = await listed(owner, { city: 'Pune', hourly_rate: 10_000 });
    const booking = await booked(customer, space, inHours(24), inHours(26));
    await stepped('handie', booking, 'in_progress');
    await stepped('handie', booking, 'completed');
    await reviewed(customer, booking, { rating: 4 });
    expect((await owner.get(`/api/v1/users/me/spaces/${space.id}`)).body).toMatchObject({
      ...{ total_bookings: 1, total_earnings: 20_000, rating: 4, review_count: 1 },
    });
  });

  test('a driveway is listed in supported cities only, and in each from the moment that it is supported', async () => {
    const list = () => host.post(PATH, spaceFacts({ city: 'Oakland' }));
    expect((await list()).body.code).toBe('city_not_supported');
    await withSetting('driveway', 'supported_cities', ['San Francisco', 'Oakland'], async () => {
      expect((await list()).status).toBe(201);
    });
    expect((await list()).body.code).toBe('city_not_supported');
  });

  test.each([
    ['parking.spaces', 'surface', 'dirt', 'spaces_surface_check'],
    ['parking.spaces', 'listing_status', 'draft', 'spaces_listing_status_check'],
    ['parking.spaces', 'approval_status', 'perhaps', 'spaces_approval_status_check'],
    ['booking.availability_rules', 'availability_type', 'open', 'availability_rules_availability_type_check'],
    ['booking.bookings', 'payment_status', 'banana', 'bookings_payment_status_check'],
    ['booking.bookings', 'status', 'in_progress', 'bookings_status_fkey'],
  ])('the database takes no %s with %s %s', async (table, column, value, constraint) => {
    const space = await listed(host);
    await booked(driver, space, inHours(24), inHours(26));
    const rule = {
      availability_type: 'blocked',
      start_time: `${dayIn(10)}T09:00`,
      end_time: `${dayIn(10)}T10:00`,
    };
    await host.post(rulesOf(space.id), rule);
    const id = table === 'parking.spaces' ? 'id' : 'resource_id';
    const text = `update ${table} set ${column} = $1->>0 where ${id} = ($1->>1)::uuid returning id`;
    await expect(asOwner({ text, values: [value, space.id] })).rejects.toThrow(constraint);
  });

  test.each([
    ['parking.spaces', 'owner_id', 'listing_status', 'is_approved', 'rating', 'location'],
    ['parking.vehicles', 'user_id', 'tesla_vehicle_id', 'vin'],
    ['parking.space_photos', 'space_id'],
    ['booking.availability_rules', 'resource_id', 'availability_type'],
    ['reviews.reviews', 'booking_id', 'reviewer_id', 'reviewee_id', 'resource_id', 'rating'],
    ['identity.addresses', 'user_id', 'location'],
  ])('%s has an index that begins with each column that the documents name', async (table, ...columns) => {
    const rows = await asOwner(
      sql`select distinct a.attname as name
          from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
          where i.indrelid = ${table}::regclass`,
    );
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(columns));
  });

  test('hours of one resource and photographs of one space are read by indexes on all that orders them', async () => {
    const rows = await asOwner(
      sql`select indexdef from pg_indexes where schemaname in ('booking', 'parking')`,
    );
    const all = rows.map(({ indexdef }) => indexdef).join('\n');
    expect(all).toContain('ON booking.availability_rules USING btree (resource_id, start_time, end_time)');
    expect(all).toContain('ON parking.space_photos USING btree (space_id, photo_order)');
  });
});

test('spaces of Handie at 1, 3 and 20 km: a radius of 5 km finds two, the nearer first', async () => {
  const here = somewhere();
  const at = (metres: number) => listed(owner, { city: 'Pune', location: north(here, metres) });
  const [far, near] = [await at(3_000), await at(1_000), await at(20_000)];
  expect(ids(await search('handie', { ...here, radius_m: 5_000 }))).toEqual([near.id, far.id]);
});

test('a unit that a space has no more takes no place of those that it has', async () => {
  const here = somewhere();
  const space = await listed(host, { location: here, capacity: 2 });
  const [from, to] = [inHours(24), inHours(26)];
  const [first] = [await booked(driver, space, from, to), await booked(driver, space, from, to)];
  await driver.post(`/api/v1/bookings/${first.id}/cancel`);
  // The API keeps a space as large as it is booked.
  expect((await host.patch(`${PATH}/${space.id}`, { capacity: 1 })).status).toBe(409);
  await asOwner(sql`update booking.resources set capacity = 1 where id = ${space.id}::uuid returning id`);
  await asOwner(sql`update parking.spaces set capacity = 1 where id = ${space.id}::uuid returning id`);
  for (const q of [{}, { q: 'driveway' }]) {
    expect(ids(await search('driveway', { ...here, ...q, from, to }))).toEqual([space.id]);
  }
  expect((await book(driver, space, from, to)).status).toBe(201);
  expect(ids(await search('driveway', { ...here, from, to }))).toEqual([]);
});

describe('booking', () => {
  test('a booking keeps who, what, when and at which price, in the words of the documents', async () => {
    const space = await listed(host, { hourly_rate: 500 });
    const [from, to] = [inHours(24), inHours(26)];
    const vehicle_id = await carFor(driver, space, from, to);
    const booking = await booked(driver, space, from, to, { vehicle_id, notes: 'A white one.' });
    expect(booking).toMatchObject({
      ...{ customer_id: driver.id, provider_id: host.id, resource_id: space.id, subject_id: vehicle_id },
      ...{ starts_at: from, ends_at: to, subtotal_amount: 1_000, fee_amount: 150, total_amount: 1_150 },
      ...{ status: 'confirmed', payment_status: 'pending', customer_notes: 'A white one.', refund_amount: 0 },
      ...{ cancelled_at: null, completed_at: null, cancellation_reason: null },
    });
    expect(booking.facts).toMatchObject({ rates: { hourly_rate: 500 }, vehicle: { id: vehicle_id } });
    expect(booking.number.length).toBeLessThanOrEqual(20);
    for (const field of ['provider_id', 'customer_id', 'total_amount']) {
      const forged = await book(driver, space, inHours(30), inHours(31), {}, { [field]: driver.id });
      expect(forged).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    }
    const backwards = sql`update booking.bookings set ends_at = starts_at where id = ${booking.id}::uuid returning id`;
    await expect(asOwner(backwards)).rejects.toThrow('bookings_time_check');
  });

  test('a booking of Handie is never pending', async () => {
    const { id } = await booked(customer, await listed(owner, { city: 'Pune' }), inHours(24), inHours(26));
    const pending = sql`update booking.bookings set status = 'pending' where id = ${id}::uuid returning id`;
    await expect(asOwner(pending)).rejects.toThrow('bookings_status_fkey');
  });

  test('a week is 168 hours, by whatever rate it is sold and in whichever year it is', async () => {
    const space = await listed(owner, { city: 'Pune', weekly_rate: 20_000 });
    const booking = await booked(customer, space, inHours(350 * 24), inHours(350 * 24 + 168));
    expect((Date.parse(booking.ends_at) - Date.parse(booking.starts_at)) / 3_600_000).toBe(168);
    expect(booking.line_items).toMatchObject([{ quantity: 1, amount: 20_000 }]);
  });

  test('a thousand numbers are a thousand', async () => {
    const context = { marketplace: 'driveway', now: new Date() };
    const [row] = await asOwner(
      sql`select count(distinct number)::integer as numbers, max(length(number)) as longest from (
            select booking.next_number() as number
            from app.set_context(${context}::jsonb) as c, generate_series(1, 1000)) as drawn`,
    );
    expect(row.numbers).toBe(1000);
    expect(row.longest).toBeLessThanOrEqual(20);
  });

  test('of twenty requests for overlapping times one succeeds, and what lies beside it is free', async () => {
    const space = await listed(host);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => book(driver, space, inHours(24 + n / 40), inHours(26 + n / 40))),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.code ?? 'won'))).toEqual(new Set(['won', 'slot_taken']));
    expect((await book(driver, space, won[0]?.body.ends_at, inHours(29))).status).toBe(201);
  });

  test('the longest booking of the marketplace holds everywhere', async () => {
    const here = somewhere();
    const space = await listed(host, { location: here });
    const [from, longest, longer] = [inHours(24), inHours(24 + 100), inHours(24 + 101)];
    const vehicle_id = await carFor(driver, space, from, longest);
    const { id } = await booked(driver, await listed(host), from, inHours(26));
    await withSetting('driveway', 'max_booking_hours', 100, async () => {
      const codes = (answer: { body: { reasons: { code: string }[] } }) =>
        answer.body.reasons.map(({ code }) => code);
      const quote = (to: string) => driver.post(`${PATH}/${space.id}/quote`, { from, to, vehicle_id });
      expect([codes(await quote(longest)), codes(await quote(longer))]).toEqual([[], ['too_long']]);
      expect((await book(driver, space, from, longer)).body.code).toBe('too_long');
      expect(ids(await search('driveway', { ...here, from, to: longer }))).toEqual([]);
      expect(ids(await search('driveway', { ...here, from, to: longest }))).toEqual([space.id]);
      const why = new URLSearchParams({ ...here, from, to: longer } as never);
      expect(codes(await anonymous('driveway').get(`${PATH}/${space.id}/explanation?${why}`))).toEqual([
        'too_long',
      ]);
      const move = `/api/v1/parking/bookings/${id}`;
      expect(codes(await driver.post(`${move}/quote`, { to: longer }))).toEqual(['too_long']);
      expect((await driver.post(`${move}/extend`, { to: longer })).body.code).toBe('too_long');
      expect((await driver.post(`${move}/reschedule`, { from, to: longer })).body.code).toBe('too_long');
      expect((await book(driver, space, from, longest)).status).toBe(201);
    });
  });

  test('a cancelled booking keeps why, and its time can be booked again', async () => {
    const space = await listed(owner, { city: 'Pune', hourly_rate: 5_000 });
    const [from, to] = [inHours(48), inHours(50)];
    const booking = await booked(customer, space, from, to);
    const path = `/api/v1/bookings/${booking.id}`;
    const { refund_amount } = (await customer.get(`${path}/cancellation-quote`)).body;
    const { body } = await customer.post(`${path}/cancel`, { reason: 'My plans changed.' });
    expect(body).toMatchObject({ cancellation_reason: 'My plans changed.', refund_amount });
    expect((await book(customer, space, from, to)).status).toBe(201);
  });

  test('what is over stays over', async () => {
    const space = await listed(owner, { city: 'Pune' });
    const [done, missed, gone] = [
      await booked(customer, space, inHours(24), inHours(26)),
      await booked(customer, space, inHours(30), inHours(32)),
      await booked(customer, space, inHours(34), inHours(36)),
    ];
    await customer.post(`/api/v1/bookings/${gone.id}/cancel`);
    for (const status of ['in_progress', 'completed']) await stepped('handie', done, status);
    advanceClock(31.5 * 3_600);
    await stepped('handie', missed, 'no_show');
    const [later, keeper] = [await again(customer), await again(owner)];
    for (const { id } of [done, missed, gone]) {
      expect((await later.post(`/api/v1/bookings/${id}/cancel`)).status).toBe(409);
      expect((await keeper.post(`/api/v1/bookings/${id}/complete`)).status).toBe(409);
      expect((await keeper.post(`/api/v1/bookings/${id}/no-show`)).status).toBe(409);
    }
  });
});
