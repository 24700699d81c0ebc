import * as z from 'zod/mini';

/**
 * The types of fields that occur everywhere, each with an example from which the API reference is made. The wire uses
 * the same names and shapes as the columns.
 */

/**
 * Characters that write nothing: control characters, and marks that turn the direction of what follows, by which a name shows
 * another than it is.
 */
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
/** The same but for what parts and indents lines. */
const UNSEEN_IN_LINES = /(?![\n\r\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** Characters from which a text is one that people write in lines. */
const LINES_FROM = 300;

/**
 * Text of `min` to `max` characters, trimmed. Refused are what PostgreSQL cannot store (NUL, a lone surrogate), control characters and
 * marks that turn the direction of the text; a text that may be long may have lines.
 */
export const text = (min: number, max: number, example: string) =>
  z.string().check(
    z.trim(),
    z.minLength(min),
    z.maxLength(max),
    z.refine(value => value.isWellFormed() && !(max < LINES_FROM ? UNSEEN : UNSEEN_IN_LINES).test(value), {
      error: 'must not contain control characters or broken ones',
    }),
    z.meta({ examples: [example] }),
  );

/** A UUID of a kind that its brand names, so that one kind of id never passes for another. */
export const id = <Brand extends string>(_brand: Brand) =>
  z
    .uuid()
    .check(z.meta({ examples: ['019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e'] }))
    .brand<Brand>();

/** An instant, ISO 8601 with an offset. Leaves as UTC with milliseconds: `2026-11-20T15:00:00.000Z`. */
export const instant = z.iso.datetime({ offset: true, abort: true }).check(
  z.overwrite(value => new Date(value).toISOString()),
  // An offset can carry a moment out of the years that ISO 8601 and PostgreSQL write alike.
  z.refine(value => /^(?!0000)\d{4}-/.test(value), { error: 'must lie in the years 1 to 9999' }),
  z.meta({ examples: ['2026-11-21T18:00:00.000Z'] }),
);

/** A day of some zone, ISO 8601. PostgreSQL has no year 0. */
export const day = z.iso.date().check(
  z.refine(value => !value.startsWith('0000'), { error: 'must lie in the years 1 to 9999' }),
  z.meta({ examples: ['2026-11-16'] }),
);

/** Degrees, WGS 84. */
export const latitude = z.number().check(z.minimum(-90), z.maximum(90), z.meta({ examples: [37.774458] }));
/** Degrees, WGS 84. */
export const longitude = z
  .number()
  .check(z.minimum(-180), z.maximum(180), z.meta({ examples: [-122.414411] }));

/** A place on Earth, WGS 84 degrees. */
export const place = z.strictObject({ latitude, longitude });

/** An amount in the minor unit of the currency that stands beside it. */
export const amount = z.int().check(z.minimum(0), z.maximum(1_000_000_000_000), z.meta({ examples: [1500] }));

/** ISO 4217. */
export const currency = z.string().check(z.regex(/^[A-Z]{3}$/), z.meta({ examples: ['USD'] }));

/** A whole number, both bounds included. */
export const count = (min: number, max: number, example: number) =>
  z.int().check(z.minimum(min), z.maximum(max), z.meta({ examples: [example] }));

/** Yes or no. */
export const flag = z.boolean().check(z.meta({ examples: [true] }));

/** How many items a page has: 20 unless told, at most 100, and fewer where they are large. */
export const limit = z._default(count(1, 100, 20), 20);

/** A page of a list. `next_cursor` is null on the last one. */
export const page = <S extends z.ZodMiniType>(item: S) =>
  z.object({
    items: z.array(item),
    next_cursor: z.nullable(z.string().check(z.meta({ examples: ['WyIyMDI2LTExLTIwIl0'] }))),
  });
