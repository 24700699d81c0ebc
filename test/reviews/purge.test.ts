import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { completed, reviewed } from './completed.ts';

/** Deletes the account and purges it, 91 days later. */
async function purge(person: Person): Promise<void> {
  await person.send('DELETE', '/api/v1/users/me', { password: person.password });
  const context = { marketplace: person.marketplace, now: new Date(Date.now() + 91 * 86_400_000) };
  const [row] = await asOwner(
    sql`select privacy.purge(${person.id}::uuid) as done from app.set_context(${context}::jsonb)`,
  );
  expect(row.done).toBe(true);
}

test('a purge takes out what the person wrote, and leaves the stars and what others wrote', async () => {
  const host = await signUpWithPassword('driveway', { roles: ['host'] });
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  const booking = await completed(driver, host);
  const photo = (await upload(driver, jpeg(), { purpose: 'review_photo' })).body.id;
  const words = { review_text: 'My own words.', tags: ['Mine'], photo_ids: [photo] };
  const mine = await reviewed(driver, booking, { rating: 4, ...words });
  const theirs = await reviewed(host, booking, { rating: 2, review_text: 'Of the host.' });
  await driver.put(`/api/v1/reviews/${theirs.id}/reply`, { reply: 'My own answer.' });
  await host.put(`/api/v1/reviews/${mine.id}/reply`, { reply: 'The host’s answer.' });

  await purge(driver);

  const rows = await asOwner(
    sql`select r.rating, r.review_text, to_jsonb(r.tags) as tags, r.reply,
               (select count(*)::integer from reviews.photos p where p.review_id = r.id) as photos
        from reviews.reviews r where r.booking_id = ${booking.id}::uuid order by r.reviewer_type`,
  );
  expect(rows).toEqual([
    { rating: 4, review_text: null, tags: [], reply: 'The host’s answer.', photos: 0 },
    { rating: 2, review_text: 'Of the host.', tags: [], reply: null, photos: 0 },
  ]);
  const { body } = await host.get(`/api/v1/users/${host.id}/rating`);
  expect(body.as_provider).toMatchObject({ rating: 4, review_count: 1 });
  const left = await asOwner(
    sql`select 1 from reviews.person_ratings where person_id = ${driver.id}::uuid
        union all select 1 from reviews.windows where ${driver.id}::uuid in (customer_id, provider_id)`,
  );
  expect(left).toEqual([]);
});
