import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import {
  askCode,
  auth,
  codeSentTo,
  countTrips,
  newEmail,
  newPhone,
  other,
  PASSWORD,
} from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { randomNumber, signUp, signUpWithPassword } from '../support/people.ts';
import { age, deleteMe, restore, statusOf } from './deletions.ts';

test('an account can be restored for 90 days, and not by somebody who does not know the password', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const { email } = person;
  expect(await restore({ email, password: PASSWORD })).toMatchObject({ status: 401 });
  await deleteMe(person);
  expect(await restore({ email, password: 'a guess' })).toMatchObject({
    status: 401,
    body: { code: 'invalid_credentials' },
  });
  expect(await restore({ email, password: PASSWORD }, 'homigo')).toMatchObject({ status: 401 });
  await age(person, '89 days');
  await runSchedule('apply-retention');
  expect((await restore({ email, password: PASSWORD })).status).toBe(204);
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'active', deleted: false, email });
  expect((await auth('login', { email, password: PASSWORD })).status).toBe(200);
});

test('an account is restored by a one-time code too, in one trip, and never by one of another purpose', async () => {
  const phone = newPhone();
  const made = await auth('signup', { phone, full_name: 'Ravi', roles: ['driver'] });
  const person = new Client('driveway', made.body.access_token);
  const early = await askCode({ phone }, 'restore_account');
  expect(early, 'nobody is deleted').toBe('no code');
  await deleteMe(person, { code: await askCode({ phone }, 'delete_account') });
  await askCode({ phone }, 'sign_in');
  expect((await restore({ phone, code: '123456' })).body.code).toBe('wrong_code');
  const code = await askCode({ phone }, 'restore_account');
  const wrong = await restore({ phone, code: other(code) });
  expect(wrong).toMatchObject({ status: 400, body: { code: 'wrong_code', attempts_left: 4 } });
  expect(await restore({ phone, code }, 'homigo')).toMatchObject({ body: { code: 'code_expired' } });
  expect(await restore({ phone, code, password: PASSWORD })).toMatchObject({ status: 400 });
  expect(await countTrips(() => restore({ phone, code }))).toEqual([1]);
  expect(await statusOf(made.body.user.id)).toMatchObject({ account_status: 'active', deleted: false });
  expect(await restore({ phone, code })).toMatchObject({ status: 410, body: { code: 'code_expired' } });
  const signedIn = await auth('verify-otp', { phone, code: await askCode({ phone }, 'sign_in') });
  expect(signedIn.status).toBe(200);
});

test('of two who show a code to restore at once one does it, and somebody else’s account stays', async () => {
  const [email, bystander] = [newEmail(), await signUpWithPassword('driveway', { roles: ['driver'] })];
  const made = await auth('signup', { email, password: PASSWORD, full_name: 'Ravi', roles: ['driver'] });
  await deleteMe(new Client('driveway', made.body.access_token));
  await deleteMe(bystander);
  const code = await askCode({ email }, 'restore_account');
  const answers = await Promise.all([1, 2].map(() => restore({ email, code })));
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 410]);
  expect(await statusOf(bystander.id)).toMatchObject({ account_status: 'deleted' });
  // It was the first proof of the address: what was set up before it is gone.
  expect((await auth('login', { email, password: PASSWORD })).status).toBe(401);
});

test('a number that nobody has proven restores nothing while the address is proven', async () => {
  const contact = { email: newEmail(), phone: newPhone() };
  const made = await auth('signup', { ...contact, password: PASSWORD, full_name: 'Ravi', roles: ['driver'] });
  const { id } = made.body.user;
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${id}::uuid returning id`,
  );
  await deleteMe(new Client('driveway', made.body.access_token));
  const code = await askCode({ phone: contact.phone }, 'restore_account');
  const answer = await restore({ phone: contact.phone, code });
  expect(answer).toMatchObject({ status: 403, body: { code: 'contact_unproven' } });
  expect(await statusOf(id)).toMatchObject({ account_status: 'deleted' });
});

test('a restored account is what it was: one that waited for its proof waits on, unless the code was it', async () => {
  for (const [proof, standing] of [
    ['password', 'pending'],
    ['code', 'active'],
  ]) {
    const phone = randomNumber('homigo');
    const body = { phone, password: PASSWORD, full_name: 'Ravi', roles: ['tenant'] };
    const made = await auth('signup', body, { marketplace: 'homigo' });
    expect(made.body.user.account_status).toBe('pending');
    await deleteMe(new Client('homigo', made.body.access_token));
    advanceClock(31);
    await auth('request-otp', { phone, purpose: 'restore_account' }, { marketplace: 'homigo' });
    const shown = proof === 'code' ? { code: await codeSentTo(phone) } : { password: PASSWORD };
    expect((await restore({ phone, ...shown }, 'homigo')).status).toBe(204);
    expect(await statusOf(made.body.user.id)).toMatchObject({ account_status: standing });
  }
});

test('a code to restore is answered alike where nobody was deleted', async () => {
  const deleted = await signUpWithPassword('driveway', { roles: ['driver'] });
  await deleteMe(deleted);
  const present = await signUp('driveway', { roles: ['driver'] });
  const answers = [];
  for (const email of [deleted.email, present.email, newEmail()]) {
    const asked = await auth('request-otp', { email, purpose: 'restore_account' });
    const tried = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const { status, body } = await restore({ email, code: '000000' });
      tried.push([status, body.code, body.attempts_left]);
    }
    answers.push([asked.status, asked.body, tried]);
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});

test('after 90 days nothing can be restored', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  await deleteMe(person);
  await age(person, '90 days');
  expect(await restore({ email: person.email, password: PASSWORD })).toMatchObject({ status: 401 });
  await runSchedule('apply-retention');
  expect(await restore({ email: person.email, password: PASSWORD })).toMatchObject({ status: 401 });
});

test('a deleted person’s address and number can be taken, and then the old account stays closed', async () => {
  const contact = { email: newEmail(), phone: newPhone() };
  const details = { ...contact, password: PASSWORD, full_name: 'Asha', roles: ['driver'] };
  const first = await auth('signup', details);
  await deleteMe(new Client('driveway', first.body.access_token));
  expect((await auth('signup', details)).status).toBe(201);
  for (const [name, value] of Object.entries(contact))
    expect(await restore({ [name]: value, password: PASSWORD })).toMatchObject({ status: 409 });
});
