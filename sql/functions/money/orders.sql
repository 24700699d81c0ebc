-- Opens an order of the person of this transaction, at a price that the calling module has reckoned: for the functions of modules. It is
-- paid for as purpose `order`.
--
-- details: { description, items: [{ code, payer: 'customer', payee, amount, user_id? (of a provider) }], setup_fee (true: the first order of
-- a customer carries the setting `setup_fee_cents`, and no other does), metadata? }
create or replace function money.open_order(details jsonb) returns money.orders
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  o money.orders; net bigint := booking.sum_of(details -> 'items', 'customer');
  fee bigint := case when (details ->> 'setup_fee')::boolean then coalesce(app.setting('setup_fee_cents')::bigint, 0) else 0 end;
begin
  -- Of two first orders at once one waits here for the other, and finds that the fee is taken.
  if fee > 0 then
    o := money.insert_order(details, net + fee, fee);
  end if;
  if o.id is null then o := money.insert_order(details, net, 0); end if;
  return o;
end $$;

create or replace function money.insert_order(details jsonb, total bigint, fee bigint) returns money.orders
language plpgsql security definer set search_path = public, pg_temp as $$
declare o money.orders;
begin
  insert into money.orders (marketplace, user_id, description, amount, currency, setup_fee_applied, items, metadata)
  select m.slug, app.actor(), details ->> 'description', total, m.currency, fee,
    details -> 'items' || case when fee > 0 then jsonb_build_array(jsonb_build_object('code', 'setup_fee', 'payer', 'customer',
      'payee', 'platform', 'amount', fee)) else '[]' end,
    coalesce(details -> 'metadata', '{}')
  from app.marketplaces m where m.slug = app.marketplace()
  on conflict (user_id) where setup_fee_applied > 0 do nothing returning * into o;
  return o;
end $$;

-- The finder of orders. Nobody escapes the fee by a second order: the one that carries it is paid first, or given up.
create or replace function money.payable_order(order_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payer_id', o.user_id, 'amount', o.amount, 'currency', o.currency, 'description', o.description,
    'items', o.items, 'payable', s.code is null, 'code', s.code)
  from money.orders o, lateral (select case
      when o.status in ('paid', 'refunded') then 'already_paid'
      when o.cancelled_at is not null then 'order_cancelled'
      when o.setup_fee_applied = 0 and exists (select from money.orders f where f.user_id = o.user_id and f.setup_fee_applied > 0
        and f.status in ('pending', 'failed')) then 'setup_fee_unpaid' end as code) as s
  where o.id = payable_order.order_id and o.marketplace = app.marketplace()
$$;

create or replace function money.tell_order(order_id uuid, payment_id uuid, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare o money.orders; a money.payment_attempts; previous text;
begin
  select t.* into strict o from money.orders t where t.id = tell_order.order_id for update;
  previous := o.status;
  select t.* into a from money.payment_attempts t where t.payment_id = tell_order.payment_id and t.is_current;
  update money.orders t set status = money.status_of_subject('orders', t.status, tell_order.status),
    bolt_checkout_id = coalesce(case when a.gateway = 'bolt' then a.reference end, t.bolt_checkout_id),
    metadata = t.metadata || case when tell_order.status <> 'succeeded' then '{}' else
      jsonb_build_object('payment_method', money.name_of_method(a)) end
  where t.id = o.id returning t.* into o;
  -- Whoever acts on an order that is paid has done so, where a bank gave its refund back.
  if o.status <> previous and previous <> 'refunded' then
    perform app.emit('order.' || o.status, jsonb_build_object('order_id', o.id, 'user_id', o.user_id, 'amount', o.amount,
      'currency', o.currency, 'setup_fee_applied', o.setup_fee_applied, 'metadata', o.metadata));
  end if;
end $$;

-- How a try was paid, in words such as card_ending_4242.
create or replace function money.name_of_method(a money.payment_attempts) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((
      select m.type || coalesce('_ending_' || m.last4, '') from money.payment_methods m
      where m.marketplace = a.marketplace and m.gateway = a.gateway and m.reference = a.options ->> 'payment_method'),
    a.options ->> 'method', a.gateway, 'wallet')
$$;

-- Gives up an order of the caller's that is not paid: what the setup fee was is due with the next order again. Money that still comes
-- for it goes back. Refuses with not_found, order_not_cancellable and payment_in_progress.
create or replace function money.cancel_order(order_id uuid) returns setof money.orders
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare o money.orders; p money.payments;
begin
  perform money.lock_subject('order', cancel_order.order_id);
  select t.* into p from money.payments t where t.purpose = 'order' and t.subject_id = cancel_order.order_id
    and t.status in ('pending', 'processing', 'authorized', 'failed') for update;
  select t.* into o from money.orders t where t.id = cancel_order.order_id and t.user_id = app.actor() for update;
  if o.id is null then perform app.refuse('not_found'); end if;
  if o.status not in ('pending', 'failed') or o.cancelled_at is not null then perform app.refuse('order_not_cancellable'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  if p.id is not null then perform money.drop_payment(p); end if;
  return query
    update money.orders t set cancelled_at = app.now(), status = 'failed', setup_fee_applied = 0,
      amount = t.amount - t.setup_fee_applied,
      items = (select coalesce(jsonb_agg(i), '[]') from jsonb_array_elements(t.items) as i where i ->> 'code' <> 'setup_fee')
    where t.id = o.id returning t.*;
end $$;

grant execute on function money.cancel_order(uuid) to vicinity_api;
