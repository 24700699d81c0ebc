import { expect, test } from 'vitest';
import { toE164 } from '../../lambdas/identity/phone.ts';

test.each([
  ['+14155550123', 'US', '+14155550123'],
  ['(415) 555-0123', 'US', '+14155550123'],
  ['098765 43210', 'IN', '+919876543210'],
  ['0917 555 0123', 'PH', '+639175550123'],
  ['+63 917 555 0123', 'US', '+639175550123'],
])('%s in %s is %s', (text, country, expected) => {
  expect(toE164(text, country)).toBe(expected);
});

test.each(['12', 'call me', '+999123456', 'call 415 555 0123', '+1415555012345678'])('%s is none', text => {
  expect(() => toE164(text, 'US')).toThrow('Some fields are missing or wrong.');
});
