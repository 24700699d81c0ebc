import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { approve, book, inHours, listed, spaceFacts } from './spaces.ts';

const PATH = '/api/v1/parking/spaces';
const MINE = '/api/v1/users/me/spaces';
const QUEUE = '/api/v1/admin/parking/spaces';
let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const look = (space: { id: string }, marketplace = 'driveway') =>
  anonymous(marketplace).get(`${PATH}/${space.id}`);

describe('where staff approve spaces', () => {
  const pending = async (owner: Person) =>
    (await owner.post(PATH, spaceFacts({ city: 'Pune', title: 'Garage in Kothrud' }))).body;
  const review = (staff: Person, space: { id: string }, body: Record<string, unknown>) =>
    staff.post(`${QUEUE}/${space.id}/review`, body);

  test('a space is seen by its owner only, until it is approved', async () => {
    const owner = await signUp('handie', { roles: ['customer'] });
    const customer = await signUp('handie', { roles: ['customer'] });
    const staff = await signUpStaff('handie', 'admin');
    const space = await pending(owner);
    expect(space).toMatchObject({ approval_status: 'pending', is_approved: false });
    const { latitude, longitude } = space.location;
    const search = () => anonymous('handie').get(`${PATH}?latitude=${latitude}&longitude=${longitude}`);
    expect((await search()).body.items).toEqual([]);
    expect((await look(space, 'handie')).status).toBe(404);
    expect((await book(customer, space, inHours(24), inHours(26))).body.code).toBe('space_not_approved');
    expect((await owner.get(`${MINE}/${space.id}`)).body.is_approved).toBe(false);
    expect((await staff.get(`${QUEUE}?limit=100`)).text).toContain(space.id);

    expect(await review(staff, space, { decision: 'approved' })).toMatchObject({
      status: 200,
      body: { approval_status: 'approved', owner_id: owner.id },
    });
    expect((await search()).body.items).toHaveLength(1);
    expect((await book(customer, space, inHours(24), inHours(26))).status).toBe(201);
    expect((await staff.get(`${QUEUE}?limit=100`)).text).not.toContain(space.id);
    const again = await review(staff, space, { decision: 'rejected', reason: 'Late.' });
    expect(again).toMatchObject({ status: 409, body: { code: 'space_reviewed' } });
    const events = await asOwner(
      sql`select payload from app.outbox
          where type = 'parking.space_reviewed' and payload ->> 'space_id' = ${space.id}::text`,
    );
    expect(events).toEqual([
      { payload: expect.objectContaining({ user_id: owner.id, approval_status: 'approved' }) },
    ]);
  });

  test('a rejected one says why, and waits again once its owner has changed it', async () => {
    const owner = await signUp('handie', { roles: ['customer'] });
    const staff = await signUpStaff('handie', 'admin');
    const space = await pending(owner);
    const silent = await review(staff, space, { decision: 'rejected' });
    expect(silent).toMatchObject({ status: 422, body: { code: 'reason_required' } });
    await review(staff, space, { decision: 'rejected', reason: 'The photo shows another street.' });
    expect((await owner.get(`${MINE}/${space.id}`)).body).toMatchObject({
      approval_status: 'rejected',
      is_approved: false,
      approval_reason: 'The photo shows another street.',
    });
    expect((await look(space, 'handie')).status).toBe(404);
    const changed = await owner.patch(`${PATH}/${space.id}`, { description: 'The other street.' });
    expect(changed.body).toMatchObject({ approval_status: 'pending', approval_reason: null });
  });

  test('an approved one that says something else waits again; another price does not matter', async () => {
    const owner = await signUp('handie', { roles: ['customer'] });
    const space = await listed(owner, { city: 'Pune' });
    expect((await owner.patch(`${PATH}/${space.id}`, { hourly_rate: 900 })).body.is_approved).toBe(true);
    expect((await owner.patch(`${PATH}/${space.id}`, { title: 'A castle' })).body.is_approved).toBe(false);
    expect((await look(space, 'handie')).status).toBe(404);
  });

  test('a photograph or a caption that staff have not seen waits for them; fewer of them do not', async () => {
    const owner = await signUp('handie', { roles: ['customer'] });
    const space = await listed(owner, { city: 'Pune' });
    const photo = async () => (await upload(owner, jpeg(), { purpose: 'space_photo' })).body.id;
    const [gate, street] = [await photo(), await photo()];
    const show = async (...photos: Record<string, unknown>[]) =>
      (await owner.put(`${PATH}/${space.id}/photos`, { photos })).body;
    expect(await show({ upload_id: gate }, { upload_id: street })).toMatchObject({
      approval_status: 'pending',
      is_approved: false,
      photos: [{ upload_id: gate }, { upload_id: street }],
    });
    expect((await look(space, 'handie')).status).toBe(404);
    await approve('handie', space);
    expect((await show({ upload_id: street }, { upload_id: gate })).is_approved).toBe(true);
    expect((await show({ upload_id: street.toUpperCase() })).is_approved).toBe(true);
    expect((await look(space, 'handie')).body.photos).toHaveLength(1);
    expect((await show({ upload_id: street, caption: 'Call me' })).is_approved).toBe(false);
  });

  test('nobody decides about their own, and only staff decide, in their marketplace', async () => {
    const staff = await signUpStaff('handie', 'admin');
    const own = await pending(staff);
    expect(await review(staff, own, { decision: 'approved' })).toMatchObject({
      status: 403,
      body: { code: 'own_space_review' },
    });
    const owner = await signUp('handie', { roles: ['customer'] });
    const space = await pending(owner);
    expect((await review(owner, space, { decision: 'approved' })).body.code).toBe('forbidden');
    const elsewhere = await signUpStaff('driveway', 'admin');
    expect((await review(elsewhere, space, { decision: 'approved' })).status).toBe(404);
    expect((await elsewhere.get(`${QUEUE}?limit=100`)).text).not.toContain(space.id);
  });

  test('of two who decide at once one does', async () => {
    const staff = await signUpStaff('handie', 'admin');
    const space = await pending(await signUp('handie', { roles: ['customer'] }));
    const answers = await Promise.all([
      review(staff, space, { decision: 'approved' }),
      review(staff, space, { decision: 'rejected', reason: 'No.' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test('a decision that is sent twice with one key is made once', async () => {
    const staff = await signUpStaff('handie', 'admin');
    const space = await pending(await signUp('handie', { roles: ['customer'] }));
    const headers = { 'idempotency-key': randomUUID() };
    const send = () => staff.post(`${QUEUE}/${space.id}/review`, { decision: 'approved' }, { headers });
    const [first, second] = [await send(), await send()];
    expect(second).toMatchObject({ status: 200, body: first.body });
  });
});

const suspension = (person: Person, space: { id: string }, suspended: boolean) =>
  person.put(`${QUEUE}/${space.id}/suspension`, { suspended, reason: 'Two reports.' });

test('staff do not end the suspension of a space of their own, nor do those of another marketplace', async () => {
  const staff = await signUpStaff('driveway', 'admin');
  const owner = await signUpStaff('driveway', 'admin', { roles: ['host'] });
  const space = await listed(owner);
  expect((await suspension(staff, space, true)).body.listing_status).toBe('suspended');
  expect(await suspension(owner, space, false)).toMatchObject({
    status: 403,
    body: { code: 'own_space_review' },
  });
  expect((await suspension(await signUpStaff('handie', 'admin'), space, false)).status).toBe(404);
  expect((await owner.get(`/api/v1/users/me/spaces/${space.id}`)).body.listing_status).toBe('suspended');
});

test('staff suspend a space, and only they end that', async () => {
  const staff = await signUpStaff('driveway', 'admin');
  const space = await listed(host);
  const put = (person: Person, suspended: boolean) => suspension(person, space, suspended);
  expect((await put(host, true)).body.code).toBe('forbidden');
  expect((await put(staff, true)).body.listing_status).toBe('suspended');
  expect((await look(space)).status).toBe(404);
  expect((await book(driver, space, inHours(24), inHours(26))).body.code).toBe('space_suspended');
  const back = await host.patch(`${PATH}/${space.id}`, { listing_status: 'active' });
  expect(back).toMatchObject({ status: 409, body: { code: 'space_suspended' } });
  expect((await put(staff, false)).body.listing_status).toBe('inactive');
  await host.patch(`${PATH}/${space.id}`, { listing_status: 'active' });
  expect((await look(space)).status).toBe(200);
  const audited = await asOwner(
    sql`select action from app.audit_logs where record_id = ${space.id}::text order by id`,
  );
  expect(audited.map(({ action }) => action)).toEqual(['space.suspended', 'space.reinstated']);
});
