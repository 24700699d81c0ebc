-- What has gone back of what was paid for a booking of the person of this transaction, on either side, or for staff: { status: pending |
-- succeeded | failed (somebody looks after it), amount (all that goes back), returned_amount (what has arrived) }, null where nothing
-- goes back. What was only reserved never was taken, and does not go back.
create or replace function money.refund_of_booking(booking_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('status', case when bool_or(r.status = 'failed') then 'failed'
      when bool_or(r.status in ('pending', 'processing')) then 'pending' else 'succeeded' end,
    'amount', sum(r.amount), 'returned_amount', coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0))
  from money.payments p join money.refunds r on r.payment_id = p.id join booking.bookings b on b.id = p.booking_id
  where b.id = refund_of_booking.booking_id and b.marketplace = app.marketplace()
    and (app.actor() in (b.customer_id, b.provider_id) or identity.has_permission(app.actor(), 'bookings.manage'))
    and not exists (select from money.refunds n where n.replaces = r.id)
  having count(*) > 0
$$;

grant execute on function money.refund_of_booking(uuid) to vicinity_api;
