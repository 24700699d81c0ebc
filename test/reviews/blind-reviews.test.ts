import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { completed, events, reviewed } from './completed.ts';

const WEEK = 7 * 86_400;

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const of = (booking: { id: string }) => `/api/v1/bookings/${booking.id}/reviews`;
const listed = async ({ resource_id }: { resource_id: string }) =>
  (await anonymous('driveway').get(`/api/v1/resources/${resource_id}/reviews`)).body.items;
const ratingOf = async ({ resource_id }: { resource_id: string }) =>
  (await anonymous('driveway').get(`/api/v1/resources/${resource_id}/rating`)).body;

test('the other side learns nothing of a review before it has written its own', async () => {
  const booking = await completed(driver, host);
  const mine = await reviewed(driver, booking, { rating: 2, review_text: 'A blind word.' });

  const seen = await host.get(of(booking));
  expect(seen.body).toMatchObject({
    review_type: 'host_to_driver',
    can_review: true,
    mine: null,
    theirs: null,
  });
  expect((await host.get('/api/v1/users/me/reviews')).text).not.toContain('A blind word.');
  expect((await host.get(`/api/v1/users/${host.id}/reviews`)).text).not.toContain('A blind word.');
  expect(await listed(booking)).toEqual([]);
  expect((await ratingOf(booking)).review_count).toBe(0);
  const reply = await host.put(`/api/v1/reviews/${mine.id}/reply`, { reply: 'Never!' });
  expect(reply.status).toBe(404);
  const report = await host.post(`/api/v1/reviews/${mine.id}/reports`, { reason: 'false' });
  expect(report.status).toBe(404);
  expect(await events('reviews.opened', booking.id)).toEqual([]);

  const own = await driver.get(of(booking));
  expect(own.body).toMatchObject({ can_review: false, mine: { id: mine.id, rating: 2 }, theirs: null });
});

test('both reviews open when the second one is written', async () => {
  const booking = await completed(driver, host);
  const bystander = await completed(driver, host, booking.resource_id);
  await reviewed(driver, bystander, { rating: 1 });
  await reviewed(driver, booking, { rating: 4 });
  await reviewed(host, booking, { rating: 3 });
  expect(await listed(booking)).toMatchObject([{ rating: 4 }]);
  expect(await ratingOf(booking)).toEqual({ rating: 4, review_count: 1, counts: [0, 0, 0, 1, 0] });
  expect((await driver.get(of(booking))).body).toMatchObject({
    mine: { rating: 4 },
    theirs: { rating: 3 },
    can_review: false,
  });
});

test('a review that stays alone is read after seven days, at once and without any run', async () => {
  const booking = await completed(driver, host);
  await reviewed(driver, booking, { rating: 4 });
  advanceClock(WEEK - 60);
  expect(await listed(booking)).toEqual([]);
  advanceClock(61);
  expect(await listed(booking)).toMatchObject([{ rating: 4 }]);
  expect((await (await again(host)).get(of(booking))).body).toMatchObject({
    can_review: false,
    theirs: { rating: 4 },
  });
});

test('the clock counts and announces such a review once', async () => {
  const booking = await completed(driver, host);
  await reviewed(host, booking, { rating: 2 });
  advanceClock(WEEK - 60);
  await runSchedule('sweep-timers');
  expect(await events('reviews.opened', booking.id)).toEqual([]);
  advanceClock(61);
  await runSchedule('sweep-timers');
  await runSchedule('sweep-timers');
  expect((await events('reviews.opened', booking.id)).map(({ payload }) => payload.user_id)).toEqual([
    driver.id,
  ]);
  const { body } = await (await again(host)).get(`/api/v1/users/${driver.id}/rating`);
  expect(body.as_customer.counts[1]).toBeGreaterThanOrEqual(1);
});

test('a clock that is told twice counts once', async () => {
  const booking = await completed(driver, host);
  await reviewed(driver, booking, { rating: 3 });
  advanceClock(WEEK + 1);
  const context = { marketplace: 'driveway', now: new Date() };
  const tell = () =>
    asOwner(sql`select reviews.open_all(${booking.id}::uuid) from app.set_context(${context}::jsonb)`);
  await Promise.all([tell(), tell()]);
  await tell();
  expect(await ratingOf(booking)).toEqual({ rating: 3, review_count: 1, counts: [0, 0, 1, 0, 0] });
});

test('nobody’s export opens what is still blind', async () => {
  const booking = await completed(driver, host);
  await reviewed(driver, booking, { rating: 1, review_text: 'A blind word.', tags: ['Blind'] });
  const read = async (person: Person): Promise<Record<string, unknown>> => {
    const rows = await asOwner(
      sql`select held from privacy.read_rows(${person.id}::uuid, 'reviews.reviews', 0, 10000)`,
    );
    return rows.map(row => row.held).find(held => held.booking_id === booking.id);
  };
  expect(await read(driver)).toMatchObject({ rating: 1, review_text: 'A blind word.', tags: ['Blind'] });
  expect(await read(host)).toMatchObject({ rating: null, review_text: null, tags: null });
});
