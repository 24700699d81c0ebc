-- What its subscriber does with a subscription. Each refuses with not_found for another's, subscription_ended, and
-- payment_in_progress while somebody is at a gateway for it.

-- Locks a subscription of the person of this transaction, after its clock, in the order of the sweep.
create or replace function money.take_subscription(subscription_id uuid) returns money.subscriptions
language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.subscriptions;
begin
  perform money.lock_subscriber(app.actor());
  perform from app.timers t
  where t.kind = 'subscription.clock' and t.subject_id = take_subscription.subscription_id and t.settled_at is null for update;
  perform money.lock_subject('subscription', take_subscription.subscription_id);
  select t.* into s from money.subscriptions t
  where t.id = take_subscription.subscription_id and t.user_id = app.actor() and t.marketplace = app.marketplace() for update;
  if not found then perform app.refuse('not_found'); end if;
  if s.status in ('cancelled', 'expired') then perform app.refuse('subscription_ended'); end if;
  return s;
end $$;

-- Ends a subscription with what is paid for; one that is not paid for, at once. Asked again it changes nothing.
create or replace function money.cancel_subscription(subscription_id uuid) returns setof money.shown_subscriptions
language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.subscriptions := money.take_subscription(subscription_id);
begin
  if money.is_being_paid(s.id) then perform app.refuse('payment_in_progress'); end if;
  perform money.drop_charge(s.id);
  if s.status <> 'active' or s.current_period_end <= app.now() then
    perform money.end_subscription(s.id, 'cancelled');
  elsif not s.cancel_at_period_end then
    update money.subscriptions t set cancel_at_period_end = true, next_plan = null where t.id = s.id;
    perform money.tell_subscriber('subscription.ending', s.id);
    perform money.tend_subscription(s.id);
  end if;
  return query select v.* from money.shown_subscriptions v where v.id = s.id;
end $$;

-- Takes a cancellation back, as long as the subscription lasts.
create or replace function money.resume_subscription(subscription_id uuid) returns setof money.shown_subscriptions
language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.subscriptions := money.take_subscription(subscription_id);
begin
  if s.cancel_at_period_end then
    if s.current_period_end <= app.now() then perform app.refuse('subscription_ended'); end if;
    update money.subscriptions t set cancel_at_period_end = false where t.id = s.id;
    perform app.emit('subscription.resumed', jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id));
    perform money.tend_subscription(s.id);
  end if;
  return query select v.* from money.shown_subscriptions v where v.id = s.id;
end $$;

-- What a change of plan would cost now. A plan that costs more begins at once, and what is not used of the present period is credited;
-- one that does not begins with the next period.
--
-- { plan, name, price, credit, amount_due, currency, starts_at, ends_at, is_immediate }
create or replace function money.price_change(s money.subscriptions, plan_ money.plans) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  now_ boolean := plan_.amount > s.amount and plan_.code <> s.plan;
  credit bigint := money.unused_part(s.amount, s.current_period_start, s.current_period_end, app.now());
begin
  return jsonb_build_object('plan', plan_.code, 'name', plan_.name, 'price', plan_.amount, 'currency', plan_.currency,
    'is_immediate', now_, 'credit', case when now_ then credit else 0 end,
    'amount_due', case when now_ then plan_.amount - credit else 0 end,
    'starts_at', case when now_ then app.now() else s.current_period_end end,
    'ends_at', case when now_ then money.period_bound(app.now(), money.zone(), plan_.months)
      else money.period_bound(s.anchor_at, money.zone(), s.anchored_months + plan_.months) end);
end $$;

-- Whether a subscription can change to a plan. Refuses with plan_not_offered, role_missing, subscription_not_active,
-- subscription_ending, same_plan, already_subscribed and renewal_paid.
create or replace function money.check_change(s money.subscriptions, plan text) returns money.plans
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare plan_ money.plans := money.offered_plan(plan);
begin
  if s.status <> 'active' or s.current_period_end <= app.now() then perform app.refuse('subscription_not_active'); end if;
  if s.cancel_at_period_end then perform app.refuse('subscription_ending'); end if;
  if plan_.code = coalesce(s.next_plan, s.plan) then perform app.refuse('same_plan'); end if;
  if plan_.role <> s.role and money.is_subscribed(s.user_id, plan_.role, s.id) then perform app.refuse('already_subscribed'); end if;
  if exists (
    select from money.subscription_charges c
    where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_end) then
    perform app.refuse('renewal_paid');
  end if;
  return plan_;
end $$;

create or replace function money.quote_change(subscription_id uuid, plan text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare s money.subscriptions;
begin
  select t.* into s from money.subscriptions t
  where t.id = quote_change.subscription_id and t.user_id = app.actor() and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  return money.price_change(s, money.check_change(s, plan));
end $$;

-- Changes the plan. Back to the present one, which takes a change for the next period back, costs nothing.
--
-- Returns { subject (the subscription), payment, charge }, the latter two null where there is nothing to pay. See `money.open_payment` and
-- `money.check_change` for what it refuses.
create or replace function money.change_subscription(subscription_id uuid, wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  s money.subscriptions := money.take_subscription(subscription_id); plan_ money.plans := money.check_change(s, wish ->> 'plan');
  terms jsonb := money.price_change(s, plan_); c money.subscription_charges; opened jsonb := '{"payment": null, "charge": null}';
begin
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  -- Asked again for the same it goes on with the try that is under way.
  if not (c.kind = 'change' and c.plan = plan_.code and c.price = plan_.amount and c.created_at > app.now() - interval '1 hour') then
    if money.is_being_paid(s.id) then perform app.refuse('payment_in_progress'); end if;
    perform money.drop_charge(s.id);
    c := null;
  end if;
  if not (terms ->> 'is_immediate')::boolean then
    update money.subscriptions t set next_plan = nullif(plan_.code, s.plan) where t.id = s.id;
    perform money.tell_subscriber('subscription.change_planned', s.id);
  else
    if c.id is null then
      insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price, credit, period_start,
        period_end)
      values (s.marketplace, s.id, 'change', plan_.code, s.currency, plan_.amount, (terms ->> 'credit')::bigint,
        (terms ->> 'starts_at')::timestamptz, (terms ->> 'ends_at')::timestamptz);
    end if;
    opened := money.open_payment(wish || jsonb_build_object('purpose', 'subscription', 'subject_id', s.id));
  end if;
  perform money.tend_subscription(s.id);
  return opened || jsonb_build_object('subject', money.shown_subscription(s.id));
end $$;

grant execute on function money.cancel_subscription(uuid), money.resume_subscription(uuid), money.quote_change(uuid, text),
  money.change_subscription(uuid, jsonb) to vicinity_api;
