-- What others get of a booking that its customer pays nothing for, since a promo code bears it: posted when the booking is over, for no
-- payment does. What a stay that grew costs beyond is owed. Returns what is left to be settled by a payment.
--
-- items: what is owed in the end, { code, payer, payee, amount, user_id? }
create or replace function money.release_borne(booking_id uuid, items jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b booking.bookings; owed bigint := booking.sum_of(items, 'customer'); key_ text := 'booking/' || release_borne.booking_id || '/release';
begin
  select t.* into strict b from booking.bookings t where t.id = release_borne.booking_id;
  if b.discount_amount = 0 or items = '[]' then return items; end if;
  if exists (select from money.transfer_keys k where k.marketplace = b.marketplace and k.key = key_) then
    -- Everybody has got theirs: whoever pays now pays what they owe.
    return case when owed = 0 then '[]' else jsonb_build_array(jsonb_build_object('code', 'debt', 'payer', 'customer', 'payee', 'debt',
      'amount', owed, 'user_id', b.customer_id)) end;
  end if;
  if owed > 0 and (b.total_amount > b.overstay_amount or exists (
    select from money.payments p where p.booking_id = b.id and p.status <> 'cancelled')) then
    return items;
  end if;
  perform money.post(jsonb_build_object('key', key_, 'type', 'release', 'description', 'Booking ' || b.number,
    'currency', b.currency, 'reference_type', 'booking', 'reference_id', b.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'receivable', 'user_id', b.customer_id, 'amount', -owed) as e where owed > 0
        union all
        select money.entry_of(b.provider_id, i ->> s.side, s.sign * (i ->> 'amount')::bigint)
        from jsonb_array_elements(items) as i, (values ('payer', -1), ('payee', 1)) as s (side, sign)
        where i ->> s.side <> 'customer') as entries)));
  if owed > 0 then
    perform app.emit('payment.owed', jsonb_build_object('booking_id', b.id, 'user_id', b.customer_id,
      'description', 'Booking ' || b.number, 'amount', owed, 'currency', b.currency,
      'amount_text', money.amount_text(owed, b.currency)));
    perform app.set_timer('debt.collect', b.customer_id, app.now() + interval '1 minute');
  end if;
  return '[]';
end $$;
