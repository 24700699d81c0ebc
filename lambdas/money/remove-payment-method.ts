import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { log } from '../kernel/log.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import { KEEPERS, keeper, openMethods } from './payment-methods.ts';

const Removed = z.object({ gateway: keeper, reference: z.string(), customer: z.nullable(z.string()) });

/** Forgets a method: from now on nothing is charged to it, whether or not the gateway answers that it has forgotten it too. */
export const removePaymentMethod = useCase({
  route: 'DELETE /api/v1/payment-methods/{payment_method_id}',
  summary: 'Remove a payment method',
  access: signedIn(),
  input: z.strictObject({ payment_method_id: id('payment_method') }),
  output: z.void(),
  status: 204,
  needs: KEEPERS,
  async run({ payment_method_id }, { db, marketplace }) {
    const { gateway, reference, customer } = await db.one(
      sql`select * from money.remove_method(${payment_method_id}::uuid)`,
      Removed,
    );
    if (customer === null) return;
    const methods = await openMethods(gateway, marketplace.slug);
    await methods.detach(customer, reference).catch(error => {
      if (!isGatewayFailure(error)) throw error;
      log.warn('a gateway did not forget a payment method', { payment_method_id, code: error.code });
    });
  },
});

export const handler = http(removePaymentMethod);
