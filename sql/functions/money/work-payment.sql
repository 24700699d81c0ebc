-- What is to be done for a payment at its gateways.
--
-- { payment_id, looks: [{ attempt_id, gateway, reference, age (seconds) }], refund_looks: [{ refund_id, gateway, reference }],
--   step: { kind: capture | cancel | refund, id (of the attempt or the refund), gateway, reference, amount, key } | null }
create or replace function money.payment_work(payment_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payment_id', p.id,
    'looks', coalesce((
      select jsonb_agg(jsonb_build_object('attempt_id', a.id, 'gateway', a.gateway, 'reference', a.reference,
        'age', extract(epoch from app.now() - a.created_at)::bigint) order by a.id)
      from money.payment_attempts a
      where a.payment_id = p.id and (a.status <> 'captured' or money.is_fee_awaited(a))), '[]'),
    'refund_looks', coalesce((
      select jsonb_agg(jsonb_build_object('refund_id', r.id, 'gateway', a.gateway, 'reference', r.reference) order by r.id)
      from money.refunds r join money.payment_attempts a on a.id = r.attempt_id
      where r.payment_id = p.id and r.reference is not null and r.status in ('processing', 'succeeded')), '[]'),
    'step', (select s from money.payment_steps(p) as s limit 1))
  from money.payments p where p.id = payment_work.payment_id
$$;

-- Whether a gateway that tells its fee has not told it yet: it is known some time after the capture.
create or replace function money.is_fee_awaited(a money.payment_attempts) returns boolean language sql stable as $$
  select a.status = 'captured' and a.gateway in ('stripe', 'razorpay', 'paymongo') and coalesce(a.fee, 0) = 0
    and a.created_at > app.now() - interval '3 days'
$$;

-- The calls that are to be made, one after the other.
create or replace function money.payment_steps(p money.payments) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('kind', t.kind, 'id', t.id, 'gateway', t.gateway, 'reference', t.reference, 'amount', t.amount,
    'key', t.key)
  from (
    select case when a.is_current and p.status <> 'cancelled' and not o.is_owed and coalesce(w.wanted > 0, true) then 'capture' else 'cancel' end as kind,
      a.id,
      a.gateway, a.reference,
      -- What is reserved at Razorpay is taken whole; the rest is refunded.
      case when a.gateway = 'razorpay' then a.amount else least(coalesce(w.wanted, a.amount), a.amount) end as amount,
      a.id || '-x' as key
    from money.payment_attempts a,
      lateral (select p.due_amount - p.wallet_amount - p.credits_amount - p.cash_amount as wanted) as w,
      -- It becomes a debt.
      lateral (select p.status in ('pending', 'failed') and money.is_unpayable(p) as is_owed) as o
    where a.payment_id = p.id and a.reference is not null and (
      -- Nobody needs it any more.
      (p.status = 'cancelled' or not a.is_current or o.is_owed or p.due_amount is not null and w.wanted <= 0)
        and a.status in ('requires_action', 'authorized', 'failed')
        and (a.created_at > app.now() - interval '7 days' or o.is_owed and p.settled_at is null)
      or a.is_current and a.status = 'authorized' and w.wanted > 0
      -- A bank lets go of what it has reserved after a week, Razorpay after five days: what is not known yet is taken whole before that,
      -- and what is not owed goes back.
      or a.is_current and a.status = 'authorized' and w.wanted is null
        and a.created_at < app.now() - case a.gateway when 'razorpay' then interval '4 days' else interval '6 days' end)
    union all
    select 'refund', r.id, a.gateway, a.reference, r.amount, r.id::text
    from money.refunds r join money.payment_attempts a on a.id = r.attempt_id
    where r.payment_id = p.id and r.status = 'pending') as t
  order by t.id
$$;

