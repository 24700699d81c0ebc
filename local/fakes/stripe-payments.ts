import { type Fields, type Reply, textOf } from './provider.ts';
import { type Announce, missing, newId, problem, type StripeRequest } from './stripe-answers.ts';
import { createDisputes } from './stripe-disputes.ts';
import { type Form, formOf, textIn, wholeIn } from './stripe-form.ts';

type Charge = { id: string; amount_captured: number; amount_refunded: number; fee: number | null };
type Intent = Record<string, unknown> & {
  id: string;
  amount: number;
  currency: string;
  status: string;
  capture_method: string;
  amount_received: number;
  metadata: Form;
};
type Refund = Record<string, unknown> & { id: string; payment_intent: string; status: string };

/** Stripe's test methods that are declined, with the codes of the decline. */
const DECLINES: Readonly<Record<string, { code: string; decline_code?: string; message: string }>> = {
  pm_card_chargeDeclined: {
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
  },
  pm_card_chargeDeclinedInsufficientFunds: {
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  pm_card_chargeDeclinedExpiredCard: { code: 'expired_card', message: 'Your card has expired.' },
};

const THREE_DECIMALS = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd']);

/** PaymentIntents, their charges, refunds and disputes. */
export function createPayments(tell: Announce) {
  const intents = new Map<string, Intent>();
  const charges = new Map<string, Charge>();
  const refunds = new Map<string, Refund>();
  const disputes = createDisputes(tell);

  const ok = (body: unknown): Reply => ({ status: 200, body, headers: { 'request-id': newId('req') } });

  /** The intent as an answer has it, with the charge written out where that was asked for. */
  function shown(intent: Intent, { expand }: Form): Intent {
    const charge = charges.get(intent.id);
    if (!charge) return { ...intent, latest_charge: null };
    const isWritten = Object.values(formOf(expand)).some(path => String(path).includes('latest_charge'));
    const { fee, ...rest } = charge;
    const settled = fee === null ? null : { id: newId('txn'), object: 'balance_transaction', fee };
    const written = {
      object: 'charge',
      ...rest,
      payment_intent: intent.id,
      currency: intent.currency,
      payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242' } },
      balance_transaction: settled && { ...settled, currency: intent.currency },
    };
    return { ...intent, latest_charge: isWritten ? written : charge.id };
  }

  function create(fields: Form): Reply {
    const amount = wholeIn(fields.amount);
    const currency = textIn(fields.currency) ?? '';
    if (!(amount >= 1))
      return problem(400, { code: 'parameter_invalid_integer', param: 'amount', message: 'Invalid integer' });
    if (THREE_DECIMALS.has(currency) && amount % 10 !== 0)
      return problem(400, { param: 'amount', message: 'Invalid amount: the last digit must be 0.' });
    const id = newId('pi');
    const intent: Intent = {
      id,
      object: 'payment_intent',
      amount,
      currency,
      status: 'requires_payment_method',
      capture_method: textIn(fields.capture_method) ?? 'automatic',
      amount_received: 0,
      amount_capturable: 0,
      client_secret: `${id}_secret_${newId('s').slice(2)}`,
      description: textIn(fields.description),
      customer: textIn(fields.customer),
      receipt_email: textIn(fields.receipt_email),
      last_payment_error: null,
      metadata: formOf(fields.metadata),
      livemode: false,
    };
    intents.set(id, intent);
    if (fields.confirm !== 'true') return ok(shown(intent, fields));
    return confirm(intent, textIn(fields.payment_method) ?? '', fields);
  }

  function confirm(intent: Intent, method: string, fields: Form): Reply {
    const decline = DECLINES[method];
    if (decline) {
      intent.status = 'requires_payment_method';
      intent.last_payment_error = { type: 'card_error', ...decline };
      tell('payment_intent.payment_failed', intent);
      return problem(402, { type: 'card_error', ...decline, payment_intent: shown(intent, fields) });
    }
    if (method.startsWith('pm_card_threeDSecure') || method === 'pm_card_authenticationRequired') {
      if (fields.off_session === 'true')
        return problem(402, {
          type: 'card_error',
          code: 'authentication_required',
          decline_code: 'authentication_required',
          message: 'Your card was declined. This transaction requires authentication.',
          payment_intent: shown(intent, fields),
        });
      intent.status = 'requires_action';
      return ok(shown(intent, fields));
    }
    succeed(intent);
    return ok(shown(intent, fields));
  }

  function succeed(intent: Intent): void {
    intent.last_payment_error = null;
    charges.set(intent.id, { id: newId('ch'), amount_captured: 0, amount_refunded: 0, fee: null });
    if (intent.capture_method === 'automatic') {
      take(intent, intent.amount);
      return;
    }
    intent.status = 'requires_capture';
    intent.amount_capturable = intent.amount;
    tell('payment_intent.amount_capturable_updated', intent);
  }

  function take(intent: Intent, amount: number): void {
    intent.status = 'succeeded';
    intent.amount_received = amount;
    intent.amount_capturable = 0;
    const charge = charges.get(intent.id);
    // Stripe's price for a card in its home country: 2.9 % and thirty cents.
    if (charge) Object.assign(charge, { amount_captured: amount, fee: Math.round(amount * 0.029) + 30 });
    tell('payment_intent.succeeded', intent);
  }

  const unexpected = (intent: Intent, verb: string): Reply =>
    problem(400, {
      code: 'payment_intent_unexpected_state',
      message: `This PaymentIntent could not be ${verb} because it has a status of ${intent.status}.`,
      payment_intent: intent,
    });

  function capture(intent: Intent, fields: Form): Reply {
    if (intent.status !== 'requires_capture') return unexpected(intent, 'captured');
    const amount = fields.amount_to_capture ? wholeIn(fields.amount_to_capture) : intent.amount;
    if (!(amount >= 1 && amount <= intent.amount))
      return problem(400, {
        code: 'amount_too_large',
        param: 'amount_to_capture',
        message: 'The amount is too large.',
      });
    take(intent, amount);
    return ok(shown(intent, fields));
  }

  function cancel(intent: Intent, fields: Form): Reply {
    if (['succeeded', 'canceled'].includes(intent.status)) return unexpected(intent, 'canceled');
    intent.status = 'canceled';
    intent.amount_capturable = 0;
    tell('payment_intent.canceled', intent);
    return ok(shown(intent, fields));
  }

  function refund(fields: Form): Reply {
    const intent = intents.get(textIn(fields.payment_intent) ?? '');
    const charge = intent && charges.get(intent.id);
    if (!intent || !charge) return missing('payment_intent', textIn(fields.payment_intent) ?? '');
    const rest = charge.amount_captured - charge.amount_refunded;
    const amount = fields.amount ? wholeIn(fields.amount) : rest;
    if (rest === 0)
      return problem(400, {
        code: 'charge_already_refunded',
        message: `Charge ${charge.id} has already been refunded.`,
      });
    if (!(amount >= 1 && amount <= rest))
      return problem(400, {
        param: 'amount',
        message: 'Refund amount is greater than unrefunded amount on charge.',
      });
    charge.amount_refunded += amount;
    const made: Refund = {
      id: newId('re'),
      object: 'refund',
      amount,
      currency: intent.currency,
      charge: charge.id,
      payment_intent: intent.id,
      status: 'succeeded',
      metadata: formOf(fields.metadata),
    };
    refunds.set(made.id, made);
    tell('refund.created', made);
    return ok(made);
  }

  function answer({ method, path, fields }: StripeRequest): Reply | undefined {
    const [, version, kind, id = '', verb] = path.split('/');
    if (version !== 'v1') return undefined;
    if (kind === 'payment_intents' && id === 'search') return search(fields);
    if (kind === 'payment_intents' && !id) return create(fields);
    if (kind === 'payment_intents') {
      const intent = intents.get(id);
      if (!intent) return missing('payment_intent', id);
      if (method === 'GET') return ok(shown(intent, fields));
      if (verb === 'confirm') return confirm(intent, textIn(fields.payment_method) ?? '', fields);
      if (verb === 'capture') return capture(intent, fields);
      if (verb === 'cancel') return cancel(intent, fields);
    }
    if (kind === 'refunds' && !id && method === 'GET') {
      const data = [...refunds.values()].filter(made => made.payment_intent === fields.payment_intent);
      return ok({ object: 'list', has_more: false, data: data.reverse() });
    }
    if (kind === 'refunds' && !id) return refund(fields);
    if (kind === 'refunds') return found(refunds.get(id), 'refund', id);
    if (kind === 'disputes') return found(disputes.find(id), 'dispute', id);
    return undefined;
  }

  /** Of Stripe's query language, what finds by metadata. */
  function search(fields: Form): Reply {
    const [, name = '', value] = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(textIn(fields.query) ?? '') ?? [];
    const data = [...intents.values()].filter(({ metadata }) => metadata[name] === value);
    return ok({ object: 'search_result', has_more: false, data: data.map(intent => shown(intent, fields)) });
  }

  const found = (object: unknown, kind: string, id: string) => (object ? ok(object) : missing(kind, id));

  /**
   * `outcome`: `succeed`, `decline`, `dispute`, `lapse` (the bank lets go of what it reserved), for a dispute `win` or `lose`, or for a
   * refund `fail`: the bank gives it back.
   */
  function act({ reference, outcome, method }: Fields): Reply | undefined {
    const refunded = refunds.get(textOf(reference) ?? '');
    if (refunded) return failRefund(refunded);
    const disputed = disputes.decide(textOf(reference) ?? '', outcome);
    if (disputed) return ok(disputed);
    const intent = intents.get(textOf(reference) ?? '');
    if (!intent) return undefined;
    if (outcome === 'dispute') return ok(disputes.open(intent));
    if (outcome === 'lapse') return cancel(intent, {});
    if (!['requires_payment_method', 'requires_action'].includes(intent.status))
      return unexpected(intent, 'confirmed');
    return confirm(
      intent,
      textOf(method) ?? (outcome === 'decline' ? 'pm_card_chargeDeclined' : 'pm_card_visa'),
      {},
    );
  }

  function failRefund(refund: Refund): Reply {
    Object.assign(refund, { status: 'failed', failure_reason: 'lost_or_stolen_card' });
    const charge = charges.get(refund.payment_intent);
    if (charge) charge.amount_refunded -= Number(refund.amount);
    tell('refund.failed', refund);
    return ok(refund);
  }

  return Object.assign(answer, { act });
}
