import * as z from 'zod/mini';
import { flag } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { GatewayUnavailable, SignatureError } from './gateways/gateway.ts';
import { ALL_GATEWAYS, gatewayName, openGateway } from './payments.ts';

const Answer = z.object({ received: flag });

const forged = refuse('signature_invalid', 401, 'The signature is not the gateway’s, or it is too old.');

/**
 * Takes what a gateway tells: checks its signature on the body as it came, keeps the event once, and answers. What it is about is
 * read at the gateway afterwards.
 */
export const receiveWebhook = useCase({
  route: 'POST /api/v1/webhooks/{gateway}',
  summary: 'Take an event of a payment gateway',
  access: everyone(),
  webhook: true,
  input: z.strictObject({ gateway: gatewayName }),
  output: Answer,
  needs: ALL_GATEWAYS,
  refusals: { signature_invalid: forged },
  async run({ gateway }, { db, marketplace }, { body, headers }) {
    const { payments, payouts } = marketplace;
    if (!payments.gateways.includes(gateway) && payouts.rail !== gateway) throw new Refusal(common.not_found);
    const client = await openGateway(gateway, marketplace.slug);
    const told = await client.webhook(body, headers).catch(cause => {
      if (cause instanceof SignatureError) throw new Refusal(forged, { cause });
      if (cause instanceof GatewayUnavailable && cause.code === 'not_configured')
        throw new Refusal(common.not_found, { cause });
      throw cause;
    });
    const event = { gateway, ...told };
    return db.one(sql`select received from money.receive_webhook(${event}::jsonb)`, Answer);
  },
});

export const handler = http(receiveWebhook);
