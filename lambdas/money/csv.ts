/** A field that a spreadsheet would take for a formula, which could read other cells or call out. A number is none. */
const FORMULA = /^(?!-?\d+(\.\d+)?$)[=+\-@\t\r]/;

/** Rows as CSV (RFC 4180), with the byte order mark by which spreadsheets know UTF-8. No field is run as a formula. */
export function writeCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return `\ufeff${rows.map(row => `${row.map(fieldOf).join(',')}\r\n`).join('')}`;
}

function fieldOf(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The headers of a file that is to be kept, not shown. @param name without characters that need quoting */
export const asFile = (name: string) => ({ 'content-disposition': `attachment; filename="${name}"` });
