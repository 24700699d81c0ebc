import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';

const PATH = '/api/v1/users/me/consents';
const answer = (is_given: boolean, version = '2026-11') => ({ purpose: 'marketing', version, is_given });

test('a consent is given and withdrawn, and each answer is kept', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  expect((await person.get(PATH)).body).toEqual({ items: [] });
  expect(await person.put(PATH, answer(true))).toMatchObject({
    status: 200,
    body: { purpose: 'marketing', version: '2026-11', is_given: true },
  });
  await person.put(PATH, answer(true));
  await person.put(PATH, answer(false));
  expect((await person.get(PATH)).body.items).toEqual([
    expect.objectContaining({ purpose: 'marketing', is_given: false }),
  ]);
  const kept = await asOwner(
    sql`select is_given, ip is not null as placed from privacy.consents where user_id = ${person.id}::uuid order by id`,
  );
  expect(kept).toEqual([
    { is_given: true, placed: true },
    { is_given: false, placed: true },
  ]);
  const audits = await asOwner(
    sql`select action, old_values, new_values from app.audit_logs
        where user_id = ${person.id}::uuid and category = 'privacy' order by id`,
  );
  expect(audits.map(({ action }) => action)).toEqual(['consent.given', 'consent.withdrawn']);
  expect(audits[1].old_values).toEqual({ version: '2026-11', is_given: true });
});

test('a new version of a text is a new answer', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  await person.put(PATH, answer(true));
  await person.put(PATH, answer(true, '2027-01'));
  expect((await person.get(PATH)).body.items).toEqual([expect.objectContaining({ version: '2027-01' })]);
});

test('nobody sees or changes the consents of another person, and nobody rewrites one', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  const stranger = await signUp('homigo', { roles: ['tenant'] });
  await person.put(PATH, answer(true));
  expect((await stranger.get(PATH)).body.items).toEqual([]);
  await stranger.put(PATH, answer(false));
  expect((await person.get(PATH)).body.items[0].is_given).toBe(true);
  await expect(
    asOwner(
      sql`update privacy.consents set is_given = false where user_id = ${person.id}::uuid returning 1 as done`,
    ),
  ).rejects.toThrow(/append_only/);
});

test('a purpose that does not exist is refused by name', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  expect(await person.put(PATH, { ...answer(true), purpose: 'everything' })).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'purpose' }] },
  });
});
