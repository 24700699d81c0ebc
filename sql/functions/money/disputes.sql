-- Takes what a gateway says of a dispute: { gateway, reference, payment_reference, amount, currency, status, reason, due_by,
-- withdrawn_amount (what it has taken from us, null where it does not say), fee }. What comes out of order changes nothing. Returns the
-- dispute's id, or null where the payment is none of ours.
create or replace function money.record_dispute(report jsonb) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; a money.payment_attempts; d money.disputes; earlier text; told text := report ->> 'status';
begin
  select t.* into a from money.payment_attempts t
  where t.marketplace = app.marketplace() and t.gateway = report ->> 'gateway' and t.reference = report ->> 'payment_reference';
  if not found then return null; end if;
  select t.* into strict p from money.payments t where t.id = a.payment_id;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  select t.* into d from money.disputes t
  where t.marketplace = p.marketplace and t.gateway = a.gateway and t.reference = report ->> 'reference' for update;
  earlier := d.status;
  if d.id is null then
    insert into money.disputes (marketplace, payment_id, attempt_id, gateway, reference, currency, amount, status, reason, due_by, borne_by,
      closed_at)
    values (p.marketplace, p.id, a.id, a.gateway, report ->> 'reference', p.currency, (report ->> 'amount')::bigint, told,
      left(report ->> 'reason', 100), (report ->> 'due_by')::timestamptz,
      coalesce(app.setting('disputes_borne_by') #>> '{}', 'payees'), case when told in ('won', 'lost') then app.now() end)
    returning * into d;
  elsif exists (select from money.status_changes c
    where c.subject = 'disputes' and c.from_status = d.status and c.to_status = told) then
    update money.disputes t set status = told, due_by = coalesce((report ->> 'due_by')::timestamptz, t.due_by),
      closed_at = case when told in ('won', 'lost') then coalesce(t.closed_at, app.now()) end
    where t.id = d.id returning t.* into d;
  end if;
  if d.is_withheld <> (d.status <> 'won') then
    if d.is_withheld then perform money.let_go(p, d); else perform money.withhold(p, d); end if;
  end if;
  perform money.take_from_gateway(d, coalesce((report ->> 'withdrawn_amount')::bigint, case when d.status = 'won' then 0 else d.amount end),
    coalesce((report ->> 'fee')::bigint, d.fee));
  if earlier is distinct from d.status then
    perform app.emit('dispute.' || case when d.status in ('won', 'lost') then d.status when earlier is null then 'opened'
      else 'updated' end, jsonb_build_object('dispute_id', d.id, 'payment_id', p.id, 'booking_id', p.booking_id, 'amount', d.amount,
      'currency', d.currency, 'status', d.status, 'reason', d.reason, 'due_by', d.due_by));
  end if;
  return d.id;
end $$;

-- Takes what is disputed from those who have it: from what is held for the payer before it is shared out, after that from those who got
-- it, line by line. What they did not get, what one got whose account is purged, and where the platform bears it all, is the platform's
-- loss.
create or replace function money.withhold(p money.payments, d money.disputes) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare r money.reductions; lines jsonb := money.open_lines(p); worth bigint := 0;
begin
  if d.borne_by = 'payees' and p.status in ('succeeded', 'partially_refunded', 'refunded') and exists (
    select from money.payment_attempts a where a.id = d.attempt_id and a.is_current) and not exists (
    select from jsonb_array_elements(lines) as i join identity.users u on u.id = (i ->> 'user_id')::uuid
    where u.purged_at is not null) then
    worth := least(d.amount, money.refundable(p), booking.sum_of(lines, 'customer'));
  end if;
  if worth > 0 then
    insert into money.reductions (marketplace, payment_id, kind, items, amount, returned_amount, is_taken_back)
    values (p.marketplace, p.id, 'dispute', money.share(lines, worth), worth, worth, p.settled_at is not null)
    returning * into r;
  end if;
  perform money.post_dispute(p, d, r, 1);
  update money.disputes t set is_withheld = true, reduction_id = r.id, moves = t.moves + 1 where t.id = d.id;
end $$;

-- Gives it back to them: the dispute is won. What was to be shared out meanwhile goes to those who were to get it.
create or replace function money.let_go(p money.payments, d money.disputes) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare r money.reductions;
begin
  select t.* into r from money.reductions t where t.id = d.reduction_id;
  if r.id is not null and not r.is_taken_back and p.settled_at is not null then
    r.is_taken_back := true;
    update money.payments t set due_items = money.less(t.due_items, money.share(r.items, -r.amount)), due_amount = t.due_amount + r.amount
    where t.id = p.id;
  end if;
  perform money.post_dispute(p, d, r, -1);
  update money.disputes t set is_withheld = false, reduction_id = null, moves = t.moves + 1 where t.id = d.id;
end $$;

-- sign: 1 takes, -1 gives back
create or replace function money.post_dispute(p money.payments, d money.disputes, r money.reductions, sign integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.post(jsonb_build_object('key', 'dispute/' || d.id || '/' || d.moves, 'type', 'dispute',
    'description', case when sign > 0 then 'Disputed: ' else 'Dispute won: ' end || p.description, 'currency', p.currency,
    'reference_type', 'dispute', 'reference_id', d.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'disputed', 'amount', sign * d.amount) as e
        union all select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -sign * r.amount)
        where r.id is not null and not r.is_taken_back
        union all select money.line_entries(p, r.items, -sign) where r.is_taken_back
        union all select jsonb_build_object('account', 'dispute_expense', 'amount', -sign * (d.amount - coalesce(r.amount, 0)))
        where d.amount > coalesce(r.amount, 0)) as t)));
