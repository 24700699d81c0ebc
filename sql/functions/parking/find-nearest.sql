-- Finds spaces in a circle, as lambdas/parking/find-spaces.ts asks; returns one row more than a page, in order, and where nothing is
-- found one row of nulls but for vehicle_busy. Refuses as `parking.search_terms` does.
--
-- Its plan is kept for the session, for planning it took twice as long as running it. That plan must not depend on what is asked, so
-- sorting is dear here: the innermost select walks the index by `<->` and stops at its limit, ties included, and ids order them
-- outside. What bounds the walk is the box that ST_DWithin itself asks of the index. What else is asked is wrapped in coalesces,
-- because the planner takes them for rare conditions, and what is looked up has an offset, because else it may hash all that there is.
--
-- What the planner takes for costly is compiled where a server does so, which takes half a second and saves nothing: not here.
--
-- With its owner's rights, so that what is taken is read from an index alone: whose spaces these are, the view has said.
create or replace function parking.find_nearest(asked jsonb) returns setof parking.found_space
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan
set enable_sort = off set jit = off as $$
declare
  terms parking.search_terms := parking.search_terms(asked);
  -- A city is not sorted by price or rating for the first twenty.
  walk integer := case terms.sort when 'distance' then terms.size else 500 end;
  nothing parking.found_space;
begin
  return query
    select s.id, s.title, s.description, s.address, s.city, s.state, s.zip_code, s.location, s.surface, s.is_covered, s.capacity,
           s.max_vehicle_length_cm, s.max_vehicle_width_cm, s.max_vehicle_height_cm, s.hourly_rate, s.daily_rate, s.weekly_rate,
           s.monthly_rate, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours, s.buffer_before_minutes,
           s.buffer_after_minutes, s.instant_booking_enabled, s.has_ev_charging, s.charging_connector_type, s.has_security_camera,
           s.has_lighting, s.amenities, s.currency, s.time_zone, s.rating, s.review_count, s.created_at, s.updated_at,
           s.cover_object, s.distance_m, s.subtotal_amount, s.sort_key, terms.basis_points,
           case when terms.explain and terms.starts_at is not null then
             booking.free_units(s.id, s.capacity, tstzrange(terms.starts_at, terms.ends_at)) end,
           terms.vehicle_busy
    from (
      select near.*, case terms.sort when 'price' then coalesce(near.subtotal_amount, near.hourly_rate)::float8
                                     when 'rating' then -coalesce(near.rating, 0)::float8
                                     else near.distance_m end as sort_key
      from (
        select s.*, s.point <-> terms.here as distance_m, price.amount as subtotal_amount
        from parking.public_spaces s
        cross join lateral (
          select (parking.price_of(s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, terms.seconds)).amount
          offset 0) as price
        where s.point && _st_expand(terms.here, terms.radius_m) and s.point <-> terms.here <= terms.radius_m and not s.is_mine
          and (terms.sort <> 'distance' or terms.after_id is null
            or (s.point <-> terms.here, s.id) > (terms.after_key, terms.after_id))
          and coalesce(terms.filters is null or parking.meets(terms.filters, s.surface, s.is_covered, s.has_ev_charging,
            s.charging_connector_type, s.has_security_camera, s.has_lighting, s.instant_booking_enabled, s.amenities,
            s.hourly_rate, s.rating, s.point), false)
          and coalesce(parking.suits(terms, s.is_covered, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
            s.max_vehicle_height_cm, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours), false)
          and coalesce(terms.seconds is null or not exists (
              select from booking.resources r
              where r.id = s.id and (not r.is_listed or r.always_open_until < 'infinity')
                and (not r.is_listed or r.always_open_until < terms.ends_at and not exists (
                  select from booking.open_times o
                  where o.resource_id = r.id and o.opens_at <= terms.starts_at and o.closes_at >= terms.ends_at
                  offset 0))
              offset 0)
            and exists (
              select from (select generate_series(1, s.capacity) as unit) as u
              where not exists (
                select from (
                  select t.during from booking.reservations t
                  where t.resource_id = s.id and t.unit = u.unit
                    and upper(t.during) > terms.starts_at - make_interval(mins => s.buffer_before_minutes)
                    and (t.expires_at is null or t.expires_at > terms.moment)
                  order by upper(t.during) limit 1) as next
                where lower(next.during) < terms.ends_at + make_interval(mins => s.buffer_after_minutes))), false)
          and coalesce(terms.max_total_amount is null
            or price.amount + parking.fee_of(price.amount, terms.basis_points) <= terms.max_total_amount, false)
        order by s.point <-> terms.here
        fetch first (walk) rows with ties
      ) as near
    ) as s
    where terms.after_id is null or (s.sort_key, s.id) > (terms.after_key, terms.after_id)
    order by s.sort_key, s.id
    limit terms.size;
  if not found then
    nothing.vehicle_busy := terms.vehicle_busy;
    return next nothing;
  end if;
end $$;

grant execute on function parking.find_nearest(jsonb) to vicinity_api;
