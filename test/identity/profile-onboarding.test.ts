import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';
import { countTrips } from './accounts.ts';
import { newPerson } from './profile-files.ts';

const ONBOARDING = '/api/v1/users/me/onboarding';
const newExpert = () => newPerson('handie', ['expert']);
const start = (person: Person, role = 'expert') => person.post(ONBOARDING, { role });
const step = (person: Person, step_id: string, status = 'completed', data = {}) =>
  person.post(`${ONBOARDING}/steps`, { step_id, status, data });

test('minutes of two steps add up, and a pause does not count', async () => {
  const person = await newExpert();
  const startedAt = advanceClock(0);
  const started = await start(person);
  expect(started).toMatchObject({
    status: 201,
    body: {
      role: 'expert',
      current_step: null,
      started_at: startedAt.toISOString(),
      completed_at: null,
      total_time_spent: 0,
      is_paused: false,
      paused_at: null,
      steps: [],
    },
  });
  advanceClock(3 * 60);
  const first = await step(person, 'services', 'completed', { category: 'plumbing' });
  expect(first.body).toMatchObject({ current_step: 'services', total_time_spent: 3 });
  const pausedAt = advanceClock(60);
  const paused = await person.post(`${ONBOARDING}/pause`, {});
  expect(paused.body).toMatchObject({ is_paused: true, paused_at: pausedAt.toISOString() });
  advanceClock(5 * 60);
  const resumed = await person.post(`${ONBOARDING}/resume`, {});
  expect(resumed.body).toMatchObject({ is_paused: false, paused_at: null, total_time_spent: 3 });
  const doneAt = advanceClock(4 * 60);
  const second = await step(person, 'areas');
  expect(second.body).toMatchObject({ total_time_spent: 7, last_active_at: doneAt.toISOString() });
  expect(second.body.steps).toMatchObject([
    {
      step_id: 'services',
      status: 'completed',
      time_spent: 3,
      data: { category: 'plumbing' },
      skipped_at: null,
    },
    { step_id: 'areas', status: 'completed', time_spent: 4, completed_at: doneAt.toISOString() },
  ]);
});

test('completing the onboarding shows on the profile, and a new one can be started', async () => {
  const person = await newExpert();
  await start(person);
  await step(person, 'services');
  const completed = await person.post(`${ONBOARDING}/complete`, {});
  expect(completed.body.completed_at).not.toBeNull();
  expect((await person.get('/api/v1/users/me')).body.onboarding_completed).toBe(true);
  expect((await person.get(ONBOARDING)).body).toEqual(completed.body);
  expect(await step(person, 'areas')).toMatchObject({ status: 404 });
  expect(await start(person)).toMatchObject({ status: 201, body: { steps: [] } });
  const audit = await asOwner(
    sql`select action from app.audit_logs where user_id = ${person.id}::uuid and category = 'account'`,
  );
  expect(audit).toEqual([{ action: 'account.onboarding_completed' }]);
});

test('a step is begun, left for another, skipped, and taken up again', async () => {
  const person = await newExpert();
  advanceClock(0);
  await start(person);
  await step(person, 'services', 'in_progress');
  advanceClock(2 * 60);
  await step(person, 'areas', 'in_progress');
  advanceClock(60);
  const skipped = await step(person, 'areas', 'skipped', { reason: 'later' });
  expect(skipped.body.steps).toMatchObject([
    { step_id: 'services', status: 'in_progress', time_spent: 2, completed_at: null },
    { step_id: 'areas', status: 'skipped', time_spent: 1, completed_at: null, data: { reason: 'later' } },
  ]);
  expect(skipped.body.steps[1].skipped_at).not.toBeNull();
  const unfinished = await person.post(`${ONBOARDING}/complete`, {});
  expect(unfinished).toMatchObject({ status: 409, body: { code: 'onboarding_unfinished' } });
  await step(person, 'services');
  const again = await step(person, 'areas', 'completed', { city: 'Mumbai' });
  expect(again.body.steps[1]).toMatchObject({
    status: 'completed',
    skipped_at: null,
    data: { reason: 'later', city: 'Mumbai' },
  });
  expect(await person.post(`${ONBOARDING}/complete`, {})).toMatchObject({ status: 200 });
});

