import { randomBytes } from 'node:crypto';
import type { Fields } from './provider.ts';

type Payment = { id: string; order_id: string; amount: number; currency: string; captured: boolean };
type Dispute = Record<string, unknown> & { id: string; payment_id: string; amount: number };

/** Disputes of captured payments: Razorpay takes the money when one is lost. */
export function createDisputes<P extends Payment>(
  payments: ReadonlyMap<string, P>,
  tell: (event: string, payment: P, more: Record<string, Fields>) => void,
) {
  const disputes = new Map<string, Dispute>();

  /** `outcome`: `dispute` of an order; `win` or `lose` of a dispute. Undefined where the reference is of something else. */
  function act(reference: string, outcome: unknown): Dispute | undefined {
    const known = disputes.get(reference);
    const payment = [...payments.values()].find(
      ({ id, order_id, captured }) => captured && (known ? id === known.payment_id : order_id === reference),
    );
    if (!payment || !(known || outcome === 'dispute')) return undefined;
    const dispute = known ?? open(payment);
    const status = known ? (outcome === 'win' ? 'won' : 'lost') : 'open';
    Object.assign(dispute, { status, amount_deducted: status === 'lost' ? dispute.amount : 0 });
    tell(`payment.dispute.${known ? status : 'created'}`, payment, { dispute });
    return dispute;
  }

  function open({ id: payment_id, amount, currency }: P): Dispute {
    const dispute = {
      id: `disp_${randomBytes(7).toString('hex')}`,
      entity: 'dispute',
      payment_id,
      amount,
      currency,
      reason_code: 'chargeback',
      phase: 'chargeback',
      respond_by: Math.floor(Date.now() / 1000) + 7 * 86_400,
    };
    disputes.set(dispute.id, dispute);
    return dispute;
  }

  return { act, find: (id: string) => disputes.get(id) };
}
