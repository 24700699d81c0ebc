import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import {
  gatewayUnavailable,
  KEEPERS,
  keeperOf,
  openMethods,
  PaymentMethod,
  PaymentMethods,
} from './payment-methods.ts';

/** Takes over what the caller keeps at the gateway by now, and answers with the list. */
export const refreshPaymentMethods = useCase({
  route: 'POST /api/v1/payment-methods/refresh',
  summary: 'Take over what I keep at the gateway',
  access: signedIn(),
  input: z.strictObject({}),
  output: PaymentMethods,
  credentials: true,
  needs: KEEPERS,
  refusals: { gateway_unavailable: gatewayUnavailable },
  async run(_input, { db, marketplace }) {
    const keeper = keeperOf(marketplace);
    if (!keeper) {
      await db.checkCaller();
      return { items: [] };
    }
    const { reference } = await db.one(
      sql`select * from money.my_gateway_customer(${keeper}::text)`,
      z.object({ reference: z.nullable(z.string()) }),
    );
    if (reference === null) return { items: [] };
    const methods = await openMethods(keeper, marketplace.slug);
    const kept = await methods.list(reference).catch(cause => {
      throw isGatewayFailure(cause) ? new Refusal(gatewayUnavailable, { cause }) : cause;
    });
    const items = await db.many(
      sql`select * from money.keep_methods(${keeper}::text, ${kept}::jsonb)`,
      PaymentMethod,
    );
    return { items };
  },
});

export const handler = http(refreshPaymentMethods);
