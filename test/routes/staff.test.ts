import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { asOwner } from '../support/database.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';

/** What no role has that people take by themselves: only staff may, in any marketplace. */
const isStaffs = (permission: string) =>
  !marketplaces.some(({ roles, permissions }) =>
    roles.open.some(role => permissions[role]?.includes(permission)),
  );

/** Every route that only staff may call: a new one is covered without being remembered. */
const routes = ofKind(await entries(), 'http').flatMap(({ contract }) =>
  contract.access.kind === 'permitted' && isStaffs(contract.access.permission)
    ? [{ route: `${contract.method} ${contract.path}`, contract, permission: contract.access.permission }]
    : [],
);

const people = new Map<string, Promise<Person>>();
function remembered(key: string, make: () => Promise<Person>): Promise<Person> {
  const person = people.get(key) ?? make();
  people.set(key, person);
  return person;
}

/** Somebody who has taken every role that people take there. */
const citizen = (slug: string, open: readonly string[]) =>
  remembered(slug, () => signUp(slug, { roles: [...open] }));

/** A super admin whose session has shown no second factor. */
const careless = (slug: string) =>
  remembered(`staff ${slug}`, async () => {
    const staff = await signUpStaff(slug);
    await asOwner(
      sql`update identity.sessions set mfa_at = null where user_id = ${staff.id}::uuid returning id`,
    );
    return staff;
  });

function send(person: Person, contract: HttpContract) {
  const { path, query, body } = exampleRequest(contract);
  return person.send(contract.method, query ? `${path}?${query}` : path, body);
}

test('there are routes of staff, under the path of staff and nowhere else', () => {
  expect(routes.length).toBeGreaterThanOrEqual(17);
  for (const { route, contract } of routes) expect(contract.path, route).toMatch(/^\/api\/v1\/admin\//);
});

test('whatever lies under the path of staff takes a permission of staff', async () => {
  const open = ofKind(await entries(), 'http')
    .map(({ contract }) => `${contract.method} ${contract.path}`)
    .filter(route => route.includes('/api/v1/admin/') && !routes.some(staff => staff.route === route));
  expect(open).toEqual([]);
});

describe.each(routes)('$route', ({ contract, permission }) => {
  const homes = marketplaces.filter(({ modules }) => !contract.module || modules.includes(contract.module));

  test('is forbidden to people of the same marketplace, whatever roles they take', async () => {
    for (const { slug, roles } of homes) {
      const answer = await send(await citizen(slug, roles.open), contract);
      expect(answer, slug).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
  });

  test('is closed to staff who have shown no second factor', async () => {
    for (const { slug, roles, permissions } of homes) {
      if (!roles.staff.includes('super_admin') || !permissions.super_admin?.includes(permission)) continue;
      const answer = await send(await careless(slug), contract);
      expect(answer, slug).toMatchObject({ status: 403, body: { code: 'two_factor_required' } });
    }
  });
});
