/** Middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Medians of several ways to do a thing, in milliseconds. The ways take turns, so that whatever else the machine does
 * falls on all of them alike, and take turns in going first, since the first reads what the others find in memory; the first turn of
 * each warms up and is not counted.
 */
export async function compare<K extends string>(
  ways: Record<K, (turn: number) => Promise<unknown>>,
  turns: number,
): Promise<Record<K, number>> {
  const names = Object.keys(ways) as K[];
  const taken = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<K, number[]>;
  for (let turn = 0; turn <= turns; turn += 1) {
    const first = turn % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const started = performance.now();
      await ways[name](turn);
      if (turn > 0) taken[name].push(performance.now() - started);
    }
  }
  return Object.fromEntries(names.map(name => [name, median(taken[name])])) as Record<K, number>;
}

/** One line of a benchmark: what was measured, the bar it has to clear, and whether it does. */
export type Result = { name: string; measured: string; ratio: number; bar: string; passed: boolean };

export const atMost = (name: string, measured: string, ratio: number, limit: number): Result => ({
  name,
  measured,
  ratio,
  bar: `at most ${limit}`,
  passed: ratio <= limit,
});

export const atLeast = (name: string, measured: string, ratio: number, limit: number): Result => ({
  name,
  measured,
  ratio,
  bar: `at least ${limit}`,
  passed: ratio >= limit,
});
