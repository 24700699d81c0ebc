import { unseal } from '../kernel/seal.ts';

type Row = Readonly<Record<string, unknown>>;

/** How `seal` writes. A column may hold plain text in one row and a sealed one in the next. */
const SEALED = /^1\.[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * A row with its sealed columns opened; `phone_sealed` becomes `phone`.
 *
 * @param opens column to what it was sealed about
 */
export async function openSealed(row: Row, opens: Readonly<Record<string, string | null>>): Promise<Row> {
  const opened = Object.entries(row).map(async ([column, value]) => {
    const about = opens[column] ?? null;
    const name = about === null ? column : column.replace(/_sealed$|^sealed_/, '');
    if (about === null || typeof value !== 'string' || !SEALED.test(value)) return [name, value];
    return [name, readable(await unseal(value, about))];
  });
  return Object.fromEntries(await Promise.all(opened));
}

/** Several lines are sealed as one JSON document: the archive shows them as what they are. */
function readable(value: string): unknown {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' ? parsed : value;
  } catch {
    return value;
  }
}
