import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';

const SETTINGS = '/api/v1/admin/settings';
const change = (staff: Person, key: string, value: unknown) => staff.put(`${SETTINGS}/${key}`, { value });

/** Sets a setting as staff do while something runs. */
async function changed<T>(staff: Person, key: string, value: unknown, work: () => Promise<T>): Promise<T> {
  const { items } = (await staff.get(SETTINGS)).body;
  const before = items.find((setting: { key: string }) => setting.key === key).value;
  const answer = await change(staff, key, value);
  expect(answer.status, answer.text).toBe(200);
  return work().finally(() => change(staff, key, before));
}

test('staff see every setting of their marketplace, and what each may be set to', async () => {
  const staff = await signUpStaff('driveway', 'admin');
  const { items } = (await staff.get(SETTINGS)).body;
  const file = marketplaces.find(({ slug }) => slug === 'driveway')?.settings ?? {};
  expect(items.map(({ key }: { key: string }) => key)).toEqual(Object.keys(file).sort());
  expect(items.find(({ key }: { key: string }) => key === 'max_booking_hours')).toMatchObject({
    type: 'number',
    is_public: true,
    allows: { minimum: 1, maximum: 8760 },
  });
});

test('anybody reads what is public, and nothing else', async () => {
  const { body, headers } = await anonymous('driveway').get('/api/v1/settings');
  const file = marketplaces.find(({ slug }) => slug === 'driveway')?.settings ?? {};
  const open = Object.entries(file).flatMap(([key, { is_public }]) => (is_public ? [key] : []));
  expect(body.items.map(({ key }: { key: string }) => key)).toEqual(open.sort());
  expect(open).toEqual(
    expect.arrayContaining([
      'maintenance_mode',
      'max_booking_hours',
      'supported_cities',
      'platform_fee_percentage',
    ]),
  );
  expect(headers['cache-control']).toBe('public, max-age=60');
});

test('a change holds from the next request on, in one marketplace, and is on record', async () => {
  const staff = await signUpStaff('driveway', 'admin');
  const host = await signUp('driveway', { roles: ['host'] });
  const list = (city: string) =>
    host.post('/api/v1/parking/spaces', {
      title: 'A place',
      address: '1 Main St',
      city,
      location: { latitude: 37.8, longitude: -122.27 },
      hourly_rate: 400,
    });
  expect((await list('Oakland')).body.code).toBe('city_not_supported');
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  await changed(staff, 'supported_cities', ['San Francisco', 'Oakland'], async () => {
    const { body: space } = await list('Oakland');
    const quote = () =>
      anonymous('driveway').post(`/api/v1/parking/spaces/${space.id}/quote`, { from: at(30), to: at(31) });
    expect((await quote()).body).toMatchObject({ subtotal_amount: 400, fee_amount: 60 });
    await changed(staff, 'platform_fee_percentage', 10, async () => {
      expect((await quote()).body).toMatchObject({ subtotal_amount: 400, fee_amount: 40 });
    });
  });
  expect((await list('Oakland')).body.code).toBe('city_not_supported');
  const [other] = await asOwner(
    sql`select value from app.settings where marketplace = 'handie' and key = 'supported_cities'`,
  );
  expect(other.value).toEqual([]);
  const log = await asOwner(
    sql`select record_id, old_values, new_values from app.audit_logs
        where user_id = ${staff.id}::uuid and action = 'admin.setting_changed' order by id limit 2`,
  );
  expect(log).toEqual([
    {
      record_id: 'supported_cities',
      old_values: { value: ['San Francisco'] },
      new_values: { value: ['San Francisco', 'Oakland'] },
    },
    { record_id: 'platform_fee_percentage', old_values: { value: 15 }, new_values: { value: 10 } },
  ]);
});

test.each([
  ['max_booking_hours', 'abc', 'wrong_type'],
  ['max_booking_hours', true, 'wrong_type'],
  ['max_booking_hours', -1, 'value_not_allowed'],
  ['platform_fee_percentage', 100.5, 'value_not_allowed'],
  ['wallet_topup_max', -5, 'value_not_allowed'],
  ['payout_interval', 'hourly', 'value_not_allowed'],
  ['supported_cities', { city: 'Oakland' }, 'value_not_allowed'],
  ['supported_cities', [94110], 'value_not_allowed'],
  ['invoice_issuer', ['Vicinity'], 'value_not_allowed'],
  ['vehicle_required', 'false', 'wrong_type'],
  // What money is counted by has no half.
  ['wallet_withdrawal_min', 0.5, 'value_not_allowed'],
  ['payout_fee_amount', 99.9, 'value_not_allowed'],
  ['payout_hold_days', 1.5, 'value_not_allowed'],
  ['payout_minimum_amount', 1e300, 'value_not_allowed'],
  ['invoice_tax', { basis_points: '18 %' }, 'value_not_allowed'],
  ['invoice_tax', { basis_points: 1800.5 }, 'value_not_allowed'],
  ['invoice_tax', { percent: 18 }, 'value_not_allowed'],
  ['invoice_issuer', { name: 'Vicinity', address: 'Market Street 1' }, 'value_not_allowed'],
  ['invoice_issuer', { name: 'Vicinity', address: [94110] }, 'value_not_allowed'],
])('%s is not set to %j', async (key, value, code) => {
  const staff = await signUpStaff('driveway', 'admin');
  const answer = await change(staff, key, value);
  expect(answer.status, answer.text).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field: 'value' }] });
});

