-- The end of every way in: somebody has shown all that was asked for. outcome: 'signed_in', 'two_factor_required' (the hash then
-- names a challenge, no session), or 'account_suspended'. Callable by the functions of this module only.
create or replace function identity.come_in(person_id uuid, token_hash text, method text, second_factor boolean)
returns table (outcome text, session_id uuid, account jsonb, suspension jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not identity.admit(person_id) then
    outcome := 'account_suspended';
    suspension := identity.suspension_of(person_id);
    perform app.audit('auth.login_refused', 'auth', 'users', person_id::text, user_id => person_id);
  elsif not second_factor and exists (
    select from identity.users u where u.id = person_id and u.two_factor_confirmed_at is not null) then
    outcome := 'two_factor_required';
    perform identity.open_challenge(person_id, come_in.token_hash, come_in.method);
  else
    outcome := 'signed_in';
    session_id := identity.open_session(person_id, come_in.token_hash, second_factor);
    select identity.account(u) into account from identity.users u where u.id = person_id;
    perform app.audit('auth.signed_in', 'auth', 'sessions', session_id::text, user_id => person_id,
      metadata => jsonb_build_object('method', come_in.method, 'second_factor', second_factor));
  end if;
  return next;
end $$;
