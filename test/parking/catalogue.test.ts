import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { stepped } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { again, booked, inHours, listed } from './spaces.ts';

const MINE = '/api/v1/users/me/spaces';

test('a completed booking counts for its space, with what its owner earns by it', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  const space = await listed(owner, { city: 'Pune', hourly_rate: 10_000 });
  const bystander = await listed(owner, { city: 'Pune' });
  const booking = await booked(customer, space, inHours(24), inHours(26));
  await booked(customer, space, inHours(40), inHours(42));
  advanceClock(24.5 * 3600);
  await stepped('handie', booking, 'in_progress');
  const later = await again(owner);
  expect((await later.get(`${MINE}/${space.id}`)).body).toMatchObject({
    total_bookings: 0,
    total_earnings: 0,
  });
  await stepped('handie', booking, 'completed');
  expect((await later.get(`${MINE}/${space.id}`)).body).toMatchObject({
    total_bookings: 1,
    total_earnings: 20_000,
  });
  expect((await later.get(`${MINE}/${bystander.id}`)).body.total_bookings).toBe(0);
});

test('the fee is no earning of the owner’s', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host, { hourly_rate: 1_000 });
  const booking = await booked(driver, space, inHours(24), inHours(26));
  expect(booking.total_amount).toBe(2_300);
  advanceClock(24.5 * 3600);
  await stepped('driveway', booking, 'active');
  await stepped('driveway', booking, 'completed');
  const { body } = await (await again(host)).get(`${MINE}/${space.id}`);
  expect(body).toMatchObject({ total_bookings: 1, total_earnings: 2_000 });
});

test.each([
  ['vehicles', ['user_id', 'tesla_vehicle_id', 'vin']],
  ['spaces', ['owner_id', 'is_approved', 'rating', 'location', 'title_words']],
  ['space_photos', ['space_id', 'owner_id']],
])('the columns of %s that lists and searches begin with lead an index: %o', async (table, columns) => {
  const rows = await asOwner(
    sql`select distinct a.attname as name
        from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = ('parking.' || ${table}::text)::regclass`,
  );
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(columns));
});

test('what a search walks holds listed spaces only, and titles have an English index', async () => {
  const rows: { name: string; definition: string }[] = await asOwner(
    sql`select indexname as name, indexdef as definition from pg_indexes where schemaname = 'parking'`,
  );
  const of = (name: string) => rows.find(row => row.name === name)?.definition ?? '';
  expect(of('spaces_location_idx')).toContain('USING gist (location)');
  for (const condition of ['listing_status', 'approval_status', 'deleted_at IS NULL']) {
    expect(of('spaces_location_idx')).toContain(condition);
  }
  expect(of('spaces_title_search_idx')).toContain('USING gin (title_words)');
});

test('status and flag of an approval never disagree', async () => {
  const owner = await signUp('driveway', { roles: ['host'] });
  const space = await listed(owner);
  for (const status of ['pending', 'approved']) {
    const [row] = await asOwner(
      sql`update parking.spaces set approval_status = ${status}::text where id = ${space.id}::uuid returning is_approved`,
    );
    expect(row.is_approved).toBe(status === 'approved');
  }
  const direct = sql`update parking.spaces set is_approved = false where id = ${space.id}::uuid returning id`;
  await expect(asOwner(direct)).rejects.toThrow();
  const draft = sql`update parking.spaces set listing_status = 'draft' where id = ${space.id}::uuid returning id`;
  await expect(asOwner(draft)).rejects.toThrow('spaces_listing_status_check');
});
