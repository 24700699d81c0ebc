import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { seal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { authorizeUrl } from './tesla.ts';
import { hashToken } from './tokens.ts';

/**
 * Begins to link a Tesla account: the client sends the person to `url` and hands back what Tesla adds to the redirect. The
 * verifier of PKCE stays here, sealed; the state is bound to this person.
 */
export const beginTeslaLink = useCase({
  route: 'POST /api/v1/users/me/tesla/authorization',
  module: 'tesla',
  summary: 'Begin to link my Tesla account',
  access: signedIn(),
  status: 201,
  input: z.strictObject({}),
  output: z.object({
    url: text(1, 2000, 'https://auth.tesla.com/oauth2/v3/authorize?response_type=code&state=q1Zr0kqk'),
    state: text(43, 43, 'q1Zr0kqkXh3dS8mJ7vUoYc2nT5wLgB9eFpA4iRxMsEk'),
    expires_at: instant,
  }),
  credentials: true,
  needs: ['tesla', 'sealing'],
  async run(_input, { db, actor }) {
    const state = randomBytes(32).toString('base64url');
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const [url, sealed] = await Promise.all([
      authorizeUrl(state, challenge),
      seal(verifier, `identity.tesla_authorizations.verifier_sealed/${actor}`),
    ]);
    const { expires_at } = await db.one(
      sql`select identity.begin_tesla_link(${hashToken(state)}::text, ${sealed}::text) as expires_at`,
      z.object({ expires_at: instant }),
    );
    return { url, state, expires_at };
  },
});

export const handler = http(beginTeslaLink);
