-- Brings a payment to what its tries, its refunds and its booking have come to: posts what was captured, releases what is owed, gives
-- back what is not, and tells the booking. Safe to call at any time, and again. The caller holds `money.lock_booking`.
create or replace function money.advance_payment(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; a money.payment_attempts; next_status text;
begin
  select t.* into strict p from money.payments t where t.id = advance_payment.payment_id for update;
  for a in select t.* from money.payment_attempts t where t.payment_id = p.id and t.status = 'captured' and not t.is_posted loop
    perform money.post_through_gateway(p, a, 'attempt/' || a.id || '/captured', 'payment', a.captured_amount);
    update money.payment_attempts t set is_posted = true where t.id = a.id;
  end loop;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason)
  select p.marketplace, p.id, t.id, 'gateway', p.currency, t.captured_amount, 'paid_too_late'
  from money.payment_attempts t
  where t.payment_id = p.id and t.status = 'captured' and t.captured_amount > 0 and (p.status = 'cancelled' or not t.is_current)
  on conflict (attempt_id) where reason = 'paid_too_late' do nothing;

  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current;
  next_status := money.status_by_attempt(p, a);
  if next_status <> p.status and exists (
    select from money.status_changes c
    where c.subject = 'payments' and c.from_status = p.status and c.to_status = next_status) then
    update money.payments t set status = next_status,
      captured_amount = case when a.status = 'captured' then a.captured_amount else 0 end
    where t.id = p.id;
    if next_status = 'cancelled' then perform money.give_back_parts(p); end if;
    perform money.tell_booking(p, next_status);
    select t.* into strict p from money.payments t where t.id = p.id;
    perform app.emit('payment.' || p.status, jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id,
      'user_id', p.payer_id, 'amount', p.amount, 'currency', p.currency));
  end if;
  if p.due_amount is not null and p.status in ('succeeded', 'partially_refunded') then perform money.settle_payment(p); end if;
  perform money.watch_payment(p.id);
end $$;

-- What the try that counts makes of a payment.
create or replace function money.status_by_attempt(p money.payments, a money.payment_attempts) returns text
language sql stable as $$
  select case
    when p.status not in ('pending', 'processing', 'failed', 'authorized') then p.status
    when p.gateway_amount = 0 or a.status = 'captured' then 'succeeded'
    when a.status is null or a.status in ('created', 'requires_action') then 'pending'
    when a.status in ('processing', 'authorized') then a.status
    when a.status = 'cancelled' and p.due_amount = 0 then 'cancelled'
    -- What is owed came from wallet and credits.
    when a.status = 'cancelled' and p.due_amount <= p.wallet_amount + p.credits_amount then 'succeeded'
    else 'failed' end
$$;

