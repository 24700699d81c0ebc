-- What staff give back of a payment: parts of its lines, or an amount that all of them share. Before the lines are paid out to those who
-- get them, they get less; after that it is taken back from them, and who has been paid out owes it. What has not been taken from the
-- payer yet will not be.
--
-- wish: { items: [{ line (its code), amount }] | amount, reason, to: source | wallet | credits }
--
-- Returns the refund: { id, payment_id, amount, returned_amount, to, reason, items, refunds, created_at }. Refuses with not_found,
-- own_payment, payment_not_refundable (nothing was paid, or it is under way), nothing_taken (to wallet or credits), unknown_line,
-- refund_too_large, balances_overdraft_check (the wallet that was topped up has spent it), and account_closed.
create or replace function money.refund_as_staff(payment_id uuid, wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; items jsonb; worth bigint; returned bigint; r money.reductions;
begin
  if not identity.has_permission(app.actor(), 'money.refund') then perform app.refuse('forbidden'); end if;
  select t.* into p from money.payments t where t.id = refund_as_staff.payment_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  items := money.open_lines(p);
  if app.actor() = p.payer_id or exists (select from jsonb_array_elements(items) as i where i ->> 'user_id' = app.actor()::text) then
    perform app.refuse('own_payment');
  end if;
  if p.status not in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then
    perform app.refuse('payment_not_refundable', p.status);
  end if;
  items := money.cut(items, wish);
  worth := booking.sum_of(items, 'customer');
  if worth <= 0 or worth > money.refundable(p) then perform app.refuse('refund_too_large', money.refundable(p)::text); end if;
  -- What is only reserved is not given back: less of it is taken.
  returned := case when p.status = 'authorized' or p.due_amount is not null and p.settled_at is null then 0 else worth end;
  if returned = 0 and wish ->> 'to' <> 'source' then perform app.refuse('nothing_taken'); end if;

  insert into money.reductions (marketplace, payment_id, kind, items, amount, returned_amount, is_taken_back, destination, reason,
    created_by)
  values (p.marketplace, p.id, 'refund', items, worth, returned, p.settled_at is not null, wish ->> 'to', wish ->> 'reason',
    app.actor())
  returning * into r;
  if r.is_taken_back then perform money.take_back(p, r.items, 'reduction/' || r.id || '/taken', worth);
  elsif p.due_amount is not null then
    update money.payments t set due_items = money.less(money.open_lines(p), r.items), due_amount = t.due_amount - worth where t.id = p.id;
  end if;
  if returned > 0 then perform money.give_back(p, r); end if;
  perform money.count_refunds(p.id);
  perform money.ask_for_work(p.id);
  perform app.audit('money.refunded', 'money', 'reductions', r.id::text, new_values => jsonb_build_object('payment_id', p.id,
    'amount', worth, 'to', wish ->> 'to', 'items', items, 'reason', wish ->> 'reason'));
  perform app.emit('refund.ordered', jsonb_build_object('refund_id', r.id, 'payment_id', p.id, 'booking_id', p.booking_id,
    'user_id', p.payer_id, 'description', p.description, 'amount', worth, 'returned_amount', returned,
    'currency', p.currency, 'amount_text', money.amount_text(returned, p.currency), 'to', wish ->> 'to'));
  return money.shown_reduction(r.id);
end $$;

-- How much of what was paid has not been given back, promised or disputed.
create or replace function money.refundable(p money.payments) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select greatest(0, p.wallet_amount + p.credits_amount + p.cash_amount
    -- What is reserved counts as far as it is going to be taken.
    + case when p.status = 'authorized' then p.gateway_amount else p.captured_amount end
    - coalesce((select sum(r.amount) from money.refunds r
                where r.payment_id = p.id and r.reason <> 'paid_too_late' and r.replaces is null), 0)
    - case when p.settled_at is null then coalesce((
        select sum(r.amount - r.returned_amount) from money.reductions r where r.payment_id = p.id and r.kind = 'refund'), 0) else 0 end
    - money.withheld(p))::bigint
$$;

-- What banks want back of a payment and may keep.
create or replace function money.withheld(p money.payments) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(d.amount), 0)::bigint from money.disputes d where d.payment_id = p.id and d.is_withheld
$$;

-- The parts of lines that make up a wish of staff. Lines share an amount by their size, the largest fractions first where it does not
-- go up. Refuses with unknown_line and refund_too_large.
create or replace function money.cut(items jsonb, wish jsonb) returns jsonb
language plpgsql stable as $$
declare whole bigint := booking.sum_of(items, 'customer'); worth bigint := (wish ->> 'amount')::bigint;
begin
  if worth is not null then
    if worth > whole then perform app.refuse('refund_too_large', whole::text); end if;
    return money.share(items, worth);
  end if;
  if exists (select from jsonb_array_elements(wish -> 'items') as w where not exists (
      select from jsonb_array_elements(items) as i where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer')) then
    perform app.refuse('unknown_line');
  end if;
  if exists (
    select from jsonb_array_elements(wish -> 'items') as w, jsonb_array_elements(items) as i
    where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer'
    group by w having sum((i ->> 'amount')::bigint) < (w ->> 'amount')::bigint) then
    perform app.refuse('refund_too_large');
  end if;
  return (
    select jsonb_agg(part) from jsonb_array_elements(wish -> 'items') as w,
      jsonb_array_elements(money.share((
        select jsonb_agg(i) from jsonb_array_elements(items) as i
        where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer'), (w ->> 'amount')::bigint)) as part);
end $$;

-- The parts of the customer's lines that add up to an amount of at most their sum. A discount among them shares too.
create or replace function money.share(items jsonb, worth bigint) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(n.item || jsonb_build_object('amount', n.amount) order by n.item) filter (where n.amount <> 0), '[]')
  from (
    select f.item, floor(f.exact)::bigint + (row_number() over (order by f.exact - floor(f.exact) desc, f.item)
      <= worth - sum(floor(f.exact)) over ())::integer as amount
    from (
      select i as item, a.amount * worth / sum(a.amount) over () as exact
      from jsonb_array_elements(items) as i, lateral (select (i ->> 'amount')::numeric as amount) as a
      where i ->> 'payer' = 'customer') as f) as n
$$;

-- Lines without the parts that are cut.
create or replace function money.less(items jsonb, cut jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(l.item || jsonb_build_object('amount', l.amount) order by l.item), '[]')
  from (
    select t.item - 'amount' as item, sum(t.amount)::bigint as amount
    from (
      select i as item, (i ->> 'amount')::bigint as amount from jsonb_array_elements(items) as i
      union all select i, -(i ->> 'amount')::bigint from jsonb_array_elements(cut) as i) as t
    group by 1) as l
  where l.amount <> 0
$$;

create or replace function money.shown_reduction(reduction_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', r.id, 'payment_id', r.payment_id, 'currency', p.currency, 'amount', r.amount,
    'returned_amount', r.returned_amount, 'to', r.destination, 'reason', r.reason, 'created_by', r.created_by,
    'items', (select jsonb_agg(jsonb_build_object('line', i ->> 'code', 'payee', i ->> 'payee', 'amount', (i ->> 'amount')::bigint)
                order by i ->> 'code', i ->> 'payee') from jsonb_array_elements(r.items) as i),
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', f.id, 'method', f.method, 'amount', f.amount, 'status', f.status) order by f.id)
      from money.refunds f where f.reduction_id = r.id), '[]'),
    'created_at', r.created_at)
  from money.reductions r join money.payments p on p.id = r.payment_id where r.id = shown_reduction.reduction_id
$$;

grant execute on function money.refund_as_staff(uuid, jsonb) to vicinity_api;
