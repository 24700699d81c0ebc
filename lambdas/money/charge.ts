import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import type { Database } from '../kernel/database.ts';
import { flag, id, text } from '../kernel/fields.ts';
import { log } from '../kernel/log.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import type { GatewayName } from './gateways/gateway.ts';
import { Customer } from './payment-methods.ts';
import { gatewayName, openGateway, Payment, type Report, reportOf, reportOfError } from './payments.ts';

/** What a person may pay with and leave in one go, at Razorpay. */
export const keptMethod = z.enum(['card', 'upi']).check(z.meta({ examples: ['upi'] }));

/** What to ask a gateway: the charge that `money.open_payment` returns. */
export const Charge = z.object({
  attempt_id: z.uuid(),
  gateway: gatewayName,
  amount: z.int(),
  currency: z.string(),
  description: z.string(),
  capture: z.enum(['now', 'later']),
  options: z.object({
    method: z.optional(z.string()),
    payment_method: z.optional(z.string()),
    return_url: z.optional(z.string()),
    keep: z.optional(keptMethod),
  }),
  /** Whom the gateway is to keep the method of: with `options.keep`. */
  keeper: z.optional(z.nullable(z.extend(Customer, { user_id: z.uuid() }))),
  /** As whom the gateway knows the payer. */
  customer: z.object({
    reference: z.optional(z.string()),
    email: z.optional(z.string()),
    name: z.optional(z.string()),
  }),
  metadata: z.record(z.string(), z.string()),
});
type Charge = z.output<typeof Charge>;

const Opened = z.object({ opened: z.object({ payment: Payment, charge: z.nullable(Charge) }) });
const Recorded = z.object({ payment: Payment });

/** What is to be paid for, and how: `money.open_payment` says the same in SQL. */
export type Wish = {
  /** A purpose of `money.payment_purposes`, and the id of what is paid for. */
  purpose: string;
  subject_id: string;
  use_wallet?: boolean;
  use_credits?: boolean;
  /** The rest is given to the provider in cash. */
  use_cash?: boolean;
  /** One of the payer's saved methods, which is charged at once. */
  payment_method_id?: string;
  /** Absent: the one that the marketplace prefers. */
  gateway?: GatewayName;
  options?: {
    method?: string;
    payment_method?: string;
    return_url?: string;
    keep?: z.output<typeof keptMethod>;
  };
};

/** How the caller pays: fields of every input that starts a payment. */
export const howToPay = {
  /** Pay with the wallet and with credits as far as they reach. */
  use_wallet: z._default(flag, false),
  use_credits: z._default(flag, false),
  /** Absent: the one that the marketplace prefers. */
  gateway: z.optional(gatewayName),
  method: z.optional(text(1, 40, 'card')),
  /** One of the caller's saved methods, which is charged at once. */
  payment_method_id: z.optional(id('payment_method')),
  /** The same by the gateway's own name for it. */
  payment_method: z.optional(text(1, 200, 'pm_1Pq2WmCVxZ0')),
  return_url: z.optional(
    z.url({ protocol: /^https$/ }).check(z.meta({ examples: ['https://app.example/paid'] })),
  ),
};

/** The part of a wish that these fields say. */
export const wishOf = ({
  use_wallet,
  use_credits,
  gateway,
  method,
  payment_method_id,
  payment_method,
  return_url,
}: z.output<z.ZodMiniObject<typeof howToPay>>) => ({
  use_wallet,
  use_credits,
  gateway,
  payment_method_id,
  options: { method, payment_method, return_url },
});

/** A payment as its payer sees it, and what the app hands to the gateway's own form: null where there is nothing to do there. */
export const Paid = z.extend(Payment, {
  client: z.nullable(
    z.record(z.string(), z.unknown()).check(z.meta({ examples: [{ client_secret: 'pi_3Pq_secret_x1' }] })),
  ),
});
export type Paid = z.output<typeof Paid>;

