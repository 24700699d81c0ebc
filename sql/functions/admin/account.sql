-- What staff see of an account, as the use cases' `StaffAccount` reads it.
create or replace function admin.account(person identity.users) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select identity.account(person) || jsonb_build_object(
    'permissions', (select coalesce(jsonb_agg(p.permission order by p.permission), '[]') from identity.user_permissions p
      where p.user_id = person.id),
    'reason', person.status_reason, 'until', person.suspended_until,
    'has_second_factor', person.two_factor_confirmed_at is not null, 'last_login_at', person.last_login_at)
$$;

-- Shows an account to staff. That somebody looked is on record.
create or replace function admin.show_account(user_id uuid) returns table (account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select admin.account(u) from identity.users u
    where u.id = show_account.user_id and u.marketplace = app.marketplace();
  if found then perform app.audit('admin.account_read', 'admin', 'users', show_account.user_id::text); end if;
end $$;

-- The account that staff are about to change, locked. Nobody changes their own, and those of staff belong to whoever manages
-- roles. The own row is locked too, in the order of ids: of two who act on each other at once, one comes second and may not.
create or replace function admin.hold_account(user_id uuid) returns identity.users
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users;
begin
  perform from identity.users u
  where u.id in (hold_account.user_id, app.actor()) and u.marketplace = app.marketplace() order by u.id for update;
  if not exists (
    select from identity.users u where u.id = app.actor() and app.is_active(u.account_status, u.suspended_until)) then
    perform app.refuse('account_suspended');
  end if;
  select * into person from identity.users u
  where u.id = hold_account.user_id and u.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if person.id = app.actor() then perform app.refuse('own_account'); end if;
  if person.deleted_at is not null then perform app.refuse('account_deleted'); end if;
  if identity.is_staff(person.id) and not identity.has_permission(app.actor(), 'roles.manage') then
    perform app.refuse('staff_account');
  end if;
  return person;
end $$;

grant execute on function admin.show_account(uuid) to vicinity_api;
