import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { common, Refusal } from '../kernel/refusal.ts';

/**
 * A phone number in E.164: `0917 555 0123` in the Philippines is `+639175550123`. Throws invalid_input that names `phone`.
 *
 * @param country ISO 3166-1 alpha-2, for a number without a country code
 */
export function toE164(text: string, country: string): string {
  const number = parsePhoneNumberFromString(text, {
    defaultCountry: country as CountryCode,
    extract: false,
  });
  if (number?.isValid()) return number.number;
  throw new Refusal(common.invalid_input, {
    errors: [{ field: 'phone', code: 'invalid_phone', message: 'must be a phone number' }],
  });
}
