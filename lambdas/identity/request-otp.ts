import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { codeOf } from '../kernel/one-time-code.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { hashCode, hashDestination } from './codes.ts';
import { contactFields, exactlyOne, readContact } from './contact.ts';
import { CODE_SECONDS, codePurpose, limits, tooManyAttempts } from './identity.ts';

/** Sends a one-time code to an address or a number that has an account. The answer is the same where none has. */
export const requestOtp = useCase({
  route: 'POST /api/v1/auth/request-otp',
  summary: 'Ask for a one-time code',
  access: everyone(),
  status: 202,
  input: z
    .strictObject({
      ...contactFields,
      channel: z.optional(z.enum(['sms', 'whatsapp']).check(z.meta({ examples: ['sms'] }))),
      purpose: codePurpose,
    })
    .check(...exactlyOne)
    .check(
      z.refine(input => input.phone !== undefined || input.channel === undefined, {
        error: 'is for phone numbers only',
        path: ['channel'],
      }),
    ),
  output: z.object({ expires_in: count(1, CODE_SECONDS, CODE_SECONDS) }),
  refusals: limits,
  credentials: true,
  needs: ['keyed-hash'],
  async run(input, { db, marketplace }) {
    const contact = await readContact(input, marketplace);
    const channel = contact.phone === null ? 'email' : (input.channel ?? 'sms');
    const otpId = randomUUID();
    const [destination, code] = await Promise.all([hashDestination(contact), codeOf(otpId)]);
    const { retry_after } = await db.one(
      sql`select * from identity.request_code(${otpId}::uuid, ${destination}::text, ${await hashCode(contact, code)}::text,
            ${contact.email}::text, ${contact.phone}::text, ${channel}::text, ${input.purpose}::text)`,
      z.object({ retry_after: z.nullable(z.int()) }),
    );
    if (retry_after !== null) throw tooManyAttempts(retry_after);
    return { expires_in: CODE_SECONDS };
  },
});

export const handler = http(requestOtp);
