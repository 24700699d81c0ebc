import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { completed, events, reviewed } from './completed.ts';

let owner: Person;
let customer: Person;
let reader: Person;
let staff: Person;
beforeAll(async () => {
  owner = await signUp('handie', { roles: ['customer'] });
  customer = await signUp('handie', { roles: ['customer'] });
  reader = await signUp('handie', { roles: ['customer'] });
  staff = await signUpStaff('handie', 'admin');
});

const path = ({ id }: { id: string }) => `/api/v1/admin/reviews/${id}`;
const reports = ({ id }: { id: string }) => `/api/v1/reviews/${id}/reports`;
const decide = (review: { id: string }, changes: Record<string, unknown>, by = staff) =>
  by.patch(path(review), { reason: 'It names a number.', ...changes });
const queue = async (name: string): Promise<{ id: string; open_reports: number }[]> =>
  (await staff.get(`/api/v1/admin/reviews?queue=${name}&limit=100`)).body.items;
const inQueue = async (name: string, { id }: { id: string }) =>
  (await queue(name)).find(review => review.id === id);

/** Two open reviews of one space, 5 and 4 stars. */
async function rated() {
  const booking = await completed(customer, owner);
  const five = await reviewed(customer, booking, { rating: 5, review_text: 'Call me at 555 0101.' });
  const four = await reviewed(reader, await completed(reader, owner, booking.resource_id), { rating: 4 });
  const look = async () => {
    const [list, rating] = await Promise.all([
      anonymous('handie').get(`/api/v1/resources/${booking.resource_id}/reviews`),
      anonymous('handie').get(`/api/v1/resources/${booking.resource_id}/rating`),
    ]);
    const { rating: mean, review_count } = rating.body;
    return { ids: list.body.items.map(({ id }: { id: string }) => id), mean, review_count };
  };
  return { booking, five, four, look };
}

test('5 and 4 stars make 4.5 of two, and nothing of anything else', async () => {
  const { look, five, four } = await rated();
  const other = await completed(customer, owner);
  expect(await look()).toEqual({ ids: [four.id, five.id], mean: 4.5, review_count: 2 });
  const { body } = await anonymous('handie').get(`/api/v1/resources/${other.resource_id}/rating`);
  expect(body).toEqual({ rating: null, review_count: 0, counts: [0, 0, 0, 0, 0] });
});

test.each([{ is_published: false }, { is_flagged: true }])(
  'a review with %j is gone from list and rating, and comes back',
  async change => {
    const { look, five, four } = await rated();
    expect((await decide(four, change)).status).toBe(200);
    expect(await look()).toEqual({ ids: [five.id], mean: 5, review_count: 1 });
    expect(await inQueue('hidden', four)).toBeDefined();
    const mine = (await reader.get('/api/v1/users/me/reviews?direction=written')).body.items;
    expect(mine).toContainEqual(expect.objectContaining({ id: four.id, ...change }));
    await decide(four, { is_published: true, is_flagged: false });
    expect(await look()).toEqual({ ids: [four.id, five.id], mean: 4.5, review_count: 2 });
    expect(await events('reviews.opened', four.id)).toHaveLength(1);
  },
);

test('a flagged review tells its writer why', async () => {
  const { five } = await rated();
  const { body } = await decide(five, { is_flagged: true });
  expect(body).toMatchObject({ is_flagged: true, flagged_reason: 'It names a number.' });
  const again = await decide(five, { is_flagged: true, reason: 'Two numbers.' });
  expect(again.body.flagged_reason).toBe('Two numbers.');
  expect((await decide(five, { is_featured: true })).body.flagged_reason).toBe('Two numbers.');
  expect((await decide(five, { is_flagged: false })).body.flagged_reason).toBeNull();
});

test('what staff decide is audited, and told to the writer where it changes something', async () => {
  const { five } = await rated();
  await decide(five, { is_published: false });
  await decide(five, { is_published: false });
  const rows = await asOwner(
    sql`select user_id, old_values, new_values, metadata from app.audit_logs
        where action = 'reviews.moderated' and record_id = ${five.id}::text order by id`,
  );
  expect(rows).toMatchObject([
    {
      user_id: staff.id,
      old_values: { is_published: true },
      new_values: { is_published: false },
      metadata: { reason: 'It names a number.' },
    },
    { old_values: { is_published: false }, new_values: { is_published: false } },
  ]);
  expect((await events('reviews.moderated', five.id)).map(({ payload }) => payload.user_id)).toEqual([
    customer.id,
  ]);
});

