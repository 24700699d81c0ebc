import * as z from 'zod/mini';
import type { Fakes } from '../fakes/fakes.ts';
import type { AsOwner } from '../people/as-owner.ts';
import type { ToolAnswer } from './control.ts';

const Order = z.object({
  payment_id: z.uuid(),
  outcome: z._default(z.enum(['succeed', 'decline']), 'succeed'),
});
const Attempt = z.object({ gateway: z.string(), reference: z.string() });

/** Does what a person does in the gateway's own form, for the newest try of a payment. The gateway tells by webhook. */
export async function pay(asOwner: AsOwner, fakes: Pick<Fakes, 'pay'>, body: unknown): Promise<ToolAnswer> {
  const order = z.safeParse(Order, body);
  if (!order.success) return { status: 400, body: { message: 'Send {"payment_id", "outcome"}.' } };
  const [row] = await asOwner(
    `select gateway, coalesce(reference, id::text) as reference from money.payment_attempts
     where payment_id = ($1->>0)::uuid and is_current`,
    [order.data.payment_id],
  );
  const attempt = z.safeParse(Attempt, row);
  if (!attempt.success)
    return { status: 404, body: { message: 'Nothing is to be paid at a gateway there.' } };
  const { gateway, reference } = attempt.data;
  return fakes.pay(gateway, { reference, outcome: order.data.outcome });
}
