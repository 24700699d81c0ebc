-- A booking is over: what it owes is known. Run in the transaction that ends it.
create or replace function money.settle_booking(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; items jsonb; due bigint;
begin
  select t.* into p from money.payments t
  where t.booking_id = settle_booking.booking_id and t.status <> 'cancelled' for update;
  if p.due_amount is not null then return; end if;
  p.booking_id := settle_booking.booking_id;
  items := money.release_borne(settle_booking.booking_id, money.open_lines(p));
  due := booking.sum_of(items, 'customer');
  if p.id is null then
    if due <= 0 then return; end if;
    p := money.open_unpaid(settle_booking.booking_id);
  elsif due > 0 and p.cash_amount > 0 and p.cash_received_at is null and exists (
    select from booking.bookings b where b.id = p.booking_id and b.completed_at is null) then
    -- Nobody hands cash over for what did not take place.
    update money.payments t set cash_amount = 0, gateway_amount = t.gateway_amount + t.cash_amount where t.id = p.id;
  end if;
  update money.payments t set due_items = items, due_amount = due where t.id = p.id;
  perform money.ask_for_work(p.id);
end $$;

-- The payment of a booking that its customer has begun to pay in no way.
create or replace function money.open_unpaid(booking_id uuid) returns money.payments
language sql security definer set search_path = public, pg_temp as $$
  insert into money.payments (marketplace, payer_id, purpose, booking_id, description, currency, amount, wallet_amount, credits_amount,
    gateway_amount, capture)
  select b.marketplace, b.customer_id, 'booking', b.id, 'Booking ' || b.number, b.currency, b.total_amount, 0, 0, b.total_amount, 'later'
  from booking.bookings b where b.id = open_unpaid.booking_id
  returning *
$$;

-- Who pays whom how much for what, of a payment as it stands: { code, payer, payee, amount, user_id? (of the provider's account) },
-- without what a cancellation, staff and open disputes have cut.
create or replace function money.open_lines(p money.payments) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('code', l.code, 'payer', l.payer, 'payee', l.payee,
    'amount', l.amount, 'user_id', l.user_id)) order by l.code, l.payer, l.payee), '[]')
  from (
    select t.code, t.payer, t.payee, t.user_id,
      -- What was cut twice comes to nothing, not to less.
      case when sum(t.amount) filter (where not t.is_cut) < 0 then least(sum(t.amount), 0) else greatest(sum(t.amount), 0) end::bigint
        as amount
    from (
      select coalesce(i ->> 'code', p.purpose) as code, i ->> 'payer' as payer, i ->> 'payee' as payee, i ->> 'user_id' as user_id,
        (i ->> 'amount')::bigint as amount, false as is_cut
      from jsonb_array_elements(coalesce(p.due_items, '[]')) as i
      union all
      select i ->> 'code', i ->> 'payer', i ->> 'payee', case when 'provider' in (i ->> 'payer', i ->> 'payee') then b.provider_id::text end,
        c.way * (i ->> 'amount')::bigint, c.way < 0
      from booking.bookings b, lateral (values (1, b.line_items), (-1, b.refund_items)) as c (way, items),
        jsonb_array_elements(c.items) as i
      where b.id = p.booking_id and p.due_items is null
      union all
      select i ->> 'code', i ->> 'payer', i ->> 'payee', i ->> 'user_id', -(i ->> 'amount')::bigint, true
      from money.live_reductions(p) as r, jsonb_array_elements(r.items) as i
      -- What was cut before it was known what is owed is left out of that already.
      where r.is_taken_back or p.due_items is null) as t
    group by t.code, t.payer, t.payee, t.user_id) as l
  where l.amount <> 0
$$;

-- What has cut a payment's lines and still does.
create or replace function money.live_reductions(p money.payments) returns setof money.reductions
language sql stable security definer set search_path = public, pg_temp as $$
  select r.* from money.reductions r
  where r.payment_id = p.id
    and (r.kind = 'refund' or exists (select from money.disputes d where d.reduction_id = r.id and d.is_withheld))
$$;

-- Releases what is owed to those who get it, and gives back the rest to where it came from: the gateway, cash, then the wallet. Once:
-- what is given back later is taken from those who got it. A payment that has failed becomes a debt.
create or replace function money.settle_payment(p money.payments) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  held bigint := p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount - money.returned(p, null) - money.disputed(p);
  rest bigint := greatest(held - p.due_amount, 0); unit bigint; part bigint;
