import * as z from 'zod/mini';
import { amount, count, currency, day, flag, id, instant, text } from '../kernel/fields.ts';
import { signedAmount } from './money.ts';

const kind = z.enum(['bank', 'stripe']).check(z.meta({ examples: ['bank'] }));
const bankName = z.nullable(text(1, 100, 'HDFC Bank'));
const accountName = z.nullable(text(1, 200, 'Asha Rao'));

/** Where somebody is paid to, as its owner sees it: of a number only the last digits are ever shown. */
export const PayoutAccount = z.object({
  id: id('payout_account'),
  kind,
  country: z.string().check(z.meta({ examples: ['IN'] })),
  currency,
  /** `pending`: Stripe has not all that it needs. `restricted`: Stripe pays nothing out there for now. */
  status: z.enum(['pending', 'active', 'restricted', 'removed']).check(z.meta({ examples: ['active'] })),
  bank_name: bankName,
  account_name: accountName,
  account_number: z.nullable(text(1, 20, '••••6789')),
  /** What Stripe waits for, in its words. */
  missing: z.array(text(1, 200, 'external_account')),
  disabled_reason: z.nullable(text(1, 200, 'requirements.past_due')),
  /** Nothing is sent there before. */
  usable_from: instant,
  created_at: instant,
});

export const payoutStatus = z
  .enum(['pending', 'processing', 'paid', 'failed', 'cancelled'])
  .check(z.meta({ examples: ['paid'] }));

/** A payout as its provider sees it: `money.shown_payout`. */
export const Payout = z.object({
  id: id('payout'),
  reference_number: text(1, 50, 'DRV-PO-2026-000001'),
  /** What was earned in a period, or what was taken out of a wallet, which has none. */
  kind: z.enum(['earnings', 'withdrawal']).check(z.meta({ examples: ['earnings'] })),
  period_start: z.nullable(day),
  /** The first day after the period. */
  period_end: z.nullable(day),
  status: payoutStatus,
  currency,
  /** What customers paid in all, and what of that was the platform's. */
  gross_amount: signedAmount,
  commission_amount: signedAmount,
  /** Taken for what the provider owed, and for the payout itself. */
  netted_amount: amount,
  fee_amount: amount,
  /** What is sent: gross less commission, netted and fee. */
  amount,
  account: z.object({
    id: id('payout_account'),
    kind,
    bank_name: bankName,
    account_name: accountName,
    account_number: z.nullable(text(1, 20, '••••6789')),
  }),
  /** By which the bank knows it. */
  payout_reference: z.nullable(text(1, 255, 'po_1Pq2WmCVxZ0')),
  processed_at: z.nullable(instant),
  paid_at: z.nullable(instant),
  failed_at: z.nullable(instant),
  failure: z.nullable(
    z.object({ code: text(1, 100, 'account_closed'), message: text(0, 500, 'The bank account is closed.') }),
  ),
  created_at: instant,
  updated_at: instant,
});

/** What staff see beyond that. */
export const StaffPayout = z.extend(Payout, {
  provider_id: id('user'),
  /** Whether nothing is sent for now: staff keep it back, or its provider's account is closed and staff have not let it go all the same. */
  is_held: flag,
  held_for: z.nullable(z.enum(['staff', 'suspended', 'banned']).check(z.meta({ examples: ['staff'] }))),
  held_reason: z.nullable(text(1, 200, 'The provider’s identity is being checked.')),
  attempts: count(0, 1_000_000, 1),
  /** A machine, or staff by a batch. Null before it was first sent. */
  sent_by: z.nullable(z.enum(['stripe', 'razorpayx', 'staff']).check(z.meta({ examples: ['staff'] }))),
  batch_id: z.nullable(id('payout_batch')),
  transfer_reference: z.nullable(text(1, 255, 'tr_1Pq2WmCVxZ0')),
  /** What the machine charged us for it, tax included. Null where it has not said. */
  rail_fee: z.nullable(amount),
});

/** A line of a payout: the earnings of a booking, a tip, what was given back, what was taken. */
export const PayoutItem = z.object({
  id: id('payout_item'),
  kind: z
    .enum(['earning', 'tip', 'correction', 'netting', 'fee', 'withdrawal'])
    .check(z.meta({ examples: ['earning'] })),
  booking_id: z.nullable(id('booking')),
  booking_number: z.nullable(text(1, 40, 'DRV-2026-000001')),
  gross_amount: signedAmount,
  commission_amount: signedAmount,
  amount: signedAmount,
  earned_at: instant,
});

/** A row of `money.my_payout_items`: the first of an answer brings the payout itself. */
export const ItemRow = z.object({ payout: z.nullable(Payout), item: z.nullable(PayoutItem) });
