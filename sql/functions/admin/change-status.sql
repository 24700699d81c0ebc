-- Suspends an account until a moment, or until staff end it; bans it, which also ends its sessions; or sets it back. Answers with
-- how it stands then. To repeat it changes nothing and is not audited again.
create or replace function admin.change_status(user_id uuid, wanted_status text, ends_at timestamptz, words text)
returns table (id uuid, account_status text, reason text, until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users := admin.hold_account(change_status.user_id); changed identity.users;
begin
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
      jsonb_build_object('user_id', person.id, 'account_status', changed.account_status));
    if changed.account_status = 'banned' then
      perform identity.revoke_session(s.id, 'ended_by_staff') from identity.sessions s
      where s.user_id = person.id and s.revoked_at is null;
    end if;
  end if;
  return query select u.id, u.account_status, u.status_reason::text, u.suspended_until from identity.users u
    where u.id = person.id;
end $$;

grant execute on function admin.change_status(uuid, text, timestamptz, text) to vicinity_api;
