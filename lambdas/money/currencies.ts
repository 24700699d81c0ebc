/**
 * Decimal digits of a currency's minor unit where they are not two (ISO 4217), as `money.currencies` has them. Amounts are
 * whole numbers of the minor unit everywhere; only what a person reads, or a gateway that wants major units, is written with
 * a point.
 */
const EXPONENTS: Readonly<Record<string, number>> = {
  ...exponents(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XCR XOF XPF'),
  ...exponents(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...exponents(4, 'CLF UYW'),
};

function exponents(digits: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map(code => [code, digits]));
}

/** How many decimal digits the minor unit of a currency has. */
export const exponentOf = (currency: string): number => EXPONENTS[currency] ?? 2;

/** The amount in major units, exactly: 1050 of USD is '10.50', of JPY '1050', of KWD '1.050'. */
export function toMajor(amount: number, currency: string): `${number}` {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is not a whole number of minor units.`);
  const digits = exponentOf(currency);
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  const sign = amount < 0 ? '-' : '';
  const whole = text.slice(0, text.length - digits);
  return `${sign}${whole}${digits > 0 ? `.${text.slice(-digits)}` : ''}` as `${number}`;
}

/** Reads major units as a gateway or a bank's file writes them. Throws a RangeError for digits that the currency has not. */
export function fromMajor(text: string, currency: string): number {
  const digits = exponentOf(currency);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  const fraction = (match?.[3] ?? '').replace(/0+$/, '');
  if (!match || fraction.length > digits) throw new RangeError(`${text} is not an amount of ${currency}.`);
  const amount = Number(`${match[1]}${match[2]}${fraction.padEnd(digits, '0')}`);
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${text} ${currency} is too much.`);
  return amount === 0 ? 0 : amount;
}

/** The amount as people of a language read it: `formatAmount(1050, 'USD', 'en-US')` is '$10.50'. Without rounding, however large. */
export function formatAmount(amount: number, currency: string, language: string): string {
  const digits = exponentOf(currency);
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(toMajor(amount, currency));
}
