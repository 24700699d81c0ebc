import { Cron } from 'croner';

const units: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * When a schedule runs next after a moment.
 *
 * @param expression EventBridge Scheduler's `rate(5 minutes)`, `cron(0 2 * * ? *)` or `at(2026-01-01T00:00:00)`
 * @param timeZone IANA zone in which a cron expression is read
 * @returns undefined when it never runs again
 * @throws Error for an expression that EventBridge would not take either
 */
export function nextRun(expression: string, timeZone: string, after: Date): Date | undefined {
  const [, kind, argument = ''] = /^(rate|cron|at)\((.+)\)$/.exec(expression) ?? [];
  if (kind === 'rate') {
    const [, count, unit = ''] = /^(\d+) (minute|hour|day)s?$/.exec(argument) ?? [];
    const length = units[unit];
    if (length) return new Date(after.getTime() + Number(count) * length);
  }
  if (kind === 'cron' && argument.split(' ').length === 6)
    return (
      new Cron(cronerPattern(argument), { timezone: timeZone, paused: true }).nextRun(after) ?? undefined
    );
  if (kind === 'at')
    return new Cron(argument, { timezone: timeZone, paused: true }).nextRun(after) ?? undefined;
  throw new Error(`The schedule expression ${expression} is not one that EventBridge knows.`);
}

/** The last value of minute, hour, day of month, month and day of week. */
const lastValues = [59, 23, 31, 12, 7, 2199];

/**
 * EventBridge writes minute, hour, day of month, month, day of week (1 is Sunday) and year, and `5/15` for every
 * fifteenth from 5 on; croner wants the second first, counts the days of a week from 0, and says `5-59/15`.
 */
function cronerPattern(expression: string): string {
  const fields = expression
    .replaceAll('?', '*')
    .split(' ')
    .map((field, index) => field.replace(/(?<![-\d])(\d+)\//g, `$1-${lastValues[index]}/`));
  const [minute, hour, day, month, weekday = '*', year] = fields;
  const shifted = weekday.replace(/(?<![#/\d])\d/g, digit => String(Number(digit) - 1));
  return ['0', minute, hour, day, month, shifted, year].join(' ');
}