-- Tells a booking what its payment has come to. A booking that is over by then owes what it owes.
create or replace function money.tell_booking(p money.payments, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; told text := case tell_booking.status when 'authorized' then 'processing'
  when 'partially_refunded' then null when 'processing' then null when 'pending' then null else tell_booking.status end;
begin
  if p.booking_id is null or told is null then return; end if;
  b := booking.settle_payment(p.booking_id, told);
  if told in ('processing', 'succeeded') and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform money.settle_booking(b.id);
  end if;
end $$;

-- A booking is over: what it owes is known. Run in the transaction that ends it.
create or replace function money.settle_booking(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare items jsonb; settled uuid;
begin
  select coalesce(jsonb_agg(jsonb_build_object('payer', l.payer, 'payee', l.payee, 'amount', l.amount) order by l.payer, l.payee), '[]')
  into items
  from (
    select t.payer, t.payee, sum(t.amount)::bigint as amount from (
      select i ->> 'payer' as payer, i ->> 'payee' as payee, (i ->> 'amount')::bigint as amount
      from booking.bookings b, jsonb_array_elements(b.line_items) as i where b.id = settle_booking.booking_id
      union all
      select i ->> 'payer', i ->> 'payee', -(i ->> 'amount')::bigint
      from booking.bookings b, jsonb_array_elements(b.refund_items) as i where b.id = settle_booking.booking_id) as t
    group by 1, 2 having sum(t.amount) <> 0) as l;
  update money.payments p set due_items = items, due_amount = booking.sum_of(items, 'customer')
  where p.booking_id = settle_booking.booking_id and p.status <> 'cancelled' and p.due_amount is null
  returning p.id into settled;
  if settled is not null then perform money.ask_for_work(settled); end if;
end $$;

-- Releases what is owed to those who get it, and gives back the rest to where it came from: the gateway first, then the wallet.
create or replace function money.settle_payment(p money.payments) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b booking.bookings; held bigint := p.wallet_amount + p.credits_amount + p.captured_amount;
  rest bigint := greatest(held - p.due_amount, 0); unit bigint; part bigint; r record; total bigint;
begin
  select t.* into strict b from booking.bookings t where t.id = p.booking_id;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if p.due_items <> '[]' and not exists (
    select from money.transfer_keys k where k.marketplace = p.marketplace and k.key = 'payment/' || p.id || '/release') then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release', 'type', 'release',
      'description', p.description, 'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -least(held, p.due_amount)) as e
          where least(held, p.due_amount) > 0
          -- What a stay that grew costs beyond what was paid is owed still.
          union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', held - p.due_amount)
          where held < p.due_amount
          union all
          select money.entry_of(b, i ->> s.side, s.sign * (i ->> 'amount')::bigint)
          from jsonb_array_elements(p.due_items) as i, (values ('payer', -1), ('payee', 1)) as s (side, sign)
          where i ->> s.side <> 'customer') as entries)));
  end if;

  part := least(rest, p.captured_amount);
  perform money.refund_part(p, 'gateway', part);
  rest := rest - part;
  -- Credits are whole ones: what is left of one goes to the wallet.
  part := greatest(rest - p.wallet_amount, 0) / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part);
  perform money.refund_part(p, 'credits', part);

  select coalesce(sum(t.amount), 0) into total from money.refunds t
  where t.payment_id = p.id and t.reason = 'not_owed' and t.status = 'succeeded';
  if total <> p.refunded_amount then
    update money.payments t set refunded_amount = total,
      status = case when total >= held then 'refunded' when total > 0 then 'partially_refunded' else t.status end
    where t.id = p.id;
    if total >= held then perform money.tell_booking(p, 'refunded'); end if;
  end if;
end $$;

-- The account of a party of a booking's line.
create or replace function money.entry_of(b booking.bookings, party text, amount bigint) returns jsonb language sql stable as $$
  select case party when 'provider' then jsonb_build_object('account', 'provider_payable', 'user_id', b.provider_id, 'amount', amount)
    when 'tax' then jsonb_build_object('account', 'tax', 'amount', amount)
    else jsonb_build_object('account', 'platform_revenue', 'amount', amount) end
$$;

-- Gives back one part of what is not owed, once. Through a gateway it takes its time.
create or replace function money.refund_part(p money.payments, back_to text, worth bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare made uuid; entries jsonb;
begin
  if worth <= 0 then return; end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status)
  select p.marketplace, p.id, case when back_to = 'gateway' then (
      select a.id from money.payment_attempts a where a.payment_id = p.id and a.is_current) end,
    back_to, p.currency, worth, 'not_owed',
    case when back_to = 'gateway' then 'pending' else 'succeeded' end
  on conflict (payment_id, method) where reason = 'not_owed' do nothing returning id into made;
  if made is null or back_to = 'gateway' then return; end if;
  select jsonb_agg(e) into entries from (
    select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -worth) as e
    union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', worth)
    where back_to = 'wallet'
    union all select money.credit_entries(p, worth) where back_to = 'credits') as t;
  perform money.post(jsonb_build_object('key', 'refund/' || made, 'type', 'refund', 'description', 'Refund: ' || p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', entries));
end $$;

-- Money that a gateway took for a person, or gave back to them where the amount is negative.
create or replace function money.post_through_gateway(p money.payments, a money.payment_attempts, key text, type text, amount bigint)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if amount = 0 then return; end if;
  perform money.post(jsonb_build_object('key', post_through_gateway.key, 'type', post_through_gateway.type,
    'description', case when amount < 0 then 'Refund: ' else '' end || p.description, 'currency', p.currency,
    'reference_type', 'payment', 'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', amount),
      jsonb_build_object('account', 'gateway_clearing', 'gateway', a.gateway, 'amount', -amount))));
end $$;

grant execute on function money.advance_payment(uuid) to vicinity_worker;
