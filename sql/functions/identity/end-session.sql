-- Ends a session with all of its tokens. An access token of it is refused at once, by `app.check_caller`.
create or replace function identity.revoke_session(session_id uuid, reason text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update identity.refresh_tokens t set is_revoked = true where t.session_id = revoke_session.session_id and not t.is_revoked;
  update identity.sessions s set revoked_at = app.now(), revoked_reason = reason
  where s.id = revoke_session.session_id and s.revoked_at is null
$$;

-- Signs the caller out of one of their own sessions.
create or replace function identity.end_session(session_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from identity.sessions s
    where s.id = end_session.session_id and s.user_id = app.actor() and s.revoked_at is null) then return false; end if;
  perform identity.revoke_session(end_session.session_id, 'signed_out');
  perform app.audit('auth.signed_out', 'auth', 'sessions', end_session.session_id::text);
  return true;
end $$;

grant execute on function identity.end_session(uuid) to vicinity_api;
