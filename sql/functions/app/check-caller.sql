-- Why the caller may not go on, as a refusal's code, or null.
-- context.access: 'everyone', 'signed_in', or a permission such as 'parking.list'.
create or replace function app.check_caller(context jsonb) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare access text := coalesce(context ->> 'access', 'signed_in'); caller record;
begin
  if context ->> 'session' is null then
    -- Somebody is believed with a session only, whatever the route.
    return case when access = 'everyone' and context ->> 'actor' is null then null else 'unauthenticated' end;
  end if;
  select u.account_status, u.suspended_until, s.revoked_at, s.expires_at, u.roles into caller
  from identity.sessions s join identity.users u on u.id = s.user_id
  where s.id = (context ->> 'session')::uuid and s.user_id = (context ->> 'actor')::uuid
    and s.marketplace = context ->> 'marketplace' and u.marketplace = s.marketplace;
  if not found or caller.revoked_at is not null or caller.expires_at <= app.now() then return 'session_ended'; end if;
  -- A suspension that has run out counts as over before anything has set the account back.
  if caller.account_status <> 'active'
    and not (caller.account_status = 'suspended' and coalesce(caller.suspended_until <= app.now(), false)) then
    return 'account_suspended';
  end if;
  if access in ('everyone', 'signed_in') then return null; end if;
  if exists (
    select from app.marketplaces m, unnest(caller.roles) as role
    where m.slug = context ->> 'marketplace' and m.permissions -> role ? access) then return null; end if;
  return 'forbidden';
end $$;

grant execute on function app.check_caller(jsonb) to vicinity_api, vicinity_worker;
