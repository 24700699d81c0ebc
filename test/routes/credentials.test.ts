import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { type Entry, ofKind } from '../../lib/catalogue.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';

const routes = ofKind(await entries(), 'http').map(entry => ({
  route: `${entry.contract.method} ${entry.contract.path}`,
  entry,
}));

/** Statements that make, change or use up a way into an account. Ending a session is none: it opens nothing. */
const CREDENTIALS = [
  /(insert into|update|delete from) identity\.(recovery_codes|personal_access_tokens|otps|contact_changes|two_factor_challenges)\b/,
  /insert into identity\.(sessions|refresh_tokens)\b/,
  /update identity\.users\b[^;]*\bset\b[^;]*\b(password_hash|two_factor_secret|email|phone_hash) =/,
];

const CALL = /\b([a-z]+\.[a-z_]+)\s*\(/g;

/** Names of SQL functions that touch credentials, by themselves or by what they call. */
async function credentialFunctions(): Promise<Set<string>> {
  const functions: { name: string; body: string }[] = await asOwner(
    sql`select nspname || '.' || proname as name, lower(string_agg(prosrc, ' ')) as body
        from pg_proc p join pg_namespace n on n.oid = pronamespace
        where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') group by 1`,
  );
  const touching = new Set(
    functions
      .filter(({ body }) => CREDENTIALS.some(statement => statement.test(body)))
      .map(({ name }) => name),
  );
  for (let known = -1; known !== touching.size; ) {
    known = touching.size;
    for (const { name, body } of functions)
      if (callsIn(body).some(callee => touching.has(callee))) touching.add(name);
  }
  return touching;
}

const callsIn = (text: string): string[] => [...text.matchAll(CALL)].map(([, name = '']) => name);

/** The SQL functions that a use case's file calls, and those of its own module that it is written with. */
async function callsOf({ file }: Entry): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  const helpers = [...text.matchAll(/from '(\.\/(?:codes|contact-changes)\.ts)'/g)].map(
    ([, path = '']) => path,
  );
  // Only a file that takes the helper's statement runs it: others take its fields.
  const used = await Promise.all(
    helpers.map(async path =>
      /\b(sendCode|beginChange|confirmChange)\(/.test(text)
        ? readFile(join(dirname(file), path), 'utf8')
        : '',
    ),
  );
  return [text, ...used].flatMap(callsIn);
}

test('every route that touches a way into an account says so', async () => {
  const touching = await credentialFunctions();
  expect([...touching]).toEqual(
    expect.arrayContaining(['identity.sign_up', 'identity.settle_password', 'privacy.delete_account']),
  );
  const found: string[] = [];
  for (const { route, entry } of routes) {
    const touches = (await callsOf(entry)).filter(name => touching.has(name));
    if (touches.length === 0) continue;
    found.push(route);
    expect(entry.contract.credentials, `${route} calls ${touches}`).toBe(true);
  }
  expect(found.length).toBeGreaterThanOrEqual(20);
});

let script: Promise<{ person: Person; client: Client }> | undefined;
/** Somebody, and a personal access token of theirs that may do all that they may. */
function tokenHolder() {
  script ??= (async () => {
    const person = await signUpWithPassword('driveway', { roles: ['driver', 'host'] });
    const token = { name: 'all', abilities: ['*'], password: person.password };
    const { body } = await person.post('/api/v1/users/me/tokens', token);
    return { person, client: new Client('driveway', body.token) };
  })();
  return script;
}

const request = (client: Client, contract: HttpContract, headers = {}) => {
  const { path, query, body } = exampleRequest(contract);
  return client.send(contract.method, query ? `${path}?${query}` : path, body, { headers });
};

const closed = routes.filter(
  ({ entry: { contract } }) => contract.credentials && contract.access.kind !== 'everyone',
);

describe.each(closed)('$route', ({ entry: { contract } }) => {
  test('takes a session, and no personal access token', async () => {
    const { client } = await tokenHolder();
    const answer = await request(client, contract);
    expect(answer).toMatchObject({ status: 403, body: { code: 'session_required' } });
  });
});

test('no answer of these routes is kept, whatever key came along', async () => {
  const { person } = await tokenHolder();
  for (const { entry } of closed.filter(({ entry: { contract } }) => contract.method === 'POST')) {
    if (entry.contract.path.endsWith('/logout')) continue;
    const answer = await request(person, entry.contract, { 'idempotency-key': `key-${entry.name}` });
    expect(answer.headers['cache-control'], entry.name).toBe('no-store');
  }
  const kept = await asOwner(
    sql`select key from app.idempotency_keys where caller = ${person.id}::text and key like 'key-%'`,
  );
  expect(kept).toEqual([]);
});
