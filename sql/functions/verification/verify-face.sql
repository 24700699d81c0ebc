-- What a comparison needs: the names of the selfie and of the document in the bucket, the threshold, and how many of the five
-- comparisons of a day are left. The document was handed in and not rejected, so that staff see it: the picture that is named, or the
-- front of the latest government id. A name is null where there is no such picture of the caller's, stored and of a kind that can be compared.
create or replace function verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid)
returns table (selfie text, document text, document_id uuid, threshold double precision, attempts_left integer, retry_after integer)
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
  threshold := coalesce((app.setting('face_match_threshold') #>> '{}')::double precision, 90);
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

-- Writes what became of a comparison: 'verified', 'face_mismatch', 'no_face' or 'image_unusable'. The lock on the person's row makes
-- comparisons count one after the other: whoever raced past the limit is told 'too_many_attempts', a match included.
create or replace function verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, outcome text,
  similarity numeric, threshold numeric) returns table (settled text, attempts_left integer, mine jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
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
  insert into verification.face_attempts (marketplace, user_id, selfie_upload_id, document_upload_id, outcome, similarity, threshold)
  values (app.marketplace(), app.actor(), settle_face.selfie_upload_id, settle_face.document_upload_id, settled,
    settle_face.similarity, settle_face.threshold);
  perform app.audit('verification.face_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text,
    metadata => jsonb_build_object('outcome', settled, 'similarity', settle_face.similarity, 'threshold', settle_face.threshold));
  if settled = 'verified' then
    update verification.user_verifications v set face_verified_at = app.now(),
      metadata = v.metadata || jsonb_build_object('face', jsonb_build_object('similarity', settle_face.similarity,
        'threshold', settle_face.threshold))
    where v.user_id = app.actor();
    perform app.emit('verification.level_verified', jsonb_build_object('user_id', app.actor(), 'level', 'face'));
    select to_jsonb(m) into mine from verification.mine() as m;
  end if;
  return next;
end $$;

grant execute on function verification.face_inputs(uuid, uuid), verification.settle_face(uuid, uuid, text, numeric, numeric)
  to vicinity_api;
