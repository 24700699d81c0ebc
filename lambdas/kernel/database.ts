import * as z from 'zod/mini';
import { type Page, pageOf } from './cursor.ts';
import { callDatabase, DataApiError, type TripAnswer } from './data-api.ts';
import { common, Refusal, type RefusalMap } from './refusal.ts';
import { type Statement, sql } from './sql.ts';
import { wait } from './wait.ts';

/** Who calls and why, as `app.run` reads it. */
export type Context = {
  marketplace: string;
  /** ISO 8601: the clock of the whole request. */
  now: string;
  actor?: string;
  session?: string;
  /** Staff who look with the actor's eyes, and at what: each such request is audited. */
  impersonator?: string;
  route?: string;
  /** A personal access token in the place of a session: `session` is its id, and its abilities depend on the method. */
  token_hash?: string;
  method?: string;
  /** `everyone`, `signed_in`, or a permission. */
  access?: string;
  /** The second factor must have been shown within the last hour. */
  fresh_factor?: true;
  /** The route is about the caller's own account, which is all that a pending account may use. */
  own?: true;
  /** The route answers while the marketplace is closed, too. */
  stays_open?: true;
  /** It may change something: how much one person changes in an hour is limited. */
  limited?: true;
  idempotency_key?: string;
  caller?: string;
  fingerprint?: string;
  request_id?: string;
  ip?: string;
  user_agent?: string;
};

/** The first row of an answer. `cut`: there are more rows than the Data API answers with. */
export type Meta = { replayed: boolean; emitted: number; cut: boolean };

/** Why the database refused a statement: a constraint's name, or a code raised by `app.refuse`. */
export type RefusedStatement = {
  constraint: string | null;
  sqlstate?: string;
  table?: string | null;
  column?: string | null;
  message?: string;
  detail?: string | null;
  /** What the client is told beside the code, e.g. until when an account is suspended. */
  facts?: Record<string, unknown>;
};

/** Thrown through a use case when its key has an earlier answer: nothing is decided again. Caught by the wrapper. */
export class Replay extends Error {
  readonly rows: readonly unknown[];

  constructor(rows: readonly unknown[]) {
    super('This request has been answered before.');
    this.rows = rows;
  }
}

/** Statements of one call, each one trip and one transaction. The verb says how many rows there must be. */
export type Database = {
  /** Exactly one row. Refuses with `not_found` when there is none. */
  one<S extends z.ZodMiniType>(statement: Statement, row: S): Promise<z.output<S>>;
  /** The one row, or null. */
  maybeOne<S extends z.ZodMiniType>(statement: Statement, row: S): Promise<z.output<S> | null>;
  /** Any number of rows. */
  many<S extends z.ZodMiniType>(statement: Statement, row: S): Promise<z.output<S>[]>;
  /**
   * A page of a list: at most `limit` items, fewer where they are large. The statement returns one row more than that.
   *
   * @param keyOf the sort key and id of a row, as the statement compares them
   */
  page<S extends z.ZodMiniType>(
    statement: Statement,
    row: S,
    limit: number,
    keyOf: (row: z.output<S>) => readonly unknown[],
  ): Promise<Page<z.output<S>>>;
  /** Rows that nobody reads. The statement must return rows all the same. */
  execute(statement: Statement): Promise<void>;
  /** A trip for its checks alone: who may not call at all is told so before a use case refuses for a reason that needs no trip. */
  checkCaller(): Promise<void>;
};

export type DatabaseOptions = {
  refusals?: RefusalMap;
  /** The call changes nothing, or carries an idempotency key: it may be made again when nothing is known of the first. */
  repeatable?: boolean;
  /** Milliseconds that a paused cluster is waited for. */
  patience?: number;
};

/** What has happened on a call's behalf, for the log and the relay. */
export type Tally = { trips: number; emitted: number };

/** Serialisation failure and deadlock. */
const TRANSIENT = new Set(['40001', '40P01']);
/** Milliseconds before each further try of a transaction that one of them rolled back. */
const PAUSES = [20, 80, 250];

/** A database client for one call. `tally` is counted as trips are made. */
export function openDatabase(context: Context, tally: Tally, options: DatabaseOptions = {}): Database {
  const { refusals = {}, repeatable = false, patience = 20_000 } = options;

  async function trip(statement: Statement): Promise<{ rows: unknown[]; cut: boolean }> {
    tally.trips += 1;
    const answer = await persist(() => callDatabase(context, statement), repeatable, patience);
    if ('refused' in answer) throw refusalOf(answer.refused, refusals);
    tally.emitted += answer.meta.emitted;
    if (answer.meta.replayed) throw new Replay(answer.rows);
    return { rows: answer.rows, cut: answer.meta.cut };
  }

  const many: Database['many'] = async (statement, row) => {
    const { rows, cut } = await trip(statement);
    if (cut) throw new Error('A statement returned more rows than fit into one answer of the Data API.');
    return z.parse(z.array(row), rows);
  };
  const maybeOne: Database['maybeOne'] = async (statement, row) => {
    const rows = await many(statement, row);
    if (rows.length > 1) throw new Error(`A statement for one row returned ${rows.length}.`);
    return rows[0] ?? null;
  };
  return {
    many,
    maybeOne,
    async one(statement, row) {
      const found = await maybeOne(statement, row);
      if (found === null) throw new Refusal(common.not_found);
      return found;
    },
    async page(statement, row, limit, keyOf) {
      const { rows, cut } = await trip(statement);
      return pageOf(z.parse(z.array(row), rows), limit, keyOf, cut);
    },
    async execute(statement) {
      await trip(statement);
    },
    async checkCaller() {
      await trip(sql`select 1`);
    },
  };
}

/**
 * Makes a trip again where that is safe: after a serialisation failure or a deadlock, which rolled back; while an
 * auto-paused cluster wakes up, which takes some 15 s and has run nothing; and after a broken connection only when the
 * call is repeatable.
 */
async function persist(
  call: () => Promise<TripAnswer>,
  repeatable: boolean,
  patience: number,
): Promise<TripAnswer> {
  const started = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await call();
      const pause = PAUSES[attempt];
      const transient = 'refused' in answer && TRANSIENT.has(answer.refused.sqlstate ?? '');
      if (!transient || pause === undefined) return answer;
      await wait(pause * (0.5 + Math.random()));
    } catch (error) {
      if (!(error instanceof DataApiError)) throw error;
      const resuming = error.code === 'DatabaseResumingException';
      const again = resuming ? performance.now() - started < patience : repeatable && attempt < 2;
      if (!again) {
        throw resuming
          ? new Refusal(common.unavailable, { headers: { 'retry-after': '15' }, cause: error })
          : error;
      }
      await wait(resuming ? 1_000 : 100);
    }
  }
}

/** A refusal of the database as the problem that the use case declares for it, or the error that it is. */
function refusalOf(refused: RefusedStatement, refusals: RefusalMap): Error {
  const code = refused.constraint ?? '';
  const spec =
    refusals[code] ?? (Object.hasOwn(common, code) ? common[code as keyof typeof common] : undefined);
  const cause = new Error(`${refused.sqlstate ?? ''} ${code} ${refused.message ?? ''}`.trim());
  if (spec) {
    const headers = spec === common.marketplace_closed ? { 'retry-after': '300' } : undefined;
    return new Refusal(spec, { cause, facts: refused.facts, headers });
  }
  // Text that PostgreSQL cannot store is the caller's mistake wherever it stands.
  if (refused.sqlstate === '22P05' || refused.sqlstate === '22021')
    return new Refusal(common.invalid_input, { cause });
  cause.name = 'DatabaseError';
  return cause;
}
