import * as z from 'zod/mini';
import { arnOf } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import type { Messages } from '../messages.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';

const SendTextMessage = z.object({
  DestinationPhoneNumber: z.string(),
  OriginationIdentity: z.optional(z.string()),
  MessageBody: z.optional(z.string()),
});

const kinds = ['phone-number', 'pool', 'sender-id'];

/** AWS End User Messaging SMS: a text message ends in the messages log. */
export function makeSmsVoice(messages: Messages): Service {
  return {
    denied: { name: 'AccessDeniedException', status: 400 },
    errorAnswer: jsonError,
    permissionsOf(request) {
      const { OriginationIdentity: origin } = parseBody(SendTextMessage, request);
      const action = `sms-voice:${request.operation}`;
      if (!origin) return [{ action, resources: ['*'] }];
      // Its kind cannot be told from its id alone. A sender id's ARN ends with a country.
      const named = kinds.flatMap(kind => [`${kind}/${origin}`, `${kind}/${origin}/US`]);
      const resources = origin.startsWith('arn:') ? [origin] : named.map(name => arnOf('sms-voice', name));
      return [{ action, resources }];
    },
    async answer(request) {
      if (request.operation !== 'SendTextMessage') {
        throw new AwsError('ValidationException', 400, `${request.operation} is not there locally.`);
      }
      const { DestinationPhoneNumber: to, MessageBody: body } = parseBody(SendTextMessage, request);
      if (!/^\+[1-9]\d{6,14}$/.test(to)) {
        const more = {
          Reason: 'FIELD_VALIDATION_FAILED',
          Fields: [{ Name: 'DestinationPhoneNumber', Message: 'Not E.164' }],
        };
        throw new AwsError(
          'ValidationException',
          400,
          'DestinationPhoneNumber is not a valid phone number',
          more,
        );
      }
      if (!body) throw new AwsError('ValidationException', 400, 'MessageBody is required');
      messages.record({ channel: 'sms', to, body });
      return json({ MessageId: crypto.randomUUID() });
    },
  };
}
