-- Asks the provider of a booking for another time: the booking keeps the one that was agreed, and what the new one adds is held until
-- the answer, or its deadline. For the functions of other modules, which decide whether it may be and at what price.
--
-- details: what `booking.move` takes, and request_timeout (seconds, for a booking that needed no answer when it was made). Refuses as
-- `booking.move` does.
create or replace function booking.request_move(booking_id uuid, details jsonb, expected_version integer) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b booking.bookings; previous booking.bookings; flow booking.flows; at_new_time booking.bookings; until_ timestamptz;
  wanted booking.bookings := jsonb_populate_record(null::booking.bookings, details);
begin
  b := booking.lock_to_move(request_move.booking_id, request_move.expected_version);
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.check_move(b, flow, wanted);
  until_ := booking.answer_move_by(b, wanted, (details ->> 'request_timeout')::integer);
  at_new_time := b;
  at_new_time.starts_at := wanted.starts_at;
  at_new_time.ends_at := wanted.ends_at;
  if not booking.hold_beside(b.id, b.resource_id, (details ->> 'capacity')::integer, booking.taken_by(at_new_time), until_) then
    perform app.refuse('reservation_no_overlap');
  end if;
  if b.subject_id is not null
    and not booking.hold_beside(b.id, b.subject_id, 1, tstzrange(wanted.starts_at, wanted.ends_at), until_) then
    perform app.refuse('subject_no_overlap');
  end if;
  previous := b;
  update booking.bookings t set version = t.version + 1,
    move_request = details - 'request_timeout' || jsonb_build_object('id', app.uuid_v7(), 'expires_at', until_)
  where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, 'customer', 'move_requested', details => booking.move_wish(b.move_request));
  perform app.emit('booking.move_requested', booking.event_of(b) || booking.move_wish(b.move_request));
  return b;
end $$;

