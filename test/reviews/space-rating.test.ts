import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { completed, reviewed } from './completed.ts';

const ratingOf = async ({ id }: { id: string }) => {
  const [row] = await asOwner(sql`select rating, review_count from parking.spaces where id = ${id}::uuid`);
  return row;
};

/** A space and the reviews of it that both sides have opened. */
async function rated(stars: readonly number[]) {
  const host = await signUp('driveway', { roles: ['host'] });
  const space = await listed(host);
  const guests = await Promise.all(stars.map(() => signUp('driveway', { roles: ['driver'] })));
  const bookings = [];
  for (const guest of guests) bookings.push(await completed(guest, host, space.id));
  return { host, space, guests, bookings };
}

test('a space shows the rating of its reviews, and no other space does', async () => {
  const { host, space, guests, bookings } = await rated([5, 4]);
  const bystander = await listed(host);
  for (const [index, rating] of [5, 4].entries()) {
    await reviewed(guests[index] as Person, bookings[index] as { id: string }, { rating });
    await reviewed(host, bookings[index] as { id: string });
  }
  expect(await ratingOf(space)).toEqual({ rating: 4.5, review_count: 2 });
  expect(await ratingOf(bystander)).toMatchObject({ review_count: 0 });
  const { body } = await anonymous('driveway').get(`/api/v1/parking/spaces/${space.id}`);
  expect(body.rating).toBe(4.5);
});

test('a review that staff unpublish stops counting for its space', async () => {
  const { host, space, guests, bookings } = await rated([1]);
  const mine = await reviewed(guests[0] as Person, bookings[0] as { id: string }, { rating: 1 });
  await reviewed(host, bookings[0] as { id: string });
  expect(await ratingOf(space)).toEqual({ rating: 1, review_count: 1 });
  const staff = await signUpStaff('driveway', 'admin');
  await staff.patch(`/api/v1/admin/reviews/${mine.id}`, { is_published: false, reason: 'Revenge.' });
  expect(await ratingOf(space)).toMatchObject({ review_count: 0 });
});

test('of many who review one space at once all count', async () => {
  const stars = [1, 2, 3, 4, 5, 5, 4, 3];
  const { host, space, guests, bookings } = await rated(stars);
  for (const booking of bookings) await reviewed(host, booking);
  const answers = await Promise.all(
    stars.map((rating, index) =>
      (guests[index] as Person).post(`/api/v1/bookings/${bookings[index]?.id}/reviews`, { rating }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(stars.map(() => 201));
  expect(await ratingOf(space)).toEqual({ rating: 3.38, review_count: 8 });
  const { body } = await anonymous('driveway').get(`/api/v1/resources/${space.id}/rating`);
  expect(body).toEqual({ rating: 3.38, review_count: 8, counts: [1, 1, 2, 2, 2] });
});
