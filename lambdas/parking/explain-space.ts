import * as z from 'zod/mini';
import { feeOn } from '../booking/booking.ts';
import { amount, flag, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { areaOf, checkCriteria, criteria, criteriaRefusals } from './criteria.ts';
import { Explained, whyNotFound } from './explain.ts';
import { reasons } from './reasons.ts';

/**
 * Says of one space whether a search with these criteria offers it, and every reason why it does not; for a vehicle that is taken
 * elsewhere at that time no space is offered. One that is paused, suspended or waits for staff is explained to its owner only.
 */
export const explainSpace = useCase({
  route: 'GET /api/v1/parking/spaces/{space_id}/explanation',
  module: 'parking',
  summary: 'Explain why a search offers a space, or does not',
  access: everyone(),
  input: z.strictObject({ space_id: id('space'), ...criteria }),
  output: z.object({
    offered: flag,
    distance_m: z.number().check(z.meta({ examples: [412.7] })),
    total_amount: z.nullable(amount),
    reasons: z.array(
      z.object({ code: text(1, 60, 'slot_taken'), title: text(1, 200, 'This space is taken at that time.') }),
    ),
  }),
  refusals: { ...criteriaRefusals, vehicle_not_yours: reasons.vehicle_not_yours },
  async run({ space_id, ...wanted }, { db, marketplace, now }) {
    checkCriteria(wanted, now);
    const { latitude, longitude, radius_m, bounds } = areaOf(wanted);
    const { from = null, to = null, vehicle_id = null, q = null } = wanted;
    const seconds =
      from === null || to === null ? null : Math.ceil((Date.parse(to) - Date.parse(from)) / 1000);
    const row = await db.one(
      sql`
        select s.surface, s.is_covered, s.has_ev_charging, s.charging_connector_type, s.has_security_camera, s.has_lighting,
               s.instant_booking_enabled, s.amenities, s.hourly_rate, s.rating, s.unlisted, s.is_mine,
               st_distance(s.point, app.point(${latitude}::float8, ${longitude}::float8), false) as distance_m,
               ${bounds}::jsonb is null or parking.is_within(s.point, ${bounds}::jsonb) as is_within,
               ${q}::text is null or to_tsvector('english', s.title) @@ websearch_to_tsquery('english', ${q}::text)
                 or s.title %> ${q}::text as has_words,
               case when ${from}::timestamptz is not null then
                 booking.why_closed(s.id, tstzrange(${from}::timestamptz, ${to}::timestamptz)) end as closed,
               parking.misfit(v.size[1], v.size[2], v.size[3], s.is_covered, s.max_vehicle_length_cm,
                 s.max_vehicle_width_cm, s.max_vehicle_height_cm) as misfit,
               case when v.size is not null and ${from}::timestamptz is not null then
                 booking.free_units(${vehicle_id}::uuid, 1, tstzrange(${from}::timestamptz, ${to}::timestamptz)) < 1
               end as vehicle_busy,
               price.amount as subtotal_amount,
               parking.fee_basis_points(${marketplace.fees.customer_basis_points}::integer) as fee_basis_points
        from (
          select p.id, p.title, p.point, p.surface, p.is_covered, p.has_ev_charging, p.charging_connector_type,
                 p.has_security_camera, p.has_lighting, p.instant_booking_enabled, p.amenities, p.hourly_rate, p.daily_rate,
                 p.weekly_rate, p.monthly_rate, p.rating, p.max_vehicle_length_cm, p.max_vehicle_width_cm,
                 p.max_vehicle_height_cm, null as unlisted, p.is_mine
          from parking.public_spaces p
          union all
          select m.id, m.title, app.point((m.location ->> 'latitude')::float8, (m.location ->> 'longitude')::float8), m.surface,
                 m.is_covered, m.has_ev_charging, m.charging_connector_type, m.has_security_camera, m.has_lighting,
                 m.instant_booking_enabled, m.amenities, m.hourly_rate, m.daily_rate, m.weekly_rate, m.monthly_rate, m.rating,
                 m.max_vehicle_length_cm, m.max_vehicle_width_cm, m.max_vehicle_height_cm,
                 case when not m.is_approved then 'space_not_approved'
                      when m.listing_status = 'inactive' then 'space_paused' else 'space_suspended' end, true
          from parking.my_spaces m where m.listing_status <> 'active' or not m.is_approved
        ) s
        cross join (select parking.vehicle_size(${vehicle_id}::uuid) as size) as v
        left join lateral parking.price_of(s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, ${seconds}::bigint)
          as price on ${seconds}::bigint is not null
        where s.id = ${space_id}::uuid`,
      Explained,
    );
    const subtotal = row.subtotal_amount;
    const total = subtotal === null ? null : subtotal + feeOn(subtotal, row.fee_basis_points);
    const found = whyNotFound({ ...row, total_amount: total }, wanted, radius_m);
    return {
      offered: found.length === 0,
      distance_m: row.distance_m,
      total_amount: total,
      reasons: found,
    };
  },
});

export const handler = http(explainSpace);
