import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp, signUpWithPassword } from '../support/people.ts';
import { liveAWhile } from './journey.ts';

const PATH = '/api/v1/users/me/exports';

test('an export holds everything about the person, sealed values opened, and nothing of anybody else', async () => {
  const { person, markers, bystander } = await liveAWhile();
  const asked = await person.post(PATH, {});
  expect(asked).toMatchObject({ status: 202, body: { status: 'pending', expires_at: null } });
  await deliverEvents();
  const shown = await person.get(`${PATH}/${asked.body.id}`);
  expect(shown).toMatchObject({ status: 200, body: { status: 'ready', expires_in: 300 } });
  const archive = await (await fetch(shown.body.url)).text();
  expect(Buffer.byteLength(archive)).toBe(shown.body.bytes);
  const { data, ...head } = JSON.parse(archive);
  expect(head).toMatchObject({ marketplace: 'driveway', user_id: person.id });
  for (const [name, marker] of Object.entries(markers)) expect(archive, name).toContain(marker);
  expect(data['identity.users'][0]).toMatchObject({ email: markers.email, phone: markers.phone });
  expect(data['booking.bookings']).toHaveLength(2);
  expect(data['parking.spaces']).toHaveLength(1);
  expect(data['privacy.consents'][0]).toMatchObject({ purpose: 'marketing', is_given: true });
  expect(data['identity.tesla_accounts'][0]).toMatchObject({ tesla_user_id: markers.tesla });
  expect(archive).not.toContain(bystander.email);
  expect(archive).not.toMatch(/argon2id|token_sealed|token_hash|"1\.[\w-]+\.[\w-]+\.[\w-]+"/);
  const mails = await messagesTo(markers.email);
  expect(mails.map(mail => JSON.stringify(mail)).filter(mail => /data/.test(mail))).toHaveLength(1);
});

test('an export is made once, whatever comes twice, and can be asked for once a day', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const first = await person.post(PATH, {}, { headers });
  expect((await person.post(PATH, {}, { headers })).body).toEqual(first.body);
  expect(await person.post(PATH, {})).toMatchObject({ status: 429, body: { code: 'export_too_soon' } });
  const [counted] = await asOwner(
    sql`select count(*)::integer as n from privacy.exports where user_id = ${person.id}::uuid`,
  );
  expect(counted.n).toBe(1);
  advanceClock(24 * 3600 + 1);
  const later = await again(person);
  expect((await later.post(PATH, {})).status).toBe(202);
});

test('of two requests at once one begins an export', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const answers = await Promise.all([person.post(PATH, {}), person.post(PATH, {})]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 429]);
});

test('an archive is open to its owner alone, for a day, and is erased after it', async () => {
  const [person, stranger] = await Promise.all([1, 2].map(() => signUp('driveway', { roles: ['driver'] })));
  if (!person || !stranger) throw new Error('Nobody signed up.');
  const { body } = await person.post(PATH, {});
  await deliverEvents();
  expect(await stranger.get(`${PATH}/${body.id}`)).toMatchObject({ status: 404 });
  const { url } = (await person.get(`${PATH}/${body.id}`)).body;
  expect((await fetch(url)).status).toBe(200);
  await asOwner(
    sql`update privacy.exports set expires_at = app.now() where id = ${body.id}::uuid returning 1 as done`,
  );
  expect((await person.get(`${PATH}/${body.id}`)).body).toMatchObject({ status: 'ready', url: null });
  await runSchedule('apply-retention');
  const [row] = await asOwner(
    sql`select erased_at is not null as erased from privacy.exports where id = ${body.id}::uuid`,
  );
  expect(row.erased).toBe(true);
  expect((await fetch(url)).status).toBe(404);
});
