-- Keeps what a gateway told, once, and lets the worker look. The signature has been checked.
create or replace function money.receive_webhook(event jsonb) returns table (received boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare kept uuid;
begin
  insert into money.webhook_events (marketplace, gateway, event_id, kind, reference, refund_reference, dispute_reference, key,
    object_type, object_id, account, customer)
  values (app.marketplace(), event ->> 'gateway', event ->> 'event_id', event ->> 'kind', event ->> 'reference',
    event ->> 'refund_reference', event ->> 'dispute_reference', event ->> 'key', event #>> '{object,type}', event #>> '{object,id}',
    event ->> 'account', event ->> 'customer')
  on conflict on constraint webhook_events_event_id_key do nothing returning id into kept;
  if kept is not null then
    -- What happens at providers' accounts is about payouts.
    perform app.emit(case when event #>> '{object,type}' in ('account', 'payout') then 'payout' else 'payment' end
      || '.webhook_received', jsonb_build_object('webhook_id', kept));
  end if;
  return query select true;
end $$;

-- Which payment an event is about, or null where it is none of ours. A payment whose reference we never heard is found by its key.
create or replace function money.payment_of_webhook(webhook_id uuid) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare e money.webhook_events; a money.payment_attempts;
begin
  select t.* into e from money.webhook_events t
  where t.id = payment_of_webhook.webhook_id and t.marketplace = app.marketplace();
  select t.* into a from money.payment_attempts t
  where t.marketplace = e.marketplace and t.gateway = e.gateway and (t.reference = e.reference or t.id::text = e.key)
  order by t.reference is not distinct from e.reference desc limit 1;
  if a.id is null then
    return (select r.payment_id from money.refunds r
            where r.marketplace = e.marketplace and (r.id::text = e.key or r.reference = e.refund_reference) limit 1);
  end if;
  -- Bolt makes the reference when the person pays.
  if e.reference is not null and a.reference is distinct from e.reference and (a.reference is null or a.reference = a.id::text) then
    update money.payment_attempts t set reference = e.reference where t.id = a.id;
  end if;
  return a.payment_id;
end $$;

-- The dispute that an event is about: { gateway, reference }, or null.
create or replace function money.dispute_of_webhook(webhook_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('gateway', e.gateway, 'reference', e.dispute_reference) from money.webhook_events e
  where e.id = dispute_of_webhook.webhook_id and e.marketplace = app.marketplace() and e.dispute_reference is not null
$$;

-- Whose saved methods an event may have changed: { gateway, reference (of the customer) }, or null where it is none of ours. Razorpay does
-- not say of each token whose it is.
create or replace function money.customer_of_webhook(webhook_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('gateway', c.gateway, 'reference', c.reference)
  from money.webhook_events e join money.gateway_customers c on c.marketplace = e.marketplace and c.gateway = e.gateway
  where e.id = customer_of_webhook.webhook_id and e.marketplace = app.marketplace() and c.user_id is not null
    and (c.reference = e.customer or e.object_type = 'token' and c.reference is not null and c.user_id = (
      select m.user_id from money.payment_methods m
      where m.marketplace = e.marketplace and m.gateway = e.gateway and m.reference = e.object_id))
  limit 1
$$;

create or replace function money.settle_webhook(webhook_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.webhook_events e set applied_at = app.now()
  where e.id = settle_webhook.webhook_id and e.marketplace = app.marketplace() and e.applied_at is null
$$;

-- The try of the person of this transaction that an app's callback speaks of.
create or replace function money.find_my_attempt(gateway text, key text, reference text) returns table (attempt_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id from money.payment_attempts a join money.payments p on p.id = a.payment_id
  where p.payer_id = app.actor() and p.marketplace = app.marketplace() and a.gateway = find_my_attempt.gateway
    and (a.id::text = find_my_attempt.key or a.reference = find_my_attempt.reference)
  limit 1
$$;

create or replace function money.unposted_captures(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('attempt_id', a.id, 'payment_id', a.payment_id, 'captured', a.captured_amount,
           'posted', coalesce(e.amount, 0))
  from money.payment_attempts a
  left join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/captured'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_clearing') as e on true
  where money.is_looked_at(a.marketplace) and a.status = 'captured' and a.captured_amount <> coalesce(e.amount, 0)
    and (since is null or a.updated_at >= since)
$$;

create or replace function money.waiting_webhooks(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('webhook_id', w.id, 'gateway', w.gateway, 'kind', w.kind, 'received_at', w.received_at)
  from money.webhook_events w
  where money.is_looked_at(w.marketplace) and w.applied_at is null and w.received_at < app.now() - interval '1 hour'
$$;

grant execute on function money.receive_webhook(jsonb), money.find_my_attempt(text, text, text) to vicinity_api;
grant execute on function money.payment_of_webhook(uuid), money.dispute_of_webhook(uuid), money.customer_of_webhook(uuid),
  money.settle_webhook(uuid) to vicinity_worker;
