-- Accepts a request for its provider: it becomes what an instant booking would have been from the start. Refuses as
-- `booking.transition` does.
create or replace function booking.accept(booking_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare accepted text;
begin
  select f.instant into accepted from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = accept.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id);
  -- Also for nobody signed in, who would be taken for the system.
  if not found then perform app.refuse('not_found'); end if;
  return booking.transition(accept.booking_id, accepted);
end $$;

grant execute on function booking.accept(uuid) to vicinity_api;
