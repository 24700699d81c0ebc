import { describe, expect, test } from 'vitest';
import { pathNames, readsQuery } from '../../lambdas/kernel/input.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { exampleRequest, textFields } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';

/** Every route of the application: a new one is covered without being remembered. */
const routes = ofKind(await entries(), 'http')
  .filter(({ contract }) => contract.path !== '$default')
  .map(({ contract }) => ({ route: `${contract.method} ${contract.path}`, contract }));
const home = (module: string | undefined) =>
  marketplaces.find(marketplace => !module || marketplace.modules.includes(module as never))?.slug ?? '';

const closed = routes.filter(({ contract }) => contract.access.kind !== 'everyone');
const bodied = routes.filter(({ contract }) => !readsQuery(contract) && !contract.webhook);
const identified = routes.filter(({ contract }) => pathNames(contract.path).length > 0);
const optional = routes.flatMap(({ route, contract }) =>
  contract.module ? [{ route, contract, module: contract.module }] : [],
);
const paged = routes.filter(({ contract }) => 'cursor' in contract.input.shape);

const HOSTILE = [
  `'; drop table identity.users; --`,
  '" or 1=1 --',
  '$1) returning *; select pg_sleep(9)--',
  '{{constructor.constructor("return process")()}}',
  '%00',
  '../../etc/passwd',
  '\u202etxt.exe',
  '😀'.repeat(30),
];

/** Somebody of a marketplace who has taken every role that people take there. */
const people = new Map<string, Promise<Person>>();
function citizen(marketplace: string): Promise<Person> {
  const roles = marketplaces.find(({ slug }) => slug === marketplace)?.roles.open ?? [];
  const person = people.get(marketplace) ?? signUp(marketplace, { roles: [...roles] });
  people.set(marketplace, person);
  return person;
}

/** Staff where only they may call the route: who may not is refused before anything is looked at. */
const staff = new Map<string, Promise<Person>>();
function callerOf({ access }: Contract, marketplace: string): Promise<Person> {
  const { permissions, roles }: Pick<Marketplace, 'permissions' | 'roles'> = marketplaces.find(
    ({ slug }) => slug === marketplace,
  ) ?? { permissions: {}, roles: { open: [], staff: [] } };
  const isOpen = (permission: string) =>
    roles.open.some(role => permissions[role]?.includes(permission) ?? false);
  if (access.kind !== 'permitted' || isOpen(access.permission)) return citizen(marketplace);
  const person = staff.get(marketplace) ?? signUpStaff(marketplace);
  staff.set(marketplace, person);
  return person;
}

type Contract = (typeof routes)[number]['contract'];
function send(
  client: Client,
  contract: Contract,
  change = {},
  options: { raw?: string; headers?: Record<string, string> } = {},
) {
  const { path, query, body } = exampleRequest(contract, change);
  return client.send(contract.method, query ? `${path}?${query}` : path, body, options);
}

describe.each(closed)('$route', ({ contract }) => {
  const marketplace = home(contract.module);

  test('is refused without a token', async () => {
    const answer = await send(new Client(marketplace), contract);
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  test('is refused with a token of another marketplace', async () => {
    const stranger = await citizen(marketplace === 'homigo' ? 'spacall' : 'homigo');
    const answer = await send(new Client(marketplace, stranger.token), contract);
    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  });

  test('is refused with a token whose payload was changed', async () => {
    const [head, payload = '', signature] = ((await citizen(marketplace)).token ?? '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: crypto.randomUUID() })).toString('base64url');
    const answer = await send(new Client(marketplace, [head, forged, signature].join('.')), contract);
    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  });

  test('is refused with a token that says it needs no signature', async () => {
    const [, payload] = ((await citizen(marketplace)).token ?? '').split('.');
    const head = Buffer.from('{"alg":"none"}').toString('base64url');
    const answer = await send(new Client(marketplace, `${head}.${payload}.e30`), contract);
    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  });

  test('is refused with a token that has expired', async () => {
    const person = await citizen(marketplace);
    advanceClock(15 * 60 + 1);
    expect(await send(person, contract)).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  });
});

describe.each(bodied)('$route', ({ contract }) => {
  const marketplace = home(contract.module);

  test('refuses a body that is not JSON', async () => {
    const answer = await send(await citizen(marketplace), contract, {}, { raw: '{"a":' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  });

  test('refuses a field that it does not know, by name', async () => {
    const answer = await send(await citizen(marketplace), contract, { price: 1 });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toContainEqual(
      expect.objectContaining({ field: 'price', code: 'unknown_field' }),
    );
  });

  test('refuses another media type', async () => {
    const options = { raw: '<a/>', headers: { 'content-type': 'application/xml' } };
    expect(await send(await citizen(marketplace), contract, {}, options)).toMatchObject({ status: 415 });
  });

  test('refuses a body of more than a mebibyte, or of more than the route says', async () => {
    const options = { raw: JSON.stringify({ note: 'x'.repeat(contract.body_limit ?? 2 ** 20) }) };
    expect(await send(await citizen(marketplace), contract, {}, options)).toMatchObject({ status: 413 });
  });
});

test.each(optional)('$route answers 404 where its module is switched off', async ({ contract, module }) => {
  for (const { slug } of marketplaces.filter(({ modules }) => !modules.includes(module))) {
    const answer = await send(await citizen(slug), contract);
    expect(answer, slug).toMatchObject({ status: 404, body: { code: 'not_found' } });
  }
});

test.each(routes)('$route never fails on hostile text in any of its fields', async ({ contract }) => {
  const person = await callerOf(contract, home(contract.module));
  for (const field of textFields(contract)) {
    for (const text of HOSTILE) {
      const answer = await send(person, contract, { [field]: text });
      expect(answer.status, `${field} = ${text}: ${answer.text}`).toBeLessThan(500);
    }
  }
});

test.each(identified)(
  '$route answers 404 for an id that nobody has, and for one that is no id',
  async ({ contract }) => {
    const person = await callerOf(contract, home(contract.module));
    for (const value of [crypto.randomUUID(), 'mine', `x' or 1=1`]) {
      const change = Object.fromEntries(pathNames(contract.path).map(name => [name, value]));
      const answer = await send(person, contract, change);
      expect([404, 422], `${value}: ${answer.text}`).toContain(answer.status);
    }
  },
);

test.each(paged)('$route refuses a forged cursor by name', async ({ contract }) => {
  const person = await callerOf(contract, home(contract.module));
  const { path, query } = exampleRequest(contract);
  for (const cursor of [
    'forged',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('{"a":1}').toString('base64url'),
  ]) {
    const answer = await person.get(`${path}?${query}${query && '&'}cursor=${cursor}`);
    expect(answer.status, cursor).toBe(400);
    expect(answer.body.errors).toContainEqual(
      expect.objectContaining({ field: expect.stringMatching(/^cursor/) }),
    );
  }
});
