import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { expandRule, isDayRule } from '../../lambdas/booking/availability-recurrence.ts';
import { momentOf, wallTimeOf } from '../../lambdas/booking/availability-wall-time.ts';

const LOS_ANGELES = 'America/Los_Angeles';
const DAY = 86_400_000;
const HOUR = 3_600_000;

/** Days on which clocks change, by zone. Lord Howe's change by half an hour. */
const CHANGES = [
  { zone: LOS_ANGELES, day: '2027-03-14' },
  { zone: LOS_ANGELES, day: '2026-11-01' },
  { zone: 'Europe/London', day: '2027-03-28' },
  { zone: 'Europe/London', day: '2026-10-25' },
  { zone: 'Australia/Lord_Howe', day: '2026-10-04' },
  { zone: 'Australia/Lord_Howe', day: '2027-04-04' },
];

const expand = (
  rule: string | null,
  start: string,
  end: string,
  days: [string, string],
  zone = LOS_ANGELES,
) =>
  expandRule(
    { start_time: `${start}:00`, end_time: `${end}:00`, recurrence_rule: rule, except_dates: [] },
    zone,
    Date.parse(days[0]),
    Date.parse(days[1]),
  );

const hoursOf = ([from, to]: [string, string]) => (Date.parse(to) - Date.parse(from)) / HOUR;

describe('in Los Angeles', () => {
  const weekly = 'FREQ=WEEKLY;BYDAY=SA,SU,MO';

  test('nine stays nine when clocks go forward', () => {
    const days: [string, string] = ['2027-03-13T00:00Z', '2027-03-17T00:00Z'];
    expect(expand(weekly, '2027-01-02T09:00', '2027-01-02T17:00', days).times).toEqual([
      ['2027-03-13T17:00:00.000Z', '2027-03-14T01:00:00.000Z'],
      ['2027-03-14T16:00:00.000Z', '2027-03-15T00:00:00.000Z'],
      ['2027-03-15T16:00:00.000Z', '2027-03-16T00:00:00.000Z'],
    ]);
  });

  test('nine stays nine when clocks go back', () => {
    const days: [string, string] = ['2026-10-31T00:00Z', '2026-11-04T00:00Z'];
    expect(expand(weekly, '2026-01-03T09:00', '2026-01-03T17:00', days).times).toEqual([
      ['2026-10-31T16:00:00.000Z', '2026-11-01T00:00:00.000Z'],
      ['2026-11-01T17:00:00.000Z', '2026-11-02T01:00:00.000Z'],
      ['2026-11-02T17:00:00.000Z', '2026-11-03T01:00:00.000Z'],
    ]);
  });

  test('a night has seven hours in March and nine in November', () => {
    const night = (days: [string, string]) =>
      expand('FREQ=DAILY', '2026-01-01T22:00', '2026-01-02T06:00', days).times.map(hoursOf);
    expect(night(['2027-03-13T00:00Z', '2027-03-16T00:00Z'])).toEqual([8, 7, 8]);
    expect(night(['2026-10-31T00:00Z', '2026-11-03T00:00Z'])).toEqual([8, 9, 8]);
  });

  test('a window that begins in the hour that is left out begins at the change, and one inside of it is none', () => {
    const days: [string, string] = ['2027-03-14T08:00Z', '2027-03-15T06:00Z'];
    expect(expand('FREQ=DAILY', '2027-01-01T02:30', '2027-01-01T05:00', days).times).toEqual([
      ['2027-03-14T10:00:00.000Z', '2027-03-14T12:00:00.000Z'],
    ]);
    expect(expand('FREQ=DAILY', '2027-01-01T02:15', '2027-01-01T02:45', days).times).toEqual([]);
  });

  test('a window over the hour that comes twice is an hour longer, and one inside of it is the first of the two', () => {
    const days: [string, string] = ['2026-11-01T07:00Z', '2026-11-02T06:00Z'];
    expect(expand('FREQ=DAILY', '2026-01-01T01:00', '2026-01-01T02:00', days).times.map(hoursOf)).toEqual([
      2,
    ]);
    expect(expand('FREQ=DAILY', '2026-01-01T01:15', '2026-01-01T01:45', days).times).toEqual([
      ['2026-11-01T08:15:00.000Z', '2026-11-01T08:45:00.000Z'],
    ]);
  });
});

