import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { countTrips } from '../identity/accounts.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { complete, completed, events, placed, review, reviewed } from './completed.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'], full_name: 'Ravi Menon' });
});

const photo = async (person: Person, purpose = 'review_photo') =>
  (await upload(person, jpeg(), { purpose })).body.id as string;

test('each side of a completed booking reviews the other', async () => {
  const booking = await completed(driver, host);
  const first = await review(driver, booking, { rating: 4, review_text: 'Easy to find.', tags: ['On time'] });
  expect(first).toMatchObject({
    status: 201,
    body: {
      booking_id: booking.id,
      resource_id: booking.resource_id,
      reviewer_id: driver.id,
      reviewee_id: host.id,
      reviewer_type: 'customer',
      review_type: 'driver_to_host',
      rating: 4,
      review_text: 'Easy to find.',
      tags: ['On time'],
      is_verified: true,
      is_published: true,
      is_flagged: false,
      reviewer_name: 'Ravi',
    },
  });
  const second = await review(host, booking, { review_type: 'host_to_driver' });
  expect(second).toMatchObject({
    status: 201,
    body: { reviewee_id: driver.id, review_type: 'host_to_driver', review_text: null, is_verified: false },
  });
});

test('pictures are shown in their order, by URLs that work', async () => {
  const photo_ids = [await photo(driver), await photo(driver)];
  const { photos } = await reviewed(driver, await completed(driver, host), { photo_ids });
  expect(photos.map(({ id }: { id: string }) => id)).toEqual(photo_ids);
  expect((await fetch(photos[0].url)).status).toBe(200);
});

test.each([0, 6, 4.5, '5', null, undefined])('%j stars are refused', async rating => {
  const answer = await review(driver, { id: randomUUID() }, { rating });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'rating' }] } });
});

test('the database takes one to five stars, and no kind of review that its marketplace does not know', async () => {
  const { id } = await reviewed(driver, await completed(driver, host));
  await expect(
    asOwner(sql`update reviews.reviews set rating = 6 where id = ${id}::uuid returning id`),
  ).rejects.toThrow('reviews_rating_check');
  await expect(
    asOwner(sql`update reviews.reviews set review_type = 'other' where id = ${id}::uuid returning id`),
  ).rejects.toThrow('reviews_review_type_fkey');
});

test('a booking that is not completed is not reviewed', async () => {
  const booking = await placed(driver, host);
  expect(await review(driver, booking)).toMatchObject({ status: 409, body: { code: 'not_completed' } });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
  expect(await review(host, booking)).toMatchObject({ status: 409, body: { code: 'not_completed' } });
});

test('a review is written in the seven days after the booking was completed', async () => {
  // People of their own: whoever has called from the future has used up the calls of the present.
  const [host, driver] = await Promise.all([
    signUp('driveway', { roles: ['host'] }),
    signUp('driveway', { roles: ['driver'] }),
  ]);
  const booking = await completed(driver, host);
  advanceClock(7 * 86_400 - 60);
  expect((await review(await again(driver), booking)).status).toBe(201);
  advanceClock(61);
  expect(await review(await again(host), booking)).toMatchObject({
    status: 409,
    body: { code: 'window_closed' },
  });
});

test('nobody writes the review of the other side', async () => {
  const booking = await completed(driver, host);
  const answer = await review(driver, booking, { review_type: 'host_to_driver' });
  expect(answer).toMatchObject({ status: 422, body: { code: 'wrong_review_type' } });
  expect(await review(driver, booking, { review_type: 'other' })).toMatchObject({ status: 422 });
});

test('each side writes one, and a second one is refused', async () => {
  const booking = await completed(driver, host);
  await reviewed(driver, booking);
  expect(await review(driver, booking, { rating: 1 })).toMatchObject({
    status: 409,
    body: { code: 'already_reviewed' },
  });
});

test('of ten reviews that one side writes at once, one is taken', async () => {
  const booking = await completed(driver, host);
  const answers = await Promise.all(Array.from({ length: 10 }, () => review(driver, booking)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
  expect(await events('reviews.written', booking.id)).toHaveLength(1);
});

test('when both sides write at once both reviews open, each is announced once and counts once', async () => {
  const booking = await completed(driver, host);
  const answers = await Promise.all([review(driver, booking), review(host, booking)]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  const announced = await events('reviews.opened', booking.id);
  expect(announced.map(({ payload }) => payload.user_id).sort()).toEqual([driver.id, host.id].sort());
  const { body } = await host.get(`/api/v1/resources/${booking.resource_id}/rating`);
  expect(body).toEqual({ rating: 5, review_count: 1, counts: [0, 0, 0, 0, 1] });
});

test('a repeated idempotency key writes once and answers the same', async () => {
  const booking = await completed(driver, host);
  const headers = { 'idempotency-key': randomUUID() };
  const content = { photo_ids: [await photo(driver)] };
  const first = await review(driver, booking, content, headers);
  const second = await review(driver, booking, content, headers);
  const facts = ({ photos: _, ...rest }: Record<string, unknown>) => rest;
  expect(second.status).toBe(201);
  expect(facts(second.body)).toEqual(facts(first.body));
  expect(second.body.photos[0].id).toBe(content.photo_ids[0]);
});

test('only stored pictures of the writer’s own are taken, each in one review', async () => {
  const booking = await completed(driver, host);
  for (const wrong of [await photo(host), await photo(driver, 'profile_photo'), randomUUID()])
    expect(await review(driver, booking, { photo_ids: [wrong] })).toMatchObject({
      status: 422,
      body: { code: 'upload_not_usable', errors: [{ field: 'photo_ids' }] },
    });
  const used = await photo(driver);
  await reviewed(driver, await completed(driver, host), { photo_ids: [used] });
  expect(await review(driver, booking, { photo_ids: [used] })).toMatchObject({
    status: 422,
    body: { code: 'photo_used' },
  });
});

test('nobody else reviews a booking', async () => {
  const booking = await completed(driver, host);
  const stranger = await signUp('driveway', { roles: ['driver', 'host'] });
  const foreigner = await signUp('handie', { roles: ['customer'] });
  expect((await review(stranger, booking)).status).toBe(404);
  expect((await review(foreigner, booking)).status).toBe(404);
  expect((await review(driver, { id: randomUUID() })).body.code).toBe('not_found');
  const answer = await anonymous('driveway').post(`/api/v1/bookings/${booking.id}/reviews`, { rating: 5 });
  expect(answer.status).toBe(401);
});

test('where one side alone writes, its review opens at once and the other has nothing to write', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  const booking = await completed(customer, owner);
  await reviewed(customer, booking, { rating: 4 });
  const { body } = await anonymous('handie').get(`/api/v1/resources/${booking.resource_id}/reviews`);
  expect(body.items).toMatchObject([{ rating: 4, review_type: 'customer_to_space', is_verified: true }]);
  expect(await review(owner, booking)).toMatchObject({ status: 409, body: { code: 'nothing_to_review' } });
});

test('a completed booking opens one window, however often its step is told', async () => {
  const booking = await placed(driver, host);
  await complete(booking, host);
  const context = { marketplace: 'driveway', now: new Date() };
  await asOwner(sql`select reviews.open_window(${booking.id}::uuid) from app.set_context(${context}::jsonb)`);
  const rows = await asOwner(
    sql`select closes_at from reviews.windows where booking_id = ${booking.id}::uuid`,
  );
  expect(rows).toHaveLength(1);
});

test('writing costs one trip', async () => {
  const booking = await completed(driver, host);
  expect(await countTrips(() => review(driver, booking))).toEqual([1]);
});
