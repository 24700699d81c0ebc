-- Cancels a booking for one of its two parties, with the status that its flow has for it, and notes what comes back as
-- `booking.cancellation_quote` told it. Refuses with booking_over when its time has passed, refund_changed when another refund was
-- expected (null: whatever it is), and as `booking.transition` does.
create or replace function booking.cancel(booking_id uuid, reason text, expected_refund bigint) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare flow booking.flows := booking.flow_for_party(cancel.booking_id); b booking.bookings;
begin
  if exists (select from booking.bookings t where t.id = cancel.booking_id and t.ends_at <= app.now()) then
    perform app.refuse('booking_over');
  end if;
  b := booking.transition(cancel.booking_id, flow.cancelled, cancel.reason);
  if b.refund_amount <> cancel.expected_refund then perform app.refuse('refund_changed'); end if;
  return b;
end $$;

-- Takes a booking to another status for staff who may manage bookings, where its flow lets staff. The customer gets everything back,
-- as whoever is not at fault does. Refuses with own_booking for one of the caller's own, and as `booking.transition` does.
create or replace function booking.step_as_staff(booking_id uuid, to_status text, reason text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  if not identity.has_permission(app.actor(), 'bookings.manage') then perform app.refuse('forbidden'); end if;
  if exists (select from booking.bookings t where t.id = step_as_staff.booking_id and app.actor() in (t.customer_id, t.provider_id)) then
    perform app.refuse('own_booking');
  end if;
  b := booking.transition(step_as_staff.booking_id, step_as_staff.to_status, step_as_staff.reason, as_staff => true);
  perform app.audit('booking.changed_by_staff', 'booking', 'bookings', b.id::text,
    new_values => jsonb_build_object('status', b.status), metadata => jsonb_build_object('number', b.number));
  return b;
end $$;

grant execute on function booking.cancel(uuid, text, bigint), booking.step_as_staff(uuid, text, text) to vicinity_api;
