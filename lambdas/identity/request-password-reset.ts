import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { askChecks, askFields, sendCode } from './codes.ts';
import { CODE_SECONDS, limits } from './identity.ts';

/** Sends the code that sets a new password. The answer is the same where there is no account. */
export const requestPasswordReset = useCase({
  route: 'POST /api/v1/auth/reset-password/request',
  summary: 'Ask for a code to set a new password',
  access: everyone(),
  status: 202,
  input: z.strictObject(askFields).check(...askChecks),
  output: z.object({ expires_in: count(1, CODE_SECONDS, CODE_SECONDS) }),
  refusals: limits,
  credentials: true,
  needs: ['keyed-hash'],
  run: (input, call) => sendCode(input, 'reset_password', call),
});

export const handler = http(requestPasswordReset);
