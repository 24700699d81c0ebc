-- Moves a booking to another status, the only way there is: checks its flow, writes the timeline, frees the time when the
-- status no longer occupies it, settles the timer of a request and emits `booking.<status>`, or the event named.
--
-- Who moves it follows from the transaction: its customer, its provider, or the system when nobody is signed in. Refuses
-- with not_found for anybody else's booking and with transition_not_allowed.
create or replace function booking.transition(booking_id uuid, to_status text, reason text default null,
  event text default null) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; party text; previous text;
begin
  -- Before the booking is locked, in the order in which the sweep of timers takes the two. A refusal undoes it.
  perform app.cancel_timer('booking.expire_request', transition.booking_id);
  select t.* into b from booking.bookings t
  where t.id = transition.booking_id and t.marketplace = app.marketplace() for update;
  party := case when app.actor() is null then 'system' when app.actor() = b.customer_id then 'customer'
                when app.actor() = b.provider_id then 'provider' end;
  if b.id is null or party is null then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  -- Only the clock still moves a request that has run out: for everybody else it is cancelled already.
  if party <> 'system' and b.expires_at <= app.now() or not exists (
    select from jsonb_array_elements(flow.transitions) as t
    where t ->> 'from' = b.status and t ->> 'to' = transition.to_status and t -> 'by' ? party
  ) then
    perform app.refuse('transition_not_allowed', format('%s to %s by %s', b.status, transition.to_status, party));
  end if;

  previous := b.status;
  update booking.bookings t set status = transition.to_status, version = t.version + 1, expires_at = null,
    confirmed_at = case when transition.to_status = flow.instant then app.now() else t.confirmed_at end,
    completed_at = case when transition.to_status = 'completed' then app.now() else t.completed_at end,
    cancelled_at = case when transition.to_status = flow.cancelled then app.now() end,
    cancelled_by = case when transition.to_status = flow.cancelled then party end,
    cancellation_reason = case when transition.to_status = flow.cancelled then transition.reason end
  where t.id = b.id returning t.* into b;
  if b.status = any (flow.live) then
    update booking.reservations r set kind = 'booking', expires_at = null where r.booking_id = b.id and r.kind = 'hold';
    -- The time of a request may be gone although it has not run out here: whoever took it has a clock that is ahead, or
    -- this call has waited for the database.
    if not found and previous = flow.on_request then
      perform app.refuse('transition_not_allowed', 'the time of the request has gone to somebody else');
    end if;
  else
    delete from booking.reservations r where r.booking_id = b.id;
  end if;
  insert into booking.timeline (booking_id, actor, party, from_status, to_status, reason)
  values (b.id, app.actor(), party, previous, b.status, transition.reason);
  perform app.emit(coalesce(transition.event, 'booking.' || b.status), booking.event_of(b));
  return b;
end $$;
