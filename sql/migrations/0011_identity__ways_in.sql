-- Ways into an account: a second factor, personal access tokens, changes of address and number, and what is kept of devices and
-- one-time codes.

alter table identity.users
  add column password_changed_at timestamptz,
  -- Sealed: the secret of the authenticator app. Until it is confirmed it protects nothing.
  add column two_factor_secret text,
  add column two_factor_confirmed_at timestamptz,
  -- The 30-second step of the last code that was taken: no code serves twice.
  add column two_factor_last_step bigint,
  add constraint users_two_factor_check check (two_factor_confirmed_at is null or two_factor_secret is not null);

alter table identity.sessions
  -- When its second factor was shown. Staff may do nothing in a session without one.
  add column mfa_at timestamptz,
  drop constraint sessions_revoked_reason_check,
  add constraint sessions_revoked_reason_check check (revoked_reason in ('signed_out', 'refresh_token_reused', 'ended_by_owner',
    'password_changed', 'contact_proven', 'two_factor_changed', 'ended_by_staff', 'account_closed'));
-- Which devices and networks a person has signed in from.
create index sessions_seen_idx on identity.sessions (user_id, user_agent);
create policy api_select on identity.sessions for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, user_id, ip, user_agent, created_at, last_used_at, expires_at, revoked_at,
  impersonator_session_id) on identity.sessions to vicinity_api;

-- Single-use codes for whoever has lost the authenticator. SHA-256 in hex of 80 random bits.
create table identity.recovery_codes (
  id uuid not null default app.uuid_v7() constraint recovery_codes_pkey primary key,
  user_id uuid not null constraint recovery_codes_user_id_fkey references identity.users on delete cascade,
  code_hash varchar(64) not null,
  used_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint recovery_codes_code_hash_key unique (user_id, code_hash)
);
select app.protect('identity.recovery_codes');

-- Somebody who has shown the first factor and owes the second.
create table identity.two_factor_challenges (
  id uuid not null default app.uuid_v7() constraint two_factor_challenges_pkey primary key,
  marketplace text not null constraint two_factor_challenges_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint two_factor_challenges_user_id_fkey references identity.users on delete cascade,
  -- SHA-256 in hex of 32 random bytes.
  token_hash varchar(64) not null constraint two_factor_challenges_token_hash_key unique,
  first_factor text not null constraint two_factor_challenges_first_factor_check check (first_factor in ('password', 'code')),
  attempts smallint not null default 0 constraint two_factor_challenges_attempts_check check (attempts between 0 and 5),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  created_at timestamptz not null default app.now()
);
create index two_factor_challenges_user_id_idx on identity.two_factor_challenges (user_id);
create index two_factor_challenges_expires_at_idx on identity.two_factor_challenges (expires_at);
select app.protect('identity.two_factor_challenges');

-- Tokens that a person makes for scripts of their own.
create table identity.personal_access_tokens (
  id uuid not null default app.uuid_v7() constraint personal_access_tokens_pkey primary key,
  marketplace text not null constraint personal_access_tokens_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint personal_access_tokens_user_id_fkey references identity.users on delete cascade,
  name varchar(100) not null constraint personal_access_tokens_name_check check (name <> ''),
  -- SHA-256 in hex. The token itself is shown once and stored nowhere.
  token_hash varchar(64) not null constraint personal_access_tokens_token_hash_key unique,
  -- Names of permissions; 'read' for every GET, '*' for everything that its owner may do.
  abilities text[] not null constraint personal_access_tokens_abilities_check
    check (cardinality(abilities) between 1 and 50 and array_position(abilities, null) is null),
  -- Of the session that made it: a token is worth no more than that was.
  mfa_at timestamptz,
  last_used_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index personal_access_tokens_user_id_idx on identity.personal_access_tokens (user_id, id);
create index personal_access_tokens_expires_at_idx on identity.personal_access_tokens (expires_at);
create trigger personal_access_tokens_touch before update on identity.personal_access_tokens
  for each row execute function app.touch_updated_at();
select app.protect('identity.personal_access_tokens');
create policy api_select on identity.personal_access_tokens for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, user_id, name, abilities, last_used_at, expires_at, created_at)
  on identity.personal_access_tokens to vicinity_api;

-- An address or number on its way to take the place of another. Both ends confirm it by a code.
create table identity.contact_changes (
  id uuid not null default app.uuid_v7() constraint contact_changes_pkey primary key,
  marketplace text not null constraint contact_changes_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint contact_changes_user_id_fkey references identity.users on delete cascade,
  kind text not null constraint contact_changes_kind_check check (kind in ('email', 'phone')),
  -- An address as it is written; a number sealed, as in identity.users. Null where there was none.
  old_destination text,
  new_destination text not null,
  -- Keyed hashes of numbers, under which they are sealed.
  old_hash text,
  new_hash text constraint contact_changes_new_hash_check check ((new_hash is not null) = (kind = 'phone')),
  old_otp_id uuid,
  new_otp_id uuid not null,
  expires_at timestamptz not null,
  confirmed_at timestamptz,
  created_at timestamptz not null default app.now()
);
create unique index contact_changes_open_key on identity.contact_changes (user_id, kind) where confirmed_at is null;
create index contact_changes_user_id_idx on identity.contact_changes (user_id, id);
create index contact_changes_expires_at_idx on identity.contact_changes (expires_at);
create index contact_changes_new_otp_id_idx on identity.contact_changes (new_otp_id);
create index contact_changes_old_otp_id_idx on identity.contact_changes (old_otp_id);
select app.protect('identity.contact_changes');

-- A message to an address that an account had, or does not have yet, finds it there.
alter table notify.messages add column contact_change_id uuid;

-- Codes stay as a history: the one that a destination can use is the one that no other has replaced.
alter table identity.otps
  add column replaced_at timestamptz,
  drop constraint otps_destination_key,
  drop constraint otps_purpose_check,
  add constraint otps_purpose_check check (purpose in ('sign_in', 'reset_password', 'change_contact'));
create unique index otps_destination_key on identity.otps (destination_hash, purpose, marketplace) where replaced_at is null;
create index otps_history_idx on identity.otps (destination_hash, id);
