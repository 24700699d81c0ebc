import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { exchangeCode, readRegion, scopes, subjectOf, TeslaError } from './tesla.ts';
import { sealTokens, TeslaLink, teslaRefusals } from './tesla-tokens.ts';
import { hashToken } from './tokens.ts';

const refusals = {
  tesla_link_expired: refuse(
    'tesla_link_expired',
    410,
    'No link waits for this state. Begin again.',
    'state',
  ),
  tesla_code_refused: refuse(
    'tesla_code_refused',
    422,
    'Tesla does not take this code. Begin again.',
    'code',
  ),
  tesla_accounts_tesla_user_id_key: refuse(
    'tesla_account_taken',
    409,
    'This Tesla account is linked to another person here.',
  ),
  tesla_unavailable: teslaRefusals.tesla_unavailable,
};

/** Links the Tesla account that the person has signed in to. Linked again, the new tokens take the place of the old. */
export const linkTesla = useCase({
  route: 'POST /api/v1/users/me/tesla',
  module: 'tesla',
  summary: 'Link my Tesla account',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    code: text(1, 2000, 'NA_5f1c0a9d27b84e0f'),
    state: text(1, 200, 'q1Zr0kqkXh3dS8mJ7vUoYc2nT5wLgB9eFpA4iRxMsEk'),
  }),
  output: TeslaLink,
  refusals,
  needs: ['tesla', 'sealing'],
  async run({ code, state }, { db, actor, now }) {
    const { verifier } = await db.one(
      sql`select identity.find_tesla_link(${hashToken(state)}::text) as verifier`,
      z.object({ verifier: z.string() }),
    );
    const linked = await signInAtTesla(
      code,
      await unseal(verifier, `identity.tesla_authorizations.verifier_sealed/${actor}`),
    );
    const sealed = await sealTokens(linked.tokens, actor, now);
    const row = { ...sealed, tesla_user_id: linked.subject, region: linked.region, scopes };
    return db.one(
      sql`select user_id, tesla_user_id, region, scopes, expires_at, status, last_error, refreshed_at, created_at
          from identity.finish_tesla_link(${hashToken(state)}::text, ${row}::jsonb)`,
      TeslaLink,
    );
  },
});

async function signInAtTesla(code: string, verifier: string) {
  try {
    const tokens = await exchangeCode(code, verifier);
    return { tokens, subject: subjectOf(tokens), region: await readRegion(tokens.access_token) };
  } catch (error) {
    if (!(error instanceof TeslaError)) throw error;
    throw new Refusal(error.permanent ? refusals.tesla_code_refused : refusals.tesla_unavailable, {
      cause: error,
    });
  }
}

export const handler = http(linkTesla);
