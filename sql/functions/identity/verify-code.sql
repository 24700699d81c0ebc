-- Tries a code. outcome: 'signed_in', 'account_suspended', 'wrong_code' with the attempts that are left, or
-- 'code_expired', which is also the answer where no code was asked for. The row's lock makes attempts count one after the other.
create or replace function identity.verify_code(destination_hash text, code_hash text, email text, phone text, purpose text,
  token_hash text) returns table (outcome text, attempts_left integer, session_id uuid, account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare code identity.otps; person identity.users;
begin
  select * into code from identity.otps o
  where o.marketplace = app.marketplace() and o.destination_hash = verify_code.destination_hash
    and o.purpose = verify_code.purpose
  for update;
  if not found or code.consumed_at is not null or code.expires_at <= app.now() or code.attempts >= 5 then
    outcome := 'code_expired';
    return next;
    return;
  end if;
  -- The contact may have gone to somebody else since.
  select * into person from identity.users u
  where u.id = code.user_id and u.deleted_at is null and (u.email = verify_code.email or u.phone = verify_code.phone);
  if person.id is null or code.code_hash <> verify_code.code_hash then
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text, user_id => code.user_id);
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
    return next;
    return;
  end if;
  update identity.otps o set consumed_at = app.now() where o.id = code.id;
  update identity.users u set
    email_verified_at = case when verify_code.email is null then u.email_verified_at else coalesce(u.email_verified_at, app.now()) end,
    phone_verified_at = case when verify_code.phone is null then u.phone_verified_at else coalesce(u.phone_verified_at, app.now()) end
  where u.id = person.id;
  if identity.admit(person.id) then
    outcome := 'signed_in';
    session_id := identity.open_session(person.id, verify_code.token_hash);
    select identity.account(u) into account from identity.users u where u.id = person.id;
    perform app.audit('auth.signed_in', 'auth', 'sessions', session_id::text, user_id => person.id,
      metadata => '{"method": "code"}');
  else
    outcome := 'account_suspended';
    perform app.audit('auth.login_refused', 'auth', 'users', person.id::text, user_id => person.id);
  end if;
  return next;
end $$;

grant execute on function identity.verify_code(text, text, text, text, text, text) to vicinity_api;
