-- Writes the roles and permissions of the configuration files. What a super admin granted or took away stays as it is; what
-- nobody has touched follows the files. A role that has gone from a file stays, since people may hold it, and loses what the file
-- had given it. Returns how many roles the files name.
create or replace function identity.seed_roles(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare named integer;
begin
  insert into identity.roles as t (marketplace, name, is_open)
  select m ->> 'slug', r.name, r.is_open
  from jsonb_array_elements(configuration) as m, lateral (
    select jsonb_array_elements_text(m -> 'roles' -> 'open'), true
    union all select jsonb_array_elements_text(m -> 'roles' -> 'staff'), false) as r (name, is_open)
  on conflict on constraint roles_name_key do update set is_open = excluded.is_open where t.is_open <> excluded.is_open;
  select count(*) into named from jsonb_array_elements(configuration) as m,
    jsonb_array_elements((m -> 'roles' -> 'open') || (m -> 'roles' -> 'staff'));

  insert into identity.permissions as t (marketplace, name, is_staff)
  select w.marketplace, w.permission, not bool_or(r.is_open)
  from identity.permissions_in(configuration) as w join identity.roles r on r.marketplace = w.marketplace and r.name = w.role
  group by w.marketplace, w.permission
  on conflict on constraint permissions_name_key do update set is_staff = excluded.is_staff where t.is_staff <> excluded.is_staff;

  insert into identity.role_permissions (marketplace, role, permission)
  select w.marketplace, w.role, w.permission from identity.permissions_in(configuration) as w
  on conflict on constraint role_permissions_pkey do nothing;
  delete from identity.role_permissions p
  where p.changed_by is null and p.marketplace in (select m ->> 'slug' from jsonb_array_elements(configuration) as m)
    and not exists (select from identity.permissions_in(configuration) as w
      where w.marketplace = p.marketplace and w.role = p.role and w.permission = p.permission);
  return named;
end $$;

-- Which role has which permission, as the files say. They share what staff may do, so some of it is about roles that a
-- marketplace does not have.
create or replace function identity.permissions_in(configuration jsonb)
returns table (marketplace text, role text, permission text) language sql immutable as $$
  select distinct m ->> 'slug', p.key, permission
  from jsonb_array_elements(configuration) as m, jsonb_each(m -> 'permissions') as p,
       jsonb_array_elements_text(p.value) as permission
  where (m -> 'roles' -> 'open') || (m -> 'roles' -> 'staff') ? p.key
$$;
