-- The one judgement of whether a time can be booked, for search, calendar, quote and booking alike.

-- How far ahead anything is booked.
create or replace function booking.horizon() returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return booking.horizon_in(app.setting('booking_horizon_days')::integer);
end $$;
create or replace function booking.horizon_in(days integer) returns timestamptz language sql stable as $$
  select app.now() + make_interval(days => coalesce(days, 365))
$$;

-- Whether all of a time lies in the hours of a resource. What is not kept in `booking.resources`, or has no hours, is always open.
create or replace function booking.is_open(resource_id uuid, during tstzrange) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return upper(during) <= coalesce(
      (select r.always_open_until from booking.resources r where r.id = is_open.resource_id), 'infinity')
    or coalesce((
      select o.closes_at from booking.open_times o
      where o.resource_id = is_open.resource_id and o.opens_at <= lower(during)
      order by o.opens_at desc limit 1) >= upper(during), false);
end $$;

-- How many units of a resource nobody has taken for any part of a time, neither by booking nor by hold nor by block. What a booking
-- that is `moved` takes now counts as free.
create or replace function booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid default null)
returns integer
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (
    select free_units.capacity - count(distinct r.unit)::integer
    from booking.reservations r
    where r.resource_id = free_units.resource_id and r.unit <= free_units.capacity and r.during && free_units.during
      and (r.expires_at is null or r.expires_at > app.now())
      and (moved is null or r.booking_id is distinct from moved));
end $$;

-- Why a resource cannot be booked for a time, the first of: starts_in_past, beyond_horizon, too_soon, too_short, too_long,
-- closed, blocked, taken. Null when it can. Each bound itself is still allowed. For a booking that is `moved` its own time and
-- buffers count, and a start that stays may be past and needs no notice.
create or replace function booking.why_closed(resource_id uuid, during tstzrange, moved uuid default null) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  r booking.resources; own booking.bookings; stays boolean; with_buffers tstzrange;
  length interval := make_interval(secs => extract(epoch from upper(during) - lower(during))::float8);
begin
  select t.* into r from booking.resources t
  where t.id = why_closed.resource_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if moved is not null then select b.* into own from booking.bookings b where b.id = why_closed.moved; end if;
  stays := coalesce(lower(during) = own.starts_at, false);
  if lower(during) < app.now() and not stays or upper(during) <= app.now() then return 'starts_in_past'; end if;
  if upper(during) > booking.horizon() then return 'beyond_horizon'; end if;
  if lower(during) < app.now() + make_interval(secs => r.notice_seconds) and not stays then return 'too_soon'; end if;
  if length < make_interval(secs => r.minimum_seconds) then return 'too_short'; end if;
  if length > least(make_interval(secs => r.maximum_seconds),
                    make_interval(secs => app.setting('max_booking_hours')::float8 * 3600)) then return 'too_long'; end if;
  if not booking.is_open(r.id, during) then return 'closed'; end if;
  with_buffers := tstzrange(lower(during) - make_interval(secs => coalesce(own.buffer_before, r.buffer_before)),
                            upper(during) + make_interval(secs => coalesce(own.buffer_after, r.buffer_after)));
  if booking.free_units(r.id, r.capacity, with_buffers, moved) > 0 then return null; end if;
  return case when exists (
      select from booking.reservations b where b.resource_id = r.id and b.kind = 'block' and b.during && with_buffers)
    then 'blocked' else 'taken' end;
end $$;

grant execute on function booking.horizon(), booking.horizon_in(integer), booking.is_open(uuid, tstzrange),
  booking.free_units(uuid, integer, tstzrange, uuid), booking.why_closed(uuid, tstzrange, uuid) to vicinity_api, vicinity_worker;
