-- A payout as its provider sees it: nobody reads a bank account's number in it.
create or replace function money.shown_payout(p money.payouts) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', p.id, 'reference_number', p.reference_number, 'kind', p.kind, 'period_start', p.period_start,
    'period_end', p.period_end, 'status', p.status, 'currency', p.currency, 'gross_amount', p.gross_amount,
    'commission_amount', p.commission_amount, 'netted_amount', p.netted_amount, 'fee_amount', p.fee_amount, 'amount', p.amount,
    'account', jsonb_build_object('id', a.id, 'kind', a.kind, 'bank_name', a.bank_name, 'account_name', a.account_name,
      'account_number', '••••' || a.last4),
    'payout_reference', p.payout_reference, 'processed_at', p.processed_at, 'paid_at', p.paid_at, 'failed_at', p.failed_at,
    'failure', case when p.failure_code is not null then
      jsonb_build_object('code', p.failure_code, 'message', coalesce(p.failure_message, '')) end,
    'created_at', p.created_at, 'updated_at', p.updated_at)
  from money.payout_accounts a where a.id = p.payout_account_id
$$;

create or replace function money.my_payouts(before uuid, most integer) returns setof jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select money.shown_payout(p) from money.payouts p
    where p.provider_id = app.actor() and p.marketplace = app.marketplace() and (before is null or p.id < before)
    order by p.id desc limit most;
end $$;

-- A payout of the person of this transaction with its items after a cursor, each row one item, or a row without one. No row: there is no
-- such payout.
create or replace function money.my_payout_items(payout_id uuid, after uuid, most integer) returns table (payout jsonb, item jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select case when row_number() over (order by i.id) = 1 then money.shown_payout(p) end,
           jsonb_build_object('id', i.id, 'kind', i.kind, 'booking_id', i.booking_id, 'booking_number', b.number,
             'gross_amount', i.gross_amount, 'commission_amount', i.commission_amount, 'amount', i.amount, 'earned_at', i.earned_at)
    from money.payouts p
    left join money.payout_items i on i.payout_id = p.id and i.is_live
      and (my_payout_items.after is null or i.id > my_payout_items.after)
    left join booking.bookings b on b.id = i.booking_id
    where p.id = my_payout_items.payout_id and p.provider_id = app.actor() and p.marketplace = app.marketplace()
    order by i.id limit most;
end $$;

create or replace function money.wrong_payouts(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payout_id', p.id, 'status', p.status, 'amount', p.amount, 'items', i.amount, 'sent', s.amount)
  from money.payouts p
  cross join lateral (
    select coalesce(sum(t.amount), 0)::bigint as amount from money.payout_items t where t.payout_id = p.id and t.is_live) as i
  cross join lateral (
    select coalesce(-sum(e.amount), 0)::bigint as amount
    from money.transfers t join money.entries e on e.transfer_id = t.id and e.account_id = p.account_id
    where t.reference_id = p.id and t.type in ('payout', 'payout_return')) as s
  where money.is_looked_at(p.marketplace) and (since is null or p.updated_at >= since)
    and (i.amount <> case when p.status = 'cancelled' then 0 else p.amount end
      or s.amount <> case when p.status in ('processing', 'paid') then p.amount else 0 end)
$$;

create or replace function money.twice_paid_bookings(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('booking_id', i.booking_id, 'payouts', count(distinct i.payout_id))
  from money.payout_items i
  where money.is_looked_at(i.marketplace) and i.is_live and i.kind = 'earning' and (since is null or i.id >= app.uuid_v7_floor(since))
  group by i.booking_id having count(*) > 1
  union all
  select jsonb_build_object('booking_id', p.booking_id, 'releases', count(*))
  from money.transfers t join money.payments p on p.id = t.reference_id
  where money.is_looked_at(t.marketplace) and t.type = 'release' and t.reference_type = 'payment' and p.booking_id is not null
    and (since is null or t.id >= app.uuid_v7_floor(since))
  group by p.booking_id having count(*) > 1
$$;

grant execute on function money.my_payouts(uuid, integer), money.my_payout_items(uuid, uuid, integer) to vicinity_api;
