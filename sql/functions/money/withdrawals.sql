-- What people take out of their wallets to their bank, by the rail of payouts.

-- What of a wallet was topped up and is not spent: spending takes that first. What a payment gave back to the wallet that it had taken
-- from there is not spent, so that paying and cancelling makes nobody's top-up their own.
create or replace function money.topped_up(person_id uuid) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (
    with moved as (
      select coalesce(d.payment_id, o.id, p.id) as payment_id, e.type, e.amount
      from money.accounts a
      join money.entries e on e.account_id = a.id
      join money.transfers t on t.id = e.transfer_id
      left join money.disputes d on t.reference_type = 'dispute' and d.id = t.reference_id
      left join money.payments o on t.reference_type = 'order' and o.purpose = 'order' and o.subject_id = t.reference_id
      left join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
      where a.owner_id = person_id and a.kind = 'wallet' and e.type <> 'withdrawal'),
    summed as (
      select coalesce(p.purpose = 'topup', bool_or(m.type = 'wallet_topup')) as is_topup, sum(m.amount) as amount
      from moved m left join money.payments p on p.id = m.payment_id
      group by m.payment_id, p.purpose, case when m.payment_id is null then m.type end)
    select greatest(coalesce(sum(s.amount) filter (where s.is_topup or s.amount < 0), 0)
      - (select coalesce(sum(w.topped_up_amount), 0) from money.payouts w
         where w.provider_id = person_id and w.kind = 'withdrawal' and w.status <> 'cancelled'), 0)::bigint
    from summed s);
end $$;

