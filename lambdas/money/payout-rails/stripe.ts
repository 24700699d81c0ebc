import { GatewayRejected } from '../gateways/gateway.ts';
import { type ConnectPayout, stripeConnect, type Transfer } from '../gateways/stripe-connect.ts';
import type { PayoutRail, PayoutReport, Sending } from './rail.ts';

/**
 * Through Stripe Connect: a transfer into the provider's account there, and a payout from it to the bank. What the bank does not take
 * is transferred back, so that a payout that failed is whole with us again. Needs `gateway:stripe`.
 */
export function stripeRail(marketplace: string): PayoutRail {
  const connect = stripeConnect(marketplace);

  async function bring(sending: Sending): Promise<PayoutReport> {
    const { destination: account, amount, currency, key } = sending;
    let transfer: Transfer;
    try {
      transfer = sending.transfer_reference
        ? await connect.readTransfer(sending.transfer_reference)
        : await connect.transfer({ account, amount, currency, key });
    } catch (error) {
      return { status: 'failed', failure: refusalOf(error) };
    }
    const references: { transfer_reference: string; payout_reference?: string } = {
      transfer_reference: transfer.reference,
    };
    let payout: ConnectPayout | null = null;
    let failure: PayoutReport['failure'];
    try {
      payout = sending.payout_reference
        ? await connect.readPayout(account, sending.payout_reference)
        : await connect.findPayout(account, key);
      // A transfer that went back has failed before: nothing is left there to pay out.
      if (!payout && transfer.amount_reversed === 0)
        payout = await connect.payOut({ account, amount, currency, key });
    } catch (error) {
      failure = refusalOf(error);
    }
    if (payout) references.payout_reference = payout.reference;
    if (payout?.status === 'paid') return { status: 'paid', ...references };
    if (payout?.status === 'pending' || payout?.status === 'in_transit')
      return { status: 'processing', ...references };
    failure ??= payout?.failure ?? {
      code: payout?.status ?? 'returned',
      message: 'Stripe has not paid it out.',
    };
    await connect.reverseTransfer(transfer.reference, amount, `${key}-r`);
    return { status: 'failed', ...references, failure };
  }

  return { bring };
}

/** Why Stripe refused, or a throw of what leaves the outcome open. */
function refusalOf(error: unknown): { code: string; message: string } {
  if (error instanceof GatewayRejected) return { code: error.code, message: error.message };
  throw error;
}
