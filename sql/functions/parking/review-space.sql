-- What staff see of a space. Whoever calls these has the permission already: the route asks for it.
create or replace function parking.staff_view(space parking.spaces) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', space.id, 'owner_id', space.owner_id, 'title', space.title, 'description', space.description,
    'address', space.address, 'city', space.city, 'state', space.state, 'zip_code', space.zip_code,
    'location', app.place(space.location), 'listing_status', space.listing_status, 'approval_status', space.approval_status,
    'approval_reason', space.approval_reason, 'created_at', space.created_at, 'photos', coalesce((
      select jsonb_agg(jsonb_build_object('upload_id', p.upload_id, 'caption', p.caption, 'object_name', u.object_name)
        order by p.photo_order)
      from parking.space_photos p join identity.uploads u on u.id = p.upload_id
      where p.space_id = space.id and u.status = 'stored'), '[]'))
$$;

-- Spaces of the marketplace in one state of review, the oldest first.
create or replace function parking.review_queue(status text, after uuid, size integer) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select parking.staff_view(s) from parking.spaces s
  where s.marketplace = app.marketplace() and s.approval_status = review_queue.status and s.deleted_at is null
    and (review_queue.after is null or s.id > review_queue.after)
  order by s.id limit review_queue.size
$$;

-- Decides about a space that waits, once; the owner is told by an event. Refuses with not_found, own_space_review,
-- space_reviewed, and by spaces_approval_reason_check where a rejection gives no reason.
create or replace function parking.review_space(space_id uuid, decision text, reason text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces := parking.lock_space(review_space.space_id);
begin
  if space.owner_id = app.actor() then perform app.refuse('own_space_review'); end if;
  if space.approval_status <> 'pending' then perform app.refuse('space_reviewed'); end if;
  space.approval_status := review_space.decision;
  space.approval_reason := review_space.reason;
  space.reviewed_by := app.actor();
  space.reviewed_at := app.now();
  perform parking.write_space(space);
  perform app.audit('space.reviewed', 'parking', 'spaces', space.id::text,
    new_values => jsonb_build_object('approval_status', space.approval_status));
  perform app.emit('parking.space_reviewed', jsonb_build_object('space_id', space.id, 'user_id', space.owner_id,
    'title', space.title, 'approval_status', space.approval_status, 'reason', space.approval_reason));
  return parking.staff_view(space);
end $$;

-- Suspends a space, which its owner cannot undo, staff included, or ends that: it is inactive then, and its owner brings it back.
-- Refuses with not_found and own_space_review.
create or replace function parking.suspend_space(space_id uuid, suspended boolean, reason text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces := parking.lock_space(suspend_space.space_id); before text := space.listing_status;
begin
  if space.owner_id = app.actor() then perform app.refuse('own_space_review'); end if;
  if suspended then space.listing_status := 'suspended';
  elsif before = 'suspended' then space.listing_status := 'inactive';
  end if;
  perform parking.write_space(space);
  perform app.audit(case when suspended then 'space.suspended' else 'space.reinstated' end, 'parking', 'spaces', space.id::text,
    old_values => jsonb_build_object('listing_status', before),
    new_values => jsonb_build_object('listing_status', space.listing_status),
    metadata => jsonb_strip_nulls(jsonb_build_object('reason', suspend_space.reason)));
  return parking.staff_view(space);
end $$;

create or replace function parking.lock_space(space_id uuid) returns parking.spaces
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces;
begin
  select s.* into space from parking.spaces s
  where s.id = lock_space.space_id and s.marketplace = app.marketplace() and s.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return space;
end $$;

grant execute on function parking.review_queue(text, uuid, integer), parking.review_space(uuid, text, text),
  parking.suspend_space(uuid, boolean, text) to vicinity_api;
