import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import type { Answer } from '../support/send-request.ts';

export const UPLOADS = '/api/v1/users/me/uploads';

/** The smallest files that are what they say. */
export const jpeg = (bytes = 64) =>
  Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(bytes - 4, 7)]);
export const pdf = (bytes = 64) => Buffer.concat([Buffer.from('%PDF-1.7'), Buffer.alloc(bytes - 8, 7)]);

/** Somebody whose account is active: Homigo's waits for a proven phone number. */
export async function newPerson(marketplace = 'driveway', roles = ['host']): Promise<Person> {
  const person = await signUp(marketplace, { roles });
  await asOwner(
    sql`update identity.users set account_status = 'active' where id = ${person.id}::uuid returning id`,
  );
  return person;
}

/** Posts a file with a form, as a browser does. */
export async function postFile(
  { url, fields }: { url: string; fields: Record<string, string> },
  file: Buffer,
  change: Record<string, string> = {},
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...change })) form.set(name, value);
  form.set('file', new Blob([new Uint8Array(file)]));
  return fetch(url, { method: 'POST', body: form });
}

/** Uploads a file from beginning to end and returns the last answer. */
export async function upload(
  person: Person,
  file: Buffer,
  { purpose = 'profile_photo', content_type = 'image/jpeg' } = {},
): Promise<Answer> {
  const announced = await person.post(UPLOADS, { purpose, content_type, size: file.length });
  if (announced.status !== 201) return announced;
  const posted = await postFile(announced.body, file);
  if (!posted.ok) throw new Error(`S3 answered ${posted.status}: ${await posted.text()}`);
  return person.post(`${UPLOADS}/${announced.body.upload_id}/complete`);
}
