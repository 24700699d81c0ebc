import type { ConnectedAccount } from '../gateways/stripe-connect.ts';

/** A payout that is on its way in the ledger, to be brought there. */
export type Sending = {
  /** Where to, as the rail knows it. */
  destination: string;
  amount: number;
  currency: string;
  /** Of this sending alone: a repetition moves money once, however late. */
  key: string;
  /** What the provider reads on their bank's statement, where the rail can say it. */
  description: string;
  transfer_reference: string | null;
  payout_reference: string | null;
};

/** What became of it, as `money.record_payout` takes it. `failed`: nothing of it is with the provider any more. */
export type PayoutReport = {
  status: 'processing' | 'paid' | 'failed';
  transfer_reference?: string;
  payout_reference?: string;
  /** What the rail charges us. */
  fee?: number;
  failure?: { code: string; message: string };
};

/** A way by which money gets from us to a provider. */
export type PayoutRail = {
  /**
   * Sends what is not sent yet, and tells how far it has come. May be called at any time, and again.
   *
   * @throws GatewayUnavailable where nobody knows: call again
   */
  bring(sending: Sending): Promise<PayoutReport>;
};

/** What Stripe says of a connected account, as `money.record_connect_account` takes it. */
export function reportOfAccount(account: ConnectedAccount) {
  const { reference, can_receive, can_be_paid, is_submitted, missing, disabled_reason } = account;
  const isActive = can_receive && can_be_paid;
  const status = isActive ? 'active' : is_submitted ? 'restricted' : 'pending';
  return { reference, status, missing, disabled_reason };
}
