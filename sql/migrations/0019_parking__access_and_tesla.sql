-- How a driver gets in, and what a driver's Tesla does for it.

-- The code of each confirmed booking. This table is what makes codes unique, for bookings are partitioned. When a code opens follows
-- from the booking itself, so that nothing here has to be kept in step with it.
create table parking.access_codes (
  code text constraint access_codes_pkey primary key
    constraint access_codes_code_check check (code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'),
  booking_id uuid not null constraint access_codes_booking_id_fkey references booking.bookings
    constraint access_codes_booking_id_key unique,
  marketplace text not null constraint access_codes_marketplace_fkey references app.marketplaces,
  customer_id uuid not null constraint access_codes_customer_id_fkey references identity.users,
  created_at timestamptz not null default app.now()
);
create index access_codes_customer_id_idx on parking.access_codes (customer_id);
select app.protect('parking.access_codes');
create policy api_select on parking.access_codes for select to vicinity_api
  using (marketplace = (select app.marketplace()) and customer_id = (select app.actor()));
grant select on parking.access_codes to vicinity_api;

-- A booking whose vehicle is a Tesla: what was sent to it and what was seen of it. Where it is, is compared and forgotten.
create table parking.tesla_trips (
  booking_id uuid constraint tesla_trips_pkey primary key
    constraint tesla_trips_booking_id_fkey references booking.bookings,
  marketplace text not null constraint tesla_trips_marketplace_fkey references app.marketplaces,
  -- The driver, whose link to Tesla is used.
  user_id uuid not null constraint tesla_trips_user_id_fkey references identity.users,
  vehicle_id uuid not null,
  navigation_status text not null default 'waiting' constraint tesla_trips_navigation_status_check
    check (navigation_status in ('waiting', 'sent', 'failed', 'cancelled')),
  navigation_sent_at timestamptz,
  tesla_navigation_sent boolean not null generated always as (navigation_sent_at is not null) stored,
  navigation_tries integer not null default 0,
  auto_park_attempted boolean not null default false,
  auto_park_successful boolean not null default false,
  arrival_detected_at timestamptz,
  departure_detected_at timestamptz,
  -- The first time that it stood still there.
  parked_at timestamptz,
  -- The first of the readings outside that stand in a row.
  outside_since timestamptz,
  outside_readings integer not null default 0,
  -- What the vehicle said of its last attempt to park when it was first read: an older one's error is not this one's.
  autopark_error_before text,
  last_read_at timestamptz,
  last_error text,
  -- When the vehicle is to be read next. Null when nobody needs to know any more.
  read_at timestamptz,
  claimed_until timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint tesla_trips_auto_park_check check (auto_park_attempted or not auto_park_successful)
);
create index tesla_trips_user_id_idx on parking.tesla_trips (user_id);
create index tesla_trips_vehicle_id_idx on parking.tesla_trips (vehicle_id);
create index tesla_trips_read_at_idx on parking.tesla_trips (read_at) where read_at is not null;
create trigger tesla_trips_touch before update on parking.tesla_trips for each row execute function app.touch_updated_at();
select app.protect('parking.tesla_trips');
-- The owner of the space sees whether the vehicle has come and gone as well.
create policy api_select on parking.tesla_trips for select to vicinity_api
  using (marketplace = (select app.marketplace()) and (user_id = (select app.actor()) or exists (
    select from booking.bookings b where b.id = booking_id and b.provider_id = (select app.actor()))));
grant select on parking.tesla_trips to vicinity_api;

-- What came of asking Tesla for a booking. One row for each outcome, counted: a vehicle that does not answer for an hour fills one row.
create table parking.tesla_attempts (
  booking_id uuid not null constraint tesla_attempts_booking_id_fkey references parking.tesla_trips on delete cascade,
  kind text not null constraint tesla_attempts_kind_check
    check (kind in ('navigation', 'wake_up', 'position', 'auto_park', 'arrival', 'departure')),
  outcome text not null constraint tesla_attempts_outcome_check check (outcome in ('succeeded', 'failed', 'held_back')),
  -- Why not: Tesla's word for it or ours. '' where it succeeded.
  code text not null default '' constraint tesla_attempts_code_check check (length(code) <= 60),
  times integer not null default 1,
  first_at timestamptz not null default app.now(),
  last_at timestamptz not null default app.now(),
  constraint tesla_attempts_pkey primary key (booking_id, kind, outcome, code)
);
select app.protect('parking.tesla_attempts');
-- The driver's alone: they tell of the driver's own account.
create policy api_select on parking.tesla_attempts for select to vicinity_api
  using (exists (
    select from parking.tesla_trips t where t.booking_id = tesla_attempts.booking_id and t.user_id = (select app.actor())));
grant select on parking.tesla_attempts to vicinity_api;

-- The bucket of calls that a marketplace allows itself: each slot holds one token, which is back an hour after it was taken. So there
-- are never more calls within any hour than there are slots.
create table parking.tesla_calls (
  marketplace text not null constraint tesla_calls_marketplace_fkey references app.marketplaces,
  slot integer not null constraint tesla_calls_slot_check check (slot >= 1),
  taken_at timestamptz not null,
  constraint tesla_calls_pkey primary key (marketplace, slot)
);
create index tesla_calls_taken_at_idx on parking.tesla_calls (marketplace, taken_at);
select app.protect('parking.tesla_calls');

insert into app.timer_handlers (kind, handler) values ('parking.send_navigation', 'parking.announce_navigation');
insert into booking.step_handlers (moment, module, handler) values
  ('confirmed', 'parking', 'parking.issue_access'),
  ('confirmed', 'parking', 'parking.begin_tesla_trip'),
  ('moved', 'parking', 'parking.move_tesla_trip'),
  ('ended', 'parking', 'parking.end_tesla_trip');
