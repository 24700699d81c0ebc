-- Buys a plan for the person of this transaction: a subscription that waits for its first payment. Bought again meanwhile it is the
-- same one.
--
-- wish: { plan, and what `money.open_payment` takes of how to pay }
--
-- Returns { subject (the subscription), payment, charge }: see `money.open_payment`, whose refusals it has too. Refuses with
-- plan_not_offered, role_missing and already_subscribed.
create or replace function money.open_subscription(wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare plan_ money.plans; s money.subscriptions; c money.subscription_charges; opened jsonb;
begin
  perform money.lock_subscriber(app.actor());
  plan_ := money.offered_plan(wish ->> 'plan');
  insert into money.subscriptions (marketplace, user_id, plan, role, currency, amount)
  values (plan_.marketplace, app.actor(), plan_.code, plan_.role, plan_.currency, plan_.amount)
  on conflict (user_id, role) where status in ('pending', 'active', 'past_due') do nothing;
  select t.* into strict s from money.subscriptions t
  where t.user_id = app.actor() and t.role = plan_.role and t.status in ('pending', 'active', 'past_due');
  perform money.lock_subject('subscription', s.id);
  select t.* into strict s from money.subscriptions t where t.id = s.id for update;
  if s.status <> 'pending' or money.is_subscribed(app.actor(), plan_.role, s.id) then perform app.refuse('already_subscribed'); end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  if c.plan <> plan_.code or c.price <> plan_.amount then
    perform money.drop_charge(s.id);
    c := null;
  end if;
  if c.id is null then
    update money.subscriptions t set plan = plan_.code, amount = plan_.amount where t.id = s.id;
    insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price)
    values (s.marketplace, s.id, 'start', plan_.code, plan_.currency, plan_.amount);
  end if;
  opened := money.open_payment(wish || jsonb_build_object('purpose', 'subscription', 'subject_id', s.id));
  return opened || jsonb_build_object('subject', money.shown_subscription(s.id));
end $$;

-- One subscription of a person begins or changes at a time.
create or replace function money.lock_subscriber(person_id uuid) returns void
language sql as $$
  select pg_advisory_xact_lock(hashtextextended('subscriptions of ' || person_id, 0))
$$;

-- A plan that the person of this transaction may buy.
create or replace function money.offered_plan(code text) returns money.plans
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare plan_ money.plans;
begin
  select t.* into plan_ from money.plans t
  where t.marketplace = app.marketplace() and t.code = offered_plan.code and t.is_active;
  if not found then perform app.refuse('plan_not_offered'); end if;
  if plan_.role <> all (identity.roles_of(app.actor())) then perform app.refuse('role_missing'); end if;
  return plan_;
end $$;

-- Whether a person has, or is about to have, another subscription for a role.
create or replace function money.is_subscribed(person_id uuid, role text, other_than uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from money.subscriptions s
    left join money.plans n on n.marketplace = s.marketplace and n.code = s.next_plan
    left join money.subscription_charges c on c.subscription_id = s.id and c.status = 'open'
    left join money.plans w on w.marketplace = c.marketplace and w.code = c.plan
    where s.user_id = person_id and s.id <> other_than and s.status in ('pending', 'active', 'past_due')
      and is_subscribed.role in (s.role, n.role, w.role))
$$;

