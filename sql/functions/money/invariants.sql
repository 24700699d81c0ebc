-- Calls every checker of `money.invariants`. One row for each, with how many breaches there are and the first ten.
--
-- since: null to look at everything, which reads the whole ledger
create or replace function money.check_invariants(since timestamptz)
returns table (name text, description text, breaches integer, examples jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare rule money.invariants;
begin
  for rule in select i.* from money.invariants i order by i.name loop
    name := rule.name;
    description := rule.description;
    execute format('select count(*), coalesce(jsonb_agg(f.breach) filter (where f.n <= 10), ''[]'')
      from (select c.breach, row_number() over () as n from %s($1) as c (breach)) as f', rule.checker)
    into breaches, examples using since;
    return next;
  end loop;
end $$;

create or replace function money.is_looked_at(marketplace text) returns boolean language sql stable as $$
  select coalesce(marketplace = app.marketplace(), true)
$$;

-- All accounts together: whatever a balance was changed by, this tells.
create or replace function money.unbalanced_currencies(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('marketplace', a.marketplace, 'currency', a.currency, 'amount', sum(h.balance))
  from money.accounts a left join money.balances b on b.account_id = a.id
  cross join lateral (
    select case when a.owner_id is null then money.platform_balance(a.id) else coalesce(b.balance, 0) end as balance) as h
  where money.is_looked_at(a.marketplace)
  group by a.marketplace, a.currency having sum(h.balance) <> 0
$$;

create or replace function money.unbalanced_transfers(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('transfer_id', t.id, 'currency', e.currency, 'amount', sum(e.amount))
  from money.transfers t left join money.entries e on e.transfer_id = t.id
  where money.is_looked_at(t.marketplace) and (since is null or t.id >= app.uuid_v7_floor(since))
  group by t.id, e.currency having sum(e.amount) is distinct from 0
$$;

-- Accounts that have moved, and by the hour another twenty-fourth of those that have not.
create or replace function money.wrong_balances(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('account_id', a.id, 'user_id', a.owner_id, 'kind', a.kind, 'balance', b.balance,
           'entries', coalesce(last.balance_after, 0))
  from money.accounts a join money.balances b on b.account_id = a.id
  left join lateral (
    select e.balance_after from money.entries e where e.account_id = a.id order by e.number desc limit 1) as last on true
  where money.is_looked_at(a.marketplace) and b.balance <> coalesce(last.balance_after, 0)
    and (since is null or b.moved_at >= since
         or abs(hashtext(a.id::text) % 24) = extract(hour from app.now() at time zone 'UTC'))
$$;

create or replace function money.broken_statements(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('transfer_id', e.transfer_id, 'account_id', e.account_id, 'amount', e.amount,
           'balance_before', coalesce(previous.balance_after, 0), 'balance_after', e.balance_after)
  from money.entries e join money.accounts a on a.id = e.account_id and a.owner_id is not null
  left join lateral (
    select p.balance_after from money.entries p where p.account_id = e.account_id and p.number < e.number
    order by p.number desc limit 1) as previous on true
  where money.is_looked_at(a.marketplace) and (since is null or e.transfer_id >= app.uuid_v7_floor(since))
    and e.balance_after is distinct from coalesce(previous.balance_after, 0) + e.amount
$$;

create or replace function money.stray_transfers(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('transfer_id', t.id, 'key', t.key)
  from money.transfers t left join money.transfer_keys k on k.marketplace = t.marketplace and k.key = t.key
  where money.is_looked_at(t.marketplace) and (since is null or t.id >= app.uuid_v7_floor(since))
    and k.transfer_id is distinct from t.id
  union all
  select jsonb_build_object('transfer_id', e.transfer_id, 'account_id', e.account_id)
  from money.entries e join money.accounts a on a.id = e.account_id
  where money.is_looked_at(a.marketplace) and (since is null or e.transfer_id >= app.uuid_v7_floor(since))
    and not exists (select from money.transfers t where t.id = e.transfer_id)
$$;

grant execute on function money.check_invariants(timestamptz) to vicinity_api, vicinity_worker;
