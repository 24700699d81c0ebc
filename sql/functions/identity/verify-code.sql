-- Tries a code of somebody. outcome: 'right', 'wrong_code' with the attempts that are left, or 'code_expired', which is also the
-- answer where no code was asked for. The row's lock makes attempts count one after the other, and a code serves once.
create or replace function identity.try_code(destination_hash text, code_hash text, purpose text, person_id uuid)
returns table (outcome text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare code identity.otps;
begin
  select * into code from identity.otps o
  where o.marketplace = app.marketplace() and o.destination_hash = try_code.destination_hash and o.purpose = try_code.purpose
    and o.replaced_at is null
  for update;
  if not found or code.consumed_at is not null or code.expires_at <= app.now() or code.attempts >= 5 then
    outcome := 'code_expired';
  -- The contact may have gone to somebody else since.
  elsif person_id is null or code.user_id is distinct from person_id or code.code_hash <> try_code.code_hash then
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text, user_id => code.user_id);
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
  else
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
    outcome := 'right';
  end if;
  return next;
end $$;

-- Notes that somebody has shown a code of an address or number. False, and nothing is noted, where it has left the account since the
-- code was looked at, or is not proven yet while another contact of the account is and the person is not in a session of it: a
-- mistyped number must not open the account to whoever has it.
--
-- The first proof of an account decides whose it is. Whoever made it with somebody else's address and waited is shut out: all
-- sessions end, and password, second factor and tokens from before are gone. In a session of the account they stay.
create or replace function identity.prove_contact(person_id uuid, email text, phone_hash text, is_inside boolean) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; proven boolean; ended integer;
begin
  select * into person from identity.users u
  where u.id = person_id and (u.email = prove_contact.email or u.phone_hash = prove_contact.phone_hash) for update;
  if not found then return false; end if;
  proven := case when prove_contact.email is null then person.phone_verified_at else person.email_verified_at end is not null;
  if proven then return true; end if;
  if not is_inside and coalesce(person.email_verified_at, person.phone_verified_at) is not null then return false; end if;
  update identity.users u set
    email_verified_at = case when prove_contact.email is null then u.email_verified_at else app.now() end,
    phone_verified_at = case when prove_contact.email is null then app.now() else u.phone_verified_at end
  where u.id = person_id;
  if not is_inside then
    ended := identity.revoke_other_sessions(person_id, null, 'contact_proven');
    perform identity.forget_two_factor(person_id);
    delete from identity.personal_access_tokens t where t.user_id = person_id;
    delete from identity.contact_changes c where c.user_id = person_id and c.confirmed_at is null;
    update identity.users u set password_hash = null, password_changed_at = null where u.id = person_id;
  end if;
  perform app.audit('auth.contact_proven', 'auth', 'users', person_id::text, user_id => person_id,
    metadata => jsonb_build_object('kind', case when prove_contact.email is null then 'phone' else 'email' end,
      'sessions_ended', coalesce(ended, 0), 'password_dropped', not is_inside and person.password_hash is not null));
  return true;
end $$;

-- Signs in with a code. outcome: what `identity.try_code` says of a code that is not right, 'contact_unproven', or what
-- `identity.come_in` says. A session that came along is one of the account or counts for nothing.
create or replace function identity.verify_code(destination_hash text, code_hash text, email text, phone_hash text,
  own_session uuid, token_hash text)
returns table (outcome text, attempts_left integer, session_id uuid, account jsonb, suspension jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person_id uuid := identity.person_at(verify_code.email, verify_code.phone_hash); inside identity.sessions;
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(verify_code.destination_hash, verify_code.code_hash, 'sign_in', person_id) t;
  if outcome = 'right' then
    select * into inside from identity.sessions s
    where s.id = own_session and s.user_id = person_id and s.revoked_at is null and s.expires_at > app.now()
      and s.impersonator_session_id is null;
    if identity.prove_contact(person_id, verify_code.email, verify_code.phone_hash, inside.id is not null) then
      select c.outcome, c.session_id, c.account, c.suspension into outcome, session_id, account, suspension
      from identity.come_in(person_id, verify_code.token_hash, 'code', inside.mfa_at is not null) c;
    else
      outcome := 'contact_unproven';
      perform app.audit('auth.login_refused', 'auth', 'users', person_id::text, user_id => person_id);
    end if;
  end if;
  return next;
end $$;

grant execute on function identity.verify_code(text, text, text, text, uuid, text) to vicinity_api;
