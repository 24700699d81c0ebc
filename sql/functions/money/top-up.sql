-- Notes what the person of this transaction is about to put into their wallet, within the settings `wallet_topup_min` and
-- `wallet_topup_max`: it is paid for as purpose `topup`. Refuses with topup_amount.
create or replace function money.open_topup(amount bigint) returns setof money.wallet_topups
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- A marketplace without these settings has no top-ups.
  if (open_topup.amount between app.setting('wallet_topup_min')::bigint and app.setting('wallet_topup_max')::bigint) is not true then
    perform app.refuse('topup_amount');
  end if;
  return query
    insert into money.wallet_topups (marketplace, user_id, amount, currency)
    select m.slug, app.actor(), open_topup.amount, m.currency from app.marketplaces m where m.slug = app.marketplace()
    returning *;
end $$;

create or replace function money.payable_topup(topup_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payer_id', t.user_id, 'amount', t.amount, 'currency', t.currency, 'description', 'Wallet top-up',
    'payable', t.status in ('pending', 'failed'), 'code', 'already_paid', 'items', jsonb_build_array(jsonb_build_object(
      'payer', 'customer', 'payee', 'wallet', 'user_id', t.user_id, 'amount', t.amount)))
  from money.wallet_topups t where t.id = payable_topup.topup_id and t.marketplace = app.marketplace()
$$;

create or replace function money.tell_topup(topup_id uuid, payment_id uuid, status text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.wallet_topups t set status = money.status_of_subject('wallet_topups', t.status, tell_topup.status)
  where t.id = tell_topup.topup_id
$$;

-- What a payment's status makes of what is paid for: pending, paid, failed or refunded. A payment that was cancelled leaves it open for
-- another one.
create or replace function money.status_of_subject(subject text, current text, payment_status text) returns text
language sql stable as $$
  select coalesce((
    select c.to_status from money.status_changes c
    where c.subject = status_of_subject.subject and c.from_status = current and c.to_status = case payment_status
      when 'succeeded' then 'paid' when 'failed' then 'failed' when 'refunded' then 'refunded' end), current)
$$;

grant execute on function money.open_topup(bigint) to vicinity_api;
