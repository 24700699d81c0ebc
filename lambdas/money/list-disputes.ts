import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { amount, currency, id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { gatewayName } from './payments.ts';

const disputeStatus = z
  .enum(['needs_response', 'under_review', 'won', 'lost'])
  .check(z.meta({ examples: ['needs_response'] }));

const Dispute = z.object({
  id: id('dispute'),
  payment_id: id('payment'),
  booking_id: z.nullable(id('booking')),
  user_id: id('user'),
  gateway: gatewayName,
  reference: text(1, 255, 'dp_1Pq2WmCVxZ0'),
  currency,
  amount,
  status: disputeStatus,
  /** The gateway's word. */
  reason: text(1, 100, 'fraudulent'),
  /** Until when the gateway takes evidence, which is handed in there. */
  due_by: z.nullable(instant),
  borne_by: z.enum(['payees', 'platform']).check(z.meta({ examples: ['payees'] })),
  /** What of the amount is withheld from those who had got it. */
  borne_by_payees: amount,
  /** What the gateway has taken from us, and charged for it. */
  withdrawn_amount: amount,
  fee: amount,
  closed_at: z.nullable(instant),
  created_at: instant,
});

/** Lists what banks want back, newest first. */
export const listDisputes = useCase({
  route: 'GET /api/v1/admin/disputes',
  summary: 'List disputed payments',
  access: permitted('money.read'),
  input: z.strictObject({
    status: z.optional(disputeStatus),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(Dispute),
  async run({ status = null, limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`
        select d as dispute
        from money.disputes_for_staff(${status}::text, ${before}::uuid, ${limit + 1}::integer) as d`,
      z.object({ dispute: Dispute }),
      limit,
      ({ dispute }) => [dispute.id],
    );
    return { items: items.map(({ dispute }) => dispute), next_cursor };
  },
});

export const handler = http(listDisputes);
