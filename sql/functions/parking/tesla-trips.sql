-- Begins to look after the Tesla of a confirmed booking: its navigation is sent shortly before the start, or at once when that is
-- near, and from then on its position is watched. Nothing happens for a vehicle that Tesla does not know, and for a driver who has
-- linked no account.
create or replace function parking.begin_tesla_trip(b booking.bookings) returns void
language plpgsql as $$
begin
  -- Looked at first and one after the other: a statement that inserts or joins costs more to begin, and most vehicles are not known.
  if not exists (select from parking.vehicles v where v.id = b.subject_id and v.tesla_vehicle_id is not null) then return; end if;
  if not exists (select from identity.tesla_accounts t where t.user_id = b.customer_id) then return; end if;
  insert into parking.tesla_trips (booking_id, marketplace, user_id, vehicle_id, read_at)
  values (b.id, b.marketplace, b.customer_id, b.subject_id, parking.watched_from(b.starts_at))
  on conflict on constraint tesla_trips_pkey do nothing;
  if found then perform parking.plan_navigation(b.id); end if;
end $$;

-- From when on a vehicle is read.
create or replace function parking.watched_from(starts_at timestamptz) returns timestamptz
language sql stable set search_path = public, pg_temp as $$
  select greatest(app.now(), starts_at - interval '15 minutes')
$$;

-- Sets the timer of the navigation, or announces it where its time has come.
create or replace function parking.plan_navigation(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare due timestamptz;
begin
  select b.starts_at - make_interval(mins => coalesce((app.setting('tesla_navigation_lead_minutes'))::integer, 30)) into due
  from booking.bookings b where b.id = plan_navigation.booking_id;
  if due > app.now() then
    perform app.set_timer('parking.send_navigation', plan_navigation.booking_id, due);
  else
    perform app.cancel_timer('parking.send_navigation', plan_navigation.booking_id);
    perform parking.announce_navigation(plan_navigation.booking_id);
  end if;
end $$;

-- Called by the timer too: tells the queue that the navigation of a booking is to be sent.
create or replace function parking.announce_navigation(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from parking.tesla_trips t where t.booking_id = announce_navigation.booking_id and t.navigation_status = 'waiting';
  if found then
    perform app.emit('parking.navigation_due', jsonb_build_object('booking_id', announce_navigation.booking_id));
  end if;
end $$;

-- Follows a booking whose time has changed. A vehicle that has not come yet is sent its way again before the new start.
create or replace function parking.move_tesla_trip(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update parking.tesla_trips t set navigation_status = 'waiting', navigation_sent_at = null, navigation_tries = 0,
    read_at = parking.watched_from(b.starts_at)
  from booking.bookings b
  where t.booking_id = move_tesla_trip.booking_id and b.id = t.booking_id and t.arrival_detected_at is null;
  if found then perform parking.plan_navigation(move_tesla_trip.booking_id); end if;
end $$;

-- Ends it with the booking.
create or replace function parking.end_tesla_trip(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update parking.tesla_trips t set read_at = null,
    navigation_status = case when t.navigation_status = 'waiting' then 'cancelled' else t.navigation_status end
  where t.booking_id = end_tesla_trip.booking_id;
  if found then perform app.cancel_timer('parking.send_navigation', end_tesla_trip.booking_id); end if;
end $$;
