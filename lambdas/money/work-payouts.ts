import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Database } from '../kernel/database.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { aboutDetails } from './bank-details.ts';
import { GatewayRejected } from './gateways/gateway.ts';
import { type PayoutReport, reportOfAccount } from './payout-rails/rail.ts';

const Work = z.object({
  payout_id: z.uuid(),
  sent_by: z.enum(['stripe', 'razorpayx']),
  destination: z.nullable(z.string()),
  amount: z.int(),
  currency: z.string(),
  key: z.string(),
  number: z.string(),
  attempt: z.int(),
  transfer_reference: z.nullable(z.string()),
  payout_reference: z.nullable(z.string()),
  account: z.object({
    id: z.uuid(),
    name: z.nullable(z.string()),
    details_sealed: z.nullable(z.string()),
  }),
});
type Work = z.output<typeof Work>;

const Details = z.object({ account_number: z.string(), ifsc: z.string() });

const Told = z.object({
  told: z.object({
    object_type: z.nullable(z.string()),
    account: z.nullable(z.string()),
    payouts: z.array(z.uuid()),
  }),
});

/**
 * Sends payouts through Stripe or RazorpayX and follows them there, and takes what Stripe says of providers' accounts. What it takes on its way is
 * committed first, and every call has a key, so it may be cut off anywhere.
 */
export const handler = queue({
  queue: 'payouts',
  pattern: { 'detail-type': ['payout.work_due', 'payout.webhook_received'] },
  summary: 'Send payouts, and read what became of them',
  event: z.object({ payout_id: z.optional(z.uuid()), webhook_id: z.optional(z.uuid()) }),
  batch_size: 5,
  needs: ['gateway:stripe', 'gateway:razorpay', 'sealing'],
  nudge: nudgeRelay,
  async run({ payout_id, webhook_id }, { db, marketplace }) {
    if (payout_id) await work(db, marketplace, payout_id);
    if (webhook_id) await hear(db, marketplace, webhook_id);
  },
});

async function work(db: Database, marketplace: string, payoutId: string): Promise<void> {
  const { work: sending } = await db.one(
    sql`select money.claim_payout(${payoutId}::uuid, ${await sendsToBanks(marketplace)}::boolean) as work`,
    z.object({ work: z.nullable(Work) }),
  );
  // Nothing is to be sent, or staff send it.
  if (sending === null) return;
  const report =
    sending.sent_by === 'stripe'
      ? await byStripe(marketplace, sending)
      : await byBank(db, marketplace, sending);
  await db.execute(
    sql`
      select money.record_payout(${payoutId}::uuid, ${sending.attempt}::integer, ${report}::jsonb),
             money.watch_payout(${payoutId}::uuid)`,
  );
}

/** Whether our account at RazorpayX is filled in. Until then staff send what goes to banks. */
async function sendsToBanks(marketplace: string): Promise<boolean> {
  if (marketplaceOf(marketplace)?.payouts.rail !== 'bank') return false;
  const { payoutAccountOf } = await import('./gateways/razorpay-client.ts');
  return (await payoutAccountOf(marketplace)) !== null;
}

async function byStripe(marketplace: string, { number, destination, ...order }: Work): Promise<PayoutReport> {
  const { stripeRail } = await import('./payout-rails/stripe.ts');
  return stripeRail(marketplace).bring({ ...order, description: number, destination: destination ?? '' });
}

async function byBank(db: Database, marketplace: string, work: Work): Promise<PayoutReport> {
  const { razorpayxRail } = await import('./payout-rails/razorpayx.ts');
  const { number: description, transfer_reference, ...order } = work;
  let { destination } = work;
  try {
    if (!(destination || transfer_reference)) destination = await openDestination(db, marketplace, work);
  } catch (error) {
    if (!(error instanceof GatewayRejected)) throw error;
    return { status: 'failed', failure: { code: error.code, message: error.message } };
  }
  const sending = { ...order, description, transfer_reference, destination: destination ?? '' };
  return razorpayxRail(marketplace).bring(sending);
}

/** Makes a provider's bank account known to RazorpayX. Its number goes nowhere else. */
async function openDestination(
  db: Database,
  marketplace: string,
  { account: { id, name, details_sealed } }: Work,
): Promise<string> {
  if (details_sealed === null)
    throw new GatewayRejected('razorpay', 'account_removed', 'The account is gone.');
  const details = z.parse(Details, JSON.parse(await unseal(details_sealed, aboutDetails(id))));
  const { razorpayPayouts } = await import('./gateways/razorpay-payouts.ts');
  const bank = { reference: id, name: name ?? '', ...details };
  const reference = await razorpayPayouts(marketplace).openAccount(bank);
  await db.execute(sql`select money.keep_fund_account(${id}::uuid, ${reference}::text)`);
  return reference;
}

async function hear(db: Database, marketplace: string, webhookId: string): Promise<void> {
  const { told } = await db.one(sql`select money.payout_webhook(${webhookId}::uuid) as told`, Told);
  if (told.object_type === 'account' && told.account) {
    const { stripeConnect } = await import('./gateways/stripe-connect.ts');
    const report = reportOfAccount(await stripeConnect(marketplace).readAccount(told.account));
    await db.execute(sql`select money.record_connect_account(null, ${report}::jsonb)`);
  }
  for (const payoutId of told.payouts) await work(db, marketplace, payoutId);
  await db.execute(sql`select money.settle_webhook(${webhookId}::uuid)`);
}
