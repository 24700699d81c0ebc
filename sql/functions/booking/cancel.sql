-- Cancels a booking for one of its two parties, with the status that its flow has for it. Refuses with booking_over when its
-- time has passed, and as `booking.transition` does.
create or replace function booking.cancel(booking_id uuid, reason text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare cancelled text; over boolean;
begin
  select f.cancelled, b.ends_at <= app.now() into cancelled, over
  from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = cancel.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id);
  -- Also for nobody signed in, who would be taken for the system.
  if not found then perform app.refuse('not_found'); end if;
  if over then perform app.refuse('booking_over'); end if;
  return booking.transition(cancel.booking_id, cancelled, cancel.reason);
end $$;

grant execute on function booking.cancel(uuid, text) to vicinity_api;
