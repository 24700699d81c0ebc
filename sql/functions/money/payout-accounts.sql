-- Keeps a bank account of the person of this transaction, whose details the caller has checked and sealed under its id.
--
-- account: { id, country, currency, bank_name, account_name, last4, details_sealed, details_hash }
--
-- Refuses with payout_accounts_details_hash_key for one that the person has given before, and too_many_payout_accounts.
create or replace function money.add_payout_account(account jsonb) returns setof money.payout_accounts
language plpgsql security definer set search_path = public, pg_temp as $$
declare added money.payout_accounts; wait interval;
begin
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from money.payout_accounts a where a.user_id = app.actor() and a.status <> 'removed') >= 5 then
    perform app.refuse('too_many_payout_accounts');
  end if;
  wait := make_interval(hours => coalesce((app.setting('payout_account_hold_hours') #>> '{}')::integer, 24));
  insert into money.payout_accounts (id, marketplace, user_id, kind, country, currency, status, bank_name, account_name, last4,
    details_sealed, details_hash, usable_from)
  values ((account ->> 'id')::uuid, app.marketplace(), app.actor(), 'bank', account ->> 'country', account ->> 'currency', 'active',
    account ->> 'bank_name', account ->> 'account_name', account ->> 'last4', account ->> 'details_sealed',
    account ->> 'details_hash', app.now() + wait)
  returning * into added;
  perform money.tell_of_payout_account(added);
  return next added;
end $$;

-- The person hears of a new account whoever has entered it, and the books of who did what say so too.
create or replace function money.tell_of_payout_account(account money.payout_accounts) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.audit('money.payout_account_added', 'money', 'payout_accounts', account.id::text,
    new_values => jsonb_build_object('kind', account.kind, 'last4', account.last4));
  perform app.emit('payout.account_added', jsonb_build_object('payout_account_id', account.id, 'user_id', account.user_id,
    'kind', account.kind, 'account', coalesce(account.bank_name || ' ', '') || coalesce('••••' || account.last4, 'Stripe'),
    'usable_from', account.usable_from,
    'time_zone', (select m.time_zone from app.marketplaces m where m.slug = account.marketplace)));
end $$;

-- Begins an account at Stripe for the person of this transaction, or finds the one that is there. Its id is the key at Stripe.
create or replace function money.open_connect_account(country text, currency text)
returns table (id uuid, reference text, email text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  insert into money.payout_accounts (marketplace, user_id, kind, country, currency, status)
  values (app.marketplace(), app.actor(), 'stripe', open_connect_account.country, open_connect_account.currency, 'pending')
  on conflict (user_id) where kind = 'stripe' and status <> 'removed' do nothing;
  return query
    select a.id, a.reference::text, u.email::text from money.payout_accounts a join identity.users u on u.id = a.user_id
    where a.user_id = app.actor() and a.kind = 'stripe' and a.status <> 'removed';
end $$;

-- Takes what Stripe says of an account: { reference, status: pending | active | restricted, missing, disabled_reason }. What waits for
-- the account is sent then. False where it is none of ours, or one that its owner has removed.
create or replace function money.record_connect_account(payout_account_id uuid, report jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare previous money.payout_accounts; a money.payout_accounts;
begin
  select t.* into previous from money.payout_accounts t
  where t.marketplace = app.marketplace() and t.kind = 'stripe' and t.status <> 'removed'
    and (t.id = record_connect_account.payout_account_id or t.reference = report ->> 'reference')
  order by t.id = record_connect_account.payout_account_id desc nulls last limit 1 for update;
  if not found then return false; end if;
  update money.payout_accounts t set status = report ->> 'status', reference = report ->> 'reference',
    missing = array(select jsonb_array_elements_text(report -> 'missing')),
    disabled_reason = left(report ->> 'disabled_reason', 200)
  where t.id = previous.id returning t.* into a;
  if a.status = 'active' and previous.status <> 'active' then
    perform money.tell_of_payout_account(a);
    perform money.wake_payouts(a.user_id);
  end if;
  return true;
end $$;

-- The same for the person whose account it is, who sees it then. Refuses with not_found.
create or replace function money.record_my_connect_account(payout_account_id uuid, report jsonb) returns setof money.payout_accounts
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from money.payout_accounts a
    where a.id = record_my_connect_account.payout_account_id and a.user_id = app.actor()) then
    perform money.record_connect_account(record_my_connect_account.payout_account_id, report);
  end if;
  return query select a.* from money.payout_accounts a
    where a.id = record_my_connect_account.payout_account_id and a.user_id = app.actor() and a.marketplace = app.marketplace();
end $$;

-- Removes an account of the person of this transaction, and what is sealed of it. What was sent to it still names its bank and its last
-- digits. Refuses with not_found, and payout_under_way while money is on its way there.
create or replace function money.remove_payout_account(payout_account_id uuid) returns setof money.payout_accounts
language plpgsql security definer set search_path = public, pg_temp as $$
declare removed money.payout_accounts;
begin
  select a.* into removed from money.payout_accounts a
  where a.id = remove_payout_account.payout_account_id and a.user_id = app.actor() and a.marketplace = app.marketplace()
    and a.status <> 'removed' for update;
  if not found then perform app.refuse('not_found'); end if;
  if exists (select from money.payouts p where p.payout_account_id = removed.id and p.status = 'processing') then
    perform app.refuse('payout_under_way');
  end if;
  update money.payout_accounts a set status = 'removed', details_sealed = null, details_hash = null
  where a.id = removed.id returning a.* into removed;
  perform app.audit('money.payout_account_removed', 'money', 'payout_accounts', removed.id::text);
  return next removed;
end $$;

-- Where a person's earnings in a currency go now, null for nowhere.
create or replace function money.payout_account_of(user_id uuid, currency text) returns uuid
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select a.id from money.payout_accounts a
          where a.user_id = payout_account_of.user_id and a.currency = payout_account_of.currency and a.status = 'active'
            and a.usable_from <= app.now()
          order by a.id desc limit 1);
end $$;

grant execute on function money.add_payout_account(jsonb), money.open_connect_account(text, text),
  money.record_my_connect_account(uuid, jsonb), money.remove_payout_account(uuid) to vicinity_api;
grant execute on function money.record_connect_account(uuid, jsonb) to vicinity_worker;
