-- Moves a booking to another status, the only way there is: checks its flow, reckons what comes back or is owed, writes the timeline,
-- frees the time when the status no longer occupies it, sets the clock, runs the modules' handlers and emits `booking.<status>`, or
-- the event named. A request to move ends with every step.
--
-- Who moves it follows from the transaction: its customer, its provider, or the system when nobody is signed in; staff only where the
-- calling function says so, after it has asked for the permission. `proof` is what the party shows of being there: a position {
-- latitude, longitude }, or { by } for what the calling function has checked itself, as { "by": "code" }. Refuses with not_found for
-- anybody else's booking, transition_not_allowed, payment_required, step_too_early, step_too_late, position_required and too_far.
create or replace function booking.transition(booking_id uuid, to_status text, reason text default null,
  event text default null, proof jsonb default null, as_staff boolean default false) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; party text; previous booking.bookings; step jsonb; distance integer;
begin
  perform booking.stop_clock(transition.booking_id);
  select t.* into b from booking.bookings t
  where t.id = transition.booking_id and t.marketplace = app.marketplace() for update;
  party := case when transition.as_staff then 'staff' else booking.party_of(b) end;
  if b.id is null or party is null then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  select t into step from jsonb_array_elements(flow.transitions) as t
  where t ->> 'from' = b.status and t ->> 'to' = transition.to_status and t -> 'by' ? party;
  -- Only the clock still moves a booking that has run out: for everybody else it is cancelled already.
  if step is null or party <> 'system' and b.expires_at <= app.now() then
    perform app.refuse('transition_not_allowed', format('%s to %s by %s', b.status, transition.to_status, party));
  end if;
  if b.awaits = 'payment' and transition.to_status <> flow.cancelled then perform app.refuse('payment_required'); end if;
  if party in ('customer', 'provider') then
    distance := booking.check_step(b, step, party, transition.proof);
  end if;

  previous := b;
  b.status := transition.to_status;
  b.version := b.version + 1;
  b.awaits := null;
  b.expires_at := null;
  b.clock_step := 0;
  if b.status = flow.instant then b.confirmed_at := coalesce(b.confirmed_at, app.now()); end if;
  if b.status = flow.running then b.started_at := coalesce(b.started_at, app.now()); end if;
  if b.status = flow.completed then
    b.completed_at := app.now();
    b := booking.with_overstay(b);
  end if;
  if b.status in (flow.cancelled, flow.no_show) then
    select booking.refund_items(b, r.percent) || booking.provider_refund_items(b, r.percent) into b.refund_items
    from (select booking.refund_percent(previous, flow, party, b.status) as percent) as r;
    b.refund_amount := booking.sum_of(b.refund_items, 'customer');
  end if;
  if b.status = flow.cancelled then
    b.cancelled_at := app.now();
    b.cancelled_by := party;
    b.cancellation_reason := transition.reason;
  end if;
  update booking.bookings t set status = b.status, version = b.version, awaits = b.awaits, expires_at = b.expires_at,
    clock_step = b.clock_step, confirmed_at = b.confirmed_at, started_at = b.started_at, completed_at = b.completed_at,
    line_items = b.line_items, subtotal_amount = b.subtotal_amount, fee_amount = b.fee_amount,
    total_amount = b.total_amount, overstay_amount = b.overstay_amount, refund_items = b.refund_items,
    refund_amount = b.refund_amount, cancelled_at = b.cancelled_at, cancelled_by = b.cancelled_by,
    cancellation_reason = b.cancellation_reason, move_request = null
  where t.id = b.id returning t.* into b;
  if b.status <> all (flow.live) then
    perform booking.free_time(b.id, coalesce(previous.expires_at, (previous.move_request ->> 'expires_at')::timestamptz));
  else
    if previous.move_request is not null then perform booking.release_move(b.id); end if;
    perform booking.keep_time(b, previous);
  end if;
  perform booking.write_step(b, flow, previous, party, transition.to_status, transition.reason,
    jsonb_strip_nulls(jsonb_build_object('proof', coalesce(transition.proof ->> 'by',
      case when transition.proof is not null then 'position' end), 'distance_m', distance)));
  perform app.emit(coalesce(transition.event, 'booking.' || b.status), booking.event_of(b));
  if previous.move_request is not null then perform booking.tell_move_ended(b, previous); end if;
  return b;
end $$;

-- What a step asks of the party that takes it: when it opens and closes, and how near. Returns the distance in metres that was
-- shown, or null where none was asked for.
create or replace function booking.check_step(b booking.bookings, step jsonb, party text, proof jsonb) returns integer
language plpgsql stable as $$
declare distance float8;
begin
  if booking.moment_of(b, step -> 'opens') > app.now() then perform app.refuse('step_too_early'); end if;
  if booking.moment_of(b, step -> 'closes') <= app.now() then perform app.refuse('step_too_late'); end if;
  if not coalesce(step #> '{near,by}' ? party, false) or proof ? 'by' then return null; end if;
  if proof is null or b.location is null then perform app.refuse('position_required'); end if;
  distance := st_distance(b.location, app.point((proof ->> 'latitude')::float8, (proof ->> 'longitude')::float8));
  if distance > (step #>> '{near,metres}')::float8 then perform app.refuse('too_far'); end if;
  return round(distance);
end $$;

-- Frees the time of a booking. A hold that has run out is left to whoever is just taking its place: the sweep holds many bookings at
-- once, and would wait in a circle with somebody who has released one hold and now wants another.
create or replace function booking.free_time(booking_id uuid, expires_at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if free_time.expires_at <= app.now() then
    delete from booking.reservations r where r.id in (
      select h.id from booking.reservations h where h.booking_id = free_time.booking_id for update skip locked);
  else
    delete from booking.reservations r where r.booking_id = free_time.booking_id;
  end if;
end $$;

-- Makes the hold of a booking that no longer waits its time for good, or gives a hold that waits on its new deadline.
create or replace function booking.keep_time(b booking.bookings, previous booking.bookings) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare kept integer;
begin
  if previous.expires_at is not distinct from b.expires_at then return; end if;
  perform booking.take_turn(b.resource_id, b.subject_id);
  update booking.reservations r set kind = case when b.expires_at is null then 'booking' else 'hold' end,
    expires_at = b.expires_at
  where r.booking_id = b.id and r.kind = 'hold';
  get diagnostics kept = row_count;
  -- The time may be gone although it has not run out here: whoever took it has a clock that is ahead, or this call has waited
  -- for the database.
  if kept <> (case when b.subject_id is null then 1 else 2 end) then
    perform app.refuse('transition_not_allowed', 'the time of this booking has gone to somebody else');
  end if;
end $$;
