-- A role and what it may do, as the use cases' `Role` reads it.
create or replace function admin.role(role identity.roles) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('name', role.name, 'is_open', role.is_open, 'permissions', (
    select coalesce(jsonb_agg(p.permission order by p.permission), '[]') from identity.role_permissions p
    where p.marketplace = role.marketplace and p.role = role.name and p.is_granted))
$$;

create or replace function admin.list_roles() returns table (role jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select admin.role(r) from identity.roles r where r.marketplace = app.marketplace() order by r.name
$$;

-- Grants a permission to a role, or takes it away.
create or replace function admin.set_role_permission(role_name text, permission text, granted boolean)
returns table (role jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare held identity.roles; known identity.permissions; was boolean;
begin
  select * into held from identity.roles r where r.marketplace = app.marketplace() and r.name = role_name for update;
  select * into known from identity.permissions p
  where p.marketplace = app.marketplace() and p.name = set_role_permission.permission;
  if held.id is null or known.id is null then perform app.refuse('not_found'); end if;
  if granted and held.is_open and known.is_staff then perform app.refuse('open_role'); end if;
  if not granted and held.name = 'super_admin' and known.name = 'roles.manage' then perform app.refuse('roles_unmanaged'); end if;
  was := exists (select from identity.role_permissions p
    where p.marketplace = held.marketplace and p.role = held.name and p.permission = known.name and p.is_granted);
  if was <> granted then
    insert into identity.role_permissions as t (marketplace, role, permission, is_granted, changed_by)
    values (held.marketplace, held.name, known.name, granted, app.actor())
    on conflict on constraint role_permissions_pkey
      do update set is_granted = excluded.is_granted, changed_by = excluded.changed_by;
    perform app.audit('admin.role_permission_changed', 'admin', 'role_permissions', held.name || '/' || known.name,
      old_values => jsonb_build_object('granted', was), new_values => jsonb_build_object('granted', granted));
  end if;
  return query select admin.role(held);
end $$;

-- Gives a person a role, or takes it away. The last super admin keeps theirs, and everybody keeps one.
create or replace function admin.set_user_role(user_id uuid, role_name text, granted boolean)
returns table (id uuid, roles text[])
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; held identity.roles; before text[];
begin
  -- The role's lock: of two who take it from the last two super admins, one comes second.
  select * into held from identity.roles r where r.marketplace = app.marketplace() and r.name = role_name for update;
  select * into person from identity.users u
  where u.id = set_user_role.user_id and u.marketplace = app.marketplace() and u.deleted_at is null for update;
  if held.id is null or person.id is null then perform app.refuse('not_found'); end if;
  before := identity.roles_of(person.id);
  if granted and not (role_name = any (before)) then
    insert into identity.user_roles (marketplace, user_id, role, granted_by)
    values (person.marketplace, person.id, held.name, app.actor());
  elsif not granted and role_name = any (before) then
    if held.name = 'super_admin' then perform identity.check_super_admins(person.id); end if;
    if cardinality(before) = 1 then perform app.refuse('last_role'); end if;
    delete from identity.user_roles r where r.user_id = person.id and r.role = held.name;
  end if;
  if before <> identity.roles_of(person.id) then
    perform app.audit('admin.roles_changed', 'admin', 'users', person.id::text,
      old_values => jsonb_build_object('roles', before), new_values => jsonb_build_object('roles', identity.roles_of(person.id)));
  end if;
  return query select person.id, identity.roles_of(person.id);
end $$;

-- Gives one person a permission beyond their roles, or takes it away.
create or replace function admin.set_user_permission(user_id uuid, permission text, granted boolean)
returns table (id uuid, permissions jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; was boolean;
begin
  select * into person from identity.users u
  where u.id = set_user_permission.user_id and u.marketplace = app.marketplace() and u.deleted_at is null for update;
  if not found or not exists (select from identity.permissions p
    where p.marketplace = app.marketplace() and p.name = set_user_permission.permission) then perform app.refuse('not_found'); end if;
  was := exists (select from identity.user_permissions p
    where p.user_id = person.id and p.permission = set_user_permission.permission);
  if granted and not was then
    insert into identity.user_permissions (marketplace, user_id, permission, granted_by)
    values (person.marketplace, person.id, set_user_permission.permission, app.actor());
  elsif was and not granted then
    delete from identity.user_permissions p where p.user_id = person.id and p.permission = set_user_permission.permission;
  end if;
  if was <> granted then
    perform app.audit('admin.permission_changed', 'admin', 'users', person.id::text,
      old_values => jsonb_build_object('permission', set_user_permission.permission, 'granted', was),
      new_values => jsonb_build_object('permission', set_user_permission.permission, 'granted', granted));
  end if;
  return query select person.id, admin.account(person) -> 'permissions';
end $$;

grant execute on function admin.list_roles(), admin.set_role_permission(text, text, boolean),
  admin.set_user_role(uuid, text, boolean), admin.set_user_permission(uuid, text, boolean) to vicinity_api;
