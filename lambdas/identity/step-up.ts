import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import type { Database } from '../kernel/database.ts';
import { Refusal, type RefusalSpec, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { tooManyAttempts } from './identity.ts';
import { type OwnCodes, ownCodes } from './own-codes.ts';
import { verifyPassword } from './passwords.ts';

/** What `identity.begin_proof` answers. */
const Proof = z.object({
  retry_after: z.nullable(z.int()),
  password_hash: z.nullable(z.string()),
  secret: z.nullable(z.string()),
  confirmed: z.nullable(z.boolean()),
  full_name: z.nullable(z.string()),
  email: z.nullable(z.string()),
  /** The contacts to which a code for this may have gone. */
  code_email: z.nullable(z.string()),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});

/** What the caller's password or code is judged by. Counts as an attempt, and throws too_many_attempts after ten in 15 minutes. */
export async function beginProof(db: Database): Promise<z.output<typeof Proof>> {
  const proof = await db.one(sql`select * from identity.begin_proof()`, Proof);
  if (proof.retry_after !== null) throw tooManyAttempts(proof.retry_after);
  return proof;
}

/** Refuses whoever has no password and shows no code of this purpose either. */
export const codeRequired = (purpose: string) =>
  refuse(
    'code_required',
    403,
    `An account without a password takes a one-time code of the purpose ${purpose}.`,
    'code',
  );

/**
 * Judges what somebody in a session shows for what a stolen session must not do: the password, or in an account without one a fresh
 * code. The codes that are returned the database tries. Needs 'keyed-hash' and 'sealing'.
 *
 * @param required thrown where a code is needed and none was shown
 */
export async function stepUp(
  shown: { password?: string; code?: string },
  proof: z.output<typeof Proof>,
  required: RefusalSpec,
  marketplace: Marketplace,
): Promise<{ isRight: boolean; codes: OwnCodes | null }> {
  if (proof.password_hash !== null) {
    return { isRight: await verifyPassword(shown.password ?? '', proof.password_hash), codes: null };
  }
  if (shown.code === undefined) throw new Refusal(required);
  const contacts = { ...proof, email: proof.code_email };
  return { isRight: true, codes: await ownCodes(shown.code, contacts, marketplace) };
}
