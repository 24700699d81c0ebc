-- People, their sessions, the refresh tokens of a session, and one-time codes. Nothing crosses a marketplace: a person in
-- two has two accounts.

create schema identity;
grant usage on schema identity to vicinity_api, vicinity_worker;

create table identity.users (
  id uuid not null default app.uuid_v7() constraint users_pkey primary key,
  marketplace text not null constraint users_marketplace_fkey references app.marketplaces,
  full_name varchar(100) not null constraint users_full_name_check check (full_name <> ''),
  email varchar(255) constraint users_email_check
    check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+$'),
  email_verified_at timestamptz,
  -- E.164, the plus sign included.
  phone varchar(16) constraint users_phone_check check (phone ~ '^\+[1-9][0-9]{1,14}$'),
  phone_verified_at timestamptz,
  -- argon2id in PHC form. Null for somebody who signs in with one-time codes only.
  password_hash varchar(255) constraint users_password_hash_check check (password_hash like '$argon2id$%'),
  roles text[] not null constraint users_roles_check
    check (cardinality(roles) between 1 and 10 and array_position(roles, null) is null),
  account_status text not null default 'active' constraint users_account_status_check
    check (account_status in ('pending', 'active', 'suspended', 'banned', 'deleted')),
  -- When a suspension ends by itself; null where only staff ends it.
  suspended_until timestamptz constraint users_suspended_until_check
    check (suspended_until is null or account_status = 'suspended'),
  preferred_language varchar(10) not null default 'en' constraint users_preferred_language_check
    check (preferred_language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  last_login_at timestamptz,
  last_active_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint users_contact_check check (email is not null or phone is not null or account_status = 'deleted'),
  constraint users_deleted_at_check check ((deleted_at is not null) = (account_status = 'deleted'))
);
-- A deleted person's address and number may be taken again.
create unique index users_email_key on identity.users (email, marketplace) where deleted_at is null;
create unique index users_phone_key on identity.users (phone, marketplace) where deleted_at is null;
create index users_account_status_idx on identity.users (account_status, roles);
create index users_roles_idx on identity.users using gin (roles);
create index users_active_idx on identity.users (marketplace, created_at) where account_status = 'active';
-- 'simple' keeps stop words: people are called Will and May.
create index users_full_name_idx on identity.users using gin (to_tsvector('simple', full_name));
create trigger users_touch before update on identity.users for each row execute function app.touch_updated_at();
select app.protect('identity.users');
create policy api_select on identity.users for select to vicinity_api
  using (id = (select app.actor()) and marketplace = (select app.marketplace()));
create policy api_update on identity.users for update to vicinity_api
  using (id = (select app.actor()) and marketplace = (select app.marketplace()))
  with check (id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, full_name, email, email_verified_at, phone, phone_verified_at, roles, account_status,
  preferred_language, last_login_at, created_at, updated_at) on identity.users to vicinity_api;
grant update (full_name, preferred_language) on identity.users to vicinity_api;

-- A family of refresh tokens: what a person sees as a signed-in device.
create table identity.sessions (
  id uuid not null default app.uuid_v7() constraint sessions_pkey primary key,
  marketplace text not null constraint sessions_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint sessions_user_id_fkey references identity.users on delete cascade,
  ip inet,
  user_agent text,
  created_at timestamptz not null default app.now(),
  last_used_at timestamptz not null default app.now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_reason text constraint sessions_revoked_reason_check
    check (revoked_reason in ('signed_out', 'refresh_token_reused')),
  constraint sessions_revoked_at_check check ((revoked_at is null) = (revoked_reason is null))
);
create index sessions_user_id_idx on identity.sessions (user_id) where revoked_at is null;
create index sessions_ended_idx on identity.sessions (least(revoked_at, expires_at));
select app.protect('identity.sessions');

create table identity.refresh_tokens (
  id uuid not null default app.uuid_v7() constraint refresh_tokens_pkey primary key,
  session_id uuid not null constraint refresh_tokens_session_id_fkey references identity.sessions on delete cascade,
  user_id uuid not null constraint refresh_tokens_user_id_fkey references identity.users on delete cascade,
  -- SHA-256 in hex of 32 random bytes: guessing is hopeless, so a slow hash would protect nothing.
  token_hash varchar(64) not null constraint refresh_tokens_token_hash_key unique,
  expires_at timestamptz not null,
  is_revoked boolean not null default false,
  used_at timestamptz,
  -- Not a foreign key: the successor is cleaned up apart.
  replaced_by uuid,
  created_at timestamptz not null default app.now(),
  constraint refresh_tokens_used_at_check check (used_at is null or is_revoked)
);
create index refresh_tokens_user_id_idx on identity.refresh_tokens (user_id);
create index refresh_tokens_session_id_idx on identity.refresh_tokens (session_id);
create index refresh_tokens_expires_at_idx on identity.refresh_tokens (expires_at);
create index refresh_tokens_is_revoked_idx on identity.refresh_tokens (is_revoked);
select app.protect('identity.refresh_tokens');

-- The one live code of a destination: a new request takes the place of the older. There is a row for destinations without an
-- account too, so that nothing tells the two apart. Hashes are keyed: whoever reads this table learns neither the
-- destination nor the code.
create table identity.otps (
  id uuid not null constraint otps_pkey primary key,
  marketplace text not null constraint otps_marketplace_fkey references app.marketplaces,
  destination_hash text not null,
  purpose text not null constraint otps_purpose_check check (purpose in ('sign_in')),
  channel text not null constraint otps_channel_check check (channel in ('sms', 'whatsapp', 'email')),
  user_id uuid constraint otps_user_id_fkey references identity.users on delete cascade,
  code_hash text not null,
  attempts smallint not null default 0 constraint otps_attempts_check check (attempts between 0 and 5),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint otps_destination_key unique (marketplace, destination_hash, purpose)
);
create index otps_user_id_idx on identity.otps (user_id);
create index otps_expires_at_idx on identity.otps (expires_at);
select app.protect('identity.otps');
