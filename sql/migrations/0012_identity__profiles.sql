-- What a person tells of themselves: the profile, uploaded files, addresses, a tenant's and a host's profile, onboarding; and
-- the devices that messages are pushed to.

-- Files that people upload. The object lies in the private bucket: under `incoming/` until its bytes were looked at, then under
-- `stored/`, where no form of the person's can write.
create table identity.uploads (
  id uuid not null default app.uuid_v7() constraint uploads_pkey primary key,
  marketplace text not null constraint uploads_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint uploads_user_id_fkey references identity.users on delete cascade,
  purpose text not null constraint uploads_purpose_check check (purpose in ('profile_photo', 'document')),
  content_type text not null constraint uploads_content_type_check
    check (content_type in ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
  -- As announced; as found once the file is stored.
  size integer not null constraint uploads_size_check check (size between 1 and 10485760),
  status text not null default 'pending' constraint uploads_status_check check (status in ('pending', 'stored', 'rejected')),
  -- The object's name after `incoming/` or `stored/`. It begins with marketplace and person, so that one prefix is all of theirs.
  object_name text not null generated always as (marketplace || '/' || user_id || '/' || id) stored,
  settled_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint uploads_photo_check check (purpose <> 'profile_photo' or content_type <> 'application/pdf'),
  constraint uploads_settled_at_check check ((settled_at is not null) = (status <> 'pending'))
);
create index uploads_user_id_idx on identity.uploads (user_id, id);
create trigger uploads_touch before update on identity.uploads for each row execute function app.touch_updated_at();
select app.protect('identity.uploads');
create policy api_select on identity.uploads for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.uploads to vicinity_api;

-- One name is stored, as the person writes it; its first word and the rest are what the documents call first and last name.
alter table identity.users
  add column first_name text not null generated always as (split_part(full_name, ' ', 1)) stored,
  add column last_name text generated always as (nullif(btrim(substring(full_name from ' .*$')), '')) stored,
  add column date_of_birth date constraint users_date_of_birth_check check (date_of_birth >= '1900-01-01'),
  add column gender text constraint users_gender_check check (gender in ('male', 'female', 'other', 'prefer_not_to_say')),
  add column profile_photo_id uuid constraint users_profile_photo_id_fkey references identity.uploads on delete set null,
  add column onboarding_completed boolean not null default false,
  -- { "<channel>": { "<topic>": false } }: what is not said is wanted.
  add column notification_preferences jsonb not null default '{}'
    constraint users_notification_preferences_check check (jsonb_typeof(notification_preferences) = 'object'),
  -- Whether a match opens the person's address and number.
  add column contact_visibility text not null default 'visible'
    constraint users_contact_visibility_check check (contact_visibility in ('visible', 'hidden'));
create index users_profile_photo_id_idx on identity.users (profile_photo_id);
grant select (first_name, last_name, date_of_birth, gender, profile_photo_id, onboarding_completed, notification_preferences,
  contact_visibility, last_active_at) on identity.users to vicinity_api;

-- A person's own profile as the use cases read it.
create type identity.profile as (id uuid, full_name text, first_name text, last_name text, email text,
  email_verified_at timestamptz, phone_sealed text, phone_hash text, phone_verified_at timestamptz, roles jsonb,
  account_status text, preferred_language text, date_of_birth date, gender text, profile_photo_id uuid, photo_name text,
  badges jsonb, onboarding_completed boolean, notification_preferences jsonb, contact_visibility text,
  last_active_at timestamptz, created_at timestamptz);

-- Where a person lives, works or wants to be served. Street and unit are sealed; what lists filter by is not.
create table identity.addresses (
  id uuid not null constraint addresses_pkey primary key,
  marketplace text not null constraint addresses_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint addresses_user_id_fkey references identity.users on delete cascade,
  kind text not null default 'home' constraint addresses_kind_check check (kind in ('home', 'work', 'other')),
  label varchar(50),
  sealed_lines text not null,
  city varchar(100) not null,
  state varchar(100),
  zip_code varchar(20),
  country varchar(2) not null constraint addresses_country_check check (country ~ '^[A-Z]{2}$'),
  location geography(point, 4326),
  -- When a geocoder knew the address; null where the marketplace does not ask.
  validated_at timestamptz constraint addresses_validated_at_check check (validated_at is null or location is not null),
  is_default boolean not null default false,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index addresses_user_id_idx on identity.addresses (user_id, created_at, id);
create unique index addresses_default_key on identity.addresses (user_id) where is_default;
create index addresses_location_idx on identity.addresses using gist (location);
create trigger addresses_touch before update on identity.addresses for each row execute function app.touch_updated_at();
select app.protect('identity.addresses');
create policy api_select on identity.addresses for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.addresses to vicinity_api;

-- What a person says as somebody who looks for a home.
create table identity.tenant_profiles (
  user_id uuid not null constraint tenant_profiles_pkey primary key
    constraint tenant_profiles_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint tenant_profiles_marketplace_fkey references app.marketplaces,
  about varchar(1000),
  occupation varchar(100),
  employer varchar(100),
  food_preference text constraint tenant_profiles_food_preference_check
    check (food_preference in ('vegetarian', 'vegan', 'eggetarian', 'non_vegetarian', 'any')),
  smoking text constraint tenant_profiles_smoking_check check (smoking in ('never', 'outside', 'yes')),
  drinking text constraint tenant_profiles_drinking_check check (drinking in ('never', 'socially', 'yes')),
  pets text constraint tenant_profiles_pets_check check (pets in ('none', 'has_pets', 'likes_pets')),
  sleep_schedule text constraint tenant_profiles_sleep_schedule_check check (sleep_schedule in ('early', 'late', 'flexible')),
  guests text constraint tenant_profiles_guests_check check (guests in ('rarely', 'sometimes', 'often')),
  languages text[] constraint tenant_profiles_languages_check
    check (cardinality(languages) between 1 and 10 and array_position(languages, null) is null),
  profile_completeness integer not null generated always as (num_nonnulls(about, occupation, employer, food_preference, smoking,
    drinking, pets, sleep_schedule, guests, languages) * 100 / 10) stored
    constraint tenant_profiles_profile_completeness_check check (profile_completeness between 0 and 100),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create trigger tenant_profiles_touch before update on identity.tenant_profiles
  for each row execute function app.touch_updated_at();
select app.protect('identity.tenant_profiles');
create policy api_select on identity.tenant_profiles for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.tenant_profiles to vicinity_api;

-- What a person says as somebody who has a home to let.
create table identity.host_profiles (
  user_id uuid not null constraint host_profiles_pkey primary key
    constraint host_profiles_user_id_fkey references identity.users on delete cascade,
  marketplace text not null constraint host_profiles_marketplace_fkey references app.marketplaces,
  host_category text not null constraint host_profiles_host_category_check
    check (host_category in ('owner', 'broker', 'company')),
  about varchar(1000),
  business_name varchar(200),
  business_registration varchar(50),
  business_city varchar(100),
  website varchar(300),
  years_of_experience smallint constraint host_profiles_years_of_experience_check check (years_of_experience between 0 and 80),
  languages text[] constraint host_profiles_languages_check
    check (cardinality(languages) between 1 and 10 and array_position(languages, null) is null),
  avg_rating numeric(3, 2) constraint host_profiles_avg_rating_check check (avg_rating between 1 and 5),
  -- An owner has no business to tell of.
  profile_completeness integer not null generated always as (case host_category
    when 'owner' then num_nonnulls(host_category, about, years_of_experience, languages) * 100 / 4
    else num_nonnulls(host_category, about, years_of_experience, languages, business_name, business_registration, business_city,
      website) * 100 / 8 end) stored
    constraint host_profiles_profile_completeness_check check (profile_completeness between 0 and 100),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint host_profiles_business_check check (host_category = 'owner' or business_name is not null)
);
create trigger host_profiles_touch before update on identity.host_profiles
  for each row execute function app.touch_updated_at();
select app.protect('identity.host_profiles');
create policy api_select on identity.host_profiles for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.host_profiles to vicinity_api;

-- A way through the first steps in one role. One is open at a time; time is counted in seconds while it is not paused, and
-- shown in whole minutes.
create table identity.onboarding_sessions (
  id uuid not null default app.uuid_v7() constraint onboarding_sessions_pkey primary key,
  marketplace text not null constraint onboarding_sessions_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint onboarding_sessions_user_id_fkey references identity.users on delete cascade,
  role varchar(20) not null,
  current_step varchar(50),
  started_at timestamptz not null default app.now(),
  last_active_at timestamptz not null default app.now(),
  completed_at timestamptz,
  spent_seconds integer not null default 0 constraint onboarding_sessions_spent_seconds_check check (spent_seconds >= 0),
  total_time_spent integer not null generated always as (spent_seconds / 60) stored,
  is_paused boolean not null default false,
  paused_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint onboarding_sessions_paused_at_check check ((paused_at is not null) = is_paused),
  constraint onboarding_sessions_completed_at_check check (completed_at is null or not is_paused)
);
create unique index onboarding_sessions_open_key on identity.onboarding_sessions (user_id) where completed_at is null;
create index onboarding_sessions_user_id_idx on identity.onboarding_sessions (user_id, id);
create index onboarding_sessions_role_idx on identity.onboarding_sessions (role);
create index onboarding_sessions_current_step_idx on identity.onboarding_sessions (current_step);
create index onboarding_sessions_completed_at_idx on identity.onboarding_sessions (completed_at);
create trigger onboarding_sessions_touch before update on identity.onboarding_sessions
  for each row execute function app.touch_updated_at();
select app.protect('identity.onboarding_sessions');
create policy api_select on identity.onboarding_sessions for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on identity.onboarding_sessions to vicinity_api;

create table identity.step_progress (
  id uuid not null default app.uuid_v7() constraint step_progress_pkey primary key,
  session_id uuid not null constraint step_progress_session_id_fkey references identity.onboarding_sessions on delete cascade,
  step_id varchar(50) not null,
  status text not null default 'pending' constraint step_progress_status_check
    check (status in ('pending', 'in_progress', 'completed', 'skipped')),
  data jsonb not null default '{}' constraint step_progress_data_check check (jsonb_typeof(data) = 'object'),
  started_at timestamptz,
  completed_at timestamptz,
  skipped_at timestamptz,
  spent_seconds integer not null default 0 constraint step_progress_spent_seconds_check check (spent_seconds >= 0),
  time_spent integer not null generated always as (spent_seconds / 60) stored,
  created_at timestamptz not null default app.now(),
  constraint step_progress_step_key unique (session_id, step_id),
  constraint step_progress_completed_at_check check ((completed_at is not null) = (status = 'completed')),
  constraint step_progress_skipped_at_check check ((skipped_at is not null) = (status = 'skipped'))
);
create index step_progress_step_id_idx on identity.step_progress (step_id);
create index step_progress_status_idx on identity.step_progress (status);
select app.protect('identity.step_progress');
create policy api_select on identity.step_progress for select to vicinity_api
  using (exists (
    select from identity.onboarding_sessions s where s.id = session_id and s.user_id = (select app.actor())));
grant select on identity.step_progress to vicinity_api;

-- An onboarding session with its steps as the use cases read it.
create type identity.onboarding as (id uuid, role text, current_step text, started_at timestamptz, last_active_at timestamptz,
  completed_at timestamptz, total_time_spent integer, is_paused boolean, paused_at timestamptz, steps jsonb);

-- Which of SNS's applications made the endpoint.
alter table notify.devices add column platform text not null default 'android' constraint devices_platform_check
  check (platform in ('ios', 'android', 'web'));
alter table notify.devices alter column platform drop default;
create policy api_select on notify.devices for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on notify.devices to vicinity_api;
