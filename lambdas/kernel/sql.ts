/** A statement and its values. The values travel as one JSON array, `$1`. */
export type Statement = { text: string; values: readonly unknown[] };

/**
 * The template of every statement: `${value}` becomes `($1->>n)`, to be cast where it is used, and an object or array `($1->n)`,
 * which is jsonb as it stands:
 *
 *     sql`select … where id = ${id}::uuid`
 *
 * A Date becomes an ISO string. Throws on undefined, a function or a number that is
 * not finite, which are always mistakes: say `null` for an absent value.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Statement {
  for (const [index, value] of values.entries()) {
    const valid = value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
    if (!valid || (typeof value === 'number' && !Number.isFinite(value))) {
      throw new TypeError(
        `Value ${index + 1} of the statement is ${String(value)}: ${strings[index]?.trim()}`,
      );
    }
  }
  const text = strings.reduce(
    (before, after, index) => `${before}($1${isJson(values[index - 1]) ? '->' : '->>'}${index - 1})${after}`,
  );
  return { text, values: values.map(value => (typeof value === 'bigint' ? value.toString() : value)) };
}

const isJson = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Date);
