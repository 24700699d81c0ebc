import * as z from 'zod/mini';

/** Where a page ended: the whole sort key and the id. Opaque to clients, validated on the way in. */
export function encodeCursor(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** A cursor field whose key has this shape. Anything else, a forged one included, is an invalid field. */
export function cursorOf<S extends z.ZodMiniType>(key: S) {
  const encoded = z
    .string()
    .check(z.maxLength(400), z.meta({ examples: [encodeCursor(['2026-11-20T15:00:00.000Z'])] }));
  return z.pipe(
    encoded,
    z.pipe(
      z.transform((value: string, context) => {
        try {
          return JSON.parse(Buffer.from(value, 'base64url').toString());
        } catch {
          context.issues.push({ code: 'custom', message: 'is not a cursor of this list', input: value });
          return z.NEVER;
        }
      }),
      key,
    ),
  );
}

/** A part of a list and where the next one begins, null behind the last. */
export type Page<R> = { items: R[]; next_cursor: string | null };

/**
 * A page from one row more than was asked for.
 *
 * @param rows at most `limit + 1` rows in order
 * @param keyOf the sort key and id of a row, as the statement compares them
 * @param cut there are more rows than these, however few they are
 */
export function pageOf<R>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => readonly unknown[],
  cut = false,
): Page<R> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = cut || rows.length > limit;
  return { items, next_cursor: more && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
