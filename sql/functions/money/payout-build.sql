-- The period that is to be paid out now, in days of the marketplace's zone: the latest one that is over for as long as earnings are
-- held. It begins where the one before it ended, so that nothing falls between two.
create or replace function money.payout_period() returns table (period_start date, period_end date, ends_at timestamptz)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare zone text; pace text; today date;
begin
  select m.time_zone into strict zone from app.marketplaces m where m.slug = app.marketplace();
  pace := coalesce(app.setting('payout_interval') #>> '{}', 'weekly');
  today := (app.now() at time zone zone)::date - coalesce((app.setting('payout_hold_days') #>> '{}')::integer, 0);
  period_end := case pace when 'daily' then today when 'monthly' then date_trunc('month', today)::date
    else date_trunc('week', today)::date end;
  period_start := coalesce((
    select max(r.period_end) from money.payout_runs r where r.marketplace = app.marketplace()),
    (period_end - case pace when 'daily' then interval '1 day' when 'monthly' then interval '1 month' else interval '1 week' end)::date);
  ends_at := period_end::timestamp at time zone zone;
  return next;
end $$;

-- The run that is to be worked on: one that was cut off, or that of a period that is over now. Null where there is nothing to do. A
-- new run also lets what waits or has failed be sent again.
create or replace function money.open_payout_run() returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare run_id uuid; waiting uuid;
begin
  select r.id into run_id from money.payout_runs r
  where r.marketplace = app.marketplace() and r.finished_at is null order by r.id limit 1;
  if run_id is not null then return run_id; end if;
  insert into money.payout_runs (marketplace, period_start, period_end, ends_at)
  select app.marketplace(), t.period_start, t.period_end, t.ends_at from money.payout_period() as t
  where t.period_start < t.period_end
  on conflict on constraint payout_runs_period_key do nothing
  returning id into run_id;
  if run_id is null then return null; end if;
  for waiting in
    select t.id from money.payouts t
    where t.marketplace = app.marketplace() and not t.is_held and money.payout_account_of(t.provider_id, t.currency) is not null
      -- What waits for staff to send it goes on waiting.
      and (t.status = 'failed' or t.status = 'pending' and exists (
        select from money.payout_accounts a
        where a.id = t.payout_account_id and (a.kind = 'stripe' or a.status <> 'active' or money.has_bank_rail())))
    order by t.account_id
  loop
    perform money.reopen_payout(waiting);
  end loop;
  return run_id;
end $$;

-- Builds the payouts of the next providers of a run, in one statement whose rows never leave the database. Who has nowhere to be paid
-- to, earned less than is paid out, or has a payout of this period, waits for the next one. Whoever has asked for a last payout gets it
-- however little it is.
--
-- Returns how many providers were looked at; none: the run is over.
create or replace function money.build_payouts(run_id uuid, batch integer)
returns table (looked_at integer, built integer)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  r money.payout_runs; accounts uuid[]; prefix text; made uuid[];
  least_amount bigint := coalesce((app.setting('payout_minimum_amount') #>> '{}')::bigint, 0);
  fee bigint := money.payout_fee();
begin
  -- Of two Lambdas that build at once the second goes on where the first has ended.
  select t.* into r from money.payout_runs t
  where t.id = build_payouts.run_id and t.marketplace = app.marketplace() and t.finished_at is null for update;
  if not found then return query select 0, 0; return; end if;
  select array_agg(t.id order by t.id) into accounts from (
    select a.id from money.accounts a
    where a.marketplace = r.marketplace and a.kind = 'provider_payable' and (r.through is null or a.id > r.through)
    order by a.id limit batch) as t;
  if accounts is null then
    update money.payout_runs t set finished_at = app.now() where t.id = r.id;
    return query select 0, 0;
    return;
  end if;
  insert into money.payout_marks (account_id) select unnest(accounts) on conflict do nothing;
  perform from money.payout_marks m where m.account_id = any (accounts) order by m.account_id for update;
  select m.booking_prefix into prefix from app.marketplaces m where m.slug = r.marketplace;

  with chosen as materialized (
    select a.id as account_id, a.owner_id, a.currency, w.payout_account_id, m.through, m.is_final, coalesce(-o.balance, 0) as owed
    from money.accounts a
    join money.balances b on b.account_id = a.id and b.balance > 0 and b.is_active
    join money.payout_marks m on m.account_id = a.id
    cross join lateral (select money.payout_account_of(a.owner_id, a.currency) as payout_account_id) as w
    left join money.accounts d on d.owner_id = a.owner_id and d.kind = 'receivable' and d.currency = a.currency
    left join money.balances o on o.account_id = d.id
    where a.id = any (accounts) and w.payout_account_id is not null),
  earned as materialized (
    select e.* from (
      select o.*, row_number() over (partition by o.kind, coalesce(o.booking_id, o.transfer_id) order by o.number) as place
      from (select array_agg(c.account_id) as ids, array_agg(c.through) as marks from chosen c) as c
      cross join lateral money.earnings_of(c.ids, c.marks) as o
      -- What was given back since then is taken off all the same.
      where o.earned_at < r.ends_at or o.amount < 0) as e
    where not exists (
      select from money.payout_items i where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live)
      -- A booking whose earnings are in a payout is not paid a second time: `bookings_paid_once` tells.
      and (e.kind <> 'earning' or e.place = 1 and not exists (
        select from money.payout_items i where i.booking_id = e.booking_id and i.is_live and i.kind = 'earning'))),
  summed as (
    select c.*, s.gross, s.commission, s.amount from chosen c join (
      select e.account_id, sum(e.gross_amount)::bigint as gross, sum(e.commission_amount)::bigint as commission,
             sum(e.amount)::bigint as amount
      from earned e group by 1) as s on s.account_id = c.account_id
    -- What only pays what the provider owes is taken whatever it comes to.
    where s.amount > 0 and (s.amount <= c.owed
      or s.amount - c.owed - fee >= case when c.is_final then 1 else greatest(least_amount, 1) end)),
  built as (
    insert into money.payouts (marketplace, reference_number, provider_id, account_id, payout_account_id, run_id, period_start,
      period_end, currency, gross_amount, commission_amount, amount)
    select r.marketplace, prefix || '-PO-' || extract(year from r.period_end) || '-'
             || lpad(nextval('money.payout_numbers')::text, 6, '0'),
           s.owner_id, s.account_id, s.payout_account_id, r.id, r.period_start, r.period_end, s.currency, s.gross, s.commission,
           s.amount
    from summed s
    on conflict (account_id, period_end) where status <> 'cancelled' do nothing
    returning id, account_id),
  itemised as (
    insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount,
      commission_amount, amount, earned_at)
    select r.marketplace, b.id, e.transfer_id, e.account_id, e.booking_id, e.kind, e.gross_amount, e.commission_amount, e.amount,
           e.earned_at
    from built b join earned e on e.account_id = b.account_id order by e.account_id, e.number)
  select array_agg(b.id) into made from built b;

  update money.payout_marks m set is_final = false from money.payouts p
  where p.id = any (made) and m.account_id = p.account_id and m.is_final;
  perform money.move_mark(p.account_id) from money.payouts p where p.id = any (made);
  perform money.ask_for_payout(p.id) from money.payouts p where p.id = any (made);
  update money.payout_runs t set through = accounts[cardinality(accounts)], payouts = t.payouts + coalesce(cardinality(made), 0)
  where t.id = r.id;
  return query select cardinality(accounts), coalesce(cardinality(made), 0);
end $$;

-- Moves an account's mark to before the first entry that is in no payout. Its caller holds the mark.
create or replace function money.move_mark(account_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.payout_marks m set through = coalesce((
      select min(e.number) - 1 from money.entries e
      where e.account_id = m.account_id and e.number > m.through and e.type not in ('payout', 'payout_return')
        and not exists (select from money.payout_items i
          where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live)),
    (select max(e.number) from money.entries e where e.account_id = m.account_id), m.through)
  where m.account_id = move_mark.account_id;
end $$;

grant execute on function money.open_payout_run(), money.build_payouts(uuid, integer) to vicinity_worker;
