-- Commits what the person of this transaction is about to pay for a booking of theirs, before any gateway is asked. The amount is the
-- booking's; credits and wallet give what they have where the person wants it, and the gateway takes the rest.
--
-- wish: { booking_id, use_wallet, use_credits, gateways (of the marketplace, the first preferred), gateway? (the person's choice),
-- capture: now | later, options: { method?, payment_method?, return_url? } }
--
-- Returns { payment, charge }: the charge is what to ask the gateway under its key, null where nothing is left to pay or the same is
-- under way. Asked again it returns the same try; another gateway, other options or a refused try make a new one. The caller holds
-- the payment for half a minute, until `money.record_my_attempt`. Refuses with not_found, booking_not_payable, nothing_to_pay,
-- already_paid, payment_in_progress and gateway_not_offered.
create or replace function money.open_payment(wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; p money.payments; a money.payment_attempts; chosen text;
begin
  if wish ->> 'gateway' is not null and not wish -> 'gateways' ? (wish ->> 'gateway') then
    perform app.refuse('gateway_not_offered');
  end if;
  b := money.lock_booking((wish ->> 'booking_id')::uuid);
  if b.id is null or b.customer_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  if b.status = 'cancelled' or b.expires_at <= app.now() then perform app.refuse('booking_not_payable', b.status); end if;
  if b.total_amount = 0 then perform app.refuse('nothing_to_pay'); end if;
  select t.* into p from money.payments t where t.booking_id = b.id and t.status <> 'cancelled' for update;
  if p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then perform app.refuse('already_paid'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current for update;
  if p.id is not null and p.amount <> b.total_amount then
    -- The booking has changed since. What the earlier payment still brings in is given back.
    update money.payments t set status = 'cancelled' where t.id = p.id;
    perform money.give_back_parts(p);
    perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
    p := null;
    a := null;
  end if;
  if p.id is null then
    p := money.start_payment(b, wish);
  end if;
  if p.gateway_amount = 0 then
    perform money.advance_payment(p.id);
    return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', null);
  end if;

  -- A gateway that did not take the last try at all is not asked first again.
  chosen := coalesce(wish ->> 'gateway', case
    when a.id is null then wish #>> '{gateways,0}'
    when a.reference is null and a.failure_code is not null then coalesce((
      select g.name from jsonb_array_elements_text(wish -> 'gateways') with ordinality as g (name, place)
      where g.place > (select o.place from jsonb_array_elements_text(wish -> 'gateways') with ordinality as o (name, place)
                       where o.name = a.gateway)
      order by g.place limit 1), wish #>> '{gateways,0}')
    else a.gateway end);
  if a.id is null or a.gateway <> chosen or a.options <> wish -> 'options' or a.created_at < app.now() - interval '20 hours'
    or a.status in ('rejected', 'cancelled') or a.status = 'failed' and a.options ? 'payment_method' then
    update money.payment_attempts t set is_current = false where t.id = a.id;
    insert into money.payment_attempts (marketplace, payment_id, gateway, amount, options)
    values (p.marketplace, p.id, chosen, p.gateway_amount, wish -> 'options')
    returning * into a;
  end if;
  update money.payments t set leased_until = app.now() + interval '30 seconds' where t.id = p.id;
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
  return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', jsonb_build_object(
    'attempt_id', a.id, 'gateway', a.gateway, 'amount', a.amount, 'currency', p.currency, 'description', p.description,
    'capture', p.capture, 'options', a.options, 'metadata', jsonb_build_object('payment_id', p.id, 'booking_id', b.id)));
end $$;

-- Takes the parts of wallet and credits into what is held for the person, and writes the payment.
create or replace function money.start_payment(b booking.bookings, wish jsonb) returns money.payments
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; unit bigint; credits bigint := 0; wallet bigint := 0;
begin
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = b.currency;
  if (wish ->> 'use_credits')::boolean then
    credits := least(b.total_amount / unit, money.holding(b.customer_id, 'credits', 'XCR')) * unit;
  end if;
  if (wish ->> 'use_wallet')::boolean then
    wallet := least(b.total_amount - credits, money.holding(b.customer_id, 'wallet', b.currency));
  end if;
  insert into money.payments (marketplace, payer_id, purpose, booking_id, description, currency, amount, wallet_amount,
    credits_amount, gateway_amount, capture)
  values (b.marketplace, b.customer_id, 'booking', b.id, 'Booking ' || b.number, b.currency, b.total_amount, wallet, credits,
    b.total_amount - wallet - credits,
    -- A card's bank reserves for a week: what ends later is taken at once.
    case when b.ends_at < app.now() + interval '6 days' then wish ->> 'capture' else 'now' end)
  returning * into p;
  if wallet + credits > 0 then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/parts', 'type', 'payment', 'description', p.description,
      'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', wallet + credits) as e
          union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', -wallet) where wallet > 0
          union all select money.credit_entries(p, -credits)) as entries)));
  end if;
  return p;
