-- Adds what has been posted to the rollups of the platform's accounts. A number is drawn before its transaction ends, so a run
-- first marks how far the numbers go, and a rollup goes up to a mark when all transactions from before it have ended: whatever the
-- clocks say, no entry is passed over. Returns how many entries the rollups have taken up.
create or replace function money.roll_up() returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare mark money.rollup_boundary; latest bigint; taken bigint := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('money.roll_up', 0));
  select b.* into mark from money.rollup_boundary b;
  if pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= mark.horizon then
    with summed as (
      insert into money.rollups as r (account_id, amount, entries, through)
      select a.id, coalesce(n.amount, 0), coalesce(n.entries, 0), mark.through
      from money.accounts a left join money.rollups r on r.account_id = a.id
      cross join lateral (
        select sum(e.amount)::bigint as amount, count(*) as entries from money.entries e
        where e.account_id = a.id and e.number > coalesce(r.through, 0) and e.number <= mark.through) as n
      where a.owner_id is null
      on conflict on constraint rollups_pkey do update
        set amount = r.amount + excluded.amount, entries = r.entries + excluded.entries, through = excluded.through
      returning r.entries)
    select coalesce(sum(s.entries), 0) into taken from summed s;
    delete from money.rollup_boundary;
    mark := null;
  end if;
  select case when q.is_called then q.last_value else 0 end into latest from money.entry_numbers q;
  -- A transaction's id that is drawn now is above those of all that have drawn a number. A database that was copied into another
  -- cluster counts its transactions anew, and its mark would never be reached.
  if mark is null or mark.horizon > pg_current_xact_id()::text::bigint then
    delete from money.rollup_boundary;
    insert into money.rollup_boundary (through, horizon) values (latest, pg_current_xact_id()::text::bigint);
  end if;
  return taken;
end $$;

-- What an account of the platform holds: its rollup, and what was posted since.
create or replace function money.platform_balance(account_id uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select (coalesce(r.amount, 0) + coalesce((
    select sum(e.amount) from money.entries e where e.account_id = a.id and e.number > coalesce(r.through, 0)), 0))::bigint
  from money.accounts a left join money.rollups r on r.account_id = a.id
  where a.id = platform_balance.account_id
$$;

-- All accounts of the marketplace summed by their kind. The sums of a currency add up to zero.
create or replace function money.trial_balance() returns table (kind text, gateway text, currency text, accounts bigint, balance bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.kind, a.gateway, a.currency, count(*),
         sum(case when a.owner_id is null then money.platform_balance(a.id) else b.balance end)::bigint
  from money.accounts a left join money.balances b on b.account_id = a.id
  where a.marketplace = app.marketplace()
  group by 1, 2, 3 order by 3, 1, 2
$$;

grant execute on function money.roll_up() to vicinity_worker;
grant execute on function money.trial_balance() to vicinity_api;