end $$;

-- Follows what the gateway has taken from us for a dispute, and charged for it.
create or replace function money.take_from_gateway(d money.disputes, withdrawn bigint, fee bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare more bigint := withdrawn - d.withdrawn_amount; more_fee bigint := take_from_gateway.fee - d.fee;
begin
  if more = 0 and more_fee = 0 then return; end if;
  update money.disputes t set withdrawn_amount = withdrawn, fee = take_from_gateway.fee, moves = t.moves + 1
  where t.id = d.id returning t.* into d;
  perform money.post(jsonb_build_object('key', 'dispute/' || d.id || '/gateway/' || d.moves, 'type', 'dispute',
    'description', 'Dispute at ' || d.gateway, 'currency', d.currency, 'reference_type', 'dispute', 'reference_id', d.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'gateway_clearing', 'gateway', d.gateway, 'amount', more + more_fee) as e
        where more + more_fee <> 0
        union all select jsonb_build_object('account', 'disputed', 'amount', -more) where more <> 0
        union all select jsonb_build_object('account', 'gateway_fees', 'amount', -more_fee) where more_fee <> 0) as t)));
end $$;

-- Records what a gateway has told staff of a dispute by e-mail, where it lets nobody read disputes: { reference, status, amount, reason,
-- due_by, withdrawn_amount, fee }. Told again under its reference it is brought on. Refuses with not_found, own_account,
-- dispute_read_at_gateway, payment_not_disputable, dispute_too_large and withdrawn_too_large.
create or replace function money.record_dispute_as_staff(payment_id uuid, report jsonb) returns table (dispute jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; a money.payment_attempts; recorded uuid;
begin
  select t.* into p from money.payments t
  where t.id = record_dispute_as_staff.payment_id and t.marketplace = app.marketplace();
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.payer_id = app.actor() then perform app.refuse('own_account'); end if;
  select t.* into a from money.payment_attempts t
  where t.payment_id = p.id and t.status = 'captured' and t.is_current and t.reference is not null;
  if a.id is null then perform app.refuse('payment_not_disputable'); end if;
  if a.gateway in ('stripe', 'razorpay') then perform app.refuse('dispute_read_at_gateway'); end if;
  if (report ->> 'amount')::bigint > a.captured_amount then perform app.refuse('dispute_too_large'); end if;
  if (report ->> 'withdrawn_amount')::bigint > a.captured_amount then perform app.refuse('withdrawn_too_large'); end if;
  if exists (select from money.disputes d
    where d.marketplace = p.marketplace and d.gateway = a.gateway and d.reference = report ->> 'reference' and d.payment_id <> p.id) then
    perform app.refuse('payment_not_disputable');
  end if;
  recorded := money.record_dispute(report || jsonb_build_object('gateway', a.gateway, 'payment_reference', a.reference));
  perform app.audit('money.dispute_recorded', 'money', 'disputes', recorded::text, new_values => report,
    metadata => jsonb_build_object('payment_id', p.id));
  return query select money.dispute_for_staff(d) from money.disputes d where d.id = recorded;
end $$;

create or replace function money.dispute_for_staff(d money.disputes) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', d.id, 'payment_id', d.payment_id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'gateway', d.gateway, 'reference', d.reference, 'currency', d.currency, 'amount', d.amount, 'status', d.status, 'reason', d.reason,
    'due_by', d.due_by, 'borne_by', d.borne_by, 'borne_by_payees', coalesce(r.amount, 0), 'withdrawn_amount', d.withdrawn_amount,
    'fee', d.fee, 'closed_at', d.closed_at, 'created_at', d.created_at)
  from money.payments p left join money.reductions r on r.id = d.reduction_id where p.id = d.payment_id
$$;

-- The disputes of the marketplace for staff, newest first. `status`: null for all.
create or replace function money.disputes_for_staff(status text, before uuid, count integer) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select money.dispute_for_staff(d) from money.disputes d
  where d.marketplace = app.marketplace() and identity.has_permission(app.actor(), 'money.read')
    and (disputes_for_staff.status is null or d.status = disputes_for_staff.status)
    and (disputes_for_staff.before is null or d.id < disputes_for_staff.before)
  order by d.id desc limit disputes_for_staff.count
$$;

create or replace function money.unposted_disputes(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('dispute_id', d.id, 'payment_id', d.payment_id, 'status', d.status, 'disputed', s.disputed, 'fee', s.fee)
  from money.disputes d
  cross join lateral (
    select coalesce(sum(e.amount) filter (where c.kind = 'disputed'), 0) as disputed,
           coalesce(-sum(e.amount) filter (where c.kind = 'gateway_fees'), 0) as fee
    from money.transfers t join money.entries e on e.transfer_id = t.id join money.accounts c on c.id = e.account_id
    where t.reference_id = d.id) as s
  where money.is_looked_at(d.marketplace) and (since is null or d.updated_at >= since)
    and (s.disputed <> (case when d.is_withheld then d.amount else 0 end) - d.withdrawn_amount or s.fee <> d.fee)
$$;

grant execute on function money.record_dispute(jsonb) to vicinity_worker;
grant execute on function money.disputes_for_staff(text, uuid, integer), money.record_dispute_as_staff(uuid, jsonb) to vicinity_api;
