import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { marketplaceOf, marketplaces } from '../marketplaces/index.ts';
import { appointByDataApi } from './create-admin/appoint-by-data-api.ts';
import { appointLocally } from './create-admin/appoint-locally.ts';
import { Mistake } from './mistake.ts';

const USAGE = `Makes somebody a super admin of a marketplace. Whoever has no account there gets one.

  npm run create-admin -- --marketplace driveway --email you@example.com [options]

  --name     the name of a new account (Administrator)
  --local    in the local cloud that runs here
  --url      where the local cloud is (http://localhost:3000)
  --stack    the stack whose outputs name the database (vicinity-data)
  --cluster, --secret
             ARNs of the cluster and of its owner's secret, in place of the stack's outputs

Without --local it needs AWS credentials that may read the stack and the secret, and call the Data API. The person then signs
in with a code that is sent to the address, and sets up the second factor that staff need.`;

const OPTIONS = {
  marketplace: { type: 'string' },
  email: { type: 'string' },
  name: { type: 'string', default: 'Administrator' },
  local: { type: 'boolean', default: false },
  url: { type: 'string', default: 'http://localhost:3000' },
  stack: { type: 'string', default: 'vicinity-data' },
  cluster: { type: 'string' },
  secret: { type: 'string' },
  help: { type: 'boolean' },
} as const;

const SENTENCES: Readonly<Record<string, string>> = {
  created: 'has an account now, and is a super admin',
  promoted: 'is a super admin now',
  unchanged: 'is a super admin already',
};

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Mistake((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { marketplace, email: address, name, local, url, stack, cluster, secret, help } = readArguments();
  if (help) {
    console.log(USAGE);
    return;
  }
  if (!marketplace || !address) throw new Mistake(USAGE);
  if (!marketplaceOf(marketplace))
    throw new Mistake(`--marketplace is one of ${marketplaces.map(({ slug }) => slug).join(', ')}.`);
  const email = z.safeParse(z.email(), address.trim().toLowerCase());
  if (!email.success) throw new Mistake(`${address} is no e-mail address.`);
  const appointment = { marketplace, email: email.data, full_name: name };
  const outcome = local
    ? await appointLocally(url, appointment)
    : await appointByDataApi({ stack, cluster, secret }, appointment);
  console.log(`${email.data} ${SENTENCES[outcome] ?? outcome} of ${marketplace}.`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
