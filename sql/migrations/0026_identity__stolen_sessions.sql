-- What a stolen session and a copied picture are not enough for.

alter table identity.otps
  drop constraint otps_purpose_check,
  add constraint otps_purpose_check check (purpose in ('sign_in', 'sign_up', 'reset_password', 'change_contact', 'set_password',
    'start_two_factor', 'create_token', 'delete_account', 'restore_account'));

-- A video in which Rekognition looks for a living face. Its id is Rekognition's.
create table verification.liveness_sessions (
  id uuid not null constraint liveness_sessions_pkey primary key,
  marketplace text not null constraint liveness_sessions_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint liveness_sessions_user_id_fkey references identity.users on delete cascade,
  -- Rekognition forgets what it saw then.
  expires_at timestamptz not null,
  created_at timestamptz not null default app.now()
);
create index liveness_sessions_user_id_idx on verification.liveness_sessions (user_id);
create index liveness_sessions_created_at_idx on verification.liveness_sessions (created_at);
select app.protect('verification.liveness_sessions');

alter table verification.face_attempts
  alter column selfie_upload_id drop not null,
  -- No foreign key either: an attempt outlives its session.
  add column liveness_session_id uuid constraint face_attempts_liveness_session_id_key unique,
  -- Percent, as the service tells it.
  add column liveness_confidence numeric(5, 2),
  add constraint face_attempts_source_check check (num_nonnulls(selfie_upload_id, liveness_session_id) = 1),
  drop constraint face_attempts_outcome_check,
  add constraint face_attempts_outcome_check
    check (outcome in ('verified', 'face_mismatch', 'no_face', 'image_unusable', 'same_picture', 'not_live'));

-- What a person calls a file, for whoever reviews it. Its object has a name of its own.
alter table identity.uploads add column file_name varchar(255) constraint uploads_file_name_check check (file_name <> '');

-- These take more, or answer with more columns, than before.
drop function if exists identity.create_access_token(uuid, uuid, text, text, jsonb, timestamptz);
drop function if exists identity.announce_upload(text, text, integer);
drop function if exists verification.open_document(uuid);
drop function if exists verification.face_inputs(uuid, uuid);
drop function if exists verification.settle_face(uuid, uuid, text, numeric, numeric);
