import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { text } from '../../lambdas/kernel/fields.ts';
import { http } from '../../lambdas/kernel/http.ts';
import { Refusal, refuse } from '../../lambdas/kernel/refusal.ts';
import { sql } from '../../lambdas/kernel/sql.ts';
import { everyone, signedIn, useCase } from '../../lambdas/kernel/use-case.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { sendRequest } from '../support/send-request.ts';

const Event = z.object({ id: z.uuid() });
const tooLate = refuse('too_late', 409, 'Too late.');

/** Reads whether the same name has been written, refuses if so, and writes it: what was loaded changes by the write. */
const declare = (access: ReturnType<typeof signedIn> | ReturnType<typeof everyone>, credentials = false) =>
  http(
    useCase({
      route: 'POST /api/v1/kernel-tests',
      summary: 'Write an event once',
      access,
      credentials,
      input: z.strictObject({ name: text(1, 100, 'a') }),
      output: Event,
      refusals: { too_late: tooLate },
      async run({ name }, { db }) {
        const { seen } = await db.one(
          sql`select app.setting(${name}) is not null as seen`,
          z.object({ seen: z.boolean() }),
        );
        if (seen) throw new Refusal(tooLate);
        return db.one(
          sql`select app.emit('kernel.tested', jsonb_build_object('name', ${name})) as id`,
          Event,
        );
      },
    }),
  );

const personal = declare(signedIn());
const open = declare(everyone());
const secret = declare(everyone(), true);

type Options = { key?: string; name?: string; ip?: string; person?: Person };
const send = (handler: typeof personal, { key, name = 'a', ip, person }: Options) =>
  sendRequest(handler, {
    marketplace: 'driveway',
    path: '/api/v1/kernel-tests',
    body: JSON.stringify({ name }),
    ip,
    headers: {
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(person ? { authorization: `Bearer ${person.token}` } : {}),
    },
  });

const eventsNamed = async (name: string) =>
  (
    await asOwner(
      sql`select id from app.outbox where type = 'kernel.tested' and payload ->> 'name' = ${name}`,
    )
  ).length;

test('a repeat gets the first answer, says so, and writes nothing', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const key = randomUUID();
  const name = randomUUID();
  const first = await send(personal, { key, name, person });
  const second = await send(personal, { key, name, person });
  expect(second).toMatchObject({
    status: 200,
    body: first.body,
    headers: { 'idempotency-replayed': 'true' },
  });
  expect(first.headers).not.toHaveProperty('idempotency-replayed');
  expect(await eventsNamed(name)).toBe(1);
});

test('twins at the same moment write once and are answered alike', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const key = randomUUID();
  const name = randomUUID();
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(personal, { key, name, person })));
  expect(new Set(answers.map(answer => answer.body.id)).size).toBe(1);
  expect(answers.filter(answer => !answer.headers['idempotency-replayed'])).toHaveLength(1);
  expect(await eventsNamed(name)).toBe(1);
});

test('a key that was used for another request is refused and names the header', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const key = randomUUID();
  await send(personal, { key, name: 'one', person });
  const answer = await send(personal, { key, name: 'two', person });
  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused', errors: [{ field: 'Idempotency-Key' }] },
  });
});

test('two people may use the same key', async () => {
  const [one, two] = await Promise.all([
    signUp('driveway', { roles: ['driver'] }),
    signUp('driveway', { roles: ['driver'] }),
  ]);
  const key = randomUUID();
  const first = await send(personal, { key, person: one });
  const second = await send(personal, { key, person: two });
  expect(second.status).toBe(200);
  expect(second.body.id).not.toBe(first.body.id);
});

test('strangers from two addresses never meet by a key, even with the same request', async () => {
  const key = randomUUID();
  const first = await send(open, { key, ip: '192.0.2.1' });
  const second = await send(open, { key, ip: '192.0.2.2' });
  expect(second.body.id).not.toBe(first.body.id);
});

test('a stranger who repeats a request from the same address gets the first answer', async () => {
  const key = randomUUID();
  const first = await send(open, { key, ip: '192.0.2.3' });
  const second = await send(open, { key, ip: '192.0.2.3' });
  expect(second.body.id).toBe(first.body.id);
});

test('a key is forgotten after a day', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const key = randomUUID();
  const first = await send(open, { key, ip: '192.0.2.4', person });
  advanceClock(24 * 3600 + 1);
  const second = await send(open, { key, ip: '192.0.2.4' });
  expect(second.status).toBe(200);
  expect(second.body.id).not.toBe(first.body.id);
});

test('an answer that holds secrets is neither kept nor replayed', async () => {
  const key = randomUUID();
  const name = randomUUID();
  await send(secret, { key, name });
  const again = await send(secret, { key, name });
  expect(again.headers).not.toHaveProperty('idempotency-replayed');
  expect(await eventsNamed(name)).toBe(2);
  expect(await asOwner(sql`select 1 from app.idempotency_keys where key = ${key}`)).toEqual([]);
});

test.each([
  ['spaces', 'a b'],
  ['too much', 'k'.repeat(256)],
  ['other letters', 'ключ'],
])('a key of %s is a 400 that names the header', async (_name, key) => {
  const answer = await send(open, { key });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'Idempotency-Key' }] } });
});
