-- Gives the vehicles that are due to be read to one caller for two minutes, each with one of the hour's calls; twenty of those are
-- left to navigation. Where there is none, the vehicle waits, and those that have waited longest come first.
create or replace function parking.claim_readings(batch integer)
returns table (booking_id uuid, user_id uuid, vehicle_tag text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare due record; wait integer;
begin
  for due in
    select t.booking_id, t.marketplace, t.user_id, coalesce(v.vin, v.tesla_vehicle_id::text)::text as tag, b.ends_at
    from parking.tesla_trips t
    join parking.vehicles v on v.id = t.vehicle_id
    join booking.bookings b on b.id = t.booking_id
    where t.read_at <= app.now() and (t.claimed_until is null or t.claimed_until <= app.now())
    order by t.read_at limit batch for update of t skip locked
  loop
    perform set_config('app.marketplace', due.marketplace, true);
    -- Who stays so long is found by the booking's own clock.
    if due.ends_at < app.now() - interval '2 hours' then
      update parking.tesla_trips t set read_at = null where t.booking_id = due.booking_id;
      continue;
    end if;
    wait := parking.take_tesla_call(20);
    if wait is null then
      update parking.tesla_trips t set claimed_until = app.now() + interval '2 minutes' where t.booking_id = due.booking_id;
      return query select due.booking_id, due.user_id, due.tag;
    else
      perform parking.note_tesla(due.booking_id, 'position', 'held_back', 'tesla_api_rate_limit');
      update parking.tesla_trips t set read_at = app.now() + make_interval(secs => wait) where t.booking_id = due.booking_id;
    end if;
  end loop;
end $$;

-- Writes what a reading told: arrival, parking, departure, and when to look again. The position itself is not kept. Returns 'arrival' or
-- 'departure' where the booking is behind its vehicle: then `parking.follow_vehicle` is to be called, in a transaction of its own,
-- since whoever steps a booking locks it before its trip.
-- reading: { latitude, longitude, shift_state, autopark_state, autopark_error }, or as `parking.settle_navigation` takes a failure, and `region`
-- as there.
--
-- A vehicle has come when it is within 75 m, and has gone when three readings in a row find it beyond 150 m: what lies between is the
-- error of a position. A vehicle that sleeps has not moved. With more than twelve hours to go the driver may come back.
create or replace function parking.settle_reading(booking_id uuid, reading jsonb) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare trip parking.tesla_trips; b booking.bookings; flow booking.flows; distance float8;
begin
  select t.* into trip from parking.tesla_trips t where t.booking_id = settle_reading.booking_id for update;
  perform set_config('app.marketplace', trip.marketplace, true);
  perform identity.keep_tesla_region(trip.user_id, reading ->> 'region');
  select t.* into strict b from booking.bookings t where t.id = trip.booking_id;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if reading ? 'error' then
    if reading ->> 'kind' <> 'asleep' then
      perform parking.note_tesla(b.id, 'position', case when reading ->> 'kind' = 'limited' then 'held_back' else 'failed' end,
        reading ->> 'error');
      trip.last_error := reading ->> 'error';
    end if;
  elsif trip.read_at is not null then
    distance := st_distance(b.location, app.point((reading ->> 'latitude')::float8, (reading ->> 'longitude')::float8));
    trip.last_read_at := app.now();
    trip.last_error := null;
    if trip.parked_at is null then trip := parking.watch_parking(trip, reading, distance); end if;
    if trip.arrival_detected_at is null then
      if distance <= 75 then trip.arrival_detected_at := app.now(); end if;
    elsif distance > 150 then
      trip.outside_readings := trip.outside_readings + 1;
      trip.outside_since := coalesce(trip.outside_since, app.now());
      if trip.outside_readings = 3 then trip.departure_detected_at := trip.outside_since; end if;
    elsif distance <= 75 then
      trip.departure_detected_at := null;
      trip.outside_readings := 0;
      trip.outside_since := null;
    end if;
  end if;
  update parking.tesla_trips t set claimed_until = null, last_error = trip.last_error, last_read_at = trip.last_read_at,
    parked_at = trip.parked_at, auto_park_attempted = trip.auto_park_attempted,
    auto_park_successful = trip.auto_park_successful, autopark_error_before = trip.autopark_error_before,
    arrival_detected_at = trip.arrival_detected_at, departure_detected_at = trip.departure_detected_at,
    outside_readings = trip.outside_readings, outside_since = trip.outside_since,
    read_at = case when trip.read_at is not null then parking.read_again_at(trip, b, reading) end
  where t.booking_id = trip.booking_id;
  return case
    when b.status = flow.instant and trip.arrival_detected_at is not null then 'arrival'
    when b.status = flow.running and trip.departure_detected_at is not null and b.ends_at <= app.now() + interval '12 hours'
      then 'departure'
    else 'nothing' end;
end $$;

-- Notes whether the vehicle parks itself, from 300 m on until it stands. What it says of an attempt before it came is not of this one.
create or replace function parking.watch_parking(trip parking.tesla_trips, reading jsonb, distance float8)
returns parking.tesla_trips language plpgsql security definer set search_path = public, pg_temp as $$
declare failure text := coalesce(reading ->> 'autopark_error', 'no_error');
begin
  if distance > 300 or trip.autopark_error_before is null then
    trip.autopark_error_before := failure;
  end if;
  if distance > 300 then return trip; end if;
  if reading ->> 'autopark_state' ~ '^(preparing|active|in_progress|parking)' or failure not in ('no_error', trip.autopark_error_before) then
    trip.auto_park_attempted := true;
  end if;
  if distance <= 75 and coalesce(reading ->> 'shift_state', 'P') = 'P' then
    trip.parked_at := app.now();
    trip.auto_park_successful := trip.auto_park_attempted and failure in ('no_error', trip.autopark_error_before);
    if trip.auto_park_attempted then
      perform parking.note_tesla(trip.booking_id, 'auto_park', case when trip.auto_park_successful then 'succeeded' else 'failed' end,
        case when trip.auto_park_successful then '' else failure end);
    end if;
  end if;
  return trip;
end $$;

-- When a vehicle is read again: more often where something is about to happen, seldom while it stands, so that it can sleep.
create or replace function parking.read_again_at(trip parking.tesla_trips, b booking.bookings, reading jsonb) returns timestamptz
language sql stable as $$
  select app.now() + case
    when reading ->> 'kind' = 'limited' then make_interval(secs => (reading ->> 'retry_after')::integer)
    -- Only the driver can mend it.
    when reading ->> 'kind' = 'refused' then interval '15 minutes'
    when trip.arrival_detected_at is null then interval '2 minutes'
    when trip.parked_at is null then interval '1 minute'
    when trip.outside_readings > 0 then interval '2 minutes'
    when app.now() >= b.ends_at - interval '15 minutes' then interval '3 minutes'
    else interval '15 minutes' end
$$;

-- Moves a booking as its vehicle did. One that cannot take the step stays as it is and shows why. It ends at the moment at which the
-- vehicle was first seen outside: nobody pays for the time that it takes to be sure.
-- seen: 'arrival' or 'departure'.
create or replace function parking.follow_vehicle(booking_id uuid, seen text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare target text; refused text; clock text := current_setting('app.now', true); left_at timestamptz;
begin
  perform set_config('app.marketplace', b.marketplace, true) from booking.bookings b where b.id = follow_vehicle.booking_id;
  if seen = 'departure' then
    select t.departure_detected_at into left_at from parking.tesla_trips t where t.booking_id = follow_vehicle.booking_id;
  end if;
  select case seen when 'arrival' then f.running else f.completed end into target
  from booking.bookings b join booking.flows f on f.id = b.flow_id where b.id = follow_vehicle.booking_id;
  begin
    perform set_config('app.now', coalesce(left_at, app.now())::text, true);
    perform booking.transition(follow_vehicle.booking_id, target, seen || '_detected', proof => '{"by": "vehicle"}');
    perform set_config('app.now', coalesce(clock, ''), true);
    perform parking.note_tesla(follow_vehicle.booking_id, seen, 'succeeded');
  exception when sqlstate 'VC001' then
    get stacked diagnostics refused = constraint_name;
    perform parking.note_tesla(follow_vehicle.booking_id, seen, 'failed', refused);
  end;
  return target;
end $$;

grant execute on function parking.claim_readings(integer), parking.settle_reading(uuid, jsonb), parking.follow_vehicle(uuid, text)
  to vicinity_worker;
