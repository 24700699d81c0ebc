import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { keyedHash } from '../kernel/keyed-hash.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { seal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { aboutDetails, readBankDetails } from './bank-details.ts';
import { PayoutAccount } from './payouts.ts';

const notOffered = refuse(
  'bank_accounts_not_offered',
  409,
  'Payouts go through Stripe here: connect an account there.',
);

/** In India. No account has the codes of several countries. */
const EXAMPLE = {
  bank_name: 'HDFC Bank',
  account_name: 'Asha Rao',
  account_number: '50100123456789',
  ifsc: 'HDFC0001234',
};

/**
 * Adds a bank account for the caller's payouts, which the next ones go to once its owner has had time to object. Number and code are
 * sealed; the person is told of it.
 */
export const addPayoutAccount = useCase({
  route: 'POST /api/v1/payout-accounts',
  summary: 'Add a bank account for my payouts',
  access: signedIn(),
  status: 201,
  input: z
    .strictObject({
      bank_name: text(1, 100, 'HDFC Bank'),
      account_name: text(1, 200, 'Asha Rao'),
      account_number: text(4, 40, '50100123456789'),
      /** In India. */
      ifsc: z.optional(text(1, 20, 'HDFC0001234')),
      /** In the United States. */
      routing_number: z.optional(text(1, 20, '021000021')),
      /** Everywhere else. */
      swift: z.optional(text(1, 20, 'BOPIPHMM')),
    })
    .check(z.meta({ examples: [EXAMPLE] })),
  output: PayoutAccount,
  // Whoever changes it is paid: a personal access token may not.
  credentials: true,
  needs: ['sealing', 'keyed-hash'],
  refusals: {
    bank_accounts_not_offered: notOffered,
    payout_accounts_details_hash_key: refuse(
      'payout_account_known',
      409,
      'This account is among yours already.',
      'account_number',
    ),
    too_many_payout_accounts: refuse(
      'too_many_payout_accounts',
      409,
      'You have five accounts. Remove one first.',
    ),
  },
  async run({ bank_name, account_name, ...given }, { db, actor, marketplace }) {
    if (marketplace.payouts.rail !== 'bank') {
      await db.checkCaller();
      throw new Refusal(notOffered);
    }
    const details = JSON.stringify(readBankDetails(given, marketplace.country));
    const { account_number = '' } = JSON.parse(details) as Record<string, string>;
    const id = randomUUID();
    const [details_sealed, hash] = await Promise.all([
      seal(details, aboutDetails(id)),
      keyedHash(`payout-account:${actor}:${details}`),
    ]);
    const account = {
      id,
      country: marketplace.country,
      currency: marketplace.currency,
      bank_name,
      account_name,
      last4: account_number.slice(-4),
      details_sealed,
      details_hash: hash.toString('base64url'),
    };
    return db.one(
      sql`select a.*, '••••' || a.last4 as account_number from money.add_payout_account(${account}::jsonb) as a`,
      PayoutAccount,
    );
  },
});

export const handler = http(addPayoutAccount);
