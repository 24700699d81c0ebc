-- Suspends an account until a moment, or until staff end it; bans it, which also ends its sessions; or sets it back to what it was
-- before ('active', which ends the wait of a pending one). What somebody lists who is kept out is paused, for its owner to bring back.
-- Answers with how it stands then. To repeat it changes nothing and is not
-- audited again.
create or replace function admin.change_status(user_id uuid, wanted_status text, ends_at timestamptz, words text)
returns table (id uuid, account_status text, reason text, until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; changed identity.users;
begin
  -- The role's lock, before any account's: of two super admins who close each other's accounts, one comes second.
  if wanted_status <> 'active' and 'super_admin' = any (identity.roles_of(change_status.user_id)) then
    perform from identity.roles r where r.marketplace = app.marketplace() and r.name = 'super_admin' for update;
    perform identity.check_super_admins(change_status.user_id);
  end if;
  person := admin.hold_account(change_status.user_id);
  if wanted_status = 'active' and person.account_status <> 'pending' then wanted_status := identity.standing_before(person); end if;
  -- Neither an end nor a suspension in its place lifts what another permission has set.
  if person.account_status = 'banned' and wanted_status <> 'banned'
    and not identity.has_permission(app.actor(), 'accounts.ban') then perform app.refuse('forbidden'); end if;
  if ends_at <= app.now() then perform app.refuse('until_is_past'); end if;
  update identity.users u set account_status = wanted_status, suspended_until = ends_at,
    status_reason = words
  where u.id = person.id and (u.account_status, u.suspended_until, u.status_reason)
    is distinct from (wanted_status, ends_at, words)
  returning u.* into changed;
  if changed.id is not null then
    perform app.audit('admin.account_status_changed', 'admin', 'users', person.id::text,
      old_values => identity.suspension_of(person), new_values => identity.suspension_of(changed));
    perform app.emit('identity.account_status_changed',
      identity.suspension_of(changed) || jsonb_build_object('user_id', person.id));
    if changed.account_status in ('suspended', 'banned') then perform parking.pause_spaces(person.id); end if;
    if app.is_active(changed.account_status, changed.suspended_until) then perform money.release_payouts_of(person.id); end if;
    if changed.account_status = 'banned' then
      perform identity.revoke_session(s.id, 'ended_by_staff') from identity.sessions s
      where s.user_id = person.id and s.revoked_at is null;
    end if;
  end if;
  return query select u.id, u.account_status, u.status_reason::text, u.suspended_until from identity.users u
    where u.id = person.id;
end $$;

-- Brings back an account that its owner deleted, while that can be undone: 'account_purged' after that. No row where the account is not
-- deleted. That takes the right to ban.
create or replace function admin.restore_deleted(user_id uuid)
returns table (id uuid, account_status text, reason text, until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from identity.users u
                 where u.id = restore_deleted.user_id and u.marketplace = app.marketplace() and u.deleted_at is not null) then
    return;
  end if;
  if not identity.has_permission(app.actor(), 'accounts.ban') then perform app.refuse('forbidden'); end if;
  if identity.is_staff(restore_deleted.user_id) and not identity.has_permission(app.actor(), 'roles.manage') then
    perform app.refuse('staff_account');
  end if;
  if not privacy.reopen(restore_deleted.user_id) then perform app.refuse('account_purged'); end if;
  return query select u.id, u.account_status, u.status_reason::text, u.suspended_until from identity.users u
    where u.id = restore_deleted.user_id;
end $$;

-- What staff call to restore an account, whatever closed it.
create or replace function admin.restore_account(user_id uuid)
returns table (id uuid, account_status text, reason text, until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select * from admin.restore_deleted(restore_account.user_id);
  if not found then return query select * from admin.change_status(restore_account.user_id, 'active', null, null); end if;
end $$;

grant execute on function admin.change_status(uuid, text, timestamptz, text), admin.restore_account(uuid) to vicinity_api;
