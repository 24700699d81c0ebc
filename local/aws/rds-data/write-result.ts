import type { Column, Result } from '../../database/database.ts';
import { type Answer, AwsError, json } from '../answer.ts';
import { limits } from './limits.ts';
import { type Field, readField } from './read-field.ts';
import type { ExecuteRequest } from './requests.ts';
import type { TypeCatalogue } from './type-catalogue.ts';

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/**
 * The answer to ExecuteStatement.
 *
 * @throws AwsError BadRequestException where a row or the response is larger than the Data API allows
 */
export function writeResult(result: Result, request: ExecuteRequest, types: TypeCatalogue): Answer {
  const hasRows = result.columns.length > 0;
  const answer: Record<string, unknown> = {
    generatedFields: hasRows ? undefined : [],
    // A statement that returns rows reports them and no count, also after RETURNING.
    numberOfRecordsUpdated: !hasRows && changing.has(result.command) ? result.affected : 0,
  };
  if (hasRows) {
    for (const row of result.rows) refuseLargeRow(row);
    const records = result.rows.map(row =>
      row.map((text, at) => readField(text, result.columns[at]?.type ?? 0, types, request.resultSetOptions)),
    );
    if (request.formatRecordsAs === 'JSON') answer.formattedRecords = formatRecords(records, result.columns);
    else answer.records = records;
    if (request.includeResultMetadata && request.formatRecordsAs === 'NONE') {
      answer.columnMetadata = result.columns.map(column => describe(column, types));
    }
  }
  const written = json(answer);
  const limit = request.formatRecordsAs === 'JSON' ? limits.formattedBytes : limits.responseBytes;
  if (Buffer.byteLength(written.body) > limit) throw tooLarge();
  return written;
}

const tooLarge = () =>
  new AwsError('BadRequestException', 400, 'Database returned more than the allowed response size limit');

function refuseLargeRow(row: readonly (string | null)[]): void {
  const size = row.reduce((sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)), 0);
  if (size > limits.rowBytes) throw tooLarge();
}

/** JSON text of an array of objects, keyed by the columns' labels. */
function formatRecords(records: Field[][], columns: readonly Column[]): string {
  return JSON.stringify(
    records.map(row => Object.fromEntries(row.map((field, at) => [columns[at]?.name ?? '', plain(field)]))),
  );
}

function plain(field: Field): unknown {
  if ('isNull' in field) return null;
  if ('arrayValue' in field) return Object.values(field.arrayValue)[0];
  return Object.values(field)[0];
}

/** Column meta data in the manner of JDBC, whose type codes the Data API reports. */
function describe(column: Column, types: TypeCatalogue): Record<string, unknown> {
  const facts = types.get(column.type);
  const typeName = facts?.name ?? 'unknown';
  const isNumeric = facts?.category === 'N';
  return {
    arrayBaseColumnType:
      facts?.category === 'A' ? (jdbcTypes[types.get(facts.element)?.name ?? ''] ?? 12) : 0,
    isAutoIncrement: false,
    isCaseSensitive: facts?.category === 'S',
    isCurrency: typeName === 'money',
    isSigned: isNumeric,
    label: column.name,
    name: column.name,
    nullable: column.table ? 1 : 2,
    precision: column.modifier > 0 ? column.modifier - 4 : 0,
    scale: 0,
    schemaName: '',
    tableName: '',
    type: facts?.category === 'A' ? 2003 : (jdbcTypes[typeName] ?? 1111),
    typeName,
  };
}

// java.sql.Types
const jdbcTypes: Record<string, number> = {
  bool: -7,
  int2: 5,
  int4: 4,
  int8: -5,
  float4: 7,
  float8: 8,
  numeric: 2,
  text: 12,
  varchar: 12,
  bpchar: 1,
  name: 12,
  bytea: -2,
  date: 91,
  time: 92,
  timestamp: 93,
  timestamptz: 93,
};
