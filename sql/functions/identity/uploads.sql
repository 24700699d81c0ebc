-- Announces a file that the caller is about to upload. Thirty an hour are more than anybody needs.
create or replace function identity.announce_upload(purpose text, content_type text, size integer, file_name text)
returns identity.uploads
language plpgsql security definer set search_path = public, pg_temp as $$
declare announced identity.uploads;
begin
  -- One after the other, or a burst would count too few.
  perform from identity.users u where u.id = app.actor() for no key update;
  if (select count(*) >= 30 from identity.uploads u
      where u.user_id = app.actor() and u.id >= app.uuid_v7_floor(app.now() - interval '1 hour')) then
    perform app.refuse('too_many_uploads');
  end if;
  insert into identity.uploads (marketplace, user_id, purpose, content_type, size, file_name)
  values (app.marketplace(), app.actor(), announce_upload.purpose, announce_upload.content_type, announce_upload.size,
    announce_upload.file_name)
  returning * into announced;
  return announced;
end $$;

-- Writes what was found in a file of the caller's: 'stored', or 'rejected' when it is not what was announced.
create or replace function identity.settle_upload(upload_id uuid, status text) returns setof identity.uploads
language sql security definer set search_path = public, pg_temp as $$
  update identity.uploads u set status = settle_upload.status, settled_at = app.now()
  where u.id = settle_upload.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace()
    and u.status = 'pending';
  select * from identity.uploads u
  where u.id = settle_upload.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace()
$$;

-- Files that are a day old and were never completed, or were not what was announced: at most `batch`, with the names of their
-- objects. They are rejected first, so that none of them is completed while its object goes.
create or replace function identity.expire_uploads(batch integer) returns table (id uuid, object_name text)
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select u.id from identity.uploads u
    where u.status <> 'stored' and u.created_at < app.now() - interval '1 day' order by u.created_at limit batch
    for update skip locked)
  update identity.uploads u set status = 'rejected', settled_at = coalesce(u.settled_at, app.now())
  from due where u.id = due.id
  returning u.id, u.object_name
$$;

-- Forgets a file whose object is gone.
create or replace function identity.forget_upload(upload_id uuid) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  delete from identity.uploads u where u.id = upload_id and u.status = 'rejected' returning true
$$;

grant execute on function identity.expire_uploads(integer), identity.forget_upload(uuid) to vicinity_worker;
grant execute on function identity.announce_upload(text, text, integer, text), identity.settle_upload(uuid, text) to vicinity_api;
