import * as z from 'zod/mini';
import { flag, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { log } from '../kernel/log.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import {
  ALL_GATEWAYS,
  gatewayName,
  openGateway,
  Payment,
  type Report,
  reportOf,
  reportOfError,
} from './payments.ts';

const Charge = z.object({
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
  }),
  metadata: z.record(z.string(), z.string()),
});
type Charge = z.output<typeof Charge>;

const Opened = z.object({ opened: z.object({ payment: Payment, charge: z.nullable(Charge) }) });
const Recorded = z.object({ payment: Payment });

const gatewayNotOffered = refuse(
  'gateway_not_offered',
  422,
  'This gateway takes no payments here.',
  'gateway',
);

/**
 * Starts the payment of the caller's booking, or goes on with the one that is under way: the intent is committed first, then the
 * gateway is asked under its key, then its answer is written down. A call that was cut off may be made again: it charges nothing
 * twice.
 */
export const initiatePayment = useCase({
  route: 'POST /api/v1/payments/initiate',
  summary: 'Start paying for a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    /** Pay with the wallet and with credits as far as they reach. */
    use_wallet: z._default(flag, false),
    use_credits: z._default(flag, false),
    /** Absent: the one that the marketplace prefers. */
    gateway: z.optional(gatewayName),
    method: z.optional(text(1, 40, 'card')),
    /** A saved method, which is charged at once. */
    payment_method: z.optional(text(1, 200, 'pm_1Pq2WmCVxZ0')),
    return_url: z.optional(
      z.url({ protocol: /^https$/ }).check(z.meta({ examples: ['https://app.example/paid'] })),
    ),
  }),
  output: z.extend(Payment, {
    /** What the app hands to the gateway's own form. Null where there is nothing to do there. */
    client: z.nullable(
      z.record(z.string(), z.unknown()).check(z.meta({ examples: [{ client_secret: 'pi_3Pq_secret_x1' }] })),
    ),
  }),
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: {
    booking_not_payable: refuse(
      'booking_not_payable',
      409,
      'This booking can no longer be paid for.',
      'booking_id',
    ),
    nothing_to_pay: refuse('nothing_to_pay', 409, 'This booking costs nothing.', 'booking_id'),
    already_paid: refuse('already_paid', 409, 'This booking is paid for.', 'booking_id'),
    payment_in_progress: refuse(
      'payment_in_progress',
      409,
      'A payment for this booking is under way. Look at it in a moment.',
      'booking_id',
    ),
    gateway_not_offered: gatewayNotOffered,
  },
  async run({ booking_id, use_wallet, use_credits, gateway, ...options }, { db, marketplace }) {
    const { gateways, capture } = marketplace.payments;
    const wish = { booking_id, use_wallet, use_credits, gateway, gateways, capture, options };
    const { opened } = await db.one(sql`select money.open_payment(${wish}::jsonb) as opened`, Opened);
    if (opened.charge === null) return { ...opened.payment, client: null };
    const { report, client } = await ask(opened.charge, marketplace.slug);
    const { payment } = await db.one(
      sql`select money.record_my_attempt(${opened.charge.attempt_id}::uuid, ${report}::jsonb) as payment`,
      Recorded,
    );
    return { ...payment, client };
  },
});

/** Asks the gateway. A refusal and an unknown outcome are reports too. */
async function ask(
  { attempt_id, gateway, options, ...charge }: Charge,
  marketplace: string,
): Promise<{ report: Report; client: Record<string, unknown> | null }> {
  const client = await openGateway(gateway, marketplace);
  return client.create({ ...charge, ...options, key: attempt_id, customer: {} }).then(
    made => {
      const isOpen = made.status === 'requires_action' || made.status === 'failed';
      return { report: reportOf(made), client: isOpen ? { ...made.client } : null };
    },
    error => {
      const report = reportOfError(error);
      log.warn('a gateway did not take a payment', { gateway, attempt_id, failure: report.failure?.code });
      return { report, client: null };
    },
  );
}

export const handler = http(initiatePayment);
