import * as z from 'zod/mini';
import { GatewayRejected } from './gateway.ts';
import { openRazorpay, payoutAccountOf, type Razorpay } from './razorpay-client.ts';

const Made = z.object({ id: z.string() });

const Payout = z.object({
  id: z.string(),
  status: z.string(),
  /** By which the provider's bank knows it, as soon as it does. */
  utr: z.optional(z.nullable(z.string())),
  /** Tax included. */
  fees: z.optional(z.nullable(z.int())),
  /** Empty where the fee came off our balance: there are free payouts too, and credits for fees. */
  fee_type: z.optional(z.nullable(z.string())),
  status_details: z.optional(
    z.nullable(
      z.object({
        reason: z.optional(z.nullable(z.string())),
        description: z.optional(z.nullable(z.string())),
      }),
    ),
  ),
});

export type BankPayout = {
  reference: string;
  status: 'processing' | 'paid' | 'failed';
  bank_reference: string | null;
  /** What came off our balance for it, its tax included. Null where RazorpayX does not say, or took nothing. */
  fee: number | null;
  failure: { code: string; message: string } | null;
};

/** Statuses that money comes back from, or never left. `queued`, `pending`, `scheduled` and `processing` go on. */
const FAILED = new Set(['reversed', 'failed', 'rejected', 'cancelled']);

/** Paise that IMPS takes, which arrives at once on any day. NEFT takes more, and some hours. */
const MOST_AT_ONCE = 50_000_000;

/**
 * RazorpayX (razorpay.com/docs/api/x): payouts from our current account to bank accounts in India, under the keys of our account at
 * Razorpay. What there is no balance for waits there. Functions throw GatewayRejected and GatewayUnavailable as those of the payments
 * do. Needs `gateway:razorpay`.
 *
 * @param patience milliseconds that one call may take
 */
export function razorpayPayouts(marketplace: string, patience?: number) {
  async function open(): Promise<Razorpay & { account_number: string }> {
    const account_number = await payoutAccountOf(marketplace);
    if (!account_number)
      throw new GatewayRejected('razorpay', 'payouts_not_open', 'There is no account that payouts leave.');
    return { ...(await openRazorpay(marketplace, patience)), account_number };
  }

  return {
    /**
     * Makes a bank account known to RazorpayX, which answers with the one that it knows already.
     *
     * @param account `reference` is our id of it
     */
    async openAccount(account: {
      reference: string;
      name: string;
      account_number: string;
      ifsc: string;
    }): Promise<string> {
      const api = await open();
      const { reference, account_number, ifsc } = account;
      const name = nameOf(account.name);
      const contact = await api.call('POST', 'contacts', Made, {
        body: { name, type: 'vendor', reference_id: reference, notes: { marketplace } },
      });
      const bank_account = { name, ifsc, account_number };
      const body = { contact_id: contact.id, account_type: 'bank_account', bank_account };
      return (await api.call('POST', 'fund_accounts', Made, { body })).id;
    },

    async payOut(payout: {
      account: string;
      amount: number;
      currency: string;
      key: string;
      description: string;
    }): Promise<BankPayout> {
      const { account_number, call } = await open();
      const { account: fund_account_id, amount, currency, key, description } = payout;
      const body = {
        account_number,
        fund_account_id,
        amount,
        currency,
        mode: amount <= MOST_AT_ONCE ? 'IMPS' : 'NEFT',
        purpose: 'payout',
        queue_if_low_balance: true,
        reference_id: key,
        narration: description.replaceAll(/[^A-Za-z0-9]+/g, ' ').slice(0, 30),
        notes: { key, marketplace },
      };
      const headers = { 'x-payout-idempotency': key.replaceAll('-', '') };
      return payoutOf(await call('POST', 'payouts', Payout, { body, headers }));
    },

    async read(reference: string): Promise<BankPayout> {
      return payoutOf(await (await open()).call('GET', `payouts/${reference}`, Payout));
    },

    /** The payout that was made with a key. */
    async find(key: string): Promise<BankPayout | null> {
      const { account_number, call } = await open();
      const query = new URLSearchParams({ account_number, reference_id: key });
      const { items } = await call('GET', `payouts?${query}`, z.object({ items: z.array(Payout) }));
      return items[0] ? payoutOf(items[0]) : null;
    },
  };
}

/** A name as RazorpayX takes it: 3 to 50 of its characters. What it cannot say it leaves to the account's number. */
function nameOf(name: string): string {
  const told = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9 ’\-_/(),.]/g, '')
    .slice(0, 50)
    .replace(/[^A-Za-z0-9.]+$/, '');
  return told.length < 3 ? 'Provider' : told;
}

function payoutOf({ id, status, utr, fees, fee_type, status_details }: z.output<typeof Payout>): BankPayout {
  const failed = FAILED.has(status);
  return {
    reference: id,
    status: failed ? 'failed' : status === 'processed' ? 'paid' : 'processing',
    bank_reference: utr ?? null,
    fee: fee_type ? null : (fees ?? null),
    failure: failed
      ? { code: status_details?.reason ?? status, message: status_details?.description ?? '' }
      : null,
  };
}
