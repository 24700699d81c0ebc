-- Of the time of one unit only what ends first after a moment can be in the way, since nothing in it overlaps: found by one step in
-- this index, with all that a search asks of it. The index that it replaces led to all that is taken of a resource.
create index reservations_unit_idx on booking.reservations (resource_id, unit, upper(during)) include (during, expires_at);
drop index booking.reservations_resource_id_idx;

-- What is not open to everybody at all times: for the rest a search looks nothing up.
create index resources_exceptions_idx on booking.resources (id) include (is_listed, always_open_until)
  where not is_listed or always_open_until < 'infinity';

drop function if exists parking.find_nearest(jsonb);
drop function if exists parking.suits(parking.search_terms, boolean, integer, integer, integer, integer, integer, integer, bigint,
  bigint, bigint, bigint);
drop function if exists parking.search_terms(timestamptz, timestamptz, uuid, bigint, integer);
drop type parking.search_terms;

-- What is asked of a search, and what that comes to, worked out once: `longest` in seconds, the vehicle's sides in inches. Null is
-- not asked.
create type parking.search_terms as (latitude float8, longitude float8, radius_m float8, starts_at timestamptz, ends_at timestamptz,
  seconds bigint, vehicle_id uuid, max_total_amount bigint, filters jsonb, sort text, explain boolean, points integer, size integer,
  after_key float8, after_id uuid, here geography, moment timestamptz, longest float8, horizon timestamptz, basis_points integer,
  length_inches integer, width_inches integer, height_inches integer);

-- What a search tells of a space: no more than is shown.
create type parking.found_space as (id uuid, title varchar, description varchar, address varchar, city varchar, state varchar,
  zip_code varchar, location jsonb, surface text, is_covered boolean, capacity integer, max_vehicle_length_cm integer,
  max_vehicle_width_cm integer, max_vehicle_height_cm integer, hourly_rate bigint, daily_rate bigint, weekly_rate bigint,
  monthly_rate bigint, minimum_booking_hours integer, maximum_booking_hours integer, advance_booking_hours integer,
  buffer_before_minutes integer, buffer_after_minutes integer, instant_booking_enabled boolean, has_ev_charging boolean,
  charging_connector_type text, has_security_camera boolean, has_lighting boolean, amenities text[], currency text, time_zone text,
  rating numeric, review_count integer, created_at timestamptz, updated_at timestamptz, cover_object varchar, distance_m float8,
  subtotal_amount bigint, sort_key float8, fee_basis_points integer, free_units integer);