/** What `charge` may refuse, but for what a subject's finder adds. */
export const chargeRefusals = {
  nothing_to_pay: refuse('nothing_to_pay', 409, 'This costs nothing.'),
  already_paid: refuse('already_paid', 409, 'This is paid for.'),
  payment_in_progress: refuse(
    'payment_in_progress',
    409,
    'A payment for this is under way. Look at it in a moment.',
  ),
  gateway_not_offered: refuse('gateway_not_offered', 422, 'This gateway takes no payments here.', 'gateway'),
  account_not_accepted: refuse(
    'account_not_accepted',
    422,
    'This cannot be paid for with the wallet or with credits.',
  ),
  payment_method_not_found: refuse(
    'payment_method_not_found',
    422,
    'You keep no such payment method.',
    'payment_method_id',
  ),
};

/**
 * Starts a payment of the caller's, or goes on with the one that is under way: the intent is committed first, then the gateway is
 * asked under its key, then its answer is written down. A call that was cut off may be made again: it charges nothing twice. Two
 * trips. Needs ALL_GATEWAYS.
 */
export async function charge(db: Database, marketplace: Marketplace, wish: Wish): Promise<Paid> {
  const { opened } = await db.one(
    sql`select money.open_payment(${fullWish(marketplace, wish)}::jsonb) as opened`,
    Opened,
  );
  if (opened.charge === null) return { ...opened.payment, client: null };
  const { report, client } = await ask(opened.charge, marketplace.slug);
  const { payment } = await db.one(
    sql`select money.record_my_attempt(${opened.charge.attempt_id}::uuid, ${report}::jsonb) as payment`,
    Recorded,
  );
  return { ...payment, client };
}

/**
 * The same for somebody who is not there, by the worker: what is charged to a saved method. Three trips.
 *
 * @param person the payer, as the finder of the purpose says
 */
export async function chargeFor(
  db: Database,
  marketplace: Marketplace,
  person: string,
  wish: Wish,
): Promise<Payment> {
  const { opened } = await db.one(
    sql`select money.open_payment_of(${person}::uuid, ${fullWish(marketplace, wish)}::jsonb) as opened`,
    Opened,
  );
  if (opened.charge === null) return opened.payment;
  const { report } = await ask(opened.charge, marketplace.slug);
  const { payment } = await db.one(
    sql`select money.record_attempt_for(${opened.charge.attempt_id}::uuid, ${report}::jsonb) as payment`,
    Recorded,
  );
  return payment;
}

/** A wish with what the marketplace's configuration adds. */
export const fullWish = (
  { payments: { gateways, capture, cash = false } }: Marketplace,
  { options = {}, ...wish }: Omit<Wish, 'purpose' | 'subject_id'>,
) => ({
  ...wish,
  gateways,
  capture,
  cash,
  options,
});

/** What a gateway has said. `customer`: as whom it knows the payer since, where they have just become known there. */
type Asked = { report: Report; client: Record<string, unknown> | null; customer?: string };

/** Asks the gateway. A refusal and an unknown outcome are reports too. */
export async function ask(
  { attempt_id, gateway, options, keeper, ...charge }: Charge,
  marketplace: string,
): Promise<Asked> {
  const client = await openGateway(gateway, marketplace);
  let customer: string | undefined;
  try {
    if (keeper && keeper.reference === null) {
      const { introduce } = await import('./introduce-customer.ts');
      customer = await introduce('razorpay', marketplace, keeper, keeper.user_id);
    }
    const reference = customer ?? keeper?.reference ?? charge.customer.reference;
    const payer = { ...charge.customer, reference };
    const made = await client.create({ ...charge, ...options, customer: payer, key: attempt_id });
    const isOpen = made.status === 'requires_action' || made.status === 'failed';
    return { report: reportOf(made), client: isOpen ? { ...made.client } : null, customer };
  } catch (error) {
    const report = reportOfError(error);
    log.warn('a gateway did not take a payment', { gateway, attempt_id, failure: report.failure?.code });
    return { report, client: null, customer };
  }
}
