-- Takes what the payment of a booking has come to: 'processing' (authorised), 'succeeded', 'failed' and so on. A booking that waited
-- for it is confirmed, or its provider's time to answer begins. After a failure it waits on until its deadline, for another try.
--
-- A payment that comes when the deadline has passed is kept on the booking and told by `booking.paid_late`, so that it is paid
-- back. May be called again without harm. For the functions of money and the worker. Refuses with not_found.
create or replace function booking.settle_payment(booking_id uuid, payment_status text) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; previous booking.bookings; paid boolean;
begin
  perform booking.stop_clock(settle_payment.booking_id);
  select t.* into b from booking.bookings t
  where t.id = settle_payment.booking_id and t.marketplace = app.marketplace() for update;
  if not found then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  paid := settle_payment.payment_status in ('processing', 'succeeded');
  if paid and b.expires_at <= app.now() then b := booking.expire(b, flow); end if;
  previous := b;
  b.payment_status := settle_payment.payment_status;
  if paid and b.awaits = 'payment' then
    b.version := b.version + 1;
    if b.answer_seconds is null then
      b.awaits := null;
      b.expires_at := null;
      b.status := flow.instant;
      b.confirmed_at := app.now();
    else
      b.awaits := 'answer';
      b.expires_at := booking.answer_by(b);
    end if;
  end if;
  update booking.bookings t set payment_status = b.payment_status, version = b.version, awaits = b.awaits,
    expires_at = b.expires_at, status = b.status, confirmed_at = b.confirmed_at
  where t.id = b.id returning t.* into b;
  if b.version = previous.version then
    perform booking.start_clock(b, flow);
    -- Of what was not owed. A debt that is paid at last is not late.
    if paid and b.status <> all (flow.live) and b.refund_amount = b.total_amount
      and previous.payment_status not in ('processing', 'succeeded') then
      perform app.emit('booking.paid_late', booking.event_of(b));
    end if;
    return b;
  end if;
  perform booking.keep_time(b, previous);
  perform booking.write_step(b, flow, previous, 'system', 'paid');
  perform app.emit(case when b.confirmed_at is null then 'booking.requested' else 'booking.confirmed' end,
    booking.event_of(b));
  return b;
end $$;

grant execute on function booking.settle_payment(uuid, text) to vicinity_worker;
