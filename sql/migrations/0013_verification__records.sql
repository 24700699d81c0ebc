-- Proof of who somebody is: the four levels of a person, documents and their review, and the standing of a provider.

create schema verification;
grant usage on schema verification to vicinity_api, vicinity_worker;

-- Exactly one row for each person, made with the account. Phone and e-mail follow the account, whose columns are the one
-- source; Aadhaar and face are proven here. Each level's facts (provider, similarity) stand in `metadata` under its name.
create table verification.user_verifications (
  user_id uuid not null constraint user_verifications_pkey primary key
    constraint user_verifications_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint user_verifications_marketplace_fkey references app.marketplaces,
  phone_verified_at timestamptz,
  email_verified_at timestamptz,
  aadhaar_verified_at timestamptz,
  -- Keyed: twelve digits could be guessed from a plain hash.
  aadhaar_hash text,
  aadhaar_last4 text constraint user_verifications_aadhaar_last4_check check (aadhaar_last4 ~ '^[0-9]{4}$'),
  face_verified_at timestamptz,
  metadata jsonb not null default '{}' constraint user_verifications_metadata_check check (jsonb_typeof(metadata) = 'object'),
  is_fully_verified boolean not null generated always as (
    phone_verified_at is not null and email_verified_at is not null
    and aadhaar_verified_at is not null and face_verified_at is not null) stored,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint user_verifications_aadhaar_check check (num_nulls(aadhaar_verified_at, aadhaar_hash, aadhaar_last4) in (0, 3))
);
create unique index user_verifications_aadhaar_key on verification.user_verifications (marketplace, aadhaar_hash);
create trigger user_verifications_touch before update on verification.user_verifications
  for each row execute function app.touch_updated_at();
select app.protect('verification.user_verifications');
create policy api_select on verification.user_verifications for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (user_id, marketplace, phone_verified_at, email_verified_at, aadhaar_verified_at, aadhaar_last4, face_verified_at,
  is_fully_verified, created_at, updated_at) on verification.user_verifications to vicinity_api;

-- Keeps the levels of phone and e-mail what the account says, whichever function changes it. A deleted person's Aadhaar number
-- may be taken again.
create function verification.follow_account() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into verification.user_verifications as v (user_id, marketplace, phone_verified_at, email_verified_at)
  values (new.id, new.marketplace, new.phone_verified_at, new.email_verified_at)
  on conflict on constraint user_verifications_pkey do update set
    phone_verified_at = excluded.phone_verified_at,
    email_verified_at = excluded.email_verified_at,
    aadhaar_verified_at = case when new.deleted_at is null then v.aadhaar_verified_at end,
    aadhaar_hash = case when new.deleted_at is null then v.aadhaar_hash end,
    aadhaar_last4 = case when new.deleted_at is null then v.aadhaar_last4 end;
  return new;
end $$;
create trigger users_verifications after insert or update of phone_verified_at, email_verified_at, deleted_at on identity.users
  for each row execute function verification.follow_account();
insert into verification.user_verifications (user_id, marketplace, phone_verified_at, email_verified_at)
select u.id, u.marketplace, u.phone_verified_at, u.email_verified_at from identity.users u;

