-- A second factor: codes of an authenticator app (RFC 6238), and recovery codes for whoever has lost it. The secret is sealed, so
-- codes are judged between two trips: the first draws from a bucket, the second settles with the step of the code that fitted.

-- Keeps a new secret, which protects nothing until a code of it was shown, for whoever knows the password or, where there is none,
-- shows a code, as `identity.try_own_code` tries it: with a second factor of their own whoever stole a session would lock the owner
-- out. An account without a proven contact may be somebody else's by its first proof: it takes no second factor before. outcome:
-- 'started' with a label by which the app names the account, 'wrong_password', or what `identity.try_own_code` says.
create or replace function identity.start_two_factor(session_id uuid, secret text, is_right boolean, codes jsonb)
returns table (outcome text, attempts_left integer, label text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'start_two_factor') t;
  elsif is_right then
    outcome := 'right';
  else
    outcome := 'wrong_password';
    perform app.audit('auth.two_factor_refused', 'auth', 'users', app.actor()::text);
  end if;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'started';
  if exists (select from identity.users u
             where u.id = app.actor() and u.email_verified_at is null and u.phone_verified_at is null) then
    perform app.refuse('contact_unproven');
  end if;
  update identity.users u set two_factor_secret = start_two_factor.secret, two_factor_last_step = null
  where u.id = app.actor() and u.two_factor_confirmed_at is null
  returning coalesce(u.email, u.full_name) into label;
  if not found then perform app.refuse('two_factor_on'); end if;
  update identity.sessions s set stepped_up_at = app.now() where s.id = start_two_factor.session_id and s.user_id = app.actor();
  perform app.refill('proof:' || app.actor());
  perform app.audit('auth.two_factor_started', 'auth', 'users', app.actor()::text);
  return next;
end $$;

-- The seconds to wait, or what the caller's password or code is judged by. Ten attempts in 15 minutes. The contacts are those to
-- which a code for this may have gone.
create or replace function identity.begin_proof()
returns table (retry_after integer, password_hash text, secret text, confirmed boolean, full_name text, email text,
  code_email text, phone_sealed text, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := app.draw('proof:' || app.actor(), 10, interval '15 minutes');
  if retry_after is null then
    select u.password_hash, u.two_factor_secret, u.two_factor_confirmed_at is not null, u.full_name, u.email, c.email,
      c.phone_sealed, c.phone_hash
    into password_hash, secret, confirmed, full_name, email, code_email, phone_sealed, phone_hash
    from identity.users u, identity.trusted_contacts(u.id) as c where u.id = app.actor();
  end if;
  return next;
end $$;

-- Takes a code of this step, or a recovery code. False where neither is good (any more): no code serves twice.
create or replace function identity.use_second_factor(person_id uuid, step bigint, recovery_hash text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if step is not null then
    update identity.users u set two_factor_last_step = step
    where u.id = person_id and u.two_factor_secret is not null and coalesce(u.two_factor_last_step, -1) < step;
    return found;
  end if;
  update identity.recovery_codes c set used_at = app.now()
  where c.user_id = person_id and c.code_hash = use_second_factor.recovery_hash and c.used_at is null;
  if not found then return false; end if;
  perform app.audit('auth.recovery_code_used', 'auth', 'users', person_id::text, user_id => person_id);
  return true;
end $$;

-- Replaces the recovery codes of the caller.
create or replace function identity.write_recovery_codes(code_hashes jsonb) returns void
language sql security definer set search_path = public, pg_temp as $$
  delete from identity.recovery_codes c where c.user_id = app.actor();
  insert into identity.recovery_codes (user_id, code_hash) select app.actor(), jsonb_array_elements_text(code_hashes)
$$;

-- Switches the second factor on, once a code of this step has shown that the app has the secret, in the session that began it and
-- within ten minutes: else 'step_up_required'. outcome: 'confirmed' or 'wrong_code'. The session in which it happens has shown it.
create or replace function identity.confirm_two_factor(session_id uuid, step bigint, code_hashes jsonb)
returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from identity.sessions s
    where s.id = confirm_two_factor.session_id and s.user_id = app.actor() and s.stepped_up_at > app.now() - interval '10 minutes') then
    perform app.refuse('step_up_required');
  end if;
  outcome := 'wrong_code';
  if step is null or not identity.use_second_factor(app.actor(), step, null) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  outcome := 'confirmed';
  update identity.users u set two_factor_confirmed_at = app.now()
  where u.id = app.actor() and u.two_factor_confirmed_at is null;
  if not found then perform app.refuse('two_factor_on'); end if;
  update identity.sessions s set mfa_at = app.now(), stepped_up_at = null
  where s.id = confirm_two_factor.session_id and s.user_id = app.actor();
  perform identity.write_recovery_codes(code_hashes);
  perform app.audit('auth.two_factor_enabled', 'auth', 'users', app.actor()::text);
  perform app.emit('identity.two_factor_enabled', jsonb_build_object('user_id', app.actor()));
  return next;
end $$;

-- Takes a code of this step, or a recovery code, shown once more in a session: what staff do with other people's money asks for one of
-- the last hour. outcome: 'shown' or 'wrong_code'.
create or replace function identity.show_two_factor(session_id uuid, step bigint, recovery_hash text)
returns table (outcome text, fresh_until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  outcome := 'wrong_code';
  if not identity.use_second_factor(app.actor(), step, recovery_hash) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  update identity.sessions s set mfa_at = app.now() where s.id = show_two_factor.session_id and s.user_id = app.actor();
  perform app.audit('auth.two_factor_shown', 'auth', 'users', app.actor()::text);
  outcome := 'shown';
  fresh_until := app.now() + interval '1 hour';
  return next;
end $$;

-- Switches it off for whoever has shown the password, a code or a recovery code. outcome: 'disabled' or 'wrong_proof'. No session
-- has shown a second factor any more.
create or replace function identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text)
returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  outcome := 'wrong_proof';
  if not (knows_password or identity.use_second_factor(app.actor(), step, recovery_hash)) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  outcome := 'disabled';
  perform identity.forget_two_factor(app.actor());
  -- A code gives no attempts back: who stole a session makes codes of their own, and would guess at the password for ever.
  if knows_password then perform app.refill('proof:' || app.actor()); end if;
  perform app.audit('auth.two_factor_disabled', 'auth', 'users', app.actor()::text);
  perform app.emit('identity.two_factor_disabled', jsonb_build_object('user_id', app.actor()));
  return next;
end $$;

-- Takes the second factor from an account.
create or replace function identity.forget_two_factor(person_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update identity.users u set two_factor_secret = null, two_factor_confirmed_at = null, two_factor_last_step = null
  where u.id = person_id;
  delete from identity.recovery_codes c where c.user_id = person_id;
  update identity.sessions s set mfa_at = null where s.user_id = person_id and s.mfa_at is not null;
  update identity.personal_access_tokens t set mfa_at = null where t.user_id = person_id and t.mfa_at is not null
$$;

grant execute on function identity.start_two_factor(uuid, text, boolean, jsonb), identity.begin_proof(),
  identity.confirm_two_factor(uuid, bigint, jsonb), identity.stop_two_factor(boolean, bigint, text),
  identity.show_two_factor(uuid, bigint, text) to vicinity_api;
