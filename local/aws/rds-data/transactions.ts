import { randomBytes } from 'node:crypto';
import type { Database, Patience, Transaction } from '../../database/database.ts';
import { TimeoutError } from '../../database/database.ts';
import { AwsError } from '../answer.ts';
import type { TimeLimits } from './limits.ts';

type Held = { role: string; transaction: Transaction; busy: boolean; idle: NodeJS.Timeout };

/** The transactions that callers have begun and not ended. */
export type Transactions = {
  begin(role: string): Promise<string>;
  /** Lends the transaction to one call. One that failed by time or by size is rolled back and forgotten. */
  use<T>(id: string, role: string, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  commit(id: string, role: string): Promise<void>;
  rollback(id: string, role: string): Promise<void>;
};

/** Begins, lends and ends transactions by id. One that nobody uses for long enough is rolled back. */
export function holdTransactions(database: Database, time: TimeLimits, patience: Patience): Transactions {
  const held = new Map<string, Held>();

  function find(id: string, role: string): Held {
    const found = held.get(id);
    if (!found || found.role !== role) {
      throw new AwsError('TransactionNotFoundException', 404, `Transaction ${id} is not found`);
    }
    if (found.busy) {
      throw new AwsError('DatabaseErrorException', 400, 'Transaction is still running a query');
    }
    clearTimeout(found.idle);
    return found;
  }

  /** Nobody waits for an abandoned transaction: a failure to roll it back ends with its connection. */
  const abandon = (id: string) => {
    const found = held.get(id);
    held.delete(id);
    found?.transaction.rollback().catch(() => undefined);
  };

  const expire = (id: string) => setTimeout(abandon, time.idleTransactionMilliseconds, id).unref();

  return {
    async begin(role) {
      const transaction = await database.begin(role, patience);
      const id = randomBytes(96).toString('base64');
      held.set(id, { role, transaction, busy: false, idle: expire(id) });
      return id;
    },
    async use(id, role, work) {
      const found = find(id, role);
      found.busy = true;
      try {
        return await work(found.transaction);
      } catch (error) {
        const ends =
          error instanceof TimeoutError ||
          (error instanceof AwsError && error.message.includes('size limit'));
        if (ends) abandon(id);
        throw error;
      } finally {
        found.busy = false;
        if (held.has(id)) found.idle = expire(id);
      }
    },
    async commit(id, role) {
      const { transaction } = find(id, role);
      held.delete(id);
      await transaction.commit();
    },
    async rollback(id, role) {
      const { transaction } = find(id, role);
      held.delete(id);
      await transaction.rollback();
    },
  };
}
