-- Commits what the person of this transaction is about to pay, before any gateway is asked. What it costs the finder of the purpose
-- says (`money.find_payable`); credits and wallet give what they have where the person wants it, and the gateway takes the rest, or
-- the provider does, in cash.
--
-- wish: { purpose, subject_id, use_wallet, use_credits, use_cash, cash (whether the marketplace has it), gateways (of the marketplace, the
-- first preferred), gateway? (the person's choice), payment_method_id? (of money.payment_methods), capture: now | later, options:
-- { method?, payment_method? (a reference at the gateway), return_url?, keep? (card | upi: the payer leaves it too, at Razorpay) } }
--
-- Returns { payment, charge }: the charge is what to ask the gateway under its key, null where nothing is left to pay or the same is
-- under way. Asked again it returns the same try; another gateway, other options or a refused try make a new one. The caller holds
-- the payment for half a minute, until `money.record_my_attempt`. Refuses with not_found, nothing_to_pay, already_paid,
-- payment_in_progress, gateway_not_offered, account_not_accepted, cash_not_accepted, payment_method_not_found,
-- contact_missing and what the finder says of what cannot be paid.
create or replace function money.open_payment(wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return money.open_payment_of(app.actor(), wish);
end $$;

-- The same for somebody who is not there: what the worker charges to a saved method.
create or replace function money.open_payment_of(person_id uuid, wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  subject uuid := (wish ->> 'subject_id')::uuid; asked jsonb; p money.payments; a money.payment_attempts; chosen text;
  m money.payment_methods;
begin
  if wish ->> 'payment_method_id' is not null then
    select t.* into m from money.payment_methods t
    where t.id = (wish ->> 'payment_method_id')::uuid and t.user_id = open_payment_of.person_id and t.removed_at is null;
    if m.id is null then perform app.refuse('payment_method_not_found'); end if;
    wish := jsonb_set(wish || jsonb_build_object('gateway', m.gateway), '{options,payment_method}', to_jsonb(m.reference));
  elsif exists (
    select from money.payment_methods t
    where t.marketplace = app.marketplace() and t.gateway in (select jsonb_array_elements_text(wish -> 'gateways'))
      and t.reference = wish #>> '{options,payment_method}'
      and (t.user_id <> open_payment_of.person_id or t.removed_at is not null)) then
    perform app.refuse('payment_method_not_found');
  end if;
  if wish ->> 'gateway' is not null and not wish -> 'gateways' ? (wish ->> 'gateway') then
    perform app.refuse('gateway_not_offered');
  end if;
  if wish #>> '{options,keep}' is not null and exists (select from identity.users u
    where u.id = open_payment_of.person_id and (u.email is null or u.phone_hash is null)) then
    perform app.refuse('contact_missing');
  end if;
  perform money.lock_subject(wish ->> 'purpose', subject);
  asked := money.find_payable(wish ->> 'purpose', subject);
  if (asked ->> 'payer_id')::uuid is distinct from open_payment_of.person_id then perform app.refuse('not_found'); end if;
  if not (asked ->> 'payable')::boolean then perform app.refuse(asked ->> 'code'); end if;
  if (asked ->> 'amount')::bigint = 0 then perform app.refuse('nothing_to_pay'); end if;
  select t.* into p from money.payments t
  where t.purpose = wish ->> 'purpose' and (t.booking_id = subject and t.status <> 'cancelled'
    or t.subject_id = subject and t.status in ('pending', 'processing', 'authorized', 'failed')) for update;
  if p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then perform app.refuse('already_paid'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current for update;
  if p.amount <> (asked ->> 'amount')::bigint or p.due_items <> asked -> 'items'
    or (p.cash_amount > 0) <> coalesce((wish ->> 'use_cash')::boolean, false) then
    -- What it costs has changed since, or the person would rather pay otherwise.
    perform money.drop_payment(p);
    p := null;
    a := null;
  end if;
  if p.id is null then
    p := money.start_payment(asked, wish);
    -- A promise of cash is as good as a card's: the booking stands.
    if p.cash_amount > 0 then perform money.tell_subject(p, 'authorized'); end if;
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
    insert into money.payment_attempts (marketplace, payment_id, gateway, amount, options, customer)
    select p.marketplace, p.id, chosen, p.gateway_amount, wish -> 'options',
      jsonb_strip_nulls(jsonb_build_object('reference', c.reference, 'email', u.email, 'name', u.full_name))
    from identity.users u left join money.gateway_customers c on c.user_id = u.id and c.gateway = chosen
    where u.id = p.payer_id
    returning * into a;
  end if;
  update money.payments t set leased_until = app.now() + interval '30 seconds' where t.id = p.id;
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
  return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', jsonb_build_object(
    'attempt_id', a.id, 'gateway', a.gateway, 'amount', a.amount, 'currency', p.currency, 'description', p.description,
    'capture', p.capture, 'options', a.options, 'customer', a.customer,
    'keeper', case when a.options ? 'keep' then (
      select to_jsonb(c) || jsonb_build_object('user_id', app.actor()) from money.my_gateway_customer(a.gateway) as c) end,
    'metadata', jsonb_build_object('payment_id', p.id, 'purpose', p.purpose,
      case when p.booking_id is null then 'subject_id' else 'booking_id' end, subject)));
end $$;

-- Takes the parts of wallet and credits into what is held for the person, and writes the payment. What is owed for anything but a
-- booking is known from the beginning.
create or replace function money.start_payment(asked jsonb, wish jsonb) returns money.payments
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p money.payments; purpose_ money.payment_purposes; unit bigint; credits bigint := 0; wallet bigint := 0; cash bigint := 0;
  person uuid := (asked ->> 'payer_id')::uuid; total bigint := (asked ->> 'amount')::bigint;
begin
  select t.* into strict purpose_ from money.payment_purposes t where t.purpose = wish ->> 'purpose';
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = asked ->> 'currency';
  if (wish ->> 'use_credits')::boolean then
    if 'credits' <> all (purpose_.accounts) then perform app.refuse('account_not_accepted'); end if;
    credits := least(total / unit, money.holding(person, 'credits', 'XCR')) * unit;
  end if;
  if (wish ->> 'use_wallet')::boolean then
    if 'wallet' <> all (purpose_.accounts) then perform app.refuse('account_not_accepted'); end if;
    wallet := least(total - credits, money.holding(person, 'wallet', asked ->> 'currency'));
  end if;
  if (wish ->> 'use_cash')::boolean then
    if 'cash' <> all (purpose_.accounts) or not coalesce((wish ->> 'cash')::boolean, false) then
      perform app.refuse('cash_not_accepted');
    end if;
    cash := total - credits - wallet;
  end if;
  insert into money.payments (marketplace, payer_id, purpose, booking_id, subject_id, description, currency, amount, wallet_amount,
    credits_amount, cash_amount, gateway_amount, capture, due_items, due_amount)
  values (app.marketplace(), person, purpose_.purpose,
    case when purpose_.purpose = 'booking' then (wish ->> 'subject_id')::uuid end,
    case when purpose_.purpose <> 'booking' then (wish ->> 'subject_id')::uuid end,
    asked ->> 'description', asked ->> 'currency', total, wallet, credits, cash, total - wallet - credits - cash,
    case when asked ->> 'capture' = 'later' then wish ->> 'capture' else 'now' end,
    asked -> 'items', case when asked -> 'items' is not null then total end)
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

-- Cancels a payment that nothing has come of yet. What it still brings in is given back.
create or replace function money.drop_payment(p money.payments) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.payments t set status = 'cancelled' where t.id = p.id;
  perform money.give_back_parts(p);
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
end $$;

-- Cancels what somebody who leaves has begun to pay for, and tips that were for them, so that nothing comes into an account that is
-- closed: what a gateway still takes goes back. A booking that is over is paid for all the same.
create or replace function money.drop_payments_of(person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments;
begin
  for p in
    select t.* from money.payments t
    where t.booking_id is null and t.status in ('pending', 'failed') and t.id in (
      select f.id from money.payments f where f.payer_id = person_id
      union all
      select f.id from money.tips g join money.payments f on f.subject_id = g.id where g.provider_id = person_id)
    order by t.id
  loop
    perform money.lock_subject(p.purpose, p.subject_id);
    select t.* into strict p from money.payments t where t.id = p.id for update;
    if p.status in ('pending', 'failed') then perform money.drop_payment(p); end if;
  end loop;
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
  select jsonb_build_object('id', p.id, 'number', p.number, 'purpose', p.purpose, 'booking_id', p.booking_id, 'subject_id', p.subject_id,
    'description', p.description,
    'status', p.status, 'currency', p.currency, 'amount', p.amount, 'wallet_amount', p.wallet_amount,
    'credits_amount', p.credits_amount, 'cash_amount', p.cash_amount, 'gateway_amount', p.gateway_amount, 'captured_amount', p.captured_amount,
    'refunded_amount', p.refunded_amount, 'gateway', a.gateway,
    'failure', case when p.status in ('pending', 'failed') and a.failure_code is not null then
      jsonb_build_object('code', a.failure_code, 'message', a.failure_message) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'number', r.number, 'method', r.method, 'amount', r.amount, 'reason', r.reason,
        'status', r.status, 'created_at', r.created_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'authorized_at', p.authorized_at, 'captured_at', p.captured_at, 'failed_at', p.failed_at, 'refunded_at', p.refunded_at,
    'created_at', p.created_at, 'updated_at', p.updated_at) || money.papers_of(p.id)
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
grant execute on function money.open_payment_of(uuid, jsonb) to vicinity_worker;
