import { randomInt, randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { isVerhoeff } from '../../lambdas/verification/aadhaar-number.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

/**
 * A picture as the local Rekognition reads it: `face:<name>` says whom it shows, `similarity:<percent>` how near it comes. No two are
 * the same file, as no two photographs are.
 */
export const jpeg = (shows: string) =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    Buffer.from(` ${shows} ${randomUUID()} `),
    Buffer.from([0xff, 0xd9]),
  ]);

/** Uploads a file through the form and tells that it is there. Returns the upload's id. */
export async function uploaded(
  person: Person,
  bytes: Buffer = jpeg('face:asha'),
  content_type = 'image/jpeg',
  purpose = 'document',
): Promise<string> {
  const announced = await person.post('/api/v1/users/me/uploads', {
    purpose,
    content_type,
    size: bytes.length,
  });
  if (announced.status !== 201) throw new Error(`The upload answered ${announced.status}: ${announced.text}`);
  const { upload_id, url, fields } = announced.body;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  form.set('file', new Blob([new Uint8Array(bytes)], { type: content_type }));
  const posted = await fetch(url, { method: 'POST', body: form });
  if (!posted.ok) throw new Error(`The bucket answered ${posted.status}: ${await posted.text()}`);
  const completed = await person.post(`/api/v1/users/me/uploads/${upload_id}/complete`);
  if (completed.status !== 200) throw new Error(`Completing answered ${completed.status}: ${completed.text}`);
  return upload_id;
}

/** Hands in a document with a picture of its own. */
export async function handIn(person: Person, type: string, facts: Record<string, unknown> = {}) {
  return person.post('/api/v1/users/me/documents', { type, upload_id: await uploaded(person), ...facts });
}

/** A number that passes the check digit, another one each time. */
export function newAadhaar(prefix = '2'): string {
  for (;;) {
    const digits = Array.from({ length: 12 - prefix.length }, () => randomInt(10)).join('');
    if (isVerhoeff(prefix + digits)) return prefix + digits;
  }
}

/** So many days from today, as a date. */
export const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** Rows of the audit log about a person's verification, in the order of writing. */
export async function auditOf(person: Person): Promise<{ action: string; metadata: unknown }[]> {
  return asOwner(
    sql`select action, metadata, new_values from app.audit_logs
        where user_id = ${person.id}::uuid and category = 'verification' order by id`,
  );
}
