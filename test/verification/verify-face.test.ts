import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { failNext } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { withSetting } from '../support/settings.ts';
import { auditOf, handIn, jpeg, uploaded } from './evidence.ts';

const PATH = '/api/v1/auth/verify-faceid';

let person: Person;
beforeEach(async () => {
  person = await signUp('homigo', { roles: ['tenant'] });
});

/** Hands a picture of Asha in as a document and returns the upload's id. */
async function handedIn(who: Person): Promise<string> {
  const upload_id = await uploaded(who, jpeg('face:asha'));
  const answer = await who.post('/api/v1/users/me/documents', { type: 'license', upload_id });
  if (answer.status !== 201) throw new Error(`The document answered ${answer.text}`);
  return upload_id;
}

async function compare(who: Person, selfie: string) {
  const selfie_upload_id = await uploaded(who, jpeg(selfie));
  return who.post(PATH, { selfie_upload_id, document_upload_id: await handedIn(who) });
}

test('a selfie that shows the face of the document proves the level, and the badge shows', async () => {
  const answer = await compare(person, 'face:asha today');
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ badges: ['Face Verified'], is_fully_verified: false });
  expect(Date.parse(answer.body.face_verified_at)).not.toBeNaN();
  expect(await auditOf(person)).toMatchObject([
    { action: 'verification.document_submitted' },
    {
      action: 'verification.face_verified',
      metadata: { outcome: 'verified', similarity: 99.9, threshold: 90 },
    },
  ]);
});

test('without a document the latest government id is compared', async () => {
  const selfie_upload_id = await uploaded(person, jpeg('face:asha'));
  const refused = await person.post(PATH, { selfie_upload_id });
  expect(refused).toMatchObject({
    status: 422,
    body: { code: 'document_not_found', errors: [{ field: 'document_upload_id' }] },
  });
  await handIn(person, 'government_id');
  expect((await person.post(PATH, { selfie_upload_id })).status).toBe(200);
});

test.each([
  ['similarity:89.9', 422],
  ['similarity:90', 200],
])('at a threshold of 90 a selfie of %s is answered with %i', async (selfie, status) => {
  expect((await compare(person, selfie)).status).toBe(status);
});

test('the threshold is the marketplace’s, which the business changes', async () => {
  const answer = await withSetting('homigo', 'face_match_threshold', 99, () =>
    compare(person, 'similarity:95'),
  );
  expect(answer).toMatchObject({ status: 422, body: { code: 'face_mismatch' } });
});

test('a mismatch tells how many attempts are left, and the sixth of a day is refused', async () => {
  const selfie_upload_id = await uploaded(person, jpeg('face:somebody'));
  const document_upload_id = await handedIn(person);
  const send = () => person.post(PATH, { selfie_upload_id, document_upload_id });
  for (const left of [4, 3, 2, 1, 0]) {
    const answer = await send();
    expect(answer).toMatchObject({ status: 422, body: { code: 'face_mismatch' } });
    expect(answer.body.errors[0]).toMatchObject({
      field: 'selfie_upload_id',
      message: expect.stringContaining(`Attempts left: ${left}.`),
    });
  }
  const refused = await send();
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(86_000);
  const [{ count }] = await asOwner(
    sql`select count(*)::integer as count from verification.face_attempts where user_id = ${person.id}::uuid`,
  );
  expect(count).toBe(5);
});

test('a day later there are attempts again', async () => {
  await asOwner(
    sql`insert into verification.face_attempts (marketplace, user_id, selfie_upload_id, document_upload_id, outcome, threshold, created_at)
        select 'homigo', ${person.id}::uuid, app.uuid_v7(), app.uuid_v7(), 'no_face', 90, now() - interval '23 hours 59 minutes'
        from generate_series(1, 5) returning id`,
  );
  const selfie_upload_id = await uploaded(person, jpeg('face:asha'));
  await handIn(person, 'government_id');
  expect((await person.post(PATH, { selfie_upload_id })).status).toBe(429);
  advanceClock(120);
  expect((await person.post(PATH, { selfie_upload_id })).status).toBe(200);
});

