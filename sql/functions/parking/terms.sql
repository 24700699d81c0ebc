-- Under which terms a space is booked for a time: what it costs, and every reason why it cannot be. Changes nothing. Refuses as
-- `parking.check_window` does, and as `parking.check_listed` does when the space is not listed.
--
-- Returns { version, reasons, misfit, instant, currency, time_zone, rates, tariff, fee_basis_points }. reasons are codes, empty
-- when it can be booked: own_space, what `booking.why_closed` tells, vehicle_required, vehicle_not_yours, vehicle_does_not_fit,
-- vehicle_busy. tariff is what `parking.price_of` comes to.
create or replace function parking.terms(space_id uuid, starts_at timestamptz, ends_at timestamptz, vehicle_id uuid,
  fallback_basis_points integer) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare space parking.spaces; during tstzrange;
begin
  select s.* into space from parking.spaces s
  where s.id = terms.space_id and s.marketplace = app.marketplace() and s.deleted_at is null;
  perform parking.check_listed(space);
  perform parking.check_window(starts_at, ends_at);
  during := tstzrange(starts_at, ends_at);
  return parking.terms_of(space, during, vehicle_id, null, jsonb_build_object('hourly_rate', space.hourly_rate,
      'daily_rate', space.daily_rate, 'weekly_rate', space.weekly_rate, 'monthly_rate', space.monthly_rate),
    parking.fee_basis_points(fallback_basis_points), booking.why_closed(space.id, during));
end $$;

-- The same for a booking of the caller's that would be moved: its own time counts as free, and a start that stays needs no notice.
-- While the start stays, what is longer costs the rates that were agreed. Refuses with not_found and as `parking.check_window` does.
--
-- Returns besides: { promo: { discount_amount } where the booking was made with a code, booking: { version, starts_at, ends_at,
-- total_amount, policy, facts } }. `instant` says whether it is moved at once. Further reasons: space_not_listed, move_requested where
-- the owner has not answered to another time yet, and too_late_for_less.
create or replace function parking.move_terms(booking_id uuid, starts_at timestamptz, ends_at timestamptz,
  fallback_basis_points integer) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  b booking.bookings; flow booking.flows; space parking.spaces; from_ timestamptz; to_ timestamptz; extends boolean;
  terms jsonb; subtotal bigint; discount bigint;