end $$;

-- What credits of this worth do to the accounts beside `held`: they are taken from the person where it is negative. The platform bears
-- what they are worth.
create or replace function money.credit_entries(p money.payments, worth bigint) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select e from money.currencies c, lateral (select worth / power(10, c.exponent)::bigint as credits) as n, lateral (values
    (jsonb_build_object('account', 'credit_expense', 'amount', worth)),
    (jsonb_build_object('account', 'credits', 'user_id', p.payer_id, 'currency', 'XCR', 'amount', n.credits,
      'type', case when worth < 0 then 'spent' else 'refunded' end)),
    (jsonb_build_object('account', 'credit_expense', 'currency', 'XCR', 'amount', -n.credits))) as v (e)
  where c.code = p.currency and worth <> 0
$$;

-- What a person has on an account, locked until the end of the transaction.
create or replace function money.holding(person_id uuid, kind text, currency text) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare held bigint;
begin
  select b.balance into held from money.balances b join money.accounts a on a.id = b.account_id
  where a.owner_id = person_id and a.kind = holding.kind and a.currency = holding.currency and b.is_active for update of b;
  return coalesce(held, 0);
end $$;

-- Gives wallet and credits of a payment back that was cancelled.
create or replace function money.give_back_parts(p money.payments) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if p.wallet_amount + p.credits_amount > 0 then
    perform money.reverse(k.transfer_id, 'Cancelled: ' || p.description) from money.transfer_keys k
    where k.marketplace = p.marketplace and k.key = 'payment/' || p.id || '/parts';
  end if;
end $$;

-- Locks what everybody locks who changes a booking, in the same order: its clock, the booking, and then its payments.
create or replace function money.lock_booking(booking_id uuid) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  perform from app.timers t where t.kind = 'booking.clock' and t.subject_id = lock_booking.booking_id and t.settled_at is null
  for update;
  select t.* into b from booking.bookings t where t.id = lock_booking.booking_id and t.marketplace = app.marketplace() for update;
  return b;
end $$;

-- A payment as its payer sees it.
create or replace function money.shown_payment(payment_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', p.id, 'purpose', p.purpose, 'booking_id', p.booking_id, 'description', p.description,
    'status', p.status, 'currency', p.currency, 'amount', p.amount, 'wallet_amount', p.wallet_amount,
    'credits_amount', p.credits_amount, 'gateway_amount', p.gateway_amount, 'captured_amount', p.captured_amount,
    'refunded_amount', p.refunded_amount, 'gateway', a.gateway,
    'failure', case when p.status in ('pending', 'failed') and a.failure_code is not null then
      jsonb_build_object('code', a.failure_code, 'message', a.failure_message) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'method', r.method, 'amount', r.amount, 'reason', r.reason,
        'status', r.status, 'created_at', r.created_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'created_at', p.created_at, 'updated_at', p.updated_at)
  from money.payments p left join money.payment_attempts a on a.payment_id = p.id and a.is_current
  where p.id = shown_payment.payment_id
$$;

-- The same for the person of this transaction: null for anybody else's.
create or replace function money.show_my_payment(payment_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select money.shown_payment(p.id) from money.payments p
  where p.id = show_my_payment.payment_id and p.payer_id = app.actor() and p.marketplace = app.marketplace()
$$;

grant execute on function money.open_payment(jsonb), money.show_my_payment(uuid) to vicinity_api;
