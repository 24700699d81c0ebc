-- Who may do what, as rows that a super admin changes while the system runs. The marketplaces' files give the first state; see
-- sql/functions/identity/seed-roles.sql for what a later deployment may touch.

create table identity.roles (
  id uuid not null default app.uuid_v7() constraint roles_pkey primary key,
  marketplace text not null constraint roles_marketplace_fkey references app.marketplaces,
  name varchar(40) not null constraint roles_name_check check (name ~ '^[a-z][a-z0-9_]*$'),
  guard_name text not null default 'api' constraint roles_guard_name_check check (guard_name = 'api'),
  -- Anybody takes it at sign-up. The others are granted by staff only.
  is_open boolean not null default false,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint roles_name_key unique (marketplace, name)
);
create trigger roles_touch before update on identity.roles for each row execute function app.touch_updated_at();
select app.protect('identity.roles');

create table identity.permissions (
  id uuid not null default app.uuid_v7() constraint permissions_pkey primary key,
  marketplace text not null constraint permissions_marketplace_fkey references app.marketplaces,
  name varchar(60) not null constraint permissions_name_check check (name ~ '^[a-z_]+([.][a-z_]+)+$'),
  guard_name text not null default 'api' constraint permissions_guard_name_check check (guard_name = 'api'),
  -- No role that anybody takes has it: it serves in a session with a second factor only.
  is_staff boolean not null,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint permissions_name_key unique (marketplace, name)
);
create trigger permissions_touch before update on identity.permissions
  for each row execute function app.touch_updated_at();
select app.protect('identity.permissions');

create table identity.role_permissions (
  marketplace text not null,
  role varchar(40) not null,
  permission varchar(60) not null,
  -- False: taken away by a super admin. The row stays, or the next deployment would grant it again.
  is_granted boolean not null default true,
  -- Null as long as it is what the marketplace's file says. No foreign key, so that it outlives the account.
  changed_by uuid,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint role_permissions_pkey primary key (marketplace, role, permission),
  constraint role_permissions_role_fkey foreign key (marketplace, role) references identity.roles (marketplace, name),
  constraint role_permissions_permission_fkey foreign key (marketplace, permission)
    references identity.permissions (marketplace, name),
  constraint role_permissions_is_granted_check check (is_granted or changed_by is not null)
);
create trigger role_permissions_touch before update on identity.role_permissions
  for each row execute function app.touch_updated_at();
select app.protect('identity.role_permissions');

-- Ids keep the order in which a person's roles were given.
create table identity.user_roles (
  id uuid not null default app.uuid_v7() constraint user_roles_pkey primary key,
  marketplace text not null,
  user_id uuid not null constraint user_roles_user_id_fkey references identity.users on delete cascade,
  role varchar(40) not null,
  -- Null for a role that the person took at sign-up.
  granted_by uuid,
  created_at timestamptz not null default app.now(),
  constraint user_roles_role_key unique (user_id, role),
  -- A role that the marketplace does not know is refused.
  constraint user_roles_role_fkey foreign key (marketplace, role) references identity.roles (marketplace, name)
);
create index user_roles_role_idx on identity.user_roles (marketplace, role, user_id);
select app.protect('identity.user_roles');
create policy api_select on identity.user_roles for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.user_roles to vicinity_api;

-- What one person may do beyond their roles.
create table identity.user_permissions (
  marketplace text not null,
  user_id uuid not null constraint user_permissions_user_id_fkey references identity.users on delete cascade,
  permission varchar(60) not null,
  granted_by uuid not null,
  created_at timestamptz not null default app.now(),
  constraint user_permissions_pkey primary key (user_id, permission),
  constraint user_permissions_permission_fkey foreign key (marketplace, permission)
    references identity.permissions (marketplace, name)
);
create index user_permissions_permission_idx on identity.user_permissions (marketplace, permission);
select app.protect('identity.user_permissions');

-- Roles that people have already taken. The seed says which of them are open.
insert into identity.roles (marketplace, name)
select distinct u.marketplace, role from identity.users u, unnest(u.roles) as role;
insert into identity.user_roles (marketplace, user_id, role)
select u.marketplace, u.id, r.role from identity.users u, unnest(u.roles) with ordinality as r (role, n)
order by u.id, r.n
on conflict on constraint user_roles_role_key do nothing;

drop index identity.users_roles_idx;
drop index identity.users_account_status_idx;
alter table identity.users
  drop column roles,
  -- What staff wrote for the person when they suspended or banned the account.
  add column status_reason varchar(500) constraint users_status_reason_check
    check (status_reason is null or account_status in ('suspended', 'banned'));
create index users_account_status_idx on identity.users (account_status, marketplace, id);
-- Names are searched by what somebody half remembers.
create index users_full_name_trigram_idx on identity.users using gin (full_name gin_trgm_ops);
alter table app.marketplaces drop column permissions;

-- An account that waits for its phone number becomes active with the proof of it, by whichever way that comes.
create function identity.activate_pending() returns trigger language plpgsql as $$
begin
  new.account_status := 'active';
  return new;
end $$;
create trigger users_activate before update of phone_verified_at on identity.users for each row
  when (old.account_status = 'pending' and new.account_status = 'pending'
    and old.phone_verified_at is null and new.phone_verified_at is not null)
  execute function identity.activate_pending();

-- A session in which staff look at the marketplace with a person's eyes. It ends with the staff member's own.
alter table identity.sessions
  add column impersonator_session_id uuid constraint sessions_impersonator_session_id_fkey
    references identity.sessions on delete cascade;
create index sessions_impersonator_session_id_idx on identity.sessions (impersonator_session_id)
  where impersonator_session_id is not null;

create schema admin;
grant usage on schema admin to vicinity_api;
