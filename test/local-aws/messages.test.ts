import { PinpointSMSVoiceV2Client, SendTextMessageCommand } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { SendWhatsAppMessageCommand, SocialMessagingClient } from '@aws-sdk/client-socialmessaging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Aws, arnOf } from '../../local/aws/aws.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

let aws: Aws;
beforeAll(async () => {
  aws = await startOwnAws({ now: () => new Date('2026-03-01T10:00:00Z') });
});
afterAll(() => aws.close());

const sms = (to: string, accessKeyId?: string) =>
  new PinpointSMSVoiceV2Client(callAs(aws, accessKeyId)).send(
    new SendTextMessageCommand({
      DestinationPhoneNumber: to,
      MessageBody: 'Your code is 123456.',
      OriginationIdentity: 'phone-1',
    }),
  );
const email = (
  ToAddresses: string[],
  FromEmailAddress = 'Vicinity <no-reply@vicinity.example>',
  key?: string,
) =>
  new SESv2Client(callAs(aws, key)).send(
    new SendEmailCommand({
      FromEmailAddress,
      Destination: { ToAddresses },
      Content: { Simple: { Subject: { Data: 'Hello' }, Body: { Text: { Data: 'Body' } } } },
    }),
  );
const whatsApp = (message: object) =>
  new SocialMessagingClient(callAs(aws)).send(
    new SendWhatsAppMessageCommand({
      originationPhoneNumberId: 'phone-number-id-1',
      message: Buffer.from(JSON.stringify(message)),
      metaApiVersion: 'v20.0',
    }),
  );

describe('a message', () => {
  test('ends in the log, newest first, whatever its channel', async () => {
    await sms('+15005550006');
    await email(['a@b.example', 'c@d.example']);
    const parameters = [
      { type: 'text', text: 'Ana' },
      { type: 'text', text: '10:00' },
    ];
    await whatsApp({
      messaging_product: 'whatsapp',
      to: '919876543210',
      type: 'template',
      template: {
        name: 'visit_reminder',
        language: { code: 'en' },
        components: [{ type: 'body', parameters }],
      },
    });
    const sent_at = '2026-03-01T10:00:00.000Z';
    expect(aws.messages.list()).toEqual([
      { channel: 'whatsapp', to: '919876543210', template: 'visit_reminder', body: 'Ana\n10:00', sent_at },
      { channel: 'email', to: 'c@d.example', subject: 'Hello', body: 'Body', sent_at },
      { channel: 'email', to: 'a@b.example', subject: 'Hello', body: 'Body', sent_at },
      { channel: 'sms', to: '+15005550006', body: 'Your code is 123456.', sent_at },
    ]);
    expect(aws.messages.list({ to: 'a@b.example' })).toHaveLength(1);
    expect(aws.messages.list({ channel: 'email' })).toHaveLength(2);
  });

  test('is refused where its address is none', async () => {
    await expect(sms('12345')).rejects.toMatchObject({
      name: 'ValidationException',
      Fields: [{ Name: 'DestinationPhoneNumber' }],
    });
    await expect(email(['nowhere'])).rejects.toMatchObject({ name: 'BadRequestException' });
    await expect(email([])).rejects.toMatchObject({ name: 'BadRequestException' });
    await expect(whatsApp({ to: '1' })).rejects.toMatchObject({ name: 'InvalidParametersException' });
  });

  test('may be sent by who may use the identity or the number', async () => {
    aws.declarePrincipal({
      accessKeyId: 'sender',
      statements: [
        { Effect: 'Allow', Action: 'ses:SendEmail', Resource: arnOf('ses', 'identity/vicinity.example') },
        {
          Effect: 'Allow',
          Action: 'sms-voice:SendTextMessage',
          Resource: arnOf('sms-voice', 'phone-number/*'),
        },
      ],
    });
    await expect(sms('+15005550006', 'sender')).resolves.toBeDefined();
    await expect(email(['a@b.example'], undefined, 'sender')).resolves.toBeDefined();
    await expect(email(['a@b.example'], 'x@other.example', 'sender')).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});