test('a setting that there is not is not found, nor is one of another marketplace', async () => {
  const staff = await signUpStaff('handie', 'admin');
  expect((await change(staff, 'no_such_setting', 1)).status).toBe(404);
  expect((await change(staff, 'tesla_api_rate_limit', 1)).status).toBe(404);
  const host = await signUp('driveway', { roles: ['host'] });
  expect((await change(host, 'max_booking_hours', 1)).body.code).toBe('forbidden');
  expect((await host.get(SETTINGS)).body.code).toBe('forbidden');
});

test('staff add a flag, which apps and code read without a release', async () => {
  const staff = await signUpStaff('spacall', 'admin');
  const flag = {
    key: 'new_map',
    type: 'boolean',
    value: true,
    description: 'Shows the new map.',
    is_public: true,
  };
  const answer = await staff.post(SETTINGS, flag);
  expect(answer.status, answer.text).toBe(201);
  expect(answer.body).toMatchObject(flag);
  expect((await anonymous('spacall').get('/api/v1/settings')).body.items).toContainEqual({
    key: 'new_map',
    type: 'boolean',
    value: true,
    description: 'Shows the new map.',
  });
  expect((await staff.post(SETTINGS, flag)).body.code).toBe('setting_exists');
  expect((await staff.post(SETTINGS, { ...flag, key: 'new_list', value: 'yes' })).body.code).toBe(
    'wrong_type',
  );
  expect((await change(staff, 'new_map', false)).body.value).toBe(false);
});

test('there are a hundred settings at most, each small enough to be shown with the others', async () => {
  const staff = await signUpStaff('homigo', 'admin');
  const flag = (key: string, value: unknown) => ({ key, type: 'json', value, description: 'A list.' });
  const cities = Array.from({ length: 150 }, (_, n) => `A city of a rather long name, ${n}`);
  const large = await staff.post(SETTINGS, flag('cities', cities));
  expect(large).toMatchObject({ status: 400, body: { errors: [{ field: 'value' }] } });
  await asOwner(sql`
    insert into app.settings (marketplace, key, type, value, description)
    select 'homigo', 'filler_' || n, 'json', to_jsonb(repeat('x', 3990)), 'x' from generate_series(1, 99) as n
    where n <= 99 - (select count(*) from app.settings where marketplace = 'homigo') returning key`);
  const added = await Promise.all(
    ['one', 'two', 'three'].map(key => staff.post(SETTINGS, flag(`list_${key}`, ['x']))),
  );
  expect(added.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(added.find(({ status }) => status === 409)?.body.code).toBe('too_many_settings');
  expect((await staff.get(SETTINGS)).body.items).toHaveLength(100);
  await asOwner(
    sql`delete from app.settings where marketplace = 'homigo' and (key like 'filler_%' or key like 'list_%') returning key`,
  );
});

test('in maintenance a marketplace is closed to everybody but its staff', async () => {
  const [staff, person] = [
    await signUpStaff('recovery', 'admin'),
    await signUp('recovery', { roles: ['customer'] }),
  ];
  const guest = anonymous('recovery');
  const { body: kept } = await person.get('/api/v1/users/me');
  await changed(staff, 'maintenance_mode', true, async () => {
    const shut = await person.get('/api/v1/users/me');
    expect(shut).toMatchObject({ status: 503, body: { code: 'marketplace_closed' } });
    expect(shut.headers['retry-after']).toBe('300');
    expect((await person.put('/api/v1/users/me', { full_name: 'Somebody Else' })).status).toBe(503);
    expect((await guest.get('/api/v1/plans')).status).toBe(503);
    expect((await staff.get(`/api/v1/admin/users/${person.id}`)).status).toBe(200);
    // Who was taken for somebody else is told so, and not that we are closed.
    expect((await guest.get('/api/v1/users/me')).status).toBe(401);
    expect((await guest.get('/api/v1/health')).status).toBe(200);
    const { items } = (await guest.get('/api/v1/settings')).body;
    expect(items).toContainEqual(expect.objectContaining({ key: 'maintenance_mode', value: true }));
    expect(
      (await guest.post('/api/v1/auth/login', { email: 'nobody@example.com', password: 'wrong password' }))
        .status,
    ).toBe(401);
    expect((await guest.post('/api/v1/webhooks/stripe', {})).body.code).not.toBe('marketplace_closed');
    expect((await anonymous('driveway').get('/api/v1/plans')).status).toBe(200);
  });
  expect((await person.get('/api/v1/users/me')).body).toEqual(kept);
});