-- Takes a payment for a minute, for whoever is about to talk to its gateways, and brings it to what is known. Null where somebody else
-- has it: then it is looked at once more when they have done.
create or replace function money.claim_payment(payment_id uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare busy boolean;
begin
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id)) from money.payments p
  where p.id = claim_payment.payment_id and p.marketplace = app.marketplace();
  update money.payments p set
    is_wanted = coalesce(p.leased_until > app.now(), false),
    leased_until = case when p.leased_until > app.now() then p.leased_until else app.now() + interval '1 minute' end
  where p.id = claim_payment.payment_id and p.marketplace = app.marketplace()
  returning p.is_wanted into busy;
  if busy then perform app.set_timer('payment.look', claim_payment.payment_id, app.now() + interval '1 minute'); end if;
  if busy is null or busy then return null; end if;
  perform money.advance_payment(claim_payment.payment_id);
  return money.payment_work(claim_payment.payment_id);
end $$;

-- Gives a payment back for others to take.
create or replace function money.release_payment(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from money.payments p where p.id = release_payment.payment_id and p.is_wanted for update) then
    perform money.ask_for_work(release_payment.payment_id);
  end if;
  update money.payments p set leased_until = null, is_wanted = false
  where p.id = release_payment.payment_id and p.marketplace = app.marketplace();
end $$;

