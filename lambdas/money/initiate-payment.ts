import * as z from 'zod/mini';
import { flag, id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { charge, chargeRefusals, howToPay, Paid, wishOf } from './charge.ts';
import { providerGone } from './money.ts';
import { ALL_GATEWAYS } from './payments.ts';

/** What can be paid for: the field that names it to its purpose in `money.payment_purposes`. */
const PURPOSES = {
  booking_id: 'booking',
  subscription_id: 'subscription',
  pass_id: 'listing',
  order_id: 'order',
  topup_id: 'topup',
  tip_id: 'tip',
} as const;
type Subject = keyof typeof PURPOSES;
const SUBJECTS = Object.keys(PURPOSES) as Subject[];
const named = (input: Partial<Record<Subject, string>>) => SUBJECTS.filter(name => input[name] !== undefined);

/** Starts the payment of something of the caller's, or goes on with the one that is under way: see `charge`. */
export const initiatePayment = useCase({
  route: 'POST /api/v1/payments/initiate',
  summary: 'Start paying for a booking or for something else',
  access: signedIn(),
  input: z
    .strictObject({
      /** Exactly one of these names what is paid for. */
      booking_id: z.optional(id('booking')),
      /** What is due for a subscription. */
      subscription_id: z.optional(id('subscription')),
      pass_id: z.optional(id('listing_pass')),
      order_id: z.optional(id('order')),
      topup_id: z.optional(id('topup')),
      tip_id: z.optional(id('tip')),
      ...howToPay,
      /** Give the provider of a booking the rest in cash, where the marketplace has that. */
      use_cash: z._default(flag, false),
    })
    .check(
      z.check(({ value, issues }) => {
        const [first, second] = named(value);
        const wrong = first ? second : 'booking_id';
        if (wrong) {
          const message = first
            ? 'cannot stand beside another thing to pay for'
            : 'is required, or another thing to pay for';
          issues.push({ code: 'custom', message, path: [wrong], input: value });
        }
      }),
      z.meta({ examples: [{ booking_id: '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e', use_wallet: true }] }),
    ),
  output: Paid,
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: {
    ...chargeRefusals,
    booking_not_payable: refuse(
      'booking_not_payable',
      409,
      'This booking can no longer be paid for.',
      'booking_id',
    ),
    booking_owed: refuse(
      'booking_owed',
      409,
      'This booking is over, and what it costs is part of what you owe: pay that.',
      'booking_id',
    ),
    cash_not_accepted: refuse('cash_not_accepted', 422, 'This is not paid for in cash.', 'use_cash'),
    provider_gone: providerGone,
    order_cancelled: refuse('order_cancelled', 409, 'This order has been given up.', 'order_id'),
    setup_fee_unpaid: refuse(
      'setup_fee_unpaid',
      409,
      'Pay for your first order first, or give it up: it carries the fee for setting up.',
      'order_id',
    ),
  },
  async run(input, { db, marketplace }) {
    const [subject = 'booking_id'] = named(input);
    return charge(db, marketplace, {
      purpose: PURPOSES[subject],
      subject_id: input[subject] ?? '',
      use_cash: input.use_cash,
      ...wishOf(input),
    });
  },
});

export const handler = http(initiatePayment);
