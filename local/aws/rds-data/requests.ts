import * as z from 'zod/mini';

const Field = z.object({
  stringValue: z.optional(z.string()),
  longValue: z.optional(z.number()),
  doubleValue: z.optional(z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])),
  booleanValue: z.optional(z.boolean()),
  /** Base64 on the wire. */
  blobValue: z.optional(z.string()),
  isNull: z.optional(z.boolean()),
  arrayValue: z.optional(z.unknown()),
});

const SqlParameter = z.object({
  name: z.string(),
  value: z._default(Field, {}),
  typeHint: z.optional(z.enum(['DATE', 'DECIMAL', 'JSON', 'TIME', 'TIMESTAMP', 'UUID'])),
});

const Target = { resourceArn: z.string(), secretArn: z.string(), database: z.optional(z.string()) };

/** Of ExecuteStatement. */
export const ExecuteRequest = z.object({
  ...Target,
  sql: z.string(),
  parameters: z._default(z.array(SqlParameter), []),
  transactionId: z.optional(z.string()),
  includeResultMetadata: z._default(z.boolean(), false),
  continueAfterTimeout: z._default(z.boolean(), false),
  formatRecordsAs: z._default(z.enum(['NONE', 'JSON']), 'NONE'),
  resultSetOptions: z._default(
    z.object({
      decimalReturnType: z._default(z.enum(['STRING', 'DOUBLE_OR_LONG']), 'STRING'),
      longReturnType: z._default(z.enum(['LONG', 'STRING']), 'LONG'),
    }),
    { decimalReturnType: 'STRING', longReturnType: 'LONG' },
  ),
  schema: z.optional(z.string()),
});

/** Of BatchExecuteStatement. */
export const BatchRequest = z.object({
  ...Target,
  sql: z.string(),
  parameterSets: z._default(z.array(z.array(SqlParameter)), []),
  transactionId: z.optional(z.string()),
  schema: z.optional(z.string()),
});

/** Of BeginTransaction. */
export const BeginRequest = z.object({ ...Target, schema: z.optional(z.string()) });

/** Of a commit and a rollback. */
export const EndRequest = z.object({
  resourceArn: z.string(),
  secretArn: z.string(),
  transactionId: z.string(),
});

export type ExecuteRequest = z.output<typeof ExecuteRequest>;
export type SqlParameter = z.output<typeof SqlParameter>;
export type ResultSetOptions = ExecuteRequest['resultSetOptions'];
