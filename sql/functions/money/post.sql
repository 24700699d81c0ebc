-- Posts a transfer for the marketplace of this transaction: the only way in which a balance changes. For functions of the owner and
-- for the worker, never for a caller's own words.
--
-- transfer: { key, type, description, currency, reference_type?, reference_id?, reverses?,
--   entries: [{ account, user_id? (a person's account), gateway? (of gateway_clearing), amount (minor units, positive where the
--     account gets more), currency? (the transfer's), type? (the transfer's; on credits earned, spent, refunded or adjustment) }] }
-- Entries of one account are added up. Accounts are opened when they are first needed.
--
-- Returns the transfer's id; asked for again by the same key it returns the first one's and does nothing. Refuses with
-- transfer_key_reused when the key stands for another transfer, balances_overdraft_check when an account would give more than it
-- has, account_closed, not_found for a person of another marketplace, and transfer_unbalanced.
create or replace function money.post(transfer jsonb) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  posted uuid := app.uuid_v7(); place text := app.marketplace(); moment timestamptz := app.now();
  digest text := md5(transfer::text); earlier money.transfer_keys;
  line record; n integer := 0; balance bigint;
  accounts uuid[] := '{}'; owned boolean[]; amounts bigint[]; currencies text[]; types text[]; balances bigint[];
begin
  insert into money.transfer_keys (marketplace, key, digest, transfer_id)
  values (place, transfer ->> 'key', digest, posted)
  on conflict on constraint transfer_keys_pkey do nothing;
  if not found then
    select k.* into earlier from money.transfer_keys k where k.marketplace = place and k.key = transfer ->> 'key';
    if earlier.digest <> digest then perform app.refuse('transfer_key_reused'); end if;
    return earlier.transfer_id;
  end if;

  insert into money.transfers (id, marketplace, key, type, description, reference_type, reference_id, reverses, created_by, created_at)
  values (posted, place, transfer ->> 'key', transfer ->> 'type', transfer ->> 'description', transfer ->> 'reference_type',
    (transfer ->> 'reference_id')::uuid, (transfer ->> 'reverses')::uuid, app.actor(), moment);

  for line in
    select coalesce(case when e.user_id is null then (
               select a.id from money.accounts a
               where a.owner_id is null and a.marketplace = place and a.kind = e.account and a.currency = e.currency
                 and coalesce(a.gateway, '') = coalesce(e.gateway, ''))
             else (
               select a.id from money.accounts a
               where a.owner_id = e.user_id and a.kind = e.account and a.currency = e.currency and a.marketplace = place)
             end, money.open_account(place, e.account, e.user_id, e.gateway, e.currency)) as account_id,
           e.user_id is not null as owned, e.currency, e.amount, e.type
    from (
      select e.account, e.user_id, e.gateway, coalesce(e.currency, transfer ->> 'currency') as currency, e.amount,
             coalesce(e.type, transfer ->> 'type') as type
      from jsonb_to_recordset(transfer -> 'entries')
        as e (account text, user_id uuid, gateway text, currency text, amount bigint, type text)
      -- In one order for all, since an account that is not there yet is opened on the way.
      order by 2, 1, 3, 4 offset 0) as e
    order by 1
  loop
    if line.account_id = accounts[n] then
      amounts[n] := amounts[n] + line.amount;
    else
      n := n + 1;
      accounts[n] := line.account_id; owned[n] := line.owned; currencies[n] := line.currency;
      amounts[n] := line.amount; types[n] := line.type; balances[n] := null;
    end if;
  end loop;

  -- One statement for each account, since that keeps one plan, and in the order of their ids: two transfers that need the same
  -- accounts never wait for each other in a circle.
  for i in 1 .. n loop
    continue when not owned[i] or amounts[i] = 0;
    update money.balances b
    set balance = b.balance + amounts[i], total_in = b.total_in + greatest(amounts[i], 0),
        total_out = b.total_out - least(amounts[i], 0), moved_at = moment
    where b.account_id = accounts[i] and b.is_active
    returning b.balance into balance;
    if not found then perform app.refuse('account_closed'); end if;
    balances[i] := balance;
  end loop;
  insert into money.entries (transfer_id, account_id, type, currency, amount, balance_after)
  select posted, l.account_id, l.type, l.currency, l.amount, l.balance
  from unnest(accounts, types, currencies, amounts, balances) as l (account_id, type, currency, amount, balance)
  where l.amount <> 0;
  if not found then perform app.refuse('transfer_empty'); end if;
  return posted;
end $$;

-- Opens an account, or finds the one that somebody else opens at the same moment.
create or replace function money.open_account(place text, kind text, user_id uuid, gateway text, currency text) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare opened uuid;
begin
  if user_id is not null and not exists (
    select from identity.users u where u.id = open_account.user_id and u.marketplace = place) then
    perform app.refuse('not_found');
  end if;
  insert into money.accounts (marketplace, owner_id, kind, gateway, currency)
  values (place, user_id, open_account.kind, open_account.gateway, open_account.currency)
  on conflict do nothing returning id into opened;
  if opened is null and user_id is not null then
    select a.id into opened from money.accounts a
    where a.owner_id = user_id and a.kind = open_account.kind and a.currency = open_account.currency;
    -- The one wallet of a person is in another currency.
    if opened is null then perform app.refuse('wrong_currency'); end if;
  elsif opened is null then
    select a.id into opened from money.accounts a
    where a.owner_id is null and a.marketplace = place and a.kind = open_account.kind
      and a.currency = open_account.currency and coalesce(a.gateway, '') = coalesce(open_account.gateway, '');
  end if;
  return opened;
end $$;

grant execute on function money.post(jsonb) to vicinity_worker;
