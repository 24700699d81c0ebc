import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { handIn, jpeg, uploaded } from './evidence.ts';

const FACE = '/api/v1/auth/verify-faceid';
const hasFace = async (person: Person) =>
  (await person.get('/api/v1/users/me/verification')).body.face_verified_at !== null;

test('a second selfie is no document: the face is compared with what staff will see', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  const [selfie_upload_id, document_upload_id] = [
    await uploaded(person, jpeg('face:asha')),
    await uploaded(person, jpeg('face:asha')),
  ];
  const answer = await person.post(FACE, { selfie_upload_id, document_upload_id });
  expect(answer).toMatchObject({ status: 422, body: { code: 'document_not_found' } });
  expect(await hasFace(person)).toBe(false);
});

test('a level that was proven against a document goes with the document', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  const proof = await handIn(person, 'government_id');
  const selfie_upload_id = await uploaded(person, jpeg('face:asha'));
  expect((await person.post(FACE, { selfie_upload_id })).status).toBe(200);
  expect(await hasFace(person)).toBe(true);
  expect((await person.delete(`/api/v1/users/me/documents/${proof.body.id}`)).status).toBe(204);
  expect(await hasFace(person)).toBe(false);
});

test('a rejected document proves no face by being named', async () => {
  const admin = await signUpStaff('homigo', 'admin');
  const person = await signUp('homigo', { roles: ['tenant'] });
  const proof = await handIn(person, 'government_id');
  await admin.post(`/api/v1/admin/documents/${proof.body.id}/review`, {
    decision: 'rejected',
    reason: 'It is a copy.',
  });
  const selfie_upload_id = await uploaded(person, jpeg('face:asha'));
  const answer = await person.post(FACE, { selfie_upload_id, document_upload_id: proof.body.upload_id });
  expect(answer).toMatchObject({ status: 422, body: { code: 'document_not_found' } });
});

test('a number of signs beyond the basic plane is kept whole', async () => {
  const person = await signUpWithPassword('homigo', { roles: ['tenant'] });
  const answer = await handIn(person, 'license', { number: '123\u{20BB7}\u{20BB7}4\u{20BB7}' });
  expect(answer.status, answer.text).toBe(201);
  expect([...answer.body.number_last4]).toEqual(['\u{20BB7}', '\u{20BB7}', '4', '\u{20BB7}']);
});

test('what staff wrote about a document is gone after the purge, the audit log included', async () => {
  const admin = await signUpStaff('homigo', 'admin');
  const person = await signUpWithPassword('homigo', { roles: ['tenant'] });
  const reason = `The card says Ravi Menon-${person.id.slice(-8)}, born 1980.`;
  const proof = await handIn(person, 'government_id');
  await admin.post(`/api/v1/admin/documents/${proof.body.id}/review`, { decision: 'rejected', reason });
  expect((await person.send('DELETE', '/api/v1/users/me', { password: person.password })).status).toBe(200);
  await asOwner(
    sql`update identity.users set deleted_at = deleted_at - interval '91 days' where id = ${person.id}::uuid returning id`,
  );
  await asOwner(sql`select privacy.purge(${person.id}::uuid)`);
  const left = await asOwner(
    sql`select action, new_values from app.audit_logs where record_id = ${proof.body.id}::text and action like 'verification.document_r%'`,
  );
  expect(left).toHaveLength(1);
  expect(JSON.stringify(left)).not.toContain('Ravi Menon');
});
