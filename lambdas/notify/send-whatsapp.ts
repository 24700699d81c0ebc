import { SendWhatsAppMessageCommand, SocialMessagingClient } from '@aws-sdk/client-socialmessaging';
import { environment } from '../kernel/environment.ts';
import { queue } from '../kernel/queue.ts';
import { deliverMessage } from './deliver-message.ts';
import { type Letter, Queued, queuedEvents } from './notify.ts';

const META_API_VERSION = 'v20.0';

let client: SocialMessagingClient | undefined;

/** Sends WhatsApp messages by AWS End User Messaging Social. */
export const handler = queue({
  queue: 'whatsapp',
  pattern: { 'detail-type': queuedEvents, detail: { channel: ['whatsapp'] } },
  summary: 'Send WhatsApp messages',
  event: Queued,
  needs: ['whatsapp', 'keyed-hash', 'sealing'],
  run: (queued, delivery) =>
    deliverMessage(queued, 'whatsapp', delivery, async letter => {
      client ??= new SocialMessagingClient();
      const { messageId } = await client.send(
        new SendWhatsAppMessageCommand({
          originationPhoneNumberId: environment('WHATSAPP_PHONE_NUMBER_ID'),
          metaApiVersion: META_API_VERSION,
          message: Buffer.from(JSON.stringify(metaMessage(letter))),
        }),
      );
      return messageId;
    }),
});

/**
 * A message in the form of Meta's Cloud API. Outside of 24 hours from a person's own message, templates are all it takes. One of the
 * category 'authentication', in which codes must travel, has a button that copies the code, and the code stands in the message twice
 * (Meta's Cloud API guide, Sending Authentication Templates).
 */
export function metaMessage(letter: Letter) {
  const parameters = letter.parameters.map(textOf);
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: letter.destinations[0],
    type: 'template',
    template: {
      name: letter.template,
      language: { code: letter.language },
      components: [
        { type: 'body', parameters },
        ...(letter.code === undefined
          ? []
          : [{ type: 'button', sub_type: 'url', index: '0', parameters: [textOf(letter.code)] }]),
      ],
    },
  };
}

const textOf = (text: string) => ({ type: 'text', text });
