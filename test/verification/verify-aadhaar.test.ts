import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { auditOf, newAadhaar } from './evidence.ts';

const START = '/api/v1/auth/verify-aadhaar/start';
const CONFIRM = '/api/v1/auth/verify-aadhaar';
const CODE = '111000';

let person: Person;
beforeEach(async () => {
  person = await signUp('homigo', { roles: ['tenant'] });
});

const start = (who: Person, aadhaar_number = newAadhaar()) =>
  who.post(START, { aadhaar_number, consent: true });
const confirm = (who: Person, reference: string, otp = CODE) => who.post(CONFIRM, { reference, otp });
const started = async (who: Person, number?: string): Promise<string> =>
  (await start(who, number)).body.reference;

/** Orders the provider's next answer. */
async function provider(path: 'otp' | 'verify', fault: Record<string, unknown>) {
  const { origin } = new URL(process.env.AADHAAR_API_URL ?? '');
  const body = JSON.stringify({ path: `/verification/offline-aadhaar/${path}`, body: {}, ...fault });
  await fetch(`${origin}/_faults`, { method: 'POST', body });
}

test('consent, code and confirmation prove the number, and the badge shows', async () => {
  const number = newAadhaar();
  const asked = await start(person, number);
  expect(asked.status).toBe(202);
  expect(asked.body).toEqual({ reference: expect.any(String), expires_in: 600 });
  const answer = await confirm(person, asked.body.reference);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    aadhaar_last4: number.slice(-4),
    is_fully_verified: false,
    badges: ['Aadhaar Verified'],
  });
  expect(Date.parse(answer.body.aadhaar_verified_at)).not.toBeNaN();
  expect((await person.get('/api/v1/users/me/verification')).body).toEqual(answer.body);
  expect((await auditOf(person)).map(row => row.action)).toEqual([
    'verification.aadhaar_consented',
    'verification.aadhaar_verified',
  ]);
});

test('the number stands nowhere: not in a table, an event, an audit row or a log', async () => {
  const number = newAadhaar();
  const lines = await logsOf(async () => {
    await confirm(person, await started(person, number));
  });
  expect(JSON.stringify(lines)).not.toContain(number);
  const [row] = await asOwner(sql`
    select count(*) filter (where strpos(line, ${number.slice(-4)}::text) > 0)::integer as last4,
           count(*) filter (where strpos(line, ${number}::text) > 0)::integer as number,
           count(*) filter (where strpos(line, 'bm90IGEgcGhvdG8') > 0)::integer as photo
    from (select v::text as line from verification.user_verifications v
          union all select r::text from verification.aadhaar_requests r
          union all select o::text from app.outbox o
          union all select a::text from app.audit_logs a) as everything`);
  expect(row).toMatchObject({ number: 0, photo: 0 });
  expect(row.last4).toBeGreaterThan(0);
});

test.each([
  ['234567890123', 'a wrong check digit'],
  ['134567890124', 'a first digit that none has'],
  ['23456789012', 'eleven digits'],
])('%s is refused for %s, before anybody is asked', async aadhaar_number => {
  const answer = await person.post(START, { aadhaar_number, consent: true });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'aadhaar_number' }] });
});

test('without consent nothing is asked', async () => {
  const answer = await person.post(START, { aadhaar_number: newAadhaar(), consent: false });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ field: 'consent' }]);
});

test('a number may be written in groups', async () => {
  const number = newAadhaar();
  const grouped = number.replace(/(\d{4})(\d{4})/, '$1 $2 ');
  expect((await start(person, grouped)).status).toBe(202);
});

test.each([
  ['9998', 'aadhaar_unknown'],
  ['9999', 'aadhaar_not_linked'],
])('a number that begins with %s is %s', async (prefix, code) => {
  const answer = await start(person, newAadhaar(prefix));
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field: 'aadhaar_number' }] });
});

test('a second code within a minute is refused with the time to wait', async () => {
  const number = newAadhaar();
  await start(person, number);
  const answer = await start(person, number);
  expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(answer.headers['retry-after']).toBe('45');
});

test('a person asks five times a day, whatever the number', async () => {
  for (let time = 0; time < 5; time += 1) expect((await start(person)).status).toBe(202);
  const answer = await start(person);
  expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3600);
});

