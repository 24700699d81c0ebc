import { common, type FieldError, Refusal } from '../kernel/refusal.ts';

/** What somebody gives of a bank account. Which code names the bank depends on the country. */
export type BankDetails = {
  account_number: string;
  ifsc?: string;
  swift?: string;
  routing_number?: string;
};

type Rule = {
  number: RegExp;
  digits: string;
  code: 'ifsc' | 'swift' | 'routing_number';
  isCode(code: string): boolean;
  called: string;
};

const RULES: Readonly<Record<string, Rule>> = {
  IN: {
    number: /^\d{9,18}$/,
    digits: '9 to 18 digits',
    code: 'ifsc',
    isCode: code => /^[A-Z]{4}0[A-Z0-9]{6}$/.test(code),
    called: 'an IFSC of 11 characters, such as HDFC0001234',
  },
  PH: {
    number: /^\d{6,16}$/,
    digits: '6 to 16 digits',
    code: 'swift',
    isCode: code => /^[A-Z]{4}PH[A-Z0-9]{2}([A-Z0-9]{3})?$/.test(code),
    called: 'a SWIFT code of the Philippines, such as BOPIPHMM',
  },
  US: {
    number: /^\d{4,17}$/,
    digits: '4 to 17 digits',
    code: 'routing_number',
    isCode: isRoutingNumber,
    called: 'a routing number of nine digits',
  },
};

/** The weighted sum of an ABA number's digits ends in zero. */
function isRoutingNumber(code: string): boolean {
  const sum = [...code].reduce(
    (total, digit, index) => total + Number(digit) * ([3, 7, 1][index % 3] ?? 0),
    0,
  );
  return /^\d{9}$/.test(code) && sum > 0 && sum % 10 === 0;
}

/**
 * What a bank account is sealed as: number and code, without spaces and dashes, codes in capitals. Throws invalid_input that names
 * each wrong field, also a code that banks of this country have not.
 *
 * @param country ISO 3166-1 alpha-2. Of one without a rule here the SWIFT code is taken.
 */
export function readBankDetails(details: BankDetails, country: string): Record<string, string> {
  const rule = RULES[country] ?? {
    number: /^[A-Z0-9]{4,34}$/,
    digits: '4 to 34 letters and digits',
    code: 'swift' as const,
    isCode: (code: string) => new RegExp(`^[A-Z]{4}${country}[A-Z0-9]{2}([A-Z0-9]{3})?$`).test(code),
    called: 'a SWIFT code of the country',
  };
  const number = plain(details.account_number);
  const code = plain(details[rule.code] ?? '');
  const errors: FieldError[] = [];
  if (!rule.number.test(number)) errors.push(problem('account_number', `must be ${rule.digits}`));
  if (!rule.isCode(code)) errors.push(problem(rule.code, `must be ${rule.called}`));
  for (const other of ['ifsc', 'swift', 'routing_number'] as const)
    if (other !== rule.code && details[other] !== undefined)
      errors.push(problem(other, 'is not what names a bank here'));
  if (errors.length > 0) throw new Refusal(common.invalid_input, { errors });
  return { account_number: number, [rule.code]: code };
}

const plain = (value: string) => value.replaceAll(/[\s-]/g, '').toUpperCase();

const problem = (field: string, message: string): FieldError => ({
  field,
  code: `invalid_${field}`,
  message,
});

/** What an account's details are sealed as. */
export const aboutDetails = (accountId: string) => `money.payout_accounts.details/${accountId}`;
