-- Asks for the navigation once more, for the driver of a booking that is on. Refuses with not_found, no_tesla, booking_over,
-- too_many_requests.
create or replace function parking.request_navigation(booking_id uuid) returns setof parking.tesla_trips
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; asked parking.tesla_trips;
begin
  select t.* into b from booking.bookings t
  where t.id = request_navigation.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor();
  if b.id is null then perform app.refuse('not_found'); end if;
  if b.ends_at <= app.now() or not exists (select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform app.refuse('booking_over');
  end if;
  -- The calls of the hour are everybody's.
  if app.draw('parking.navigation/' || b.id, 5, interval '1 hour') is not null then perform app.refuse('too_many_requests'); end if;
  update parking.tesla_trips t set navigation_status = 'waiting', navigation_tries = 0, claimed_until = null, last_error = null
  where t.booking_id = b.id returning t.* into asked;
  if asked.booking_id is null then perform app.refuse('no_tesla'); end if;
  perform app.cancel_timer('parking.send_navigation', b.id);
  perform parking.announce_navigation(b.id);
  return next asked;
end $$;

-- Gives the navigation of a booking to one caller for two minutes: whom to act for, which vehicle, where to. No row when there is
-- nothing to send, when another is at it, or when the calls of this hour are used up, which sets the timer anew.
create or replace function parking.claim_navigation(booking_id uuid)
returns table (user_id uuid, vehicle_tag text, latitude float8, longitude float8)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare wait integer;
begin
  update parking.tesla_trips t set claimed_until = app.now() + interval '2 minutes'
  where t.booking_id = $1 and t.marketplace = app.marketplace() and t.navigation_status = 'waiting'
    and (t.claimed_until is null or t.claimed_until <= app.now());
  if not found then return; end if;
  wait := parking.take_tesla_call(0);
  if wait is not null then
    perform parking.note_tesla($1, 'navigation', 'held_back', 'tesla_api_rate_limit');
    perform app.set_timer('parking.send_navigation', $1, app.now() + make_interval(secs => wait));
    update parking.tesla_trips t set claimed_until = null where t.booking_id = $1;
    return;
  end if;
  return query
    select t.user_id, coalesce(v.vin, v.tesla_vehicle_id::text)::text, st_y(b.location::geometry), st_x(b.location::geometry)
    from parking.tesla_trips t
    join booking.bookings b on b.id = t.booking_id
    join parking.vehicles v on v.id = t.vehicle_id
    where t.booking_id = $1;
end $$;

-- Writes what came of it. A failure that passes is tried again, eight times at most; then the driver finds it on the booking.
-- answer: {}, or { error, kind: 'asleep' | 'limited' | 'passing' | 'refused', retry_after? (seconds) }; `region` where the account has moved.
create or replace function parking.settle_navigation(booking_id uuid, answer jsonb) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare trip parking.tesla_trips; pause integer; gives_up boolean;
begin
  select t.* into trip from parking.tesla_trips t where t.booking_id = settle_navigation.booking_id for update;
  perform identity.keep_tesla_region(trip.user_id, answer ->> 'region');
  if trip.navigation_status <> 'waiting' then return trip.navigation_status; end if;
  if not answer ? 'error' then
    perform parking.note_tesla(trip.booking_id, 'navigation', 'succeeded');
    update parking.tesla_trips t set navigation_status = 'sent', navigation_sent_at = app.now(), claimed_until = null, last_error = null
    where t.booking_id = trip.booking_id;
    return 'sent';
  end if;
  perform parking.note_tesla(trip.booking_id, 'navigation',
    case when answer ->> 'kind' = 'limited' then 'held_back' else 'failed' end, answer ->> 'error');
  gives_up := answer ->> 'kind' = 'refused' or trip.navigation_tries >= 7;
  update parking.tesla_trips t set navigation_tries = t.navigation_tries + 1, claimed_until = null, last_error = answer ->> 'error',
    navigation_status = case when gives_up then 'failed' else 'waiting' end
  where t.booking_id = trip.booking_id;
  if gives_up then
    perform app.emit('parking.navigation_failed', (
      select jsonb_build_object('booking_id', b.id, 'user_id', trip.user_id, 'number', b.number,
        'resource_name', b.resource_name, 'error', answer ->> 'error')
      from booking.bookings b where b.id = trip.booking_id));
    return 'failed';
  end if;
  -- A vehicle that was woken is there within a minute; an outage may last.
  pause := coalesce((answer ->> 'retry_after')::integer,
    case when answer ->> 'kind' = 'asleep' then 20 else 30 * 2 ^ trip.navigation_tries end);
  perform app.set_timer('parking.send_navigation', trip.booking_id, app.now() + make_interval(secs => pause));
  return 'waiting';
end $$;

grant execute on function parking.request_navigation(uuid) to vicinity_api;
grant execute on function parking.claim_navigation(uuid), parking.settle_navigation(uuid, jsonb) to vicinity_worker;
