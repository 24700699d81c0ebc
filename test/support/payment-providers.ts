import { PLACEHOLDER } from '../../lambdas/kernel/secret.ts';
import type { Aws } from '../../local/aws/aws.ts';
import { startBolt } from '../../local/fakes/bolt.ts';
import { startPaymongo } from '../../local/fakes/paymongo.ts';
import { startPaytm } from '../../local/fakes/paytm.ts';
import { startRazorpay } from '../../local/fakes/razorpay.ts';
import { startStripe } from '../../local/fakes/stripe.ts';

const starts = {
  STRIPE: startStripe,
  RAZORPAY: startRazorpay,
  PAYTM: startPaytm,
  PAYMONGO: startPaymongo,
  BOLT: startBolt,
};

/** Starts the payment providers, and makes a secret with an account for each of two marketplaces. Returns what the Lambdas under test are told of them. */
export async function startPaymentProviders(aws: Aws) {
  const started = await Promise.all(
    Object.entries(starts).map(async ([name, start]) => ({ name, fake: await start() })),
  );
  const environment: Record<string, string> = {};
  for (const { name, fake } of started) {
    const arn = `${aws.secrets.api}-${name.toLowerCase()}`;
    aws.declareSecret({ arn, template: { username: name }, value: Object.values(fake.secrets)[0] });
    environment[`MONEY_${name}_SECRET_ARN`] = arn;
    environment[`${name}_API_URL`] = Object.values(fake.urls)[0] ?? '';
  }
  const separate = `${aws.secrets.api}-separate`;
  const value = { marketplaces: { spacall: { key: 'of Spacall' }, homigo: { key: 'of Homigo' } } };
  aws.declareSecret({ arn: separate, template: { username: 'separate' }, value });
  environment.MONEY_SEPARATE_SECRET_ARN = separate;
  // As a deployment leaves it, but for what is generated.
  const unfilled = `${aws.secrets.api}-unfilled`;
  const placeholders = {
    publishable_key: PLACEHOLDER,
    webhook_secret: PLACEHOLDER,
    signing_secret: PLACEHOLDER,
  };
  const account = {
    ...placeholders,
    key_id: PLACEHOLDER,
    secret_key: 'generated',
    key_secret: 'generated',
    api_key: 'generated',
    public_key: PLACEHOLDER,
  };
  aws.declareSecret({ arn: unfilled, template: { username: 'unfilled' }, value: account });
  environment.MONEY_UNFILLED_SECRET_ARN = unfilled;
  return {
    environment,
    async close() {
      await Promise.all(started.map(({ fake }) => fake.close()));
    },
  };
}