-- What the person of this transaction may take out of the wallet: all of it where the setting `wallet_topups_withdrawable` says so, else
-- what was not topped up.
create or replace function money.withdrawable() returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare has bigint;
begin
  select b.balance into has from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = app.actor() and a.marketplace = app.marketplace() and a.kind = 'wallet' and b.is_active;
  if (app.setting('wallet_topups_withdrawable') #>> '{}')::boolean is true then return coalesce(has, 0); end if;
  return greatest(coalesce(has, 0) - money.topped_up(app.actor()), 0);
end $$;

-- The least that anybody takes out of a wallet: `wallet_withdrawal_min`, and more than a payout costs.
create or replace function money.least_withdrawal() returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return greatest((app.setting('wallet_withdrawal_min') #>> '{}')::bigint,
    money.payout_fee() + 1);
end $$;

-- Takes an amount out of the wallet of the person of this transaction, and makes the payout that brings it to where the person is paid to.
-- It waits for staff where those of 24 hours come to `wallet_withdrawal_review_amount`. Refuses with withdrawal_amount (below `wallet_withdrawal_min`, or no more
-- than a payout costs), withdrawal_limit (more than `wallet_withdrawal_max` in 24 hours), no_payout_account, money_owed, not_withdrawable
-- (topped up, or not there), and account_closed.
create or replace function money.withdraw(amount bigint) returns setof jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  person uuid := app.actor(); m app.marketplaces; goes_to uuid; prepaid bigint; in_a_day bigint; posted uuid; p money.payouts;
  from_account uuid;
begin
  select t.* into strict m from app.marketplaces t where t.slug = app.marketplace();
  if (withdraw.amount >= money.least_withdrawal()) is not true then perform app.refuse('withdrawal_amount'); end if;
  goes_to := money.payout_account_of(person, m.currency);
  if goes_to is null then perform app.refuse('no_payout_account'); end if;
  from_account := money.open_account(m.slug, 'withdrawing', person, null, m.currency);
  -- One withdrawal of a person after the other: the sums below count them all.
  insert into money.payout_marks (account_id) values (from_account) on conflict do nothing;
  perform from money.payout_marks k where k.account_id = from_account for update;
  select coalesce(sum(i.amount), 0) + withdraw.amount into in_a_day
  from money.payouts t join money.payout_items i on i.payout_id = t.id and i.kind = 'withdrawal'
  where t.provider_id = person and t.kind = 'withdrawal' and t.status <> 'cancelled' and t.created_at > app.now() - interval '24 hours';
  if in_a_day > (app.setting('wallet_withdrawal_max') #>> '{}')::bigint then perform app.refuse('withdrawal_limit'); end if;
  if exists (select from privacy.debts(person) d where d.amount < 0) then perform app.refuse('money_owed'); end if;
  -- Under the wallet's lock, so that what is spent meanwhile is seen. What people's own is goes first.
  prepaid := greatest(withdraw.amount - (money.holding(person, 'wallet', m.currency) - money.topped_up(person)), 0);
  if withdraw.amount > money.withdrawable() then perform app.refuse('not_withdrawable'); end if;

  insert into money.payouts (marketplace, reference_number, provider_id, account_id, payout_account_id, kind, currency, gross_amount,
    commission_amount, amount, topped_up_amount, is_held, held_reason)
  select m.slug, m.booking_prefix || '-PO-' || extract(year from app.now() at time zone m.time_zone) || '-'
      || lpad(nextval('money.payout_numbers')::text, 6, '0'),
    person, from_account, goes_to, 'withdrawal', m.currency, withdraw.amount, 0, withdraw.amount, prepaid, s.is_large,
    case when s.is_large then 'So much in a day is looked at first.' end
  from (select in_a_day >= coalesce((app.setting('wallet_withdrawal_review_amount') #>> '{}')::bigint, 0) as is_large) as s
  returning * into p;
  posted := money.post(jsonb_build_object('key', 'withdrawal/' || p.id, 'type', 'withdrawal',
    'description', 'Withdrawal ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id,
    'entries', jsonb_build_array(
      jsonb_build_object('account', 'wallet', 'user_id', person, 'amount', -withdraw.amount),
      jsonb_build_object('account', 'withdrawing', 'user_id', person, 'amount', withdraw.amount))));
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, kind, gross_amount, commission_amount, amount, earned_at)
  values (p.marketplace, p.id, posted, from_account, 'withdrawal', withdraw.amount, 0, withdraw.amount, app.now());
  perform app.audit('money.withdrawn', 'money', 'payouts', p.id::text, new_values => jsonb_build_object('amount', p.amount));
  if not p.is_held then perform money.ask_for_payout(p.id); end if;
  return next money.shown_payout(p);
end $$;

-- Gives the platform what somebody leaves in their wallet for good: exactly all of it, and less than they could take out. Does nothing
-- where there is something else in it. Callable by functions only: they know who wants it.
create or replace function money.forfeit(person_id uuid, amount bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare m app.marketplaces;
begin
  select t.* into strict m from app.marketplaces t where t.slug = app.marketplace();
  if (forfeit.amount > 0 and forfeit.amount < money.least_withdrawal()
    and money.holding(person_id, 'wallet', m.currency) = forfeit.amount) is not true then return; end if;
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'adjustment',
    'description', 'Given up with the account', 'currency', m.currency, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'wallet', 'user_id', person_id, 'amount', -forfeit.amount),
      jsonb_build_object('account', 'platform_revenue', 'amount', forfeit.amount))));
  perform app.audit('money.forfeited', 'money', 'users', person_id::text,
    new_values => jsonb_build_object('amount', forfeit.amount, 'currency', m.currency));
end $$;

-- What of a withdrawal is not sent is in the wallet again. Its caller cancels the payout.
create or replace function money.return_withdrawal(p money.payouts) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.post(jsonb_build_object('key', 'withdrawal/' || p.id || '/back', 'type', 'withdrawal',
    'description', 'Not sent: withdrawal ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout',
    'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'withdrawing', 'user_id', p.provider_id, 'amount', -p.amount),
      jsonb_build_object('account', 'wallet', 'user_id', p.provider_id, 'amount', p.amount))))
  where p.amount > 0;
end $$;

-- Cancels a withdrawal of the person of this transaction that is not on its way. Refuses with not_found, and transition_not_allowed where
-- it is, was sent, or was cancelled.
create or replace function money.cancel_withdrawal(payout_id uuid) returns setof jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts;
begin
  p := money.lock_payout(cancel_withdrawal.payout_id);
  if p.id is null or p.provider_id <> app.actor() or p.kind <> 'withdrawal' then perform app.refuse('not_found'); end if;
  if p.status not in ('pending', 'failed') then perform app.refuse('transition_not_allowed'); end if;
  p := money.cancel_payout(p);
  perform app.audit('money.withdrawal_cancelled', 'money', 'payouts', p.id::text);
  return next money.shown_payout(p);
end $$;

create or replace function money.wrong_withdrawals(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('account_id', a.id, 'balance', b.balance, 'waiting', w.amount)
  from money.accounts a join money.balances b on b.account_id = a.id
  cross join lateral (
    select coalesce(sum(p.amount), 0)::bigint as amount from money.payouts p
    where p.provider_id = a.owner_id and p.account_id = a.id and p.status in ('pending', 'failed')) as w
  where a.kind = 'withdrawing' and money.is_looked_at(a.marketplace) and (since is null or b.moved_at >= since) and b.balance <> w.amount
$$;

grant execute on function money.withdrawable(), money.withdraw(bigint), money.cancel_withdrawal(uuid) to vicinity_api;
