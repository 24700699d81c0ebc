import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { seal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, notRight, sixDigits } from './codes.ts';
import { anyPassword, limits, outcome, wrongPassword } from './identity.ts';
import { twoFactorRefusals } from './second-factor.ts';
import { beginProof, codeRequired, stepUp } from './step-up.ts';
import { aboutSecret, newSecret, otpauthUrl } from './totp.ts';

const refusals = {
  two_factor_on: twoFactorRefusals.two_factor_on,
  contact_unproven: refuse('contact_unproven', 403, 'Confirm your address or number by a code before.'),
  wrong_password: wrongPassword,
  code_required: codeRequired('start_two_factor'),
  ...codeRefusals,
  ...limits,
};

const Settled = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('started'), label: z.string() }),
  outcome('wrong_password'),
  ...notRight,
]);

/**
 * Makes the secret of a second factor, which is shown this once, for whoever shows the password or, without one, a fresh code: a
 * session that somebody else got hold of must not lock its owner out. It protects nothing until a code of it is confirmed.
 */
export const startTwoFactor = useCase({
  route: 'POST /api/v1/auth/two-factor',
  summary: 'Begin a second factor',
  access: signedIn(),
  status: 201,
  input: z.strictObject({ password: z.optional(anyPassword), code: z.optional(sixDigits) }),
  output: z.object({
    secret: text(32, 32, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'),
    otpauth_url: text(1, 500, 'otpauth://totp/Driveway-Hub:asha%40example.com?secret=JBSWY3DPEHPK3PXP'),
  }),
  refusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  async run(input, { db, actor, session, marketplace }) {
    const proof = await beginProof(db);
    if (proof.confirmed) throw new Refusal(refusals.two_factor_on);
    const { isRight, codes } = await stepUp(input, proof, refusals.code_required, marketplace);
    const secret = newSecret();
    const sealed = await seal(secret, aboutSecret(actor));
    const settled = await db.one(
      sql`select * from identity.start_two_factor(${session}::uuid, ${sealed}::text, ${isRight}::boolean, ${codes}::jsonb)`,
      Settled,
    );
    if (settled.outcome === 'wrong_password') throw new Refusal(refusals.wrong_password);
    if (settled.outcome !== 'started') throw codeRefusal(settled);
    return { secret, otpauth_url: otpauthUrl(secret, marketplace.name, settled.label) };
  },
});

export const handler = http(startTwoFactor);