-- One consent to ask the government's register and the code that was sent for it. The number itself is never stored.
create table verification.aadhaar_requests (
  id uuid not null default app.uuid_v7() constraint aadhaar_requests_pkey primary key,
  marketplace text not null constraint aadhaar_requests_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint aadhaar_requests_user_id_fkey references identity.users on delete cascade,
  aadhaar_hash text not null,
  aadhaar_last4 text not null constraint aadhaar_requests_aadhaar_last4_check check (aadhaar_last4 ~ '^[0-9]{4}$'),
  -- Null until the provider has sent its code.
  provider_reference text,
  consented_at timestamptz not null default app.now(),
  attempts smallint not null default 0 constraint aadhaar_requests_attempts_check check (attempts between 0 and 5),
  expires_at timestamptz not null,
  outcome text constraint aadhaar_requests_outcome_check check (outcome in ('verified', 'expired', 'refused', 'taken')),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index aadhaar_requests_user_id_idx on verification.aadhaar_requests (user_id, id);
create trigger aadhaar_requests_touch before update on verification.aadhaar_requests
  for each row execute function app.touch_updated_at();
select app.protect('verification.aadhaar_requests');

-- Each comparison of a selfie with a document. The uploads are no foreign keys: a comparison outlives its pictures.
create table verification.face_attempts (
  id uuid not null default app.uuid_v7() constraint face_attempts_pkey primary key,
  marketplace text not null constraint face_attempts_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint face_attempts_user_id_fkey references identity.users on delete cascade,
  selfie_upload_id uuid not null,
  document_upload_id uuid not null,
  outcome text not null constraint face_attempts_outcome_check
    check (outcome in ('verified', 'face_mismatch', 'no_face', 'image_unusable')),
  -- Percent, as the service tells it; null where it found nothing to compare.
  similarity numeric(5, 2),
  threshold numeric(5, 2) not null,
  created_at timestamptz not null default app.now()
);
create index face_attempts_user_id_idx on verification.face_attempts (user_id, created_at);
select app.protect('verification.face_attempts');

-- A document that a person hands in, and what staff decided. Expiry is no status: whether it counts is asked of the date.
create table verification.documents (
  id uuid not null default app.uuid_v7() constraint documents_pkey primary key,
  marketplace text not null constraint documents_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint documents_user_id_fkey references identity.users on delete cascade,
  type varchar(50) not null constraint documents_type_check check (type in ('government_id', 'license', 'nbi_clearance',
    'health_cert', 'address_proof', 'business_registration', 'certification', 'insurance', 'other')),
  upload_id uuid not null constraint documents_upload_id_fkey references identity.uploads,
  back_upload_id uuid constraint documents_back_upload_id_fkey references identity.uploads,
  -- Sealed about `verification.documents.number/<upload_id>`.
  number_sealed text,
  number_last4 varchar(4),
  expires_on date,
  status text not null default 'pending' constraint documents_status_check check (status in ('pending', 'verified', 'rejected')),
  reason varchar(500),
  reviewed_by uuid constraint documents_reviewed_by_fkey references identity.users on delete set null,
  reviewed_at timestamptz,
  -- The smallest number of days before its end that the person was warned of.
  warned_days smallint,
  -- When the daily run saw that it had run out.
  lapsed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint documents_number_check check ((number_sealed is null) = (number_last4 is null)),
  constraint documents_reviewed_at_check check ((status = 'pending') = (reviewed_at is null)),
  constraint documents_reason_check check ((status = 'rejected') = (reason is not null))
);
-- One of a type waits for review at a time; a verified one may be renewed while it still counts.
create unique index documents_pending_key on verification.documents (user_id, type) where status = 'pending';
create index documents_user_id_idx on verification.documents (user_id, type, id);
create index documents_status_idx on verification.documents (status, marketplace, id);
create index documents_type_idx on verification.documents (type, status);
create index documents_expires_on_idx on verification.documents (expires_on, marketplace)
  where status = 'verified' and lapsed_at is null;
create index documents_upload_id_idx on verification.documents (upload_id);
create index documents_back_upload_id_idx on verification.documents (back_upload_id);
create index documents_reviewed_by_idx on verification.documents (reviewed_by);
create trigger documents_touch before update on verification.documents for each row execute function app.touch_updated_at();
select app.protect('verification.documents');
create policy api_select on verification.documents for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, user_id, type, upload_id, back_upload_id, number_last4, expires_on, status, reason, reviewed_at,
  created_at, updated_at) on verification.documents to vicinity_api;

-- Which documents a role needs in a marketplace, as its file says.
create table verification.requirements (
  marketplace text not null constraint requirements_marketplace_fkey references app.marketplaces,
  role text not null,
  document_type varchar(50) not null,
  constraint requirements_pkey primary key (marketplace, role, document_type)
);
select app.protect('verification.requirements');

-- The standing of a person whose roles need documents. Nobody writes it but `verification.assess`.
create table verification.providers (
  user_id uuid not null constraint providers_pkey primary key
    constraint providers_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint providers_marketplace_fkey references app.marketplaces,
  status text not null default 'pending' constraint providers_status_check
    check (status in ('pending', 'under_review', 'verified', 'rejected')),
  verified_at timestamptz,
  verified_by uuid constraint providers_verified_by_fkey references identity.users on delete set null,
  rejection_reason varchar(500),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint providers_verified_at_check check ((status = 'verified') = (verified_at is not null)),
  constraint providers_rejection_reason_check check ((status = 'rejected') = (rejection_reason is not null))
);
create index providers_status_idx on verification.providers (status, marketplace, user_id);
create index providers_verified_by_idx on verification.providers (verified_by);
create trigger providers_touch before update on verification.providers for each row execute function app.touch_updated_at();
select app.protect('verification.providers');
create policy api_select on verification.providers for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on verification.providers to vicinity_api;

-- A role that is taken or given may need other documents.
create function verification.follow_roles() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform verification.assess(case when tg_op = 'DELETE' then old.user_id else new.user_id end);
  return null;
end $$;
create trigger user_roles_standing after insert or delete on identity.user_roles
  for each row execute function verification.follow_roles();
