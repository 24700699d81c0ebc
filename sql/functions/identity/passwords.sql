-- Sets the password of whoever has shown a code, and ends every session and token: somebody else may have had the old one. outcome:
-- 'reset', 'contact_unproven', or what `identity.try_code` says of a code that is not right.
create or replace function identity.reset_password(destination_hash text, code_hash text, email text, phone_hash text,
  password_hash text, identifier_hash text) returns table (outcome text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person_id uuid := identity.person_at(reset_password.email, reset_password.phone_hash);
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(reset_password.destination_hash, reset_password.code_hash, 'reset_password', person_id) t;
  if outcome = 'right' and not identity.prove_contact(person_id, reset_password.email, reset_password.phone_hash, false) then
    outcome := 'contact_unproven';
  elsif outcome = 'right' then
    outcome := 'reset';
    update identity.users u set password_hash = reset_password.password_hash, password_changed_at = app.now()
    where u.id = person_id;
    perform identity.revoke_other_sessions(person_id, null, 'password_changed');
    delete from identity.personal_access_tokens t where t.user_id = person_id;
    -- Whoever was locked out for wrong passwords gets in with the right one.
    perform app.refill('login:' || reset_password.identifier_hash);
    perform app.audit('auth.password_reset', 'auth', 'users', person_id::text, user_id => person_id);
    perform app.emit('identity.password_changed', jsonb_build_object('user_id', person_id));
  end if;
  return next;
end $$;

-- Settles a change of the caller's password, after `identity.begin_proof`. Without a hash the current password was wrong. A first
-- password takes a code, as `identity.try_own_code` tries it: a session alone must not become a lasting key. Other sessions end.
-- outcome: 'changed', 'wrong_password', or what `identity.try_own_code` says of a code that is not right.
create or replace function identity.settle_password(session_id uuid, password_hash text, codes jsonb)
returns table (outcome text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'set_password') t;
    if outcome <> 'right' then
      return next;
      return;
    end if;
  end if;
  if settle_password.password_hash is null then
    outcome := 'wrong_password';
    perform app.audit('auth.password_change_failed', 'auth', 'users', app.actor()::text);
  else
    outcome := 'changed';
    update identity.users u set password_hash = settle_password.password_hash, password_changed_at = app.now()
    where u.id = app.actor();
    perform identity.revoke_other_sessions(app.actor(), settle_password.session_id, 'password_changed');
    perform app.refill('proof:' || app.actor());
    perform app.audit('auth.password_changed', 'auth', 'users', app.actor()::text);
    perform app.emit('identity.password_changed', jsonb_build_object('user_id', app.actor()));
  end if;
  return next;
end $$;

grant execute on function identity.reset_password(text, text, text, text, text, text), identity.settle_password(uuid, text, jsonb)
  to vicinity_api;
