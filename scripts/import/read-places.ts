import { createHash } from 'node:crypto';
import { CsvError, parse } from 'csv-parse/sync';
import { Mistake } from '../mistake.ts';

/** A row of the file: where it begins, what makes it the same row in the next run, and its fields or what is wrong. */
export type Place = { line: number; reference: string } & (
  | { fields: Readonly<Record<string, string>> }
  | { fault: string }
);

/** A quoted field may go on for so many lines. A quote that is open for longer was never meant to be one. */
const LINES_A_ROW = 20;

const FIELD_OF_COLUMN: Readonly<Record<string, string>> = {
  place: 'title',
  name: 'title',
  spaces: 'capacity',
};

const NEEDED = ['title', 'address', 'latitude', 'longitude'];

/**
 * Reads the rows of a CSV file. A broken row is a fault of its own line and costs no other row: an unclosed quote would
 * otherwise swallow the rest of the file.
 *
 * @throws Mistake when the first line does not name the columns that a space needs
 */
export function readPlaces(file: string): Place[] {
  const lines = file.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const columns = (readRow(lines[0] ?? '') ?? []).map(column => column.trim().toLowerCase());
  const names = columns.map(column => FIELD_OF_COLUMN[column] ?? column);
  const missing = NEEDED.filter(name => !names.includes(name));
  if (missing.length > 0) throw new Mistake(`The file has no column for ${missing.join(', ')}.`);

  const places: Place[] = [];
  const seen = new Map<string, number>();
  for (let at = 1; at < lines.length; ) {
    const { text, values, length } = takeRow(lines, at, names.length);
    if (text.trim() !== '') {
      // Two equal rows are two spaces, so the second is told from the first by its count.
      const count = (seen.get(text) ?? 0) + 1;
      seen.set(text, count);
      const reference = createHash('sha256').update(`${count}\n${text}`).digest('hex').slice(0, 32);
      places.push({ line: at + 1, reference, ...read(values, names) });
    }
    at += length;
  }
  return places;
}

type Row = { text: string; values: string[] | null; length: number };

/** The row that begins at a line: one line, or as many as its quotes need if that gives a whole row. */
function takeRow(lines: readonly string[], at: number, width: number): Row {
  for (let length = 1; length <= LINES_A_ROW && at + length <= lines.length; length += 1) {
    const text = lines.slice(at, at + length).join('\n');
    const values = readRow(text);
    if (values !== null && (length === 1 || values.length === width)) return { text, values, length };
  }
  return { text: lines[at] ?? '', values: null, length: 1 };
}

/** The fields of one row, or null when its quotes are not in order. */
function readRow(text: string): string[] | null {
  try {
    const [values = [], ...more] = parse(text, { relax_column_count: true }) as string[][];
    return more.length === 0 ? values : null;
  } catch (error) {
    if (error instanceof CsvError) return null;
    throw error;
  }
}

function read(values: string[] | null, names: readonly string[]) {
  if (values === null) return { fault: 'its quotation marks are not in order' };
  if (values.length !== names.length) {
    return { fault: `it has ${values.length} columns instead of ${names.length}` };
  }
  return { fields: Object.fromEntries(names.map((name, index) => [name, (values[index] ?? '').trim()])) };
}
