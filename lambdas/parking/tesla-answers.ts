import { teslaGrantOf } from '../identity/identity.ts';
import type { Database } from '../kernel/database.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { FleetError, type FleetLink } from './tesla-fleet.ts';

/** Why something could not be asked of Tesla, as the database is told. */
export type Failure = { error: string; kind: FleetError['kind']; retry_after?: number };

/**
 * Asks Tesla on behalf of a booking's driver, and says what came of it: the answer, or why there is none; `region` where Tesla has named
 * another one for the account, to be kept with the rest. What is no fault of Tesla's or the link's is thrown on.
 */
export async function askTesla<T extends object>(
  db: Database,
  now: Date,
  userId: string,
  work: (link: FleetLink) => Promise<T>,
): Promise<(T | Failure) & { region?: string }> {
  let link: FleetLink | undefined;
  const answer = await settled(async () => {
    link = await linkOf(db, now, userId);
    return work(link);
  });
  return { ...answer, ...(link?.moved ? { region: link.moved } : {}) };
}

async function settled<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FleetError) {
      const { code, kind, retryAfter } = error;
      return { error: code, kind, ...(retryAfter === undefined ? {} : { retry_after: retryAfter }) };
    }
    if (!(error instanceof Refusal)) throw error;
    // A link that is renewed by somebody else at this moment, or a Tesla that is down, passes.
    const passes = error.code === 'tesla_busy' || error.code === 'tesla_unavailable';
    const code = error.code === 'not_found' ? 'tesla_not_linked' : error.code;
    return { error: code, kind: passes ? 'passing' : 'refused' };
  }
}

/** The link of a driver. Throws as `teslaGrantOf` does. */
const linkOf = (db: Database, now: Date, userId: string): Promise<FleetLink> =>
  teslaGrantOf(db, now, {
    lent: sql`
      select state, user_id, region, access_token_sealed, refresh_token_sealed
      from identity.lend_tesla_tokens(${userId}::uuid)`,
  });