begin
  select t.* into b from booking.bookings t
  where t.id = move_terms.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor()
    and t.module = 'parking';
  if not found then perform app.refuse('not_found'); end if;
  from_ := coalesce(move_terms.starts_at, b.starts_at);
  to_ := coalesce(move_terms.ends_at, b.ends_at);
  perform parking.check_window(from_, to_);
  extends := from_ = b.starts_at and b.facts ? 'rates';
  select s.* into space from parking.spaces s where s.id = b.resource_id;
  if not found then perform app.refuse('not_found'); end if;
  terms := parking.terms_of(space, tstzrange(from_, to_), b.subject_id, b.id,
    case when extends then b.facts -> 'rates' else jsonb_build_object('hourly_rate', space.hourly_rate,
      'daily_rate', space.daily_rate, 'weekly_rate', space.weekly_rate, 'monthly_rate', space.monthly_rate) end,
    case when extends then (b.facts ->> 'fee_basis_points')::integer else parking.fee_basis_points(fallback_basis_points) end,
    parking.why_not_moved(b, space, from_, to_));
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  subtotal := (terms #>> '{tariff,amount}')::bigint;
  discount := money.discount_of_booking(b.id, subtotal);
  if subtotal + parking.fee_of(subtotal, (terms ->> 'fee_basis_points')::integer) - discount < b.total_amount
    and not booking.is_free_to_leave(b, flow) then
    terms := jsonb_set(terms, '{reasons}', (terms -> 'reasons') || '["too_late_for_less"]');
  end if;
  return terms || jsonb_build_object('promo', case when discount > 0 then jsonb_build_object('discount_amount', discount) end,
    'instant', parking.moves_at_once(b, space, from_, to_), 'starts_at', from_, 'ends_at', to_, 'booking', jsonb_build_object('version', b.version,
    'starts_at', b.starts_at, 'ends_at', b.ends_at, 'total_amount', b.total_amount, 'policy', b.policy,
    'facts', b.facts));
end $$;

-- Refuses with ends_before_start, and with too_long what is longer than anything that can be booked: nothing is reckoned of that.
create or replace function parking.check_window(starts_at timestamptz, ends_at timestamptz) returns void
language plpgsql stable as $$
begin
  if ends_at <= starts_at then perform app.refuse('ends_before_start'); end if;
  if ends_at - starts_at > booking.horizon() - app.now() then perform app.refuse('too_long'); end if;
end $$;

-- The first reason why a booking cannot be moved to a time, as `booking.why_closed` tells it for a new one.
create or replace function parking.why_not_moved(b booking.bookings, space parking.spaces, starts_at timestamptz,
  ends_at timestamptz) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if space.listing_status <> 'active' or space.approval_status <> 'approved' or space.deleted_at is not null then
    return 'space_not_listed';
  end if;
  if booking.asks_to_move(b) then return 'move_requested'; end if;
  return booking.why_closed(space.id, tstzrange(starts_at, ends_at), b.id);
end $$;

-- Whether nobody has to agree to a move: the owner accepts no bookings by hand, or has agreed to all of that time already.
create or replace function parking.moves_at_once(b booking.bookings, space parking.spaces, starts_at timestamptz,
  ends_at timestamptz) returns boolean language sql immutable as $$
  select space.instant_booking_enabled or b.confirmed_at is null or starts_at >= b.starts_at and ends_at <= b.ends_at
$$;

create or replace function parking.terms_of(space parking.spaces, during tstzrange, vehicle_id uuid, moved uuid, rates jsonb,
  basis_points integer, why text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare reasons text[] := '{}'; vehicle parking.vehicles; misfit text;
begin
  if space.owner_id = app.actor() then reasons := reasons || text 'own_space'; end if;
  if why is not null then reasons := reasons || why; end if;
  if vehicle_id is null then
    -- Who has not signed in has no vehicle to name, and asks for the price.
    if app.setting('vehicle_required')::boolean and moved is null and app.actor() is not null then
      reasons := reasons || text 'vehicle_required';
    end if;
  else
    select v.* into vehicle from parking.vehicles v
    where v.id = terms_of.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
    misfit := parking.misfit(vehicle.length_inches, vehicle.width_inches, vehicle.height_inches, space.is_covered,
      space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm);
    if vehicle.id is null then reasons := reasons || text 'vehicle_not_yours'; end if;
    if misfit is not null then reasons := reasons || text 'vehicle_does_not_fit'; end if;
    if vehicle.id is not null and exists (
      select from booking.reservations r
      where r.resource_id = vehicle.id and r.during && terms_of.during and r.booking_id is distinct from moved
        and coalesce(r.expires_at > app.now(), true)
    ) then
      reasons := reasons || text 'vehicle_busy';
    end if;
  end if;
  return jsonb_build_object('version', space.version, 'reasons', to_jsonb(reasons), 'misfit', misfit,
    'instant', space.instant_booking_enabled, 'currency', space.currency, 'time_zone', space.time_zone, 'rates', rates,
    'capacity', space.capacity, 'fee_basis_points', basis_points, 'tariff', (
      select to_jsonb(p) from parking.price_of((rates ->> 'hourly_rate')::bigint, (rates ->> 'daily_rate')::bigint,
        (rates ->> 'weekly_rate')::bigint, (rates ->> 'monthly_rate')::bigint,
        ceil(extract(epoch from upper(during) - lower(during)))::bigint) as p));
end $$;

-- Moves a booking of the caller's at a price that was reckoned from the space as `version` had it, or asks its owner where they have to
-- agree. Refuses with listing_changed, closed when its hours have changed, too_many_requests, and as `booking.move` does.
--
-- details: what `booking.request_move` takes besides what the space itself says.
create or replace function parking.move(booking_id uuid, expected_version integer, version integer, details jsonb)
returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  space parking.spaces; b booking.bookings;
  starts_at timestamptz := details ->> 'starts_at'; ends_at timestamptz := details ->> 'ends_at';
begin
  select t.* into b from booking.bookings t
  where t.id = move.booking_id and t.customer_id = app.actor() and t.marketplace = app.marketplace();
  select s.* into space from parking.spaces s where s.id = b.resource_id for key share;
  if not found then perform app.refuse('not_found'); end if;
  if space.version <> move.version then perform app.refuse('listing_changed'); end if;
  -- The owner is told of each.
  if app.draw('parking.move/' || move.booking_id, 20, interval '1 hour') is not null then
    perform app.refuse('too_many_requests');
  end if;
  if not booking.is_open(space.id, tstzrange(starts_at, ends_at)) then perform app.refuse('closed'); end if;
  details := details || jsonb_build_object('capacity', space.capacity, 'currency', space.currency);
  if parking.moves_at_once(b, space, starts_at, ends_at) then
    return booking.move(move.booking_id, details, move.expected_version);
  end if;
  return booking.request_move(move.booking_id, details, move.expected_version);
end $$;

grant execute on function parking.terms(uuid, timestamptz, timestamptz, uuid, integer),
  parking.move_terms(uuid, timestamptz, timestamptz, integer), parking.move(uuid, integer, integer, jsonb) to vicinity_api;
