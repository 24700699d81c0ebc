import * as z from 'zod/mini';
import type { Criteria } from './criteria.ts';
import { listingRefusals, specOf } from './reasons.ts';

type Found = {
  distance_m: number;
  hourly_rate: number;
  subtotal_amount: number | null;
  currency: string;
  rating: number | null;
  free_units: number | null;
  capacity: number;
  vehicle_busy: boolean | null;
};
type Asked = Criteria & { sort: 'distance' | 'price' | 'rating' };

/** Why a space is among the results, and what its place among them comes from. */
export function whyFound(row: Found, asked: Asked): { code: string; text: string }[] {
  const metres = `${Math.round(row.distance_m)} m away`;
  const rated = row.rating === null ? 'Not rated yet' : `Rated ${row.rating}`;
  const rank = {
    distance: { code: 'near', text: `${metres}: the nearest come first.` },
    price: { code: 'cheap', text: `${priceOf(row)}: the cheapest of those near come first.` },
    rating: { code: 'rated', text: `${rated}: the best of those near come first.` },
  }[asked.sort];
  const more = [
    asked.sort !== 'distance' && { code: 'near', text: `${metres}.` },
    row.free_units !== null && {
      code: 'free',
      text: `${row.free_units} of ${row.capacity} free for all of that time.`,
    },
    asked.vehicle_id !== undefined && { code: 'fits', text: 'Your vehicle fits.' },
    row.vehicle_busy === true && { code: 'vehicle_busy', text: specOf('vehicle_busy').message },
    asked.q !== undefined && { code: 'words', text: 'The title is about what you look for.' },
    asked.min_rating !== undefined && asked.sort !== 'rating' && { code: 'rated', text: `${rated}.` },
  ];
  return [rank, ...more.filter(reason => reason !== false)];
}

/** In minor units, as everywhere: whoever shows it knows how the currency is written. */
const priceOf = ({ subtotal_amount, hourly_rate, currency }: Found) =>
  subtotal_amount === null
    ? `${hourly_rate} minor units of ${currency} an hour`
    : `${subtotal_amount} minor units of ${currency} before fees`;

/** What a listed space has to be judged by. */
export const Explained = z.object({
  surface: z.nullable(z.string()),
  is_covered: z.boolean(),
  has_ev_charging: z.boolean(),
  charging_connector_type: z.nullable(z.string()),
  has_security_camera: z.boolean(),
  has_lighting: z.boolean(),
  instant_booking_enabled: z.boolean(),
  amenities: z.array(z.string()),
  hourly_rate: z.int(),
  rating: z.nullable(z.number()),
  distance_m: z.number(),
  is_within: z.boolean(),
  has_words: z.boolean(),
  /** Why nobody is offered it, whatever they look for. */
  unlisted: z.nullable(z.enum(['space_paused', 'space_suspended', 'space_not_approved'])),
  is_mine: z.boolean(),
  closed: z.nullable(z.string()),
  misfit: z.nullable(z.string()),
  /** Null without a vehicle or a window. */
  vehicle_busy: z.nullable(z.boolean()),
  subtotal_amount: z.nullable(z.int()),
  fee_basis_points: z.int(),
});

/** What a client can ask of a space by its own name for it. */
const FEATURES = [
  'surface',
  'is_covered',
  'has_ev_charging',
  'charging_connector_type',
  'has_security_camera',
  'has_lighting',
  'instant_booking_enabled',
] as const;

/** Every criterion that a space does not meet, and whatever else keeps the caller from booking it. */
export function whyNotFound(
  space: z.output<typeof Explained> & { total_amount: number | null },
  wanted: Criteria,
  radius: number,
): { code: string; title: string }[] {
  const { max_hourly_rate: rate, max_total_amount: total, min_rating: rating } = wanted;
  const missing = (wanted.amenities ?? []).filter(name => !space.amenities.includes(name));
  const found = [
    space.unlisted !== null && { code: space.unlisted, title: listingRefusals[space.unlisted].message },
    space.is_mine && told('own_space'),
    space.distance_m > radius && { code: 'too_far', title: `It is more than ${radius} m away.` },
    !space.is_within && { code: 'outside_map', title: 'It lies outside of the map.' },
    !space.has_words && { code: 'words', title: 'Its title is about something else.' },
    ...FEATURES.map(
      name =>
        wanted[name] !== undefined &&
        space[name] !== wanted[name] && {
          code: name,
          title: `Its ${name} is ${space[name] ?? 'not known'}.`,
        },
    ),
    ...missing.map(name => ({ code: 'amenities', title: `It has no ${name}.` })),
    rate !== undefined &&
      space.hourly_rate > rate && { code: 'max_hourly_rate', title: 'An hour costs more.' },
    total !== undefined &&
      (space.total_amount ?? 0) > total && {
        code: 'max_total_amount',
        title: 'It costs more for that time.',
      },
    rating !== undefined &&
      (space.rating ?? 0) < rating && { code: 'min_rating', title: 'It is rated lower, or not at all.' },
    space.closed !== null && told(space.closed),
    space.misfit !== null && {
      code: 'vehicle_does_not_fit',
      title: `Your vehicle is too large: ${space.misfit}.`,
    },
    space.vehicle_busy === true && told('vehicle_busy'),
  ];
  return found.filter(reason => reason !== false);
}

const told = (code: string) => ({ code: specOf(code).code, title: specOf(code).message });
