import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { beginChange, beginRefusals } from './contact-changes.ts';
import { CODE_SECONDS, email } from './identity.ts';

/** Sends a code to the new e-mail address, and one to the present where that is proven. */
export const requestEmailChange = useCase({
  route: 'POST /api/v1/users/me/email-change',
  summary: 'Begin to change my e-mail address',
  access: signedIn(),
  status: 202,
  input: z.strictObject({ email }),
  output: z.object({ expires_in: count(1, CODE_SECONDS, CODE_SECONDS) }),
  refusals: beginRefusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  run: (input, call) => beginChange('email', input, call),
});

export const handler = http(requestEmailChange);
