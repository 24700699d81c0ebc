/** A value as it is bound: PostgreSQL's text form, or bytes for a bytea. */
export type Value = string | Uint8Array | null;

/** A column of a result; `type` is the OID of its type. */
export type Column = { name: string; type: number; modifier: number; table: number };

/** Rows hold PostgreSQL's text form; `affected` is the number in the command's tag, 0 where it has none. */
export type Result = {
  columns: Column[];
  rows: (string | null)[][];
  command: string;
  affected: number;
};

/** How long a statement may take, and whether it goes on when nobody waits for it any more. */
export type Patience = { milliseconds: number; carryOn: boolean };

/** One transaction that was begun and is held. */
export type Transaction = {
  execute(sql: string, values: readonly Value[], patience: Patience): Promise<Result>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
};

/** The one database there is, embedded or a PostgreSQL server's. Positional parameters, one statement a call. */
export type Database = {
  /** Runs one statement as this role, in a transaction of its own. */
  execute(role: string, sql: string, values: readonly Value[], patience: Patience): Promise<Result>;
  begin(role: string, patience: Patience): Promise<Transaction>;
  /** Writes the whole database to a file that an embedded one can start from. */
  save(file: string): Promise<void>;
  close(): Promise<void>;
};

/** What PostgreSQL refused, in its own fields. */
export type SqlProblem = {
  severity: string;
  message: string;
  sqlstate: string;
  detail?: string;
  hint?: string;
  position?: string;
};

/** PostgreSQL refused the statement. */
export class SqlError extends Error {
  readonly problem: SqlProblem;

  constructor(problem: SqlProblem) {
    super(problem.message);
    this.name = 'SqlError';
    this.problem = problem;
  }
}

/** The role cannot log in: it is not there, or it may not. */
export class LoginError extends Error {
  constructor(role: string) {
    super(`FATAL: password authentication failed for user "${role}"`);
    this.name = 'LoginError';
  }
}

/** The statement, or the wait for its turn, took longer than the caller's patience. */
export class TimeoutError extends Error {
  constructor() {
    super('Request timed out');
    this.name = 'TimeoutError';
  }
}
