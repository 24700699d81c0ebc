-- Lists a space of the person of this transaction in their marketplace: at once visible to everybody, or once staff have
-- approved it where the marketplace asks for that. Zone and currency are the marketplace's. Refuses with city_not_supported,
-- too_long_at_least, and by the constraints of `parking.spaces`.
--
-- details: every column of `parking.spaces` and `parking.space_secrets` that a client writes; `location` as on the wire.
create or replace function parking.list_space(details jsonb) returns setof parking.my_spaces
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces := jsonb_populate_record(null::parking.spaces, details - 'location');
begin
  perform parking.check_city(space.city);
  perform parking.check_shortest(space.minimum_booking_hours);
  select m.slug, m.currency, m.time_zone into strict space.marketplace, space.currency, space.time_zone
  from app.marketplaces m where m.slug = app.marketplace();
  space.id := app.uuid_v7();
  space.owner_id := app.actor();
  space.location := app.point((details #>> '{location,latitude}')::float8, (details #>> '{location,longitude}')::float8);
  space.listing_status := 'active';
  space.approval_status := case when parking.needs_approval() then 'pending' else 'approved' end;
  space.version := 1;
  perform parking.write_space(space);
  insert into parking.space_secrets (space_id, marketplace, owner_id, access_instructions, special_instructions)
  values (space.id, space.marketplace, space.owner_id, details ->> 'access_instructions', details ->> 'special_instructions');
  return query select s.* from parking.my_spaces s where s.id = space.id;
end $$;

-- Refuses with city_not_supported outside of the marketplace's cities. An empty list allows every city.
create or replace function parking.check_city(city text) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare cities jsonb := coalesce(app.setting('supported_cities'), '[]');
begin
  if cities <> '[]' and not exists (
    select from jsonb_array_elements_text(cities) as supported where lower(supported) = lower(check_city.city)
  ) then
    perform app.refuse('city_not_supported');
  end if;
end $$;

-- Refuses with too_long_at_least what nobody could ever book: the marketplace's longest booking is shorter.
create or replace function parking.check_shortest(hours integer) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if hours > app.setting('max_booking_hours')::numeric then perform app.refuse('too_long_at_least'); end if;
end $$;

-- Whether staff look at a space before anybody else does.
create or replace function parking.needs_approval() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(app.setting('space_approval_required')::boolean, false)
$$;

-- Writes a space, a new one or over the one of its id, and keeps in step what is offered for booking.
create or replace function parking.write_space(space parking.spaces) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into parking.spaces as s (id, marketplace, owner_id, external_ref, title, description, address, city, state, zip_code,
    location, surface, is_covered, capacity, max_vehicle_length_cm, max_vehicle_width_cm, max_vehicle_height_cm, hourly_rate,
    daily_rate, weekly_rate, monthly_rate, currency, minimum_booking_hours, maximum_booking_hours, advance_booking_hours,
    buffer_before_minutes, buffer_after_minutes, instant_booking_enabled, has_ev_charging, charging_connector_type,
    has_security_camera, has_lighting, amenities, listing_status, time_zone, approval_status, approval_reason, reviewed_by,
    reviewed_at, deleted_at, version)
  values (space.id, space.marketplace, space.owner_id, space.external_ref, space.title, space.description, space.address,
    space.city, space.state, space.zip_code, space.location, space.surface, space.is_covered, space.capacity,
    space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm, space.hourly_rate, space.daily_rate,
    space.weekly_rate, space.monthly_rate, space.currency, space.minimum_booking_hours, space.maximum_booking_hours,
    space.advance_booking_hours, space.buffer_before_minutes, space.buffer_after_minutes, space.instant_booking_enabled,
    space.has_ev_charging, space.charging_connector_type, space.has_security_camera, space.has_lighting, space.amenities,
    space.listing_status, space.time_zone, space.approval_status, space.approval_reason, space.reviewed_by, space.reviewed_at,
    space.deleted_at, space.version)
  on conflict on constraint spaces_pkey do update set title = excluded.title, description = excluded.description,
    address = excluded.address, city = excluded.city, state = excluded.state, zip_code = excluded.zip_code,
    location = excluded.location, surface = excluded.surface, is_covered = excluded.is_covered, capacity = excluded.capacity,
    max_vehicle_length_cm = excluded.max_vehicle_length_cm, max_vehicle_width_cm = excluded.max_vehicle_width_cm,
    max_vehicle_height_cm = excluded.max_vehicle_height_cm, hourly_rate = excluded.hourly_rate,
    daily_rate = excluded.daily_rate, weekly_rate = excluded.weekly_rate, monthly_rate = excluded.monthly_rate,
    minimum_booking_hours = excluded.minimum_booking_hours, maximum_booking_hours = excluded.maximum_booking_hours,
    advance_booking_hours = excluded.advance_booking_hours, buffer_before_minutes = excluded.buffer_before_minutes,
    buffer_after_minutes = excluded.buffer_after_minutes, instant_booking_enabled = excluded.instant_booking_enabled,
    has_ev_charging = excluded.has_ev_charging, charging_connector_type = excluded.charging_connector_type,
    has_security_camera = excluded.has_security_camera, has_lighting = excluded.has_lighting, amenities = excluded.amenities,
    listing_status = excluded.listing_status, approval_status = excluded.approval_status,
    approval_reason = excluded.approval_reason, reviewed_by = excluded.reviewed_by, reviewed_at = excluded.reviewed_at,
    deleted_at = excluded.deleted_at, version = s.version + 1;
  perform booking.keep_resource(jsonb_build_object('id', space.id, 'module', 'parking', 'owner_id', space.owner_id,
    'time_zone', space.time_zone, 'capacity', space.capacity,
    'is_listed', space.listing_status = 'active' and space.approval_status = 'approved' and space.deleted_at is null,
    'buffer_before', space.buffer_before_minutes * 60, 'buffer_after', space.buffer_after_minutes * 60,
    'minimum_seconds', space.minimum_booking_hours * 3600, 'maximum_seconds', space.maximum_booking_hours * 3600,
    'notice_seconds', space.advance_booking_hours * 3600));
end $$;

grant execute on function parking.list_space(jsonb) to vicinity_api;
