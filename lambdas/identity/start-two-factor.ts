import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { seal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { twoFactorRefusals } from './second-factor.ts';
import { aboutSecret, newSecret, otpauthUrl } from './totp.ts';

/** Makes the secret of a second factor, which is shown this once. It protects nothing until a code of it is confirmed. */
export const startTwoFactor = useCase({
  route: 'POST /api/v1/auth/two-factor',
  summary: 'Begin a second factor',
  access: signedIn(),
  status: 201,
  input: z.strictObject({}),
  output: z.object({
    secret: text(32, 32, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'),
    otpauth_url: text(1, 500, 'otpauth://totp/Driveway-Hub:asha%40example.com?secret=JBSWY3DPEHPK3PXP'),
  }),
  refusals: { two_factor_on: twoFactorRefusals.two_factor_on },
  credentials: true,
  needs: ['sealing'],
  async run(_input, { db, actor, marketplace }) {
    const secret = newSecret();
    const sealed = await seal(secret, aboutSecret(actor));
    const { label } = await db.one(
      sql`select * from identity.start_two_factor(${sealed}::text)`,
      z.object({ label: z.string() }),
    );
    return { secret, otpauth_url: otpauthUrl(secret, marketplace.name, label) };
  },
});

export const handler = http(startTwoFactor);