test('a review that was reported stays until staff decide, which settles the reports', async () => {
  const { five, look } = await rated();
  const answer = await reader.post(reports(five), { reason: 'private_information', notes: 'A number.' });
  expect(answer).toMatchObject({
    status: 201,
    body: { review_id: five.id, reason: 'private_information', notes: 'A number.' },
  });
  await owner.post(reports(five), { reason: 'spam' });
  expect((await look()).review_count).toBe(2);
  expect(await inQueue('reported', five)).toMatchObject({ open_reports: 2 });
  await decide(five, {});
  expect(await inQueue('reported', five)).toBeUndefined();
  expect((await look()).review_count).toBe(2);
});

test('nobody reports a review twice, an own one, a hidden one, or one that there is not', async () => {
  const { five, four } = await rated();
  await reader.post(reports(five), { reason: 'spam' });
  expect(await reader.post(reports(five), { reason: 'false' })).toMatchObject({
    status: 409,
    body: { code: 'already_reported' },
  });
  expect(await customer.post(reports(five), { reason: 'spam' })).toMatchObject({
    status: 409,
    body: { code: 'own_review' },
  });
  await decide(four, { is_published: false });
  expect((await customer.post(reports(four), { reason: 'spam' })).status).toBe(404);
  expect((await customer.post(reports({ id: randomUUID() }), { reason: 'spam' })).status).toBe(404);
  const foreigner = await signUp('driveway', { roles: ['driver'] });
  expect((await foreigner.post(reports(five), { reason: 'spam' })).status).toBe(404);
  expect((await reader.post(reports(five), { reason: 'jealousy' })).status).toBe(400);
});

test('of ten reports that one person sends at once, one is taken', async () => {
  const { five } = await rated();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => reader.post(reports(five), { reason: 'spam' })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
});

test('visitors read the featured reviews and no others', async () => {
  const { five, four } = await rated();
  expect(await inQueue('candidates', five)).toBeDefined();
  expect(await inQueue('candidates', four)).toBeUndefined();
  await decide(five, { is_featured: true });
  const featured = async () =>
    (await anonymous('handie').get('/api/v1/reviews/featured?limit=100')).body.items as {
      id: string;
      is_featured: boolean;
    }[];
  expect((await featured()).map(({ id }) => id)).toContain(five.id);
  expect((await featured()).every(({ is_featured }) => is_featured)).toBe(true);
  expect(await inQueue('candidates', five)).toBeUndefined();
  expect(await inQueue('featured', five)).toBeDefined();
  const elsewhere = await anonymous('driveway').get('/api/v1/reviews/featured?limit=100');
  expect(elsewhere.text).not.toContain(five.id);
  await decide(five, { is_published: false });
  expect((await featured()).map(({ id }) => id)).not.toContain(five.id);
});

test('what a provider says of a customer is not featured', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const admin = await signUpStaff('driveway', 'admin');
  const theirs = await reviewed(host, await completed(driver, host));
  expect(await decide(theirs, { is_featured: true }, admin)).toMatchObject({
    status: 422,
    body: { code: 'not_featurable' },
  });
});

test('only who may moderate decides, and only in the own marketplace', async () => {
  const { five, look } = await rated();
  expect((await decide(five, { is_published: false }, reader)).status).toBe(403);
  expect((await reader.get('/api/v1/admin/reviews')).status).toBe(403);
  const elsewhere = await signUpStaff('driveway', 'admin');
  expect((await decide(five, { is_published: false }, elsewhere)).status).toBe(404);
  expect((await elsewhere.get('/api/v1/admin/reviews?queue=all&limit=100')).text).not.toContain(five.id);
  expect((await decide({ id: randomUUID() }, {})).status).toBe(404);
  expect((await look()).review_count).toBe(2);
});
