import * as z from 'zod/mini';
import { amount, count, flag, id, instant, latitude, longitude, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { amenities, spaceFacts } from './parking.ts';
import { windowRefusals } from './reasons.ts';

/** What somebody looks for. Either a point or map bounds, or both. */
export const criteria = {
  latitude: z.optional(latitude),
  longitude: z.optional(longitude),
  /** Metres. 2000 unless told, or as far as the bounds reach. */
  radius_m: z.optional(count(1, 50_000, 2_000)),
  north: z.optional(latitude),
  south: z.optional(latitude),
  /** West of the antimeridian and east of it where `west` is the greater. */
  east: z.optional(longitude),
  west: z.optional(longitude),
  from: z.optional(instant),
  to: z.optional(instant),
  /** One of the caller's vehicles: only spaces that it fits. */
  vehicle_id: z.optional(id('vehicle')),
  q: z.optional(text(2, 100, 'garage')),
  surface: z.optional(
    z.enum(['concrete', 'asphalt', 'gravel', 'paved']).check(z.meta({ examples: ['paved'] })),
  ),
  is_covered: z.optional(flag),
  has_ev_charging: z.optional(flag),
  charging_connector_type: z.optional(
    z.enum(['tesla', 'j1772', 'ccs', 'chademo', 'type2']).check(z.meta({ examples: ['tesla'] })),
  ),
  has_security_camera: z.optional(flag),
  has_lighting: z.optional(flag),
  instant_booking_enabled: z.optional(flag),
  /** All of these. */
  amenities: z.optional(amenities),
  max_hourly_rate: z.optional(spaceFacts.hourly_rate),
  /** For the window, fee included. */
  max_total_amount: z.optional(amount),
  min_rating: z.optional(z.number().check(z.minimum(1), z.maximum(5), z.meta({ examples: [4] }))),
};
const Criteria = z.object(criteria);
export type Criteria = z.output<typeof Criteria>;

export const criteriaRefusals = {
  ...windowRefusals,
  window_incomplete: refuse('window_incomplete', 422, 'Give both the start and the end, or neither.', 'to'),
  bounds_incomplete: refuse(
    'bounds_incomplete',
    422,
    'Give north, south, east and west, or none of them.',
    'north',
  ),
  place_required: refuse(
    'place_required',
    422,
    'Give latitude and longitude, or the bounds of a map.',
    'latitude',
  ),
  area_too_large: refuse('area_too_large', 422, 'Zoom in: nobody parks this far away.', 'north'),
  window_required: refuse(
    'window_required',
    422,
    'A total is for a time: give its start and end.',
    'max_total_amount',
  ),
};

type Bounds = { north: number; south: number; east: number; west: number };

/** Where to look: around a point, and within bounds where there are some. */
type Area = { latitude: number; longitude: number; radius_m: number; bounds: Bounds | null };

/** Nothing is let for longer, and nothing is reckoned of it. */
const LONGEST = 366 * 86_400_000;
/** Half of the widest map that is searched, in metres. */
const WIDEST = 50_000;
const EARTH = 6_371_009;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Throws the refusal of criteria that make no sense together. */
export function checkCriteria({ from, to, max_total_amount }: Criteria, now: Date): void {
  if ((from === undefined) !== (to === undefined)) throw new Refusal(criteriaRefusals.window_incomplete);
  if (from === undefined || to === undefined) {
    if (max_total_amount !== undefined) throw new Refusal(criteriaRefusals.window_required);
    return;
  }
  if (Date.parse(to) <= Date.parse(from)) throw new Refusal(windowRefusals.ends_before_start);
  if (Date.parse(to) - Date.parse(from) > LONGEST) throw new Refusal(windowRefusals.beyond_horizon);
  if (Date.parse(from) < now.getTime()) throw new Refusal(windowRefusals.starts_in_past);
}

/** The circle that is walked: the one asked for, or the one around the bounds. Throws what is missing or too large. */
export function areaOf({ latitude, longitude, radius_m, ...edges }: Criteria): Area {
  const bounds = boundsOf(edges);
  if (latitude !== undefined && longitude !== undefined) {
    const reach = bounds === null ? 2_000 : Math.min(WIDEST, farthest({ latitude, longitude }, bounds));
    return { latitude, longitude, radius_m: radius_m ?? reach, bounds };
  }
  if (bounds === null || latitude !== undefined || longitude !== undefined) {
    throw new Refusal(criteriaRefusals.place_required);
  }
  const middle = middleOf(bounds);
  const reach = farthest(middle, bounds);
  if (reach > WIDEST) throw new Refusal(criteriaRefusals.area_too_large);
  return { ...middle, radius_m: Math.min(radius_m ?? reach, reach), bounds };
}

/** What `parking.meets` asks of each space, or null where nothing is asked. */
export function filtersOf(wanted: Criteria, bounds: Bounds | null): Record<string, unknown> | null {
  const { surface, is_covered, has_ev_charging, charging_connector_type, has_security_camera, has_lighting } =
    wanted;
  const { instant_booking_enabled, amenities, max_hourly_rate, min_rating } = wanted;
  const filters = {
    surface,
    is_covered,
    has_ev_charging,
    charging_connector_type,
    has_security_camera,
    has_lighting,
    instant_booking_enabled,
    amenities,
    max_hourly_rate,
    min_rating,
    bounds: bounds ?? undefined,
  };
  return Object.values(filters).every(value => value === undefined) ? null : filters;
}

function boundsOf({ north, south, east, west }: Partial<Bounds>): Bounds | null {
  if (north !== undefined && south !== undefined && east !== undefined && west !== undefined) {
    if (north < south) throw new Refusal(criteriaRefusals.bounds_incomplete);
    return { north, south, east, west };
  }
  if ([north, south, east, west].some(edge => edge !== undefined)) {
    throw new Refusal(criteriaRefusals.bounds_incomplete);
  }
  return null;
}

function middleOf({ north, south, east, west }: Bounds): { latitude: number; longitude: number } {
  const middle = west <= east ? (west + east) / 2 : (west + east + 360) / 2;
  return { latitude: (north + south) / 2, longitude: middle > 180 ? middle - 360 : middle };
}

/** Metres to the farthest corner, with a hundredth on top for the shape of the Earth. */
function farthest(
  point: { latitude: number; longitude: number },
  { north, south, east, west }: Bounds,
): number {
  const corners = [north, south].flatMap(latitude =>
    [east, west].map(longitude => distanceOf(point, { latitude, longitude })),
  );
  return Math.ceil(Math.max(...corners) * 1.01) + 1;
}

function distanceOf(
  a: { latitude: number; longitude: number },
  b: { latitude: number; longitude: number },
): number {
  const half = (degrees: number) => Math.sin(radians(degrees) / 2) ** 2;
  const chord =
    half(b.latitude - a.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(b.longitude - a.longitude);
  return 2 * EARTH * Math.asin(Math.sqrt(Math.min(1, chord)));
}
