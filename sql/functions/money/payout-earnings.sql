-- Entries of providers' accounts beyond a number, as a payout's items: with the booking they are for, and what customers paid in all,
-- of which the platform took its commission. What payouts themselves have posted is left out.
--
-- accounts, after: account by account, the number beyond which to look
create or replace function money.earnings_of(accounts uuid[], after bigint[])
returns table (account_id uuid, number bigint, transfer_id uuid, booking_id uuid, kind text, gross_amount bigint,
  commission_amount bigint, amount bigint, earned_at timestamptz)
language sql stable as $$
  select e.account_id, e.number, e.transfer_id, b.id,
         case when e.type = 'netting' then 'netting'
              when t.reference_type = 'payout' then 'fee'
              when e.amount < 0 then 'correction'
              when p.purpose = 'tip' or e.type = 'tip' then 'tip'
              when e.type = 'release' and p.booking_id is not null then 'earning'
              else 'correction' end,
         e.amount + c.commission, c.commission, e.amount, coalesce(case when e.amount > 0 then b.completed_at end, t.created_at)
  from unnest(earnings_of.accounts, earnings_of.after) as w (account_id, after)
  join money.entries e on e.account_id = w.account_id and e.number > w.after
  join money.transfers t on t.id = e.transfer_id
  left join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
  left join money.tips g on p.purpose = 'tip' and g.id = p.subject_id
  left join booking.bookings b on b.id = coalesce(p.booking_id, g.booking_id)
  cross join lateral (
    -- Netting and fees are taken from the provider whole.
    select case when e.type = 'netting' or t.reference_type = 'payout' then 0 else coalesce((
      select sum(r.amount)::bigint from money.entries r join money.accounts a on a.id = r.account_id
      where r.transfer_id = e.transfer_id and r.currency = e.currency and a.kind = 'platform_revenue'), 0) end as commission) as c
  where e.type not in ('payout', 'payout_return', 'withdrawal')
$$;

-- What the person of this transaction has earned by bookings that were completed from one moment up to another, the latter excluded.
-- What a customer gave in cash went off what the provider owes and counts all the same.
create or replace function money.my_earnings(since timestamptz, until timestamptz)
returns table (currency text, bookings bigint, gross_amount bigint, commission_amount bigint, net_amount bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    with moved as materialized (
      select t.id, t.type, b.id as booking_id, a.currency, sum(e.amount) as amount
      from money.accounts a
      join money.entries e on e.account_id = a.id
      join money.transfers t on t.id = e.transfer_id
      join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
      left join money.tips g on p.purpose = 'tip' and g.id = p.subject_id
      join booking.bookings b on b.id = coalesce(p.booking_id, g.booking_id)
      where a.owner_id = app.actor() and a.marketplace = app.marketplace() and a.kind in ('provider_payable', 'receivable')
        and t.type in ('release', 'tip', 'refund', 'reversal', 'dispute') and b.provider_id = app.actor()
        and b.completed_at >= since and b.completed_at < until
      group by 1, 2, 3, 4)
    select m.currency, count(distinct m.booking_id) filter (where m.type = 'release'),
           sum(m.amount + c.commission)::bigint, sum(c.commission)::bigint, sum(m.amount)::bigint
    from moved m cross join lateral (
      select coalesce(sum(r.amount), 0) as commission from money.entries r join money.accounts a on a.id = r.account_id
      where r.transfer_id = m.id and r.currency = m.currency and a.kind = 'platform_revenue') as c
    group by m.currency;
end $$;

grant execute on function money.my_earnings(timestamptz, timestamptz) to vicinity_api;