test('an absence of a night counts as one hour', async () => {
  const person = await newExpert();
  await asOwner(
    sql`insert into identity.onboarding_sessions (marketplace, user_id, role, last_active_at)
        values ('handie', ${person.id}::uuid, 'expert', app.now() - interval '9 hours') returning id`,
  );
  expect((await step(person, 'services')).body.total_time_spent).toBe(60);
});

test('nothing goes on while it is paused, and only a pause is resumed', async () => {
  const person = await newExpert();
  await start(person);
  expect(await person.post(`${ONBOARDING}/resume`, {})).toMatchObject({
    status: 409,
    body: { code: 'onboarding_not_paused' },
  });
  await person.post(`${ONBOARDING}/pause`, {});
  for (const attempt of [
    step(person, 'services'),
    person.post(`${ONBOARDING}/pause`, {}),
    person.post(`${ONBOARDING}/complete`, {}),
  ]) {
    expect(await attempt).toMatchObject({ status: 409, body: { code: 'onboarding_paused' } });
  }
});

test('one onboarding is open at a time, even when two are started at once', async () => {
  const person = await newExpert();
  const answers = await Promise.all([start(person), start(person)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(await start(person)).toMatchObject({ status: 409, body: { code: 'onboarding_open' } });
});

test('a role that the person has not taken is refused', async () => {
  expect(await start(await newExpert(), 'admin')).toMatchObject({
    status: 422,
    body: { code: 'not_your_role', errors: [{ field: 'role' }] },
  });
});

test('an onboarding has fifty steps at most', async () => {
  const person = await newExpert();
  const { id } = (await start(person)).body;
  await asOwner(
    sql`with made as (
          insert into identity.step_progress (session_id, step_id)
          select ${id}::uuid, 'step-' || n from generate_series(1, 50) as n returning 1)
        select count(*) from made`,
  );
  expect(await step(person, 'one-more')).toMatchObject({ status: 409, body: { code: 'too_many_steps' } });
});

test.each([
  ['status', 'done'],
  ['step_id', 'Bank Account!'],
  ['data', { list: [1] }],
  ['data', { text: 'x'.repeat(1001) }],
])('%s cannot be %j', async (field, value) => {
  const person = await newExpert();
  await start(person);
  const body = { step_id: 'services', status: 'completed', [field]: value };
  const answer = await person.post(`${ONBOARDING}/steps`, body);
  expect(answer.status).toBe(400);
  expect(answer.body.errors[0].field).toMatch(new RegExp(`^${field}`));
});

test('nobody sees or moves the onboarding of somebody else', async () => {
  const [person, bystander] = [await newExpert(), await newExpert()];
  await start(bystander);
  const before = (await bystander.get(ONBOARDING)).body;
  expect(await person.get(ONBOARDING)).toMatchObject({ status: 404 });
  for (const verb of ['pause', 'resume', 'complete']) {
    expect(await person.post(`${ONBOARDING}/${verb}`, {})).toMatchObject({ status: 404 });
  }
  expect(await anonymous('handie').get(ONBOARDING)).toMatchObject({ status: 401 });
  expect((await bystander.get(ONBOARDING)).body).toEqual(before);
});

test('each of the routes costs one trip', async () => {
  const person = await newExpert();
  expect(await countTrips(() => start(person))).toEqual([1]);
  expect(await countTrips(() => step(person, 'services'))).toEqual([1]);
  expect(await countTrips(() => person.get(ONBOARDING))).toEqual([1]);
  expect(await countTrips(() => person.post(`${ONBOARDING}/pause`, {}))).toEqual([1]);
});