test('around every change of clocks a time is open exactly when the clock on the wall says so', () => {
  const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
  const property = fc.property(
    fc.constantFrom(...CHANGES),
    fc.subarray(weekdays, { minLength: 1 }),
    fc.integer({ min: 0, max: 95 }),
    fc.integer({ min: 1, max: 104 }),
    ({ zone, day }, days, startQuarter, quarters) => {
      const first = Temporal.PlainDateTime.from(day).subtract({ days: 40 });
      const start = first.add({ minutes: 15 * startQuarter });
      const end = start.add({ minutes: 15 * quarters });
      const [since, until] = [-4, 4].map(offset => Date.parse(`${day}T12:00Z`) + offset * DAY) as [
        number,
        number,
      ];
      const rule = {
        start_time: start.toString({ smallestUnit: 'second' }),
        end_time: end.toString({ smallestUnit: 'second' }),
        recurrence_rule: `FREQ=WEEKLY;BYDAY=${days.join(',')}`,
        except_dates: [],
      };
      const { times } = expandRule(rule, zone, since - 3 * DAY, until);
      const open = (at: number) => times.some(([from, to]) => Date.parse(from) <= at && at < Date.parse(to));
      for (let at = since; at < until; at += 15 * 60_000) {
        const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime();
        const inside = [0, 1, 2].some(back => {
          const date = wall.toPlainDate().subtract({ days: back });
          const opens = date.toPlainDateTime(start.toPlainTime());
          const closes = opens.add({ minutes: 15 * quarters });
          return (
            days.includes(weekdays[date.dayOfWeek - 1] ?? '') &&
            Temporal.PlainDateTime.compare(opens, wall) <= 0 &&
            Temporal.PlainDateTime.compare(wall, closes) < 0
          );
        });
        // A bound inside the time that comes twice stands for its first passing, so there the wall does not tell.
        const bounds = [start.toPlainTime(), end.toPlainTime()];
        if (isRepeated(wall, zone) && bounds.some(time => isRepeated(wall.withPlainTime(time), zone, true)))
          continue;
        expect(open(at), `${wall} in ${zone}, of ${rule.start_time} to ${rule.end_time}`).toBe(inside);
      }
    },
  );
  fc.assert(property, { numRuns: 40 });
}, 60_000);

/** Whether a wall time comes twice; `inside`: and is not the first minute that does. */
function isRepeated(wall: Temporal.PlainDateTime, zone: string, inside = false): boolean {
  const [earlier, later] = (['earlier', 'later'] as const).map(disambiguation =>
    wall.toZonedDateTime(zone, { disambiguation }),
  );
  const twice =
    earlier?.epochMilliseconds !== later?.epochMilliseconds &&
    earlier?.toPlainDateTime().equals(wall) === true;
  return twice && (!inside || isRepeated(wall.subtract({ minutes: 15 }), zone));
}

