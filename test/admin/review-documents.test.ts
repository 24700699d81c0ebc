import { beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { handIn, inDays, jpeg, uploaded } from '../verification/evidence.ts';

const QUEUE = '/api/v1/admin/verifications';
const NEEDED = ['government_id', 'license', 'nbi_clearance', 'health_cert'];

let admin: Person;
let therapist: Person;
beforeAll(async () => {
  admin = await signUpStaff('spacall', 'admin');
});
beforeEach(async () => {
  therapist = await signUp('spacall', { roles: ['therapist'] });
});

const review = (who: Person, id: string, decision: string, reason?: string) =>
  who.post(`/api/v1/admin/documents/${id}/review`, { decision, reason });
const mine = async (person: Person) => (await person.get('/api/v1/users/me/verification')).body;
const isEligible = async (person: Person) => {
  const [row] = await asOwner(
    sql`select verification.is_eligible(${person.id}::uuid) as eligible
        from (select set_config('app.marketplace', 'spacall', true)) as context`,
  );
  return row.eligible;
};

test('a therapist goes from pending over under review to verified, by whom and when', async () => {
  const ids: string[] = [];
  for (const type of NEEDED) ids.push((await handIn(therapist, type)).body.id);
  expect(await mine(therapist)).toMatchObject({ standing: 'under_review' });
  expect(await isEligible(therapist)).toBe(false);
  for (const [index, id] of ids.entries()) {
    const answer = await review(admin, id, 'verified');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      user_id: therapist.id,
      document: { id, status: 'verified', reason: null },
      standing: index === 3 ? 'verified' : 'under_review',
    });
  }
  expect(await mine(therapist)).toMatchObject({ standing: 'verified', missing_documents: [] });
  expect(await isEligible(therapist)).toBe(true);
  const [row] = await asOwner(
    sql`select status, verified_by, verified_at is not null as dated, rejection_reason
        from verification.providers where user_id = ${therapist.id}::uuid`,
  );
  expect(row).toEqual({ status: 'verified', verified_by: admin.id, dated: true, rejection_reason: null });
  const audit = await asOwner(
    sql`select action, old_values, new_values from app.audit_logs
        where user_id = ${admin.id}::uuid and record_id = ${ids[0]}::text`,
  );
  expect(audit).toMatchObject([
    {
      action: 'verification.document_verified',
      old_values: { status: 'pending' },
      new_values: { status: 'verified' },
    },
  ]);
});

test('a rejection says why, and a new document brings the therapist back under review', async () => {
  for (const type of NEEDED.slice(1)) await handIn(therapist, type);
  const { body } = await handIn(therapist, 'government_id');
  const answer = await review(admin, body.id, 'rejected', 'The photo is too dark to read.');
  expect(answer.body).toMatchObject({
    document: { status: 'rejected', reason: 'The photo is too dark to read.' },
    standing: 'rejected',
  });
  expect(await mine(therapist)).toMatchObject({
    standing: 'rejected',
    rejection_reason: 'The photo is too dark to read.',
  });
  await handIn(therapist, 'government_id');
  expect(await mine(therapist)).toMatchObject({ standing: 'under_review', rejection_reason: null });
});

test('rejecting without a reason is refused and changes nothing', async () => {
  const { body } = await handIn(therapist, 'license');
  const answer = await review(admin, body.id, 'rejected');
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code: 'reason_required', errors: [{ field: 'reason' }] });
  const verified = await review(admin, body.id, 'verified', 'Looks good.');
  expect(verified.status).toBe(400);
  expect((await therapist.get('/api/v1/users/me/documents')).body.items[0].status).toBe('pending');
});

