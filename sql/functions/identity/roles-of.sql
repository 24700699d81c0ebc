-- A person's roles, in the order in which they were given. With the caller's rights: a person reads their own.
create or replace function identity.roles_of(person_id uuid) returns text[] language sql stable as $$
  select coalesce(array_agg(r.role::text order by r.id), '{}') from identity.user_roles r where r.user_id = person_id
$$;

-- The ways in which a person has a permission, open or staff's alike.
create or replace function identity.has_permission(person_id uuid, permission text) returns boolean
language plpgsql stable as $$
begin
  return exists (
      select from identity.user_roles r
      -- Looked up for each of the few roles: a join of both would sort them first.
      cross join lateral (
        select from identity.role_permissions p
        where p.marketplace = r.marketplace and p.role = r.role and p.permission = has_permission.permission and p.is_granted offset 0
      ) as granted
      where r.user_id = person_id)
    or exists (
      select from identity.user_permissions p
      where p.user_id = person_id and p.permission = has_permission.permission);
end $$;

-- Somebody with a role or a permission that only staff are given.
create or replace function identity.is_staff(person_id uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
      select from identity.user_roles u
      join identity.roles r on r.marketplace = u.marketplace and r.name = u.role
      where u.user_id = person_id and not r.is_open)
    or exists (
      select from identity.user_permissions u
      join identity.permissions p on p.marketplace = u.marketplace and p.name = u.permission
      where u.user_id = person_id and p.is_staff)
$$;

-- Refuses where nobody but this person is an active super admin.
create or replace function identity.check_super_admins(person_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from identity.user_roles r join identity.users u on u.id = r.user_id
    where r.marketplace = app.marketplace() and r.role = 'super_admin' and u.id <> person_id
      and u.account_status = 'active') then perform app.refuse('last_super_admin'); end if;
end $$;

-- Why an account is not active, as the use cases' `Suspension` reads it.
create or replace function identity.suspension_of(person identity.users) returns jsonb language sql stable as $$
  select jsonb_build_object('account_status', person.account_status, 'reason', person.status_reason,
    'until', to_char(person.suspended_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
$$;

create or replace function identity.suspension_of(person_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select identity.suspension_of(u) from identity.users u where u.id = person_id
$$;

grant execute on function identity.roles_of(uuid) to vicinity_api, vicinity_worker;
