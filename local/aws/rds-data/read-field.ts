import { AwsError } from '../answer.ts';
import { readArray } from './read-array.ts';
import type { ResultSetOptions } from './requests.ts';
import type { TypeCatalogue } from './type-catalogue.ts';

/** A value as the Data API returns it. */
export type Field =
  | { isNull: true }
  | { stringValue: string }
  | { longValue: number }
  | { doubleValue: number | string }
  | { booleanValue: boolean }
  | { blobValue: string }
  | { arrayValue: ArrayValue };

type ArrayValue =
  | { stringValues: (string | null)[] }
  | { longValues: (number | null)[] }
  | { doubleValues: (number | string | null)[] }
  | { booleanValues: (boolean | null)[] };

type Kind = 'string' | 'long' | 'double' | 'boolean' | 'blob';

const kinds: Record<string, Kind> = {
  bool: 'boolean',
  int2: 'long',
  int4: 'long',
  int8: 'long',
  oid: 'long',
  float4: 'double',
  float8: 'double',
  bytea: 'blob',
};

/**
 * Maps PostgreSQL's text form of a value.
 *
 * @throws AwsError UnsupportedResultException for geometry and for arrays of more than one dimension
 */
export function readField(
  text: string | null,
  type: number,
  types: TypeCatalogue,
  options: ResultSetOptions,
): Field {
  const facts = types.get(type);
  const name = facts?.name ?? 'unknown';
  refuseGeometry(name, facts?.category);
  if (text === null) return { isNull: true };
  if (facts?.category !== 'A') return readScalar(text, kindOf(name, options), name, options);
  const element = types.get(facts.element);
  refuseGeometry(element?.name ?? name, element?.category);
  const elements = readArray(text);
  if (!elements) throw unsupported('multi-dimensional array');
  return { arrayValue: readElements(elements, kindOf(element?.name ?? '', options)) };
}

function kindOf(type: string, options: ResultSetOptions): Kind {
  if (type === 'int8' && options.longReturnType === 'STRING') return 'string';
  return kinds[type] ?? 'string';
}

function readScalar(text: string, kind: Kind, type: string, options: ResultSetOptions): Field {
  if (type === 'numeric' && options.decimalReturnType === 'DOUBLE_OR_LONG') {
    return /^-?\d+$/.test(text) ? { longValue: Number(text) } : { doubleValue: readDouble(text) };
  }
  if (kind === 'boolean') return { booleanValue: text === 't' };
  if (kind === 'long') return { longValue: Number(text) };
  if (kind === 'double') return { doubleValue: readDouble(text) };
  // PostgreSQL writes bytes as \x and hexadecimal digits.
  if (kind === 'blob') return { blobValue: Buffer.from(text.slice(2), 'hex').toString('base64') };
  return { stringValue: text };
}

function readElements(elements: (string | null)[], kind: Kind): ArrayValue {
  const each = <T>(read: (text: string) => T) => elements.map(text => (text === null ? null : read(text)));
  if (kind === 'boolean') return { booleanValues: each(text => text === 't') };
  if (kind === 'long') return { longValues: each(Number) };
  if (kind === 'double') return { doubleValues: each(readDouble) };
  return { stringValues: elements };
}

/** JSON has no NaN and no infinities: the protocol writes them as strings. */
function readDouble(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

function refuseGeometry(name: string, category: string | undefined): void {
  if (category === 'G' || name === 'geometry' || name === 'geography') throw unsupported(name);
}

const unsupported = (what: string) =>
  new AwsError('UnsupportedResultException', 400, `The result contains the unsupported data type ${what}.`);
