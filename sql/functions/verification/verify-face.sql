-- Draws one of the ten sessions of a day in which a living face is looked for. Refused where the marketplace asks for none: 'not_found'.
create or replace function verification.begin_liveness() returns table (retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not verification.wants_liveness() then perform app.refuse('not_found'); end if;
  retry_after := app.draw('liveness:' || app.actor(), 10, interval '1 day');
  return next;
end $$;

-- Keeps whose a session of Rekognition's is.
create or replace function verification.keep_liveness(session_id uuid, seconds integer)
returns table (liveness_session_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    insert into verification.liveness_sessions as s (id, marketplace, user_id, expires_at)
    values (keep_liveness.session_id, app.marketplace(), app.actor(), app.now() + make_interval(secs => keep_liveness.seconds))
    returning s.id, s.expires_at;
end $$;

-- Whether a picture is no selfie here: the marketplace wants to see somebody alive.
create or replace function verification.wants_liveness() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((app.setting('face_liveness') #>> '{}')::boolean, false)
$$;

-- What a comparison needs: the names of the selfie and of the document in the bucket, the thresholds, and how many of the five
-- comparisons of a day are left. The document was handed in and not rejected, so that staff see it: the picture that is named, or the
-- front of the latest government id. A name is null where there is no such picture of the caller's, stored and of a kind that can be
-- compared. `same_size`: the bytes of both pictures where they have equally many; `is_document`: the selfie was handed in as one;
-- `is_session`: the session is the caller's, has not expired and has served for nothing yet.
create or replace function verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid)
returns table (selfie text, document text, document_id uuid, same_size integer, is_document boolean, is_session boolean,
  wants_liveness boolean, threshold double precision, confidence double precision, attempts_left integer, retry_after integer)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare oldest timestamptz; used integer;
begin
  document_id := (
    select p.id from verification.documents d cross join lateral (values (d.upload_id), (d.back_upload_id)) as p (id)
    where d.user_id = app.actor() and d.marketplace = app.marketplace() and d.status <> 'rejected'
      and case when face_inputs.document_upload_id is null then d.type = 'government_id' and p.id = d.upload_id
               else p.id = face_inputs.document_upload_id end
    order by d.id desc limit 1);
  selfie := verification.picture(selfie_upload_id);
  document := verification.picture(document_id);
  same_size := (select s.size from identity.uploads s join identity.uploads d on d.size = s.size
                where s.id = face_inputs.selfie_upload_id and d.id = face_inputs.document_id);
  is_document := exists (
    select from verification.documents d
    where d.user_id = app.actor() and face_inputs.selfie_upload_id in (d.upload_id, d.back_upload_id));
  is_session := exists (
    select from verification.liveness_sessions s
    where s.id = face_inputs.liveness_session_id and s.user_id = app.actor() and s.marketplace = app.marketplace()
      and s.expires_at > app.now() and not exists (select from verification.face_attempts a where a.liveness_session_id = s.id));
  wants_liveness := verification.wants_liveness();
  threshold := coalesce((app.setting('face_match_threshold') #>> '{}')::double precision, 90);
  confidence := coalesce((app.setting('face_liveness_confidence') #>> '{}')::double precision, 80);
  select min(a.created_at), count(*)::integer into oldest, used from verification.face_attempts a
  where a.user_id = app.actor() and a.created_at > app.now() - interval '1 day';
  attempts_left := greatest(5 - used, 0);
  retry_after := case when attempts_left = 0
    then greatest(ceil(extract(epoch from oldest + interval '1 day' - app.now())), 1)::integer end;
  return next;
end $$;

-- The object of a picture of the caller's. Only JPEG and PNG can be compared.
create or replace function verification.picture(upload_id uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select u.object_name from identity.uploads u
  where u.id = picture.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace() and u.status = 'stored'
    and u.content_type in ('image/jpeg', 'image/png')
$$;

-- Writes what became of a comparison: 'verified', 'face_mismatch', 'no_face', 'image_unusable', 'same_picture' or 'not_live'. The lock
-- on the person's row makes comparisons count one after the other: whoever raced past the limit is told 'too_many_attempts', a match
-- included. A session of a living face serves once: shown again it is told 'liveness_used'.
create or replace function verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid,
  outcome text, similarity numeric, threshold numeric, confidence numeric)
returns table (settled text, attempts_left integer, mine jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare facts jsonb := jsonb_strip_nulls(jsonb_build_object('similarity', settle_face.similarity, 'threshold', settle_face.threshold,
  'liveness_confidence', settle_face.confidence));
begin
  perform from verification.user_verifications v where v.user_id = app.actor() and v.marketplace = app.marketplace() for update;
  select 4 - count(*)::integer into attempts_left from verification.face_attempts a
  where a.user_id = app.actor() and a.created_at > app.now() - interval '1 day';
  if attempts_left < 0 then
    settled := 'too_many_attempts';
    return next;
    return;
  end if;
  settled := settle_face.outcome;
  insert into verification.face_attempts (marketplace, user_id, selfie_upload_id, document_upload_id, liveness_session_id, outcome,
    similarity, threshold, liveness_confidence)
  values (app.marketplace(), app.actor(), settle_face.selfie_upload_id, settle_face.document_upload_id,
    settle_face.liveness_session_id, settled, settle_face.similarity, settle_face.threshold, settle_face.confidence)
  on conflict on constraint face_attempts_liveness_session_id_key do nothing;
  if not found then
    settled := 'liveness_used';
    return next;
    return;
  end if;
  perform app.audit('verification.face_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text, metadata => jsonb_build_object('outcome', settled) || facts);
  if settled = 'verified' then
    update verification.user_verifications v set face_verified_at = app.now(),
      metadata = v.metadata || jsonb_build_object('face', facts)
    where v.user_id = app.actor();
    perform app.emit('verification.level_verified', jsonb_build_object('user_id', app.actor(), 'level', 'face'));
    select to_jsonb(m) into mine from verification.mine() as m;
  end if;
  return next;
end $$;

grant execute on function verification.begin_liveness(), verification.keep_liveness(uuid, integer),
  verification.face_inputs(uuid, uuid, uuid), verification.settle_face(uuid, uuid, uuid, text, numeric, numeric, numeric)
  to vicinity_api;
