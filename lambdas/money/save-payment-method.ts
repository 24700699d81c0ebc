import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import { introduce } from './introduce-customer.ts';
import {
  Customer,
  contactMissing,
  customerTaken,
  gatewayUnavailable,
  KEEPERS,
  keeperOf,
  openMethods,
  savingUnsupported,
} from './payment-methods.ts';

/**
 * Lets the app ask the caller for a card or another method at the gateway's own form: its number never reaches us. When the form is
 * done, `POST /api/v1/payment-methods/refresh` takes it over.
 */
export const savePaymentMethod = useCase({
  route: 'POST /api/v1/payment-methods',
  summary: 'Start keeping a payment method',
  access: signedIn(),
  input: z.strictObject({
    /** What Razorpay's checkout asks for; absent: a card. Stripe's form lets the person choose. */
    type: z.optional(z.enum(['card', 'upi', 'emandate']).check(z.meta({ examples: ['upi'] }))),
  }),
  output: z.object({
    client: z
      .record(z.string(), z.unknown())
      .check(z.meta({ examples: [{ client_secret: 'seti_1Pq_secret_x1' }] })),
  }),
  status: 201,
  credentials: true,
  needs: [...KEEPERS, 'sealing'],
  refusals: {
    saving_unsupported: savingUnsupported,
    gateway_unavailable: gatewayUnavailable,
    contact_missing: contactMissing,
    customer_taken: customerTaken,
    gateway_customers_reference_key: customerTaken,
  },
  async run({ type }, { db, actor, marketplace }) {
    const keeper = keeperOf(marketplace);
    if (!keeper) {
      await db.checkCaller();
      throw new Refusal(savingUnsupported);
    }
    const customer = await db.one(sql`select * from money.my_gateway_customer(${keeper}::text)`, Customer);
    const methods = await openMethods(keeper, marketplace.slug);
    try {
      let known = customer.reference;
      if (known === null) {
        known = await introduce(keeper, marketplace.slug, customer, actor);
        await db.execute(sql`select kept from money.keep_gateway_customer(${keeper}::text, ${known}::text)`);
      }
      return { client: (await methods.startSetup(known, randomUUID(), type)).client };
    } catch (cause) {
      if (!isGatewayFailure(cause)) throw cause;
      throw new Refusal(cause.code === 'customer_taken' ? customerTaken : gatewayUnavailable, { cause });
    }
  },
});

export const handler = http(savePaymentMethod);
