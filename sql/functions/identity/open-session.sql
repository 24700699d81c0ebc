-- Opens a session with its first refresh token. Both live for 30 days from their last use. Callable by the functions of this
-- module only: they have proven who the person is.
create or replace function identity.open_session(person_id uuid, token_hash text) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  ends_at timestamptz := app.now() + interval '30 days';
  opened uuid;
begin
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at)
  values (app.marketplace(), person_id, (request ->> 'ip')::inet, request ->> 'user_agent', ends_at)
  returning id into opened;
  insert into identity.refresh_tokens (session_id, user_id, token_hash, expires_at)
  values (opened, person_id, open_session.token_hash, ends_at);
  update identity.users set last_login_at = app.now(), last_active_at = app.now() where id = person_id;
  return opened;
end $$;