-- Accepts a request to move for the booking's provider: it moves in place, at the price that was asked with, as `booking.move` does it.
-- Whether it gets cheaper does not matter here: what the customer has asked for the provider agrees to.
--
-- Refuses with not_found, transition_not_allowed for anybody but the provider, and move_request_closed when it was answered, withdrawn
-- or ended, or has run out.
create or replace function booking.accept_move(booking_id uuid, request_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows;
begin
  b := booking.lock_move_request(accept_move.booking_id, accept_move.request_id, 'provider');
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.take_turn(b.resource_id, b.subject_id);
  perform booking.release_move(b.id);
  return booking.apply_move(b, flow, jsonb_populate_record(null::booking.bookings, b.move_request),
    (b.move_request ->> 'capacity')::integer, 'provider');
end $$;

-- Declines a request to move for the booking's provider. Refuses as `booking.accept_move` does.
create or replace function booking.decline_move(booking_id uuid, request_id uuid, reason text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return booking.close_move(booking.lock_move_request(decline_move.booking_id, decline_move.request_id, 'provider'), 'provider',
    'move_declined', decline_move.reason);
end $$;

-- Takes a request to move back for the booking's customer. Refuses as `booking.accept_move` does.
create or replace function booking.withdraw_move(booking_id uuid, request_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return booking.close_move(booking.lock_move_request(withdraw_move.booking_id, withdraw_move.request_id, 'customer'), 'customer',
    'move_withdrawn');
end $$;

-- Until when a request to move is answered: before either time begins, or, where the stay has begun, before it ends.
create or replace function booking.answer_move_by(b booking.bookings, wanted booking.bookings, seconds integer) returns timestamptz
language sql stable as $$
  select least(app.now() + make_interval(secs => coalesce(b.answer_seconds, seconds)), b.ends_at,
    case when b.started_at is null and b.starts_at > app.now() then b.starts_at end,
    case when b.started_at is null and wanted.starts_at > app.now() then wanted.starts_at end)
$$;

-- Whether a booking has a request to move that is not over yet.
create or replace function booking.asks_to_move(b booking.bookings) returns boolean language plpgsql stable as $$
begin
  return coalesce((b.move_request ->> 'expires_at')::timestamptz > app.now(), false);
end $$;

-- Locks a booking with its open request to move, for one of its parties.
create or replace function booking.lock_move_request(booking_id uuid, request_id uuid, party text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  perform booking.stop_clock(lock_move_request.booking_id);
  select t.* into b from booking.bookings t
  where t.id = lock_move_request.booking_id and t.marketplace = app.marketplace()
    and app.actor() in (t.customer_id, t.provider_id) for update;
  if not found then perform app.refuse('not_found'); end if;
  if booking.party_of(b) <> lock_move_request.party then
    perform app.refuse('transition_not_allowed', format('only the %s', lock_move_request.party));
  end if;
  if not booking.asks_to_move(b) or b.move_request ->> 'id' <> lock_move_request.request_id::text then
    perform app.refuse('move_request_closed');
  end if;
  return b;
end $$;

-- Holds what a time has beyond the reservation that a booking has of a resource, or all of it in another unit. Returns whether it could.
create or replace function booking.hold_beside(booking_id uuid, resource_id uuid, capacity integer, during tstzrange,
  expires_at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare held booking.reservations;
begin
  select r.* into strict held from booking.reservations r
  where r.booking_id = hold_beside.booking_id and r.resource_id = hold_beside.resource_id and r.kind = 'booking';
  perform booking.release_expired(hold_beside.resource_id, hold_beside.during);
  return booking.take_beside(held, hold_beside.during, 'hold', hold_beside.expires_at) is not null
    or booking.reserve(hold_beside.resource_id, hold_beside.capacity, hold_beside.during, 'hold', hold_beside.booking_id,
      hold_beside.expires_at) is not null;
end $$;

-- Releases what a request to move holds. A hold that somebody is just taking the place of, since it has run out, is left to them, as
-- `booking.free_time` does.
create or replace function booking.release_move(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from booking.reservations r where r.id in (
    select h.id from booking.reservations h where h.booking_id = release_move.booking_id and h.kind = 'hold'
    for update skip locked);
end $$;

-- Ends the request to move of a booking that its caller has locked: the booking stays as it was.
create or replace function booking.close_move(b booking.bookings, party text, event text, reason text default null)
returns booking.bookings language plpgsql security definer set search_path = public, pg_temp as $$
declare previous booking.bookings := b; flow booking.flows;
begin
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.release_move(b.id);
  update booking.bookings t set move_request = null, version = t.version + 1 where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, close_move.party, close_move.event, close_move.reason,
    booking.move_wish(previous.move_request));
  perform app.emit('booking.' || close_move.event, booking.event_of(b) || booking.move_wish(previous.move_request));
  return b;
end $$;

-- Ends a request to move that was not answered in time, whoever meets it.
create or replace function booking.expire_move(b booking.bookings) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare actor text := current_setting('app.actor', true);
begin
  perform set_config('app.actor', '', true);
  b := booking.close_move(b, 'system', 'move_expired');
  perform set_config('app.actor', coalesce(actor, ''), true);
  return b;
end $$;

-- Tells that the request to move which a booking had before its last step has ended with it.
create or replace function booking.tell_move_ended(b booking.bookings, previous booking.bookings) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare event text := case when booking.asks_to_move(previous) then 'move_ended' else 'move_expired' end;
begin
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, event, details)
  values (b.id, b.version, null, 'system', b.status, b.status, event, booking.move_wish(previous.move_request));
  perform app.emit('booking.' || event, booking.event_of(b) || booking.move_wish(previous.move_request));
end $$;

-- What timeline and events tell of a request to move.
create or replace function booking.move_wish(request jsonb) returns jsonb language sql immutable as $$
  select jsonb_build_object('move_request_id', request -> 'id', 'wanted_starts_at', request -> 'starts_at',
    'wanted_ends_at', request -> 'ends_at', 'wanted_total_amount', request -> 'total_amount',
    'request_expires_at', request -> 'expires_at')
$$;

grant execute on function booking.accept_move(uuid, uuid), booking.decline_move(uuid, uuid, text),
  booking.withdraw_move(uuid, uuid) to vicinity_api;
