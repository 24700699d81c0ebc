import { beforeAll, expect, test } from 'vitest';
import { jpeg, upload } from '../identity/profile-files.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { type Person, signUp } from '../support/people.ts';
import { completed, events, review, reviewed } from './completed.ts';

let host: Person;
let driver: Person;
let stranger: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  stranger = await signUp('driveway', { roles: ['driver', 'host'] });
});

const path = ({ id }: { id: string }) => `/api/v1/reviews/${id}`;
const ratingOf = async ({ resource_id }: { resource_id: string }, marketplace = 'driveway') =>
  (await anonymous(marketplace).get(`/api/v1/resources/${resource_id}/rating`)).body;

/** A booking that both sides have reviewed. */
async function open(rating = 4) {
  const booking = await completed(driver, host);
  const mine = await reviewed(driver, booking, { rating, review_text: 'Easy to find.' });
  await reviewed(host, booking);
  return { booking, mine };
}

test('a blind review is changed by its writer; what is left out stays', async () => {
  const booking = await completed(driver, host);
  const mine = await reviewed(driver, booking, { rating: 2, review_text: 'Dark.', tags: ['Dark'] });
  const answer = await driver.patch(path(mine), { rating: 3 });
  expect(answer).toMatchObject({
    status: 200,
    body: { rating: 3, review_text: 'Dark.', tags: ['Dark'], opens_at: mine.opens_at },
  });
  const cleared = await driver.patch(path(mine), { review_text: null, tags: [] });
  expect(cleared.body).toMatchObject({ rating: 3, review_text: null, tags: [] });
});

test('its pictures are put in another order, and taken away', async () => {
  const photo = async () => (await upload(driver, jpeg(), { purpose: 'review_photo' })).body.id as string;
  const photo_ids = [await photo(), await photo()];
  const mine = await reviewed(driver, await completed(driver, host), { photo_ids });
  const turned = await driver.patch(path(mine), { photo_ids: photo_ids.toReversed() });
  expect(turned.body.photos.map(({ id }: { id: string }) => id)).toEqual(photo_ids.toReversed());
  expect((await driver.patch(path(mine), { photo_ids: [] })).body.photos).toEqual([]);
});

test('a review that the other side has read stays as it is', async () => {
  const { mine } = await open();
  expect(await driver.patch(path(mine), { rating: 1 })).toMatchObject({
    status: 409,
    body: { code: 'review_open' },
  });
});

test('nothing is changed once the window has closed', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const mine = await reviewed(driver, await completed(driver, host));
  advanceClock(7 * 86_400 + 1);
  expect(await (await again(driver)).patch(path(mine), { rating: 1 })).toMatchObject({
    status: 409,
    body: { code: 'window_closed' },
  });
});

test('where one side alone writes, the rating follows what it changes', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  const booking = await completed(customer, owner);
  const mine = await reviewed(customer, booking, { rating: 2 });
  await customer.patch(path(mine), { rating: 5 });
  expect(await ratingOf(booking, 'handie')).toEqual({
    rating: 5,
    review_count: 1,
    counts: [0, 0, 0, 0, 1],
  });
});

test('a review that its writer takes back is gone from list and rating, and there is no second one', async () => {
  const { booking, mine } = await open();
  expect((await ratingOf(booking)).review_count).toBe(1);
  expect((await driver.delete(path(mine))).status).toBe(204);
  expect(await ratingOf(booking)).toEqual({ rating: null, review_count: 0, counts: [0, 0, 0, 0, 0] });
  const { body } = await anonymous('driveway').get(`/api/v1/resources/${booking.resource_id}/reviews`);
  expect(body.items).toEqual([]);
  expect((await host.get(`/api/v1/bookings/${booking.id}/reviews`)).body.theirs).toBeNull();
  expect((await driver.delete(path(mine))).status).toBe(404);
  expect((await review(driver, booking)).body.code).toBe('already_reviewed');
});

test('of two who take it back at once one does, and it is counted off once', async () => {
  const { booking, mine } = await open();
  const answers = await Promise.all([driver.delete(path(mine)), driver.delete(path(mine))]);
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
  expect((await ratingOf(booking)).counts).toEqual([0, 0, 0, 0, 0]);
});

test('whom a review is about answers it for everybody to read, and takes the answer back', async () => {
  const { booking, mine } = await open();
  const answer = await host.put(`${path(mine)}/reply`, { reply: 'Come again!' });
  expect(answer).toMatchObject({ status: 200, body: { reply: 'Come again!' } });
  expect(answer.body.replied_at).not.toBeNull();
  const { body } = await anonymous('driveway').get(`/api/v1/resources/${booking.resource_id}/reviews`);
  expect(body.items).toMatchObject([{ reply: 'Come again!' }]);
  expect((await events('reviews.replied', mine.id)).map(({ payload }) => payload.user_id)).toEqual([
    driver.id,
  ]);
  const gone = await host.put(`${path(mine)}/reply`, { reply: null });
  expect(gone.body).toMatchObject({ reply: null, replied_at: null });
});

test('nobody else changes, takes back or answers a review', async () => {
  const { booking, mine } = await open();
  const foreigner = await signUp('handie', { roles: ['customer'] });
  for (const somebody of [host, stranger, foreigner]) {
    expect((await somebody.patch(path(mine), { rating: 1 })).status).toBe(404);
    expect((await somebody.delete(path(mine))).status).toBe(404);
  }
  for (const somebody of [driver, stranger, foreigner])
    expect((await somebody.put(`${path(mine)}/reply`, { reply: 'x' })).status).toBe(404);
  expect((await driver.get(`/api/v1/bookings/${booking.id}/reviews`)).body.mine).toMatchObject({
    rating: 4,
    reply: null,
  });
});
