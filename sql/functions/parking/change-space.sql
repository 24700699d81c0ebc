-- Changes what is named of a space of the caller's. What staff have approved and would not know again waits for them anew.
-- Refuses with not_found, space_suspended, city_not_supported, too_long_at_least, units_booked, and by the constraints of `parking.spaces`.
--
-- changes: as `parking.list_space` takes them, each left out where it stays, and `listing_status` 'active' or 'inactive'.
create or replace function parking.change_space(space_id uuid, changes jsonb) returns setof parking.my_spaces
language plpgsql security definer set search_path = public, pg_temp as $$
declare before parking.spaces; space parking.spaces;
begin
  before := parking.lock_my_space(change_space.space_id);
  if before.listing_status = 'suspended' and changes ? 'listing_status' then perform app.refuse('space_suspended'); end if;
  space := jsonb_populate_record(before, changes - 'location');
  if changes ? 'location' then
    space.location := app.point((changes #>> '{location,latitude}')::float8, (changes #>> '{location,longitude}')::float8);
  end if;
  if space.city <> before.city then perform parking.check_city(space.city); end if;
  if space.minimum_booking_hours > before.minimum_booking_hours then
    perform parking.check_shortest(space.minimum_booking_hours);
  end if;
  if parking.needs_approval() and before.approval_status <> 'pending' and (
    before.approval_status = 'rejected'
    or (space.title, space.description, space.address, space.city, space.location::geometry)
      is distinct from (before.title, before.description, before.address, before.city, before.location::geometry)
  ) then
    space.approval_status := 'pending';
    space.approval_reason := null;
  end if;
  perform parking.write_space(space);
  update parking.space_secrets t set
    access_instructions = case when changes ? 'access_instructions' then changes ->> 'access_instructions' else t.access_instructions end,
    special_instructions = case when changes ? 'special_instructions' then changes ->> 'special_instructions' else t.special_instructions end
  where t.space_id = space.id and changes ?| '{access_instructions,special_instructions}';
  return query select s.* from parking.my_spaces s where s.id = space.id;
end $$;

-- Takes a space of the caller's down for good. What was booked on it stays on record. Refuses with not_found, and with space_booked
-- while somebody still has it booked.
create or replace function parking.delete_space(space_id uuid) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces;
begin
  space := parking.lock_my_space(delete_space.space_id);
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where b.resource_id = space.id and b.status = any (f.live) and (b.ends_at > app.now() or b.status = f.running)
      and coalesce(b.expires_at > app.now(), true)
  ) then
    perform app.refuse('space_booked');
  end if;
  space.deleted_at := app.now();
  space.listing_status := 'inactive';
  perform parking.write_space(space);
  perform booking.drop_resource(space.id);
  return space.id;
end $$;

-- Pauses all that somebody lists. What is booked stays booked. For the functions that close accounts.
create or replace function parking.pause_spaces(person_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update booking.resources r set is_listed = false
  where r.owner_id = pause_spaces.person_id and r.module = 'parking' and r.is_listed;
  update parking.spaces s set listing_status = 'inactive', version = s.version + 1
  where s.owner_id = pause_spaces.person_id and s.listing_status = 'active';
$$;

-- The caller's own space, locked: against its own changes, and against bookings while it goes (see `parking.book`).
create or replace function parking.lock_my_space(space_id uuid) returns parking.spaces
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces;
begin
  select s.* into space from parking.spaces s
  where s.id = lock_my_space.space_id and s.marketplace = app.marketplace() and s.owner_id = app.actor()
    and s.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return space;
end $$;

-- Makes these uploads of the caller's the photographs of their space, in this order. Others are no longer shown. Where staff approve
-- spaces, a photograph or a caption that they have not seen waits for them with the space. Refuses with not_found, and with
-- upload_not_usable when one is not a stored photo of theirs.
--
-- photos: [{ upload_id, caption }, …]
create or replace function parking.set_photos(space_id uuid, photos jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces; is_new boolean;
begin
  space := parking.lock_my_space(set_photos.space_id);
  is_new := exists (
    select (p.photo ->> 'upload_id')::uuid, p.photo ->> 'caption' from jsonb_array_elements(photos) as p (photo)
    except select p.upload_id, p.caption from parking.space_photos p where p.space_id = space.id);
  delete from parking.space_photos p where p.space_id = space.id;
  insert into parking.space_photos (marketplace, space_id, owner_id, upload_id, photo_order, caption)
  select space.marketplace, space.id, space.owner_id, u.id, p.position, p.photo ->> 'caption'
  from jsonb_array_elements(photos) with ordinality as p (photo, position)
  join identity.uploads u on u.id = (p.photo ->> 'upload_id')::uuid
  where u.user_id = space.owner_id and u.marketplace = space.marketplace and u.purpose = 'space_photo' and u.status = 'stored';
  if (select count(*) from parking.space_photos p where p.space_id = space.id) <> jsonb_array_length(photos) then
    perform app.refuse('upload_not_usable');
  end if;
  update parking.spaces s set cover_object = (
    select u.object_name from parking.space_photos p join identity.uploads u on u.id = p.upload_id
    where p.space_id = s.id order by p.photo_order limit 1)
  where s.id = space.id;
  -- Fewer of them, or another order, show nothing that staff have not seen.
  if is_new and parking.needs_approval() and space.approval_status <> 'pending' then
    space.approval_status := 'pending';
    space.approval_reason := null;
    perform parking.write_space(space);
  end if;
  -- Looked up in here: the statement that calls this sees the photographs as they were before.
  return (
    select to_jsonb(s) || jsonb_build_object('photos', (
      select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p where p.space_id = s.id))
    from parking.my_spaces s where s.id = space.id);
end $$;

grant execute on function parking.change_space(uuid, jsonb), parking.delete_space(uuid), parking.set_photos(uuid, jsonb)
  to vicinity_api;
