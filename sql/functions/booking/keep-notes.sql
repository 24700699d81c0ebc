-- Writes what a party notes of a booking: the customer for the provider, the provider for their own eyes. Returns the booking as the
-- party sees it. Refuses with not_found.
create or replace function booking.keep_notes(booking_id uuid, notes text) returns setof booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  update booking.bookings t set
    customer_notes = case when t.customer_id = app.actor() then keep_notes.notes else t.customer_notes end,
    provider_notes = case when t.provider_id = app.actor() then keep_notes.notes else t.provider_notes end
  where t.id = keep_notes.booking_id and t.marketplace = app.marketplace()
    and app.actor() in (t.customer_id, t.provider_id)
  returning t.* into b;
  if not found then return; end if;
  -- One that has run out reads as none, as it does in `booking.my_bookings`.
  if not booking.asks_to_move(b) then b.move_request := null; end if;
  return next b;
end $$;

grant execute on function booking.keep_notes(uuid, text) to vicinity_api;
