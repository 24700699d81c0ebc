-- What the modules ask: who has which benefit, and until when something is paid for.

-- Whether a person's subscription brings a benefit now. One that is not paid for keeps its own within the grace.
create or replace function money.has_benefit(person_id uuid, benefit text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (
    select from money.subscriptions s join money.plans p on p.marketplace = s.marketplace and p.code = s.plan
    where s.user_id = person_id and s.marketplace = app.marketplace() and benefit = any (p.benefits)
      and s.status in ('active', 'past_due')
      and app.now() < case when s.cancel_at_period_end then greatest(s.current_period_end, (
            select max(c.period_end) from money.subscription_charges c where c.subscription_id = s.id and c.status = 'paid'))
          else s.current_period_end
            + make_interval(days => (app.setting('subscription_grace_days') #>> '{}')::integer) end);
end $$;

-- The end of the passes that cover a thing without a gap from now on, those with a benefit where one is named. Null where none does.
create or replace function money.covered_until(subject_id uuid, benefit text default null) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare until timestamptz; pass record;
begin
  for pass in
    select p.starts_at, p.expires_at from money.listing_passes p
    where p.subject_id = covered_until.subject_id and p.marketplace = app.marketplace() and p.status = 'active'
      and p.expires_at > app.now() and (benefit is null or benefit = any (p.benefits))
    order by p.starts_at
  loop
    exit when pass.starts_at > coalesce(until, app.now());
    until := greatest(until, pass.expires_at);
  end loop;
  return until;
end $$;

-- Whether a pass covers a thing now.
create or replace function money.valid_pass(subject_id uuid, benefit text default null) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return money.covered_until(subject_id, benefit) is not null;
end $$;

grant execute on function money.has_benefit(uuid, text), money.covered_until(uuid, text), money.valid_pass(uuid, text)
  to vicinity_api, vicinity_worker;
