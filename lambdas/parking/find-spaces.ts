import { type Statement, sql } from '../kernel/sql.ts';

/** What a search asks of the database, as `parking.search_terms` reads it. Null is not asked. */
export type Asked = {
  latitude: number;
  longitude: number;
  radius_m: number;
  starts_at: string | null;
  ends_at: string | null;
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
  /** One more than a page, which tells whether there is another. */
  size: number;
  /** The sort key and id behind which the page begins. */
  after_key: number | null;
  after_id: string | null;
};

/**
 * Finds spaces in a circle that are not the caller's own: by `sort` among all of them for the distance, and among the 500 nearest for a
 * price or a rating. Where there is none, one row says by itself whether the vehicle is taken.
 */
export function findNearest(asked: Asked): Statement {
  return sql`select * from parking.find_nearest(${asked}::jsonb)`;
}

/** The same among those whose title is about some words: `parking.titled` has bounded how many those are. */
export function findTitled(q: string, asked: Asked): Statement {
  const { starts_at, ends_at, sort, explain, size, after_key, after_id } = asked;
  return sql`
    select found.*, case when ${explain}::boolean and ${starts_at}::timestamptz is not null then booking.free_units(
             found.id, found.capacity, tstzrange(${starts_at}::timestamptz, ${ends_at}::timestamptz)) end as free_units,
           (asked.terms).vehicle_busy
    from (select parking.search_terms(${asked}::jsonb) as terms offset 0) as asked
    left join lateral (
      select s.*, near.distance_m, price.amount as subtotal_amount, (asked.terms).basis_points as fee_basis_points,
             case ${sort}::text when 'price' then coalesce(price.amount, s.hourly_rate)::float8
                                when 'rating' then -coalesce(s.rating, 0)::float8
                                else near.distance_m end as sort_key
      from parking.titled(${q}::text, (asked.terms).here, (asked.terms).radius_m) as near
      join parking.public_spaces s on s.id = near.space_id
      left join lateral parking.price_of(s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, (asked.terms).seconds)
        as price on (asked.terms).seconds is not null
      where not s.is_mine
        and ((asked.terms).filters is null or parking.meets((asked.terms).filters, s.surface, s.is_covered, s.has_ev_charging,
          s.charging_connector_type, s.has_security_camera, s.has_lighting, s.instant_booking_enabled, s.amenities,
          s.hourly_rate, s.rating, s.point))
        and parking.suits(asked.terms, s.is_covered, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
          s.max_vehicle_height_cm, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours)
        and ((asked.terms).max_total_amount is null
          or price.amount + parking.fee_of(price.amount, (asked.terms).basis_points) <= (asked.terms).max_total_amount)
        and (${starts_at}::timestamptz is null or exists (
              select from booking.listed_resources r
              where r.id = s.id and (${ends_at}::timestamptz <= r.always_open_until or exists (
                select from booking.open_hours o
                where o.resource_id = s.id and o.opens_at <= ${starts_at}::timestamptz
                  and o.closes_at >= ${ends_at}::timestamptz)))
            and exists (
              select from generate_series(1, s.capacity) as u (unit)
              where not exists (
                select from (
                  select o.during from booking.occupied o
                  where o.resource_id = s.id and o.unit = u.unit
                    and upper(o.during) > ${starts_at}::timestamptz - make_interval(mins => s.buffer_before_minutes)
                  order by upper(o.during) limit 1) as next
                where lower(next.during) < ${ends_at}::timestamptz + make_interval(mins => s.buffer_after_minutes))))
    ) as found on ${after_id}::uuid is null or (found.sort_key, found.id) > (${after_key}::float8, ${after_id}::uuid)
    order by found.sort_key, found.id
    limit ${size}::integer`;
}
