import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeChannel } from './codes.ts';
import { beginChange, beginRefusals } from './contact-changes.ts';
import { CODE_SECONDS, phone } from './identity.ts';

/** Sends a code to the new phone number, and one to the present where that is proven. */
export const requestPhoneChange = useCase({
  route: 'POST /api/v1/users/me/phone-change',
  summary: 'Begin to change my phone number',
  access: signedIn(),
  status: 202,
  input: z.strictObject({ phone, channel: codeChannel }),
  output: z.object({ expires_in: count(1, CODE_SECONDS, CODE_SECONDS) }),
  refusals: beginRefusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  run: (input, call) => beginChange('phone', input, call),
});

export const handler = http(requestPhoneChange);
