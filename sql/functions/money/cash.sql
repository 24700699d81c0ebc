-- The provider of this transaction has been given what a booking's customer pays in cash. The provider has the money and owes it; the
-- booking's own settlement nets that with what the provider earns. Asked again it changes nothing. Refuses with not_found and no_cash_due.
create or replace function money.receive_cash(booking_id uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings := money.lock_booking(receive_cash.booking_id); p money.payments;
begin
  if b.id is null or b.provider_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  select t.* into p from money.payments t
  where t.booking_id = b.id and t.status <> 'cancelled' and t.cash_amount > 0 for update;
  if p.id is null or p.cash_received_at is null and (b.confirmed_at is null or b.completed_at is null and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live))) then
    perform app.refuse('no_cash_due');
  end if;
  if p.cash_received_at is null then
    update money.payments t set cash_received_at = app.now() where t.id = p.id;
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/cash', 'type', 'payment', 'description', p.description,
      'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', p.cash_amount),
        jsonb_build_object('account', 'receivable', 'user_id', b.provider_id, 'amount', -p.cash_amount))));
    perform money.advance_payment(p.id);
  end if;
  return money.show_cash(b.id);
end $$;

-- What the provider of this transaction is to be given in cash, or was. Null where it is none.
create or replace function money.show_cash(booking_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('booking_id', b.id, 'payment_id', p.id, 'cash_amount', p.cash_amount, 'currency', p.currency,
    'payment_status', p.status, 'received_at', p.cash_received_at)
  from money.payments p join booking.bookings b on b.id = p.booking_id
  where b.id = show_cash.booking_id and b.provider_id = app.actor() and b.marketplace = app.marketplace()
    and p.status <> 'cancelled' and p.cash_amount > 0
$$;

-- What of the cash that a provider has kept is set against what the provider earns by the same payment.
create or replace function money.cash_entries(p money.payments) returns setof jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare provider uuid; earned bigint; netted bigint;
begin
  if p.cash_amount = 0 then return; end if;
  select b.provider_id into strict provider from booking.bookings b where b.id = p.booking_id;
  select coalesce(sum(case when i ->> 'payee' = 'provider' then (i ->> 'amount')::bigint else -(i ->> 'amount')::bigint end), 0)
  into earned from jsonb_array_elements(p.due_items) as i where 'provider' in (i ->> 'payee', i ->> 'payer');
  -- A payout may have netted it already.
  netted := least(p.cash_amount, earned, -money.holding(provider, 'receivable', p.currency));
  if netted <= 0 then return; end if;
  perform money.tell_repaid(provider);
  return next jsonb_build_object('account', 'receivable', 'user_id', provider, 'amount', netted);
  return next jsonb_build_object('account', 'provider_payable', 'user_id', provider, 'amount', -netted);
end $$;

grant execute on function money.receive_cash(uuid), money.show_cash(uuid) to vicinity_api;
