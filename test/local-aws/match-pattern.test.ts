import { describe, expect, test } from 'vitest';
import { type EventPattern, matchPattern } from '../../local/aws/events/match-pattern.ts';

const event = {
  source: 'vicinity',
  'detail-type': 'booking.placed',
  detail: { marketplace: 'homigo', amount: 250, tags: ['a', 'b'], note: null },
};

describe('matchPattern', () => {
  test.each<[EventPattern, boolean]>([
    [{ source: ['vicinity'] }, true],
    [{ source: ['other', 'vicinity'], 'detail-type': ['x'] }, false],
    [{ detail: { tags: ['b', 'c'] } }, true],
    [{ detail: { note: [null] } }, true],
    [{ 'detail-type': [{ prefix: 'booking.' }] }, true],
    [{ 'detail-type': [{ suffix: '.cancelled' }] }, false],
    [{ 'detail-type': [{ wildcard: 'book*.pl*d' }] }, true],
    [{ source: [{ 'equals-ignore-case': 'Vicinity' }] }, true],
    [{ detail: { marketplace: [{ 'anything-but': ['homigo'] }] } }, false],
    [{ detail: { marketplace: [{ 'anything-but': { prefix: 'x' } }] } }, true],
    [{ detail: { amount: [{ numeric: ['>', 100, '<=', 250] }] } }, true],
    [{ detail: { amount: [{ numeric: ['<', 100] }] } }, false],
    [{ detail: { missing: [{ exists: false }] } }, true],
    [{ detail: { amount: [{ exists: false }] } }, false],
    [{ detail: { missing: ['x'] } }, false],
    [{ $or: [{ source: ['x'] }, { detail: { amount: [250] } }] }, true],
  ])('%j: %s', (pattern, expected) => {
    expect(matchPattern(pattern, event)).toBe(expected);
  });

  test('does not guess what an operator means that it does not know', () => {
    expect(() => matchPattern({ source: [{ cidr: '10.0.0.0/8' }] }, event)).toThrow(/"cidr" is not known/);
  });
});
