-- The clock of a subscription. Before its period ends its subscriber is told what the next one costs, and may pay for it; when it ends
-- the saved method is charged, and again on the days of `subscription_retry_days`; whoever has not paid within the grace has it no
-- longer. May be called at any time and again: it does what is due by then.
create or replace function money.tend_subscription(subscription_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s money.subscriptions; c money.subscription_charges; moment timestamptz := app.now(); due_at timestamptz;
  grace interval; reminder interval;
begin
  perform app.cancel_timer('subscription.clock', tend_subscription.subscription_id);
  perform money.lock_subject('subscription', tend_subscription.subscription_id);
  select t.* into s from money.subscriptions t where t.id = tend_subscription.subscription_id for update;
  if s.status not in ('active', 'past_due') then return; end if;
  grace := make_interval(days => (app.setting('subscription_grace_days') #>> '{}')::integer);
  reminder := make_interval(days => (app.setting('subscription_reminder_days') #>> '{}')::integer);
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  -- A credit is of the moment at which it was reckoned.
  if c.kind = 'change' and moment >= least(c.created_at + interval '1 hour', s.current_period_end) then
    perform money.drop_charge(s.id);
    c := null;
  end if;

  if moment < s.current_period_end then
    if c.id is null and moment >= s.current_period_end - reminder and money.renews(s) then
      c := money.ask_renewal(s);
    end if;
    due_at := case when c.kind = 'change' then least(c.created_at + interval '1 hour', s.current_period_end)
      when moment < s.current_period_end - reminder then s.current_period_end - reminder else s.current_period_end end;
  elsif exists (
    select from money.subscription_charges n
    where n.subscription_id = s.id and n.status = 'paid' and n.period_start = s.current_period_end) then
    perform money.begin_period(s, n) from money.subscription_charges n
    where n.subscription_id = s.id and n.status = 'paid' and n.period_start = s.current_period_end;
    -- The next may be over as well, when the sweep comes late.
    perform money.tend_subscription(s.id);
    return;
  elsif not money.renews(s) then
    perform money.end_subscription(s.id, 'cancelled');
    return;
  elsif moment >= s.current_period_end + grace then
    perform money.end_subscription(s.id, 'expired');
    return;
  else
    if c.id is null then c := money.ask_renewal(s); end if;
    due_at := least(money.try_renewal(s, c), s.current_period_end + grace);
  end if;
  perform app.set_timer('subscription.clock', s.id, due_at);
end $$;

-- Whether a subscription goes on after its period. That of an account which is closed does not.
create or replace function money.renews(s money.subscriptions) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select not s.cancel_at_period_end and not exists (
      select from money.subscription_charges c
      where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_end)
    and exists (
      select from identity.users u where u.id = s.user_id and u.account_status not in ('deleted', 'banned'))
$$;

-- Opens the charge of the next period, at what its plan costs now, and tells its subscriber.
create or replace function money.ask_renewal(s money.subscriptions) returns money.subscription_charges
language plpgsql security definer set search_path = public, pg_temp as $$
declare c money.subscription_charges;
begin
  insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price, period_start, period_end)
  select s.marketplace, s.id, 'renewal', p.code, p.currency, p.amount, s.current_period_end,
         money.period_bound(s.anchor_at, money.zone(), s.anchored_months + p.months)
  from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(s.next_plan, s.plan)
  returning * into c;
  perform money.tell_subscriber('subscription.renewal_due', s.id);
  return c;
end $$;

-- On each day on which the next period is due: lets `renew-subscriptions` charge the saved method, or asks the subscriber to pay where
-- there is none. Days that a late sweep has missed are not made up for. Returns when the next is, or null.
create or replace function money.try_renewal(s money.subscriptions, c money.subscription_charges) returns timestamptz
language plpgsql security definer set search_path = public, pg_temp as $$
declare days integer[]; due smallint; next_at timestamptz; has_method boolean := (money.default_method(s.user_id)).id is not null;
begin
  select array_agg(d order by d) into days
  from (select 0 as d union select e::integer from jsonb_array_elements_text(app.setting('subscription_retry_days')) as e) as t;
  select count(*) into due from unnest(days) as d where s.current_period_end + make_interval(days => d) <= app.now();
  next_at := s.current_period_end + make_interval(days => days[due + 1]);
  if c.tries >= due then return next_at; end if;
  -- A mandate's debit takes a day and a half, since its bank announces it first. Nobody asks for the same twice meanwhile.
  if exists (select from money.payments p where p.purpose = 'subscription' and p.subject_id = s.id and p.status = 'processing') then
    return next_at;
  end if;
  update money.subscription_charges t set tries = due, is_due = has_method where t.id = c.id;
  if has_method then
    -- Each try is a payment of its own, so that each is told of.
    perform money.drop_payment(p) from money.payments p
    where p.purpose = 'subscription' and p.subject_id = s.id and p.status = 'failed';
  else
    perform money.tell_subscriber('subscription.payment_due', s.id);
  end if;
  if s.status = 'active' and (c.tries > 0 or not has_method) then
    update money.subscriptions t set status = 'past_due' where t.id = s.id;
  end if;
  return next_at;
end $$;

-- Hands at most `batch` renewals that are to be charged to one worker for five minutes: { subscription_id, user_id, gateway, method_id }.
-- One that dies loses nothing: the gateway is asked again under the same key. Whoever is paying just now does so themselves.
create or replace function money.claim_renewals(batch integer) returns setof jsonb
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select c.id from money.subscription_charges c
    where c.is_due and c.status = 'open' and c.marketplace = app.marketplace()
      and (c.claimed_until is null or c.claimed_until <= app.now()) and not money.is_being_paid(c.subscription_id)
    order by c.id limit batch for update skip locked
  ), claimed as (
    update money.subscription_charges c set claimed_until = app.now() + interval '5 minutes'
    from due where c.id = due.id returning c.subscription_id
  )
  -- A method that has gone since is found missing.
  select jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id, 'gateway', m.gateway, 'method_id', m.id)
  from claimed d join money.subscriptions s on s.id = d.subscription_id, lateral money.default_method(s.user_id) as m
$$;

-- A saved method that its bank wants the person for, or that is gone: the person is asked to pay.
create or replace function money.ask_subscriber(subscription_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.subscription_charges c set is_due = false
  where c.subscription_id = ask_subscriber.subscription_id and c.status = 'open' and c.is_due
    and c.marketplace = app.marketplace();
  if found then perform money.tell_subscriber('subscription.payment_due', ask_subscriber.subscription_id); end if;
end $$;

-- Ends a subscription. What it waits to be paid for is given up.
create or replace function money.end_subscription(subscription_id uuid, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.cancel_timer('subscription.clock', end_subscription.subscription_id);
  perform money.drop_charge(end_subscription.subscription_id);
  update money.subscriptions s set status = end_subscription.status, ended_at = app.now(), next_plan = null
  where s.id = end_subscription.subscription_id;
  perform money.tell_subscriber('subscription.' || end_subscription.status, end_subscription.subscription_id);
end $$;

grant execute on function money.claim_renewals(integer), money.ask_subscriber(uuid) to vicinity_worker;
