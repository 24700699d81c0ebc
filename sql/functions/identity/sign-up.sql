-- Makes an account and signs it in. Two sign-ups with one address or number: users_email_key or users_phone_key lets one
-- through. The use case has checked that the roles are open to anybody.
create or replace function identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text,
  roles jsonb, token_hash text,
  is_pending boolean) returns table (session_id uuid, account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users;
begin
  insert into identity.users (marketplace, full_name, email, phone_sealed, phone_hash, password_hash, account_status)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone_sealed, sign_up.phone_hash, sign_up.password_hash,
    case when is_pending then 'pending' else 'active' end)
  returning * into person;
  insert into identity.user_roles (marketplace, user_id, role)
  select person.marketplace, person.id, r.name from jsonb_array_elements_text(sign_up.roles) with ordinality as r (name, n)
  order by r.n;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', sign_up.roles));
  return query select identity.open_session(person.id, sign_up.token_hash, false), identity.account(person);
end $$;

grant execute on function identity.sign_up(text, text, text, text, text, jsonb, text, boolean) to vicinity_api;
