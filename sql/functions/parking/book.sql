-- Books a space for the person of this transaction at a price that was reckoned from the space as `version` had it. Refuses with
-- not_found, space_paused, space_suspended or space_not_approved when it is no longer listed, listing_changed when its terms have changed since, closed when its hours have,
-- vehicle_required, vehicle_not_yours and vehicle_does_not_fit, and as `booking.place` does.
--
-- terms: what `booking.place` takes besides what the space itself says, `vehicle_id`, and `facts`, to which the vehicle is added.
create or replace function parking.book(space_id uuid, version integer, terms jsonb) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  known record; space parking.spaces; place text := app.marketplace();
  b booking.bookings := jsonb_populate_record(null::booking.bookings, terms);
begin
  -- A change that commits after this reads as one that came after the booking. Only a deletion waits for it, and sees it. Whether it
  -- is open at all times is read with it: few have hours.
  select s as space, d.value as payment_deadline_seconds,
    coalesce(r.always_open_until, 'infinity') >= b.ends_at as is_open into known
  from parking.spaces s
  left join booking.resources r on r.id = s.id
  left join app.settings d on d.marketplace = place and d.key = 'payment_deadline_seconds' and d.is_active
  where s.id = book.space_id and s.marketplace = place and s.deleted_at is null for key share of s;
  space := known.space;
  -- Asked for the reason only where there is one.
  if (space.approval_status = 'approved' and space.listing_status = 'active') is not true then
    perform parking.check_listed(space);
  end if;
  if space.version <> book.version then perform app.refuse('listing_changed'); end if;
  if not known.is_open then
    if not booking.is_open(space.id, tstzrange(b.starts_at, b.ends_at)) then perform app.refuse('closed'); end if;
  end if;
  b.subject_id := terms ->> 'vehicle_id';
  b.facts := coalesce(b.facts, '{}') || jsonb_build_object('vehicle', parking.admit_vehicle(b.subject_id, space));
  b.module := 'parking';
  b.resource_id := space.id;
  b.resource_name := space.title;
  b.provider_id := space.owner_id;
  b.time_zone := space.time_zone;
  b.location := space.location;
  b.currency := space.currency;
  b.buffer_before := space.buffer_before_minutes * 60;
  b.buffer_after := space.buffer_after_minutes * 60;
  return booking.place(b, space.capacity, space.instant_booking_enabled, (terms ->> 'request_timeout')::integer,
    known.payment_deadline_seconds::integer, terms ->> 'promo_code');
end $$;

-- Refuses with not_found where there is no space, and with space_paused, space_suspended or space_not_approved where it is not
-- offered.
create or replace function parking.check_listed(space parking.spaces) returns void language plpgsql as $$
begin
  if space.id is null then perform app.refuse('not_found'); end if;
  if space.approval_status <> 'approved' then perform app.refuse('space_not_approved'); end if;
  if space.listing_status = 'inactive' then perform app.refuse('space_paused'); end if;
  if space.listing_status = 'suspended' then perform app.refuse('space_suspended'); end if;
end $$;

-- What a booking keeps of a vehicle, so that whoever lets the space knows it when it comes. Null without one. Refuses with
-- vehicle_required, vehicle_not_yours for any that is not the caller's, and vehicle_does_not_fit.
create or replace function parking.admit_vehicle(vehicle_id uuid, space parking.spaces) returns jsonb
language plpgsql stable as $$
-- Whose it must be is read once: a condition reads it for each row that it is asked of.
declare vehicle record; person uuid := app.actor(); place text := app.marketplace();
begin
  if vehicle_id is null then
    if app.setting('vehicle_required')::boolean then perform app.refuse('vehicle_required'); end if;
    return null;
  end if;
  select v.id, v.display_name, v.make, v.model, v.color, v.license_plate, v.length_inches, v.width_inches, v.height_inches into vehicle
  from parking.vehicles v
  where v.id = admit_vehicle.vehicle_id and v.user_id = person and v.marketplace = place and v.is_active;
  if not found then perform app.refuse('vehicle_not_yours'); end if;
  if parking.misfit(vehicle.length_inches, vehicle.width_inches, vehicle.height_inches, space.is_covered,
    space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm) is not null
  then
    perform app.refuse('vehicle_does_not_fit');
  end if;
  return jsonb_build_object('id', vehicle.id, 'display_name', vehicle.display_name, 'make', vehicle.make,
    'model', vehicle.model, 'color', vehicle.color, 'license_plate', vehicle.license_plate);
end $$;

grant execute on function parking.book(uuid, integer, jsonb) to vicinity_api;

-- The form that this called before.
drop function if exists booking.place(jsonb, geography);
