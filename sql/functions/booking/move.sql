-- Moves a booking of the person of this transaction to another time, in place: the id, the number and the status stay, and at no
-- moment is the time given away to a third. For the functions of other modules, which decide whether it may be and at what price.
--
-- details: { starts_at, ends_at, capacity, line_items, currency, subtotal_amount, fee_amount, discount_amount?, total_amount,
-- policy?, facts? }.
-- Refuses with not_found, version_conflict, move_requested (another time waits for the provider's answer), booking_not_movable (over,
-- not confirmed yet, or another start of one that has begun), starts_in_past, too_late_for_less, reservation_no_overlap and
-- subject_no_overlap.
create or replace function booking.move(booking_id uuid, details jsonb, expected_version integer) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; wanted booking.bookings := jsonb_populate_record(null::booking.bookings, details);
begin
  b := booking.lock_to_move(move.booking_id, move.expected_version);
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.check_move(b, flow, wanted);
  return booking.apply_move(b, flow, wanted, (details ->> 'capacity')::integer, 'customer');
end $$;

-- Locks a booking of the person of this transaction that is to have another time, and takes its turn.
create or replace function booking.lock_to_move(booking_id uuid, expected_version integer) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  perform booking.stop_clock(lock_to_move.booking_id);
  select t.* into b from booking.bookings t
  where t.id = lock_to_move.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor() for update;
  if not found then perform app.refuse('not_found'); end if;
  if b.version <> lock_to_move.expected_version then perform app.refuse('version_conflict'); end if;
  if booking.asks_to_move(b) then perform app.refuse('move_requested'); end if;
  perform booking.take_turn(b.resource_id, b.subject_id);
  if b.move_request is not null then b := booking.expire_move(b); end if;
  return b;
end $$;

create or replace function booking.check_move(b booking.bookings, flow booking.flows, wanted booking.bookings) returns void
language plpgsql stable as $$
begin
  if b.status <> all (flow.live) or b.awaits is not null or b.ends_at <= app.now()
    or b.started_at is not null and wanted.starts_at <> b.starts_at then
    perform app.refuse('booking_not_movable');
  end if;
  if wanted.starts_at < app.now() and wanted.starts_at <> b.starts_at or wanted.ends_at <= app.now() then
    perform app.refuse('starts_in_past');
  end if;
  if wanted.total_amount < b.total_amount and not booking.is_free_to_leave(b, flow) then
    perform app.refuse('too_late_for_less');
  end if;
end $$;

-- Gives a booking, which its caller has locked and whose turn it has, the wanted time and price. `party` is who decided it.
create or replace function booking.apply_move(b booking.bookings, flow booking.flows, wanted booking.bookings, capacity integer,
  party text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare previous booking.bookings := b;
begin
  b.starts_at := wanted.starts_at;
  b.ends_at := wanted.ends_at;
  b.unit := booking.shift(b.id, b.resource_id, apply_move.capacity, booking.taken_by(b));
  if b.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.shift(b.id, b.subject_id, 1, tstzrange(b.starts_at, b.ends_at)) is null then
    perform app.refuse('subject_no_overlap');
  end if;
  update booking.bookings t set starts_at = b.starts_at, ends_at = b.ends_at, unit = b.unit, version = t.version + 1,
    line_items = wanted.line_items, currency = wanted.currency, subtotal_amount = wanted.subtotal_amount,
    fee_amount = wanted.fee_amount, discount_amount = coalesce(wanted.discount_amount, 0),
    total_amount = wanted.total_amount, policy = coalesce(wanted.policy, t.policy),
    facts = coalesce(wanted.facts, t.facts), clock_step = 0, move_request = null,
    refund_cap = booking.refund_percent(previous, flow, 'customer', flow.cancelled)
  where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, apply_move.party, 'moved', details => jsonb_build_object(
    'from', jsonb_build_object('starts_at', previous.starts_at, 'ends_at', previous.ends_at,
                               'total_amount', previous.total_amount),
    'to', jsonb_build_object('starts_at', b.starts_at, 'ends_at', b.ends_at, 'total_amount', b.total_amount)));
  perform app.emit('booking.moved', booking.event_of(b) || jsonb_build_object('previous_starts_at', previous.starts_at,
    'previous_ends_at', previous.ends_at, 'previous_total_amount', previous.total_amount));
  return b;
end $$;

-- Shifts the reservation that a booking has of a resource, whose turn its caller has. Returns the unit, the same one where it is free, or
-- null. What the new time adds is taken as `booking.reserve` takes it, beside the old time, and only then do the two become one.
create or replace function booking.shift(booking_id uuid, resource_id uuid, capacity integer, during tstzrange)
returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare held booking.reservations; taken uuid[]; other integer;
begin
  select r.* into strict held from booking.reservations r
  where r.booking_id = shift.booking_id and r.resource_id = shift.resource_id and r.kind = 'booking';
  perform booking.release_expired(shift.resource_id, shift.during);
  taken := booking.take_beside(held, shift.during, held.kind, null);
  if taken is not null then
    delete from booking.reservations r where r.id = any (taken);
    update booking.reservations r set during = shift.during where r.id = held.id;
    return held.unit;
  end if;
  other := booking.reserve(shift.resource_id, shift.capacity, shift.during, held.kind, shift.booking_id);
  if other is not null then delete from booking.reservations r where r.id = held.id; end if;
  return other;
end $$;

-- Takes what a time has beyond a reservation, of the same unit. Returns the rows that it takes, or null when somebody else has a part.
create or replace function booking.take_beside(held booking.reservations, during tstzrange, kind text, expires_at timestamptz)
returns uuid[] language plpgsql security definer set search_path = public, pg_temp as $$
declare piece tstzrange; taken uuid[] := '{}'; new_id uuid;
begin
  for piece in select unnest(tstzmultirange(take_beside.during) - tstzmultirange(held.during)) loop
    insert into booking.reservations as r (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
    values (held.marketplace, held.resource_id, held.unit, held.booking_id, take_beside.kind, piece, take_beside.expires_at)
    on conflict do nothing returning r.id into new_id;
    if not found then
      delete from booking.reservations r where r.id = any (taken);
      return null;
    end if;
    taken := taken || new_id;
  end loop;
  return taken;
end $$;
