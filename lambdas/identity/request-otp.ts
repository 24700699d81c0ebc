import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { askChecks, askFields, sendCode } from './codes.ts';
import { CODE_SECONDS, codePurpose, limits } from './identity.ts';

/**
 * Sends a one-time code to an address or a number that has an account: to sign in, or to confirm what a session or a password alone
 * must not do. The answer is the same where there is no account.
 */
export const requestOtp = useCase({
  route: 'POST /api/v1/auth/request-otp',
  summary: 'Ask for a one-time code',
  access: everyone(),
  status: 202,
  input: z.strictObject({ ...askFields, purpose: codePurpose }).check(...askChecks),
  output: z.object({ expires_in: count(1, CODE_SECONDS, CODE_SECONDS) }),
  refusals: limits,
  credentials: true,
  needs: ['keyed-hash'],
  run: (input, call) => sendCode(input, input.purpose, call),
});

export const handler = http(requestOtp);
