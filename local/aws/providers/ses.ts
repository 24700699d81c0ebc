import * as z from 'zod/mini';
import { arnOf } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import type { Messages } from '../messages.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';

const Part = z.object({ Data: z.string() });

const SendEmail = z.object({
  FromEmailAddress: z.string(),
  FromEmailAddressIdentityArn: z.optional(z.string()),
  Destination: z.object({
    ToAddresses: z._default(z.array(z.string()), []),
    CcAddresses: z._default(z.array(z.string()), []),
    BccAddresses: z._default(z.array(z.string()), []),
  }),
  Content: z.object({
    Simple: z.object({
      Subject: Part,
      Body: z.object({ Text: z.optional(Part), Html: z.optional(Part) }),
    }),
  }),
});

const path = '/v2/email/outbound-emails';

/** SES v2: an e-mail with a subject and a text or HTML body ends in the messages log, once for each address. */
export function makeSes(messages: Messages): Service {
  return {
    denied: { name: 'AccessDeniedException', status: 403 },
    errorAnswer: jsonError,
    permissionsOf(request) {
      if (request.path !== path)
        throw new AwsError('NotFoundException', 404, `SES has no local ${request.path}`);
      const { FromEmailAddress, FromEmailAddressIdentityArn } = parseBody(SendEmail, request);
      const address = FromEmailAddress.match(/<([^>]+)>/)?.[1] ?? FromEmailAddress;
      // The identity is the address or its domain; a policy may name either.
      const identities = [address, address.split('@')[1] ?? address];
      const resources = FromEmailAddressIdentityArn
        ? [FromEmailAddressIdentityArn]
        : identities.map(identity => arnOf('ses', `identity/${identity}`));
      return [{ action: 'ses:SendEmail', resources, context: { 'ses:FromAddress': address } }];
    },
    async answer(request) {
      const { Destination, Content } = parseBody(SendEmail, request);
      const { Subject, Body } = Content.Simple;
      const to = [...Destination.ToAddresses, ...Destination.CcAddresses, ...Destination.BccAddresses];
      if (to.length === 0) throw new AwsError('BadRequestException', 400, 'Recipient count is zero.');
      const invalid = to.find(address => !/^[^\s@]+@[^\s@]+$/.test(address));
      if (invalid) throw new AwsError('BadRequestException', 400, `Invalid address: ${invalid}`);
      for (const address of to) {
        messages.record({
          channel: 'email',
          to: address,
          subject: Subject.Data,
          body: Body.Text?.Data ?? Body.Html?.Data ?? '',
        });
      }
      return json({ MessageId: crypto.randomUUID() });
    },
  };
}
