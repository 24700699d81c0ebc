import { describe, expect, test } from 'vitest';
import { nextRun } from '../../local/sources/next-run.ts';

const after = new Date('2026-11-20T00:00:30Z');

describe('the next run', () => {
  test.each([
    ['rate(1 minute)', 'UTC', '2026-11-20T00:01:30.000Z'],
    ['rate(5 minutes)', 'UTC', '2026-11-20T00:05:30.000Z'],
    ['rate(2 days)', 'UTC', '2026-11-22T00:00:30.000Z'],
    ['cron(0 2 * * ? *)', 'UTC', '2026-11-20T02:00:00.000Z'],
    ['cron(0 2 * * ? *)', 'Asia/Kolkata', '2026-11-20T20:30:00.000Z'],
    ['cron(0 2 * * ? *)', 'America/Los_Angeles', '2026-11-20T10:00:00.000Z'],
    ['cron(0 2 ? * 1 *)', 'UTC', '2026-11-22T02:00:00.000Z'],
    ['cron(0 2 ? * MON-FRI *)', 'UTC', '2026-11-20T02:00:00.000Z'],
    ['cron(0 2 ? * 2#1 *)', 'UTC', '2026-12-07T02:00:00.000Z'],
    ['cron(0 2 ? * 6L *)', 'UTC', '2026-11-27T02:00:00.000Z'],
    ['cron(0 2 L * ? *)', 'UTC', '2026-11-30T02:00:00.000Z'],
    ['cron(5/15 * * * ? *)', 'UTC', '2026-11-20T00:05:00.000Z'],
    ['cron(0 0 1 1 ? 2028)', 'UTC', '2028-01-01T00:00:00.000Z'],
    ['at(2026-12-01T10:00:00)', 'Asia/Kolkata', '2026-12-01T04:30:00.000Z'],
  ])('of %s in %s', (expression, zone, expected) => {
    expect(nextRun(expression, zone, after)?.toISOString()).toBe(expected);
  });

  test('follows the zone’s daylight saving time', () => {
    const zone = 'America/Los_Angeles';
    const winter = nextRun('cron(0 2 * * ? *)', zone, new Date('2026-10-31T12:00:00Z'));
    expect(winter?.toISOString()).toBe('2026-11-01T10:00:00.000Z');
    const summer = nextRun('cron(0 2 * * ? *)', zone, new Date('2026-10-30T12:00:00Z'));
    expect(summer?.toISOString()).toBe('2026-10-31T09:00:00.000Z');
  });

  test('of a moment that has passed is none', () => {
    expect(nextRun('at(2020-01-01T00:00:00)', 'UTC', after)).toBeUndefined();
  });

  test.each(['rate(1 fortnight)', 'cron(0 2 * * *)', '* * * * *'])('of %s is refused', expression => {
    expect(() => nextRun(expression, 'UTC', after)).toThrow('not one that EventBridge knows');
  });
});