begin
  if p.settled_at is not null then return; end if;
  update money.payments t set settled_at = app.now() where t.id = p.id;
  if p.status = 'failed' then
    perform money.owe(p, held);
    return;
  end if;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if p.due_items <> '[]' then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release',
      'type', (select t.settles_as from money.payment_purposes t where t.purpose = p.purpose),
      'description', p.description, 'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -least(held, p.due_amount)) as e
          where least(held, p.due_amount) > 0
          -- What a stay that grew costs beyond what was paid is owed still.
          union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', held - p.due_amount)
          where held < p.due_amount
          union all select money.line_entries(p, p.due_items, 1)
          union all select money.cash_entries(p)) as entries)));
    if held < p.due_amount then perform money.tell_owed(p, p.due_amount - held); end if;
  end if;

  part := least(rest, p.captured_amount - money.returned(p, 'gateway'));
  perform money.refund_part(p, 'gateway', part, 'not_owed');
  rest := rest - part;
  -- Nobody gets money of the platform's for cash that it never had.
  part := least(rest, p.cash_amount);
  perform money.refund_part(p, 'cash', part, 'not_owed');
  rest := rest - part;
  -- Credits are whole ones: what is left of one goes to the wallet.
  part := greatest(rest - greatest(p.wallet_amount - money.returned(p, 'wallet'), 0), 0) / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part, 'not_owed');
  perform money.refund_part(p, 'credits', part, 'not_owed');
  perform money.count_refunds(p.id);
end $$;

-- What open disputes have taken out of what is held for the payer.
create or replace function money.disputed(p money.payments) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(r.amount), 0)::bigint from money.live_reductions(p) as r where r.kind = 'dispute' and not r.is_taken_back
$$;

-- What lines give to whom (sign 1), or take back from them (sign -1). Who has been paid what is taken back, or has spent it, owes it; who
-- has paid more than was still owed has the rest in the wallet.
create or replace function money.line_entries(p money.payments, items jsonb, sign integer) returns setof jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare e record; part bigint;
begin
  for e in
    select n ->> 'account' as account, (n ->> 'user_id')::uuid as user_id, sum((n ->> 'amount')::bigint)::bigint as amount
    from (
      select money.entry_of((i ->> 'user_id')::uuid, i ->> s.side, line_entries.sign * s.way * (i ->> 'amount')::bigint) as n
      from jsonb_array_elements(items) as i, (values ('payer', -1), ('payee', 1)) as s (side, way)
      where i ->> s.side <> 'customer') as t
    group by 1, 2 having sum((n ->> 'amount')::bigint) <> 0 order by 2, 1
  loop
    -- The platform keeps what nobody is there to get: the provider's account is purged.
    if e.account = 'provider_payable' and e.amount > 0 and exists (
      select from identity.users u where u.id = e.user_id and u.purged_at is not null) then
      return next jsonb_build_object('account', 'platform_revenue', 'amount', e.amount);
      continue;
    end if;
    part := case
      when e.account in ('provider_payable', 'wallet') and e.amount < 0 then
        greatest(e.amount, -money.holding(e.user_id, e.account, p.currency))
      when e.account = 'receivable' and e.amount > 0 then least(e.amount, -money.holding(e.user_id, 'receivable', p.currency))
      else e.amount end;
    if e.account = 'receivable' and part > 0 then perform money.tell_repaid(e.user_id); end if;
    if part <> 0 then
      return next jsonb_strip_nulls(jsonb_build_object('account', e.account, 'user_id', e.user_id, 'amount', part));
    end if;
    if part <> e.amount then
      return next jsonb_build_object('account', case e.account when 'receivable' then 'wallet' else 'receivable' end,
        'user_id', e.user_id, 'amount', e.amount - part);
    end if;
  end loop;
end $$;

-- The account of a party of a line.
create or replace function money.entry_of(person_id uuid, party text, amount bigint) returns jsonb language sql stable as $$
  select case party when 'provider' then jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', amount)
    when 'wallet' then jsonb_build_object('account', 'wallet', 'user_id', person_id, 'amount', amount)
    when 'debt' then jsonb_build_object('account', 'receivable', 'user_id', person_id, 'amount', amount)
    when 'tax' then jsonb_build_object('account', 'tax', 'amount', amount)
    when 'promo' then jsonb_build_object('account', 'promo_expense', 'amount', amount)
    else jsonb_build_object('account', 'platform_revenue', 'amount', amount) end
$$;
