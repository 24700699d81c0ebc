-- What becomes of a booking's lines that nobody paid for: a debt of its customer, which is paid like any other, and then shared out. It
-- is not before: whoever is booked by a friend who never pays would be paid by the platform.

-- Makes a debt of what a payment lacks, once. What wallet and credits gave waits with it, for the earnings of a booking are one item of
-- one payout.
--
-- covered: what they gave
create or replace function money.owe(p money.payments, covered bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/owed', 'type', 'charge', 'description', p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'uncollected', 'amount', p.due_amount) as e
        union all select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -covered) where covered > 0
        union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', covered - p.due_amount)) as entries)));
  update money.payments t set owed_through = b.total_out
  from money.accounts a join money.balances b on b.account_id = a.id
  where t.id = p.id and a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency;
  perform money.tell_owed(p, p.due_amount - covered);
end $$;

-- Tells somebody what they owe for a booking, and charges it to a saved method soon.
create or replace function money.tell_owed(p money.payments, amount bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.emit('payment.owed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'description', p.description, 'amount', tell_owed.amount, 'currency', p.currency,
    'amount_text', money.amount_text(tell_owed.amount, p.currency)));
  perform app.set_timer('debt.collect', p.payer_id, app.now() + interval '1 minute');
end $$;

-- Something has come in on what a person owes, however it came: what that pays is shared out, in a transaction of its own, for it changes
-- other people's accounts.
create or replace function money.tell_repaid(person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from money.payments p where p.payer_id = person_id and p.owed_through is not null and p.collected_at is null) then
    perform app.set_timer('debt.share', person_id, app.now());
  end if;
end $$;

-- The handler of that timer.
create or replace function money.ask_to_share_debts(person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.ask_for_work(p.id) from money.payments p
  where p.payer_id = person_id and p.owed_through is not null and p.collected_at is null and money.is_repaid(p);
end $$;

-- Whether a payment's debt was paid. What comes in pays the oldest first; a payment of debts that goes back later is a debt of its own.
create or replace function money.is_repaid(p money.payments) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency and b.total_in >= p.owed_through)
$$;

-- Gives those who get a payment's lines what is theirs, once its debt is paid. Its caller holds the payment.
create or replace function money.share_debt(p money.payments) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if p.owed_through is null or p.collected_at is not null or not money.is_repaid(p) then return; end if;
  update money.payments t set collected_at = app.now() where t.id = p.id;
  perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release', 'type', 'release', 'description', p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'uncollected', 'amount', -p.due_amount) as e
        union all select money.line_entries(p, p.due_items, 1)) as entries)));
  perform booking.settle_payment(p.booking_id, 'succeeded');
end $$;

create or replace function money.wrong_uncollected(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('marketplace', marketplace, 'currency', currency, 'kept', coalesce(k.kept, 0), 'owed', coalesce(o.owed, 0))
  from (
    select a.marketplace, a.currency, money.platform_balance(a.id) as kept
    from money.accounts a where a.owner_id is null and a.kind = 'uncollected') as k
  full join (
    select p.marketplace, p.currency, sum(p.due_amount) as owed
    from money.payments p where p.owed_through is not null and p.collected_at is null group by 1, 2) as o using (marketplace, currency)
  where money.is_looked_at(marketplace) and coalesce(k.kept, 0) <> coalesce(o.owed, 0)
$$;

create or replace function money.unshared_debts(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payment_id', p.id, 'owed_through', p.owed_through, 'repaid', b.total_in)
  from money.payments p
  join money.accounts a on a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency
  join money.balances b on b.account_id = a.id
  where money.is_looked_at(p.marketplace) and p.owed_through is not null and p.collected_at is null
    and b.total_in >= p.owed_through and b.moved_at < app.now() - interval '1 hour'
$$;
