import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { jpeg, upload } from '../identity/profile-files.ts';
import { anonymous } from '../support/client.ts';
import { type Person, signUp } from '../support/people.ts';
import { book, booked, inHours, listed } from './spaces.ts';

const PATH = '/api/v1/parking/spaces';
const MINE = '/api/v1/users/me/spaces';

let host: Person;
let driver: Person;
let stranger: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  stranger = await signUp('driveway', { roles: ['host'] });
});

const look = (space: { id: string }, marketplace = 'driveway') =>
  anonymous(marketplace).get(`${PATH}/${space.id}`);

describe('an owner', () => {
  test('lists their spaces, newest first, page by page, and nobody else’s', async () => {
    const owner = await signUp('driveway', { roles: ['host'] });
    const spaces = [await listed(owner), await listed(owner), await listed(owner)];
    const first = (await owner.get(`${MINE}?limit=2`)).body;
    const second = (await owner.get(`${MINE}?limit=2&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(
      spaces.map(({ id }) => id).reverse(),
    );
    expect(second.next_cursor).toBeNull();
    expect((await stranger.get(MINE)).text).not.toContain(spaces[0].id);
    expect((await anonymous('driveway').get(MINE)).status).toBe(401);
  });

  test('changes what they name, and the rest stays', async () => {
    const space = await listed(host, { description: 'Level.', access_instructions: 'Ring twice.' });
    const bystander = (await look(await listed(host))).body;
    const change = {
      hourly_rate: 700,
      daily_rate: 5000,
      amenities: ['toilet'],
      special_instructions: 'By the wall.',
    };
    const answer = await host.patch(`${PATH}/${space.id}`, change);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      hourly_rate: 700,
      daily_rate: 5000,
      description: 'Level.',
      amenities: ['toilet'],
    });
    expect(answer.body.title).toBe(space.title);
    expect((await host.get(`${PATH}/${space.id}/instructions`)).body).toEqual({
      access_instructions: 'Ring twice.',
      special_instructions: 'By the wall.',
    });
    expect((await look(bystander)).body).toEqual(bystander);
    const moved = await host.patch(`${PATH}/${space.id}`, {
      location: { latitude: 37.75, longitude: -122.42 },
    });
    expect(moved.body.location).toEqual({ latitude: 37.75, longitude: -122.42 });
  });

  test.each([
    ['city_not_supported', 'city', { city: 'Oakland' }],
    ['height_required', 'max_vehicle_height_cm', { is_covered: true }],
    ['hours_out_of_order', 'maximum_booking_hours', { maximum_booking_hours: 1, minimum_booking_hours: 2 }],
    [
      'too_long_at_least',
      'minimum_booking_hours',
      { minimum_booking_hours: 169, maximum_booking_hours: 300 },
    ],
    ['connector_without_charging', 'charging_connector_type', { charging_connector_type: 'tesla' }],
  ])('is refused with %s, by name', async (code, field, change) => {
    const answer = await host.patch(`${PATH}/${(await listed(host)).id}`, change);
    expect(answer).toMatchObject({ status: 422, body: { code, errors: [{ field }] } });
  });

  test.each(['suspended', 'deleted', null])('cannot set the status %s', async listing_status => {
    const answer = await host.patch(`${PATH}/${(await listed(host)).id}`, { listing_status });
    expect(answer.status).toBe(400);
  });

  test('pauses a space: it is neither found nor booked, and comes back', async () => {
    const space = await listed(host);
    const kept = await booked(driver, space, inHours(24), inHours(26));
    await host.patch(`${PATH}/${space.id}`, { listing_status: 'inactive' });
    expect((await look(space)).status).toBe(404);
    expect((await book(driver, space, inHours(30), inHours(32))).body.code).toBe('space_paused');
    expect((await host.get(`${MINE}/${space.id}`)).body.listing_status).toBe('inactive');
    expect((await host.get(`${MINE}?listing_status=inactive&limit=100`)).text).toContain(space.id);
    expect((await driver.get(`/api/v1/bookings/${kept.id}`)).body.status).toBe('confirmed');
    await host.patch(`${PATH}/${space.id}`, { listing_status: 'active' });
    expect((await look(space)).status).toBe(200);
    expect((await book(driver, space, inHours(30), inHours(32))).status).toBe(201);
  });

  test('deletes a space once nobody has it booked, and may use its reference again', async () => {
    const external_ref = randomUUID();
    const space = await listed(host, { external_ref });
    const booking = await booked(driver, space, inHours(24), inHours(26));
    const refused = await host.delete(`${PATH}/${space.id}`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'space_booked' } });
    await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
    expect((await host.delete(`${PATH}/${space.id}`)).status).toBe(204);
    expect((await look(space)).status).toBe(404);
    expect((await host.get(`${MINE}/${space.id}`)).status).toBe(404);
    expect((await host.patch(`${PATH}/${space.id}`, { listing_status: 'active' })).status).toBe(404);
    expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.resource_name).toBe(space.title);
    await listed(host, { external_ref });
  });

  test('and a driver who are equally fast leave a booking or a deleted space, never both', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const space = await listed(host);
      const [deleted, taken] = await Promise.all([
        host.delete(`${PATH}/${space.id}`),
        book(driver, space, inHours(24), inHours(26)),
      ]);
      expect([deleted.status === 204, taken.status === 201].filter(Boolean)).toHaveLength(1);
    }
  });

  test('is the only one who does any of it', async () => {
    const space = await listed(host);
    const elsewhere = await signUp('handie', { roles: ['customer'] });
    for (const somebody of [stranger, elsewhere]) {
      expect((await somebody.get(`${MINE}/${space.id}`)).status).toBe(404);
      expect((await somebody.patch(`${PATH}/${space.id}`, { hourly_rate: 1 })).status).toBe(404);
      expect((await somebody.delete(`${PATH}/${space.id}`)).status).toBe(404);
      expect((await somebody.put(`${PATH}/${space.id}/photos`, { photos: [] })).status).toBe(404);
    }
    expect((await driver.patch(`${PATH}/${space.id}`, { hourly_rate: 1 })).body.code).toBe('forbidden');
    expect((await look(space)).body.hourly_rate).toBe(space.hourly_rate);
  });
});

describe('photographs', () => {
  const photoOf = async (person: Person, purpose = 'space_photo') =>
    (await upload(person, jpeg(), { purpose })).body.id as string;

  test('come in the order in which they were named, to everybody, by URLs that work', async () => {
    const space = await listed(host);
    const ids = [await photoOf(host), await photoOf(host), await photoOf(host)];
    const put = (order: string[]) =>
      host.put(`${PATH}/${space.id}/photos`, {
        photos: order.map(id => ({ upload_id: id, caption: `Of ${id}` })),
      });
    const seen = async () =>
      (await look(space)).body.photos.map((photo: { upload_id: string }) => photo.upload_id);
    expect((await put(ids)).body.photos).toHaveLength(3);
    expect(await seen()).toEqual(ids);
    const reordered = [ids[2], ids[0], ids[1]] as string[];
    await put(reordered);
    expect(await seen()).toEqual(reordered);
    const { photos } = (await look(space)).body;
    expect(photos[0].caption).toBe(`Of ${ids[2]}`);
    expect((await fetch(photos[0].url)).status).toBe(200);
    const found = await anonymous('driveway').get(
      `${PATH}?latitude=${space.location.latitude}&longitude=${space.location.longitude}`,
    );
    expect((await fetch(found.body.items[0].photo_url)).status).toBe(200);
    await put([]);
    expect(await seen()).toEqual([]);
  });

  test('are stored photos of the owner’s, each named once', async () => {
    const space = await listed(host);
    const mine = await photoOf(host);
    const announced = await host.post('/api/v1/users/me/uploads', {
      purpose: 'space_photo',
      content_type: 'image/jpeg',
      size: 64,
    });
    for (const upload_id of [
      await photoOf(stranger),
      await photoOf(host, 'profile_photo'),
      announced.body.upload_id,
      randomUUID(),
    ]) {
      const answer = await host.put(`${PATH}/${space.id}/photos`, {
        photos: [{ upload_id: mine }, { upload_id }],
      });
      expect(answer).toMatchObject({ status: 422, body: { code: 'upload_not_usable' } });
    }
    const twice = { photos: [{ upload_id: mine }, { upload_id: mine }] };
    expect((await host.put(`${PATH}/${space.id}/photos`, twice)).status).toBe(400);
    expect((await look(space)).body.photos).toEqual([]);
  });
});