test('a wall time is the moment that Temporal says, the first of two, and the change itself where there is none', () => {
  const property = fc.property(
    fc.constantFrom(...CHANGES, { zone: 'Asia/Kolkata', day: '2026-11-01' }),
    fc.integer({ min: -3000, max: 3000 }),
    fc.integer({ min: 0, max: 600 }),
    ({ zone, day }, minutes, more) => {
      const wall = Date.parse(`${day}T00:00Z`) + minutes * 60_000;
      const plain = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
      const there = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
      const moment = momentOf(wall, zone);
      if (there.toPlainDateTime().equals(plain)) {
        expect(moment).toBe(there.epochMilliseconds);
        expect(wallTimeOf(moment, zone)).toBe(wall);
      } else {
        expect(moment).toBe(there.getTimeZoneTransition('next')?.epochMilliseconds);
      }
      expect(momentOf(wall + more * 60_000, zone)).toBeGreaterThanOrEqual(moment);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('a rule that was expanded in pieces comes to the same as in one', () => {
  const property = fc.property(
    fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=WEEKLY;BYDAY=MO,SU',
      'FREQ=MONTHLY;BYDAY=-1FR',
      'FREQ=DAILY;COUNT=200',
    ),
    fc.integer({ min: 1, max: 300 }),
    (rule, cut) => {
      const [from, to] = [Date.parse('2026-09-01T00:00Z'), Date.parse('2027-09-01T00:00Z')];
      const middle = from + cut * DAY;
      const piece = (since: number, until: number) =>
        expandRule(
          {
            start_time: '2026-01-01T23:30:00',
            end_time: '2026-01-02T04:00:00',
            recurrence_rule: rule,
            except_dates: ['2026-12-25'],
          },
          LOS_ANGELES,
          since,
          until,
        );
      const [whole, first, second] = [piece(from, to), piece(from, middle), piece(middle, to)];
      expect([...first.times, ...second.times]).toEqual(whole.times);
    },
  );
  fc.assert(property, { numRuns: 30 });
});

test('a rule that ends says so, and its end is a wall time of the zone', () => {
  const days: [string, string] = ['2026-11-01T00:00Z', '2027-11-01T00:00Z'];
  const last = (rule: string) => {
    const { times, expanded_until } = expand(rule, '2026-11-02T20:00', '2026-11-02T21:00', days);
    expect(expanded_until).toBe('infinity');
    return times.at(-1)?.[0];
  };
  // Eight in the evening of the 24th is four in the morning of the 25th in UTC.
  expect(last('FREQ=DAILY;UNTIL=20261224')).toBe('2026-12-25T04:00:00.000Z');
  expect(last('FREQ=DAILY;UNTIL=20261224T200000')).toBe('2026-12-25T04:00:00.000Z');
  expect(last('FREQ=DAILY;UNTIL=20261225T040000Z')).toBe('2026-12-25T04:00:00.000Z');
  expect(last('FREQ=DAILY;UNTIL=20261225T035959Z')).toBe('2026-12-24T04:00:00.000Z');
  expect(last('FREQ=DAILY;COUNT=3')).toBe('2026-11-05T04:00:00.000Z');
  const { expanded_until } = expand('FREQ=DAILY', '2026-11-02T20:00', '2026-11-02T21:00', days);
  expect(expanded_until).toBe('2027-11-01T00:00:00.000Z');
});

test('a day that is left out stays out', () => {
  const rule = {
    start_time: '2026-12-21T09:00:00',
    end_time: '2026-12-21T10:00:00',
    recurrence_rule: 'FREQ=WEEKLY',
    except_dates: ['2026-12-28'],
  };
  const { times } = expandRule(rule, LOS_ANGELES, Date.parse('2026-12-20'), Date.parse('2027-01-06'));
  expect(times.map(([from]) => from)).toEqual(['2026-12-21T17:00:00.000Z', '2027-01-04T17:00:00.000Z']);
});

test.each([
  'FREQ=DAILY',
  'FREQ=WEEKLY;BYDAY=MO,TU',
  'FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU',
  'FREQ=MONTHLY;BYDAY=-1FR',
  'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
  'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25,26',
  'FREQ=DAILY;UNTIL=20270101T000000Z',
])('%s is a rule of days', rule => {
  expect(isDayRule(rule)).toBe(true);
});

test.each([
  'FREQ=SECONDLY',
  'FREQ=HOURLY;INTERVAL=24',
  'FREQ=DAILY;BYHOUR=1,2,3',
  'FREQ=DAILY;BYSECOND=0,1',
  'FREQ=WEEKLY;BYDAY=XX',
  'FREQ=WEEKLY;BYDAY=2MO',
  'FREQ=WEEKLY;BYMONTHDAY=2',
  'FREQ=DAILY;FREQ=WEEKLY',
  'FREQ=DAILY;COUNT=2;UNTIL=20270101',
  'FREQ=DAILY;UNTIL=20270231',
  'FREQ=DAILY;UNTIL=20270101T250000Z',
  'FREQ=DAILY;INTERVAL=0',
  'FREQ=DAILY;COUNT=99999999',
  'FREQ=DAILY;BYSETPOS=1',
  'FREQ=DAILY;X-RULE=1',
  'FREQ=DAILY\nDTSTART:20200101T000000',
  'FREQ=DAILY;__proto__=1',
  'BYDAY=MO',
  '',
  ';',
  'never',
])('%j is none', rule => {
  expect(isDayRule(rule)).toBe(false);
});

test('a rule for a day that no year has is refused soon', () => {
  const started = performance.now();
  expect(() =>
    expand('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', '2026-11-02T20:00', '2026-11-02T21:00', [
      '2026-11-01T00:00Z',
      '2027-11-01T00:00Z',
    ]),
  ).toThrow(RangeError);
  expect(performance.now() - started).toBeLessThan(2000);
});
