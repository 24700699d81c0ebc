import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';

const ONBOARDING = '/api/v1/users/me/onboarding';
const record = (person: Person, step_id: string, data: Record<string, string>) =>
  person.post(`${ONBOARDING}/steps`, { step_id, status: 'in_progress', data });
const words = (name: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, 'x'.repeat(990)]));

test('steps of an onboarding take no more than can be shown again, however it is split', async () => {
  const person = await signUp('driveway', { roles: ['host'] });
  await person.post(ONBOARDING, { role: 'host' });
  const answers = [];
  for (let n = 0; n < 12; n += 1) answers.push(await record(person, `step-${n}`, words('a', 7)));
  for (let n = 0; n < 3; n += 1) answers.push(await record(person, 'one', words(`b${n}`, 7)));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const { body } of refused) expect(body).toMatchObject({ status: 409, code: 'too_much_data' });
  const shown = await person.get(ONBOARDING);
  expect(shown.status, shown.text).toBe(200);
  const [{ kept }] = await asOwner(
    sql`select sum(octet_length(p.data::text))::integer as kept from identity.step_progress p
        join identity.onboarding_sessions s on s.id = p.session_id where s.user_id = ${person.id}::uuid`,
  );
  expect(kept).toBeLessThan(41_000);
});

test.each(['a\ud800b', '\udc00', 'a\u0000b'])(
  'text that cannot be kept is refused in a step too: %j',
  async broken => {
    const person = await signUp('driveway', { roles: ['host'] });
    await person.post(ONBOARDING, { role: 'host' });
    for (const data of [{ city: broken }, { [broken]: 'city' }]) {
      const answer = await record(person, 'one', data as Record<string, string>);
      expect(answer.body).toMatchObject({ status: 400, code: 'invalid_input' });
      expect(answer.body.errors[0].field).toMatch(/^data/);
    }
  },
);
