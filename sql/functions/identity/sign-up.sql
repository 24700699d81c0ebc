-- Makes an account and signs it in. Two sign-ups with one address or number: users_email_key or users_phone_key lets one
-- through. The use case has checked that the roles are open to anybody.
create or replace function identity.sign_up(full_name text, email text, phone text, password_hash text, roles jsonb,
  token_hash text) returns table (session_id uuid, account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users;
begin
  insert into identity.users (marketplace, full_name, email, phone, password_hash, roles)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone, sign_up.password_hash,
    array(select jsonb_array_elements_text(sign_up.roles)))
  returning * into person;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', person.roles));
  return query select identity.open_session(person.id, sign_up.token_hash), identity.account(person);
end $$;

grant execute on function identity.sign_up(text, text, text, text, jsonb, text) to vicinity_api;
