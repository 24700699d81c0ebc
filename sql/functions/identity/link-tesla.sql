-- Begins the way to Tesla's sign-in; an earlier one of the same person ends. It lasts ten minutes.
create or replace function identity.begin_tesla_link(state_hash text, verifier_sealed text) returns timestamptz
language sql security definer set search_path = public, pg_temp as $$
  insert into identity.tesla_authorizations as a (user_id, marketplace, state_hash, verifier_sealed, expires_at)
  values (app.actor(), app.marketplace(), begin_tesla_link.state_hash, begin_tesla_link.verifier_sealed,
    app.now() + interval '10 minutes')
  on conflict on constraint tesla_authorizations_pkey do update set state_hash = excluded.state_hash,
    verifier_sealed = excluded.verifier_sealed, expires_at = excluded.expires_at, created_at = excluded.created_at
  returning a.expires_at
$$;

-- The sealed verifier of the way that the caller has begun with this state. It is left in place: the code that belongs to it
-- serves once at Tesla, and the link that is made ends it.
create or replace function identity.find_tesla_link(state_hash text) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare found_ text;
begin
  select a.verifier_sealed into found_ from identity.tesla_authorizations a
  where a.user_id = app.actor() and a.state_hash = find_tesla_link.state_hash and a.expires_at > app.now();
  if found_ is null then perform app.refuse('tesla_link_expired'); end if;
  return found_;
end $$;

-- Links the account whose tokens were got for this state, or puts them in the place of older ones.
-- tokens: { tesla_user_id, region, scopes, access_token_sealed, refresh_token_sealed, expires_at }
create or replace function identity.finish_tesla_link(state_hash text, tokens jsonb) returns setof identity.tesla_accounts
language plpgsql security definer set search_path = public, pg_temp as $$
declare linked identity.tesla_accounts; earlier text;
begin
  delete from identity.tesla_authorizations a where a.user_id = app.actor() and a.state_hash = finish_tesla_link.state_hash;
  if not found then perform app.refuse('tesla_link_expired'); end if;
  select t.tesla_user_id into earlier from identity.tesla_accounts t where t.user_id = app.actor();
  insert into identity.tesla_accounts as t (user_id, marketplace, tesla_user_id, region, scopes, access_token_sealed,
    refresh_token_sealed, expires_at, refreshed_at)
  values (app.actor(), app.marketplace(), tokens ->> 'tesla_user_id', tokens ->> 'region',
    array(select jsonb_array_elements_text(tokens -> 'scopes')), tokens ->> 'access_token_sealed',
    tokens ->> 'refresh_token_sealed', (tokens ->> 'expires_at')::timestamptz, app.now())
  on conflict on constraint tesla_accounts_pkey do update set tesla_user_id = excluded.tesla_user_id, region = excluded.region,
    scopes = excluded.scopes, access_token_sealed = excluded.access_token_sealed,
    refresh_token_sealed = excluded.refresh_token_sealed, expires_at = excluded.expires_at,
    refreshed_at = excluded.refreshed_at, status = 'linked', last_error = null, failures = 0, claimed_until = null
  returning * into linked;
  perform app.audit('tesla.linked', 'tesla', 'tesla_accounts', app.actor()::text,
    case when earlier is not null then jsonb_build_object('tesla_user_id', earlier) end,
    jsonb_build_object('tesla_user_id', linked.tesla_user_id, 'region', linked.region, 'scopes', linked.scopes));
  return next linked;
end $$;

-- Erases the caller's link at once. Returns the sealed refresh token, so that the use case can end it at Tesla too.
create or replace function identity.unlink_tesla() returns table (refresh_token_sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare gone identity.tesla_accounts;
begin
  delete from identity.tesla_authorizations a where a.user_id = app.actor();
  delete from identity.tesla_accounts t where t.user_id = app.actor() returning * into gone;
  if gone.user_id is null then return; end if;
  perform app.audit('tesla.unlinked', 'tesla', 'tesla_accounts', gone.user_id::text,
    jsonb_build_object('tesla_user_id', gone.tesla_user_id, 'region', gone.region));
  return query select gone.refresh_token_sealed;
end $$;

grant execute on function identity.begin_tesla_link(text, text), identity.find_tesla_link(text),
  identity.finish_tesla_link(text, jsonb), identity.unlink_tesla() to vicinity_api;
