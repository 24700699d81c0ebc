import type { Stripe } from 'stripe';
import { fromStripe, toStripe } from './stripe-amounts.ts';
import { openStripe, type StripeAccount, translated } from './stripe-client.ts';

/**
 * Stripe Connect (docs.stripe.com/connect): providers' own accounts, into which we transfer what we owe them. Stripe pays it out to
 * their bank. Functions throw GatewayRejected and GatewayUnavailable as those of the payments do. Needs `gateway:stripe`.
 */

export type ConnectedAccount = {
  reference: string;
  /** Transfers arrive. */
  can_receive: boolean;
  /** Stripe pays out to the bank. */
  can_be_paid: boolean;
  /** The person has been through Stripe's form. */
  is_submitted: boolean;
  /** What Stripe waits for, in its words, such as `external_account`. */
  missing: readonly string[];
  disabled_reason: string | null;
};

export type Transfer = {
  reference: string;
  account: string;
  amount: number;
  amount_reversed: number;
  currency: string;
};

export type ConnectPayout = {
  reference: string;
  amount: number;
  currency: string;
  status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';
  arrives_on: Date;
  failure: { code: string; message: string } | null;
};

/** @param patience milliseconds that one call may take */
export function stripeConnect(marketplace: string, patience?: number) {
  const run = <T>(use: (account: StripeAccount) => Promise<T>) =>
    translated(async () => use(await openStripe(marketplace, patience)));

  return {
    /** Opens an account that Stripe manages the form and the dashboard of. @param reference our id of the provider */
    createAccount: (person: { country: string; email?: string; reference: string; key: string }) =>
      run(async ({ stripe }) => {
        const params: Stripe.AccountCreateParams = {
          country: person.country,
          email: person.email,
          controller: {
            fees: { payer: 'application' },
            losses: { payments: 'application' },
            stripe_dashboard: { type: 'express' },
          },
          capabilities: { transfers: { requested: true } },
          // We say when what is paid out, so that each payout of ours is one of Stripe's.
          settings: { payouts: { schedule: { interval: 'manual' } } },
          metadata: { reference: person.reference, key: person.key, marketplace },
        };
        return accountOf(await stripe.accounts.create(params, { idempotencyKey: person.key }));
      }),

    readAccount: (reference: string) =>
      run(async ({ stripe }) => accountOf(await stripe.accounts.retrieve(reference))),

    /** A page of Stripe's on which the provider fills in what is missing. It serves once, for minutes. */
    onboardingLink: (account: string, urls: { return_url: string; refresh_url: string }) =>
      run(async ({ stripe }) => {
        const { url, expires_at } = await stripe.accountLinks.create({
          account,
          ...urls,
          type: 'account_onboarding',
        });
        return { url, expires_at: new Date(expires_at * 1000) };
      }),

    /** @param group what the transfers of one payout run have in common, at most 100 for one account */
    transfer: (to: { account: string; amount: number; currency: string; key: string; group?: string }) =>
      run(async ({ stripe }) => {
        const transfer_group = to.group ?? to.key;
        // Stripe forgets a key after a day; its transfer keeps it.
        const made = await stripe.transfers.list({ transfer_group, destination: to.account, limit: 100 });
        const known = made.data.find(({ metadata }) => metadata.key === to.key);
        if (known) return transferOf(known);
        const params = {
          destination: to.account,
          amount: toStripe(to.amount, to.currency),
          currency: to.currency.toLowerCase(),
          transfer_group,
          metadata: { key: to.key, marketplace },
        };
        return transferOf(await stripe.transfers.create(params, { idempotencyKey: to.key }));
      }),

    readTransfer: (reference: string) =>
      run(async ({ stripe }) => transferOf(await stripe.transfers.retrieve(reference))),

    /** Takes back a transfer or a part of it, as far as the account holds enough. */
    reverseTransfer: (reference: string, amount: number, key: string) =>
      run(async ({ stripe }) => {
        const [transfer, made] = await Promise.all([
          stripe.transfers.retrieve(reference),
          stripe.transfers.listReversals(reference, { limit: 100 }),
        ]);
        const known = made.data.find(({ metadata }) => metadata?.key === key);
        if (known) return { reference: known.id };
        const params = {
          amount: toStripe(amount, transfer.currency.toUpperCase()),
          metadata: { key, marketplace },
        };
        const { id } = await stripe.transfers.createReversal(reference, params, { idempotencyKey: key });
        return { reference: id };
      }),

    /** Lets Stripe pay what an account holds out to its bank. */
    payOut: (from: { account: string; amount: number; currency: string; key: string }) =>
      run(async ({ stripe }) => {
        const params = {
          amount: toStripe(from.amount, from.currency),
          currency: from.currency.toLowerCase(),
          metadata: { key: from.key, marketplace },
        };
        const options = { stripeAccount: from.account, idempotencyKey: `${from.key}-p` };
        return payoutOf(await stripe.payouts.create(params, options));
      }),

    /** The payout that was made with a key, of the last 100. Stripe forgets the key itself after a day. */
    findPayout: (account: string, key: string) =>
      run(async ({ stripe }) => {
        const { data } = await stripe.payouts.list({ limit: 100 }, { stripeAccount: account });
        const known = data.find(({ metadata }) => metadata?.key === key);
        return known ? payoutOf(known) : null;
      }),

    readPayout: (account: string, reference: string) =>
      run(async ({ stripe }) =>
        payoutOf(await stripe.payouts.retrieve(reference, undefined, { stripeAccount: account })),
      ),

    /** What Stripe paid out of an account to its bank, newest first, up to 100. */
    listPayouts: (account: string, { since }: { since?: Date } = {}) =>
      run(async ({ stripe }) => {
        const created = since ? { gte: Math.floor(since.getTime() / 1000) } : undefined;
        const { data } = await stripe.payouts.list({ limit: 100, created }, { stripeAccount: account });
        return data.map(payoutOf);
      }),
  };
}

function accountOf({ id, capabilities, requirements, ...account }: Stripe.Account): ConnectedAccount {
  return {
    reference: id,
    can_receive: capabilities?.transfers === 'active',
    can_be_paid: account.payouts_enabled ?? false,
    is_submitted: account.details_submitted ?? false,
    missing: requirements?.currently_due ?? [],
    disabled_reason: requirements?.disabled_reason ?? null,
  };
}

function transferOf({ id, destination, currency, ...transfer }: Stripe.Transfer): Transfer {
  return {
    reference: id,
    account: typeof destination === 'string' ? destination : (destination?.id ?? ''),
    amount: fromStripe(transfer.amount, currency),
    amount_reversed: fromStripe(transfer.amount_reversed, currency),
    currency: currency.toUpperCase(),
  };
}

function payoutOf({ id, amount, currency, status, ...payout }: Stripe.Payout): ConnectPayout {
  return {
    reference: id,
    amount: fromStripe(amount, currency),
    currency: currency.toUpperCase(),
    status: status as ConnectPayout['status'],
    arrives_on: new Date(payout.arrival_date * 1000),
    failure:
      status === 'failed'
        ? { code: payout.failure_code ?? 'unknown', message: payout.failure_message ?? '' }
        : null,
  };
}
