import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { auditOf, handIn, inDays, uploaded } from './evidence.ts';

const DOCUMENTS = '/api/v1/users/me/documents';

let therapist: Person;
beforeEach(async () => {
  therapist = await signUp('spacall', { roles: ['therapist'] });
});

const standingOf = async (person: Person) => (await person.get('/api/v1/users/me/verification')).body;

test('a document waits for review and shows the last four characters of its number', async () => {
  const upload_id = await uploaded(therapist);
  const back_upload_id = await uploaded(therapist);
  const facts = { type: 'license', upload_id, back_upload_id, expires_on: inDays(400) };
  const answer = await therapist.post(DOCUMENTS, { ...facts, number: 'D08-12-004321' });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    ...facts,
    id: expect.any(String),
    number_last4: '4321',
    is_expired: false,
    status: 'pending',
    reason: null,
    reviewed_at: null,
    created_at: expect.any(String),
  });
  expect((await therapist.get(DOCUMENTS)).body).toEqual({ items: [answer.body], next_cursor: null });
  const [row] = await asOwner(
    sql`select to_jsonb(d)::text as row from verification.documents d where id = ${answer.body.id}::uuid`,
  );
  expect(row.row).not.toContain('D08');
  expect(await auditOf(therapist)).toMatchObject([{ action: 'verification.document_submitted' }]);
});

test.each(['approved', 'under_review', 'expired'])(
  'the database knows no document that is %s',
  async status => {
    const { body } = await handIn(therapist, 'license');
    const written = asOwner(
      sql`update verification.documents set status = ${status}::text, reviewed_at = app.now() where id = ${body.id}::uuid returning id`,
    );
    await expect(written).rejects.toThrow('documents_status_check');
  },
);

test('the database knows no provider who is approved', async () => {
  await handIn(therapist, 'license');
  const written = asOwner(
    sql`update verification.providers set status = 'approved' where user_id = ${therapist.id}::uuid returning user_id`,
  );
  await expect(written).rejects.toThrow('providers_status_check');
});

test('a provider is under review once every document that the role needs is there', async () => {
  expect(await standingOf(therapist)).toMatchObject({
    standing: 'pending',
    required_documents: ['government_id', 'health_cert', 'license', 'nbi_clearance'],
    missing_documents: ['government_id', 'health_cert', 'license', 'nbi_clearance'],
  });
  for (const type of ['government_id', 'license', 'nbi_clearance']) await handIn(therapist, type);
  expect((await standingOf(therapist)).standing).toBe('pending');
  await handIn(therapist, 'health_cert');
  expect((await standingOf(therapist)).standing).toBe('under_review');
  const customer = await signUp('spacall', { roles: ['customer'] });
  await handIn(customer, 'government_id');
  expect((await standingOf(customer)).standing).toBeNull();
});

test('a role that is given or taken away changes what is needed, and the standing with it', async () => {
  const person = await signUp('spacall', { roles: ['customer'] });
  const give = (role: string) =>
    asOwner(
      sql`insert into identity.user_roles (marketplace, user_id, role)
          values ('spacall', ${person.id}::uuid, ${role}::text) returning id`,
    );
  await give('store_owner');
  expect(await standingOf(person)).toMatchObject({
    standing: 'pending',
    missing_documents: ['business_registration', 'government_id'],
  });
  await handIn(person, 'government_id');
  await handIn(person, 'business_registration');
  expect((await standingOf(person)).standing).toBe('under_review');
  await inScratch(async run => {
    await run(`select set_config('app.marketplace', 'spacall', true), set_config('app.emitted', '0', true)`);
    await run(`delete from identity.user_roles where user_id = '${person.id}' and role = 'store_owner'`);
    const rows = await run(`select status from verification.providers where user_id = '${person.id}'`);
    expect(rows).toEqual([]);
    await run(
      `insert into identity.user_roles (marketplace, user_id, role) values ('spacall', '${person.id}', 'therapist')`,
    );
    const [row] = await run(`select status from verification.providers where user_id = '${person.id}'`);
    expect(row.status).toBe('pending');
  });
});

test('a second document of a type is refused while one waits, and taken once that was taken back', async () => {
  const first = await handIn(therapist, 'license');
  const second = await handIn(therapist, 'license');
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'document_pending', errors: [{ field: 'type' }] });
  expect((await therapist.delete(`${DOCUMENTS}/${first.body.id}`)).status).toBe(204);
  expect((await handIn(therapist, 'license')).status).toBe(201);
});

test('of two documents of a type at the same moment one is taken', async () => {
  const uploads = [await uploaded(therapist), await uploaded(therapist)];
  const answers = await Promise.all(
    uploads.map(upload_id => therapist.post(DOCUMENTS, { type: 'license', upload_id })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test('a repeated idempotency key hands in one document and answers the same', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { type: 'license', upload_id: await uploaded(therapist) };
  const first = await therapist.post(DOCUMENTS, body, { headers });
  const second = await therapist.post(DOCUMENTS, body, { headers });
  expect(second.status).toBe(201);
  expect(second.body).toEqual(first.body);
  expect(second.headers['idempotency-replayed']).toBe('true');
});

test('a document that has run out is refused, one that ends today is not', async () => {
  const answer = await handIn(therapist, 'license', { expires_on: inDays(-2) });
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code: 'document_expired', errors: [{ field: 'expires_on' }] });
  expect((await handIn(therapist, 'license', { expires_on: inDays(1) })).status).toBe(201);
});

test.each(['2027-02-30', '0000-01-01', '1899-12-31', 'tomorrow'])('%s is no day', async expires_on => {
  const answer = await handIn(therapist, 'license', { expires_on });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ field: 'expires_on' }]);
});

test('only the caller’s own stored documents can be handed in', async () => {
  const bystander = await signUp('spacall', { roles: ['therapist'] });
  const announced = await therapist.post('/api/v1/users/me/uploads', {
    purpose: 'document',
    content_type: 'image/png',
    size: 100,
  });
  const photo = await uploaded(therapist, undefined, 'image/jpeg', 'profile_photo');
  for (const upload_id of [await uploaded(bystander), announced.body.upload_id, photo, randomUUID()]) {
    const answer = await therapist.post(DOCUMENTS, { type: 'license', upload_id });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'upload_not_found', errors: [{ field: 'upload_id' }] });
  }
});

test('nobody sees or takes back somebody else’s document', async () => {
  const { body } = await handIn(therapist, 'license');
  const bystander = await signUp('spacall', { roles: ['therapist'] });
  expect((await bystander.get(DOCUMENTS)).body.items).toEqual([]);
  const answer = await bystander.delete(`${DOCUMENTS}/${body.id}`);
  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await therapist.get(DOCUMENTS)).body.items).toHaveLength(1);
});

test('the list goes on where a page ended', async () => {
  for (const type of ['government_id', 'license', 'nbi_clearance']) await handIn(therapist, type);
  const first = (await therapist.get(`${DOCUMENTS}?limit=2`)).body;
  const second = (await therapist.get(`${DOCUMENTS}?limit=2&cursor=${first.next_cursor}`)).body;
  const types = [...first.items, ...second.items].map(({ type }) => type);
  expect(types).toEqual(['nbi_clearance', 'license', 'government_id']);
  expect(second.next_cursor).toBeNull();
});
