-- Writes what a party notes of a booking: the customer for the provider, the provider for their own eyes. Returns the booking as the
-- party sees it. Refuses with not_found.
create or replace function booking.keep_notes(booking_id uuid, notes text) returns setof booking.bookings
language sql security definer set search_path = public, pg_temp as $$
  update booking.bookings b set
    customer_notes = case when b.customer_id = app.actor() then keep_notes.notes else b.customer_notes end,
    provider_notes = case when b.provider_id = app.actor() then keep_notes.notes else b.provider_notes end
  where b.id = keep_notes.booking_id and b.marketplace = app.marketplace()
    and app.actor() in (b.customer_id, b.provider_id)
  returning b.*
$$;

grant execute on function booking.keep_notes(uuid, text) to vicinity_api;