test('a wrong code tells how many attempts are left, and the fifth was the last', async () => {
  const reference = await started(person);
  for (const left of [4, 3, 2, 1, 0]) {
    const answer = await confirm(person, reference, '123456');
    expect(answer).toMatchObject({ status: 400, body: { code: 'wrong_code' } });
    expect(answer.body.errors[0].message).toContain(`attempts left: ${left}`);
  }
  expect(await confirm(person, reference)).toMatchObject({ status: 410, body: { code: 'code_expired' } });
});

test('ten guesses at once are five', async () => {
  const reference = await started(person);
  const answers = await Promise.all(Array.from({ length: 10 }, () => confirm(person, reference, '123456')));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(400), ...Array(5).fill(410)]);
});

test('a code that the provider calls expired is gone, and so is one after ten minutes', async () => {
  const first = await started(person);
  expect(await confirm(person, first, '000222')).toMatchObject({
    status: 410,
    body: { code: 'code_expired' },
  });
  expect((await confirm(person, first)).status).toBe(410);
  const second = await started(person);
  advanceClock(601);
  expect((await confirm(person, second)).status).toBe(410);
});

test('nobody confirms what somebody else has asked for', async () => {
  const bystander = await signUp('homigo', { roles: ['tenant'] });
  const reference = await started(person);
  expect(await confirm(bystander, reference)).toMatchObject({ status: 410, body: { code: 'code_expired' } });
  expect((await confirm(person, reference)).status).toBe(200);
  const { body } = await bystander.get('/api/v1/users/me/verification');
  expect(body).toMatchObject({ aadhaar_verified_at: null, badges: [] });
});

test('a number belongs to one person of a marketplace, and may be proven in another', async () => {
  const number = newAadhaar();
  await confirm(person, await started(person, number));
  const twin = await signUp('homigo', { roles: ['host'] });
  const refused = await start(twin, number);
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'aadhaar_taken', errors: [{ field: 'aadhaar_number' }] });
  const elsewhere = await signUp('handie', { roles: ['expert'] });
  await provider('otp', {
    status: 200,
    body: { status: 'SUCCESS', message: 'OTP sent successfully', ref_id: 7 },
  });
  const reference = await started(elsewhere, number);
  await provider('verify', { status: 200, body: { status: 'VALID', message: 'Aadhaar Card Exists' } });
  expect((await confirm(elsewhere, reference)).status).toBe(200);
});

test('of two people who prove one number at the same moment one is verified', async () => {
  const number = newAadhaar();
  const rival = await signUp('homigo', { roles: ['tenant'] });
  const first = await started(person, number);
  await provider('otp', {
    status: 200,
    body: { status: 'SUCCESS', message: 'OTP sent successfully', ref_id: 8 },
  });
  const second = await started(rival, number);
  await provider('verify', { status: 200, body: { status: 'VALID' } });
  await provider('verify', { status: 200, body: { status: 'VALID' } });
  const answers = await Promise.all([confirm(person, first), confirm(rival, second)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test.each([
  ['a limit', { status: 429 }, '60'],
  ['a failure', { status: 500, body: { message: 'something went wrong' } }, '300'],
  ['our credentials', { status: 401 }, '300'],
  ['our balance', { status: 422, body: { message: 'Insufficient balance to process this request.' } }, '300'],
  ['an answer that is not JSON', { status: 200, body: '<html>' }, '300'],
  ['a broken connection', { cut: true }, '60'],
])('%s of the provider is no fault of the person’s and costs no try', async (_name, fault, seconds) => {
  await provider('otp', fault);
  const asked = await start(person);
  expect(asked).toMatchObject({ status: 424, body: { code: 'provider_unavailable' } });
  expect(asked.headers['retry-after']).toBe(seconds);
  const reference = await started(person);
  await provider('verify', fault);
  expect((await confirm(person, reference)).status).toBe(424);
  const wrong = await confirm(person, reference, '123456');
  expect(wrong.body.errors[0].message).toContain('attempts left: 4');
});

test('calls are signed, and one without our credentials is refused by the provider', async () => {
  const answer = await fetch(`${process.env.AADHAAR_API_URL}/offline-aadhaar/otp`, {
    method: 'POST',
    headers: { 'x-client-id': 'somebody', 'x-client-secret': 'else' },
    body: JSON.stringify({ aadhaar_number: newAadhaar() }),
  });
  expect(answer.status).toBe(401);
});

test('outside of India there is no Aadhaar', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  expect(await start(driver)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await confirm(driver, randomUUID())).status).toBe(404);
});
