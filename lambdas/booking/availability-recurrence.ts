import { RRuleTemporal } from 'rrule-temporal';
import { momentOf, wallTimeOf } from './availability-wall-time.ts';

const DAY = 86_400_000;

/** A rule as its row has it: wall time of the zone, without one. */
type Recurring = {
  start_time: string;
  end_time: string;
  recurrence_rule: string | null;
  except_dates: readonly string[];
};

/** The times of a rule that begin before `expanded_until`, as ISO 8601; `infinity` when there are no more. */
type Expansion = { times: [string, string][]; expanded_until: string };

/**
 * Expands a rule in wall time: nine in the morning stays nine when clocks change. The recurrence is reckoned on days without a zone,
 * and each of its wall times then becomes a moment, so that a window whose start does not exist on one day of the year is cut there
 * and not left out.
 *
 * @param since times that begin before it are left out
 * @param until times that begin at it or after are left out
 * @throws RangeError when the rule can never come to anything
 */
export function expandRule(rule: Recurring, zone: string, since: number, until: number): Expansion {
  const start = parseWall(rule.start_time);
  const length = parseWall(rule.end_time) - start;
  const { starts, finished } = startsOf(rule, start, zone, since, until);
  const times = starts
    .filter(wall => !rule.except_dates.includes(dateOf(wall)))
    .map((wall): [number, number] => [momentOf(wall, zone), momentOf(wall + length, zone)])
    // What lies between two clock settings is no time at all.
    .filter(([from, to]) => to > from && from >= since && from < until)
    .map(([from, to]): [string, string] => [new Date(from).toISOString(), new Date(to).toISOString()]);
  return { times, expanded_until: finished ? 'infinity' : new Date(until).toISOString() };
}

/** Wall times at which a rule begins, around a stretch of time, and whether nothing comes after it. */
function startsOf(rule: Recurring, start: number, zone: string, since: number, until: number) {
  if (rule.recurrence_rule === null) return { starts: [start], finished: true };
  const recurrence = new RRuleTemporal({
    rruleString: `DTSTART:${compact(start)}\nRRULE:${inWallTime(rule.recurrence_rule, zone)}`,
    // Fifty years of days.
    maxIterations: 20_000,
  });
  // A day more on both sides, for what the clocks are off.
  const [first = 0, last = 0] = [since, until].map(moment => wallTimeOf(moment, zone));
  const [from, to] = [new Date(Math.max(first, start) - DAY), new Date(last + DAY)];
  try {
    const starts = recurrence.between(from, to, true).map(({ epochMilliseconds }) => epochMilliseconds);
    return { starts, finished: recurrence.next(to) === null };
  } catch (cause) {
    // It gives up looking for a day that no year has, such as the 30th of February.
    throw new RangeError('The rule comes to no day.', { cause });
  }
}

const PART: Readonly<Record<string, RegExp>> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,3}$/,
  UNTIL: /^\d{8}(T([01]\d|2[0-3])[0-5]\d[0-5]\dZ?)?$/,
  BYDAY: /^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU))*$/,
  BYMONTH: /^([1-9]|1[0-2])(,([1-9]|1[0-2]))*$/,
  BYMONTHDAY: /^-?([1-9]|[12]\d|3[01])(,-?([1-9]|[12]\d|3[01]))*$/,
  BYSETPOS: /^-?[1-9]\d?(,-?[1-9]\d?)*$/,
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
};

/**
 * Whether a recurrence rule is one of days: FREQ from daily to yearly with the parts that choose among days. The time of day is the
 * window's own, so a rule comes to one time a day at most, however it is written.
 */
export function isDayRule(text: string): boolean {
  const parts = text.split(';').map(part => part.split('='));
  const names = parts.map(([name = '']) => name);
  const known = parts.every(([name = '', value = '', ...more]) => {
    return more.length === 0 && Object.hasOwn(PART, name) && PART[name]?.test(value);
  });
  const has = (name: string) => names.includes(name);
  const frequency = /FREQ=(\w+)/.exec(text)?.[1] ?? '';
  const ordinals = /BYDAY=[^;]*\d/.test(text);
  return (
    known &&
    new Set(names).size === names.length &&
    has('FREQ') &&
    !(has('COUNT') && has('UNTIL')) &&
    (!has('UNTIL') || isDate(text)) &&
    // RFC 5545, 3.3.10: ordinals of weekdays belong to months and years, days of the month do not belong to weeks.
    (!ordinals || frequency === 'MONTHLY' || frequency === 'YEARLY') &&
    !(has('BYMONTHDAY') && frequency === 'WEEKLY') &&
    (!has('BYSETPOS') || has('BYDAY') || has('BYMONTHDAY') || has('BYMONTH'))
  );
}

const isDate = (text: string) => {
  const [, digits = ''] = /UNTIL=(\d{8})/.exec(text) ?? [];
  return dateOf(parseUntil(digits)).replaceAll('-', '') === digits;
};

/** A rule whose end, where it has one, is a wall time of the zone. A day alone is all of that day. */
function inWallTime(rule: string, zone: string): string {
  return rule.replace(/UNTIL=(\d{8})(?:T(\d{6})(Z?))?/, (_, date: string, time = '235959', utc = '') => {
    const end = parseUntil(date, time);
    return `UNTIL=${compact(utc ? wallTimeOf(end, zone) : end)}`;
  });
}

const parseWall = (text: string) => Date.parse(`${text}Z`);

const parseUntil = (date: string, time = '000000') =>
  Date.UTC(
    Number(date.slice(0, 4)),
    Number(date.slice(4, 6)) - 1,
    Number(date.slice(6, 8)),
    Number(time.slice(0, 2)),
    Number(time.slice(2, 4)),
    Number(time.slice(4, 6)),
  );

/** `20261123T090000`. */
const compact = (wall: number) => new Date(wall).toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');

const dateOf = (wall: number) => new Date(wall).toISOString().slice(0, 10);
