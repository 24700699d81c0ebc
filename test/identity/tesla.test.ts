import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';

const PATH = '/api/v1/users/me/tesla';
const driver = () => signUp('driveway', { roles: ['driver'] });

/** Sends the person to Tesla and brings back what Tesla adds to the redirect. */
async function signInAtTesla(person: Person, subject: string) {
  const begun = await person.post(`${PATH}/authorization`, {});
  expect(begun.status).toBe(201);
  const answer = await fetch(`${begun.body.url}&login_hint=${subject}`, { redirect: 'manual' });
  const target = new URL(answer.headers.get('location') ?? '');
  return { code: target.searchParams.get('code') ?? '', state: target.searchParams.get('state') ?? '' };
}

async function link(person: Person, subject: string = randomUUID()) {
  return person.post(PATH, await signInAtTesla(person, subject));
}

/** The next answer of Tesla on this path. */
const orderFault = (path: string, status: number, body: unknown = {}) =>
  fetch(`${process.env.TESLA_AUTH_URL}/_faults`, {
    method: 'POST',
    body: JSON.stringify({ path, status, body }),
  });

const rowOf = async (person: Person) =>
  (await asOwner(sql`select * from identity.tesla_accounts where user_id = ${person.id}::uuid`))[0];

test('a driver links a Tesla account, and nobody ever sees its tokens', async () => {
  const person = await driver();
  const subject = randomUUID();
  const linked = await link(person, subject);
  expect(linked).toMatchObject({
    status: 201,
    body: { tesla_user_id: subject, region: 'na', status: 'linked', last_error: null },
  });
  expect(Object.keys(linked.body).join(' ')).not.toMatch(/token/);
  const shown = await person.get(PATH);
  expect(shown.body).toEqual(linked.body);
  const row = await rowOf(person);
  expect(row.access_token_sealed).toMatch(/^1\./);
  expect(row.refresh_token_sealed).toMatch(/^1\./);
  expect(JSON.stringify(row)).not.toMatch(/NA_|eyJ/);
  const [kept] = await asOwner(
    sql`select count(*)::integer as n from app.idempotency_keys where result::text like '%token%'`,
  );
  expect(kept.n).toBe(0);
  const audits = await asOwner(
    sql`select action, category, new_values from app.audit_logs where user_id = ${person.id}::uuid and category = 'tesla'`,
  );
  expect(audits).toEqual([
    {
      action: 'tesla.linked',
      category: 'tesla',
      new_values: expect.objectContaining({ tesla_user_id: subject, region: 'na' }),
    },
  ]);
  expect(JSON.stringify(audits)).not.toMatch(/sealed/);
});

test('an expired token is refreshed by the call that needs it, and its expiry moves', async () => {
  const person = await driver();
  const before = (await link(person)).body.expires_at;
  const old = await rowOf(person);
  advanceClock(9 * 3600);
  const { body } = await person.post('/api/v1/auth/refresh', { refresh_token: person.refreshToken });
  const again = new Client('driveway', body.access_token);
  expect(await again.post(`${PATH}/check`, {})).toMatchObject({ status: 200, body: { region: 'na' } });
  const row = await rowOf(person);
  expect(Date.parse(row.expires_at)).toBeGreaterThan(Date.parse(before));
  expect(row.refresh_token_sealed).not.toBe(old.refresh_token_sealed);
});

test('of two calls that find the token expired, one refreshes it', async () => {
  const person = await driver();
  await link(person);
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() - interval '1 hour'
        where user_id = ${person.id}::uuid returning 1 as done`,
  );
  const answers = await Promise.all([1, 2, 3].map(() => person.post(`${PATH}/check`, {})));
  expect(answers.map(({ status }) => status).toSorted()[0]).toBe(200);
  for (const { status, body } of answers) if (status !== 200) expect(body.code).toBe('tesla_busy');
  expect(await rowOf(person)).toMatchObject({ status: 'linked', failures: 0, claimed_until: null });
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({ status: 200 });
});

test('the schedule refreshes what expires soon, and tells of what Tesla refuses', async () => {
  const [healthy, broken, bystander] = await Promise.all([driver(), driver(), driver()]);
  await link(healthy);
  await link(broken);
  await link(bystander);
  const before = [await rowOf(healthy), await rowOf(bystander)];
  // What others have left due would take the answer that is ordered below.
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() + interval '8 hours'
        where expires_at < app.now() + interval '3 hours' returning 1 as done`,
  );
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() + interval '1 hour'
        where user_id = any (array[${healthy.id}, ${broken.id}]::uuid[]) returning 1 as done`,
  );
  // Somebody revokes the grant at Tesla.
  await asOwner(
    sql`update identity.tesla_accounts t set expires_at = app.now() + interval '50 minutes'
        where user_id = ${broken.id}::uuid returning 1 as done`,
  );
  await orderFault('/oauth2/v3/token', 401, { error: 'login_required' });
  const logs = await logsOf(() => runSchedule('refresh-tesla-tokens'));
  const rows = [await rowOf(healthy), await rowOf(broken)];
  expect(rows.filter(row => row.status === 'broken')).toHaveLength(1);
  const lost = rows.find(row => row.status === 'broken');
  expect(lost).toMatchObject({ last_error: 'login_required', failures: 1 });
  expect(rows.find(row => row.status === 'linked').refreshed_at).not.toBe(before[0].refreshed_at);
  expect((await rowOf(bystander)).refreshed_at).toBe(before[1].refreshed_at);
  expect(logs).toContainEqual(expect.objectContaining({ level: 'warn', error: 'login_required' }));
  const person = lost.user_id === healthy.id ? healthy : broken;
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({
    status: 409,
    body: { code: 'tesla_link_broken' },
  });
  expect((await person.get(PATH)).body).toMatchObject({ status: 'broken', last_error: 'login_required' });
  // Linking again mends it.
  expect(await link(person, lost.tesla_user_id)).toMatchObject({ status: 201, body: { status: 'linked' } });
});

test('an outage of Tesla breaks no link', async () => {
  const person = await driver();
  await link(person);
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() - interval '1 minute'
        where user_id = ${person.id}::uuid returning 1 as done`,
  );
  await orderFault('/oauth2/v3/token', 503);
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({
    status: 424,
    body: { code: 'tesla_unavailable' },
  });
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({ status: 200 });
});

