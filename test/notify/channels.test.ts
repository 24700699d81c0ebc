import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { metaMessage } from '../../lambdas/notify/send-whatsapp.ts';
import { auth, newAccount, newPhone } from '../identity/accounts.ts';
import { failNext, messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { consume, messageOf, queued } from './notices.ts';

const withDevice = async (userId: string) => {
  const arn = `arn:aws:sns:us-east-1:000000000000:endpoint/GCM/vicinity/${randomUUID()}`;
  await asOwner(
    sql`insert into notify.devices (marketplace, user_id, platform, endpoint_arn)
        values ('driveway', ${userId}::uuid, 'android', ${arn}::text) returning id`,
  );
  return arn;
};

test('an e-mail has a subject and a text, with times as people there read them', async () => {
  const { user } = await newAccount();
  await consume('email', await queued(user.id, 'email'));
  expect(await messagesTo(user.email)).toMatchObject([
    {
      channel: 'email',
      subject: 'Booking DRV-2026-000042 is confirmed',
      body: expect.stringMatching(
        /Dolores Park from Dec 1, 2026, 10:00\sAM to Dec 1, 2026, 12:00\sPM is confirmed/,
      ),
    },
  ]);
});

test('a text message is short and says who writes', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone });
  await consume('sms', await queued(user.id, 'sms'));
  const [message] = await messagesTo(phone);
  expect(message?.body).toMatch(/^Driveway-Hub: DRV-2026-000042 is confirmed/);
  expect(message?.body.length).toBeLessThanOrEqual(160);
});

test('a WhatsApp message is a template with its parameters in order', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone });
  await consume('whatsapp', await queued(user.id, 'whatsapp'));
  expect(await messagesTo(phone)).toMatchObject([
    { channel: 'whatsapp', template: 'booking_confirmed', body: expect.stringMatching(/^DRV-2026-000042\n/) },
  ]);
});

test('the WhatsApp message of a code has the button that copies it, and no other has', () => {
  const letter = { language: 'en', subject: '', text: '', short: '', destinations: ['+14155550123'] };
  const code = {
    ...letter,
    template: 'reset_password_code',
    parameters: ['042137'],
    code: '042137',
  } as const;
  const parameters = [{ type: 'text', text: '042137' }];
  expect(metaMessage(code)).toMatchObject({
    to: '+14155550123',
    template: {
      name: 'reset_password_code',
      language: { code: 'en' },
      components: [
        { type: 'body', parameters },
        { type: 'button', sub_type: 'url', index: '0', parameters },
      ],
    },
  });
  const other = metaMessage({ ...letter, template: 'account_banned', parameters: ['Fraud.'] });
  expect(other.template.components.map(({ type }) => type)).toEqual(['body']);
});

test.each(['sign_in', 'set_password', 'start_two_factor', 'delete_account'])(
  'a code of the purpose %s that goes by WhatsApp comes in the text and on the button',
  async purpose => {
    const phone = newPhone();
    await newAccount({ phone });
    await auth('request-otp', { phone, channel: 'whatsapp', purpose });
    await deliverEvents();
    const [message] = await messagesTo(phone);
    expect(message?.template).toBe(`${purpose}_code`);
    expect(message?.body).toMatch(/^(\d{6})\n\1$/);
  },
);

test('a push message reaches each device of the person', async () => {
  const { user } = await newAccount();
  const arns = [await withDevice(user.id), await withDevice(user.id)];
  const event = await queued(user.id, 'push');
  expect(await consume('push', event)).toBe(0);
  for (const arn of arns) {
    const [message] = await messagesTo(arn);
    expect(JSON.parse(message?.body ?? '{}')).toMatchObject({
      default: expect.stringContaining('is confirmed'),
    });
  }
  expect((await messageOf(event)).status).toBe('sent');
});

test('a person without a device is left alone', async () => {
  const { user } = await newAccount();
  const event = await queued(user.id, 'push');
  expect(await consume('push', event)).toBe(0);
  expect(await messageOf(event)).toMatchObject({ status: 'suppressed', last_error: 'no_device' });
});

test('a device whose app is gone is not asked again, and the others are served', async () => {
  const { user } = await newAccount();
  await withDevice(user.id);
  await failNext('sns:Publish', 'EndpointDisabled');
  const lost = await queued(user.id, 'push');
  expect(await consume('push', lost)).toBe(0);
  expect((await messageOf(lost)).status).toBe('failed');
  const arn = await withDevice(user.id);
  await consume('push', await queued(user.id, 'push'));
  expect(await messagesTo(arn)).toHaveLength(1);
  const devices = await asOwner(
    sql`select disabled_at is null as serves from notify.devices where user_id = ${user.id}::uuid order by id`,
  );
  expect(devices).toEqual([{ serves: false }, { serves: true }]);
});
