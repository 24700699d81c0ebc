import { GatewayRejected } from '../gateways/gateway.ts';
import { type BankPayout, razorpayPayouts } from '../gateways/razorpay-payouts.ts';
import type { PayoutRail, PayoutReport } from './rail.ts';

/**
 * Through RazorpayX: from our current account to a bank account in India, which is one transfer. Its reference there is the
 * `transfer_reference`, the bank's the `payout_reference`. Needs `gateway:razorpay`.
 */
export function razorpayxRail(marketplace: string): PayoutRail {
  const payouts = razorpayPayouts(marketplace);

  return {
    async bring({ destination, amount, currency, key, description, transfer_reference }) {
      if (transfer_reference) return reportOf(await payouts.read(transfer_reference));
      const known = await payouts.find(key);
      if (known) return reportOf(known);
      try {
        return reportOf(await payouts.payOut({ account: destination, amount, currency, key, description }));
      } catch (error) {
        if (!(error instanceof GatewayRejected)) throw error;
        // A repetition that is refused may have been taken the first time.
        const made = await payouts.find(key);
        if (made) return reportOf(made);
        return { status: 'failed', failure: { code: error.code, message: error.message } };
      }
    },
  };
}

function reportOf({ reference, status, bank_reference, fee, failure }: BankPayout): PayoutReport {
  return {
    status,
    transfer_reference: reference,
    ...(bank_reference ? { payout_reference: bank_reference } : {}),
    ...(fee === null ? {} : { fee }),
    ...(failure ? { failure } : {}),
  };
}
