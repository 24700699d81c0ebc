-- Brings a payment to what its tries, its refunds and its subject have come to: posts what was captured, releases what is owed, gives
-- back what is not, and tells the subject. Safe to call at any time, and again. The caller holds `money.lock_subject`.
create or replace function money.advance_payment(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; a money.payment_attempts; next_status text;
begin
  select t.* into strict p from money.payments t where t.id = advance_payment.payment_id for update;
  for a in select t.* from money.payment_attempts t where t.payment_id = p.id and t.status = 'captured' and not t.is_posted loop
    perform money.post_through_gateway(p, a, 'attempt/' || a.id || '/captured', 'payment', a.captured_amount);
    update money.payment_attempts t set is_posted = true where t.id = a.id;
  end loop;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason)
  select p.marketplace, p.id, t.id, 'gateway', p.currency, t.captured_amount, 'paid_too_late'
  from money.payment_attempts t
  where t.payment_id = p.id and t.status = 'captured' and t.captured_amount > 0
    and (p.status = 'cancelled' or p.settled_at is not null and p.captured_amount = 0 or not t.is_current)
  on conflict (attempt_id) where reason = 'paid_too_late' and replaces is null do nothing;

  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current;
  next_status := money.status_by_attempt(p, a);
  if next_status <> p.status and exists (
    select from money.status_changes c
    where c.subject = 'payments' and c.from_status = p.status and c.to_status = next_status) then
    update money.payments t set status = next_status,
      captured_amount = case when a.status = 'captured' then a.captured_amount else 0 end
    where t.id = p.id;
    if next_status = 'cancelled' then perform money.give_back_parts(p); end if;
    perform money.tell_subject(p, next_status);
    select t.* into strict p from money.payments t where t.id = p.id;
    perform app.emit('payment.' || p.status, jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id,
      'purpose', p.purpose, 'subject_id', p.subject_id, 'user_id', p.payer_id, 'amount', p.amount, 'currency', p.currency));
  end if;
  if p.due_amount is not null and (p.status in ('succeeded', 'partially_refunded', 'refunded') or money.is_lost(p, a)) then
    perform money.settle_payment(p);
  end if;
  perform money.share_debt(p);
  perform money.watch_payment(p.id);
end $$;

-- What the try that counts makes of a payment.
create or replace function money.status_by_attempt(p money.payments, a money.payment_attempts) returns text
language sql stable as $$
  select case
    when p.status not in ('pending', 'processing', 'failed', 'authorized') or p.settled_at is not null then p.status
    -- Nobody hands cash over for what nothing is owed for.
    when p.cash_amount > 0 and p.cash_received_at is null then case p.due_amount when 0 then 'cancelled' else 'pending' end
    when p.gateway_amount = 0 or a.status = 'captured' then 'succeeded'
    when a.status is null and p.due_amount is null or a.status in ('created', 'requires_action') then 'pending'
    when a.status in ('processing', 'authorized') then a.status
    when a.status = 'failed' then 'failed'
    when p.due_amount = 0 then 'cancelled'
    -- What is owed came from wallet and credits.
    when p.due_amount <= p.wallet_amount + p.credits_amount then 'succeeded'
    else 'failed' end
$$;

-- Whether a booking is over whose payment has come to nothing: what it costs is owed, and not paid by this payment any more. Cash may
-- have been given without its provider having said so; where a promo code bore the booking, what is paid for is a debt already.
create or replace function money.is_unpayable(p money.payments) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(p.status in ('pending', 'failed') and p.booking_id is not null and p.cash_amount = 0
    and p.due_amount > p.wallet_amount + p.credits_amount and not p.due_items @> '[{"payee": "debt"}]', false)
$$;

-- Whether such a payment is given up: no gateway was asked, or none takes it any more, or one has not let go of what failed there for a
-- week. It becomes a debt then, and what one takes all the same goes back.
create or replace function money.is_lost(p money.payments, a money.payment_attempts) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select p.status = 'failed' and money.is_unpayable(p) and (a.status is null or a.status in ('cancelled', 'rejected')
    or a.status = 'failed' and a.created_at < app.now() - interval '7 days' and exists (
      select from booking.bookings b
      where b.id = p.booking_id and least(b.ends_at, b.cancelled_at) < app.now() - interval '7 days'))
$$;

grant execute on function money.advance_payment(uuid) to vicinity_worker;
