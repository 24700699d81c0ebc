import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { answerCameIn, cameIn, comeInRefusals } from './come-in.ts';
import { attemptsKey, contactFields, exactlyOne, readContact } from './contact.ts';
import { anyPassword, limits, outcome, SignedIn, tooManyAttempts } from './identity.ts';
import { verifyPassword } from './passwords.ts';
import { newRefreshToken } from './tokens.ts';

const refusals = {
  invalid_credentials: refuse(
    'invalid_credentials',
    401,
    'No account has this address or number with this password.',
  ),
  ...comeInRefusals,
  ...limits,
};

const Begun = z.object({
  retry_after: z.nullable(z.int()),
  user_id: z.nullable(z.uuid()),
  password_hash: z.nullable(z.string()),
});

const Settled = z.discriminatedUnion('outcome', [...cameIn, outcome('invalid_credentials')]);

/** Signs in with a password. Nothing but the right password tells whether there is an account, or what became of it. */
export const logIn = useCase({
  route: 'POST /api/v1/auth/login',
  summary: 'Sign in with a password',
  access: everyone(),
  input: z.strictObject({ ...contactFields, password: anyPassword }).check(...exactlyOne),
  output: SignedIn,
  refusals,
  credentials: true,
  needs: ['token-signing', 'keyed-hash', 'sealing'],
  async run(input, { db, marketplace, now }) {
    const contact = await readContact(input, marketplace);
    const hash = await attemptsKey(contact);
    const begun = await db.one(
      sql`select * from identity.begin_login(${contact.email}::text, ${contact.phone_hash}::text, ${hash}::text)`,
      Begun,
    );
    if (begun.retry_after !== null) throw tooManyAttempts(begun.retry_after);
    const right = await verifyPassword(input.password, begun.password_hash);
    const refresh = newRefreshToken();
    const settled = await db.one(
      sql`select * from identity.settle_login(${begun.user_id}::uuid, ${hash}::text, ${right ? refresh.hash : null}::text,
            ${begun.password_hash}::text)`,
      Settled,
    );
    if (settled.outcome === 'invalid_credentials') throw new Refusal(refusals.invalid_credentials);
    return answerCameIn(settled, refresh.token, marketplace.slug, now);
  },
});

export const handler = http(logIn);
