import * as z from 'zod/mini';
import { currency, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

export { Promo, PromoTerms, promoCode, promoOf, promoReasons, throwNoPromo } from './promos.ts';

/** An amount that may be negative, in the minor unit of the currency that stands beside it. */
export const signedAmount = z
  .int()
  .check(z.minimum(-1_000_000_000_000), z.maximum(1_000_000_000_000), z.meta({ examples: [-300] }));

/** What an account holds: up to where a JSON number is exact. */
export const balance = z.int().check(z.meta({ examples: [20_000] }));

/** Credits, in whole ones. One is worth one unit of the marketplace's currency. */
export const credits = z
  .int()
  .check(z.minimum(-1_000_000_000_000), z.maximum(1_000_000_000_000), z.meta({ examples: [50] }));

/** What moved, as the ledger writes it. */
const transferType = text(1, 40, 'payment');

const reference = {
  /** What it was for, such as `booking` and the booking's id. */
  reference_type: z.nullable(text(1, 40, 'booking')),
  reference_id: z.nullable(id('reference')),
};

/** A person's wallet: the row of `money.wallets`. */
export const Wallet = z.object({
  balance,
  currency,
  total_earned: balance,
  total_spent: balance,
  /** What of it may be taken out to a bank. */
  withdrawable_amount: balance,
  is_active: z.boolean().check(z.meta({ examples: [true] })),
  created_at: instant,
  updated_at: instant,
});

/** A line of a wallet's statement: the row of `money.wallet_transactions`. */
export const WalletEntry = z.object({
  id: id('transfer'),
  type: z.enum(['credit', 'debit']).check(z.meta({ examples: ['credit'] })),
  kind: transferType,
  amount: signedAmount,
  currency,
  balance_before: balance,
  balance_after: balance,
  description: text(1, 200, 'Top-up by card'),
  ...reference,
  created_at: instant,
});

export const creditType = z
  .enum(['earned', 'spent', 'refunded', 'adjustment'])
  .check(z.meta({ examples: ['earned'] }));

/** A line of a statement of credits: the row of `money.credit_transactions`. */
export const CreditEntry = z.object({
  id: id('transfer'),
  type: creditType,
  amount: credits,
  balance_after: credits,
  description: text(1, 200, 'Referral reward'),
  ...reference,
  created_at: instant,
});

/** What has become of something that is paid for once: a top-up, a tip, an order. */
export const subjectStatus = z
  .enum(['pending', 'paid', 'failed', 'refunded'])
  .check(z.meta({ examples: ['pending'] }));

export const providerGone = refuse('provider_gone', 409, 'The provider has no account here any more.');
