import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { failNext } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { auditOf, handIn, jpeg, uploaded } from './evidence.ts';

const PATH = '/api/v1/auth/verify-faceid';

const want = (liveness: boolean) => set('homigo', 'face_liveness', liveness);

let person: Person;
beforeEach(async () => {
  await want(true);
  person = await signUp('homigo', { roles: ['tenant'] });
});
afterEach(() => want(false));

async function begin(who = person): Promise<string> {
  const answer = await who.post(`${PATH}/start`);
  if (answer.status !== 201) throw new Error(`Beginning answered ${answer.text}`);
  return answer.body.liveness_session_id;
}

/** Shows a video to Rekognition, as the app does: how sure it is, and the picture that it takes from it. */
async function show(SessionId: string, Confidence: number | null, shows?: string): Promise<void> {
  const scope = `${process.env.AWS_ACCESS_KEY_ID}/20260101/us-east-1/rekognition/aws4_request`;
  const answer = await fetch(`${process.env.AWS_ENDPOINT_URL}`, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}`,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'RekognitionService.StartFaceLivenessSession',
    },
    body: JSON.stringify({
      SessionId,
      Confidence,
      ...(shows ? { Picture: jpeg(shows).toString('base64') } : {}),
    }),
  });
  if (!answer.ok) throw new Error(`The video was answered with ${await answer.text()}`);
}

const verify = (liveness_session_id: string, who = person) => who.post(PATH, { liveness_session_id });

/** What is answered to a session that showed this. */
async function seen(confidence: number | null, shows?: string) {
  const session = await begin();
  await show(session, confidence, shows);
  return verify(session);
}

test('somebody alive with the face of the document proves the level', async () => {
  await handIn(person, 'government_id');
  const started = await person.post(`${PATH}/start`);
  expect(started.status).toBe(201);
  expect(started.body).toMatchObject({ region: 'us-east-1' });
  const left = Date.parse(started.body.expires_at) - Date.now();
  expect(left).toBeGreaterThan(170_000);
  expect(left).toBeLessThanOrEqual(180_000);
  await show(started.body.liveness_session_id, 97.25, 'face:asha');
  const answer = await verify(started.body.liveness_session_id);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.badges).toEqual(['Face Verified']);
  const { id } = person;
  const attempts = await asOwner(
    sql`select outcome, similarity, liveness_confidence, selfie_upload_id from verification.face_attempts
        where user_id = ${id}::uuid`,
  );
  expect(attempts).toEqual([
    { outcome: 'verified', similarity: 99.9, liveness_confidence: 97.25, selfie_upload_id: null },
  ]);
  expect((await auditOf(person)).at(-1)).toMatchObject({
    action: 'verification.face_verified',
    metadata: { outcome: 'verified', similarity: 99.9, threshold: 90, liveness_confidence: 97.25 },
  });
});

test.each([
  ['a picture held up to the camera', 79.9, 'face:asha', 'not_live', 'liveness_session_id'],
  ['a video that failed', null, undefined, 'not_live', 'liveness_session_id'],
  ['another person', 99, 'face:maria', 'face_mismatch', 'liveness_session_id'],
  ['a video without a good picture', 99, undefined, 'no_face', 'liveness_session_id'],
])('%s is refused, and counts', async (_, confidence, shows, code, field) => {
  await handIn(person, 'government_id');
  const answer = await seen(confidence, shows);
  expect(answer).toMatchObject({ status: 422, body: { code } });
  expect(answer.body.errors[0]).toMatchObject({
    field,
    message: expect.stringContaining('Attempts left: 4.'),
  });
  expect((await person.get('/api/v1/users/me/verification')).body.badges).toEqual([]);
});

test('a picture is not enough where somebody alive is wanted, and is elsewhere', async () => {
  await handIn(person, 'government_id');
  const selfie_upload_id = await uploaded(person);
  expect((await person.post(PATH, { selfie_upload_id })).body).toMatchObject({
    status: 422,
    code: 'liveness_required',
    errors: [{ field: 'liveness_session_id' }],
  });
  await want(false);
  expect((await person.post(`${PATH}/start`)).body).toMatchObject({ status: 404, code: 'not_found' });
  expect((await person.post(PATH, { selfie_upload_id })).status).toBe(200);
});

test('a session serves its owner, once, and only after its video', async () => {
  await handIn(person, 'government_id');
  const session = await begin();
  expect((await verify(session)).body).toMatchObject({ status: 409, code: 'liveness_unfinished' });
  await show(session, 99, 'face:asha');
  const stranger = await signUp('homigo', { roles: ['tenant'] });
  await handIn(stranger, 'government_id');
  for (const [id, who] of [
    [session, stranger],
    [randomUUID(), person],
  ] as const)
    expect((await verify(id, who)).body).toMatchObject({ status: 422, code: 'liveness_not_found' });
  const answers = await Promise.all([verify(session), verify(session)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
  expect((await verify(session)).body.code).toBe('liveness_not_found');
  const rows = await asOwner(
    sql`select user_id from verification.face_attempts where liveness_session_id = ${session}::uuid`,
  );
  expect(rows).toEqual([{ user_id: person.id }]);
});

test('a session that nobody used in three minutes is gone', async () => {
  await handIn(person, 'government_id');
  const session = await begin();
  await show(session, 99, 'face:asha');
  advanceClock(181);
  expect((await verify(session)).body).toMatchObject({ status: 422, code: 'liveness_not_found' });
});

test('ten sessions a day are the most, and a busy service opens none', async () => {
  await failNext('rekognition:CreateFaceLivenessSession', 'ThrottlingException', 3);
  const busy = await person.post(`${PATH}/start`);
  expect(busy).toMatchObject({ status: 424, body: { code: 'provider_unavailable' } });
  for (let n = 0; n < 9; n += 1) await begin();
  const refused = await person.post(`${PATH}/start`);
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3600);
});

test('either a selfie or a session is given', async () => {
  for (const body of [{}, { selfie_upload_id: randomUUID(), liveness_session_id: randomUUID() }])
    expect((await person.post(PATH, body)).body).toMatchObject({
      status: 400,
      errors: [{ field: 'selfie_upload_id' }],
    });
});
