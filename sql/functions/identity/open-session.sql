-- Opens a session with its first refresh token. Both live for 30 days from their last use. A sign-in by a device that has not been
-- seen in this network is announced, but for the first of all. Callable by the functions of this module only: they have
-- proven who the person is.
create or replace function identity.open_session(person_id uuid, token_hash text, second_factor boolean) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  ends_at timestamptz := app.now() + interval '30 days';
  opened uuid;
  is_new boolean := exists (select from identity.users u where u.id = person_id and u.last_login_at is not null)
    and not exists (
      select from identity.sessions s
      where s.user_id = person_id and s.impersonator_session_id is null and s.user_agent is not distinct from request ->> 'user_agent'
        and app.network_of(s.ip) = app.caller_network());
begin
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at, mfa_at)
  values (app.marketplace(), person_id, (request ->> 'ip')::inet, request ->> 'user_agent', ends_at,
    case when second_factor then app.now() end)
  returning id into opened;
  insert into identity.refresh_tokens (session_id, user_id, token_hash, expires_at)
  values (opened, person_id, open_session.token_hash, ends_at);
  update identity.users set last_login_at = app.now(), last_active_at = app.now() where id = person_id;
  if is_new then
    perform app.audit('auth.new_device', 'auth', 'sessions', opened::text, user_id => person_id);
    perform app.emit('identity.new_device_signed_in', jsonb_build_object('user_id', person_id, 'session_id', opened));
  end if;
  return opened;
end $$;
