import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { id, instant, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { seal, unseal } from '../kernel/seal.ts';
import { type Statement, sql } from '../kernel/sql.ts';
import { refreshTokens, TeslaError, type TeslaTokens } from './tesla.ts';

/** A link as its owner sees it. Tokens never leave the server. */
export const TeslaLink = z.object({
  user_id: id('user'),
  tesla_user_id: text(1, 200, '4f8a2c1e-7b1e-4c3a-9d2e-4f6a8b0c1d2e'),
  region: z.enum(['na', 'eu', 'cn']).check(z.meta({ examples: ['na'] })),
  scopes: z.array(text(1, 60, 'vehicle_device_data')),
  expires_at: instant,
  status: z.enum(['linked', 'broken']).check(z.meta({ examples: ['linked'] })),
  last_error: z.nullable(text(1, 100, 'login_required')),
  refreshed_at: z.nullable(instant),
  created_at: instant,
});

/** Refusals of the routes that ask Tesla. */
export const teslaRefusals = {
  tesla_link_broken: refuse('tesla_link_broken', 409, 'Tesla has ended this link. Link the account again.'),
  tesla_busy: refuse('tesla_busy', 409, 'The link is being renewed. Try again in a moment.'),
  tesla_unavailable: refuse(
    'tesla_unavailable',
    424,
    'Tesla does not answer at the moment. Try again later.',
  ),
};

const about = (column: string, userId: string) => `identity.tesla_accounts.${column}/${userId}`;

/** Tokens as the table holds them. `expires_at` is an instant of our clock. */
export async function sealTokens(tokens: TeslaTokens, userId: string, now: Date) {
  const [access_token_sealed, refresh_token_sealed] = await Promise.all([
    seal(tokens.access_token, about('access_token_sealed', userId)),
    seal(tokens.refresh_token, about('refresh_token_sealed', userId)),
  ]);
  const expires_at = new Date(now.getTime() + tokens.expires_in * 1000).toISOString();
  return { access_token_sealed, refresh_token_sealed, expires_at };
}

/** The refresh token of a row. */
export const openRefreshToken = (sealed: string, userId: string) =>
  unseal(sealed, about('refresh_token_sealed', userId));

const Held = z.object({
  state: z.enum(['fresh', 'stale', 'busy', 'broken']),
  user_id: z.uuid(),
  region: z.enum(['na', 'eu', 'cn']),
  access_token_sealed: z.string(),
  refresh_token_sealed: z.string(),
});

/** What it takes to ask the Fleet API for somebody. */
type TeslaGrant = { token: string; region: 'na' | 'eu' | 'cn' };

const ownTokens = () => sql`
  select state, user_id, region, access_token_sealed, refresh_token_sealed from identity.use_tesla_tokens()`;

/**
 * The access token of the caller, or of whom the statement `lent` lends it as `identity.lend_tesla_tokens` does, refreshed before if
 * it has expired: one trip, or two. Of two callers at once one refreshes, and the other is told to come again. Throws `teslaRefusals`,
 * and not_found where no account is linked. Needs 'tesla' and 'sealing'.
 */
export async function teslaGrantOf(
  db: Database,
  now: Date,
  { lent = ownTokens(), settle = settleAtOnce(db) }: { lent?: Statement; settle?: Settle } = {},
): Promise<TeslaGrant> {
  const held = await db.one(lent, Held);
  return { token: await freshTokenOf(held, now, settle), region: held.region };
}

/** What Tesla answered to a refresh token that was claimed, as `identity.settle_tesla_tokens` takes it. */
export type Settlement = { user_id: string; claimed: string; answer: Record<string, unknown> };

/** Sees to it that a settlement is written. Whoever puts it off writes it with the next statement, whatever else goes wrong. */
type Settle = (settlement: Settlement) => Promise<void>;

const settleAtOnce =
  (db: Database): Settle =>
  ({ user_id, claimed, answer }) =>
    db.execute(
      sql`select identity.settle_tesla_tokens(${user_id}::uuid, ${claimed}::text, ${answer}::jsonb)`,
    );

async function freshTokenOf(held: z.output<typeof Held>, now: Date, settle: Settle): Promise<string> {
  if (held.state === 'broken') throw new Refusal(teslaRefusals.tesla_link_broken);
  if (held.state === 'busy') throw new Refusal(teslaRefusals.tesla_busy, { headers: { 'retry-after': '2' } });
  if (held.state === 'fresh')
    return unseal(held.access_token_sealed, about('access_token_sealed', held.user_id));
  const renewed = await renewWith(settle, held.user_id, held.refresh_token_sealed, now);
  if (typeof renewed === 'string') return renewed;
  throw new Refusal(renewed.permanent ? teslaRefusals.tesla_link_broken : teslaRefusals.tesla_unavailable, {
    cause: renewed,
  });
}

/** Exchanges a claimed refresh token and writes what Tesla answered: the new access token, or why there is none. */
export const renew = (db: Database, userId: string, claimed: string, now: Date) =>
  renewWith(settleAtOnce(db), userId, claimed, now);

async function renewWith(
  settle: Settle,
  userId: string,
  claimed: string,
  now: Date,
): Promise<string | TeslaError> {
  let tokens: TeslaTokens | undefined;
  let answer: Record<string, unknown>;
  let failure: TeslaError | undefined;
  try {
    tokens = await refreshTokens(await openRefreshToken(claimed, userId));
    answer = await sealTokens(tokens, userId, now);
  } catch (error) {
    if (!(error instanceof TeslaError)) throw error;
    failure = error;
    answer = { error: error.code, permanent: error.permanent };
  }
  await settle({ user_id: userId, claimed, answer });
  return tokens?.access_token ?? failure ?? new TeslaError('unreadable_answer', false);
}
