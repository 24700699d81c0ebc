import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { SignatureError } from './gateways/gateway.ts';
import { ALL_GATEWAYS, gatewayName, openGateway, Payment, reportOf, reportOfError } from './payments.ts';

const invalid = refuse('signature_invalid', 401, 'These fields are not what the gateway signed.', 'fields');
const notOffered = refuse('gateway_not_offered', 422, 'This gateway has no callback here.', 'gateway');

/**
 * Takes what a gateway's form gave the app when the person had paid: checks its signature and reads the payment at the gateway. It
 * spares the person the wait for the webhook, and proves nothing beyond that.
 */
export const confirmPayment = useCase({
  route: 'POST /api/v1/payments/callback',
  summary: 'Bring back what the gateway’s form gave the app',
  access: signedIn(),
  input: z.strictObject({
    gateway: gatewayName,
    /** As the gateway's form gave them, such as `razorpay_order_id`, `razorpay_payment_id` and `razorpay_signature`. */
    fields: z
      .record(z.string().check(z.maxLength(100)), z.string().check(z.maxLength(2000)))
      .check(z.meta({ examples: [{ razorpay_order_id: 'order_9A33XWu170gUtm' }] })),
  }),
  output: Payment,
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: { signature_invalid: invalid, gateway_not_offered: notOffered },
  async run({ gateway, fields }, { db, marketplace }) {
    const client = marketplace.payments.gateways.includes(gateway)
      ? await openGateway(gateway, marketplace.slug)
      : undefined;
    const refuse = async (refusal: typeof invalid, cause?: unknown): Promise<never> => {
      await db.checkCaller();
      throw new Refusal(refusal, { cause });
    };
    if (!client?.confirm) return refuse(notOffered);
    const { key, reference } = await client.confirm(fields).catch(cause => {
      if (cause instanceof SignatureError) return refuse(invalid, cause);
      throw cause;
    });
    const { attempt_id } = await db.one(
      sql`
        select attempt_id
        from money.find_my_attempt(${gateway}::text, ${key}::text, ${reference}::text)`,
      z.object({ attempt_id: z.uuid() }),
    );
    // What cannot be read now is read by whoever looks next.
    const report = await client.read(reference).then(reportOf, error => {
      reportOfError(error);
      return { reference };
    });
    const { payment } = await db.one(
      sql`select money.record_my_attempt(${attempt_id}::uuid, ${report}::jsonb) as payment`,
      z.object({ payment: Payment }),
    );
    return payment;
  },
});

export const handler = http(confirmPayment);
