import * as z from 'zod/mini';
import { log } from '../kernel/log.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import { KEEPERS, keeper, openMethods } from './payment-methods.ts';

const BATCH = 50;
/** Milliseconds after which the rest is left to the next run. */
const PATIENCE = 240_000;

const Customer = z.object({
  id: z.uuid(),
  marketplace: z.string(),
  gateway: keeper,
  reference: z.nullable(z.string()),
});
type Customer = z.output<typeof Customer>;

/**
 * Lets gateways forget whoever's account was purged, with the methods that they kept there. What a gateway does not take is asked again
 * in the next hour, and may be: nothing is forgotten twice. PayMongo, Paytm and Bolt know no customers of ours.
 */
export const handler = schedule({
  name: 'forget-customers',
  expression: 'cron(50 * * * ? *)',
  summary: 'Let gateways forget people whose accounts were purged',
  timeout: 300,
  needs: KEEPERS,
  async run({ db }) {
    const stopAt = performance.now() + PATIENCE;
    const total = { forgotten: 0, waiting: 0 };
    for (let more = true; more && performance.now() < stopAt; ) {
      const customers = await db.many(
        sql`select * from money.claim_leaving_customers(${BATCH}::integer)`,
        Customer,
      );
      for (const customer of customers) {
        const isForgotten = await forget(customer);
        if (isForgotten) await db.execute(sql`select money.forget_customer(${customer.id}::uuid)`);
        total[isForgotten ? 'forgotten' : 'waiting'] += 1;
      }
      more = customers.length === BATCH;
    }
    return total;
  },
});

/** Whether nothing is kept at the gateway any more. One without a reference was never made there, as far as anybody knows. */
async function forget({ id, marketplace, gateway, reference }: Customer): Promise<boolean> {
  if (reference === null) return true;
  try {
    return await (await openMethods(gateway, marketplace)).forget(reference);
  } catch (error) {
    if (!isGatewayFailure(error)) throw error;
    log.warn('a gateway did not forget a person', { customer_id: id, gateway, code: error.code });
    return false;
  }
}
