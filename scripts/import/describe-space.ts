import type { Place } from './read-places.ts';

/** What a row does not say. */
export type Defaults = { city: string; state: string | undefined; hourly_rate: number };

/** Columns that the API takes by the same name. Others are left out: a file may hold more than a space has. */
const TEXTS = ['title', 'description', 'address', 'city', 'state', 'zip_code', 'surface'];
const NUMBERS = [
  'capacity',
  'hourly_rate',
  'minimum_booking_hours',
  'maximum_booking_hours',
  'advance_booking_hours',
];

/** The request that lists a row's space. What is wrong in it is left for the API to say: it knows the rules. */
export function describeSpace(
  place: Extract<Place, { fields: object }>,
  defaults: Defaults,
): Record<string, unknown> {
  const { fields } = place;
  const said = (names: readonly string[], read: (value: string) => unknown) =>
    Object.fromEntries(names.filter(name => fields[name]).map(name => [name, read(fields[name] ?? '')]));
  return {
    ...defaults,
    ...said(TEXTS, value => value),
    ...said(NUMBERS, readNumber),
    location: said(['latitude', 'longitude'], readNumber),
    external_ref: place.reference,
  };
}

const readNumber = (value: string): number | string =>
  /^[+-]?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
