import {
  type Database,
  LoginError,
  type Patience,
  type Result,
  SqlError,
  TimeoutError,
  type Transaction,
  type Value,
} from './database.ts';
import { startThread, type Thread, useCallersThread } from './embedded-thread.ts';
import { becomeSql } from './prepare.ts';
import { makeTurns } from './turn.ts';
import { decodeReply, encodeScript, encodeStatement, type Reply } from './wire.ts';

export type EmbeddedOptions = {
  /** The database's folder. Absent: in memory. */
  folder?: string;
  /** A file that `save` wrote, for a database that is not there yet. Ignored where it does not exist. */
  snapshot?: string;
  /** Runs it in the caller's thread. */
  inThread?: boolean;
  /** Where files that any database can be made from are kept between starts. */
  cache: string;
};

// What a new connection begins with; PGlite's own search path is another than PostgreSQL's.
const afresh = `reset all; set timezone = 'UTC'; set search_path = "$user", public;`;

/**
 * Opens PGlite. It has one connection, so calls take turns, and a transaction that was begun keeps the turn until its
 * end: a call outside of it waits, and gives up when its patience ends.
 */
export async function openEmbedded({ inThread, ...start }: EmbeddedOptions): Promise<Database> {
  const thread = await (inThread ? useCallersThread(start) : startThread(start));
  const turns = makeTurns();
  let currentRole = '';

  async function exchange(bytes: Uint8Array): Promise<Reply> {
    const reply = decodeReply((await thread.send({ bytes })) ?? new Uint8Array());
    // A statement may have changed the role itself; the next caller's is then set again.
    if (/^(RE)?SET$|^DISCARD$/.test(reply.result?.command ?? '')) currentRole = '';
    return reply;
  }

  async function become(role: string): Promise<void> {
    if (role === currentRole) return;
    currentRole = '';
    const { result } = await exchange(encodeScript(`${afresh} ${becomeSql(role)}`));
    if (result?.rows.length !== 1) throw new LoginError(role);
    currentRole = role;
  }

  async function run(sql: string, values: readonly Value[]) {
    const reply = await exchange(encodeStatement(sql, values));
    if (reply.problem) throw new SqlError(reply.problem);
    if (!reply.result) throw new Error('The embedded database gave no answer.');
    return { result: reply.result, inTransaction: reply.inTransaction };
  }

  return {
    async execute(role, sql, values, patience) {
      const giveBack = await turns.take(patience.milliseconds);
      const work = (async () => {
        try {
          await become(role);
          const { result, inTransaction } = await run(sql, values);
          // A bare BEGIN must not outlive its call: the connection goes to somebody else next.
          if (inTransaction) await exchange(encodeScript('rollback'));
          return result;
        } finally {
          giveBack();
        }
      })();
      return within(patience, work);
    },

    async begin(role, patience) {
      const giveBack = await turns.take(patience.milliseconds);
      try {
        await become(role);
        await exchange(encodeScript('begin'));
      } catch (error) {
        giveBack();
        throw error;
      }
      return holdTransaction(thread, run, giveBack);
    },

    async save(file) {
      const giveBack = await turns.take(60_000);
      await thread.send({ saveTo: file }).finally(giveBack);
    },

    async close() {
      const giveBack = await turns.take(5_000).catch(() => undefined);
      if (giveBack) await thread.send({ close: true });
      await thread.stop();
    },
  };
}

function holdTransaction(
  thread: Thread,
  run: (sql: string, values: readonly Value[]) => Promise<{ result: Result }>,
  giveBack: () => void,
): Transaction {
  const end = (command: string) => async () => {
    await thread.send({ bytes: encodeScript(command) }).finally(giveBack);
  };
  return {
    execute: async (sql, values, patience) => (await within(patience, run(sql, values))).result,
    commit: end('commit'),
    rollback: end('rollback'),
  };
}

/**
 * Rejects when the patience ends. The statement itself goes on either way: WebAssembly cannot be interrupted, and
 * whoever comes next waits for it, as behind a lock.
 */
async function within<T>(patience: Patience, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError()), patience.milliseconds);
  work.catch(() => undefined);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
