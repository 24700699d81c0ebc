import { expect, test } from 'vitest';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { belongingsFor, currentTransaction, hashRows, idNames, openRoles } from '../support/belongings.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';

/** Routes that name a thing of somebody else on purpose, and why. */
const FOR_EVERYBODY: Readonly<Record<string, string>> = {
  'GET /api/v1/parking/spaces/{space_id}': 'a listed space is for all to see',
  'GET /api/v1/parking/spaces/{space_id}/explanation': 'a listed space is for all to ask about',
  'POST /api/v1/parking/spaces/{space_id}/quote': 'a listed space is for all to ask about',
  'POST /api/v1/parking/spaces/{space_id}/bookings': 'a listed space is for all to book',
  'GET /api/v1/resources/{resource_id}/availability': 'a listed resource’s calendar is for all to see',
  'GET /api/v1/resources/{resource_id}/reviews': 'what is said of a resource is for all to read',
  'GET /api/v1/resources/{resource_id}/rating': 'what is said of a resource is for all to read',
  'GET /api/v1/users/{user_id}': 'a few facts of a person are for all to see',
  'GET /api/v1/users/{user_id}/reviews': 'what is said of a person is for all to read',
  'GET /api/v1/users/{user_id}/rating': 'what is said of a person is for all to read',
};

/** Every route with an id in its path: a new one is covered without being remembered. */
const routes = ofKind(await entries(), 'http')
  .map(({ contract }) => ({ route: `${contract.method} ${contract.path}`, contract }))
  .filter(({ route, contract }) => idNames(contract).length > 0 && !(route in FOR_EVERYBODY));

/** Everybody here is made after it. */
const since = await currentTransaction();

const people = new Map<string, Promise<Person>>();
function personOf(marketplace: string, who: string): Promise<Person> {
  const key = `${who} ${marketplace}`;
  const person = people.get(key) ?? signUp(marketplace, { roles: openRoles(marketplace) });
  people.set(key, person);
  return person;
}

test.each(routes)(
  '$route gives nothing of one person to another, and changes nothing',
  async ({ contract }) => {
    const marketplace =
      marketplaces.find(({ modules }) => !contract.module || modules.includes(contract.module))?.slug ?? '';
    // Where nothing else is said, a marketplace in which there is something to own.
    const home = contract.module ? marketplace : 'driveway';
    const owner = await personOf(home, 'owner');
    const stranger = await personOf(home, 'stranger');
    const ids = await belongingsFor(contract, owner);
    const before = await hashRows([owner.id, ...Object.values(ids)], since);
    expect(Object.keys(before).length).toBeGreaterThan(0);

    const { path, query, body } = exampleRequest(contract, ids);
    const answer = await stranger.send(contract.method, query ? `${path}?${query}` : path, body);

    expect([403, 404], answer.text).toContain(answer.status);
    expect(await hashRows([owner.id, ...Object.values(ids)], since)).toEqual(before);
  },
);
