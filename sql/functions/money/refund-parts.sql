-- Takes parts of lines from those who got them, into what is held for the payer. Refuses with balances_overdraft_check where a wallet has
-- spent them: nobody gets back what they have had.
create or replace function money.take_back(p money.payments, items jsonb, key text, worth bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from jsonb_array_elements(items) as i where i ->> 'payee' = 'wallet'
    and (i ->> 'amount')::bigint > money.holding((i ->> 'user_id')::uuid, 'wallet', p.currency)) then
    perform app.refuse('balances_overdraft_check');
  end if;
  perform money.post(jsonb_build_object('key', take_back.key, 'type', 'refund', 'description', 'Taken back: ' || p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', worth) as e
        union all select money.line_entries(p, items, -1)) as t)));
end $$;

-- Gives to the payer what staff have ordered: where it came from the gateway first, then the wallet, then credits.
create or replace function money.give_back(p money.payments, r money.reductions) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare rest bigint := r.returned_amount; unit bigint; part bigint := 0;
begin
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if r.destination = 'source' then
    part := least(rest, greatest(p.captured_amount - money.sent_back(p, 'gateway')
      - money.withheld(p), 0));
    perform money.refund_part(p, 'gateway', part, 'by_staff', r.id);
    rest := rest - part;
    part := greatest(rest - greatest(p.wallet_amount + p.cash_amount - money.sent_back(p, 'wallet'), 0), 0);
  elsif r.destination = 'credits' then
    part := rest;
  else
    part := 0;
  end if;
  part := part / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part, 'by_staff', r.id);
  perform money.refund_part(p, 'credits', part, 'by_staff', r.id);
end $$;

-- What went back to where it came from, whatever became of it there.
create or replace function money.sent_back(p money.payments, method text) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(r.amount), 0)::bigint from money.refunds r left join money.reductions d on d.id = r.reduction_id
  where r.payment_id = p.id and r.method = sent_back.method and r.replaces is null and r.reason <> 'paid_too_late'
    and coalesce(d.destination, 'source') = 'source'
$$;

-- What staff have given back of a payment, by this method, or by all of them.
create or replace function money.returned(p money.payments, method text) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(r.amount), 0)::bigint from money.refunds r
  where r.payment_id = p.id and r.reason = 'by_staff' and r.replaces is null
    and (returned.method is null or r.method = returned.method)
$$;

-- Gives back one part, once for each reason. Through a gateway it takes its time.
create or replace function money.refund_part(p money.payments, back_to text, worth bigint, why text, reduction_id uuid default null)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare made money.refunds;
begin
  if worth <= 0 then return; end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status, reduction_id)
  select p.marketplace, p.id, case when back_to = 'gateway' then (
      select a.id from money.payment_attempts a where a.payment_id = p.id and a.is_current) end,
    back_to, p.currency, worth, why, case when back_to = 'gateway' then 'pending' else 'succeeded' end, refund_part.reduction_id
  returning * into made;
  if made.method <> 'gateway' then perform money.post_refund(p, made); end if;
end $$;

-- Posts a refund to wallet or credits, or of cash, which the provider hands back. One of a thing that is no booking names it, for the statement of credits.
create or replace function money.post_refund(p money.payments, r money.refunds) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.post(jsonb_build_object('key', 'refund/' || r.id, 'type', 'refund', 'description', 'Refund: ' || p.description,
    'currency', p.currency, 'reference_type', case when p.purpose = 'order' then 'order' else 'payment' end,
    'reference_id', case when p.purpose = 'order' then p.subject_id else p.id end, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -r.amount) as e
        union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', r.amount) where r.method = 'wallet'
        union all select money.credit_entries(p, r.amount) where r.method = 'credits'
        union all select money.handed_back(p, r.amount) where r.method = 'cash') as t)));
end $$;

-- A provider who hands cash back does not owe it any more. What a payout has netted of it is theirs again.
create or replace function money.handed_back(p money.payments, cash bigint) returns setof jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare provider uuid; owed bigint;
begin
  select b.provider_id into strict provider from booking.bookings b where b.id = p.booking_id;
  owed := least(cash, -money.holding(provider, 'receivable', p.currency));
  if owed > 0 then
    perform money.tell_repaid(provider);
    return next jsonb_build_object('account', 'receivable', 'user_id', provider, 'amount', owed);
  end if;
  if owed < cash then
    return next jsonb_build_object('account', 'provider_payable', 'user_id', provider, 'amount', cash - owed);
  end if;
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

-- Brings a payment to what has gone back of it, and tells what it was for. What a bank gives back has not gone.
create or replace function money.count_refunds(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; total bigint; next_status text;
begin
  select t.* into strict p from money.payments t where t.id = count_refunds.payment_id;
  select coalesce(sum(r.amount), 0) into total from money.refunds r
  where r.payment_id = p.id and r.reason <> 'paid_too_late' and r.status = 'succeeded';
  if total = p.refunded_amount or p.status not in ('succeeded', 'partially_refunded', 'refunded') then return; end if;
  next_status := case when total = 0 then 'succeeded'
    when total >= p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount then 'refunded' else 'partially_refunded' end;
  update money.payments t set refunded_amount = total, status = next_status where t.id = p.id returning t.* into p;
  perform app.emit('refund.changed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'refunded_amount', total, 'currency', p.currency, 'status', next_status));
  perform money.tell_subject(p, next_status);
end $$;
