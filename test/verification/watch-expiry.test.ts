import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { handIn } from './evidence.ts';

let store: Person;
let admin: Person;
beforeEach(async () => {
  store = await signUp('spacall', { roles: ['store_owner'] });
  admin ??= await signUpStaff('spacall', 'admin');
});

async function verified(person: Person, type: string): Promise<string> {
  const { body } = await handIn(person, type);
  await admin.post(`/api/v1/admin/documents/${body.id}/review`, { decision: 'verified' });
  return body.id;
}

/** Lets a document end so many days from today, in the marketplace's zone. */
const endIn = (id: string, days: number) =>
  asOwner(
    sql`update verification.documents
        set expires_on = (now() at time zone 'Asia/Manila')::date + ${days}::integer where id = ${id}::uuid returning id`,
  );

const run = () => runSchedule('watch-expiry', { marketplace: 'spacall' });
const eventsOf = async (person: Person, type: string) =>
  (
    await asOwner(
      sql`select payload from app.outbox
          where type = ${type}::text and payload ->> 'user_id' = ${person.id}::text order by id`,
    )
  ).map(({ payload }) => payload);
const mine = async (person: Person) => (await person.get('/api/v1/users/me/verification')).body;

test('a person is warned 30, 7 and 1 days before a document runs out, each time once', async () => {
  const id = await verified(store, 'government_id');
  for (const [days, warnings] of [
    [31, 0],
    [30, 1],
    [29, 1],
    [8, 1],
    [7, 2],
    [2, 2],
    [1, 3],
    [0, 3],
  ] as const) {
    await endIn(id, days);
    await run();
    await run();
    expect(await eventsOf(store, 'verification.document_expiring'), `${days} days`).toHaveLength(warnings);
  }
  const [first] = await eventsOf(store, 'verification.document_expiring');
  expect(first).toMatchObject({ document_id: id, type: 'government_id', days_left: 30 });
});

test('days without a run are made up for by one warning', async () => {
  await endIn(await verified(store, 'government_id'), 6);
  await run();
  expect(await eventsOf(store, 'verification.document_expiring')).toHaveLength(1);
});

test('the standing ends with the document, and eligibility before anything has run', async () => {
  const id = await verified(store, 'government_id');
  await verified(store, 'business_registration');
  expect((await mine(store)).standing).toBe('verified');
  const isEligible = async () => {
    const [row] = await asOwner(
      sql`select verification.is_eligible(${store.id}::uuid) as eligible
          from (select set_config('app.marketplace', 'spacall', true)) as context`,
    );
    return row.eligible;
  };
  await endIn(id, 0);
  expect(await isEligible()).toBe(true);
  await endIn(id, -1);
  expect(await isEligible()).toBe(false);
  expect(await mine(store)).toMatchObject({ standing: 'verified', missing_documents: ['government_id'] });
  await run();
  await run();
  expect(await mine(store)).toMatchObject({ standing: 'pending', missing_documents: ['government_id'] });
  expect(await eventsOf(store, 'verification.document_expired')).toHaveLength(1);
  const documents = (await store.get('/api/v1/users/me/documents')).body.items;
  expect(documents.find((document: { id: string }) => document.id === id)).toMatchObject({
    status: 'verified',
    is_expired: true,
  });
});

test('who has renewed in time is neither warned nor taken back', async () => {
  const old = await verified(store, 'government_id');
  await endIn(old, 20);
  await endIn(await verified(store, 'government_id'), 400);
  await verified(store, 'business_registration');
  await run();
  await endIn(old, -1);
  await run();
  expect(await eventsOf(store, 'verification.document_expiring')).toEqual([]);
  expect(await eventsOf(store, 'verification.document_expired')).toEqual([]);
  expect((await mine(store)).standing).toBe('verified');
});

test('a run in one marketplace leaves the others alone', async () => {
  const expert = await signUp('handie', { roles: ['expert'] });
  const reviewer = await signUpStaff('handie', 'admin');
  const { body } = await handIn(expert, 'government_id');
  await reviewer.post(`/api/v1/admin/documents/${body.id}/review`, { decision: 'verified' });
  await endIn(body.id, 5);
  await run();
  expect(await eventsOf(expert, 'verification.document_expiring')).toEqual([]);
});
