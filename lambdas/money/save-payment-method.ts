import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import { gatewayUnavailable, openMethods, savingUnsupported } from './payment-methods.ts';

const Customer = z.object({
  id: z.uuid(),
  reference: z.nullable(z.string()),
  email: z.nullable(z.string()),
  full_name: z.string(),
});

/**
 * Lets the app ask the caller for a card or another method at the gateway's own form: its number never reaches us. When the form is
 * done, `POST /api/v1/payment-methods/refresh` takes it over.
 */
export const savePaymentMethod = useCase({
  route: 'POST /api/v1/payment-methods',
  summary: 'Start keeping a payment method',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({
    client: z
      .record(z.string(), z.unknown())
      .check(z.meta({ examples: [{ client_secret: 'seti_1Pq_secret_x1' }] })),
  }),
  status: 201,
  credentials: true,
  needs: ['gateway:stripe'],
  refusals: { saving_unsupported: savingUnsupported, gateway_unavailable: gatewayUnavailable },
  async run(_input, { db, actor, marketplace }) {
    if (!marketplace.payments.gateways.includes('stripe')) {
      await db.checkCaller();
      throw new Refusal(savingUnsupported);
    }
    const customer = await db.one(sql`select * from money.my_gateway_customer('stripe')`, Customer);
    const methods = await openMethods(marketplace.slug);
    try {
      const { id: key, reference, email, full_name: name } = customer;
      const person = { reference: actor, email: email ?? undefined, name, key };
      const known = reference ?? (await methods.createCustomer(person)).reference;
      if (reference === null)
        await db.execute(sql`select kept from money.keep_gateway_customer('stripe', ${known}::text)`);
      return { client: (await methods.startSetup(known, randomUUID())).client };
    } catch (cause) {
      throw isGatewayFailure(cause) ? new Refusal(gatewayUnavailable, { cause }) : cause;
    }
  },
});

export const handler = http(savePaymentMethod);
