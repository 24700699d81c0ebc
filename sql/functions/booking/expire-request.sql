-- Called by the timer of a request: cancels it unless it has been answered. May be called again without harm.
create or replace function booking.expire_request(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare cancelled text;
begin
  -- Locked, so that an answer which arrives at this moment is waited for and then seen.
  select f.cancelled into cancelled from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = expire_request.booking_id and b.status = f.on_request and b.expires_at <= app.now() for update of b;
  if found then
    perform booking.transition(expire_request.booking_id, cancelled, 'request_expired', 'booking.expired');
  end if;
end $$;
