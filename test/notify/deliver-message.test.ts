import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { auth, newAccount, newPhone } from '../identity/accounts.ts';
import { advanceClock } from '../support/clock.ts';
import { failNext, messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { consume, messageOf, newEventId, queued } from './notices.ts';

/** The SDK tries three times before it gives up. */
const TRIES = 3;
const setStatus = (event: Awaited<ReturnType<typeof queued>>, status: string, claimedFor: string | null) =>
  asOwner(
    sql`update notify.messages set status = ${status}::text, claimed_until = app.now() + ${claimedFor}::interval
        where id = ${event.payload.message_id}::uuid returning id`,
  );

test('a message is sent, and what the provider answered is written beside it', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  const bystander = await queued(user.id, 'email');
  expect(await consume('email', event)).toBe(0);
  expect(await messagesTo(user.email)).toHaveLength(1);
  const row = await messageOf(event);
  expect(row).toMatchObject({ status: 'sent', attempts: 1, last_error: null });
  expect(row.provider_message_id).not.toBeNull();
  expect(row.sent_at).not.toBeNull();
  expect(await messageOf(bystander)).toMatchObject({ status: 'queued', attempts: 0 });
});

test('a delivery that comes twice sends once', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  await consume('email', event, event, event, event);
  await consume('email', event);
  expect(await messagesTo(user.email)).toHaveLength(1);
  expect(await messageOf(event)).toMatchObject({ status: 'sent', attempts: 1 });
});

test('what a living sender holds is looked at again later; what a dead one left is taken over', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  await setStatus(event, 'sending', '2 minutes');
  expect(await consume('email', event)).toBe(1);
  expect(await messagesTo(user.email)).toEqual([]);
  advanceClock(121);
  expect(await consume('email', event)).toBe(0);
  expect(await messagesTo(user.email)).toHaveLength(1);
});

test('a provider that is overrun is asked again', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone });
  const event = await queued(user.id, 'sms');
  await failNext('sms-voice:SendTextMessage', 'ThrottlingException', TRIES);
  expect(await consume('sms', event)).toBe(1);
  expect(await messageOf(event)).toMatchObject({ status: 'queued', attempts: 1 });
  expect((await messageOf(event)).last_error).toContain('ThrottlingException');
  expect(await consume('sms', event)).toBe(0);
  expect(await messageOf(event)).toMatchObject({ status: 'sent', attempts: 2, last_error: null });
  expect(await messagesTo(phone)).toHaveLength(1);
});

test('a right that is missing is our mistake, so the message waits for its repair', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  await failNext('ses:SendEmail', 'AccessDeniedException');
  expect(await consume('email', event)).toBe(1);
  expect((await messageOf(event)).status).toBe('queued');
});

test('what the provider refuses for good is written down and not tried again', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  await failNext('ses:SendEmail', 'MessageRejected');
  expect(await consume('email', event)).toBe(0);
  expect(await messageOf(event)).toMatchObject({ status: 'failed', sent_at: null });
  expect((await messageOf(event)).last_error).toContain('MessageRejected');
  await consume('email', event);
  expect(await messagesTo(user.email)).toEqual([]);
});

test('one record that fails does not hold up its neighbours', async () => {
  const [first, second] = [await newAccount(), await newAccount()];
  const busy = await queued(first.user.id, 'email');
  await setStatus(busy, 'sending', '2 minutes');
  expect(await consume('email', busy, await queued(second.user.id, 'email'))).toBe(1);
  expect(await messagesTo(second.user.email)).toHaveLength(1);
});

test.each([
  ['whose account is deleted', 'no_account', "account_status = 'deleted', deleted_at = app.now()"],
  ['whose number is gone', 'no_destination', 'phone_sealed = null, phone_hash = null'],
])('nobody writes to a person %s', async (_, reason, change) => {
  const { user } = await newAccount({ phone: newPhone(), email: `${crypto.randomUUID()}@people.example` });
  const event = await queued(user.id, 'sms');
  const text = `update identity.users set ${change} where id = ($1->>0)::uuid returning id`;
  await asOwner({ text, values: [user.id] });
  expect(await consume('sms', event)).toBe(0);
  expect(await messageOf(event)).toMatchObject({ status: 'suppressed', last_error: reason });
});

test('a message is nothing to a delivery of another marketplace', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'email');
  await consume('email', { ...event, marketplace: 'handie' });
  expect(await messageOf(event)).toMatchObject({ status: 'queued', attempts: 0 });
});

test.each([
  ['code_expired', 'expires_at = app.now()'],
  ['code_used', 'consumed_at = app.now()'],
  ['code_replaced', 'id = gen_random_uuid()'],
])('a code that serves no more is not sent: %s', async (reason, change) => {
  const { user } = await newAccount();
  await auth('request-otp', { email: user.email });
  const [otp] = await asOwner(sql`select id from identity.otps where user_id = ${user.id}::uuid`);
  await asOwner({
    text: `update identity.otps set ${change} where id = ($1->>0)::uuid returning id`,
    values: [otp.id],
  });
  const event = {
    id: await newEventId(),
    marketplace: 'driveway',
    type: 'identity.code_requested',
    payload: { otp_id: otp.id, channel: 'email', purpose: 'sign_in' },
  };
  expect(await consume('email', event)).toBe(0);
  const rows = await asOwner(
    sql`select status, last_error from notify.messages where event_id = ${event.id}::uuid`,
  );
  expect(rows).toEqual([{ status: 'suppressed', last_error: reason }]);
  expect(await messagesTo(user.email)).toEqual([]);
});
