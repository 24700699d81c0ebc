-- Books a space for the person of this transaction at a price that was reckoned from the space as `version` had it. Refuses
-- with not_found when it is no longer listed, listing_changed when its terms have changed since, and as `booking.place` does.
--
-- terms: what `booking.place` takes besides what the space itself says.
create or replace function parking.book(space_id uuid, version integer, terms jsonb) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare space parking.spaces;
begin
  -- Not locked: a change that commits after this reads as one that came after the booking.
  select s.* into space from parking.spaces s
  where s.id = book.space_id and s.marketplace = app.marketplace() and s.listing_status = 'active';
  if not found then perform app.refuse('not_found'); end if;
  if space.version <> book.version then perform app.refuse('listing_changed'); end if;
  return booking.place(terms || jsonb_build_object(
    'module', 'parking', 'resource_id', space.id, 'resource_name', space.title, 'provider_id', space.owner_id,
    'capacity', space.capacity, 'instant', space.instant_booking_enabled, 'time_zone', space.time_zone,
    'currency', space.currency));
end $$;

grant execute on function parking.book(uuid, integer, jsonb) to vicinity_api;
