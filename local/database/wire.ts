import { messages, protocol } from '@electric-sql/pglite';
import type { Result, SqlProblem, Value } from './database.ts';

const { serialize } = protocol;

/** What came back for one statement: a result or a refusal, and whether a transaction is open now. */
export type Reply = { result?: Result; problem?: SqlProblem; inTransaction: boolean };

/** The extended protocol's bytes for one statement: unlike the simple one it refuses several commands at once. */
export function encodeStatement(sql: string, values: readonly Value[]): Uint8Array {
  return Buffer.concat([
    serialize.parse({ text: sql }),
    serialize.bind({ values: [...values] }),
    serialize.describe({ type: 'P' }),
    serialize.execute({}),
    serialize.sync(),
  ]);
}

/** The simple protocol's bytes, for SQL of our own that holds several commands. */
export const encodeScript = (sql: string): Uint8Array => serialize.query(sql);

/** Reads the answer to either. Of a script it keeps the last command's rows. */
export function decodeReply(bytes: Uint8Array): Reply {
  const reply: Reply = { inTransaction: false };
  const result: Result = { columns: [], rows: [], command: '', affected: 0 };
  const parser = new protocol.Parser();
  parser.parse(bytes, message => {
    if (message instanceof messages.RowDescriptionMessage) {
      result.rows = [];
      result.columns = message.fields.map(field => ({
        name: field.name,
        type: field.dataTypeID,
        modifier: field.dataTypeModifier,
        table: field.tableID,
      }));
    } else if (message instanceof messages.DataRowMessage) {
      result.rows.push(message.fields);
    } else if (message instanceof messages.CommandCompleteMessage) {
      Object.assign(result, readTag(message.text));
    } else if (message instanceof messages.DatabaseError) {
      reply.problem ??= toProblem(message);
    } else if (message instanceof messages.ReadyForQueryMessage) {
      reply.inTransaction = message.status !== 'I';
    }
  });
  if (!reply.problem) reply.result = result;
  return reply;
}

/** `INSERT 0 3` → command INSERT, 3 affected; `CREATE TABLE` has no number. */
function readTag(tag: string): Pick<Result, 'command' | 'affected'> {
  const [command = '', ...rest] = tag.split(' ');
  const last = Number(rest.at(-1));
  return { command, affected: Number.isInteger(last) ? last : 0 };
}

/** PostgreSQL's own names of an error's fields, as both drivers carry them. */
export function toProblem(error: {
  message: string;
  severity?: string;
  code?: string;
  detail?: string;
  hint?: string;
  position?: string;
}): SqlProblem {
  return {
    severity: error.severity ?? 'ERROR',
    message: error.message,
    sqlstate: error.code ?? 'XX000',
    detail: error.detail,
    hint: error.hint,
    position: error.position,
  };
}
