import * as z from 'zod/mini';
import { amount, currency, flag, id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { changeRefusals, planCode } from './subscriptions.ts';

const Quote = z.object({
  plan: planCode,
  name: text(1, 100, 'Host Premium'),
  currency,
  price: amount,
  /** What is not used of the present period: it is taken off the price. */
  credit: amount,
  amount_due: amount,
  is_immediate: flag,
  starts_at: instant,
  ends_at: instant,
});

/** Says what a change of plan would cost now and when it would begin. Changes nothing. */
export const quoteSubscriptionChange = useCase({
  route: 'GET /api/v1/subscriptions/{subscription_id}/change',
  summary: 'Quote a change of plan',
  access: signedIn(),
  input: z.strictObject({ subscription_id: id('subscription'), plan: planCode }),
  output: Quote,
  refusals: changeRefusals,
  async run({ subscription_id, plan }, { db }) {
    const { quote } = await db.one(
      sql`select money.quote_change(${subscription_id}::uuid, ${plan}::text) as quote`,
      z.object({ quote: Quote }),
    );
    return quote;
  },
});

export const handler = http(quoteSubscriptionChange);
