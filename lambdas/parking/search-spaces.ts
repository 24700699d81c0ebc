import * as z from 'zod/mini';
import { feeOn } from '../booking/booking.ts';
import { cursorOf } from '../kernel/cursor.ts';
import { amount, flag, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { fileUrl } from '../kernel/stored-files.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { areaOf, checkCriteria, criteria, criteriaRefusals, filtersOf } from './criteria.ts';
import { whyFound } from './explain.ts';
import { findNearest, findTitled } from './find-spaces.ts';
import { Space } from './parking.ts';
import { reasons } from './reasons.ts';

const { photos: _, ...shown } = Space.shape;

const FoundSpace = z.object({
  ...shown,
  /** Metres along the sphere, from the point or the middle of the map. */
  distance_m: z.number().check(z.meta({ examples: [412.7] })),
  /** What the window costs. Null where none was given. */
  subtotal_amount: z.nullable(amount),
  fee_amount: z.nullable(amount),
  total_amount: z.nullable(amount),
  photo_url: z.nullable(
    text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…'),
  ),
  /** With `explain`: why it is found, and why here. */
  why: z.optional(z.array(z.object({ code: text(1, 60, 'near'), text: text(1, 200, '413 m away.') }))),
});

/** What the database says of the vehicle, with each space and where there is none. Null without a vehicle or a window. */
const told = { vehicle_busy: z.nullable(z.boolean()) };

const FoundRow = z.object({
  ...shown,
  distance_m: z.number(),
  sort_key: z.number(),
  subtotal_amount: z.nullable(z.int()),
  fee_basis_points: z.int(),
  free_units: z.nullable(z.int()),
  cover_object: z.nullable(z.string()),
  ...told,
});

const Row = z.union([FoundRow, z.object({ id: z.null(), ...told })]);

const FoundPage = z.extend(page(FoundSpace), {
  /** Whether the vehicle is free in the window: false means that none of these can be booked with it. Null without a vehicle or a window. */
  vehicle_available: z.nullable(flag),
});

/**
 * Finds spaces around a point or on a map: nearest first, or by price or rating among the 500 nearest; with
 * words, only those whose title is about them. With `from` and `to` only
 * those that are free for that time, each with its price. Nobody is offered spaces of their own.
 */
export const searchSpaces = useCase({
  route: 'GET /api/v1/parking/spaces',
  module: 'parking',
  summary: 'Search parking spaces',
  access: everyone(),
  input: z.strictObject({
    ...criteria,
    sort: z._default(
      z.enum(['distance', 'price', 'rating']).check(z.meta({ examples: ['distance'] })),
      'distance',
    ),
    explain: z._default(flag, false),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.number(), z.uuid()]))),
  }),
  output: FoundPage,
  refusals: { ...criteriaRefusals, vehicle_not_yours: reasons.vehicle_not_yours },
  needs: ['stored-files'],
  async run({ sort, explain, limit, cursor, ...wanted }, { db, marketplace, now }) {
    checkCriteria(wanted, now);
    const { latitude, longitude, radius_m, bounds } = areaOf(wanted);
    const { from = null, to = null, vehicle_id = null, q, max_total_amount = null } = wanted;
    const [after_key, after_id] = cursor ?? [null, null];
    const asked = {
      ...{ latitude, longitude, radius_m, vehicle_id, max_total_amount, sort, explain, after_key, after_id },
      starts_at: from,
      ends_at: to,
      size: limit + 1,
      seconds: from === null || to === null ? null : Math.ceil((Date.parse(to) - Date.parse(from)) / 1000),
      filters: filtersOf(wanted, bounds),
      points: marketplace.fees.customer_basis_points,
    };
    const { items, next_cursor } = await db.page(
      q === undefined ? findNearest(asked) : findTitled(q, asked),
      Row,
      limit,
      row => (row.id === null ? [] : [row.sort_key, row.id]),
    );
    const busy = items[0]?.vehicle_busy ?? null;
    return {
      vehicle_available: busy === null ? null : !busy,
      items: items
        .filter(row => row.id !== null)
        .map(row => {
          const fee = row.subtotal_amount === null ? null : feeOn(row.subtotal_amount, row.fee_basis_points);
          return {
            ...row,
            fee_amount: fee,
            total_amount: row.subtotal_amount === null || fee === null ? null : row.subtotal_amount + fee,
            photo_url: row.cover_object === null ? null : fileUrl(row.cover_object, now),
            ...(explain ? { why: whyFound(row, { sort, ...wanted }) } : {}),
          };
        }),
      next_cursor,
    };
  },
});

export const handler = http(searchSpaces);
