import * as z from 'zod/mini';
import { flag, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

/** A setting's name. */
export const settingKey = z.string().check(
  z.regex(/^[a-z][a-z0-9_]{1,99}$/, {
    error: 'must be a name of small letters, digits and underscores',
  }),
  z.meta({ examples: ['max_booking_hours'] }),
);

export const settingType = z
  .enum(['string', 'number', 'boolean', 'json'])
  .check(z.meta({ examples: ['number'] }));

const scalar = z.union([
  text(0, 2000, 'weekly'),
  z.number().check(z.meta({ examples: [240] })),
  z.boolean().check(z.meta({ examples: [true] })),
]);
const list = z.array(scalar).check(z.maxLength(200), z.meta({ examples: [['San Francisco', 'Oakland']] }));

/** A text, a number, a flag, a list of such, or an object of these. */
export const settingValue = z
  .union([scalar, list, z.record(text(1, 100, 'name'), z.union([scalar, list]))])
  .check(
    // A hundred such are one answer of the database.
    z.refine(value => Buffer.byteLength(JSON.stringify(value)) <= 4000, {
      error: 'must have at most 4,000 bytes as JSON',
    }),
    z.meta({ examples: [240] }),
  );

export const settingDescription = text(1, 500, 'Longest booking, in hours.');

/** A setting as anybody reads it. */
export const PublicSetting = z.object({
  key: settingKey,
  type: settingType,
  value: z.unknown().check(z.meta({ examples: [240] })),
  description: settingDescription,
});

/** The same as staff see it, with what it may be set to. */
export const Setting = z.extend(PublicSetting, {
  /** Whether anybody reads it, signed in or not. */
  is_public: flag,
  /** Of a number its bounds, which are 0 and 1,000,000,000 where nothing is said; of a text its choices; of a list what it holds. */
  allows: z.record(z.string(), z.unknown()).check(z.meta({ examples: [{ minimum: 1, maximum: 8760 }] })),
  updated_at: instant,
});

export const settingRefusals = {
  settings_value_check: refuse('wrong_type', 422, 'The value is not of the type of this setting.', 'value'),
};
