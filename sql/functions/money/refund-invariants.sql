-- Of a payment and of each try: what goes back, or is promised to, against what was paid. A refund that failed and was replaced
-- does not count beside the one that replaces it.
create or replace function money.excess_refunds(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payment_id', r.payment_id, 'attempt_id', r.attempt_id, 'refunded', r.refunded, 'paid', r.paid)
  from (
    select f.payment_id, f.attempt_id, f.refunded, a.captured_amount as paid
    from (
      select t.payment_id, t.attempt_id, sum(t.amount) as refunded from money.refunds t
      where t.method = 'gateway' and t.status <> 'failed' group by 1, 2) as f
    join money.payment_attempts a on a.id = f.attempt_id
    union all
    select f.payment_id, null, f.refunded, p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount
    from (
      select t.payment_id, sum(t.amount) as refunded from money.refunds t
      where t.reason <> 'paid_too_late' and t.status <> 'failed' group by 1) as f
    join money.payments p on p.id = f.payment_id) as r
  join money.payments p on p.id = r.payment_id
  where money.is_looked_at(p.marketplace) and r.refunded > r.paid
    and (since is null or exists (select from money.refunds n where n.payment_id = r.payment_id and n.updated_at >= since))
$$;

create or replace function money.unposted_refunds(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('refund_id', r.id, 'payment_id', r.payment_id, 'status', r.status, 'amount', r.amount,
           'posted', coalesce(e.amount, 0))
  from money.refunds r join money.payments p on p.id = r.payment_id
  left join money.transfer_keys k on k.marketplace = r.marketplace and k.key = 'refund/' || r.id
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    join money.transfers t on t.id = n.transfer_id
    where (t.id = k.transfer_id or t.reverses = k.transfer_id) and c.kind = 'held' and n.currency = r.currency) as e on true
  where money.is_looked_at(r.marketplace) and (since is null or r.updated_at >= since)
    and coalesce(e.amount, 0) <> case when r.status = 'succeeded' then r.amount else 0 end
$$;
