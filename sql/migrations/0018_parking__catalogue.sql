-- Spaces as both documents have them: rates by day, week and month, buffers, approval by staff, amenities, what they
-- have earned, how they are found by title, their photographs; and the vehicles that park on them.

drop function if exists parking.list_space(jsonb), parking.book(uuid, integer, jsonb);
drop view parking.public_spaces;

-- A file for a space is a picture.
alter table identity.uploads
  drop constraint uploads_purpose_check,
  add constraint uploads_purpose_check check (purpose in ('profile_photo', 'document', 'space_photo')),
  drop constraint uploads_photo_check,
  add constraint uploads_photo_check check (purpose = 'document' or content_type <> 'application/pdf');

alter table parking.spaces
  add column daily_rate bigint constraint spaces_daily_rate_check check (daily_rate between 0 and 9999999999),
  add column weekly_rate bigint constraint spaces_weekly_rate_check check (weekly_rate between 0 and 9999999999),
  add column monthly_rate bigint constraint spaces_monthly_rate_check check (monthly_rate between 0 and 9999999999),
  -- How long it stays empty around a booking.
  add column buffer_before_minutes integer not null default 0
    constraint spaces_buffer_before_minutes_check check (buffer_before_minutes between 0 and 1440),
  add column buffer_after_minutes integer not null default 0
    constraint spaces_buffer_after_minutes_check check (buffer_after_minutes between 0 and 1440),
  add column amenities text[] not null default '{}'
    constraint spaces_amenities_check check (cardinality(amenities) <= 30),
  -- One fact in two forms, which therefore always agree. 'approved' from the start where nobody asks for a review.
  add column approval_status varchar(20) not null default 'approved'
    constraint spaces_approval_status_check check (approval_status in ('pending', 'approved', 'rejected')),
  add column is_approved boolean not null generated always as (approval_status = 'approved') stored,
  add column approval_reason varchar(500),
  add column reviewed_by uuid constraint spaces_reviewed_by_fkey references identity.users,
  add column reviewed_at timestamptz,
  add column review_count integer not null default 0
    constraint spaces_review_count_check check (review_count >= 0),
  add column total_bookings integer not null default 0 constraint spaces_total_bookings_check check (total_bookings >= 0),
  add column total_earnings bigint not null default 0 constraint spaces_total_earnings_check check (total_earnings >= 0),
  add column deleted_at timestamptz,
  -- The object of the first photograph, kept by `parking.set_photos`, so that a search asks no other table.
  add column cover_object varchar(200),
  add column title_words tsvector not null generated always as (to_tsvector('english'::regconfig, title::text)) stored,
  add constraint spaces_approval_reason_check check ((approval_status = 'rejected') = (approval_reason is not null)),
  add constraint spaces_deleted_check check (deleted_at is null or listing_status <> 'active');

-- What the view of public spaces asks, so that a search walks nothing else.
drop index parking.spaces_location_idx;
create index spaces_location_idx on parking.spaces using gist (location)
  where listing_status = 'active' and approval_status = 'approved' and deleted_at is null;
create index spaces_title_search_idx on parking.spaces using gin (title_words)
  where listing_status = 'active' and approval_status = 'approved' and deleted_at is null;
create index spaces_approval_idx on parking.spaces (is_approved, marketplace, id);
create index spaces_review_queue_idx on parking.spaces (marketplace, approval_status, id) where deleted_at is null;
create index spaces_rating_idx on parking.spaces (rating);
create index spaces_reviewed_by_idx on parking.spaces (reviewed_by);

-- A reference is free again once its space was deleted.
alter table parking.spaces drop constraint spaces_external_ref_key;
create unique index spaces_external_ref_key on parking.spaces (owner_id, external_ref) where deleted_at is null;

