-- Customers at gateways whose account was purged, at most `batch`, which nobody has asked to be forgotten within the hour. They count as
-- asked from now on: of two runs at once each has others, and one that a gateway refuses keeps none back.
create or replace function money.claim_leaving_customers(batch integer)
returns table (id uuid, marketplace text, gateway text, reference varchar)
language sql security definer set search_path = public, pg_temp as $$
  update money.gateway_customers c set asked_at = app.now()
  where c.id in (
    select t.id from money.gateway_customers t
    where t.user_id is null and (t.asked_at is null or t.asked_at <= app.now() - interval '55 minutes')
    order by t.asked_at nulls first limit batch for update skip locked)
  returning c.id, c.marketplace, c.gateway, c.reference
$$;

-- The gateway keeps nothing of them any more: with that nobody needs to know whom it knew.
create or replace function money.forget_customer(customer_id uuid) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  delete from money.gateway_customers c where c.id = forget_customer.customer_id and c.user_id is null returning true
$$;

create or replace function money.unforgotten_customers(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('customer_id', c.id, 'gateway', c.gateway, 'left_at', c.left_at)
  from money.gateway_customers c
  where c.user_id is null and money.is_looked_at(c.marketplace) and c.left_at < app.now() - interval '7 days'
$$;

grant execute on function money.claim_leaving_customers(integer), money.forget_customer(uuid) to vicinity_worker;
