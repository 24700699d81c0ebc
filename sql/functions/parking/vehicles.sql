-- Adds a vehicle of the person of this transaction. Refuses with too_many_vehicles, and by the constraints of `parking.vehicles`:
-- vehicles_vin_key and vehicles_tesla_vehicle_id_key when somebody has it already.
create or replace function parking.add_vehicle(details jsonb) returns setof parking.vehicles
language plpgsql security definer set search_path = public, pg_temp as $$
declare draft parking.vehicles := jsonb_populate_record(null::parking.vehicles, details);
begin
  -- One after the other, or a burst would count too few.
  perform from identity.users u where u.id = app.actor() for no key update;
  if (select count(*) >= 20 from parking.vehicles v where v.user_id = app.actor() and v.is_active) then
    perform app.refuse('too_many_vehicles');
  end if;
  return query
    insert into parking.vehicles (marketplace, user_id, tesla_vehicle_id, vin, license_plate, display_name, make, model, year,
      color, length_inches, width_inches, height_inches)
    values (app.marketplace(), app.actor(), draft.tesla_vehicle_id, draft.vin, draft.license_plate, draft.display_name, draft.make,
      draft.model, draft.year, draft.color, coalesce(draft.length_inches, 185), coalesce(draft.width_inches, 73),
      coalesce(draft.height_inches, 57))
    returning *;
end $$;

-- Changes what is named of a vehicle of the caller's. Refuses with not_found and by the constraints of `parking.vehicles`.
create or replace function parking.change_vehicle(vehicle_id uuid, changes jsonb) returns setof parking.vehicles
language plpgsql security definer set search_path = public, pg_temp as $$
declare vehicle parking.vehicles := jsonb_populate_record(parking.lock_my_vehicle(change_vehicle.vehicle_id), changes);
begin
  return query
    update parking.vehicles v set vin = vehicle.vin, license_plate = vehicle.license_plate,
      tesla_seen_at = case when v.vin is not distinct from vehicle.vin then v.tesla_seen_at end,
      display_name = vehicle.display_name, make = vehicle.make, model = vehicle.model, year = vehicle.year, color = vehicle.color,
      length_inches = vehicle.length_inches, width_inches = vehicle.width_inches, height_inches = vehicle.height_inches
    where v.id = vehicle.id returning v.*;
end $$;

-- Takes a vehicle of the caller's out of use, so that its next owner can add it. Refuses with not_found, and with vehicle_booked
-- while it has a place to stand.
create or replace function parking.remove_vehicle(vehicle_id uuid) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare vehicle parking.vehicles := parking.lock_my_vehicle(remove_vehicle.vehicle_id);
begin
  if exists (
    select from booking.reservations r
    where r.resource_id = vehicle.id and upper(r.during) > app.now() and coalesce(r.expires_at > app.now(), true)
  ) then
    perform app.refuse('vehicle_booked');
  end if;
  update parking.vehicles v set is_active = false where v.id = vehicle.id;
  return vehicle.id;
end $$;

create or replace function parking.lock_my_vehicle(vehicle_id uuid) returns parking.vehicles
language plpgsql security definer set search_path = public, pg_temp as $$
declare vehicle parking.vehicles;
begin
  select v.* into vehicle from parking.vehicles v
  where v.id = lock_my_vehicle.vehicle_id and v.marketplace = app.marketplace() and v.user_id = app.actor() and v.is_active
  for update;
  if not found then perform app.refuse('not_found'); end if;
  return vehicle;
end $$;

-- Adds a vehicle that a Tesla account has named, or brings up to date the one that its owner has of this number or VIN: what the
-- account tells is right. A VIN or a number that somebody only typed in gives way, for Tesla knows whose it is. Null when another Tesla
-- account has brought it here. For the import from Tesla.
--
-- details: { tesla_vehicle_id, vin, display_name, model, color, last_seen_at }
create or replace function parking.keep_tesla_vehicle(details jsonb) returns parking.vehicles
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  told parking.vehicles := jsonb_populate_record(null::parking.vehicles, details);
  kept parking.vehicles; known uuid;
begin
  select v.id into known from parking.vehicles v
  where v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active
    and (v.vin = told.vin or v.tesla_vehicle_id = told.tesla_vehicle_id)
  order by (v.tesla_vehicle_id = told.tesla_vehicle_id) is true desc limit 1;
  update parking.vehicles v set tesla_vehicle_id = null
  where v.tesla_vehicle_id = told.tesla_vehicle_id and v.marketplace = app.marketplace() and v.is_active and v.tesla_seen_at is null
    and v.id is distinct from known;
  -- What is known by its plate too stays in use without the VIN.
  update parking.vehicles v set vin = case when v.license_plate is null then v.vin end, is_active = v.license_plate is not null
  where v.vin = told.vin and v.marketplace = app.marketplace() and v.is_active and v.tesla_seen_at is null
    and v.id is distinct from known;
  -- Who is left has shown it as well.
  if exists (
    select from parking.vehicles v
    where v.marketplace = app.marketplace() and v.is_active and v.id is distinct from known
      and (v.vin = told.vin or v.tesla_vehicle_id = told.tesla_vehicle_id)
  ) then
    return null;
  end if;
  if known is not null then
    update parking.vehicles v set tesla_vehicle_id = told.tesla_vehicle_id, vin = told.vin, tesla_seen_at = app.now(),
      display_name = coalesce(told.display_name, v.display_name), model = coalesce(told.model, v.model), make = 'Tesla',
      color = coalesce(told.color, v.color), last_seen_at = coalesce(told.last_seen_at, v.last_seen_at)
    where v.id = known returning v.* into kept;
    return kept;
  end if;
  insert into parking.vehicles (marketplace, user_id, tesla_vehicle_id, tesla_seen_at, vin, display_name, make, model, year, color,
    last_seen_at)
  values (app.marketplace(), app.actor(), told.tesla_vehicle_id, app.now(), told.vin, told.display_name, 'Tesla', told.model, told.year,
    told.color, told.last_seen_at)
  on conflict do nothing returning * into kept;
  return kept;
end $$;

grant execute on function parking.add_vehicle(jsonb), parking.change_vehicle(uuid, jsonb), parking.remove_vehicle(uuid),
  parking.keep_tesla_vehicle(jsonb) to vicinity_api;
