-- What a person sees of a document of theirs, as the use cases' `Document` reads it. Whether it has run out is asked of the date.
create or replace function verification.shown(document verification.documents) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', document.id, 'type', document.type, 'upload_id', document.upload_id,
    'back_upload_id', document.back_upload_id, 'number_last4', document.number_last4, 'expires_on', document.expires_on,
    'is_expired', coalesce(document.expires_on < verification.today(), false), 'status', document.status,
    'reason', document.reason, 'reviewed_at', document.reviewed_at, 'created_at', document.created_at)
$$;

-- Hands a document in for review. Refuses uploads that are not the caller's stored documents ('upload_not_found'), a document
-- that has run out ('document_expired'), and by documents_pending_key a second one of a type while one waits.
create or replace function verification.submit_document(facts jsonb) returns table (document jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare made verification.documents; wanted uuid[];
begin
  wanted := array_remove(array[(facts ->> 'upload_id')::uuid, (facts ->> 'back_upload_id')::uuid], null);
  if (select count(*) from identity.uploads u
      where u.id = any (wanted) and u.user_id = app.actor() and u.marketplace = app.marketplace()
        and u.purpose = 'document' and u.status = 'stored') <> cardinality(wanted) then
    perform app.refuse('upload_not_found');
  end if;
  if (facts ->> 'expires_on')::date < verification.today() then perform app.refuse('document_expired'); end if;
  insert into verification.documents (marketplace, user_id, type, upload_id, back_upload_id, number_sealed, number_last4, expires_on)
  values (app.marketplace(), app.actor(), facts ->> 'type', (facts ->> 'upload_id')::uuid, (facts ->> 'back_upload_id')::uuid,
    facts ->> 'number_sealed', facts ->> 'number_last4', (facts ->> 'expires_on')::date)
  returning * into made;
  perform app.audit('verification.document_submitted', 'verification', 'documents', made.id::text,
    new_values => jsonb_build_object('type', made.type, 'status', made.status, 'expires_on', made.expires_on));
  perform verification.assess(app.actor());
  return query select verification.shown(made);
end $$;

-- Takes back a document that nobody has looked at yet. No row where there is none of the caller's; refuses 'document_reviewed'.
create or replace function verification.withdraw_document(document_id uuid) returns table (id uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
declare found_ verification.documents;
begin
  select * into found_ from verification.documents d
  where d.id = document_id and d.user_id = app.actor() and d.marketplace = app.marketplace() for update;
  if found_.id is null then return; end if;
  if found_.status <> 'pending' then perform app.refuse('document_reviewed'); end if;
  perform verification.withdraw_face(found_);
  delete from verification.documents d where d.id = found_.id;
  perform app.audit('verification.document_withdrawn', 'verification', 'documents', found_.id::text,
    jsonb_build_object('type', found_.type, 'status', found_.status));
  perform verification.assess(app.actor());
  return query select found_.id;
end $$;

grant execute on function verification.submit_document(jsonb), verification.withdraw_document(uuid) to vicinity_api;
