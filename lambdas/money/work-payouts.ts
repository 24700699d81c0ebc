import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { reportOfAccount } from './payout-rails/rail.ts';

const Work = z.object({
  payout_id: z.uuid(),
  destination: z.string(),
  amount: z.int(),
  currency: z.string(),
  key: z.string(),
  attempt: z.int(),
  transfer_reference: z.nullable(z.string()),
  payout_reference: z.nullable(z.string()),
});

const Told = z.object({
  told: z.object({
    object_type: z.nullable(z.string()),
    account: z.nullable(z.string()),
    payouts: z.array(z.uuid()),
  }),
});

/**
 * Sends payouts through Stripe and follows them there, and takes what Stripe says of providers' accounts. What it takes on its way is
 * committed first, and every call has a key, so it may be cut off anywhere.
 */
export const handler = queue({
  queue: 'payouts',
  pattern: { 'detail-type': ['payout.work_due', 'payout.webhook_received'] },
  summary: 'Send payouts, and read what became of them',
  event: z.object({ payout_id: z.optional(z.uuid()), webhook_id: z.optional(z.uuid()) }),
  batch_size: 5,
  needs: ['gateway:stripe'],
  nudge: nudgeRelay,
  async run({ payout_id, webhook_id }, { db, marketplace }) {
    if (payout_id) await work(db, marketplace, payout_id);
    if (webhook_id) await hear(db, marketplace, webhook_id);
  },
});

async function work(db: Database, marketplace: string, payoutId: string): Promise<void> {
  const { work: sending } = await db.one(
    sql`select money.claim_payout(${payoutId}::uuid) as work`,
    z.object({ work: z.nullable(z.looseObject({ kind: z.string() })) }),
  );
  // Nothing is to be sent, or staff send it.
  if (sending?.kind !== 'stripe') return;
  const { attempt, ...order } = z.parse(Work, sending);
  const { stripeRail } = await import('./payout-rails/stripe.ts');
  const report = await stripeRail(marketplace).bring(order);
  await db.execute(
    sql`select money.record_payout(${payoutId}::uuid, ${attempt}::integer, ${report}::jsonb), money.watch_payout(${payoutId}::uuid)`,
  );
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
