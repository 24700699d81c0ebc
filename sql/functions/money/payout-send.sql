-- Lets the worker look at a payout that a machine sends, or has sent. Those that staff send to their bank wait for a batch.
create or replace function money.ask_for_payout(payout_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payout.work_due', jsonb_build_object('payout_id', p.id))
  from money.payouts p join money.payout_accounts a on a.id = p.payout_account_id
  where p.id = ask_for_payout.payout_id and (a.kind = 'stripe' or p.status in ('processing', 'paid') and p.sent_by = 'razorpayx'
    or p.status = 'pending' and money.has_bank_rail());
end $$;

-- Whether a machine sends what goes to banks.
create or replace function money.has_bank_rail() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(app.setting('bank_payouts') #>> '{}' = 'razorpayx', false)
$$;

-- The payout, under the locks that whoever changes it takes: its account's mark first, as building does.
create or replace function money.lock_payout(payout_id uuid) returns money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts;
begin
  perform from money.payout_marks m
  where m.account_id = (select t.account_id from money.payouts t where t.id = lock_payout.payout_id) for update;
  select t.* into p from money.payouts t
  where t.id = lock_payout.payout_id and t.marketplace = app.marketplace() for update;
  return p;
end $$;

-- Takes a payout on its way, in the ledger first: what was given back to customers since it was built and what the provider owes go
-- off it. Returns what to send under which key, or what is under way already: { payout_id, sent_by: stripe | razorpayx, destination,
-- amount, currency, key, transfer_reference, payout_reference, attempt, number, account: { id, name, details_sealed } }. Null where nothing
-- is to be sent, or staff send it. The transaction is committed before anything is sent.
--
-- sends_to_banks: whether the caller can
create or replace function money.claim_payout(payout_id uuid, sends_to_banks boolean) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts; a money.payout_accounts;
begin
  p := money.lock_payout(claim_payout.payout_id);
  if p.status = 'pending' and not p.is_held and exists (select from money.payout_accounts t
    where t.id = money.payout_account_of(p.provider_id, p.currency)
      and (t.kind = 'stripe' or sends_to_banks and money.has_bank_rail())) then
    p := money.start_payout(p, 'razorpayx');
  end if;
  if p.id is null or p.status not in ('processing', 'paid') or p.amount = 0 or p.sent_by = 'staff' then return null; end if;
  select t.* into strict a from money.payout_accounts t where t.id = p.payout_account_id;
  return jsonb_build_object('payout_id', p.id, 'sent_by', p.sent_by, 'destination', a.reference, 'amount', p.amount,
    'currency', p.currency, 'key', p.id || '-' || p.attempts, 'attempt', p.attempts, 'number', p.reference_number,
    'transfer_reference', p.transfer_reference, 'payout_reference', p.payout_reference,
    'account', jsonb_build_object('id', a.id, 'name', a.account_name, 'details_sealed', a.details_sealed));
end $$;

-- Notes as what the bank's machine knows an account. The first answer counts.
create or replace function money.keep_fund_account(payout_account_id uuid, reference text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.payout_accounts a set reference = keep_fund_account.reference
  where a.id = keep_fund_account.payout_account_id and a.marketplace = app.marketplace() and a.kind = 'bank' and a.reference is null
$$;

-- Brings a pending payout to `processing`, to `paid` where the provider's debts take all of it, or to `cancelled` where nothing is left.
-- It stays pending while the provider has nowhere to be paid to, or is kept out. Its caller holds `money.lock_payout`.
--
-- to_banks: who sends it where it goes to a bank, razorpayx or staff. by_hand: staff have paid it by themselves, whoever the provider is
-- and wherever payouts go
create or replace function money.start_payout(p money.payouts, to_banks text, by_hand boolean default false) returns money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
declare total bigint; owed bigint; taken bigint; goes_to uuid := p.payout_account_id; rail text := 'bank';
begin
  if not by_hand then
    goes_to := money.payout_account_of(p.provider_id, p.currency);
    if goes_to is null or money.kept_back_as(p) is not null then return p; end if;
    select a.kind into strict rail from money.payout_accounts a where a.id = goes_to;
  end if;
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount, commission_amount,
    amount, earned_at)
  select p.marketplace, p.id, e.transfer_id, e.account_id, e.booking_id, e.kind, e.gross_amount, e.commission_amount, e.amount, e.earned_at
  from money.payout_marks m cross join lateral money.earnings_of(array[m.account_id], array[m.through]) as e
  where m.account_id = p.account_id and e.amount < 0 and not exists (
    select from money.payout_items i where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live);
  select sum(i.amount)::bigint into total from money.payout_items i where i.payout_id = p.id and i.is_live;
  if total <= 0 then return money.cancel_payout(p); end if;

  select -b.balance into owed from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = p.provider_id and a.kind = 'receivable' and a.currency = p.currency;
  taken := least(coalesce(owed, 0), total);
  perform money.take_from_payout(p, 'netting', taken, 'payout/' || p.id || '/netting/' || p.attempts + 1,
    jsonb_build_object('account', 'receivable', 'user_id', p.provider_id, 'amount', taken));
  perform money.tell_repaid(p.provider_id);
  total := total - taken;
  -- One fee for a payout, however often it is sent.
  taken := least(money.payout_fee(), total);
  if p.fee_amount = 0 then
    perform money.take_from_payout(p, 'fee', taken, 'payout/' || p.id || '/fee',
      jsonb_build_object('account', 'platform_revenue', 'amount', taken));
    total := total - taken;
  end if;
  if total > 0 then
    perform money.post(jsonb_build_object('key', 'payout/' || p.id || '/' || p.attempts + 1, 'type', 'payout',
      'description', 'Payout ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id,
      'entries', jsonb_build_array(
        jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', -total),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', rail, 'amount', total))));
  end if;
  p := money.sum_payout(p);
  update money.payouts t set payout_account_id = goes_to, attempts = t.attempts + 1, processed_at = app.now(),
    sent_by = case rail when 'bank' then to_banks else rail end,
    transfer_reference = null, payout_reference = null, failure_code = null, failure_message = null, rail_fee = null,
    status = case when total > 0 then 'processing' else 'paid' end, paid_at = case when total = 0 then app.now() end
  where t.id = p.id returning t.* into p;
  if p.status = 'paid' then perform money.tell_of_payout(p);
  elsif p.sent_by <> 'staff' then perform money.watch_payout(p.id); end if;
  return p;
end $$;

-- The account of the ledger that a payout takes from.
create or replace function money.pays_from(p money.payouts) returns text language sql immutable as $$
  select case p.kind when 'withdrawal' then 'withdrawing' else 'provider_payable' end
$$;

-- Why nothing of a payout is sent for now, null for nothing: 'staff' keep it back, or its provider is 'suspended' or 'banned' and staff
-- have not let it go all the same. It is lost to nobody, and is sent once that is over.
create or replace function money.kept_back_as(p money.payouts) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if p.status not in ('pending', 'failed') then return null; end if;
  if p.is_held then return 'staff'; end if;
  if p.is_cleared then return null; end if;
  return (select u.account_status from identity.users u
          where u.id = p.provider_id and u.account_status in ('suspended', 'banned')
            and not app.is_active(u.account_status, u.suspended_until));
end $$;

-- Somebody's account is open again: what waited for that is sent.
create or replace function money.release_payouts_of(user_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  select money.ask_for_payout(p.id) from money.payouts p
  where p.provider_id = release_payouts_of.user_id and p.status = 'pending' and not p.is_held
$$;

-- Takes an amount off a payout, as a transfer and as an item of it.
create or replace function money.take_from_payout(p money.payouts, kind text, amount bigint, key text, entry jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare posted uuid;
begin
  if amount <= 0 then return; end if;
  posted := money.post(jsonb_build_object('key', key, 'type', case kind when 'netting' then 'netting' else 'charge' end,
    'description', case kind when 'netting' then 'Taken for what is owed: ' else 'Fee: ' end || 'payout ' || p.reference_number,
    'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id, 'entries', jsonb_build_array(entry,
      jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', -amount))));
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, kind, gross_amount, commission_amount, amount,
    earned_at)
  values (p.marketplace, p.id, posted, p.account_id, take_from_payout.kind, -take_from_payout.amount, 0, -take_from_payout.amount,
    app.now());
end $$;

-- Writes what a payout's items come to.
create or replace function money.sum_payout(p money.payouts) returns money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.payouts t set gross_amount = s.gross, commission_amount = s.commission, netted_amount = s.netted,
    fee_amount = s.fee, amount = s.gross - s.commission - s.netted - s.fee
  from (
    select coalesce(sum(i.gross_amount) filter (where i.kind not in ('netting', 'fee')), 0)::bigint as gross,
           coalesce(sum(i.commission_amount), 0)::bigint as commission,
           coalesce(-sum(i.amount) filter (where i.kind = 'netting'), 0)::bigint as netted,
           coalesce(-sum(i.amount) filter (where i.kind = 'fee'), 0)::bigint as fee
    from money.payout_items i where i.payout_id = p.id and i.is_live) as s
  where t.id = p.id returning t.* into p;
  return p;
end $$;

-- Lets go of a payout that has not been sent: what it was made of waits for the next one, or is in the wallet again. Its caller holds
-- `money.lock_payout`.
create or replace function money.cancel_payout(p money.payouts) returns money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if p.kind = 'withdrawal' then perform money.return_withdrawal(p); end if;
  update money.payout_items i set is_live = false where i.payout_id = p.id and i.is_live;
  update money.payout_marks m set through = least(m.through, (
    select min(e.number) - 1 from money.payout_items i
    join money.entries e on e.transfer_id = i.transfer_id and e.account_id = i.account_id where i.payout_id = p.id))
  where m.account_id = p.account_id;
  update money.payouts t set status = 'cancelled' where t.id = p.id returning t.* into p;
  return p;
end $$;

-- Takes what became of a sending: { status: processing | paid | failed, transfer_reference, payout_reference, fee (what the rail charges us),
-- failure: { code, message } }.
-- What failed goes back to what the provider is owed. What is told of an earlier sending, or out of order, changes nothing.
create or replace function money.record_payout(payout_id uuid, attempt integer, report jsonb) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts; told text := report ->> 'status'; rail text;
begin
  p := money.lock_payout(record_payout.payout_id);
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.attempts <> record_payout.attempt then return p.status; end if;
  update money.payouts t set transfer_reference = coalesce(report ->> 'transfer_reference', t.transfer_reference),
    payout_reference = coalesce(report ->> 'payout_reference', t.payout_reference)
  where t.id = p.id and p.status in ('processing', 'paid') returning t.* into p;
  if p.id is null or p.status = told or told = 'processing' or p.amount = 0 then return coalesce(p.status, told); end if;
  if told = 'failed' then
    rail := case p.sent_by when 'stripe' then 'stripe' else 'bank' end;
    perform money.post(jsonb_build_object('key', 'payout/' || p.id || '/' || p.attempts || '/return', 'type', 'payout_return',
      'description', 'Returned: payout ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout',
      'reference_id', p.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', p.amount),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', rail, 'amount', -p.amount))));
  end if;
  update money.payouts t set status = told,
    paid_at = case when told = 'paid' then app.now() end, failed_at = case when told = 'failed' then app.now() else t.failed_at end,
    rail_fee = case when told = 'paid' then (report ->> 'fee')::bigint else t.rail_fee end,
    failure_code = left(report #>> '{failure,code}', 100), failure_message = left(report #>> '{failure,message}', 500)
  where t.id = p.id returning t.* into p;
  perform money.post_rail_fee(p);
  -- That our own money has not arrived at Stripe yet is no business of the provider's.
  if p.failure_code = 'balance_insufficient' then
    perform app.set_timer('payout.retry', p.id, app.now() + interval '6 hours');
  else
    perform money.tell_of_payout(p);
  end if;
  return p.status;
end $$;

-- An amount of minor units as people read it: '120.00 USD'.
create or replace function money.amount_text(amount bigint, currency text) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare digits integer := (select c.exponent from money.currencies c where c.code = amount_text.currency);
begin
  return round(amount::numeric / 10::numeric ^ digits, digits)::text || ' ' || currency;
end $$;

-- Tells the provider that a payout has arrived, or has not.
create or replace function money.tell_of_payout(p money.payouts) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payout.' || p.status, jsonb_build_object('payout_id', p.id, 'user_id', p.provider_id,
    'number', p.reference_number, 'amount', p.amount, 'currency', p.currency,
    'amount_text', money.amount_text(p.amount, p.currency), 'failure_code', p.failure_code));
end $$;

-- Sends a payout that has failed again, or one that has waited: to where the provider is paid to now.
create or replace function money.reopen_payout(payout_id uuid) returns money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts;
begin
  p := money.lock_payout(reopen_payout.payout_id);
  if p.status not in ('pending', 'failed') then return p; end if;
  update money.payouts t set status = 'pending', batch_id = null,
    payout_account_id = coalesce(money.payout_account_of(p.provider_id, p.currency), t.payout_account_id)
  where t.id = p.id returning t.* into p;
  perform money.ask_for_payout(p.id);
  return p;
end $$;

-- Somebody can be paid now: what has waited or failed is sent.
create or replace function money.wake_payouts(user_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.reopen_payout(p.id) from money.payouts p
  where p.provider_id = wake_payouts.user_id and p.marketplace = app.marketplace() and p.status in ('pending', 'failed')
    and not p.is_held;
end $$;

-- Looks again at what nobody tells of: soon, then later and later; and each day for a week at what a bank may give back.
create or replace function money.watch_payout(payout_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.set_timer('payout.look', p.id,
    app.now() + case p.status when 'paid' then interval '1 day'
      else greatest(interval '15 minutes', least(interval '12 hours', (app.now() - p.processed_at) / 2)) end)
  from money.payouts p where p.id = watch_payout.payout_id and (p.status = 'processing'
    or p.status = 'paid' and p.sent_by = 'razorpayx' and p.paid_at > app.now() - interval '7 days');
end $$;

-- What an event of a gateway is about: { object_type, account, payouts (ids: one, or all that are on their way to the account) }. One
-- whose answer never came is found by its key.
create or replace function money.payout_webhook(webhook_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('object_type', e.object_type, 'account', e.account, 'payouts', coalesce((
    select jsonb_agg(t.id order by t.id) from (
      select p.id from money.payout_accounts a join money.payouts p on p.payout_account_id = a.id
      where a.marketplace = e.marketplace and a.reference = e.account and e.object_type = 'payout'
        and (p.payout_reference = e.object_id or p.status = 'processing' and p.payout_reference is null)
      union
      select p.id from money.payouts p
      where e.gateway = 'razorpay' and e.object_type = 'payout' and p.marketplace = e.marketplace and p.sent_by = 'razorpayx'
        and (p.transfer_reference = e.object_id
          or p.id = substring(e.key from '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=-[0-9]+$)')::uuid and p.id || '-' || p.attempts = e.key)) as t), '[]'))
  from money.webhook_events e where e.id = payout_webhook.webhook_id and e.marketplace = app.marketplace()
$$;

grant execute on function money.claim_payout(uuid, boolean), money.keep_fund_account(uuid, text),
  money.record_payout(uuid, integer, jsonb), money.watch_payout(uuid), money.payout_webhook(uuid) to vicinity_worker;
