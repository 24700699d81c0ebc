import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { countTrips } from './accounts.ts';
import { jpeg, newPerson, pdf, postFile, UPLOADS, upload } from './profile-files.ts';

const announce = { purpose: 'profile_photo', content_type: 'image/jpeg', size: 64 };

test('a file is announced, posted to S3, completed and shown by a URL of five minutes', async () => {
  const person = await newPerson();
  const file_name = 'ब्लैक & white/../me.jpg';
  const announced = await person.post(UPLOADS, { ...announce, file_name });
  expect(announced).toMatchObject({ status: 201, body: { expires_in: 900 } });
  const { upload_id, fields } = announced.body;
  expect(fields.key).toBe(`incoming/driveway/${person.id}/${upload_id}`);
  expect((await postFile(announced.body, jpeg())).status).toBe(204);
  const completed = await person.post(`${UPLOADS}/${upload_id}/complete`);
  expect(completed).toMatchObject({ status: 200, body: { id: upload_id, status: 'stored', size: 64 } });
  const shown = await person.get(`${UPLOADS}/${upload_id}`);
  expect(shown.body).toMatchObject({ file_name, expires_in: 300 });
  expect(new URL(shown.body.url).searchParams.get('X-Amz-Expires')).toBe('300');
  const file = await fetch(shown.body.url);
  expect(file.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await file.arrayBuffer())).toEqual(jpeg());
});

test('to complete a file twice, or twice at once, changes nothing', async () => {
  const person = await newPerson();
  const { body } = await person.post(UPLOADS, announce);
  await postFile(body, jpeg());
  const complete = () => person.post(`${UPLOADS}/${body.upload_id}/complete`);
  const answers = await Promise.all([complete(), complete()]);
  expect(answers.map(({ status }) => status)).toContain(200);
  expect(await complete()).toMatchObject({ status: 200, body: { status: 'stored' } });
});

test('what the form replaces after completion does not reach the stored file', async () => {
  const person = await newPerson();
  const { body } = await person.post(UPLOADS, announce);
  await postFile(body, jpeg());
  await person.post(`${UPLOADS}/${body.upload_id}/complete`);
  expect((await postFile(body, Buffer.alloc(64, 'evil'))).status).toBe(204);
  await person.post(`${UPLOADS}/${body.upload_id}/complete`);
  const { url } = (await person.get(`${UPLOADS}/${body.upload_id}`)).body;
  expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(jpeg());
});

test.each([
  ['a larger file', jpeg(65), {}, 400, 'EntityTooLarge'],
  ['a smaller file', jpeg(63), {}, 400, 'EntityTooSmall'],
  ['another type', jpeg(), { 'Content-Type': 'text/html' }, 403, 'AccessDenied'],
  ['another place', jpeg(), { key: 'stored/driveway/somebody' }, 403, 'AccessDenied'],
])('S3 refuses %s than the form was made for', async (_, file, change, status, code) => {
  const { body } = await (await newPerson()).post(UPLOADS, announce);
  const answer = await postFile(body, file, change);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(`<Code>${code}</Code>`);
});

test('a file that is not what it says is refused, deleted, and stays refused', async () => {
  const person = await newPerson();
  const answer = await upload(person, Buffer.alloc(64, '<script>'));
  expect(answer).toMatchObject({ status: 422, body: { code: 'wrong_content' } });
  const [row] = await asOwner(
    sql`select id, status, object_name from identity.uploads where user_id = ${person.id}::uuid`,
  );
  expect(row.status).toBe('rejected');
  const again = await person.post(`${UPLOADS}/${row.id}/complete`);
  expect(again).toMatchObject({ status: 422, body: { code: 'wrong_content' } });
  expect((await person.get(`${UPLOADS}/${row.id}`)).body.url).toBeNull();
});

test('a file that has not arrived can be completed once it has', async () => {
  const person = await newPerson();
  const { body } = await person.post(UPLOADS, announce);
  const complete = () => person.post(`${UPLOADS}/${body.upload_id}/complete`);
  expect(await complete()).toMatchObject({ status: 409, body: { code: 'nothing_uploaded' } });
  await postFile(body, jpeg());
  expect(await complete()).toMatchObject({ status: 200 });
});

test('a document may be a PDF, a photo may not', async () => {
  const person = await newPerson();
  const document = { purpose: 'document', content_type: 'application/pdf' };
  expect(await upload(person, pdf(), document)).toMatchObject({ status: 200 });
  const photo = await person.post(UPLOADS, { ...announce, content_type: 'application/pdf' });
  expect(photo).toMatchObject({ status: 400, body: { errors: [{ field: 'content_type' }] } });
});

test.each([
  ['size', 0],
  ['size', 10 * 2 ** 20 + 1],
  ['content_type', 'text/html'],
  ['purpose', 'backup'],
])('%s cannot be %j', async (field, value) => {
  const answer = await (await newPerson()).post(UPLOADS, { ...announce, [field]: value });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toContainEqual(expect.objectContaining({ field }));
});

test('nobody else sees, completes or guesses a file', async () => {
  const person = await newPerson();
  const { id } = (await upload(person, jpeg())).body;
  const stranger = await newPerson();
  const elsewhere = await newPerson('handie', ['expert']);
  for (const somebody of [stranger, elsewhere]) {
    expect(await somebody.get(`${UPLOADS}/${id}`)).toMatchObject({ status: 404 });
    expect(await somebody.post(`${UPLOADS}/${id}/complete`)).toMatchObject({ status: 404 });
  }
  expect(await new Client('driveway').get(`${UPLOADS}/${id}`)).toMatchObject({ status: 401 });
  expect(await person.get(`${UPLOADS}/${randomUUID()}`)).toMatchObject({ status: 404 });
});

test('thirty files an hour are taken', async () => {
  const person = await newPerson();
  await asOwner(
    sql`with made as (
          insert into identity.uploads (marketplace, user_id, purpose, content_type, size)
          select 'driveway', ${person.id}::uuid, 'document', 'image/png', 1 from generate_series(1, 30) returning 1)
        select count(*) from made`,
  );
  expect(await person.post(UPLOADS, announce)).toMatchObject({
    status: 429,
    body: { code: 'too_many_uploads' },
  });
});

test('the form is signed with the clock of the request, and the URL too', async () => {
  const person = await newPerson();
  const now = advanceClock(60);
  const { fields } = (await person.post(UPLOADS, announce)).body;
  const policy = JSON.parse(Buffer.from(fields.policy, 'base64').toString());
  expect(Date.parse(policy.expiration) - now.getTime()).toBe(900_000);
});

test('announcing and showing cost one trip, completing two', async () => {
  const person = await newPerson();
  const { body } = await person.post(UPLOADS, announce);
  await postFile(body, jpeg());
  const path = `${UPLOADS}/${body.upload_id}`;
  expect(await countTrips(() => person.post(UPLOADS, announce))).toEqual([1]);
  expect(await countTrips(() => person.post(`${path}/complete`))).toEqual([2]);
  expect(await countTrips(() => person.get(path))).toEqual([1]);
});