-- Takes what a gateway says of a try: { status, reference, captured_amount, fee, failure: { code, message }, response (of what it has
-- answered what staff may see) }, each of which may be missing. What comes out of order changes nothing. Returns the work that is left.
create or replace function money.record_attempt(attempt_id uuid, report jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; earlier text; a_status text;
begin
  select t.* into p from money.payments t join money.payment_attempts a on a.payment_id = t.id
  where a.id = record_attempt.attempt_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  perform from money.payments t where t.id = p.id for update;
  select a.status into strict earlier from money.payment_attempts a where a.id = record_attempt.attempt_id;
  update money.payment_attempts a set
    status = case when exists (select from money.status_changes c where c.subject = 'payment_attempts'
      and c.from_status = a.status and c.to_status = report ->> 'status') then report ->> 'status' else a.status end,
    reference = coalesce(report ->> 'reference', a.reference),
    captured_amount = greatest(a.captured_amount, coalesce((report ->> 'captured_amount')::bigint, 0)),
    -- Nought is what gateways say until they know.
    fee = coalesce(nullif(a.fee, 0), (report ->> 'fee')::bigint),
    gateway_response = coalesce(report -> 'response', a.gateway_response),
    failure_code = case when report ? 'failure' then left(report #>> '{failure,code}', 100) else a.failure_code end,
    failure_message = case when report ? 'failure' then left(report #>> '{failure,message}', 500) else a.failure_message end
  where a.id = record_attempt.attempt_id returning a.status into a_status;
  perform money.advance_payment(p.id);
  perform money.post_fees(p.id);
  if earlier = 'authorized' and a_status in ('cancelled', 'failed') then perform money.tell_lapse(p.id); end if;
  return money.payment_work(p.id);
end $$;

-- The same for what the payer's own request has heard, after which nobody holds the payment any more. Returns the payment as the
-- payer sees it. Refuses with not_found.
create or replace function money.record_my_attempt(attempt_id uuid, report jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare paid uuid;
begin
  select p.id into paid from money.payments p join money.payment_attempts a on a.payment_id = p.id
  where a.id = record_my_attempt.attempt_id and p.payer_id = app.actor() and p.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if (money.record_attempt(record_my_attempt.attempt_id, report) ->> 'step') is not null then
    perform money.ask_for_work(paid);
  end if;
  perform money.release_payment(paid);
  return money.shown_payment(paid);
end $$;

-- The same for what the worker has heard when it charged somebody who is not there.
create or replace function money.record_attempt_for(attempt_id uuid, report jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare work jsonb := money.record_attempt(record_attempt_for.attempt_id, report); paid uuid := (work ->> 'payment_id')::uuid;
begin
  if work ->> 'step' is not null then perform money.ask_for_work(paid); end if;
  perform money.release_payment(paid);
  return money.shown_payment(paid);
end $$;

-- Takes what a gateway says of a refund: { status, reference, failure }. Returns the work that is left.
create or replace function money.record_refund(refund_id uuid, report jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare r money.refunds; p money.payments; a money.payment_attempts; earlier text;
begin
  select t.* into r from money.refunds t where t.id = record_refund.refund_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  select t.* into strict p from money.payments t where t.id = r.payment_id;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  perform from money.payments t where t.id = p.id for update;
  select t.* into strict r from money.refunds t where t.id = r.id for update;
  select t.* into strict a from money.payment_attempts t where t.id = r.attempt_id;
  earlier := r.status;
  update money.refunds t set
    status = case when exists (select from money.status_changes c where c.subject = 'refunds'
      and c.from_status = t.status and c.to_status = report ->> 'status') then report ->> 'status' else t.status end,
    reference = coalesce(report ->> 'reference', t.reference),
    failure_code = left(report #>> '{failure,code}', 100), failure_message = left(report #>> '{failure,message}', 500)
  where t.id = r.id returning t.* into r;
  if r.status = 'succeeded' then
    perform money.post_through_gateway(p, a, 'refund/' || r.id, 'refund', -r.amount);
  elsif r.status = 'failed' and earlier = 'succeeded' then
    perform money.reverse(k.transfer_id, 'The bank gave a refund back: ' || p.description) from money.transfer_keys k
    where k.marketplace = r.marketplace and k.key = 'refund/' || r.id;
  end if;
  perform money.count_refunds(p.id);
  if r.status = 'failed' and earlier <> 'failed' then
    perform app.emit('payment.refund_failed', jsonb_build_object('payment_id', p.id, 'refund_id', r.id, 'user_id', p.payer_id,
      'amount', r.amount, 'currency', r.currency));
  end if;
  perform money.advance_payment(p.id);
  return money.payment_work(p.id);
end $$;

-- Sets when a payment is looked at next where no webhook tells: soon while it is young, later and later, and not at all when nothing
-- can come any more.
create or replace function money.watch_payment(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments;
begin
  select t.* into strict p from money.payments t where t.id = watch_payment.payment_id;
  if exists (select from money.payment_steps(p)) or exists (
      select from money.refunds r where r.payment_id = p.id and r.status = 'processing') or exists (
      select from money.payment_attempts a where a.payment_id = p.id and a.created_at > app.now() - interval '8 days'
        and (a.status in ('created', 'requires_action', 'processing', 'authorized', 'failed') or money.is_fee_awaited(a))) then
    perform app.set_timer('payment.look', p.id,
      app.now() + greatest(interval '1 minute', least(interval '6 hours', (app.now() - p.created_at) / 2)));
  else
    perform app.cancel_timer('payment.look', p.id);
  end if;
end $$;

-- A bank has let go of what it had reserved, and the booking is not paid any more: whoever has saved a method is charged anew, and
-- everybody is told.
create or replace function money.tell_lapse(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payment.lapsed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'description', p.description, 'amount', p.amount, 'currency', p.currency, 'amount_text', money.amount_text(p.amount, p.currency)))
  from money.payments p where p.id = tell_lapse.payment_id and p.status = 'failed' and p.settled_at is null;
  if found then perform app.set_timer('payment.collect', tell_lapse.payment_id, app.now() + interval '1 minute'); end if;
end $$;

-- Lets the worker look at a payment.
create or replace function money.ask_for_work(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payment.work_due', jsonb_build_object('payment_id', ask_for_work.payment_id));
end $$;

grant execute on function money.claim_payment(uuid), money.release_payment(uuid), money.record_attempt(uuid, jsonb),
  money.record_refund(uuid, jsonb), money.record_attempt_for(uuid, jsonb) to vicinity_worker;
grant execute on function money.record_my_attempt(uuid, jsonb) to vicinity_api;
