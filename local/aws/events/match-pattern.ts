import { matchName } from '../iam/match-name.ts';

/** A pattern of EventBridge: nested objects whose leaves are arrays of what is wanted. */
export type EventPattern = { readonly [field: string]: EventPattern | readonly unknown[] };

type Json = unknown;

/**
 * Whether an event has what a pattern asks for. Knows exact values, prefix, suffix, equals-ignore-case, wildcard,
 * anything-but, numeric, exists, and `$or`.
 *
 * @throws Error for an operator that is not one of these
 */
export function matchPattern(pattern: EventPattern, event: Json): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === '$or') return asList(wanted).some(p => isPattern(p) && matchPattern(p, event));
    const value = fieldOf(event, field);
    if (isPattern(wanted)) return matchPattern(wanted, value);
    return asList(wanted).some(rule => matchRule(rule, value));
  });
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isPattern = (value: unknown): value is EventPattern =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldOf = (event: Json, field: string): Json =>
  typeof event === 'object' && event !== null ? Reflect.get(event, field) : undefined;

/** An array in the event matches by any of its elements. */
function matchRule(rule: unknown, value: Json): boolean {
  if (isPattern(rule) && 'exists' in rule) return (value !== undefined) === Boolean(rule.exists);
  if (value === undefined) return false;
  const values = Array.isArray(value) ? value : [value];
  if (!isPattern(rule)) return values.includes(rule);
  const [operator = '', operand] = Object.entries(rule)[0] ?? [];
  const test = operators[operator];
  if (!test) throw new Error(`The event pattern's operator "${operator}" is not known here.`);
  return values.some(each => test(operand, each));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const operators: Record<string, (operand: unknown, value: unknown) => boolean> = {
  prefix: (operand, value) => typeof value === 'string' && value.startsWith(text(operand)),
  suffix: (operand, value) => typeof value === 'string' && value.endsWith(text(operand)),
  'equals-ignore-case': (operand, value) => text(value).toLowerCase() === text(operand).toLowerCase(),
  wildcard: (operand, value) => typeof value === 'string' && matchName(text(operand), value),
  'anything-but': (operand, value) =>
    !(Array.isArray(operand) ? operand : [operand]).some(rule => matchRule(rule, value)),
  numeric: (operand, value) => typeof value === 'number' && compareAll(asList(operand), value),
};

/** `['>', 0, '<=', 5]` */
function compareAll(comparisons: readonly unknown[], value: number): boolean {
  for (let at = 0; at < comparisons.length; at += 2) {
    const limit = Number(comparisons[at + 1]);
    const compare = comparators[text(comparisons[at])];
    if (!compare?.(value, limit)) return false;
  }
  return true;
}

const comparators: Record<string, (value: number, limit: number) => boolean> = {
  '=': (value, limit) => value === limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
};
