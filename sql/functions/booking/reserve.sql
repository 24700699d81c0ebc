-- Waits until nobody else changes what is taken of a resource, and then of what is brought to it, and keeps them waiting until this
-- transaction ends. Whoever writes a reservation, or gives one another time or deadline, takes a turn first, in this order and once they have
-- locked what else they lock (a booking, the row of a resource): so no two wait in a circle.
create or replace function booking.take_turn(resource_id uuid, subject_id uuid default null) returns void language plpgsql as $$
begin
  -- Mostly nobody else has either. One that it has already it may take again.
  if pg_try_advisory_xact_lock(hashtextextended('turn/' || resource_id, 0))
    and (subject_id is null or pg_try_advisory_xact_lock(hashtextextended('turn/' || subject_id, 0))) then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('turn/' || resource_id, 0));
  if subject_id is not null then perform pg_advisory_xact_lock(hashtextextended('turn/' || subject_id, 0)); end if;
end $$;

-- Takes the lowest free unit of a resource, whose turn its caller has, for a time. Returns the unit, or null when all are taken. One
-- that somebody else has is left alone and the next one tried.
create or replace function booking.reserve(resource_id uuid, capacity integer, during tstzrange, kind text,
  booking_id uuid default null, expires_at timestamptz default null) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare tried integer[] := '{}'; candidate integer;
begin
  -- Mostly the first unit is free: nothing is looked for before it is known to be taken.
  insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
  values (app.marketplace(), reserve.resource_id, 1, reserve.booking_id, reserve.kind, reserve.during, reserve.expires_at)
  on conflict do nothing;
  if found then return 1; end if;
  perform booking.release_expired(reserve.resource_id, reserve.during);
  loop
    -- Read anew each time: whoever was waited for has committed since.
    select min(u.unit) into candidate from generate_series(1, reserve.capacity) as u (unit)
    where u.unit <> all (tried) and not exists (
      select from booking.reservations r
      where r.resource_id = reserve.resource_id and r.unit = u.unit and r.during && reserve.during);
    if candidate is null then return null; end if;
    insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
    values (app.marketplace(), reserve.resource_id, candidate, reserve.booking_id, reserve.kind, reserve.during,
            reserve.expires_at)
    on conflict do nothing;
    if found then return candidate; end if;
    tried := tried || candidate;
  end loop;
end $$;

-- Holds whose time is over are released by whoever wants theirs, in one order, so that two who do never wait in a circle.
create or replace function booking.release_expired(resource_id uuid, during tstzrange) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from booking.reservations r where r.id in (
    select h.id from booking.reservations h
    where h.resource_id = release_expired.resource_id and h.during && release_expired.during and h.expires_at <= app.now()
    order by h.id for update);
end $$;
