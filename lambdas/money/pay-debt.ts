import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { charge, chargeRefusals, howToPay, Paid, wishOf } from './charge.ts';
import { ALL_GATEWAYS } from './payments.ts';

/** Starts the payment of all that the caller owes, or goes on with the one that is under way. */
export const payDebt = useCase({
  route: 'POST /api/v1/debt/payments',
  summary: 'Pay what the caller owes',
  access: signedIn(),
  input: z.strictObject(howToPay),
  output: Paid,
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: chargeRefusals,
  run: (how, { db, marketplace, actor }) =>
    charge(db, marketplace, { purpose: 'debt', subject_id: actor, ...wishOf(how) }),
});

export const handler = http(payDebt);
