import { createHash, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { mintPersonalToken } from '../../lambdas/kernel/personal-token.ts';
import { sql } from '../../lambdas/kernel/sql.ts';
import { listSpace } from '../../lambdas/parking/list-space.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { exampleRequest } from '../support/examples.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { askCode, audited, countTrips, newAccount, newEmail, other, proveEmail } from './accounts.ts';

const TOKENS = '/api/v1/users/me/tokens';
const ME = '/api/v1/users/me';

const host = () => signUpWithPassword('driveway', { roles: ['host'] });

async function make(person: Person, abilities: string[], expires_at?: string) {
  const { status, body } = await person.post(TOKENS, {
    name: 'Nightly export',
    abilities,
    expires_at,
    password: person.password,
  });
  if (status !== 201) throw new Error(`The token answered ${status}`);
  return { ...body, client: new Client('driveway', body.token) };
}

test('a token is shown once, stored as its hash, and signs its owner in', async () => {
  const person = await host();
  const made = await make(person, ['read']);
  expect(made.token).toMatch(/^vct_[\w-]{86}$/);
  const [row] = await asOwner(
    sql`select to_jsonb(t) as row from identity.personal_access_tokens t where id = ${made.id}::uuid`,
  );
  expect(row.row.token_hash).toBe(createHash('sha256').update(made.token).digest('hex'));
  expect(JSON.stringify(row)).not.toContain(made.token);
  const me = await made.client.get(ME);
  expect([me.status, me.body.id]).toEqual([200, person.id]);
  const list = await person.get(TOKENS);
  expect(list.body.items).toMatchObject([{ id: made.id, name: 'Nightly export', abilities: ['read'] }]);
  expect(list.text).not.toContain(made.token);
  expect(await audited(person.id)).toContain('auth.token_created');
});

test('a read under a token costs one trip, and its last use moves once a minute at most', async () => {
  const { client, id } = await make(await host(), ['read']);
  const look = async () => {
    const [row] = await asOwner(
      sql`select last_used_at from identity.personal_access_tokens where id = ${id}::uuid`,
    );
    return row.last_used_at;
  };
  expect(await look()).toBeNull();
  expect(await countTrips(() => client.get(ME))).toEqual([1]);
  const first = await look();
  expect(first).not.toBeNull();
  advanceClock(30);
  await client.get(ME);
  expect(await look()).toBe(first);
  advanceClock(31);
  await client.get(ME);
  expect(Date.parse(await look())).toBeGreaterThan(Date.parse(first));
});

test('abilities restrict: read reads, a permission does its part, and * all that its owner may', async () => {
  const person = await host();
  const [read, list, all] = [
    await make(person, ['read']),
    await make(person, ['parking.list']),
    await make(person, ['*']),
  ];
  const rename = { full_name: 'Asha R.' };
  expect((await read.client.put(ME, rename)).body).toMatchObject({ status: 403, code: 'ability_missing' });
  expect((await list.client.put(ME, rename)).body.code).toBe('ability_missing');
  expect((await list.client.get(ME)).body.code).toBe('ability_missing');
  expect((await all.client.put(ME, rename)).body.full_name).toBe('Asha R.');
  const { body } = exampleRequest(listSpace.contract);
  const listing = (client: Client) => client.post('/api/v1/parking/spaces', body);
  expect((await listing(read.client)).body.code).toBe('ability_missing');
  expect((await listing(list.client)).status).not.toBe(403);
});

test('a token does nothing that its owner may not', async () => {
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  const { client } = await make(driver, ['*', 'accounts.read']);
  expect((await client.get('/api/v1/admin/users')).body.code).toBe('forbidden');
});

test('an expired, a deleted, a forged and a foreign token are refused', async () => {
  const person = await host();
  const made = await make(person, ['*'], new Date(Date.now() + 3_600_000).toISOString());
  expect((await made.client.get(ME)).status).toBe(200);
  const forged = new Client('driveway', mintPersonalToken(person.id, made.id));
  expect((await forged.get(ME)).body).toMatchObject({ status: 401, code: 'invalid_token' });
  expect((await new Client('homigo', made.token).get(ME)).body.code).toBe('invalid_token');
  const other = await host();
  const claimed = Buffer.from(made.token.slice(4), 'base64url');
  Buffer.from(other.id.replaceAll('-', ''), 'hex').copy(claimed);
  const usurped = new Client('driveway', `vct_${claimed.toString('base64url')}`);
  expect((await usurped.get(ME)).body.code).toBe('invalid_token');
  advanceClock(3_601);
  expect((await made.client.get(ME)).body.code).toBe('invalid_token');
});

test('a token that is deleted stops at once, and by its owner only', async () => {
  const [person, stranger] = [await host(), await host()];
  const { id, client } = await make(person, ['read']);
  expect((await stranger.delete(`${TOKENS}/${id}`)).status).toBe(404);
  expect((await stranger.get(TOKENS)).body.items).toEqual([]);
  expect((await person.delete(`${TOKENS}/${id}`)).status).toBe(204);
  expect((await client.get(ME)).body.code).toBe('invalid_token');
  expect((await person.delete(`${TOKENS}/${id}`)).status).toBe(404);
});

test('a token makes no credentials: that takes a session', async () => {
  const { client, id } = await make(await host(), ['*']);
  const answers = await Promise.all([
    client.post(TOKENS, { name: 'another', abilities: ['*'] }),
    client.put(`${ME}/password`, { password: 'seven blue lanterns hum' }),
    client.post('/api/v1/auth/two-factor'),
    client.post(`${ME}/email-change`, { email: 'a@b.example' }),
    client.delete(`${ME}/sessions`),
    client.delete(`${TOKENS}/${id}`),
  ]);
  for (const { status, body } of answers) expect([status, body.code]).toEqual([403, 'session_required']);
});

test('the token of a suspended account is refused', async () => {
  const person = await host();
  const { client } = await make(person, ['read']);
  await asOwner(
    sql`update identity.users set account_status = 'suspended' where id = ${person.id}::uuid returning id`,
  );
  expect((await client.get(ME)).body).toMatchObject({ status: 403, code: 'account_suspended' });
});

test('a session alone makes no token: whoever stole one does not know the password', async () => {
  const person = await host();
  const token = { name: 'mine', abilities: ['*'] };
  for (const proof of [{}, { password: 'a guess' }, { code: '123456' }]) {
    const { body } = await person.post(TOKENS, { ...token, ...proof });
    expect(body).toMatchObject({ status: 400, code: 'wrong_password', errors: [{ field: 'password' }] });
  }
  expect((await person.get(TOKENS)).body.items).toEqual([]);
  expect(await audited(person.id)).toContain('auth.token_refused');
  expect(await countTrips(() => make(person, ['read']))).toEqual([2]);
});

test('without a password it takes a fresh code of its own purpose, which serves once', async () => {
  const email = newEmail();
  const account = await newAccount({ email, password: undefined });
  await proveEmail(account.user);
  const person = new Client('driveway', account.access_token);
  const ask = (proof = {}) => person.post(TOKENS, { name: 'mine', abilities: ['*'], ...proof });
  expect((await ask()).body).toMatchObject({
    status: 403,
    code: 'code_required',
    errors: [{ field: 'code' }],
  });
  const signIn = await askCode({ email }, 'sign_in');
  expect((await ask({ code: signIn })).body.code).toBe('code_expired');
  const code = await askCode({ email }, 'create_token');
  expect((await ask({ code: other(code) })).body).toMatchObject({ code: 'wrong_code', attempts_left: 4 });
  const answers = await Promise.all([1, 2].map(() => ask({ code })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 410]);
});

test('a code gives no attempts back, with which somebody would guess at a second factor', async () => {
  const email = newEmail();
  const account = await newAccount({ email, password: undefined });
  const person = new Client('driveway', account.access_token);
  const code = await askCode({ email }, 'create_token');
  expect((await person.post(TOKENS, { name: 'mine', abilities: ['*'], code })).status).toBe(201);
  const drawn = (id: string) =>
    asOwner(sql`select 1 as one from app.rate_limits where bucket = 'proof:' || ${id}::text`);
  expect(await drawn(account.user.id)).toHaveLength(1);
  const other = await host();
  await make(other, ['read']);
  expect(await drawn(other.id)).toEqual([]);
});

test('guesses at the password of a stolen session are limited', async () => {
  const person = await host();
  // One moment for all: a draw that comes first with a clock a millisecond ahead would leave the last of the ten to nobody.
  advanceClock(0);
  const guess = () => person.post(TOKENS, { name: 'mine', abilities: ['*'], password: 'a guess' });
  const codes = (await Promise.all(Array.from({ length: 12 }, guess))).map(({ body }) => body.code);
  expect(codes.filter(code => code === 'wrong_password')).toHaveLength(10);
  expect(codes.filter(code => code === 'too_many_attempts')).toHaveLength(2);
});

test('an idempotency key works under a token, also at its first use', async () => {
  const { client } = await make(await host(), ['*']);
  const headers = { 'idempotency-key': randomUUID() };
  const answers = [];
  for (let round = 0; round < 2; round += 1) {
    answers.push(await client.post('/api/v1/auth/logout', {}, { headers }));
  }
  expect(answers.map(({ status }) => status)).toEqual([204, 204]);
});

test('fifty tokens are the most, also for two callers at once', async () => {
  const person = await host();
  await asOwner(
    sql`insert into identity.personal_access_tokens (marketplace, user_id, name, token_hash, abilities)
        select 'driveway', ${person.id}::uuid, 'n', ${randomUUID()}::text || n, '{read}' from generate_series(1, 49) as n
        returning id`,
  );
  const answers = await Promise.all(
    [1, 2].map(() =>
      person.post(TOKENS, { name: 'one more', abilities: ['read'], password: person.password }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test.each([
  ['an ability that is none', { abilities: ['everything'] }, 'abilities.0'],
  ['no ability', { abilities: [] }, 'abilities'],
  ['an end in the past', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ['an empty name', { name: ' ' }, 'name'],
])('%s is refused by name', async (_, change, field) => {
  const person = await host();
  const answer = await person.post(TOKENS, { name: 'n', abilities: ['read'], ...change });
  expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ field }] });
});
