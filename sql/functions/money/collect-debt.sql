-- What a person owes: what bookings cost beyond what was paid, and what had to be taken back from earnings that were paid out.
create or replace function money.payable_debt(person_id uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare currency_ text; owed bigint;
begin
  select m.currency into currency_ from identity.users u join app.marketplaces m on m.slug = u.marketplace
  where u.id = payable_debt.person_id and u.marketplace = app.marketplace();
  if not found then return null; end if;
  owed := money.owed_by(person_id, currency_);
  return jsonb_build_object('payer_id', person_id, 'amount', owed, 'currency', currency_, 'description', 'What is still owed',
    'items', jsonb_build_array(jsonb_build_object('code', 'debt', 'payer', 'customer', 'payee', 'debt', 'amount', owed,
      'user_id', person_id)),
    'payable', true);
end $$;

create or replace function money.owed_by(person_id uuid, currency text) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(-b.balance), 0)::bigint from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = owed_by.person_id and a.kind = 'receivable' and a.currency = owed_by.currency
$$;

-- What the person of this transaction owes: { amount, currency }.
create or replace function money.show_my_debt() returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('amount', money.owed_by(app.actor(), m.currency), 'currency', m.currency)
  from app.marketplaces m where m.slug = app.marketplace()
$$;

create or replace function money.tell_debt(person_id uuid, payment_id uuid, status text) returns void language plpgsql as $$
begin
  -- The ledger knows it already.
end $$;

-- What is not paid any more, or still owed, is charged to a saved method soon: the two handlers of timers.
create or replace function money.ask_to_collect(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payment.collection_due', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id))
  from money.payments p where p.id = ask_to_collect.payment_id and p.booking_id is not null;
end $$;
create or replace function money.ask_to_collect_debt(person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payment.collection_due', jsonb_build_object('booking_id', null, 'user_id', person_id));
end $$;

-- With which saved method a person is charged for a booking that is not paid any more, or, without one, for what they owe: nothing where
-- they keep none, or where there is nothing to be collected. While somebody is busy with it, it waits for another minute.
create or replace function money.method_to_collect(person_id uuid, booking_id uuid) returns table (gateway text, reference text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  purpose_ text := case when method_to_collect.booking_id is null then 'debt' else 'booking' end;
  subject uuid := coalesce(method_to_collect.booking_id, person_id); asked jsonb := money.find_payable(purpose_, subject); p money.payments;
begin
  select t.* into p from money.payments t
  where t.purpose = purpose_ and coalesce(t.booking_id, t.subject_id) = subject and t.status <> 'cancelled'
  order by t.id desc limit 1;
  if asked ->> 'payer_id' is distinct from person_id::text or not (asked ->> 'payable')::boolean or (asked ->> 'amount')::bigint = 0
    or purpose_ = 'booking' and p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then
    return;
  end if;
  if p.status = 'processing' or p.leased_until > app.now() then
    perform app.set_timer(case purpose_ when 'debt' then 'debt.collect' else 'payment.collect' end,
      case purpose_ when 'debt' then person_id else p.id end, app.now() + interval '1 minute');
    return;
  end if;
  return query select m.gateway::text, m.reference::text from money.default_method(person_id) as m where m.reference is not null;
end $$;

grant execute on function money.show_my_debt() to vicinity_api;
grant execute on function money.method_to_collect(uuid, uuid) to vicinity_worker;
