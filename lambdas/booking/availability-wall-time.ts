/**
 * Wall time of a zone as moments. A wall time is written as the milliseconds that it would be in UTC, so that one day of it always
 * has 24 hours.
 */

const DAY = 86_400_000;
const MINUTE = 60_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  clocks.set(zone, clock);
  return clock;
}

/** What the clocks of a zone show at a moment. */
export function wallTimeOf(moment: number, zone: string): number {
  const read: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clockOf(zone).formatToParts(moment)) read[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The moment of a wall time: the first one where clocks are set back over it (RFC 5545), and where they are set forward over it, the
 * moment at which they are. So of two wall times the later one is never the earlier moment, and a window keeps its order.
 */
export function momentOf(wall: number, zone: string): number {
  const offsets = [wall - DAY, wall + DAY].map(near => wallTimeOf(near, zone) - near);
  const [first = 0, second = 0] = offsets.map(offset => wall - offset).sort((a, b) => a - b);
  if (wallTimeOf(first, zone) === wall) return first;
  if (wallTimeOf(second, zone) === wall) return second;
  return jumpBetween(first, second, wall, zone);
}

/** The first minute from which on the clocks show more than `wall`, which they never show itself. */
function jumpBetween(before: number, after: number, wall: number, zone: string): number {
  let low = Math.floor(before / MINUTE);
  let high = Math.ceil(after / MINUTE);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallTimeOf(middle * MINUTE, zone) > wall) high = middle;
    else low = middle;
  }
  return high * MINUTE;
}
