-- Exchanges a refresh token for the next of its session. outcome: 'rotated', 'invalid_refresh_token', 'account_suspended', or
-- 'refresh_token_reused': somebody showed a token that had been exchanged before, so one of the two stole it, and the whole
-- session ends. The row's lock makes one of two callers the first.
create or replace function identity.rotate_refresh_token(token_hash text, next_token_hash text)
returns table (outcome text, user_id uuid, session_id uuid, suspension jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare token identity.refresh_tokens; family identity.sessions; ends_at timestamptz := app.now() + interval '30 days'; next_id uuid;
begin
  outcome := 'invalid_refresh_token';
  select t.* into token from identity.refresh_tokens t where t.token_hash = rotate_refresh_token.token_hash for update;
  select s.* into family from identity.sessions s
  where s.id = token.session_id and s.marketplace = app.marketplace() and s.revoked_at is null and s.expires_at > app.now();
  if family.id is null then
    return next;
    return;
  end if;
  if token.used_at is not null then
    outcome := 'refresh_token_reused';
    perform identity.revoke_session(family.id, 'refresh_token_reused');
    perform app.audit('auth.refresh_token_reused', 'auth', 'sessions', family.id::text, user_id => family.user_id);
    perform app.emit('identity.refresh_token_reused',
      jsonb_build_object('user_id', family.user_id, 'session_id', family.id));
  elsif token.is_revoked or token.expires_at <= app.now() then
    outcome := 'invalid_refresh_token';
  elsif not identity.admit(family.user_id) then
    outcome := 'account_suspended';
    suspension := identity.suspension_of(family.user_id);
  else
    insert into identity.refresh_tokens as t (session_id, user_id, token_hash, expires_at)
    values (family.id, family.user_id, next_token_hash, ends_at) returning t.id into next_id;
    update identity.refresh_tokens t set used_at = app.now(), is_revoked = true, replaced_by = next_id where t.id = token.id;
    update identity.sessions s set last_used_at = app.now(), expires_at = ends_at where s.id = family.id;
    update identity.users u set last_active_at = app.now() where u.id = family.user_id;
    outcome := 'rotated';
    user_id := family.user_id;
    session_id := family.id;
  end if;
  return next;
end $$;

grant execute on function identity.rotate_refresh_token(text, text) to vicinity_api;
