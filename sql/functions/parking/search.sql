-- What a search asks of each space on its way. What needs no table is in functions; what looks something up stands in the
-- statement, since a function would begin a query of its own for each space.

-- What a search comes to, in the form in which it is asked of every space. asked: the fields of `parking.search_terms` up to
-- `after_id`. Refuses with vehicle_not_yours.
create or replace function parking.search_terms(asked jsonb) returns parking.search_terms
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare terms parking.search_terms := jsonb_populate_record(null::parking.search_terms, asked);
begin
  terms.here := app.point(terms.latitude, terms.longitude);
  terms.filters := nullif(terms.filters, 'null');
  terms.moment := app.now();
  terms.basis_points := parking.fee_basis_points(terms.points);
  if terms.vehicle_id is not null then
    select v.length_inches, v.width_inches, v.height_inches into terms.length_inches, terms.width_inches, terms.height_inches
    from parking.vehicles v
    where v.id = terms.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
    if not found then perform app.refuse('vehicle_not_yours'); end if;
    if terms.seconds is not null then
      terms.vehicle_busy := booking.free_units(terms.vehicle_id, 1, tstzrange(terms.starts_at, terms.ends_at)) < 1;
    end if;
  end if;
  if terms.seconds is not null then
    -- Read here at once, as `booking.horizon` and `app.setting` would one by one: each of those costs as much as several spaces.
    select max(t.value::float8) filter (where t.key = 'max_booking_hours') * 3600,
           booking.horizon_in(max(t.value::integer) filter (where t.key = 'booking_horizon_days'))
    into terms.longest, terms.horizon
    from app.settings t
    where t.marketplace = app.marketplace() and t.key in ('max_booking_hours', 'booking_horizon_days') and t.is_active;
  end if;
  return terms;
end $$;

-- Whether a space takes what a search asks for, but for its hours, what is taken of it and what it costs: with room for the vehicle,
-- for that long and that soon.
create or replace function parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer,
  max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer) returns boolean
language sql stable parallel safe as $$
  select parking.misfit(asked.length_inches, asked.width_inches, asked.height_inches, is_covered, max_length_cm, max_width_cm,
      max_height_cm) is null
    and (asked.seconds is null
      or asked.seconds >= shortest * 3600 and asked.seconds <= least(longest * 3600, asked.longest)
        and asked.ends_at <= asked.horizon and asked.starts_at >= asked.moment + make_interval(hours => notice))
$$;

-- Whether a space is what somebody asks for: { surface, is_covered, has_ev_charging, charging_connector_type,
-- has_security_camera, has_lighting, instant_booking_enabled, amenities, max_hourly_rate, min_rating, bounds }, each where it is
-- asked for.
create or replace function parking.meets(wanted jsonb, surface text, is_covered boolean, has_ev_charging boolean,
  charging_connector_type text, has_security_camera boolean, has_lighting boolean, instant_booking_enabled boolean,
  amenities text[], hourly_rate bigint, rating numeric, point geography) returns boolean
language plpgsql stable parallel safe as $$
begin
  return coalesce(
    (not wanted ? 'surface' or surface = wanted ->> 'surface')
    and (not wanted ? 'is_covered' or is_covered = (wanted ->> 'is_covered')::boolean)
    and (not wanted ? 'has_ev_charging' or has_ev_charging = (wanted ->> 'has_ev_charging')::boolean)
    and (not wanted ? 'charging_connector_type' or charging_connector_type = wanted ->> 'charging_connector_type')
    and (not wanted ? 'has_security_camera' or has_security_camera = (wanted ->> 'has_security_camera')::boolean)
    and (not wanted ? 'has_lighting' or has_lighting = (wanted ->> 'has_lighting')::boolean)
    and (not wanted ? 'instant_booking_enabled'
      or instant_booking_enabled = (wanted ->> 'instant_booking_enabled')::boolean)
    and (not wanted ? 'amenities' or to_jsonb(amenities) @> (wanted -> 'amenities'))
    and (not wanted ? 'max_hourly_rate' or hourly_rate <= (wanted ->> 'max_hourly_rate')::bigint)
    and (not wanted ? 'min_rating' or rating >= (wanted ->> 'min_rating')::numeric)
    and (not wanted ? 'bounds' or parking.is_within(point, wanted -> 'bounds')), false);
end $$;

-- The nearest 500 spaces of a circle whose title is about these words, by the English dictionary, and those of the nearest 2000 whose
-- title is spelt much alike. Rare words are looked up in their index; common ones are met soon by walking outwards.
create or replace function parking.titled(q text, here geography, radius float8)
returns table (space_id uuid, distance_m float8)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare words tsquery := websearch_to_tsquery('english', q); rare uuid[];
begin
  rare := array(
    select s.id from parking.spaces s
    where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
      and s.marketplace = app.marketplace() and s.title_words @@ words
    limit 2001);
  if cardinality(rare) <= 2000 then
    return query
      select s.id, s.location <-> here from parking.spaces s
      where s.id = any (rare) and s.location <-> here <= radius order by s.location <-> here limit 500;
  else
    return query
      select s.id, s.location <-> here from parking.spaces s
      where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
        and s.marketplace = app.marketplace() and s.location && _st_expand(here, radius) and s.location <-> here <= radius
        and coalesce(s.title_words @@ words, false)
      order by s.location <-> here limit 500;
  end if;
  return query
    select near.id, near.distance_m
    from (
      select s.id, s.title, s.title_words, s.location <-> here as distance_m from parking.spaces s
      where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
        and s.marketplace = app.marketplace() and s.location && _st_expand(here, radius) and s.location <-> here <= radius
      order by s.location <-> here limit 2000) as near
    where near.title %> q and not near.title_words @@ words;
end $$;

grant execute on function parking.search_terms(jsonb),
  parking.suits(parking.search_terms, boolean, integer, integer, integer, integer, integer, integer),
  parking.meets(jsonb, text, boolean, boolean, text, boolean, boolean, boolean, text[], bigint, numeric, geography),
  parking.titled(text, geography, float8) to vicinity_api;
