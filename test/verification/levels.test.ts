import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { auth, codeSentTo, newAccount, newEmail, newPhone } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { handIn, jpeg, newAadhaar, uploaded } from './evidence.ts';

const MINE = '/api/v1/users/me/verification';

const rowOf = async (userId: string) =>
  asOwner(sql`select * from verification.user_verifications where user_id = ${userId}::uuid`);

test('everybody who signs up has exactly one record, with no level proven', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  expect(await rowOf(person.id)).toMatchObject([
    { phone_verified_at: null, email_verified_at: null, aadhaar_verified_at: null, face_verified_at: null },
  ]);
  const second = asOwner(
    sql`insert into verification.user_verifications (user_id, marketplace) values (${person.id}::uuid, 'homigo') returning user_id`,
  );
  await expect(second).rejects.toThrow('user_verifications_pkey');
  expect((await person.get(MINE)).body).toEqual({
    phone_verified_at: null,
    email_verified_at: null,
    aadhaar_verified_at: null,
    aadhaar_last4: null,
    face_verified_at: null,
    is_fully_verified: false,
    badges: [],
    standing: null,
    rejection_reason: null,
    required_documents: [],
    missing_documents: [],
  });
});

test.each([
  ['email', 'Email Verified', newEmail],
  ['phone', 'Phone Verified', newPhone],
] as const)('a one-time code proves the level of %s, and the badge %s shows', async (field, badge, make) => {
  const contact = { [field]: make() };
  const context = { marketplace: 'homigo' };
  await newAccount({ ...contact, roles: ['tenant'] }, 'homigo');
  await auth('request-otp', contact, context);
  const code = await codeSentTo(Object.values(contact)[0] ?? '');
  const { body } = await auth('verify-otp', { ...contact, code }, context);
  const person = new Client('homigo', body.access_token);
  expect((await person.get(MINE)).body.badges).toEqual([badge]);
  expect((await person.get('/api/v1/users/me')).body.badges).toEqual([badge]);
});

test('a person is fully verified with the fourth level, and not again when one falls', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  const bystander = await signUp('homigo', { roles: ['tenant'] });
  const mine = async () => (await person.get(MINE)).body;
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${person.id}::uuid returning id`,
  );
  expect((await mine()).badges).toEqual(['Email Verified']);
  await asOwner(
    sql`update identity.users set phone_sealed = 's', phone_hash = ${person.id}::text, phone_verified_at = app.now()
        where id = ${person.id}::uuid returning id`,
  );
  const asked = await person.post('/api/v1/auth/verify-aadhaar/start', {
    aadhaar_number: newAadhaar(),
    consent: true,
  });
  await person.post('/api/v1/auth/verify-aadhaar', { reference: asked.body.reference, otp: '111000' });
  expect(await mine()).toMatchObject({
    is_fully_verified: false,
    badges: ['Phone Verified', 'Email Verified', 'Aadhaar Verified'],
  });
  await handIn(person, 'government_id');
  await person.post('/api/v1/auth/verify-faceid', {
    selfie_upload_id: await uploaded(person, jpeg('face:asha')),
  });
  expect(await mine()).toMatchObject({
    is_fully_verified: true,
    badges: ['Phone Verified', 'Email Verified', 'Aadhaar Verified', 'Face Verified'],
  });
  const shown = (await bystander.get(`/api/v1/users/${person.id}`)).body;
  expect(shown.badges).toEqual(['Phone Verified', 'Email Verified', 'Aadhaar Verified', 'Face Verified']);
  await asOwner(
    sql`update identity.users set email_verified_at = null where id = ${person.id}::uuid returning id`,
  );
  expect(await mine()).toMatchObject({ is_fully_verified: false, email_verified_at: null });
  expect((await bystander.get(MINE)).body.badges).toEqual([]);
});

test('whether somebody is fully verified cannot be written', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  const written = asOwner(
    sql`update verification.user_verifications set is_fully_verified = true where user_id = ${person.id}::uuid returning user_id`,
  );
  await expect(written).rejects.toThrow('is_fully_verified');
});

test('no client sets a level by changing their account', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  for (const field of ['email_verified', 'phone_verified', 'identity_verified', 'face_verified_at']) {
    const answer = await person.put('/api/v1/users/me', { [field]: true });
    expect(answer.status, field).toBe(400);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ field, code: 'unknown_field' }));
  }
});

test('a deleted person’s Aadhaar number may be proven again', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  await asOwner(
    sql`update verification.user_verifications
        set aadhaar_verified_at = app.now(), aadhaar_hash = ${person.id}::text, aadhaar_last4 = '0124'
        where user_id = ${person.id}::uuid returning user_id`,
  );
  await asOwner(
    sql`update identity.users set account_status = 'deleted', deleted_at = app.now() where id = ${person.id}::uuid returning id`,
  );
  expect(await rowOf(person.id)).toMatchObject([{ aadhaar_hash: null, aadhaar_verified_at: null }]);
});

test('badges are those of the marketplace that asks', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${person.id}::uuid returning id`,
  );
  const badges = (marketplace: string) =>
    inScratch(async run => {
      await run(`select set_config('app.marketplace', '${marketplace}', true)`);
      const [row] = await run(`select to_json(verification.badges('${person.id}'))::text as badges`);
      return JSON.parse(row.badges);
    });
  expect(await badges('homigo')).toEqual(['Email Verified']);
  expect(await badges('spacall')).toEqual([]);
});

test('nobody sees a verification without signing in', async () => {
  expect((await new Client('homigo').get(MINE)).status).toBe(401);
});
