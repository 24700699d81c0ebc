import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aadhaarNumber, isVerhoeff } from '../../lambdas/verification/aadhaar-number.ts';
import { newAadhaar } from './evidence.ts';

test.each(['2363', '758722', '123451', '999941057058', '999999990019'])('%s has its check digit', number => {
  expect(isVerhoeff(number)).toBe(true);
});

const numbers = fc.constant(null).map(() => newAadhaar());

describe('the check digit finds', () => {
  test('every single wrong digit', () => {
    fc.assert(
      fc.property(numbers, fc.nat(11), fc.integer({ min: 1, max: 9 }), (number, at, step) => {
        const wrong = (Number(number[at]) + step) % 10;
        return !isVerhoeff(`${number.slice(0, at)}${wrong}${number.slice(at + 1)}`);
      }),
    );
  });

  test('every two digits that changed places', () => {
    fc.assert(
      fc.property(numbers, fc.nat(10), (number, at) => {
        const [one, other] = [number[at], number[at + 1]];
        const swapped = `${number.slice(0, at)}${other}${one}${number.slice(at + 2)}`;
        return one === other || !isVerhoeff(swapped);
      }),
    );
  });
});

test('spaces and dashes between groups are dropped', () => {
  expect(aadhaarNumber.parse('2345 6789 0124')).toBe('234567890124');
  expect(aadhaarNumber.parse('2345-6789-0124')).toBe('234567890124');
});
