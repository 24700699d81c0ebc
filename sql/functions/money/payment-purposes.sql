-- What a payment's subject costs, asked of the finder of its purpose:
--
-- { payer_id, amount (above 0), currency, description (ours, not a person's words), items: [{ payer: 'customer', payee: 'platform' |
--   'tax' | 'provider' | 'wallet', amount, user_id (of provider and wallet) }], payable, code? (why not), capture?: 'later' }
--
-- The items sum to the amount, and are shared out as soon as it is paid. Without items that waits until `money.settle_booking`. A finder
-- returns null where this marketplace has no such subject; who may pay for it is checked here. It may lock: whoever changes a subject
-- and then its payments calls `money.lock_subject` first, as everything does that changes a payment.
create or replace function money.find_payable(purpose text, subject_id uuid) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare finder text; found_ jsonb;
begin
  select p.finder into finder from money.payment_purposes p where p.purpose = find_payable.purpose;
  if finder is null then perform app.refuse('not_found'); end if;
  execute format('select %s($1)', finder) into found_ using find_payable.subject_id;
  return found_;
end $$;

-- Tells the handler of its purpose what a payment has come to: authorized, succeeded, failed, cancelled, partially_refunded or refunded.
-- In the same transaction, once for each change. A payment that failed may succeed still.
create or replace function money.tell_subject(p money.payments, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare handler text;
begin
  if tell_subject.status in ('pending', 'processing') then return; end if;
  select t.handler into strict handler from money.payment_purposes t where t.purpose = p.purpose;
  execute format('select %s($1, $2, $3)', handler) using coalesce(p.booking_id, p.subject_id), p.id, tell_subject.status;
end $$;

-- Locks what a payment is for, before the payment: a booking as `money.lock_booking` does, anything else by its id.
create or replace function money.lock_subject(purpose text, subject_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if lock_subject.purpose = 'booking' then
    perform money.lock_booking(lock_subject.subject_id);
  else
    perform pg_advisory_xact_lock(hashtextextended('payment of ' || lock_subject.subject_id, 0));
  end if;
end $$;

-- The finder of bookings. A booking's money is taken later, and shared out when it is over. What is a debt by then is paid as one.
create or replace function money.payable_booking(booking_id uuid) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare b booking.bookings; owed boolean; collected_at timestamptz;
begin
  select t.* into b from booking.bookings t where t.id = payable_booking.booking_id and t.marketplace = app.marketplace();
  if b.id is null then return null; end if;
  select money.is_unpayable(p), p.collected_at into owed, collected_at
  from money.payments p where p.booking_id = b.id and p.status <> 'cancelled';
  return jsonb_build_object('payer_id', b.customer_id, 'amount', b.total_amount, 'currency', b.currency,
    'description', 'Booking ' || b.number,
    'payable', owed is not true and b.status <> 'cancelled' and (b.expires_at is null or b.expires_at > app.now()),
    'code', case when collected_at is not null then 'already_paid' when owed then 'booking_owed' else 'booking_not_payable' end,
    -- A card's bank reserves for a week: what ends later is taken at once.
    'capture', case when b.ends_at < app.now() + interval '6 days' then 'later' else 'now' end);
end $$;

-- The handler of bookings. A booking that is over by then owes what it owes.
create or replace function money.tell_booking(booking_id uuid, payment_id uuid, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings;
begin
  if tell_booking.status = 'partially_refunded' then return; end if;
  b := booking.settle_payment(tell_booking.booking_id, case tell_booking.status when 'authorized' then 'processing'
    else tell_booking.status end);
  if tell_booking.status in ('authorized', 'succeeded') and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform money.settle_booking(b.id);
  end if;
end $$;

select privacy.register('money.payment_purposes', 'false', 'keep', 'configuration', exported => false);
