-- The rest of what a booking's CHECKs said at length: amounts and buffers as one condition each, since PostgreSQL reads the text of
-- each at every statement that inserts.
alter table booking.bookings
  drop constraint bookings_subtotal_amount_check, drop constraint bookings_fee_amount_check,
  drop constraint bookings_discount_amount_check, drop constraint bookings_refund_amount_check,
  drop constraint bookings_overstay_amount_check, drop constraint bookings_buffer_before_check,
  drop constraint bookings_buffer_after_check, drop constraint bookings_awaits_check,
  -- None is negative, the discount is no more than the subtotal, and what goes back or comes on top no more than the total.
  add constraint bookings_amounts_check check (least(subtotal_amount - discount_amount, fee_amount, discount_amount, refund_amount,
    overstay_amount, total_amount - greatest(refund_amount, overstay_amount)) >= 0),
  add constraint bookings_buffers_check
    check (least(buffer_before, buffer_after) >= 0 and greatest(buffer_before, buffer_after) <= 604800),
  add constraint bookings_awaits_check
    check (awaits = any ('{payment,answer}'::text[]) and (awaits is null) = (expires_at is null));
