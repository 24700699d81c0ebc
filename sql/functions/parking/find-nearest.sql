-- Finds spaces in a circle. asked: { latitude, longitude, radius_m, from, to, seconds, vehicle_id, max_total_amount, filters, sort,
-- explain, points, limit, key, last }, as lambdas/parking/find-spaces.ts says; returns one row more than the limit, in order. Refuses
-- as `parking.search_terms` does.
--
-- Its plan is kept for the session, for planning it took twice as long as running it. That plan must not depend on what is asked, so
-- sorting is dear here: the innermost select walks the index by `<->` and stops at its limit, ties included, and ids order them
-- outside. What bounds the walk is the box that ST_DWithin itself asks of the index. What else is asked is wrapped in coalesces,
-- because the planner takes them for rare conditions.
create or replace function parking.find_nearest(asked jsonb)
returns table (space parking.public_spaces, distance_m float8, subtotal_amount bigint, sort_key float8, fee_basis_points integer,
  free_units integer)
language plpgsql stable set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_sort = off as $$
#variable_conflict use_column
declare
  here geography := app.point((asked ->> 'latitude')::float8, (asked ->> 'longitude')::float8);
  radius float8 := (asked ->> 'radius_m')::float8;
  from_ timestamptz := (asked ->> 'from')::timestamptz;
  to_ timestamptz := (asked ->> 'to')::timestamptz;
  seconds bigint := (asked ->> 'seconds')::bigint;
  filters jsonb := nullif(asked -> 'filters', 'null');
  sort text := asked ->> 'sort';
  key_ float8 := (asked ->> 'key')::float8;
  last_ uuid := (asked ->> 'last')::uuid;
  size integer := (asked ->> 'limit')::integer + 1;
  -- A city is not sorted by price or rating for the first twenty.
  walk integer := case sort when 'distance' then size else 500 end;
  points integer := parking.fee_basis_points((asked ->> 'points')::integer);
  explain boolean := (asked ->> 'explain')::boolean and from_ is not null;
  -- Nothing that `parking.suits` would look at.
  plain boolean := from_ is null and asked ->> 'vehicle_id' is null;
  terms parking.search_terms;
begin
  if not plain then
    terms := parking.search_terms(from_, to_, (asked ->> 'vehicle_id')::uuid, (asked ->> 'max_total_amount')::bigint,
      (asked ->> 'points')::integer);
  end if;
  return query
    select found.s, found.metres, found.amount, found.sorted_by, points,
           case when explain then booking.free_units((found.s).id, (found.s).capacity, tstzrange(from_, to_)) end
    from (
      select near.s, near.metres, price.amount,
             case sort when 'price' then coalesce(price.amount, (near.s).hourly_rate)::float8
                       when 'rating' then -coalesce((near.s).rating, 0)::float8
                       else near.metres end as sorted_by
      from (
        select s, s.point <-> here as metres
        from parking.public_spaces s
        where s.point && _st_expand(here, radius) and s.point <-> here <= radius
          and (sort <> 'distance' or last_ is null or (s.point <-> here, s.id) > (key_, last_))
          and coalesce(filters is null or parking.meets(filters, s.surface, s.is_covered, s.has_ev_charging,
            s.charging_connector_type, s.has_security_camera, s.has_lighting, s.instant_booking_enabled, s.amenities,
            s.hourly_rate, s.rating, s.point), false)
          and coalesce(plain or parking.suits(terms, s.is_covered, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
            s.max_vehicle_height_cm, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours, s.hourly_rate,
            s.daily_rate, s.weekly_rate, s.monthly_rate), false)
          and coalesce(seconds is null or exists (
              select from booking.listed_resources r
              where r.id = s.id and (to_ <= r.always_open_until or exists (
                select from booking.open_hours o
                where o.resource_id = s.id and o.opens_at <= from_ and o.closes_at >= to_)))
            and s.capacity > (
              select count(distinct o.unit) from booking.occupied o
              where o.resource_id = s.id and o.unit <= s.capacity
                and upper(o.during) > from_ - make_interval(mins => s.buffer_before_minutes)
                and lower(o.during) < to_ + make_interval(mins => s.buffer_after_minutes)), false)
        order by s.point <-> here
        fetch first (walk) rows with ties
      ) as near
      left join lateral parking.price_of((near.s).hourly_rate, (near.s).daily_rate, (near.s).weekly_rate, (near.s).monthly_rate,
        seconds) as price on seconds is not null
    ) as found
    where last_ is null or (found.sorted_by, (found.s).id) > (key_, last_)
    order by found.sorted_by, (found.s).id
    limit size;
end $$;

grant execute on function parking.find_nearest(jsonb) to vicinity_api;
