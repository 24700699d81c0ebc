-- What staff decide on a payout: hold, release, retry or cancel one that is not on its way, or settle it, which they have paid by
-- themselves; paid or failed of one that they have sent to the bank. `words`: why, or the bank's reference. To release lets one go whose
-- provider is kept out. Refuses with not_found, own_account, transition_not_allowed and payout_sent_by_machine.
create or replace function money.decide_payout(payout_id uuid, decision text, words text) returns setof money.payouts
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payouts; was text;
begin
  p := money.lock_payout(decide_payout.payout_id);
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.provider_id = app.actor() then perform app.refuse('own_account'); end if;
  was := p.status;
  if decision in ('hold', 'release', 'retry', 'cancel', 'settle') and was not in ('pending', 'failed')
    or decision = 'retry' and money.kept_back_as(p) is not null
    or decision in ('paid', 'failed') and was not in ('processing', 'paid')
    or decision = was then
    perform app.refuse('transition_not_allowed', was);
  end if;
  if decision in ('paid', 'failed') then
    if p.sent_by <> 'staff' then perform app.refuse('payout_sent_by_machine'); end if;
    perform money.record_payout(p.id, p.attempts, jsonb_build_object('status', decision,
      'payout_reference', case when decision = 'paid' then words end,
      'failure', case when decision = 'failed' then jsonb_build_object('code', 'bank', 'message', words) end));
  elsif decision = 'cancel' then perform money.cancel_payout(p);
  elsif decision = 'retry' then perform money.reopen_payout(p.id);
  elsif decision = 'settle' then
    update money.payouts t set status = 'pending' where t.id = p.id and t.status = 'failed';
    select t.* into p from money.payouts t where t.id = p.id;
    p := money.start_payout(p, 'staff', true);
    -- The provider's debts may have taken all of it, or nothing was left.
    if p.status = 'processing' then
      perform money.record_payout(p.id, p.attempts, jsonb_build_object('status', 'paid', 'payout_reference', words));
    end if;
  else
    update money.payouts t set is_held = decision = 'hold', held_reason = case when decision = 'hold' then words end,
      is_cleared = decision = 'release' and money.kept_back_as(t) in ('suspended', 'banned')
    where t.id = p.id;
    if decision = 'release' then perform money.ask_for_payout(p.id); end if;
  end if;
  perform app.audit('money.payout_decided', 'money', 'payouts', p.id::text, jsonb_build_object('status', was),
    jsonb_build_object('decision', decision, 'words', words), jsonb_build_object('user_id', p.provider_id));
  return query select t.* from money.payouts t where t.id = p.id;
end $$;

-- Takes the payouts to banks that wait, the oldest first, on their way together: staff send them by the batch's file. Refuses with
-- nothing_to_pay_out.
create or replace function money.open_payout_batch(most integer) returns setof money.payout_batches
language plpgsql security definer set search_path = public, pg_temp as $$
declare waiting uuid; p money.payouts; taken uuid[] := '{}'; total bigint := 0; b money.payout_batches; unit text;
begin
  for waiting in
    select o.id from (
      select t.id, t.account_id from money.payouts t join money.payout_accounts a on a.id = t.payout_account_id
      where t.marketplace = app.marketplace() and t.status = 'pending' and a.kind = 'bank' and t.provider_id <> app.actor()
        and money.kept_back_as(t) is null
      order by t.id limit most) as o
    -- In the order in which whoever builds payouts locks them too.
    order by o.account_id
  loop
    p := money.lock_payout(waiting);
    continue when p.status <> 'pending' or p.is_held or p.currency <> coalesce(unit, p.currency);
    p := money.start_payout(p, 'staff');
    continue when p.status <> 'processing' or p.sent_by <> 'staff';
    unit := p.currency;
    taken := taken || p.id;
    total := total + p.amount;
  end loop;
  if cardinality(taken) = 0 then perform app.refuse('nothing_to_pay_out'); end if;
  insert into money.payout_batches (marketplace, payouts, amount, currency, created_by)
  values (app.marketplace(), cardinality(taken), total, unit, app.actor()) returning * into b;
  update money.payouts t set batch_id = b.id where t.id = any (taken);
  perform app.audit('money.payout_batch_opened', 'money', 'payout_batches', b.id::text,
    new_values => jsonb_build_object('payouts', b.payouts, 'amount', b.amount));
  return next b;
end $$;

-- What staff tell their bank of a batch, with the sealed details of each account. Looking is audited. Refuses with not_found.
create or replace function money.payout_batch_lines(batch_id uuid)
returns table (payout_account_id uuid, reference_number text, amount bigint, currency text, bank_name text, account_name text,
  details_sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from money.payout_batches b
    where b.id = payout_batch_lines.batch_id and b.marketplace = app.marketplace()) then perform app.refuse('not_found'); end if;
  perform app.audit('money.bank_details_read', 'money', 'payout_batches', payout_batch_lines.batch_id::text);
  return query
    select a.id, p.reference_number::text, p.amount, p.currency, a.bank_name::text, a.account_name::text, a.details_sealed
    from money.payouts p join money.payout_accounts a on a.id = p.payout_account_id
    where p.batch_id = payout_batch_lines.batch_id and p.status = 'processing' order by p.id;
end $$;

create or replace function money.shown_staff_payout(p money.payouts) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return money.shown_payout(p) || jsonb_build_object('provider_id', p.provider_id, 'is_held', money.kept_back_as(p) is not null,
    'held_for', money.kept_back_as(p), 'held_reason', case money.kept_back_as(p) when 'staff' then p.held_reason
      when 'suspended' then 'The provider’s account is suspended.' when 'banned' then 'The provider’s account is banned.' end,
    'attempts', p.attempts, 'sent_by', p.sent_by, 'batch_id', p.batch_id, 'transfer_reference', p.transfer_reference,
    'rail_fee', p.rail_fee);
end $$;

-- Payouts of the marketplace before a cursor, newest first. `person`: of this provider only. `held`: only those that are kept back, or
-- only the others. They name whose the accounts are: who looked at which is audited.
create or replace function money.list_payouts(state text, person uuid, held boolean, before uuid, most integer)
returns table (payout jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select p.id from money.payouts p
    where p.marketplace = app.marketplace() and (state is null or p.status = state) and (person is null or p.provider_id = person)
      and (held is null or (p.status in ('pending', 'failed') and money.kept_back_as(p) is not null) = held)
      and (before is null or p.id < before)
    order by p.id desc limit most) as f;
  perform app.audit('money.payouts_listed', 'money', 'payouts', null, metadata => jsonb_build_object(
    'wanted', jsonb_strip_nulls(jsonb_build_object('status', state, 'provider_id', person, 'held', held)),
    'payout_ids', coalesce(to_jsonb(shown), '[]')));
  return query select money.shown_staff_payout(p) from money.payouts p where p.id = any (shown) order by p.id desc;
end $$;

grant execute on function money.decide_payout(uuid, text, text), money.open_payout_batch(integer), money.payout_batch_lines(uuid),
  money.list_payouts(text, uuid, boolean, uuid, integer), money.shown_staff_payout(money.payouts) to vicinity_api;
