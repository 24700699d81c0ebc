import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { log } from '../kernel/log.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { collectPayment } from './collect-payment.ts';
import { GatewayDeclined, GatewayRejected } from './gateways/gateway.ts';
import { keeper, openMethods } from './payment-methods.ts';
import { ALL_GATEWAYS, gatewayName, openGateway, type Report, reportOf } from './payments.ts';

const Step = z.object({
  kind: z.enum(['capture', 'cancel', 'refund']),
  /** Of the try, or of the refund. */
  id: z.uuid(),
  gateway: gatewayName,
  reference: z.string(),
  amount: z.int(),
  key: z.string(),
});
type Step = z.output<typeof Step>;
const Work = z.object({
  payment_id: z.uuid(),
  looks: z.array(
    z.object({ attempt_id: z.uuid(), gateway: gatewayName, reference: z.nullable(z.string()), age: z.int() }),
  ),
  refund_looks: z.array(z.object({ refund_id: z.uuid(), gateway: gatewayName, reference: z.string() })),
  step: z.nullable(Step),
});
type Work = z.output<typeof Work>;

const Told = z.object({
  payment_id: z.nullable(z.uuid()),
  dispute: z.nullable(z.object({ gateway: gatewayName, reference: z.string() })),
  customer: z.nullable(z.object({ gateway: keeper, reference: z.string() })),
});

/** Seconds after which a try that no gateway knows was never made: Stripe finds what is some minutes old. */
const NEVER_MADE = 3600;
/** Calls that one message makes at most: more than that is a circle. */
const MOST_STEPS = 10;

/**
 * Brings payments to what their gateways say, and does what is due there: takes what is owed, gives back what is reserved or paid for
 * nothing. Whatever wakes it, it reads the objects at the gateway first. It may be cut off anywhere: every call has a key.
 */
export const handler = queue({
  queue: 'payments',
  pattern: {
    'detail-type': ['payment.webhook_received', 'payment.work_due', 'payment.collection_due'],
  },
  summary: 'Read payments at their gateways, and take or give back what is due',
  event: z.object({
    payment_id: z.optional(z.uuid()),
    webhook_id: z.optional(z.uuid()),
    /** Of `payment.collection_due`. */
    user_id: z.optional(z.uuid()),
    booking_id: z.optional(z.nullable(z.uuid())),
  }),
  batch_size: 5,
  needs: ALL_GATEWAYS,
  nudge: nudgeRelay,
  async run({ payment_id, webhook_id, user_id, booking_id }, { db, marketplace }) {
    if (user_id) return collectPayment(db, marketplace, user_id, booking_id ?? null);
    const told = webhook_id ? await subjectOf(db, webhook_id) : null;
    const paid = payment_id ?? told?.payment_id;
    if (paid) await work(db, marketplace, paid);
    if (told?.dispute) await readDispute(db, marketplace, told.dispute);
    if (told?.customer) await readMethods(db, marketplace, told.customer);
    if (webhook_id) await db.execute(sql`select money.settle_webhook(${webhook_id}::uuid)`);
  },
});

/** What an event of a gateway is about: a payment, a dispute, or what a person keeps there. */
async function subjectOf(db: Database, webhookId: string): Promise<z.output<typeof Told>> {
  return db.one(
    sql`
      select money.payment_of_webhook(${webhookId}::uuid) as payment_id,
             money.dispute_of_webhook(${webhookId}::uuid) as dispute,
             money.customer_of_webhook(${webhookId}::uuid) as customer`,
    Told,
  );
}

async function work(db: Database, marketplace: string, paymentId: string): Promise<void> {
  const claimed = await db.one(
    sql`select money.claim_payment(${paymentId}::uuid) as work`,
    z.object({ work: z.nullable(Work) }),
  );
  // Somebody else is talking to the gateway about it, and will look once more.
  if (claimed.work === null) return;
  try {
    let rest = await look(db, marketplace, claimed.work);
    for (let steps = 0; rest.step; steps += 1) {
      if (steps === MOST_STEPS) throw new Error('A payment does not come to an end.');
      const next = await take(db, marketplace, rest.step);
      if (next.step && next.step.id === rest.step.id && next.step.kind === rest.step.kind)
        throw new Error(`The gateway does not ${rest.step.kind} what it should.`);
      rest = next;
    }
  } finally {
    await db.execute(sql`select money.release_payment(${paymentId}::uuid)`);
  }
}

/** Reads every try and every refund that may have changed. */
async function look(db: Database, marketplace: string, work: Work): Promise<Work> {
  let rest = work;
  for (const { attempt_id, gateway, reference, age } of work.looks) {
    const client = await openGateway(gateway, marketplace);
    const payment = reference ? await client.read(reference) : await client.find?.(attempt_id);
    if (payment) rest = await record(db, attempt_id, reportOf(payment));
    else if (age > NEVER_MADE) rest = await record(db, attempt_id, { status: 'cancelled' });
  }
  for (const { refund_id, gateway, reference } of work.refund_looks) {
    const client = await openGateway(gateway, marketplace);
    rest = await recordRefund(db, refund_id, await client.readRefund(reference));
  }
  return rest;
}

/** Makes one call. A refusal is answered by reading what is there. */
async function take(db: Database, marketplace: string, step: Step): Promise<Work> {
  const { kind, id, gateway, reference, amount, key } = step;
  const client = await openGateway(gateway, marketplace);
  if (kind === 'refund') {
    const refund = await client.refund(reference, amount, key).catch(error => {
      const { code, message } = refused(error);
      return { status: 'failed', reference: undefined, failure: { code, message } };
    });
    return recordRefund(db, id, refund);
  }
  const call = kind === 'capture' ? client.capture(reference, amount, key) : client.cancel(reference, key);
  const payment = await call.catch(error => {
    refused(error);
    return client.read(reference);
  });
  return record(db, id, reportOf(payment));
}

/** The refusal of a call, or a throw of what leaves its outcome open. */
function refused(error: unknown): GatewayDeclined | GatewayRejected {
  if (error instanceof GatewayDeclined || error instanceof GatewayRejected) return error;
  throw error;
}

/** Reads a dispute at its gateway, and lets the books follow. */
async function readDispute(
  db: Database,
  marketplace: string,
  { gateway, reference }: NonNullable<z.output<typeof Told>['dispute']>,
): Promise<void> {
  const client = await openGateway(gateway, marketplace);
  const dispute = await client.readDispute?.(reference);
  if (!dispute) {
    log.warn('a gateway tells of a dispute that cannot be read there', { gateway, reference });
    return;
  }
  const report = { gateway, ...dispute };
  await db.execute(sql`select money.record_dispute(${report}::jsonb)`);
}

/** Reads what a person keeps at a gateway by now. */
async function readMethods(
  db: Database,
  marketplace: string,
  { gateway, reference }: NonNullable<z.output<typeof Told>['customer']>,
): Promise<void> {
  const methods = await openMethods(gateway, marketplace);
  const kept = await methods.list(reference);
  await db.execute(sql`select money.keep_methods_of(${gateway}::text, ${reference}::text, ${kept}::jsonb)`);
}

const Left = z.object({ work: Work });

async function record(db: Database, attemptId: string, report: Report): Promise<Work> {
  const { work } = await db.one(
    sql`select money.record_attempt(${attemptId}::uuid, ${report}::jsonb) as work`,
    Left,
  );
  return work;
}

async function recordRefund(db: Database, refundId: string, report: Report): Promise<Work> {
  const { work } = await db.one(
    sql`select money.record_refund(${refundId}::uuid, ${report}::jsonb) as work`,
    Left,
  );
  return work;
}
