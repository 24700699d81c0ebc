-- What becomes of earnings that are too little to be paid out when their provider leaves: one last payout, or they are given up.

-- Lets the next payout of the person of this transaction take all that they have earned, however little: of a period that is over, as
-- ever. Asked again before, it says the same. Refuses with nothing_to_pay_out (what they owe and a payout's cost take all of it),
-- no_payout_account, and last_payout_taken within 90 days of the request before.
create or replace function money.ask_last_payout()
returns table (currency text, balance bigint, owed_amount bigint, asked_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare account uuid; mark money.payout_marks;
begin
  select a.id, m.currency into account, currency
  from app.marketplaces m left join money.accounts a
    on a.marketplace = m.slug and a.owner_id = app.actor() and a.kind = 'provider_payable' and a.currency = m.currency
  where m.slug = app.marketplace();
  insert into money.payout_marks (account_id) select account where account is not null on conflict do nothing;
  select k.* into mark from money.payout_marks k where k.account_id = account for update;
  select b.balance into balance from money.balances b where b.account_id = account;
  owed_amount := money.owed_by(app.actor(), currency);
  if (balance - owed_amount > money.payout_fee()) is not true then perform app.refuse('nothing_to_pay_out'); end if;
  if money.payout_account_of(app.actor(), currency) is null then perform app.refuse('no_payout_account'); end if;
  if not mark.is_final then
    if mark.final_at > app.now() - interval '90 days' then perform app.refuse('last_payout_taken'); end if;
    update money.payout_marks k set is_final = true, final_at = app.now() where k.account_id = account returning k.* into mark;
    perform app.audit('money.last_payout_asked', 'money', 'accounts', account::text, new_values => jsonb_build_object('balance', balance));
  end if;
  asked_at := mark.final_at;
  return next;
end $$;

-- What a payout costs its provider.
create or replace function money.payout_fee() returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((app.setting('payout_fee_amount') #>> '{}')::bigint, 0)
$$;

-- What a person has earned, less what they owe, where that is too little to be paid out: that much they may give up. Null where they have
-- earned nothing, where it is enough, and where they owe more.
create or replace function money.spare_earnings(person_id uuid) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare has bigint; currency_ text;
begin
  select b.balance, a.currency into has, currency_
  from money.accounts a join money.balances b on b.account_id = a.id
  join app.marketplaces m on m.slug = a.marketplace and m.currency = a.currency
  where a.owner_id = person_id and a.kind = 'provider_payable' and a.marketplace = app.marketplace() and b.balance > 0;
  has := has - money.owed_by(person_id, currency_);
  if has >= 0
    and has - money.payout_fee() < greatest(coalesce((app.setting('payout_minimum_amount') #>> '{}')::bigint, 0), 1) then
    return has;
  end if;
  return null;
end $$;

-- Gives the platform what somebody leaves of their earnings for good, once these have paid what they owe: exactly that. What was built of
-- them and is not sent is let go of. Does nothing where it is something else. Callable by functions only: they know who wants it.
create or replace function money.forfeit_earnings(person_id uuid, amount bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare account uuid; currency_ text; owed bigint; waiting uuid;
begin
  if forfeit_earnings.amount is null then return; end if;
  select a.id, a.currency into account, currency_ from money.accounts a
  where a.owner_id = person_id and a.kind = 'provider_payable' and a.marketplace = app.marketplace();
  -- The lock of whoever builds and sends payouts, and then of what is there, in the order in which whoever posts takes it.
  insert into money.payout_marks (account_id) select account where account is not null on conflict do nothing;
  perform from money.payout_marks k where k.account_id = account for update;
  perform from money.balances b join money.accounts a on a.id = b.account_id
  where a.owner_id = person_id and a.kind in ('provider_payable', 'receivable') order by b.account_id for update of b;
  if (money.spare_earnings(person_id) = forfeit_earnings.amount) is not true then return; end if;
  for waiting in
    select p.id from money.payouts p where p.account_id = account and p.status in ('pending', 'failed') order by p.id
  loop
    perform money.cancel_payout(money.lock_payout(waiting));
  end loop;
  owed := money.owed_by(person_id, currency_);
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'netting',
    'description', 'Taken for what is owed', 'currency', currency_, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', -owed),
      jsonb_build_object('account', 'receivable', 'user_id', person_id, 'amount', owed)))) where owed > 0;
  perform money.tell_repaid(person_id);
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'adjustment',
    'description', 'Given up with the account', 'currency', currency_, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', -forfeit_earnings.amount),
      jsonb_build_object('account', 'platform_revenue', 'amount', forfeit_earnings.amount)))) where forfeit_earnings.amount > 0;
  perform app.audit('money.forfeited', 'money', 'users', person_id::text,
    new_values => jsonb_build_object('earnings', forfeit_earnings.amount, 'netted_amount', owed, 'currency', currency_));
end $$;

grant execute on function money.ask_last_payout() to vicinity_api;
