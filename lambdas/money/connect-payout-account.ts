import * as z from 'zod/mini';
import { instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { isGatewayFailure } from './gateways/gateway.ts';
import { reportOfAccount } from './payout-rails/rail.ts';
import { PayoutAccount } from './payouts.ts';

const notOffered = refuse('connect_not_offered', 409, 'Payouts go to a bank account here: add one.');
const unavailable = refuse(
  'stripe_unavailable',
  409,
  'Stripe does not answer as it should. Try again in a moment.',
);

const Opened = z.object({ id: z.uuid(), reference: z.nullable(z.string()), email: z.nullable(z.string()) });

const url = (example: string) =>
  z.url({ protocol: /^https$/ }).check(z.maxLength(500), z.meta({ examples: [example] }));

/**
 * Opens an account at Stripe for the caller, or goes on with the one that there is: its page, on which the caller fills in what Stripe
 * needs to pay them. The page serves once, for minutes; ask again for another.
 */
export const connectPayoutAccount = useCase({
  route: 'POST /api/v1/payout-accounts/onboarding',
  summary: 'Connect an account at Stripe for my payouts',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    return_url: url('https://app.example/payouts'),
    refresh_url: url('https://app.example/payouts/again'),
  }),
  output: z.object({
    account: PayoutAccount,
    url: text(1, 1000, 'https://connect.stripe.com/setup/e/acct_1Pq2WmCVxZ0/x'),
    expires_at: instant,
  }),
  credentials: true,
  needs: ['gateway:stripe'],
  refusals: { connect_not_offered: notOffered, stripe_unavailable: unavailable },
  async run(urls, { db, marketplace }) {
    if (marketplace.payouts.rail !== 'stripe') {
      await db.checkCaller();
      throw new Refusal(notOffered);
    }
    const { country, currency, slug } = marketplace;
    const { id, reference, email } = await db.one(
      sql`select * from money.open_connect_account(${country}::text, ${currency}::text)`,
      Opened,
    );
    const { stripeConnect } = await import('./gateways/stripe-connect.ts');
    const connect = stripeConnect(slug);
    const asked = async () => {
      const account = reference
        ? await connect.readAccount(reference)
        : await connect.createAccount({ country, email: email ?? undefined, reference: id, key: id });
      return { account, link: await connect.onboardingLink(account.reference, urls) };
    };
    const { account, link } = await asked().catch(cause => {
      throw isGatewayFailure(cause) ? new Refusal(unavailable, { cause }) : cause;
    });
    const row = await db.one(
      sql`
        select a.*, '••••' || a.last4 as account_number
        from money.record_my_connect_account(${id}::uuid, ${reportOfAccount(account)}::jsonb) as a`,
      PayoutAccount,
    );
    return { account: row, url: link.url, expires_at: link.expires_at.toISOString() };
  },
});

export const handler = http(connectPayoutAccount);
