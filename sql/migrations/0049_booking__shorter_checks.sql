-- The rest of what a booking's CHECKs said at length, since PostgreSQL reads the text of each at every statement that inserts: amounts
-- and bounds as one condition each.

-- Most bookings return nothing, and nothing adds up to nothing.
create or replace function booking.sum_of(line_items jsonb, payer text) returns bigint
language plpgsql immutable strict parallel safe as $$
begin
  if line_items = '[]' then return 0; end if;
  return (select coalesce(sum((item ->> 'amount')::bigint), 0)
          from jsonb_array_elements(line_items) as item where item ->> 'payer' = sum_of.payer);
end $$;

alter table booking.bookings
  drop constraint bookings_subtotal_amount_check, drop constraint bookings_fee_amount_check,
  drop constraint bookings_discount_amount_check, drop constraint bookings_refund_amount_check,
  drop constraint bookings_overstay_amount_check, drop constraint bookings_buffer_before_check,
  drop constraint bookings_buffer_after_check, drop constraint bookings_refund_cap_check,
  drop constraint bookings_refund_items_check, drop constraint bookings_awaits_check,
  -- None is negative, the discount is no more than the subtotal, and what goes back or comes on top no more than the total.
  add constraint bookings_amounts_check check (least(subtotal_amount - discount_amount, fee_amount, discount_amount, refund_amount,
    overstay_amount, total_amount - greatest(refund_amount, overstay_amount)) >= 0),
  add constraint bookings_refund_items_check check (booking.sum_of(refund_items, 'customer') = refund_amount),
  -- A week of buffer, and a refund of all.
  add constraint bookings_bounds_check check (least(buffer_before, buffer_after, refund_cap) >= 0
    and greatest(buffer_before, buffer_after) <= 604800 and refund_cap <= 100),
  add constraint bookings_awaits_check
    check (awaits = any ('{payment,answer}'::text[]) and (awaits is null) = (expires_at is null));
