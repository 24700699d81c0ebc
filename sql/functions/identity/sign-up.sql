-- Makes an account and signs it in. Two sign-ups with one address or number: users_email_key or users_phone_key lets one
-- through. One that comes with a code of its contact takes it from an account that has never proven it. The use case has checked that
-- the roles are open to anybody. outcome: 'signed_up', or what `identity.try_sign_up_codes` says of a code that is not right.
create or replace function identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text,
  roles jsonb, token_hash text, is_pending boolean, codes jsonb)
returns table (outcome text, attempts_left integer, field text, session_id uuid, account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  person identity.users;
  proven_email text := case when codes ? 'email' then sign_up.email end;
  proven_phone text := case when codes ? 'phone' then sign_up.phone_hash end;
begin
  select t.outcome, t.attempts_left, t.field into outcome, attempts_left, field
  from identity.try_sign_up_codes(codes) t;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'signed_up';
  perform identity.take_contact(null, proven_email, proven_phone);
  insert into identity.users (marketplace, full_name, email, phone_sealed, phone_hash, password_hash, account_status)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone_sealed, sign_up.phone_hash, sign_up.password_hash,
    case when is_pending then 'pending' else 'active' end)
  returning * into person;
  insert into identity.user_roles (marketplace, user_id, role)
  select person.marketplace, person.id, r.name from jsonb_array_elements_text(sign_up.roles) with ordinality as r (name, n)
  order by r.n;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', sign_up.roles));
  if proven_email is not null then perform identity.prove_contact(person.id, proven_email, null, true); end if;
  if proven_phone is not null then perform identity.prove_contact(person.id, null, proven_phone, true); end if;
  session_id := identity.open_session(person.id, sign_up.token_hash, false);
  select identity.account(u) into account from identity.users u where u.id = person.id;
  return next;
end $$;

grant execute on function identity.sign_up(text, text, text, text, text, jsonb, text, boolean, jsonb) to vicinity_api;
