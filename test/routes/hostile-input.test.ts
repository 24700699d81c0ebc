import { expect, test } from 'vitest';
import { pathNames, readsQuery } from '../../lambdas/kernel/input.ts';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { openRoles } from '../support/belongings.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, randomAddress, signUp } from '../support/people.ts';

/** What no field expects, and what a query, a date or a statement might choke on. */
const HOSTILE: readonly unknown[] = [
  'a\ud800b',
  '\u{1F600}\u{1F600}\u{1F600}\u{1F600}',
  '9999-12-31T23:59:59-23:59',
  2 ** 53,
  JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}'),
];

/** What is long, in the place of every field at once: for parsers, regular expressions and the size of answers. */
const LONG: readonly unknown[] = [`en${'-aa'.repeat(25_000)}`, Array.from({ length: 15_000 }, () => 'x')];
/** Refused by what all routes share, before any of their own fields is looked at: a few routes show it. */
const BODIES = [
  `{${Array.from({ length: 90_000 }, (_, n) => `"${n.toString(36)}":1`).join(',')}}`,
  `${'['.repeat(400_000)}${']'.repeat(400_000)}`,
];

/** Every route but those that end the caller's own session or account. */
const ENDS = ['DELETE /api/v1/users/me', 'POST /api/v1/auth/logout'];
const routes = ofKind(await entries(), 'http')
  .map(({ contract }) => ({ route: `${contract.method} ${contract.path}`, contract }))
  .filter(({ route, contract }) => contract.path !== '$default' && !ENDS.includes(route));

const people = new Map<string, Promise<Person>>();
function personOf(marketplace: string): Promise<Person> {
  const person = people.get(marketplace) ?? signUp(marketplace, { roles: openRoles(marketplace) });
  people.set(marketplace, person);
  return person;
}

/** Where each value of a body stands, inside of objects and lists too. */
function placesOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, inner]) => placesOf(inner, [...at, name]))].filter(
    place => place.length > 0,
  );
}

function put(body: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  copy[name] = rest.length === 0 ? value : put(copy[name], rest, value);
  return copy;
}

/** The example of a route with one hostile value in the place of each of its own. */
function* attacks(contract: HttpContract): Generator<{ target: string; raw?: string }> {
  const { path, query, body } = exampleRequest(contract);
  for (const name of pathNames(contract.path))
    for (const value of HOSTILE)
      if (typeof value === 'string' && value.isWellFormed())
        yield { target: exampleRequest(contract, { [name]: value }).path, raw: JSON.stringify(body) };
  if (readsQuery(contract)) {
    for (const name of new Set([...new URLSearchParams(query).keys(), 'cursor']))
      for (const value of HOSTILE)
        yield { target: `${path}?${new URLSearchParams({ [name]: String(value) })}` };
    return;
  }
  const names = Object.keys(body ?? {});
  for (const value of LONG)
    yield { target: path, raw: JSON.stringify(Object.fromEntries(names.map(name => [name, value]))) };
  for (const place of placesOf(body))
    for (const value of HOSTILE) yield { target: path, raw: JSON.stringify(put(body, place, value)) };
  if (contract.path.startsWith('/api/v1/auth/')) for (const raw of BODIES) yield { target: path, raw };
}

test.each(routes)(
  '$route answers whatever it is sent, and briefly',
  { timeout: 120_000 },
  async ({ contract }) => {
    const home = marketplaces.find(({ modules }) => !contract.module || modules.includes(contract.module));
    const person = await personOf(home?.slug ?? '');
    for (const { target, raw } of attacks(contract)) {
      const what = `${target.slice(0, 200)} ${raw?.slice(0, 200)}`;
      const answer = await person.send(contract.method, target, undefined, { raw, ip: randomAddress() });
      expect(answer.status, what).toBeLessThan(500);
      expect(answer.text.length, what).toBeLessThan(20_000);
    }
  },
);
