const camel = (name: string) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const sentence = (name: string) => {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Where a route of a module that can be switched on is tried: a marketplace that has it, and a role open to everybody. */
const PLACES: Readonly<Record<string, { marketplace: string; role: string }>> = {
  parking: { marketplace: 'driveway', role: 'driver' },
  services: { marketplace: 'spacall', role: 'customer' },
  sessions: { marketplace: 'recovery', role: 'customer' },
  homes: { marketplace: 'homigo', role: 'tenant' },
};
const ANYWHERE = { marketplace: 'driveway', role: 'driver' };

const variables = (route: string) => [...route.matchAll(/\{(\w+)\}/g)].map(match => match[1] ?? '');

/** A use case that compiles, deploys and answers: who calls, in which marketplace. Its declaration is what to edit. */
export function describeUseCase(module: string, name: string, route: string): string {
  const names = variables(route);
  const ids = names.map(field => `    ${field}: id('${field.replace(/_id$/, '')}'),\n`);
  const fields = ids.length > 0 ? `{\n${ids.join('')}  }` : '{}';
  // Whose id it is nobody knows yet: an id other than the caller's own answers 404, as every route must for a stranger.
  const [named] = names;
  const argument = named === undefined ? '_input' : `{ ${named} }`;
  const own = named === undefined ? '' : ` where app.actor() = \${${named}}::uuid`;
  return `import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const Answer = z.object({ user_id: id('user') });

/** ${sentence(name)}: what it does, and what must hold when two do it at once. */
export const ${camel(name)} = useCase({
  route: '${route}',${module in PLACES ? `\n  module: '${module}',` : ''}
  summary: '${sentence(name)}',
  access: signedIn(),
  input: z.strictObject(${fields}),
  output: Answer,
  async run(${argument}, { db }) {
    return db.one(sql\`select app.actor() as user_id${own}\`, Answer);
  },
});

export const handler = http(${camel(name)});
`;
}

/** A test that passes for what \`describeUseCase\` wrote and fails as soon as the access check is lost. */
export function describeTest(module: string, route: string): string {
  const [method = 'GET', path = ''] = route.split(' ');
  const strange = path.replaceAll(/\{\w+\}/g, '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e');
  const identified = strange !== path;
  const own = identified ? `\`${path.replaceAll(/\{\w+\}/g, `\${person.id}`)}\`` : 'path';
  const verb = method.toLowerCase();
  const { marketplace, role } = PLACES[module] ?? ANYWHERE;
  return `import { expect, test } from 'vitest';
import { anonymous } from '../support/client.ts';
import { signUp } from '../support/people.ts';

const path = '${strange}';

test('somebody who is signed in is answered', async () => {
  const person = await signUp('${marketplace}', { roles: ['${role}'] });
  const answer = await person.${verb}(${own});
  expect(answer).toMatchObject({ status: 200, body: { user_id: person.id } });
});
${
  identified
    ? `
test('an id of somebody else is not found', async () => {
  const person = await signUp('${marketplace}', { roles: ['${role}'] });
  expect(await person.${verb}(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
});
`
    : ''
}
test('somebody who is not signed in is refused', async () => {
  const answer = await anonymous('${marketplace}').${verb}(path);
  expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
});
`;
}
