import { type Statement, sql } from '../kernel/sql.ts';

/** What a search asks of the database. Null is not asked. */
export type Asked = {
  latitude: number;
  longitude: number;
  radius_m: number;
  from: string | null;
  to: string | null;
  /** How long the window is. */
  seconds: number | null;
  vehicle_id: string | null;
  max_total_amount: number | null;
  /** For `parking.meets`. */
  filters: Record<string, unknown> | null;
  sort: 'distance' | 'price' | 'rating';
  explain: boolean;
  /** The marketplace's fee, where no setting says another. */
  points: number;
  limit: number;
  /** The sort key and id behind which the page begins. */
  key: number | null;
  last: string | null;
};

/** Finds spaces in a circle: by `sort` among all of them for the distance, and among the 500 nearest for a price or a rating. */
export function findNearest(asked: Asked): Statement {
  return sql`
    select (f.space).*, f.distance_m, f.subtotal_amount, f.sort_key, f.fee_basis_points, f.free_units
    from parking.find_nearest(${asked}::jsonb) as f`;
}

/** The same among those whose title is about some words: `parking.titled` has bounded how many those are. */
export function findTitled(q: string, asked: Asked): Statement {
  const { latitude, longitude, radius_m, from, to, seconds, vehicle_id, max_total_amount, filters } = asked;
  const { sort, explain, points, limit, key, last } = asked;
  // Nothing that `parking.suits` would look at.
  const plain = from === null && vehicle_id === null;
  return sql`
    select found.*, (select parking.fee_basis_points(${points}::integer)) as fee_basis_points,
           case when ${explain}::boolean and ${from}::timestamptz is not null then booking.free_units(
             found.id, found.capacity, tstzrange(${from}::timestamptz, ${to}::timestamptz)) end as free_units
    from (
      select s.*, near.distance_m, price.amount as subtotal_amount,
             case ${sort}::text when 'price' then coalesce(price.amount, s.hourly_rate)::float8
                                when 'rating' then -coalesce(s.rating, 0)::float8
                                else near.distance_m end as sort_key
      from parking.titled(${q}::text, app.point(${latitude}::float8, ${longitude}::float8), ${radius_m}::float8) as near
      join parking.public_spaces s on s.id = near.space_id
      left join lateral parking.price_of(s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, ${seconds}::bigint)
        as price on ${seconds}::bigint is not null
      where (${filters}::jsonb is null or parking.meets(${filters}::jsonb, s.surface, s.is_covered, s.has_ev_charging,
          s.charging_connector_type, s.has_security_camera, s.has_lighting, s.instant_booking_enabled, s.amenities,
          s.hourly_rate, s.rating, s.point))
        and (${plain}::boolean or parking.suits((select parking.search_terms(${from}::timestamptz, ${to}::timestamptz, ${vehicle_id}::uuid,
              ${max_total_amount}::bigint, ${points}::integer)),
            s.is_covered, s.max_vehicle_length_cm, s.max_vehicle_width_cm, s.max_vehicle_height_cm, s.minimum_booking_hours,
            s.maximum_booking_hours, s.advance_booking_hours, s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate))
        and (${seconds}::bigint is null or exists (
              select from booking.listed_resources r
              where r.id = s.id and (${to}::timestamptz <= r.always_open_until or exists (
                select from booking.open_hours o
                where o.resource_id = s.id and o.opens_at <= ${from}::timestamptz and o.closes_at >= ${to}::timestamptz)))
            and s.capacity > (
              select count(distinct o.unit) from booking.occupied o
              where o.resource_id = s.id and o.unit <= s.capacity
                and upper(o.during) > ${from}::timestamptz - make_interval(mins => s.buffer_before_minutes)
                and lower(o.during) < ${to}::timestamptz + make_interval(mins => s.buffer_after_minutes)))
    ) as found
    where ${last}::uuid is null or (found.sort_key, found.id) > (${key}::float8, ${last}::uuid)
    order by found.sort_key, found.id
    limit ${limit + 1}::integer`;
}
