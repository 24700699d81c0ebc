import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import type { Database } from '../kernel/database.ts';
import { describeError, log } from '../kernel/log.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { chargeFor } from './charge.ts';
import { ALL_GATEWAYS, gatewayName } from './payments.ts';

const Renewal = z.object({
  renewal: z.object({
    subscription_id: z.uuid(),
    user_id: z.uuid(),
    /** Null where the method has gone meanwhile. */
    gateway: z.nullable(gatewayName),
    method_id: z.nullable(z.uuid()),
  }),
});
type Renewal = z.output<typeof Renewal>['renewal'];

/** Renewals that one run charges at once. */
const AT_ONCE = 10;

/**
 * Charges the saved methods of the subscriptions whose period is over: which, their clocks say. A run that is cut off is made good by
 * the next, under the same keys; of two runs at once each has its own.
 */
export const handler = schedule({
  name: 'renew-subscriptions',
  expression: 'rate(15 minutes)',
  zone: 'each_marketplace',
  summary: 'Charge the saved methods of subscriptions that are due',
  timeout: 300,
  needs: ALL_GATEWAYS,
  metrics: { RenewalsFailed: 'failed' },
  nudge: nudgeRelay,
  async run({ db, marketplace: slug }) {
    const marketplace = marketplaceOf(slug ?? '');
    if (!marketplace) throw new Error(`There is no marketplace ${slug}.`);
    const stopAt = performance.now() + 240_000;
    const total = { charged: 0, open: 0, failed: 0 };
    for (let more = true; more && performance.now() < stopAt; ) {
      const due = await db.many(
        sql`select renewal from money.claim_renewals(${AT_ONCE}::integer) as renewal`,
        Renewal,
      );
      for (const outcome of await Promise.all(due.map(({ renewal }) => renew(db, marketplace, renewal))))
        total[outcome] += 1;
      more = due.length === AT_ONCE;
    }
    return total;
  },
});

/** Charges one. `open`: it was declined, is under way, or its outcome is unknown until somebody looks. */
async function renew(
  db: Database,
  marketplace: Marketplace,
  { subscription_id, user_id, gateway, method_id }: Renewal,
): Promise<'charged' | 'open' | 'failed'> {
  try {
    // Where no method is left that can be charged, or its bank asks for the person, so do we.
    if (!(gateway && method_id && marketplace.payments.gateways.includes(gateway))) {
      await askSubscriber(db, subscription_id);
      return 'open';
    }
    const payment = await chargeFor(db, marketplace, user_id, {
      purpose: 'subscription',
      subject_id: subscription_id,
      payment_method_id: method_id,
    });
    if (payment.status === 'pending' && payment.failure === null) await askSubscriber(db, subscription_id);
    return payment.status === 'succeeded' ? 'charged' : 'open';
  } catch (error) {
    // Such as a person who pays for it just now. The others go on; this one is looked at in the next run.
    log.error('a subscription could not be renewed', { subscription_id, ...describeError(error) });
    return 'failed';
  }
}

const askSubscriber = (db: Database, subscriptionId: string) =>
  db.execute(sql`select money.ask_subscriber(${subscriptionId}::uuid)`);
