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
$$;
