import { expect, test } from 'vitest';
import type { Refusal } from '../../lambdas/kernel/refusal.ts';
import { type BankDetails, readBankDetails } from '../../lambdas/money/bank-details.ts';
import { writeCsv } from '../../lambdas/money/csv.ts';

const fieldsOf = (details: BankDetails, country: string) => {
  try {
    readBankDetails(details, country);
    return [];
  } catch (error) {
    return (error as Refusal).errors.map(({ field }) => field);
  }
};

test('spaces, dashes and small letters of what people copy are taken off', () => {
  expect(readBankDetails({ account_number: '5010-0123 4567', ifsc: ' hdfc 0001234' }, 'IN')).toEqual({
    account_number: '501001234567',
    ifsc: 'HDFC0001234',
  });
});

test.each([
  ['US', { account_number: '123456789', routing_number: '021000021' }, []],
  ['US', { account_number: '123456789', routing_number: '021000022' }, ['routing_number']],
  ['US', { account_number: '123456789', routing_number: '000000000' }, ['routing_number']],
  ['US', { account_number: '12', routing_number: '021000021' }, ['account_number']],
  ['PH', { account_number: '1234567890', swift: 'BOPIPHMM' }, []],
  ['PH', { account_number: '1234567890', swift: 'BOPIPHMMXXX' }, []],
  ['PH', { account_number: '1234567890', swift: 'CHASUS33' }, ['swift']],
  ['PH', { account_number: '1234567890', swift: 'BOPIPHMM', ifsc: 'HDFC0001234' }, ['ifsc']],
  ['IN', { account_number: 'x', ifsc: 'x' }, ['account_number', 'ifsc']],
  ['DE', { account_number: 'DE89370400440532013000', swift: 'COBADEFF' }, []],
  ['DE', { account_number: 'DE89370400440532013000', swift: 'COBAATFF' }, ['swift']],
])('in %s %j is wrong in %j', (country, details, wrong) => {
  expect(fieldsOf(details, country)).toEqual(wrong);
});

test('what a spreadsheet would run as a formula is text, and a negative amount stays a number', () => {
  const rows = [
    ['=HYPERLINK("http://evil.example")', '+1', '-2+3', '@SUM(A1)', '\tx'],
    ['-12.50', 'a,b', 'say "no"', null, 7],
  ];
  expect(writeCsv(rows)).toBe(
    '\ufeff"\'=HYPERLINK(""http://evil.example"")",\'+1,\'-2+3,\'@SUM(A1),\'\tx\r\n-12.50,"a,b","say ""no""",,7\r\n',
  );
});
