import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { audited, auth, countTrips, newAccount } from './accounts.ts';

const refresh = (refresh_token: string, marketplace = 'driveway') =>
  auth('refresh', { refresh_token }, { marketplace });
const me = (token: string) => new Client('driveway', token).get('/api/v1/users/me');
const DAY = 24 * 3600;

test('a refresh token is exchanged for a new pair, in one trip', async () => {
  const { refresh_token } = await newAccount();
  const answers: { status: number; body: Record<string, string> }[] = [];
  expect(await countTrips(async () => answers.push(await refresh(refresh_token)))).toEqual([1]);
  const [{ status, body } = { status: 0, body: {} }] = answers;
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
  expect(body.refresh_token).not.toBe(refresh_token);
  expect((await me(String(body.access_token))).status).toBe(200);
});

test('only hashes are stored, and each token names the one that took its place', async () => {
  const { user, refresh_token } = await newAccount();
  const next = await refresh(refresh_token);
  const rows = await asOwner(
    sql`select id, token_hash, is_revoked, used_at, replaced_by from identity.refresh_tokens
        where user_id = ${user.id}::uuid order by id`,
  );
  expect(rows).toMatchObject([
    { is_revoked: true, replaced_by: rows[1].id },
    { is_revoked: false, used_at: null },
  ]);
  expect(JSON.stringify(rows)).not.toContain(refresh_token);
  expect(JSON.stringify(rows)).not.toContain(next.body.refresh_token);
  expect(rows[0].token_hash).toMatch(/^[0-9a-f]{64}$/);
});

test('a token that is shown a second time ends its whole session, and no other', async () => {
  const { user, refresh_token } = await newAccount();
  const bystander = await newAccount();
  const next = await refresh(refresh_token);
  const again = await refresh(refresh_token);
  expect(again.body).toMatchObject({ status: 401, code: 'refresh_token_reused' });
  expect((await refresh(next.body.refresh_token)).body.code).toBe('invalid_refresh_token');
  expect((await me(next.body.access_token)).body.code).toBe('session_ended');
  expect((await me(bystander.access_token)).status).toBe(200);
  expect(await audited(user.id)).toContain('auth.refresh_token_reused');
});

test('of two who show one token at once, one is served, and then the session ends', async () => {
  const { refresh_token } = await newAccount();
  const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(refresh_token)));
  const codes = answers.map(({ status, body }) => (status === 200 ? 'served' : body.code)).sort();
  expect(codes).toEqual(['invalid_refresh_token', 'invalid_refresh_token', 'refresh_token_reused', 'served']);
});

test('each use keeps the session for 30 more days', async () => {
  const { refresh_token } = await newAccount();
  advanceClock(29 * DAY);
  const next = await refresh(refresh_token);
  advanceClock(29 * DAY);
  const last = await refresh(next.body.refresh_token);
  expect(last.status).toBe(200);
  advanceClock(30 * DAY);
  expect((await refresh(last.body.refresh_token)).body).toMatchObject({
    status: 401,
    code: 'invalid_refresh_token',
  });
});

test('a token is worth nothing in another marketplace, and stays good in its own', async () => {
  const { refresh_token } = await newAccount();
  expect((await refresh(refresh_token, 'handie')).body.code).toBe('invalid_refresh_token');
  expect((await refresh(refresh_token)).status).toBe(200);
});

test('a made-up token is refused, and one that cannot be any by its form', async () => {
  expect((await refresh('A'.repeat(43))).body.code).toBe('invalid_refresh_token');
  expect((await refresh('short')).body).toMatchObject({ status: 400, errors: [{ field: 'refresh_token' }] });
});

test('a suspended account gets no new token, and keeps the old one for later', async () => {
  const { user, refresh_token } = await newAccount();
  const set = (status: string) =>
    asOwner(
      sql`update identity.users set account_status = ${status}::text where id = ${user.id}::uuid returning id`,
    );
  await set('suspended');
  expect((await refresh(refresh_token)).body).toMatchObject({ status: 403, code: 'account_suspended' });
  await set('active');
  expect((await refresh(refresh_token)).status).toBe(200);
});
