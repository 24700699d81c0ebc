import type { Value } from '../../database/database.ts';
import { AwsError } from '../answer.ts';
import { splitParameters } from './named-parameters.ts';
import type { SqlParameter } from './requests.ts';

/** SQL with positional parameters, and their values in that order. */
export type BoundStatement = { sql: string; values: Value[] };

/** A value in PostgreSQL's text form and the type that it is sent as; null is sent without one. */
type Bound = { value: Value; type?: string };

const hinted: Record<
  NonNullable<SqlParameter['typeHint']>,
  { type: string; form?: RegExp; wanted?: string }
> = {
  DATE: { type: 'date', form: /^\d{4}-\d\d-\d\d$/, wanted: 'yyyy-mm-dd' },
  TIME: { type: 'time', form: /^\d\d:\d\d:\d\d(\.\d+)?$/, wanted: 'hh:mm:ss[.fff]' },
  TIMESTAMP: {
    type: 'timestamp',
    form: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/,
    wanted: 'yyyy-mm-dd hh:mm:ss[.fff]',
  },
  DECIMAL: { type: 'numeric' },
  JSON: { type: 'json' },
  UUID: { type: 'uuid' },
};

/**
 * Turns `:name` into `$1::type`. A string is sent as a varchar, so that a column of another type refuses it without a
 * cast or a type hint, as Aurora does.
 *
 * @throws AwsError BadRequestException for a parameter that is not given, ValidationException for an array
 */
export function bindParameters(sql: string, parameters: readonly SqlParameter[]): BoundStatement {
  const bound = new Map(parameters.map(parameter => [parameter.name, bind(parameter)]));
  const numbers = new Map<string, number>();
  const values: Value[] = [];
  const pieces = splitParameters(sql).map(piece => {
    if ('text' in piece) return piece.text;
    const name = piece.parameter;
    const found = bound.get(name);
    // The upper bound of an array slice, `[1:2]`, looks like a parameter.
    if (!found && /^\d+$/.test(name)) return `:${name}`;
    if (!found) throw new AwsError('BadRequestException', 400, `Cannot find parameter: ${name}`);
    const number = numbers.get(name) ?? values.push(found.value);
    numbers.set(name, number);
    return found.type ? `$${number}::${found.type}` : `$${number}`;
  });
  return { sql: pieces.join(''), values };
}

function bind({ name, value, typeHint }: SqlParameter): Bound {
  if (value.arrayValue !== undefined) {
    throw new AwsError('ValidationException', 400, 'Array parameters are not supported');
  }
  if (value.isNull) return { value: null, type: typeHint && hinted[typeHint].type };
  if (value.stringValue !== undefined) return bindString(name, value.stringValue, typeHint);
  if (value.longValue !== undefined) return { value: String(value.longValue), type: 'bigint' };
  if (value.doubleValue !== undefined) return { value: String(value.doubleValue), type: 'double precision' };
  if (value.booleanValue !== undefined) return { value: String(value.booleanValue), type: 'boolean' };
  if (value.blobValue !== undefined) return { value: Buffer.from(value.blobValue, 'base64'), type: 'bytea' };
  throw new AwsError('BadRequestException', 400, `Parameter ${name} has no value`);
}

function bindString(name: string, text: string, typeHint: SqlParameter['typeHint']): Bound {
  if (!typeHint) return { value: text, type: 'varchar' };
  const { type, form, wanted } = hinted[typeHint];
  if (form && !form.test(text)) {
    throw new AwsError(
      'BadRequestException',
      400,
      `Parameter ${name} is not a ${typeHint}: the format is ${wanted}`,
    );
  }
  return { value: text, type };
}
