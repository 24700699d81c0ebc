-- As plpgsql keeps its plans for the session, a point costs a quarter of what it did: a function in SQL that cannot be inlined is
-- planned at each call.
create or replace function app.place(location geography) returns jsonb language plpgsql immutable strict parallel safe as $$
begin
  return jsonb_build_object('latitude', st_y(location::geometry), 'longitude', st_x(location::geometry));
end $$;
create or replace function app.point(latitude float8, longitude float8) returns geography
language plpgsql immutable strict parallel safe as $$
declare lat float8 := round(latitude::numeric, 9)::float8; lon float8 := round(longitude::numeric, 9)::float8;
begin
  return st_setsrid(st_makepoint(case when abs(lat) = 90 then 0 when lon = -180 then 180 else lon end, lat), 4326)::geography;
end $$;

-- It takes how many changes to make at most.
drop function if exists app.rotate_partitions();

-- What belongs to a booking refers to its number, which refers to the booking: a check against a partitioned table costs more
-- than one against a plain table, and a partition of bookings is attached without a lock on any of these.
alter table booking.reservations drop constraint reservations_booking_id_fkey,
  add constraint reservations_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id)
    deferrable initially deferred;
alter table booking.timeline drop constraint timeline_booking_id_fkey,
  add constraint timeline_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id);
alter table parking.access_codes drop constraint access_codes_booking_id_fkey,
  add constraint access_codes_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id);
alter table parking.tesla_trips drop constraint tesla_trips_booking_id_fkey,
  add constraint tesla_trips_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id);
alter table reviews.reviews drop constraint reviews_booking_id_fkey,
  add constraint reviews_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id);
alter table reviews.windows drop constraint windows_booking_id_fkey,
  add constraint windows_booking_id_fkey foreign key (booking_id) references booking.numbers (booking_id);
