-- For staff; the use case's permission is the door.

-- Takes the level of face back where it was proven against a document that is no good.
create or replace function verification.withdraw_face(document verification.documents) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update verification.user_verifications v set face_verified_at = null, metadata = v.metadata - 'face'
  where v.user_id = document.user_id and v.face_verified_at is not null
    and (select a.document_upload_id from verification.face_attempts a
         where a.user_id = document.user_id and a.outcome = 'verified' order by a.id desc limit 1)
      in (document.upload_id, document.back_upload_id);
  if found then
    perform app.audit('verification.face_withdrawn', 'verification', 'user_verifications', document.user_id::text,
      metadata => jsonb_build_object('document_id', document.id));
  end if;
end $$;

-- Decides about a document that waits. A second decision is refused ('document_reviewed'), as are one's own document
-- ('own_document'), verifying what has run out ('document_expired'), and by documents_reason_check rejecting without a reason.
create or replace function verification.review_document(document_id uuid, decision text, reason text)
returns table (document jsonb, user_id uuid, standing text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare reviewed verification.documents;
begin
  select * into reviewed from verification.documents d
  where d.id = document_id and d.marketplace = app.marketplace() for update;
  if reviewed.id is null then perform app.refuse('not_found'); end if;
  if reviewed.user_id = app.actor() then perform app.refuse('own_document'); end if;
  if reviewed.status <> 'pending' then perform app.refuse('document_reviewed'); end if;
  if decision = 'verified' and reviewed.expires_on < verification.today() then perform app.refuse('document_expired'); end if;
  update verification.documents d set status = decision, reason = review_document.reason, reviewed_by = app.actor(),
    reviewed_at = app.now()
  where d.id = reviewed.id returning d.* into reviewed;
  perform app.audit('verification.document_' || decision, 'verification', 'documents', reviewed.id::text,
    '{"status": "pending"}', jsonb_build_object('status', decision, 'reason', reviewed.reason),
    jsonb_build_object('user_id', reviewed.user_id, 'type', reviewed.type));
  if decision = 'rejected' then perform verification.withdraw_face(reviewed); end if;
  perform app.emit('verification.document_reviewed', jsonb_build_object('user_id', reviewed.user_id,
    'document_id', reviewed.id, 'type', reviewed.type, 'status', decision));
  return query select verification.shown(reviewed), reviewed.user_id, verification.assess(reviewed.user_id);
end $$;

-- Opens a document to staff, with its sealed number and where its pictures lie; that somebody looked is audited.
create or replace function verification.open_document(document_id uuid)
returns table (document jsonb, user_id uuid, full_name text, standing text, number_sealed text, pictures jsonb,
  files jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare opened verification.documents;
begin
  select * into opened from verification.documents d where d.id = document_id and d.marketplace = app.marketplace();
  if opened.id is null then return; end if;
  perform app.audit('verification.document_opened', 'verification', 'documents', opened.id::text,
    metadata => jsonb_build_object('user_id', opened.user_id));
  return query
    select verification.shown(opened), u.id, u.full_name::text, p.status, opened.number_sealed,
           f.pictures, f.files
    from identity.users u left join verification.providers p on p.user_id = u.id
    cross join lateral (
      select jsonb_agg(f.object_name order by f.id = opened.back_upload_id) as pictures,
             jsonb_agg(jsonb_build_object('file_name', f.file_name, 'content_type', f.content_type, 'size', f.size)
               order by f.id = opened.back_upload_id) as files
      from identity.uploads f where f.id in (opened.upload_id, opened.back_upload_id)) as f
    where u.id = opened.user_id;
end $$;

-- The queue: documents of a status, the longest waiting first.
create or replace function verification.review_queue(status text, type text, after uuid, size integer)
returns table (document jsonb, id uuid, user_id uuid, standing text)
language sql stable security definer set search_path = public, pg_temp as $$
  select verification.shown(d), d.id, d.user_id, p.status
  from verification.documents d left join verification.providers p on p.user_id = d.user_id
  where d.status = review_queue.status and d.marketplace = app.marketplace()
    and (review_queue.type is null or d.type = review_queue.type) and (after is null or d.id > after)
  order by d.id
  limit size
$$;

grant execute on function verification.review_document(uuid, text, text), verification.open_document(uuid),
  verification.review_queue(text, text, uuid, integer) to vicinity_api;
