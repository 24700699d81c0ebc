import { describeError, log } from '../kernel/log.ts';
import { revokeToken } from './tesla.ts';
import { openRefreshToken } from './tesla-tokens.ts';

/**
 * Ends a grant at Tesla after its tokens were erased here. Nobody can use them any more, so a Tesla that does not answer is
 * logged and stops nothing: what it holds runs out within three months.
 */
export async function endGrant(sealedRefreshToken: string, userId: string): Promise<void> {
  try {
    await revokeToken(await openRefreshToken(sealedRefreshToken, userId));
  } catch (error) {
    log.warn('a grant could not be ended at Tesla', { user_id: userId, ...describeError(error) });
  }
}
