-- Parking spaces. What anybody may see is read through `parking.public_spaces`; how to get in belongs to the owner and to
-- whoever has booked.

create schema parking;
grant usage on schema parking to vicinity_api, vicinity_worker;

create table parking.spaces (
  id uuid not null default app.uuid_v7() constraint spaces_pkey primary key,
  marketplace text not null constraint spaces_marketplace_fkey references app.marketplaces,
  owner_id uuid not null constraint spaces_owner_id_fkey references identity.users,
  external_ref varchar(100),
  title varchar(200) not null,
  description varchar(4000),
  address varchar(300) not null,
  city varchar(100) not null,
  state varchar(100),
  zip_code varchar(20),
  location geography(point, 4326) not null,
  surface text constraint spaces_surface_check check (surface in ('concrete', 'asphalt', 'gravel', 'paved')),
  is_covered boolean not null default false,
  capacity integer not null default 1 constraint spaces_capacity_check check (capacity between 1 and 500),
  max_vehicle_length_cm integer constraint spaces_max_vehicle_length_cm_check check (max_vehicle_length_cm > 0),
  max_vehicle_width_cm integer constraint spaces_max_vehicle_width_cm_check check (max_vehicle_width_cm > 0),
  max_vehicle_height_cm integer constraint spaces_max_vehicle_height_cm_check check (max_vehicle_height_cm > 0),
  hourly_rate bigint not null constraint spaces_hourly_rate_check check (hourly_rate between 0 and 99999999),
  currency text not null constraint spaces_currency_check check (currency ~ '^[A-Z]{3}$'),
  minimum_booking_hours integer not null default 1,
  maximum_booking_hours integer not null default 168,
  advance_booking_hours integer not null default 1
    constraint spaces_advance_booking_hours_check check (advance_booking_hours between 0 and 8760),
  instant_booking_enabled boolean not null default true,
  has_ev_charging boolean not null default false,
  charging_connector_type text constraint spaces_charging_connector_type_check
    check (charging_connector_type in ('tesla', 'j1772', 'ccs', 'chademo', 'type2')),
  has_security_camera boolean not null default false,
  has_lighting boolean not null default false,
  listing_status text not null default 'active'
    constraint spaces_listing_status_check check (listing_status in ('active', 'inactive', 'suspended')),
  time_zone text not null,
  rating numeric(3, 2) constraint spaces_rating_check check (rating between 1 and 5),
  -- Counts changes of what a booking is made on: price, hours, capacity.
  version integer not null default 1,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint spaces_external_ref_key unique (owner_id, external_ref),
  constraint spaces_covered_height_check check (not is_covered or max_vehicle_height_cm is not null),
  constraint spaces_booking_hours_check
    check (minimum_booking_hours >= 1 and maximum_booking_hours between minimum_booking_hours and 8760),
  constraint spaces_charging_check check (has_ev_charging or charging_connector_type is null)
);
create index spaces_owner_id_idx on parking.spaces (owner_id, id);
create index spaces_listing_status_idx on parking.spaces (marketplace, listing_status);
create index spaces_location_idx on parking.spaces using gist (location) where listing_status = 'active';
create trigger spaces_touch before update on parking.spaces for each row execute function app.touch_updated_at();
select app.protect('parking.spaces');

-- The owner stands here too, so that the policy asks no table on which the api role has no right.
create table parking.space_secrets (
  space_id uuid not null constraint space_secrets_pkey primary key
    constraint space_secrets_space_id_fkey references parking.spaces,
  marketplace text not null constraint space_secrets_marketplace_fkey references app.marketplaces,
  owner_id uuid not null constraint space_secrets_owner_id_fkey references identity.users,
  access_instructions varchar(2000),
  special_instructions varchar(2000),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index space_secrets_owner_id_idx on parking.space_secrets (owner_id);
create trigger space_secrets_touch before update on parking.space_secrets
  for each row execute function app.touch_updated_at();
select app.protect('parking.space_secrets');
-- A booking that the owner has agreed to opens them until it ends.
create policy api_select on parking.space_secrets for select to vicinity_api
  using (marketplace = (select app.marketplace()) and (
    owner_id = (select app.actor())
    or exists (
      select from booking.bookings b join booking.flows f on f.id = b.flow_id
      where b.resource_id = space_id and b.customer_id = (select app.actor())
        and b.ends_at > (select app.now())
        and b.status = any (f.live) and b.status is distinct from f.on_request)));
grant select on parking.space_secrets to vicinity_api;

-- With the owner's rights and the predicates inside: PostGIS operators are not leakproof, so under row-level security a
-- search by distance would walk every row. `point` is for searching, `location` for reading.
create view parking.public_spaces as
  select s.id, s.title, s.description, s.address, s.city, s.state, s.zip_code, app.place(s.location) as location,
         s.location as point, s.surface, s.is_covered, s.capacity, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
         s.max_vehicle_height_cm, s.hourly_rate, s.currency, s.minimum_booking_hours, s.maximum_booking_hours,
         s.advance_booking_hours, s.instant_booking_enabled, s.has_ev_charging, s.charging_connector_type,
         s.has_security_camera, s.has_lighting, s.time_zone, s.rating, s.version, s.created_at, s.updated_at,
         coalesce(s.owner_id = (select app.actor()), false) as is_mine
  from parking.spaces s
  where s.marketplace = (select app.marketplace()) and s.listing_status = 'active';
grant select on parking.public_spaces to vicinity_api;
