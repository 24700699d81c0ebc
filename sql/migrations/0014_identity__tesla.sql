-- Tesla accounts that people have linked. Tokens lie here sealed (lambdas/kernel/seal.ts): no role of the database can read one.

create table identity.tesla_accounts (
  user_id uuid not null constraint tesla_accounts_pkey primary key
    constraint tesla_accounts_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint tesla_accounts_marketplace_fkey references app.marketplaces,
  -- The subject of Tesla's tokens.
  tesla_user_id text not null,
  region text not null constraint tesla_accounts_region_check check (region in ('na', 'eu', 'cn')),
  scopes text[] not null,
  access_token_sealed text not null,
  refresh_token_sealed text not null,
  expires_at timestamptz not null,
  -- 'broken': Tesla does not take the refresh token any more, so the person must link again.
  status text not null default 'linked' constraint tesla_accounts_status_check check (status in ('linked', 'broken')),
  last_error text,
  failures integer not null default 0,
  -- Until when one refresher holds the account: a refresh token serves once, so two must never use it.
  claimed_until timestamptz,
  refreshed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint tesla_accounts_tesla_user_id_key unique (tesla_user_id, marketplace)
);
create index tesla_accounts_expires_at_idx on identity.tesla_accounts (expires_at) where status = 'linked';
create trigger tesla_accounts_touch before update on identity.tesla_accounts
  for each row execute function app.touch_updated_at();
select app.protect('identity.tesla_accounts');
create policy api_select on identity.tesla_accounts for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (user_id, marketplace, tesla_user_id, region, scopes, expires_at, status, last_error, refreshed_at, created_at)
  on identity.tesla_accounts to vicinity_api;

-- The one way to Tesla's sign-in that a person has begun. Only a hash of the state is kept, and the verifier of PKCE is sealed.
create table identity.tesla_authorizations (
  user_id uuid not null constraint tesla_authorizations_pkey primary key
    constraint tesla_authorizations_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint tesla_authorizations_marketplace_fkey references app.marketplaces,
  state_hash text not null constraint tesla_authorizations_state_hash_key unique,
  verifier_sealed text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default app.now()
);
create index tesla_authorizations_expires_at_idx on identity.tesla_authorizations (expires_at);
select app.protect('identity.tesla_authorizations');
