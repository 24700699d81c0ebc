-- Makes a token of the caller, for whoever knows the password or, where there is none, shows a code, as `identity.try_own_code` tries
-- it: whoever stole a session would have a key that outlives it. It is worth no more than the session that makes it: `mfa_at` comes
-- along. Fifty at most. outcome: 'created' with the token, 'wrong_password', or what `identity.try_own_code` says.
create or replace function identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text,
  granted jsonb, ends_at timestamptz, is_right boolean, codes jsonb)
returns table (outcome text, attempts_left integer, token jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'create_token') t;
  elsif is_right then
    outcome := 'right';
  else
    outcome := 'wrong_password';
    perform app.audit('auth.token_refused', 'auth', 'users', app.actor()::text);
  end if;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'created';
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from identity.personal_access_tokens t where t.user_id = app.actor()) >= 50 then
    perform app.refuse('too_many_tokens');
  end if;
  insert into identity.personal_access_tokens as t (id, marketplace, user_id, name, token_hash, abilities, expires_at, mfa_at)
  select token_id, app.marketplace(), app.actor(), label, create_access_token.token_hash,
    array(select jsonb_array_elements_text(granted)), ends_at, s.mfa_at
  -- Asked under the lock: a reset that has just ended the session has deleted its tokens, and takes this one too.
  from identity.sessions s
  where s.id = create_access_token.session_id and s.user_id = app.actor() and s.revoked_at is null
  returning jsonb_build_object('id', t.id, 'name', t.name, 'abilities', t.abilities, 'expires_at', t.expires_at,
    'created_at', t.created_at) into token;
  if not found then perform app.refuse('session_ended'); end if;
  -- A code gives no attempts back: whoever reads the mailbox would guess at the second factor for ever.
  if codes is null then perform app.refill('proof:' || app.actor()); end if;
  perform app.audit('auth.token_created', 'auth', 'personal_access_tokens', token_id::text,
    new_values => jsonb_build_object('name', label, 'abilities', granted, 'expires_at', ends_at));
  return next;
end $$;

create or replace function identity.delete_access_token(token_id uuid) returns table (deleted boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare token identity.personal_access_tokens;
begin
  delete from identity.personal_access_tokens t
  where t.id = token_id and t.user_id = app.actor() and t.marketplace = app.marketplace()
  returning * into token;
  deleted := found;
  if deleted then
    perform app.audit('auth.token_deleted', 'auth', 'personal_access_tokens', token_id::text,
      old_values => jsonb_build_object('name', token.name, 'abilities', token.abilities));
  end if;
  return next;
end $$;

grant execute on function identity.create_access_token(uuid, uuid, text, text, jsonb, timestamptz, boolean, jsonb),
  identity.delete_access_token(uuid) to vicinity_api;
