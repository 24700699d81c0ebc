-- What an account goes back to, codes for more than signing in, and who is active in which role.

-- What the account was before it was suspended, banned or deleted: what ends that brings it back to this, not to more.
alter table identity.users
  add column standing_before text constraint users_standing_before_check
    check (standing_before is null
      or standing_before in ('pending', 'active') and account_status in ('suspended', 'banned', 'deleted'));

create function identity.keep_standing() returns trigger language plpgsql as $$
begin
  new.standing_before := case
    when new.account_status in ('pending', 'active') then null
    when old.account_status = 'pending' then 'pending'
    else coalesce(old.standing_before, 'active') end;
  return new;
end $$;
create trigger users_standing before update on identity.users for each row
  when (old.account_status <> new.account_status) execute function identity.keep_standing();

alter table identity.otps
  drop constraint otps_purpose_check,
  add constraint otps_purpose_check check (purpose in ('sign_in', 'reset_password', 'change_contact', 'set_password',
    'delete_account', 'restore_account'));

-- Whether the account behind a role is active. It stands here so that the people of a role who can be met are one index away.
alter table identity.user_roles add column is_active boolean not null default true;
update identity.user_roles r set is_active = false
from identity.users u where u.id = r.user_id and u.account_status <> 'active';

create function identity.mark_role() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select u.account_status = 'active' into new.is_active from identity.users u where u.id = new.user_id;
  new.is_active := coalesce(new.is_active, false);
  return new;
end $$;
create trigger user_roles_active before insert on identity.user_roles for each row execute function identity.mark_role();

create function identity.mark_roles() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update identity.user_roles r set is_active = new.account_status = 'active' where r.user_id = new.id;
  return null;
end $$;
create trigger users_active_roles after update on identity.users for each row
  when (old.account_status <> new.account_status) execute function identity.mark_roles();

create index user_roles_role_active_idx on identity.user_roles (role, is_active);
create index user_roles_active_experts_idx on identity.user_roles (user_id) where role = 'expert' and is_active;
create index user_roles_active_customers_idx on identity.user_roles (user_id) where role = 'customer' and is_active;
create index user_roles_active_drivers_idx on identity.user_roles (created_at, user_id) where role = 'driver' and is_active;
create index user_roles_active_hosts_idx on identity.user_roles (created_at, user_id) where role = 'host' and is_active;

-- A role or permission that is removed takes along who has it.
alter table identity.role_permissions
  drop constraint role_permissions_role_fkey,
  drop constraint role_permissions_permission_fkey,
  add constraint role_permissions_role_fkey foreign key (marketplace, role)
    references identity.roles (marketplace, name) on delete cascade,
  add constraint role_permissions_permission_fkey foreign key (marketplace, permission)
    references identity.permissions (marketplace, name) on delete cascade;
alter table identity.user_permissions
  drop constraint user_permissions_permission_fkey,
  add constraint user_permissions_permission_fkey foreign key (marketplace, permission)
    references identity.permissions (marketplace, name) on delete cascade;
alter table identity.user_roles
  drop constraint user_roles_role_fkey,
  add constraint user_roles_role_fkey foreign key (marketplace, role)
    references identity.roles (marketplace, name) on delete cascade;

-- Files that were announced and never came, or were not what they were announced as.
create index uploads_unused_idx on identity.uploads (created_at) where status <> 'stored';

-- These answer with more columns, or take more, than before.
drop function if exists identity.begin_proof();
drop function if exists identity.settle_password(uuid, text);
drop function if exists privacy.delete_account(jsonb);
