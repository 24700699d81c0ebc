import { PinpointSMSVoiceV2Client, SendTextMessageCommand } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { environment } from '../kernel/environment.ts';
import { queue } from '../kernel/queue.ts';
import { deliverMessage } from './deliver-message.ts';
import { Queued, queuedEvents } from './notify.ts';

let client: PinpointSMSVoiceV2Client | undefined;

/** Sends text messages by AWS End User Messaging. */
export const handler = queue({
  queue: 'sms',
  pattern: { 'detail-type': queuedEvents, detail: { channel: ['sms'] } },
  summary: 'Send text messages',
  event: Queued,
  needs: ['sms', 'keyed-hash', 'sealing'],
  run: (queued, delivery) =>
    deliverMessage(queued, 'sms', delivery, async letter => {
      client ??= new PinpointSMSVoiceV2Client();
      const { MessageId } = await client.send(
        new SendTextMessageCommand({
          DestinationPhoneNumber: letter.destinations[0],
          OriginationIdentity: environment('SMS_ORIGINATION_IDENTITY'),
          MessageBody: letter.short,
          MessageType: 'TRANSACTIONAL',
        }),
      );
      return MessageId;
    }),
});