-- A booking that is confirmed opens them until it ends: one that waits for its owner or its payment does not.
drop policy api_select on parking.space_secrets;
create policy api_select on parking.space_secrets for select to vicinity_api
  using (marketplace = (select app.marketplace()) and (
    owner_id = (select app.actor())
    or exists (
      select from booking.bookings b join booking.flows f on f.id = b.flow_id
      where b.resource_id = space_id and b.customer_id = (select app.actor()) and b.confirmed_at is not null
        and b.ends_at > (select app.now()) and b.status = any (f.live))));

-- Photographs of a space in the order in which they are shown. The file is an upload of the owner's.
create table parking.space_photos (
  id uuid not null default app.uuid_v7() constraint space_photos_pkey primary key,
  marketplace text not null constraint space_photos_marketplace_fkey references app.marketplaces,
  space_id uuid not null constraint space_photos_space_id_fkey references parking.spaces on delete cascade,
  owner_id uuid not null constraint space_photos_owner_id_fkey references identity.users,
  upload_id uuid not null constraint space_photos_upload_id_fkey references identity.uploads on delete cascade,
  photo_order integer not null default 1 constraint space_photos_photo_order_check check (photo_order between 1 and 20),
  caption varchar(200),
  created_at timestamptz not null default app.now(),
  constraint space_photos_order_key unique (space_id, photo_order),
  constraint space_photos_upload_key unique (space_id, upload_id)
);
create index space_photos_owner_id_idx on parking.space_photos (owner_id);
create index space_photos_upload_id_idx on parking.space_photos (upload_id);
select app.protect('parking.space_photos');
create policy api_select on parking.space_photos for select to vicinity_api
  using (owner_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on parking.space_photos to vicinity_api;

-- Whether a text is a vehicle identification number: 17 signs without I, O and Q. Where the law asks for a check digit (North
-- America and China: the first sign is 1 to 5 or L) the ninth sign must be the one that the others add up to.
create function parking.is_vin(vin text) returns boolean language sql immutable strict parallel safe as $$
  select vin ~ '^[A-HJ-NPR-Z0-9]{17}$' and (vin !~ '^[1-5L]' or substr(vin, 9, 1) = (
    select substr('0123456789X', (sum(
        (strpos('0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ', substr(vin, n, 1)) - 1) % 10
          * ('{8,7,6,5,4,3,2,10,0,9,8,7,6,5,4,3,2}'::integer[])[n]) % 11)::integer + 1, 1)
    from generate_series(1, 17) as n))
$$;

create table parking.vehicles (
  id uuid not null default app.uuid_v7() constraint vehicles_pkey primary key,
  marketplace text not null constraint vehicles_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint vehicles_user_id_fkey references identity.users on delete cascade,
  -- Known where the vehicle came from its owner's Tesla account.
  tesla_vehicle_id bigint constraint vehicles_tesla_vehicle_id_check check (tesla_vehicle_id > 0),
  vin varchar(17) constraint vehicles_vin_check check (parking.is_vin(vin)),
  license_plate varchar(20),
  display_name varchar(100),
  make varchar(50),
  model varchar(50),
  year integer constraint vehicles_year_check check (year between 1886 and 2100),
  color varchar(50),
  length_inches integer not null default 185 constraint vehicles_length_inches_check check (length_inches between 1 and 1200),
  width_inches integer not null default 73 constraint vehicles_width_inches_check check (width_inches between 1 and 400),
  height_inches integer not null default 57 constraint vehicles_height_inches_check check (height_inches between 1 and 400),
  is_active boolean not null default true,
  last_seen_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  -- So that whoever lets a space can tell which vehicle may stand there.
  constraint vehicles_known_check check (vin is not null or license_plate is not null)
);
create index vehicles_user_id_idx on parking.vehicles (user_id, id);
-- Among those in use only: a car that was sold is its buyer's.
create unique index vehicles_vin_key on parking.vehicles (vin, marketplace) where is_active;
create unique index vehicles_tesla_vehicle_id_key on parking.vehicles (tesla_vehicle_id, marketplace) where is_active;
create trigger vehicles_touch before update on parking.vehicles for each row execute function app.touch_updated_at();
select app.protect('parking.vehicles');
create policy api_select on parking.vehicles for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on parking.vehicles to vicinity_api, vicinity_worker;

-- A space as anybody may see it. With the owner's rights and the predicates inside: PostGIS operators are not leakproof, so under
-- row-level security a search by distance would walk every row. `point` is for searching, `location` for reading.
create view parking.public_spaces as
  select s.id, s.title, s.description, s.address, s.city, s.state, s.zip_code, app.place(s.location) as location,
         s.location as point, s.surface, s.is_covered, s.capacity, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
         s.max_vehicle_height_cm, s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, s.currency,
         s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours, s.buffer_before_minutes,
         s.buffer_after_minutes, s.instant_booking_enabled, s.has_ev_charging,
         s.charging_connector_type, s.has_security_camera, s.has_lighting, s.amenities, s.time_zone, s.rating, s.review_count,
         s.cover_object, s.version, s.created_at, s.updated_at,
         coalesce(s.owner_id = (select app.actor()), false) as is_mine
  from parking.spaces s
  where s.marketplace = (select app.marketplace()) and s.listing_status = 'active' and s.approval_status = 'approved'
    and s.deleted_at is null;

-- The same for its owner, whatever has become of it.
create view parking.my_spaces as
  select s.id, s.external_ref, s.title, s.description, s.address, s.city, s.state, s.zip_code,
         app.place(s.location) as location, s.surface, s.is_covered, s.capacity, s.max_vehicle_length_cm,
         s.max_vehicle_width_cm, s.max_vehicle_height_cm, s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate,
         s.currency, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours, s.buffer_before_minutes,
         s.buffer_after_minutes, s.instant_booking_enabled, s.has_ev_charging,
         s.charging_connector_type, s.has_security_camera, s.has_lighting, s.amenities, s.time_zone, s.rating, s.review_count,
         s.listing_status, s.approval_status, s.is_approved, s.approval_reason, s.total_bookings, s.total_earnings,
         s.created_at, s.updated_at
  from parking.spaces s
  where s.marketplace = (select app.marketplace()) and s.owner_id = (select app.actor()) and s.deleted_at is null;

-- Photographs of what anybody may see, and of what is one's own.
create view parking.shown_photos as
  select p.space_id, p.upload_id, p.photo_order, p.caption, u.object_name
  from parking.space_photos p
  join parking.spaces s on s.id = p.space_id
  join identity.uploads u on u.id = p.upload_id
  where s.marketplace = (select app.marketplace()) and s.deleted_at is null and u.status = 'stored'
    and (s.listing_status = 'active' and s.approval_status = 'approved' or s.owner_id = (select app.actor()));

grant select on parking.public_spaces, parking.my_spaces, parking.shown_photos to vicinity_api;

-- What a search looks up for each space on its way.
create index reservations_resource_id_idx on booking.reservations (resource_id, upper(during));

-- What a search asks of every space, worked out once: `longest` in seconds, the vehicle's sides in inches. Null is not asked.
create type parking.search_terms as (starts_at timestamptz, ends_at timestamptz, seconds bigint, longest float8,
  horizon timestamptz, basis_points integer, max_total_amount bigint, length_inches integer, width_inches integer,
  height_inches integer);

-- What a space offers for booking is told to the module that keeps hours and blocks, from now on by `parking.write_space`.
insert into booking.resources (id, marketplace, module, owner_id, time_zone, capacity, is_listed, minimum_seconds, maximum_seconds,
  notice_seconds)
select s.id, s.marketplace, 'parking', s.owner_id, s.time_zone, s.capacity, s.listing_status = 'active',
       s.minimum_booking_hours * 3600, s.maximum_booking_hours * 3600, s.advance_booking_hours * 3600
from parking.spaces s
on conflict on constraint resources_pkey do nothing;

-- What a completed booking adds to its space.
insert into booking.step_handlers (moment, module, handler) values ('completed', 'parking', 'parking.count_booking');
