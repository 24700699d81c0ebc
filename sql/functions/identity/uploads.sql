-- Announces a file that the caller is about to upload. Thirty an hour are more than anybody needs.
create or replace function identity.announce_upload(purpose text, content_type text, size integer) returns identity.uploads
language plpgsql security definer set search_path = public, pg_temp as $$
declare announced identity.uploads;
begin
  -- One after the other, or a burst would count too few.
  perform from identity.users u where u.id = app.actor() for no key update;
  if (select count(*) >= 30 from identity.uploads u
      where u.user_id = app.actor() and u.id >= app.uuid_v7_floor(app.now() - interval '1 hour')) then
    perform app.refuse('too_many_uploads');
  end if;
  insert into identity.uploads (marketplace, user_id, purpose, content_type, size)
  values (app.marketplace(), app.actor(), announce_upload.purpose, announce_upload.content_type, announce_upload.size)
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

grant execute on function identity.announce_upload(text, text, integer), identity.settle_upload(uuid, text) to vicinity_api;