test('a wrong secret of ours breaks no link and blames no code', async () => {
  const person = await driver();
  await link(person);
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() - interval '1 minute'
        where user_id = ${person.id}::uuid returning 1 as done`,
  );
  await orderFault('/oauth2/v3/token', 401, { error: 'invalid_client' });
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({ status: 424 });
  expect(await rowOf(person)).toMatchObject({ status: 'linked', last_error: 'invalid_client', failures: 1 });
  const callback = await signInAtTesla(person, randomUUID());
  await orderFault('/oauth2/v3/token', 401, { error: 'unauthorized_client' });
  expect(await person.post(PATH, callback)).toMatchObject({
    status: 424,
    body: { code: 'tesla_unavailable' },
  });
});

test('a token that the Fleet API does not take any more tells that the link is broken', async () => {
  const person = await driver();
  await link(person);
  await orderFault('/api/1/users/region', 401, { response: null, error: 'token expired (401)' });
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({
    status: 409,
    body: { code: 'tesla_link_broken' },
  });
});

test('unlinking erases the tokens here and ends the grant at Tesla', async () => {
  const person = await driver();
  await link(person);
  expect((await person.delete(PATH)).status).toBe(204);
  expect(await rowOf(person)).toBeUndefined();
  expect(await person.get(PATH)).toMatchObject({ status: 404 });
  expect(await person.delete(PATH)).toMatchObject({ status: 404 });
  expect(await person.post(`${PATH}/check`, {})).toMatchObject({ status: 404 });
});

test('unlinking succeeds while Tesla does not answer, and the failure is logged without the token', async () => {
  const person = await driver();
  await link(person);
  await orderFault('/oauth2/v3/revoke', 500);
  const logs = await logsOf(() => person.delete(PATH));
  expect(await rowOf(person)).toBeUndefined();
  expect(logs).toContainEqual(expect.objectContaining({ message: 'a grant could not be ended at Tesla' }));
  expect(JSON.stringify(logs)).not.toMatch(/NA_[0-9a-f]{20}/);
});

test('a state serves the person who got it, once, for ten minutes', async () => {
  const [person, thief] = await Promise.all([driver(), driver()]);
  const callback = await signInAtTesla(person, randomUUID());
  expect(await thief.post(PATH, callback)).toMatchObject({
    status: 410,
    body: { code: 'tesla_link_expired' },
  });
  expect((await person.post(PATH, callback)).status).toBe(201);
  expect(await person.post(PATH, callback)).toMatchObject({ status: 410 });
  const late = await signInAtTesla(person, randomUUID());
  advanceClock(601);
  expect(await person.post(PATH, late)).toMatchObject({
    status: 410,
    body: { code: 'tesla_link_expired' },
  });
});

test('a code that Tesla refuses links nothing, and a code cannot be redeemed with another verifier', async () => {
  const person = await driver();
  const { state } = await signInAtTesla(person, randomUUID());
  expect(await person.post(PATH, { code: 'NA_invented', state })).toMatchObject({
    status: 422,
    body: { code: 'tesla_code_refused', errors: [{ field: 'code' }] },
  });
  const first = await signInAtTesla(person, randomUUID());
  const second = await signInAtTesla(person, randomUUID());
  expect(await person.post(PATH, { code: first.code, state: second.state })).toMatchObject({ status: 422 });
  expect(await rowOf(person)).toBeUndefined();
});

test('one Tesla account belongs to one person', async () => {
  const [first, second] = await Promise.all([driver(), driver()]);
  const subject = randomUUID();
  expect((await link(first, subject)).status).toBe(201);
  expect(await link(second, subject)).toMatchObject({ status: 409, body: { code: 'tesla_account_taken' } });
  expect(await second.get(PATH)).toMatchObject({ status: 404 });
});
