-- Makes a token of the caller. It is worth no more than the session that makes it: `mfa_at` comes along. Fifty at most.
create or replace function identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text,
  granted jsonb, ends_at timestamptz)
returns table (id uuid, name text, abilities text[], expires_at timestamptz, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from identity.personal_access_tokens t where t.user_id = app.actor()) >= 50 then
    perform app.refuse('too_many_tokens');
  end if;
  perform app.audit('auth.token_created', 'auth', 'personal_access_tokens', token_id::text,
    new_values => jsonb_build_object('name', label, 'abilities', granted,
      'expires_at', ends_at));
  return query
    insert into identity.personal_access_tokens as t (id, marketplace, user_id, name, token_hash, abilities, expires_at, mfa_at)
    select token_id, app.marketplace(), app.actor(), label, create_access_token.token_hash,
      array(select jsonb_array_elements_text(granted)), ends_at, s.mfa_at
    -- Asked under the lock: a reset that has just ended the session has deleted its tokens, and takes this one too.
    from identity.sessions s
    where s.id = create_access_token.session_id and s.user_id = app.actor() and s.revoked_at is null
    returning t.id, t.name::text, t.abilities, t.expires_at, t.created_at;
  if not found then perform app.refuse('session_ended'); end if;
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

grant execute on function identity.create_access_token(uuid, uuid, text, text, jsonb, timestamptz),
  identity.delete_access_token(uuid) to vicinity_api;
