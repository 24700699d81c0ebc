import * as z from 'zod/mini';
import { arnOf } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import type { Messages } from '../messages.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';

const Send = z.object({
  originationPhoneNumberId: z.string(),
  /** Base64 of Meta's JSON. */
  message: z.string(),
  metaApiVersion: z.string(),
});

const Component = z.object({
  parameters: z._default(z.array(z.object({ text: z._default(z.string(), '') })), []),
});

/** The parts of Meta's message object that end in the log. */
const MetaMessage = z.object({
  messaging_product: z.literal('whatsapp'),
  to: z.string(),
  template: z.optional(z.object({ name: z.string(), components: z._default(z.array(Component), []) })),
  text: z.optional(z.object({ body: z.string() })),
});

/** AWS End User Messaging Social: a WhatsApp message ends in the messages log. */
export function makeSocialMessaging(messages: Messages): Service {
  return {
    denied: { name: 'AccessDeniedException', status: 403 },
    errorAnswer: jsonError,
    permissionsOf(request) {
      if (request.path !== '/v1/whatsapp/send') {
        throw new AwsError('ResourceNotFoundException', 404, `There is no local ${request.path}`);
      }
      const id = parseBody(Send, request).originationPhoneNumberId;
      // The id of a phone number is written with its kind before it; its ARN has the kind as a path.
      const resource = id.startsWith('arn:')
        ? id
        : arnOf('social-messaging', `phone-number-id/${id.replace(/^phone-number-id-/, '')}`);
      return [{ action: 'social-messaging:SendWhatsAppMessage', resources: [resource] }];
    },
    async answer(request) {
      const { to, template, text } = readMessage(parseBody(Send, request).message);
      const parameters = template?.components.flatMap(component => component.parameters.map(p => p.text));
      messages.record({
        channel: 'whatsapp',
        to,
        template: template?.name,
        body: parameters?.join('\n') ?? text?.body ?? '',
      });
      return json({ messageId: crypto.randomUUID() });
    },
  };
}

function readMessage(base64: string): z.output<typeof MetaMessage> {
  try {
    return MetaMessage.parse(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')));
  } catch (error) {
    const refusal = new AwsError(
      'InvalidParametersException',
      400,
      "The message is not Meta's message object.",
    );
    throw Object.assign(refusal, { cause: error });
  }
}
