-- A refresh token of Tesla serves once, so the tokens of a person are refreshed by one caller at a time: the row's lock makes
-- one the first, and its claim keeps the others away while Tesla is asked. A claim that nobody settles runs out.

-- Somebody's tokens. state: 'fresh', 'stale' (claimed: refresh and settle them), 'busy', or 'broken'.
create or replace function identity.lend_tesla_tokens(person_id uuid) returns table (state text, user_id uuid, region text,
  access_token_sealed text, refresh_token_sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare account identity.tesla_accounts;
begin
  select * into account from identity.tesla_accounts t where t.user_id = lend_tesla_tokens.person_id for update;
  if account.user_id is null then return; end if;
  state := case
    when account.status = 'broken' then 'broken'
    when account.expires_at > app.now() + interval '1 minute' then 'fresh'
    when account.claimed_until > app.now() then 'busy'
    else 'stale' end;
  if state = 'stale' then
    update identity.tesla_accounts t set claimed_until = app.now() + interval '30 seconds' where t.user_id = account.user_id;
  end if;
  return query select state, account.user_id, account.region, account.access_token_sealed, account.refresh_token_sealed;
end $$;

-- Keeps the region that Tesla has named for somebody's account, so that the next call goes there at once: one that is sent on is two, of
-- which the bucket counts one. Null changes nothing. For the functions of modules.
create or replace function identity.keep_tesla_region(person_id uuid, region text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update identity.tesla_accounts t set region = keep_tesla_region.region
  where t.user_id = keep_tesla_region.person_id and t.region <> keep_tesla_region.region
$$;

-- The caller's own.
create or replace function identity.use_tesla_tokens() returns table (state text, user_id uuid, region text,
  access_token_sealed text, refresh_token_sealed text)
language sql security definer set search_path = public, pg_temp as $$
  select * from identity.lend_tesla_tokens(app.actor())
$$;

-- Claims at most `batch` accounts whose tokens expire within two hours, the soonest first.
create or replace function identity.claim_tesla_tokens(batch integer) returns table (user_id uuid, refresh_token_sealed text)
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select t.user_id from identity.tesla_accounts t
    where t.status = 'linked' and t.expires_at <= app.now() + interval '2 hours'
      and (t.claimed_until is null or t.claimed_until <= app.now())
    order by t.expires_at limit batch for update skip locked)
  update identity.tesla_accounts t set claimed_until = app.now() + interval '2 minutes'
  from due where t.user_id = due.user_id
  returning t.user_id, t.refresh_token_sealed
$$;

-- Writes what Tesla answered to the refresh token that was claimed. A person who has linked again or unlinked in between keeps
-- what they did. answer: { access_token_sealed, refresh_token_sealed, expires_at }, or { error, permanent }.
create or replace function identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare account identity.tesla_accounts; broken boolean := coalesce((answer ->> 'permanent')::boolean, false);
begin
  update identity.tesla_accounts t set
    access_token_sealed = coalesce(answer ->> 'access_token_sealed', t.access_token_sealed),
    refresh_token_sealed = coalesce(answer ->> 'refresh_token_sealed', t.refresh_token_sealed),
    expires_at = coalesce((answer ->> 'expires_at')::timestamptz, t.expires_at),
    refreshed_at = case when answer ? 'error' then t.refreshed_at else app.now() end,
    failures = case when answer ? 'error' then t.failures + 1 else 0 end,
    -- After a passing failure the account rests, so that an outage is not answered with a storm.
    claimed_until = case when answer ? 'error' and not broken and app.actor() is null then app.now() + interval '10 minutes' end,
    status = case when broken then 'broken' else 'linked' end, last_error = answer ->> 'error'
  where t.user_id = coalesce(app.actor(), settle_tesla_tokens.user_id) and t.refresh_token_sealed = claimed
  returning * into account;
  if account.user_id is null then return false; end if;
  if broken then
    perform set_config('app.marketplace', account.marketplace, true);
    perform app.audit('tesla.link_broken', 'tesla', 'tesla_accounts', account.user_id::text,
      metadata => jsonb_build_object('error', answer ->> 'error'), user_id => account.user_id);
    perform app.emit('identity.tesla_link_broken', jsonb_build_object('user_id', account.user_id));
  end if;
  return true;
end $$;

grant execute on function identity.use_tesla_tokens() to vicinity_api;
grant execute on function identity.claim_tesla_tokens(integer), identity.lend_tesla_tokens(uuid) to vicinity_worker;
grant execute on function identity.settle_tesla_tokens(uuid, text, jsonb) to vicinity_api, vicinity_worker;
