import { type Announce, newId } from './stripe-answers.ts';

type Disputed = { id: string; amount_received: number; currency: string; metadata: Record<string, unknown> };
type Move = { object: 'balance_transaction'; amount: number; fee: number; currency: string };
type Dispute = Record<string, unknown> & { id: string; balance_transactions: Move[] };

/** What Stripe charges for a dispute. */
const FEE = 1500;

/** Disputes: the money is withdrawn with a fee when one is opened, and comes back without the fee when it is won. */
export function createDisputes(tell: Announce) {
  const disputes = new Map<string, Dispute>();

  function open({ id, amount_received: amount, currency, metadata }: Disputed): Dispute {
    const made: Dispute = {
      id: newId('dp'),
      object: 'dispute',
      amount,
      currency,
      payment_intent: id,
      status: 'needs_response',
      reason: 'fraudulent',
      balance_transactions: [{ object: 'balance_transaction', amount: -amount, fee: FEE, currency }],
      evidence_details: { due_by: Math.floor(Date.now() / 1000) + 7 * 86_400, has_evidence: false },
      metadata,
    };
    disputes.set(made.id, made);
    tell('charge.dispute.created', made);
    return made;
  }

  /** `outcome`: `win` or `lose`. */
  function decide(id: string, outcome: unknown): Dispute | undefined {
    const dispute = disputes.get(id);
    if (!dispute) return undefined;
    dispute.status = outcome === 'win' ? 'won' : 'lost';
    const [taken] = dispute.balance_transactions;
    if (taken && outcome === 'win')
      dispute.balance_transactions.push({ ...taken, amount: -taken.amount, fee: 0 });
    tell('charge.dispute.closed', dispute);
    return dispute;
  }

  return { open, decide, find: (id: string) => disputes.get(id) };
}
