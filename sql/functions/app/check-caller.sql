-- Why the caller may not go on, as { constraint, facts? }: a refusal's code and what the client is told beside it. When the caller
-- may: null, or { idle: true } where that the person was here is to be noted.
-- context.access: 'everyone', 'signed_in', or a permission such as 'parking.list'. context.own: the route is about the caller's own
-- account, which is all that a pending account may use. context.fresh_factor: the second factor was shown within the last hour.
-- context.limited: it may change something, and changes are counted.
create or replace function app.check_caller(context jsonb) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  access text := coalesce(context ->> 'access', 'signed_in'); caller record; refusal text; verdict jsonb;
  -- Read out once: a condition reads them for each row that it is asked of. What few callers need is asked in an `if` of its own, since
  -- all functions of an expression are looked up before its first is called.
  session_id uuid := context ->> 'session'; actor uuid := context ->> 'actor'; place text := context ->> 'marketplace';
  changes text := 'changes:' || actor; moment timestamptz := app.now();
begin
  if session_id is null then
    -- Somebody is believed with a session only, whatever the route.
    if access = 'everyone' and actor is null then return app.check_open(context); end if;
    return '{"constraint": "unauthenticated"}';
  end if;
  if context ? 'token_hash' then return app.check_token(context, access); end if;
  -- One statement for what every request asks, whose plan is kept.
  select u.id, u.account_status, u.suspended_until, u.standing_before, s.revoked_at, s.expires_at, s.mfa_at, s.impersonator_session_id,
    p.is_staff, r.full_at, coalesce(u.last_active_at < moment - interval '5 minutes', true) as is_idle,
    m.value = 'true' as is_closed into caller
  from identity.sessions s join identity.users u on u.id = s.user_id
  left join identity.permissions p on p.marketplace = place and p.name = access
  left join app.settings m on m.marketplace = place and m.key = 'maintenance_mode' and m.is_active
  left join app.rate_limits r on r.bucket = changes
  where s.id = session_id and s.user_id = actor and s.marketplace = place and u.marketplace = place;
  if not found or caller.revoked_at is not null or caller.expires_at <= moment then
    return '{"constraint": "session_ended"}';
  end if;
  if caller.impersonator_session_id is not null or context ? 'impersonator' then
    if not app.is_impersonator(caller.impersonator_session_id, context ->> 'impersonator') then
      return '{"constraint": "session_ended"}';
    end if;
  end if;
  if caller.account_status <> 'active' then
    verdict := app.check_standing(caller.id, caller.account_status, caller.suspended_until, caller.standing_before,
      access = 'everyone' or context ? 'own');
    if verdict is not null then return verdict; end if;
  end if;
  if access not in ('everyone', 'signed_in') then
    refusal := app.check_permission(caller.id, access, caller.is_staff, caller.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  if context ? 'fresh_factor' then
    if (caller.mfa_at > moment - interval '1 hour') is not true then return '{"constraint": "step_up_required"}'; end if;
  end if;
  return app.check_changes(context, moment, caller.full_at, caller.is_idle, caller.is_closed);
end $$;

-- Why an account that is not plainly active may not go on, as `app.check_caller`; null when it may. `may_wait`: where one may go on that still
-- waits for its proof.
create or replace function app.check_standing(person_id uuid, account_status text, suspended_until timestamptz, standing_before text,
  may_wait boolean) returns jsonb language plpgsql stable as $$
begin
  if not app.is_active(account_status, suspended_until) then
    return jsonb_build_object('constraint', 'account_suspended', 'facts', identity.suspension_of(person_id));
  end if;
  if not may_wait and app.is_pending(account_status, standing_before) then return '{"constraint": "account_pending"}'; end if;
  return null;
end $$;

-- Refuses everybody but staff while the marketplace is closed by its setting `maintenance_mode`, but on routes that stay open then. Null
-- otherwise, as `app.check_caller`.
create or replace function app.check_open(context jsonb) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if context ? 'stays_open' or not exists (
    select from app.settings s
    where s.marketplace = context ->> 'marketplace' and s.key = 'maintenance_mode' and s.is_active and s.value = 'true'
  ) then
    return null;
  end if;
  return case when not exists (
    select from identity.user_roles u join identity.roles r on r.marketplace = u.marketplace and r.name = u.role
    where u.user_id = (context ->> 'actor')::uuid and u.marketplace = context ->> 'marketplace' and not r.is_open
  ) then '{"constraint": "marketplace_closed"}'::jsonb end;
end $$;

-- Whether an account may act at all. A suspension that has run out counts as over before anything has set the account back.
create or replace function app.is_active(account_status text, suspended_until timestamptz) returns boolean
language sql stable as $$
  select account_status in ('active', 'pending') or account_status = 'suspended' and coalesce(suspended_until <= app.now(), false)
$$;

-- Whether an account that may act still waits for its proof.
create or replace function app.is_pending(account_status text, standing_before text) returns boolean
language sql immutable as $$
  select 'pending' in (account_status, coalesce(standing_before, ''))
$$;

-- The same for a personal access token: `session` is its id. 'read' is for every GET, '*' for all that its owner may do, and other
-- abilities are names of permissions.
create or replace function app.check_token(context jsonb, access text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  token record; refusal text; verdict jsonb;
  token_id uuid := context ->> 'session'; actor uuid := context ->> 'actor'; place text := context ->> 'marketplace';
  changes text := 'changes:' || actor; moment timestamptz := app.now();
begin
  select t.user_id, t.abilities, t.mfa_at, t.expires_at, u.account_status, u.suspended_until, u.standing_before,
    p.is_staff, r.full_at, coalesce(u.last_active_at < moment - interval '5 minutes', true) as is_idle,
    m.value = 'true' as is_closed into token
  from identity.personal_access_tokens t join identity.users u on u.id = t.user_id and u.marketplace = t.marketplace
  left join identity.permissions p on p.marketplace = place and p.name = check_token.access
  left join app.settings m on m.marketplace = place and m.key = 'maintenance_mode' and m.is_active
  left join app.rate_limits r on r.bucket = changes
  where t.id = token_id and t.user_id = actor and t.marketplace = place and t.token_hash = context ->> 'token_hash';
  if not found or token.expires_at <= moment then return '{"constraint": "invalid_token"}'; end if;
  if context ? 'fresh_factor' then return '{"constraint": "session_required"}'; end if;
  if token.account_status <> 'active' then
    verdict := app.check_standing(token.user_id, token.account_status, token.suspended_until, token.standing_before,
      access = 'everyone' or context ? 'own');
    if verdict is not null then return verdict; end if;
  end if;
  if access = 'everyone' then return app.check_changes(context, moment, token.full_at, token.is_idle, token.is_closed); end if;
  if not (token.abilities && array['*', access] or 'read' = any (token.abilities) and context ->> 'method' = 'GET') then
    return '{"constraint": "ability_missing"}';
  end if;
  if access <> 'signed_in' then
    refusal := app.check_permission(token.user_id, access, token.is_staff, token.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  return app.check_changes(context, moment, token.full_at, token.is_idle, token.is_closed);
end $$;

-- Whether the marketplace is open to somebody who may go on, and whether they have changes left, of what one person may change in an
-- hour: as `app.check_caller`. `full_at`: when their bucket is full again, which `app.draw_change` draws from; null when it is.
create or replace function app.check_changes(context jsonb, moment timestamptz, full_at timestamptz, is_idle boolean, is_closed boolean)
returns jsonb language sql stable as $$
  select coalesce(case when is_closed then app.check_open(context) end, case
    when context ? 'limited' and full_at > moment + interval '59 minutes 59.64 seconds' then '{"constraint": "too_many_requests"}'::jsonb
    when is_idle then '{"idle": true}' end)
$$;
drop function if exists app.check_changes(jsonb, timestamptz, boolean, boolean);

-- Notes that a token was used, once a minute at most.
create or replace function app.touch_token(token_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update identity.personal_access_tokens t set last_used_at = app.now()
  where t.id = token_id and (t.last_used_at is null or t.last_used_at <= app.now() - interval '1 minute')
$$;

-- Why a person may not use a permission, or null. What only staff may do takes a second factor.
create or replace function app.check_permission(person_id uuid, permission text, is_staff boolean, has_second_factor boolean)
returns text language sql stable as $$
  select case when not identity.has_permission(person_id, permission) then 'forbidden'
    when is_staff and not has_second_factor then 'two_factor_required' end
$$;

-- Whether who looks with somebody else's eyes still may: it is over when the session ends in which it began or has no
-- second factor any more, when the account is not active, or when the permission is gone. True for a session in which nobody impersonates.
create or replace function app.is_impersonator(session_id uuid, impersonator text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if session_id is null then return impersonator is null; end if;
  return exists (
    select from identity.sessions s join identity.users u on u.id = s.user_id
    where s.id = session_id and s.user_id = impersonator::uuid and s.revoked_at is null and s.expires_at > app.now()
      and s.mfa_at is not null
      and u.account_status = 'active' and identity.has_permission(u.id, 'accounts.impersonate'));
end $$;

grant execute on function app.check_caller(jsonb), app.check_open(jsonb), app.touch_token(uuid) to vicinity_api, vicinity_worker;
