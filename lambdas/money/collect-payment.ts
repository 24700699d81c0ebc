import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Database } from '../kernel/database.ts';
import { sql } from '../kernel/sql.ts';
import { chargeFor } from './charge.ts';
import { gatewayName } from './payments.ts';

const Method = z.object({ gateway: gatewayName, reference: z.string() });

/**
 * Charges what somebody owes, or a booking that is not paid any more, to the method that the person has saved. Where there is none, or
 * it is declined, the person pays by hand: they have been told.
 */
export async function collectPayment(
  db: Database,
  slug: string,
  user_id: string,
  booking_id: string | null,
): Promise<void> {
  const marketplace = marketplaceOf(slug);
  const method = await db.maybeOne(
    sql`select gateway, reference from money.method_to_collect(${user_id}::uuid, ${booking_id}::uuid)`,
    Method,
  );
  if (!method || !marketplace?.payments.gateways.includes(method.gateway)) return;
  await chargeFor(db, marketplace, user_id, {
    purpose: booking_id ? 'booking' : 'debt',
    subject_id: booking_id ?? user_id,
    gateway: method.gateway,
    options: { payment_method: method.reference },
  });
}
