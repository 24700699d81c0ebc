import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { withPhone } from '../identity/identity.ts';
import type { Database } from '../kernel/database.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import type { Methods } from './gateways/methods.ts';
import { gatewayUnavailable, KEEPERS, keeperOf, openMethods, savingUnsupported } from './payment-methods.ts';

const Customer = z.object({
  id: z.uuid(),
  reference: z.nullable(z.string()),
  email: z.nullable(z.string()),
  full_name: z.string(),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});
type Customer = z.output<typeof Customer>;

const contactMissing = refuse(
  'contact_missing',
  422,
  'Razorpay announces each debit: add an e-mail address and a phone number first.',
);
const customerTaken = refuse(
  'customer_taken',
  409,
  'Somebody else pays at the gateway with this e-mail address and phone number.',
);

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
      const known = customer.reference ?? (await introduce(db, methods, keeper, customer, actor));
      return { client: (await methods.startSetup(known, randomUUID(), type)).client };
    } catch (cause) {
      if (!isGatewayFailure(cause)) throw cause;
      throw new Refusal(cause.code === 'customer_taken' ? customerTaken : gatewayUnavailable, { cause });
    }
  },
});

/** Makes the caller known to the gateway, and notes as whom. */
async function introduce(
  db: Database,
  methods: Methods,
  keeper: string,
  customer: Customer,
  actor: string,
): Promise<string> {
  const { id: key, email, full_name: name, phone } = await withPhone(customer);
  if (keeper === 'razorpay' && !(email && phone)) throw new Refusal(contactMissing);
  const contacts = {
    email: email ?? undefined,
    phone: keeper === 'razorpay' ? (phone ?? undefined) : undefined,
  };
  const { reference } = await methods.createCustomer({ reference: actor, name, key, ...contacts });
  await db.execute(sql`select kept from money.keep_gateway_customer(${keeper}::text, ${reference}::text)`);
  return reference;
}

export const handler = http(savePaymentMethod);