test('ten comparisons at once count as five', async () => {
  const selfie_upload_id = await uploaded(person, jpeg('face:somebody'));
  const document_upload_id = await handedIn(person);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => person.post(PATH, { selfie_upload_id, document_upload_id })),
  );
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
});

test('a picture is not compared with itself, nor with a copy of itself', async () => {
  const upload = await handedIn(person);
  const answer = await person.post(PATH, { selfie_upload_id: upload, document_upload_id: upload });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ field: 'document_upload_id' }]);
  const picture = jpeg('face:asha');
  const document_upload_id = await uploaded(person, picture);
  await person.post('/api/v1/users/me/documents', { type: 'government_id', upload_id: document_upload_id });
  for (const selfie_upload_id of [await uploaded(person, picture), upload]) {
    const refused = await person.post(PATH, { selfie_upload_id, document_upload_id });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'same_picture', errors: [{ field: 'selfie_upload_id' }] },
    });
  }
  expect(await auditOf(person)).toMatchObject([
    { action: 'verification.document_submitted' },
    { action: 'verification.document_submitted' },
    { action: 'verification.face_refused', metadata: { outcome: 'same_picture' } },
    { action: 'verification.face_refused', metadata: { outcome: 'same_picture' } },
  ]);
  // As long as the document, and another photograph all the same.
  const selfie_upload_id = await uploaded(person, jpeg('face:asha'));
  expect((await person.post(PATH, { selfie_upload_id, document_upload_id })).status).toBe(200);
});

test('the level falls when staff reject the document that it was proven against, and no other', async () => {
  const admin = await signUpStaff('homigo', 'admin');
  const proof = await handIn(person, 'government_id');
  const bystander = await handIn(person, 'license');
  await person.post(PATH, { selfie_upload_id: await uploaded(person, jpeg('face:asha')) });
  const reject = (id: string) =>
    admin.post(`/api/v1/admin/documents/${id}/review`, { decision: 'rejected', reason: 'It is a copy.' });
  const badges = async () => (await person.get('/api/v1/users/me/verification')).body.badges;
  await reject(bystander.body.id);
  expect(await badges()).toEqual(['Face Verified']);
  await reject(proof.body.id);
  expect(await badges()).toEqual([]);
});

test('a picture without a face is refused as such', async () => {
  const answer = await compare(person, 'face:none');
  expect(answer).toMatchObject({ status: 422, body: { code: 'no_face' } });
});

test('only the caller’s own stored pictures are compared', async () => {
  const bystander = await signUp('homigo', { roles: ['tenant'] });
  const theirs = await handedIn(bystander);
  const own = await handedIn(person);
  const pdf = await uploaded(person, Buffer.from('%PDF-1.7 face:asha'), 'application/pdf');
  for (const selfie_upload_id of [theirs, pdf, randomUUID()]) {
    const answer = await person.post(PATH, { selfie_upload_id, document_upload_id: own });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'upload_not_found', errors: [{ field: 'selfie_upload_id' }] },
    });
  }
  const answer = await person.post(PATH, { selfie_upload_id: own, document_upload_id: theirs });
  expect(answer.body.code).toBe('document_not_found');
});

test('a service that is busy costs no attempt', async () => {
  await failNext('rekognition:CompareFaces', 'ProvisionedThroughputExceededException', 3);
  const answer = await compare(person, 'face:asha');
  expect(answer).toMatchObject({ status: 424, body: { code: 'provider_unavailable' } });
  expect(answer.headers['retry-after']).toBe('30');
  const rows = await asOwner(
    sql`select id from verification.face_attempts where user_id = ${person.id}::uuid`,
  );
  expect(rows).toEqual([]);
});
