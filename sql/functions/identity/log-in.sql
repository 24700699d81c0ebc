-- Signing in with a password takes two trips with the slow hash between them. Each attempt is drawn from the buckets before
-- anything is verified and given back when it succeeds: a hundred attempts at once are no way around the limit. Accounts that
-- do not exist are counted alike, so that a lock tells nothing.

-- Ten attempts in 15 minutes for one address or number.
create or replace function identity.draw_attempt(identifier_hash text) returns integer
language sql security definer set search_path = public, pg_temp as $$
  -- The network first: one that is shut out must not use up the attempts of the accounts it tries.
  select coalesce(app.draw('login-from:' || app.caller_network(), 50, interval '15 minutes'),
                  app.draw('login:' || identifier_hash, 10, interval '15 minutes'))
$$;

-- Either the seconds to wait, or the account and its hash, or nulls where there is none.
create or replace function identity.begin_login(email text, phone_hash text, identifier_hash text)
returns table (retry_after integer, user_id uuid, password_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := identity.draw_attempt(begin_login.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at is null
      and (u.email = begin_login.email or u.phone_hash = begin_login.phone_hash);
  end if;
  return next;
end $$;

-- outcome: what `identity.come_in` says, told only to who knows the password, or 'invalid_credentials'. Without a token hash the
-- password was wrong, and so it is when another has taken its place since it was read: a reset ends what the old one opens.
create or replace function identity.settle_login(person_id uuid, identifier_hash text, token_hash text, password_hash text)
returns table (outcome text, session_id uuid, account jsonb, suspension jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  outcome := 'invalid_credentials';
  perform from identity.users u
  where u.id = person_id and u.password_hash = settle_login.password_hash for no key update;
  if settle_login.token_hash is null or not found then
    perform app.audit('auth.login_failed', 'auth', 'users', person_id::text, user_id => person_id,
      metadata => jsonb_build_object('identifier_hash', settle_login.identifier_hash));
    if app.is_empty('login:' || settle_login.identifier_hash, 10, interval '15 minutes') then
      perform app.audit('auth.locked_out', 'auth', 'users', person_id::text, user_id => person_id,
        metadata => jsonb_build_object('identifier_hash', settle_login.identifier_hash));
    end if;
    return next;
    return;
  end if;
  -- In the order in which they are drawn: two requests that lock buckets the other way round would wait for each other.
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_login.identifier_hash);
  select * into outcome, session_id, account, suspension
  from identity.come_in(person_id, settle_login.token_hash, 'password', false);
  return next;
end $$;

grant execute on function identity.begin_login(text, text, text), identity.settle_login(uuid, text, text, text) to vicinity_api;
