-- Ends all sessions of a person but one, and tells how many of their own they were. Null ends every one. A sign-in that still owes
-- the second factor ends too; first, so that one which is being settled is waited for and its session seen.
create or replace function identity.revoke_other_sessions(person_id uuid, kept uuid, reason text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare ended integer;
begin
  delete from identity.two_factor_challenges c where c.user_id = person_id and c.consumed_at is null;
  select count(*) filter (where is_own) into ended
  from (select s.impersonator_session_id is null as is_own, identity.revoke_session(s.id, revoke_other_sessions.reason)
        from identity.sessions s
        where s.user_id = person_id and s.revoked_at is null and s.id is distinct from kept) as revoked;
  return ended;
end $$;

-- Ends one session of the caller. False where the caller has no such session that lives.
create or replace function identity.end_own_session(session_id uuid) returns table (ended boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  ended := exists (
    select from identity.sessions s
    where s.id = end_own_session.session_id and s.user_id = app.actor() and s.marketplace = app.marketplace()
      and s.revoked_at is null and s.expires_at > app.now());
  if ended then
    perform identity.revoke_session(end_own_session.session_id, 'ended_by_owner');
    perform app.audit('auth.session_ended', 'auth', 'sessions', end_own_session.session_id::text);
  end if;
  return next;
end $$;

-- Ends all sessions of the caller but the one of the request.
create or replace function identity.end_other_sessions(current_session uuid) returns table (ended integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  ended := identity.revoke_other_sessions(app.actor(), current_session, 'ended_by_owner');
  perform app.audit('auth.other_sessions_ended', 'auth', 'users', app.actor()::text,
    metadata => jsonb_build_object('ended', ended));
  return next;
end $$;

grant execute on function identity.end_own_session(uuid), identity.end_other_sessions(uuid) to vicinity_api;
