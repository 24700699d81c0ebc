import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { confirmChange, confirmFields, confirmRefusals } from './contact-changes.ts';
import { Account } from './identity.ts';

/** Puts the new phone number in the place of the present one, by the codes of both. The former is told. */
export const confirmPhoneChange = useCase({
  route: 'POST /api/v1/users/me/phone-change/confirm',
  summary: 'Confirm the change of my phone number',
  access: signedIn(),
  input: z.strictObject(confirmFields),
  output: Account,
  refusals: confirmRefusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  run: (input, call) => confirmChange('phone', input, call),
});

export const handler = http(confirmPhoneChange);
