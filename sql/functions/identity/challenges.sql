-- The second step of a sign-in, for accounts with a second factor.

-- Notes that somebody has shown the first factor. Five minutes and five attempts; only its hash is stored.
create or replace function identity.open_challenge(person_id uuid, token_hash text, first_factor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into identity.two_factor_challenges (marketplace, user_id, token_hash, first_factor, expires_at)
  values (app.marketplace(), person_id, open_challenge.token_hash, open_challenge.first_factor,
    app.now() + interval '5 minutes');
  perform app.audit('auth.two_factor_asked', 'auth', 'users', person_id::text, user_id => person_id,
    metadata => jsonb_build_object('method', open_challenge.first_factor));
end $$;

-- The seconds to wait, or the account and its sealed secret, or nulls where the challenge is over. The attempt counts before it is
-- judged. The bucket is the person's: whoever knows the password gets no more attempts by asking for more challenges.
create or replace function identity.begin_challenge(token_hash text)
returns table (retry_after integer, user_id uuid, secret text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare challenge identity.two_factor_challenges;
begin
  select * into challenge from identity.two_factor_challenges c
  where c.token_hash = begin_challenge.token_hash and c.marketplace = app.marketplace() and c.consumed_at is null
    and c.expires_at > app.now() and c.attempts < 5
  for update;
  if challenge.id is not null then
    retry_after := app.draw('two-factor:' || challenge.user_id, 10, interval '15 minutes');
    if retry_after is null then
      update identity.two_factor_challenges c set attempts = c.attempts + 1 where c.id = challenge.id;
      attempts_left := 4 - challenge.attempts;
      select u.id, u.two_factor_secret into user_id, secret from identity.users u
      where u.id = challenge.user_id and u.deleted_at is null and u.two_factor_confirmed_at is not null;
    end if;
  end if;
  return next;
end $$;

-- outcome: 'signed_in', 'account_suspended', 'wrong_code', or 'challenge_expired' where a twin was faster.
create or replace function identity.settle_challenge(challenge_hash text, step bigint, recovery_hash text, token_hash text)
returns table (outcome text, session_id uuid, account jsonb, suspension jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare challenge identity.two_factor_challenges;
begin
  select * into challenge from identity.two_factor_challenges c
  where c.token_hash = challenge_hash and c.marketplace = app.marketplace() and c.consumed_at is null
    and c.expires_at > app.now()
  for update;
  if challenge.id is null then
    outcome := 'challenge_expired';
  elsif not identity.use_second_factor(challenge.user_id, step, settle_challenge.recovery_hash) then
    outcome := 'wrong_code';
    perform app.audit('auth.two_factor_failed', 'auth', 'users', challenge.user_id::text, user_id => challenge.user_id);
  else
    update identity.two_factor_challenges c set consumed_at = app.now() where c.id = challenge.id;
    perform app.refill('two-factor:' || challenge.user_id);
    select * into outcome, session_id, account, suspension
    from identity.come_in(challenge.user_id, settle_challenge.token_hash, challenge.first_factor, true);
  end if;
  return next;
end $$;

grant execute on function identity.begin_challenge(text), identity.settle_challenge(text, bigint, text, text) to vicinity_api;
