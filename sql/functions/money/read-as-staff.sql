-- What staff see of people's money. Whoever calls these has the permission already: the route asks for it. Who saw what is on record.

-- Payments of the marketplace, the newest first. All that is given must fit. Planned for what is asked, each time: what is not asked
-- would keep the indexes out of a plan for all.
--
-- wanted: { status?, purpose?, gateway? (of any try), user_id?, booking_id?, reference? (the gateway's, or our own of a try), from?, to? }
create or replace function money.search_payments(wanted jsonb, before uuid, max integer) returns table (payment jsonb)
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  status_ text := wanted ->> 'status'; purpose_ text := wanted ->> 'purpose'; gateway_ text := wanted ->> 'gateway';
  person uuid := wanted ->> 'user_id'; booking_ uuid := wanted ->> 'booking_id'; reference_ text := wanted ->> 'reference';
  from_ timestamptz := wanted ->> 'from'; to_ timestamptz := wanted ->> 'to'; shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select p.id from money.payments p
    where p.marketplace = app.marketplace()
      and (status_ is null or p.status = status_)
      and (purpose_ is null or p.purpose = purpose_)
      and (person is null or p.payer_id = person)
      and (booking_ is null or p.booking_id = booking_)
      and (gateway_ is null or exists (
        select from money.payment_attempts a where a.payment_id = p.id and a.gateway = gateway_))
      and (reference_ is null or p.id in (
        select a.payment_id from money.payment_attempts a
        where a.marketplace = app.marketplace() and (a.reference = reference_ or a.id::text = reference_)
        union select r.payment_id from money.refunds r where r.marketplace = app.marketplace() and r.reference = reference_))
      -- Its id is the moment at which it was opened.
      and (from_ is null or p.id >= app.uuid_v7_floor(from_))
      and (to_ is null or p.id < app.uuid_v7_floor(to_))
      and (before is null or p.id < before)
    order by p.id desc limit max) as f;
  perform app.audit('money.payments_searched', 'money', 'payments', null,
    metadata => jsonb_build_object('wanted', wanted, 'payment_ids', coalesce(to_jsonb(shown), '[]')));
  return query select money.payment_for_staff(p) from money.payments p where p.id = any (shown) order by p.id desc;
end $$;

create or replace function money.payment_for_staff(p money.payments) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select money.shown_payment(p.id) || jsonb_build_object('payer_id', p.payer_id, 'capture', p.capture, 'due_amount', p.due_amount)
$$;

-- One payment with every try, every refund, and every transfer that the ledger has of it.
create or replace function money.show_payment_to_staff(payment_id uuid) returns table (payment jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments;
begin
  select t.* into p from money.payments t
  where t.id = show_payment_to_staff.payment_id and t.marketplace = app.marketplace();
  if not found then return; end if;
  perform app.audit('money.payment_read', 'money', 'payments', p.id::text);
  return query select money.payment_for_staff(p) || jsonb_build_object(
    'due_items', coalesce(p.due_items, '[]'),
    'attempts', coalesce((
      select jsonb_agg(jsonb_build_object('id', a.id, 'gateway', a.gateway, 'reference', a.reference, 'is_current', a.is_current,
        'status', a.status, 'amount', a.amount, 'captured_amount', a.captured_amount, 'fee', a.fee,
        'failure', case when a.failure_code is not null then
          jsonb_build_object('code', a.failure_code, 'message', coalesce(a.failure_message, '')) end,
        'gateway_response', a.gateway_response, 'created_at', a.created_at, 'updated_at', a.updated_at) order by a.id)
      from money.payment_attempts a where a.payment_id = p.id), '[]'),
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'attempt_id', r.attempt_id, 'method', r.method, 'amount', r.amount,
        'reason', r.reason, 'status', r.status, 'reference', r.reference,
        'failure', case when r.failure_code is not null then
          jsonb_build_object('code', r.failure_code, 'message', coalesce(r.failure_message, '')) end,
        'created_at', r.created_at, 'updated_at', r.updated_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'transfers', money.transfers_of(p));
end $$;

-- What the ledger has posted for a payment, the oldest first, with every entry of it.
create or replace function money.transfers_of(p money.payments) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'type', t.type, 'description', t.description, 'reverses', t.reverses,
    'created_by', t.created_by, 'created_at', t.created_at, 'entries', (
      select jsonb_agg(jsonb_build_object('account', a.kind, 'user_id', a.owner_id, 'gateway', a.gateway, 'currency', e.currency,
        'amount', e.amount) order by a.kind, a.currency, a.id)
      from money.entries e join money.accounts a on a.id = e.account_id where e.transfer_id = t.id)) order by t.id), '[]')
  from (
    select t.* from money.transfers t
    where t.marketplace = p.marketplace and t.reference_id in (
      select p.id union all select a.id from money.payment_attempts a where a.payment_id = p.id
      union all select r.id from money.refunds r where r.payment_id = p.id
      union all select d.id from money.disputes d where d.payment_id = p.id
      union all select p.subject_id where p.purpose = 'order')
    order by t.id desc limit 100) as t
$$;

-- What a person of the marketplace has on each account. Refuses with not_found.
create or replace function money.accounts_for_staff(person_id uuid) returns table (id uuid, kind text, currency text, balance bigint,
  total_in bigint, total_out bigint, is_active boolean, moved_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if not exists (select from identity.users u where u.id = person_id and u.marketplace = app.marketplace()) then
    perform app.refuse('not_found');
  end if;
  perform app.audit('money.accounts_read', 'money', 'accounts', person_id::text);
  return query
    select a.id, a.kind, a.currency, b.balance, b.total_in, b.total_out, b.is_active, b.moved_at
    from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = person_id and a.marketplace = app.marketplace() order by a.kind, a.currency;
end $$;

-- The statement of one account of a person, the newest first. Refuses with not_found.
create or replace function money.entries_for_staff(person_id uuid, account_id uuid, before bigint, max integer)
returns table (id uuid, number bigint, type text, currency text, amount bigint, balance_after bigint, description text,
  reference_type text, reference_id uuid, created_by uuid, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if not exists (select from money.accounts a where a.id = entries_for_staff.account_id and a.owner_id = person_id
    and a.marketplace = app.marketplace()) then
    perform app.refuse('not_found');
  end if;
  perform app.audit('money.entries_read', 'money', 'accounts', entries_for_staff.account_id::text,
    metadata => jsonb_build_object('user_id', person_id, 'before', before));
  return query
    select t.id, e.number, e.type, e.currency, e.amount, e.balance_after, coalesce(d.description, t.description)::text,
           t.reference_type::text, t.reference_id, t.created_by, t.created_at
    from money.entries e join money.transfers t on t.id = e.transfer_id left join money.adjustments d on d.transfer_id = t.id
    where e.account_id = entries_for_staff.account_id and (before is null or e.number < before)
    order by e.number desc limit max;
end $$;

grant execute on function money.search_payments(jsonb, uuid, integer), money.show_payment_to_staff(uuid),
  money.accounts_for_staff(uuid), money.entries_for_staff(uuid, uuid, bigint, integer) to vicinity_api;
