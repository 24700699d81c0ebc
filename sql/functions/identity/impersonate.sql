-- Opens a session in which a member of staff sees the marketplace with a person's eyes for 15 minutes. It has no refresh token
-- and no second factor, and it is over when the session ends in which it began.
create or replace function identity.impersonate(user_id uuid, own_session_id uuid, reason text) returns table (session_id uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  person identity.users;
begin
  select * into person from identity.users u where u.id = impersonate.user_id and u.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if identity.is_staff(person.id) then perform app.refuse('staff_account'); end if;
  if person.account_status <> 'active' then perform app.refuse('account_not_active'); end if;
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at, impersonator_session_id)
  select person.marketplace, person.id, (request ->> 'ip')::inet, request ->> 'user_agent', app.now() + interval '15 minutes', s.id
  from identity.sessions s where s.id = own_session_id and s.user_id = app.actor()
  returning id into session_id;
  -- A personal access token is no session to look from.
  if session_id is null then perform app.refuse('forbidden'); end if;
  perform app.audit('admin.impersonation_started', 'admin', 'users', person.id::text,
    metadata => jsonb_build_object('session_id', session_id, 'reason', impersonate.reason));
  return next;
end $$;

grant execute on function identity.impersonate(uuid, uuid, text) to vicinity_api;
