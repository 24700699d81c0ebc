import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { gatewayName, Payment } from './payments.ts';
import { StaffPayment } from './staff-payments.ts';

/** Finds payments for staff, newest first. All that is given must fit; which payments were shown is audited. */
export const searchPayments = useCase({
  route: 'GET /api/v1/admin/payments',
  summary: 'Search payments',
  access: permitted('money.read'),
  input: z.strictObject({
    status: z.optional(Payment.shape.status),
    purpose: z.optional(text(1, 40, 'booking')),
    /** Of any of its tries. */
    gateway: z.optional(gatewayName),
    /** Who pays. */
    user_id: z.optional(id('user')),
    booking_id: z.optional(id('booking')),
    /** The gateway's of a payment or a refund, or ours of a try. */
    reference: z.optional(text(1, 255, 'pi_3Pq2WmCVxZ0')),
    /** Payments that were opened from here on, and before there. */
    from: z.optional(instant),
    to: z.optional(instant),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(StaffPayment),
  async run({ limit, cursor, ...wanted }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select payment from money.search_payments(${wanted}::jsonb, ${before}::uuid, ${limit + 1}::integer)`,
      z.object({ payment: StaffPayment }),
      limit,
      row => [row.payment.id],
    );
    return { items: items.map(({ payment }) => payment), next_cursor };
  },
});

export const handler = http(searchPayments);
