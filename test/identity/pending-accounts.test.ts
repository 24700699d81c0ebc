import { expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { messagesTo } from '../support/control-aws.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { signUpStaff } from '../support/people.ts';
import { auth, newAccount, newPhone } from './accounts.ts';

const homigo = (details: Record<string, unknown>) => newAccount({ roles: ['tenant'], ...details }, 'homigo');
const ME = '/api/v1/users/me';

test('where the phone number must be proven, an account waits for it, and is active with the code', async () => {
  const phone = newPhone()
    .replace(/^\+1415/, '+9198765')
    .slice(0, 13);
  const { user, access_token } = await homigo({ phone });
  expect(user).toMatchObject({ phone, account_status: 'pending', phone_verified_at: null });
  expect((await new Client('homigo', access_token).get(ME)).status).toBe(200);
  await auth('request-otp', { phone }, { marketplace: 'homigo' });
  await deliverEvents();
  const [message] = await messagesTo(phone);
  const code = /\b\d{6}\b/.exec(message?.body ?? '')?.[0];
  const verified = await auth('verify-otp', { phone, code }, { marketplace: 'homigo' });
  expect(verified.body.user).toMatchObject({ id: user.id, account_status: 'active' });
});

test('elsewhere an account is active at once', async () => {
  expect((await newAccount()).user.account_status).toBe('active');
});

test('somebody whose account waits fills in what is their own, and is shown to nobody until it is active', async () => {
  const { user, access_token } = await homigo({});
  const viewer = await homigo({});
  const look = () => new Client('homigo', viewer.access_token).get(`/api/v1/users/${user.id}`);
  const change = await new Client('homigo', access_token).put(ME, { full_name: 'Ravi Rao' });
  expect(change.body.full_name).toBe('Ravi Rao');
  expect((await look()).status).toBe(404);
  const staff = await signUpStaff('homigo', 'moderator');
  await staff.post(`/api/v1/admin/users/${user.id}/restore`);
  expect((await look()).status).toBe(200);
});