test('of two decisions at the same moment one counts', async () => {
  const { body } = await handIn(therapist, 'license');
  const answers = await Promise.all([
    review(admin, body.id, 'verified'),
    review(admin, body.id, 'rejected', 'Too dark.'),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('document_reviewed');
});

test('a decided document cannot be taken back by its owner', async () => {
  const { body } = await handIn(therapist, 'license');
  await review(admin, body.id, 'verified');
  const answer = await therapist.delete(`/api/v1/users/me/documents/${body.id}`);
  expect(answer).toMatchObject({ status: 409, body: { code: 'document_reviewed' } });
});

test('what has run out while it waited can only be rejected', async () => {
  const { body } = await handIn(therapist, 'license', { expires_on: inDays(5) });
  await asOwner(
    sql`update verification.documents set expires_on = current_date - 2 where id = ${body.id}::uuid returning id`,
  );
  expect(await review(admin, body.id, 'verified')).toMatchObject({
    status: 409,
    body: { code: 'document_expired' },
  });
  expect((await review(admin, body.id, 'rejected', 'It has run out.')).status).toBe(200);
});

test('nobody reviews a document of their own', async () => {
  const { body } = await handIn(admin, 'license');
  expect(await review(admin, body.id, 'verified')).toMatchObject({
    status: 403,
    body: { code: 'own_document' },
  });
});

test.each(['customer', 'therapist'])('a %s reviews nothing', async role => {
  const person = await signUp('spacall', { roles: [role] });
  const { body } = await handIn(therapist, 'license');
  for (const answer of [
    await review(person, body.id, 'verified'),
    await person.get(QUEUE),
    await person.get(`/api/v1/admin/documents/${body.id}`),
  ]) {
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  }
});

test('staff of another marketplace see nothing of it', async () => {
  const { body } = await handIn(therapist, 'license');
  const stranger = await signUpStaff('handie', 'admin');
  expect((await review(stranger, body.id, 'verified')).status).toBe(404);
  expect((await stranger.get(`/api/v1/admin/documents/${body.id}`)).status).toBe(404);
  expect(JSON.stringify((await stranger.get(`${QUEUE}?limit=100`)).body)).not.toContain(body.id);
});

test('the queue shows what waits, the longest first, page by page', async () => {
  const waiting = [
    (await handIn(therapist, 'certification')).body.id,
    (await handIn(await signUp('spacall', { roles: ['therapist'] }), 'certification')).body.id,
  ];
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = `type=certification&limit=1${cursor && `&cursor=${cursor}`}`;
    const { body } = await admin.get(`${QUEUE}?${query}`);
    seen.push(...body.items.map(({ document }: { document: { id: string } }) => document.id));
    cursor = body.next_cursor;
  }
  expect(seen.filter(id => waiting.includes(id))).toEqual(waiting);
  await review(admin, waiting[0] ?? '', 'verified');
  expect((await admin.get(`${QUEUE}?type=certification&limit=100`)).text).not.toContain(waiting[0]);
  expect((await admin.get(`${QUEUE}?status=verified&type=certification&limit=100`)).text).toContain(
    waiting[0],
  );
});

test('a reviewer sees number and pictures, and that they looked is audited', async () => {
  const picture = jpeg('face:maria');
  const upload_id = await uploaded(therapist, picture);
  const { body } = await handIn(therapist, 'license', { upload_id, number: 'D08-12-004321' });
  const opened = await admin.get(`/api/v1/admin/documents/${body.id}`);
  expect(opened.status).toBe(200);
  expect(opened.body).toMatchObject({
    document: { id: body.id, number_last4: '4321' },
    user_id: therapist.id,
    full_name: 'Asha Rao',
    standing: 'pending',
    number: 'D08-12-004321',
    files: [{ file_name: null, content_type: 'image/jpeg', size: picture.length }],
    expires_in: 300,
  });
  const shown = await fetch(opened.body.picture_urls[0]);
  expect(Buffer.from(await shown.arrayBuffer())).toEqual(picture);
  const audit = await asOwner(
    sql`select user_id from app.audit_logs
        where action = 'verification.document_opened' and record_id = ${body.id}::text`,
  );
  expect(audit).toEqual([{ user_id: admin.id }]);
});

test('the person is told of each decision, and of being verified', async () => {
  const store = await signUp('spacall', { roles: ['store_owner'] });
  const [government, business] = [
    await handIn(store, 'government_id'),
    await handIn(store, 'business_registration'),
  ];
  await review(admin, government.body.id, 'rejected', 'Too dark.');
  const again = await handIn(store, 'government_id');
  await review(admin, again.body.id, 'verified');
  await review(admin, business.body.id, 'verified');
  await deliverEvents();
  const messages = await asOwner(
    sql`select template, channel, variables from notify.messages where user_id = ${store.id}::uuid order by created_at, template`,
  );
  expect(messages.map(({ template }) => template).sort()).toEqual([
    'document_rejected',
    'document_verified',
    'document_verified',
    'provider_verified',
  ]);
  expect(messages).toContainEqual(
    expect.objectContaining({ channel: 'email', variables: { document: 'business registration' } }),
  );
});
