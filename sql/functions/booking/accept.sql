-- Accepts a request for its provider. Refuses as `booking.transition` does.
create or replace function booking.accept(booking_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return booking.transition(accept.booking_id, (booking.flow_for_party(accept.booking_id)).instant);
end $$;

-- Declines a request for its provider. Refuses with transition_not_allowed unless the booking waits for the provider's answer.
create or replace function booking.decline(booking_id uuid, reason text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare flow booking.flows := booking.flow_for_party(decline.booking_id);
begin
  if not exists (
    select from booking.bookings b
    where b.id = decline.booking_id and b.provider_id = app.actor() and b.awaits = 'answer'
  ) then
    perform app.refuse('transition_not_allowed', 'only its provider declines a request');
  end if;
  return booking.transition(decline.booking_id, flow.cancelled, decline.reason, 'booking.declined');
end $$;

-- Ends a running booking for one of its parties; what it lasted too long is owed from here. Refuses as `booking.transition` does.
create or replace function booking.complete(booking_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return booking.transition(complete.booking_id, (booking.flow_for_party(complete.booking_id)).completed);
end $$;

-- Notes for the provider that the customer did not come. Refuses as `booking.transition` does.
create or replace function booking.mark_no_show(booking_id uuid, reason text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return booking.transition(mark_no_show.booking_id, (booking.flow_for_party(mark_no_show.booking_id)).no_show,
    mark_no_show.reason);
end $$;

-- The flow of a booking of the person of this transaction. Refuses with not_found, also for nobody signed in, who would be taken
-- for the system.
create or replace function booking.flow_for_party(booking_id uuid) returns booking.flows
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare flow booking.flows;
begin
  select f.* into flow from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = flow_for_party.booking_id and b.marketplace = app.marketplace()
    and app.actor() in (b.customer_id, b.provider_id);
  if not found then perform app.refuse('not_found'); end if;
  return flow;
end $$;

grant execute on function booking.accept(uuid), booking.decline(uuid, text), booking.complete(uuid),
  booking.mark_no_show(uuid, text) to vicinity_api;
