-- Posts what gateways keep of what they took, once for each try, as soon as they say how much.
create or replace function money.post_fees(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare a money.payment_attempts; p money.payments;
begin
  for a in
    select t.* from money.payment_attempts t
    where t.payment_id = post_fees.payment_id and t.is_posted and t.fee > 0 and not exists (
      select from money.transfer_keys k where k.marketplace = t.marketplace and k.key = 'attempt/' || t.id || '/fee')
  loop
    select t.* into strict p from money.payments t where t.id = a.payment_id;
    perform money.post(jsonb_build_object('key', 'attempt/' || a.id || '/fee', 'type', 'fee',
      'description', 'Fee of ' || a.gateway || ': ' || p.description, 'currency', p.currency,
      'reference_type', 'payment_attempt', 'reference_id', a.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', 'gateway_clearing', 'gateway', a.gateway, 'amount', a.fee),
        jsonb_build_object('account', 'gateway_fees', 'amount', -a.fee))));
  end loop;
end $$;

-- Posts what a rail charged us for a payout, as soon as it is paid. A rail that brings the money back brings its fee back too.
create or replace function money.post_rail_fee(p money.payouts) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  key_ text := 'payout/' || p.id || '/' || p.attempts || '/rail_fee'; is_back boolean := p.status <> 'paid';
  is_posted boolean := exists (select from money.transfer_keys k where k.marketplace = p.marketplace and k.key = key_);
begin
  if coalesce(p.rail_fee, 0) = 0 or is_posted <> is_back then return; end if;
  perform money.post(jsonb_build_object('key', key_ || case when is_back then '/back' else '' end, 'type', 'fee',
    'description', case when is_back then 'Returned: fee of ' else 'Fee of ' end || p.sent_by || ': payout ' || p.reference_number,
    'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'gateway_clearing', 'gateway', 'bank', 'amount', case when is_back then -p.rail_fee else p.rail_fee end),
      jsonb_build_object('account', 'gateway_fees', 'amount', case when is_back then p.rail_fee else -p.rail_fee end))));
end $$;

-- Posts what a gateway has billed for by itself, as its file tells.
create or replace function money.post_billed_fees(s money.settlements) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.post(jsonb_build_object('key', 'settlement/' || s.id || '/' || f.currency || '/fees', 'type', 'fee',
    'description', 'Billed by ' || s.gateway, 'currency', f.currency, 'reference_type', 'settlement', 'reference_id', s.id,
    'entries', jsonb_build_array(
      jsonb_build_object('account', 'gateway_clearing', 'gateway', s.gateway, 'amount', f.fee),
      jsonb_build_object('account', 'gateway_fees', 'amount', -f.fee))))
  from (
    select l.currency, -sum(l.net)::bigint as fee from money.settlement_lines l
    where l.settlement_id = s.id and l.result = 'matched' and l.kind = 'fee' group by 1 having sum(l.net) <> 0) as f;
end $$;

create or replace function money.unposted_fees(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('attempt_id', a.id, 'payment_id', a.payment_id, 'fee', a.fee, 'posted', coalesce(e.amount, 0))
  from money.payment_attempts a
  left join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/fee'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_fees') as e on true
  where money.is_looked_at(a.marketplace) and a.is_posted and coalesce(a.fee, 0) <> coalesce(e.amount, 0)
    and (since is null or a.updated_at >= since)
  union all
  select jsonb_build_object('payout_id', p.id, 'fee', p.rail_fee, 'posted', e.amount)
  from money.payouts p
  cross join lateral (
    select coalesce(-sum(n.amount), 0) as amount
    from money.transfers t join money.entries n on n.transfer_id = t.id join money.accounts c on c.id = n.account_id
    where t.reference_id = p.id and t.type = 'fee' and c.kind = 'gateway_fees') as e
  where money.is_looked_at(p.marketplace) and p.sent_by = 'razorpayx' and (since is null or p.updated_at >= since)
    and case p.status when 'paid' then coalesce(p.rail_fee, 0) else 0 end <> e.amount
  union all
  select jsonb_build_object('settlement_id', s.id, 'currency', l.currency, 'fee', l.fee, 'posted', coalesce(e.amount, 0))
  from money.settlements s
  cross join lateral (
    select n.currency, -sum(n.net)::bigint as fee from money.settlement_lines n
    where n.settlement_id = s.id and n.result = 'matched' and n.kind = 'fee' group by 1) as l
  left join money.transfer_keys k on k.marketplace = s.marketplace and k.key = 'settlement/' || s.id || '/' || l.currency || '/fees'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_fees') as e on true
  where money.is_looked_at(s.marketplace) and (since is null or s.created_at >= since) and l.fee <> coalesce(e.amount, 0)
$$;