-- Gives up what a subscription waits to be paid for. What its payment still brings in is given back. The caller holds
-- `money.lock_subject`.
create or replace function money.drop_charge(subscription_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.subscription_charges c set status = 'void', is_due = false
  where c.subscription_id = drop_charge.subscription_id and c.status = 'open';
  perform money.drop_payment(p) from money.payments p
  where p.purpose = 'subscription' and p.subject_id = drop_charge.subscription_id
    and p.status in ('pending', 'processing', 'authorized', 'failed');
end $$;

-- Whether somebody is at a gateway for a subscription.
create or replace function money.is_being_paid(subscription_id uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from money.payments p
    where p.purpose = 'subscription' and p.subject_id = is_being_paid.subscription_id
      and (p.status in ('processing', 'authorized') or p.status in ('pending', 'failed') and p.leased_until > app.now()))
$$;

-- The finder of subscriptions: what one waits to be paid for.
create or replace function money.payable_subscription(subscription_id uuid) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare s money.subscriptions; c money.subscription_charges;
begin
  select t.* into s from money.subscriptions t
  where t.id = payable_subscription.subscription_id and t.marketplace = app.marketplace();
  if s.id is null then return null; end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  return jsonb_build_object('payer_id', s.user_id, 'amount', coalesce(c.amount, 1), 'currency', s.currency,
    'description', (select p.name from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(c.plan, s.plan))
      || coalesce(to_char(c.period_start at time zone money.zone(), ', YYYY-MM-DD')
                  || to_char(c.period_end at time zone money.zone(), ' to YYYY-MM-DD'), ''),
    'items', jsonb_build_array(jsonb_build_object('code', c.plan, 'payer', 'customer', 'payee', 'platform', 'amount', c.amount)),
    'payable', c.id is not null, 'code', 'already_paid');
end $$;

-- The handler of subscriptions.
create or replace function money.settle_subscription(subscription_id uuid, payment_id uuid, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.subscriptions; c money.subscription_charges;
begin
  select t.* into strict s from money.subscriptions t where t.id = settle_subscription.subscription_id for update;
  if settle_subscription.status = 'refunded' then
    perform money.refund_period(s, settle_subscription.payment_id);
    return;
  end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open' for update;
  if settle_subscription.status = 'failed' and c.kind = 'renewal' then
    update money.subscription_charges t set is_due = false where t.id = c.id;
    if s.current_period_end <= app.now() and s.status = 'active' then
      update money.subscriptions t set status = 'past_due' where t.id = s.id;
    end if;
    perform money.tell_subscriber('subscription.payment_failed', s.id);
  elsif settle_subscription.status = 'succeeded' and not exists (
      select from money.subscription_charges t where t.payment_id = settle_subscription.payment_id) then
    if c.id is null then raise exception 'The payment % is for nothing.', settle_subscription.payment_id; end if;
    perform money.take_charge(s, c, settle_subscription.payment_id);
  end if;
end $$;

-- A charge is paid: its period is the subscription's as soon as it begins.
create or replace function money.take_charge(s money.subscriptions, c money.subscription_charges, payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare begins timestamptz := coalesce(c.period_start, app.now());
begin
  if c.kind = 'change' then
    -- What it cuts short ends where it begins.
    update money.subscription_charges t set period_end = begins
    where t.subscription_id = s.id and t.status = 'paid' and t.period_end = s.current_period_end;
  end if;
  update money.subscription_charges t set status = 'paid', is_due = false, payment_id = take_charge.payment_id, period_start = begins,
    period_end = coalesce(c.period_end, money.period_bound(begins, money.zone(), money.months_of(c.marketplace, c.plan)))
  where t.id = c.id returning t.* into c;
  if c.period_start <= app.now() then perform money.begin_period(s, c); end if;
  perform money.tell_subscriber(case c.kind when 'start' then 'subscription.started' when 'change' then 'subscription.changed'
    else 'subscription.renewed' end, s.id, c);
  -- A clock that runs already comes too early, which does no harm.
  if c.kind = 'start' then perform app.set_timer('subscription.clock', s.id, app.now() + interval '1 minute'); end if;
end $$;

-- What was paid for begins. A first period, and that of a change, is what further ones are counted from.
create or replace function money.begin_period(s money.subscriptions, c money.subscription_charges) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare months integer := money.months_of(c.marketplace, c.plan);
begin
  update money.subscriptions t set status = 'active', plan = c.plan, amount = c.price, next_plan = null,
    role = (select p.role from money.plans p where p.marketplace = c.marketplace and p.code = c.plan),
    anchor_at = case c.kind when 'renewal' then s.anchor_at else c.period_start end,
    anchored_months = case c.kind when 'renewal' then s.anchored_months else 0 end + months,
    current_period_start = c.period_start, current_period_end = c.period_end
  where t.id = s.id;
end $$;

create or replace function money.months_of(marketplace text, plan text) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select p.months::integer from money.plans p where p.marketplace = months_of.marketplace and p.code = months_of.plan
$$;

-- A payment was given back in full: the period that it paid for ends at once, and with the present one the subscription.
create or replace function money.refund_period(s money.subscriptions, payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c money.subscription_charges;
begin
  update money.subscription_charges t set status = 'refunded'
  where t.payment_id = refund_period.payment_id and t.status = 'paid' returning t.* into c;
  if c.period_end = s.current_period_end and s.status in ('active', 'past_due') then
    perform money.end_subscription(s.id, 'cancelled');
  end if;
end $$;

-- Announces what happened to a subscription, for its subscriber to be told: { subscription_id, user_id, plan, name, amount, currency,
-- amount_text, ends_at (of the period that is spoken of), time_zone }.
create or replace function money.tell_subscriber(event text, subscription_id uuid, charge money.subscription_charges default null)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.subscriptions; c money.subscription_charges := charge;
begin
  select t.* into strict s from money.subscriptions t where t.id = tell_subscriber.subscription_id;
  if c.id is null then
    select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  end if;
  perform app.emit(event, jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id, 'plan', coalesce(c.plan, s.plan),
    'name', (select p.name from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(c.plan, s.plan)),
    'amount', coalesce(c.amount, s.amount), 'currency', s.currency,
    'amount_text', money.amount_text(coalesce(c.amount, s.amount), s.currency),
    'ends_at', to_char(coalesce(case when charge.id is not null then c.period_end end, s.current_period_end, s.ended_at) at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'time_zone', money.zone()));
end $$;

create or replace function money.shown_subscription(subscription_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select to_jsonb(s) from money.shown_subscriptions s where s.id = shown_subscription.subscription_id
$$;

-- Subscriptions whose present period nobody has paid for.
create or replace function money.unpaid_subscriptions(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('subscription_id', s.id, 'status', s.status)
  from money.subscriptions s
  where money.is_looked_at(s.marketplace) and s.status in ('active', 'past_due') and (since is null or s.updated_at >= since)
    and not exists (
      select from money.subscription_charges c join money.payments p on p.id = c.payment_id
      where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_start
        and c.period_end = s.current_period_end and c.price = s.amount and p.amount = c.amount and p.subject_id = s.id
        and p.status in ('succeeded', 'partially_refunded'))
$$;

-- Subscriptions that no clock looks at.
create or replace function money.unwatched_subscriptions(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('subscription_id', s.id, 'status', s.status)
  from money.subscriptions s
  where money.is_looked_at(s.marketplace) and s.status in ('active', 'past_due') and not exists (
    select from app.timers t where t.kind = 'subscription.clock' and t.subject_id = s.id and t.settled_at is null)
$$;

grant execute on function money.open_subscription(jsonb) to vicinity_api;

-- Takes what the caller's request has heard of a try (`money.record_my_attempt`), and shows what was paid for as it is then.
create or replace function money.record_subject_attempt(attempt_id uuid, report jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare payment jsonb := money.record_my_attempt(record_subject_attempt.attempt_id, report); subject uuid := payment ->> 'subject_id';
begin
  return jsonb_build_object('payment', payment, 'subject', coalesce(money.shown_subscription(subject), (
    select to_jsonb(p) from money.shown_passes p where p.id = subject)));
end $$;

grant execute on function money.record_subject_attempt(uuid, jsonb) to vicinity_api;
