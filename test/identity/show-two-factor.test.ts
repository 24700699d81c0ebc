import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { type Person, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { appCode, audited, other, proveEmail } from './accounts.ts';

const ROUTE = '/api/v1/auth/two-factor';

/** Somebody with a second factor, in a session that showed it an hour ago; and what else shows it. */
async function anHourAgo() {
  const person = await proveEmail(await signUpWithPassword('driveway', { roles: ['host'] }));
  const { body } = await person.post(ROUTE, { password: person.password });
  const confirmed = await person.post(`${ROUTE}/confirm`, { code: appCode(body.secret) });
  await asOwner(sql`
    update identity.sessions set mfa_at = mfa_at - interval '1 hour' where user_id = ${person.id}::uuid returning id`);
  advanceClock(60);
  const recovery: string = confirmed.body.recovery_codes[0];
  return { person, secret: body.secret as string, recovery };
}

const shownAt = async (person: Person) => {
  const [row] = await asOwner(
    sql`select app.now() - mfa_at < interval '1 minute' as fresh from identity.sessions where user_id = ${person.id}::uuid`,
  );
  return row.fresh;
};

test('a code of the app shows it again, once, and so does a recovery code', async () => {
  const { person, secret, recovery } = await anHourAgo();
  const show = (proof: Record<string, unknown>) => person.post(`${ROUTE}/step-up`, proof);
  expect((await show({ code: other(appCode(secret)) })).body).toMatchObject({
    status: 400,
    code: 'wrong_code',
  });
  expect(await shownAt(person)).toBe(false);
  const code = appCode(secret);
  const shown = await show({ code });
  expect(shown.status).toBe(200);
  expect(Date.parse(shown.body.fresh_until)).toBeCloseTo(Date.now() + 3_600_000, -4);
  expect(await shownAt(person)).toBe(true);
  expect((await show({ code })).body.code).toBe('wrong_code');
  expect((await show({ recovery_code: recovery })).status).toBe(200);
  expect((await show({ recovery_code: recovery })).body.code).toBe('wrong_code');
  expect(await audited(person.id)).toEqual(
    expect.arrayContaining(['auth.two_factor_shown', 'auth.two_factor_failed']),
  );
});

test('who has none is told so, and neither both nor nothing is taken', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  expect((await person.post(`${ROUTE}/step-up`, { code: '123456' })).body).toMatchObject({
    status: 409,
    code: 'two_factor_off',
  });
  for (const proof of [{}, { code: '123456', recovery_code: 'k7mx-29qd-hp4w-zt8c' }])
    expect((await person.post(`${ROUTE}/step-up`, proof)).body).toMatchObject({
      status: 400,
      errors: [{ field: 'code' }],
    });
});

const guarded = ofKind(await entries(), 'http')
  .map(({ contract }) => contract)
  .filter(({ presence }) => presence === 'second_factor');

test('what moves other people’s money, shows their bank details, makes staff, or changes settings or promo codes takes a second factor of the last hour', () => {
  expect(guarded.map(({ method, path }) => `${method} ${path.replace('/api/v1/admin', '')}`).sort()).toEqual([
    'GET /payout-batches/{payout_batch_id}/payouts.csv',
    'PATCH /promo-codes/{promo_code_id}',
    'POST /payments/{payment_id}/disputes',
    'POST /payments/{payment_id}/refunds',
    'POST /payout-batches',
    'POST /payouts/{payout_id}/decisions',
    'POST /promo-codes',
    'POST /refunds/{refund_id}/retry',
    'POST /settings',
    'POST /users/{user_id}/credits',
    'PUT /roles/{role}/permissions/{permission}',
    'PUT /settings/{key}',
    'PUT /users/{user_id}/permissions/{permission}',
    'PUT /users/{user_id}/roles/{role}',
  ]);
});

describe('on those routes', () => {
  let made: Promise<{ staff: Person; script: Client }> | undefined;
  /** A super admin whose second factor was shown an hour ago, and a token of theirs that may do all that they may. */
  const people = () => {
    made ??= (async () => {
      const staff = await signUpStaff('driveway', 'super_admin', {
        password: 'correct horse battery staple',
      });
      const token = { name: 'all', abilities: ['*'], password: staff.password };
      const { body } = await staff.post('/api/v1/users/me/tokens', token);
      await asOwner(sql`
        update identity.sessions set mfa_at = mfa_at - interval '1 hour' where user_id = ${staff.id}::uuid returning id`);
      return { staff, script: new Client('driveway', body.token) };
    })();
    return made;
  };

  test.each(guarded)(
    '$method $path takes neither an older one nor a personal access token',
    async contract => {
      const { staff, script } = await people();
      const { path, body } = exampleRequest(contract);
      expect((await staff.send(contract.method, path, body)).body).toMatchObject({
        status: 403,
        code: 'step_up_required',
      });
      expect((await script.send(contract.method, path, body)).body).toMatchObject({
        status: 403,
        code: 'session_required',
      });
    },
  );

  test('the database refuses a token too, whatever the Lambda let through', async () => {
    const { staff } = await people();
    const [row] = await asOwner(sql`
      select app.check_caller(jsonb_build_object('marketplace', 'driveway', 'actor', ${staff.id}::text, 'session', t.id,
        'token_hash', t.token_hash, 'method', 'POST', 'access', 'money.payout', 'fresh_factor', true)) as refusal
      from identity.personal_access_tokens t where t.user_id = ${staff.id}::uuid`);
    expect(row.refusal).toEqual({ constraint: 'session_required' });
  });
});
