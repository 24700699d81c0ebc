-- Length, width and height of a vehicle of the caller's, in inches. Null when none is named. Refuses with vehicle_not_yours.
create or replace function parking.vehicle_size(vehicle_id uuid) returns integer[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare size integer[];
begin
  if vehicle_id is null then return null; end if;
  select array[v.length_inches, v.width_inches, v.height_inches] into size from parking.vehicles v
  where v.id = vehicle_size.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
  if not found then perform app.refuse('vehicle_not_yours'); end if;
  return size;
end $$;

grant execute on function parking.vehicle_size(uuid) to vicinity_api;
