-- What the two sides of a completed booking say of each other: written once a side within a window, blind until both are in or
-- the window closes, counted into the rating of the resource and of the person.

create schema reviews;
grant usage on schema reviews to vicinity_api, vicinity_worker;

-- What each side may write after a booking of a module. Seeded from the marketplaces' files; a kind that is no longer offered
-- stays for the reviews that were written as one.
create table reviews.kinds (
  marketplace text not null constraint kinds_marketplace_fkey references app.marketplaces,
  module text not null,
  reviewer_type text not null constraint kinds_reviewer_type_check check (reviewer_type in ('customer', 'provider')),
  review_type varchar(40) not null,
  -- What may be rated beside the whole, such as timeliness.
  details text[] not null default '{}',
  is_offered boolean not null default true,
  constraint kinds_pkey primary key (marketplace, module, reviewer_type, review_type)
);
create unique index kinds_offered_key on reviews.kinds (marketplace, module, reviewer_type) where is_offered;
select app.protect('reviews.kinds');

-- Until when the two sides of a completed booking may write, and what: null where a side writes nothing. Where both may write,
-- neither reads the other's before both have written or the window has closed.
create table reviews.windows (
  booking_id uuid not null constraint windows_pkey primary key
    constraint windows_booking_id_fkey references booking.bookings,
  marketplace text not null constraint windows_marketplace_fkey references app.marketplaces,
  module text not null,
  resource_id uuid not null,
  customer_id uuid not null constraint windows_customer_id_fkey references identity.users,
  provider_id uuid not null constraint windows_provider_id_fkey references identity.users,
  customer_type varchar(40),
  provider_type varchar(40),
  is_blind boolean not null generated always as (customer_type is not null and provider_type is not null) stored,
  closes_at timestamptz not null,
  created_at timestamptz not null default app.now(),
  constraint windows_types_check check (customer_type is not null or provider_type is not null)
);
create index windows_customer_id_idx on reviews.windows (customer_id, closes_at, booking_id);
create index windows_provider_id_idx on reviews.windows (provider_id, closes_at, booking_id);
select app.protect('reviews.windows');

-- Ratings beside the whole: { "<what>": 1 to 5 }.
create function reviews.are_details(details jsonb) returns boolean language sql immutable strict parallel safe as $$
  select jsonb_typeof(details) = 'object' and not exists (
    select from jsonb_each(details) as d where d.value not in ('1', '2', '3', '4', '5'))
$$;

create table reviews.reviews (
  id uuid not null default app.uuid_v7() constraint reviews_pkey primary key,
  marketplace text not null constraint reviews_marketplace_fkey references app.marketplaces,
  module text not null,
  booking_id uuid not null constraint reviews_booking_id_fkey references booking.bookings,
  resource_id uuid not null,
  reviewer_id uuid not null constraint reviews_reviewer_id_fkey references identity.users,
  reviewee_id uuid not null constraint reviews_reviewee_id_fkey references identity.users,
  reviewer_type text not null constraint reviews_reviewer_type_check check (reviewer_type in ('customer', 'provider')),
  review_type varchar(40) not null,
  rating smallint not null constraint reviews_rating_check check (rating between 1 and 5),
  detail_ratings jsonb not null default '{}' constraint reviews_detail_ratings_check check (reviews.are_details(detail_ratings)),
  review_text varchar(4000),
  tags text[] not null default '{}',
  -- Nobody writes one without a booking that was completed; of the customer it says that this one was there.
  is_verified boolean not null generated always as (reviewer_type = 'customer') stored,
  -- When everybody may read it: at once, when the other side has written too, or when the window closes.
  opens_at timestamptz not null,
  announced_at timestamptz,
  -- What staff decide.
  is_published boolean not null default true,
  is_flagged boolean not null default false,
  flagged_reason varchar(500),
  is_featured boolean not null default false,
  -- What stands in the ratings of this review, null for nothing: see reviews.settle.
  counted_rating smallint,
  reply varchar(2000),
  replied_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  constraint reviews_booking_id_key unique (booking_id, reviewer_type),
  constraint reviews_review_type_fkey foreign key (marketplace, module, reviewer_type, review_type) references reviews.kinds,
  constraint reviews_parties_check check (reviewer_id <> reviewee_id),
  constraint reviews_flagged_reason_check check (is_flagged = (flagged_reason is not null)),
  constraint reviews_is_featured_check check (not is_featured or reviewer_type = 'customer'),
  constraint reviews_reply_check check ((reply is null) = (replied_at is null))
);
create index reviews_marketplace_idx on reviews.reviews (marketplace, id);
create index reviews_resource_id_idx on reviews.reviews (resource_id, opens_at, id) where reviewer_type = 'customer';
create index reviews_reviewee_id_idx on reviews.reviews (reviewee_id, opens_at, id);
create index reviews_reviewer_id_idx on reviews.reviews (reviewer_id, id);
create index reviews_rating_idx on reviews.reviews (rating, marketplace, id);
create index reviews_featured_idx on reviews.reviews (marketplace, opens_at, id) where is_featured;
create index reviews_flagged_idx on reviews.reviews (marketplace, id) where is_flagged or not is_published;
create trigger reviews_touch before update on reviews.reviews for each row execute function app.touch_updated_at();
select app.protect('reviews.reviews');

-- Photographs of a review, in order. Each is an upload of its writer and shows in one review.
create table reviews.photos (
  review_id uuid not null constraint photos_review_id_fkey references reviews.reviews on delete cascade,
  position smallint not null constraint photos_position_check check (position between 1 and 10),
  upload_id uuid not null constraint photos_upload_id_fkey references identity.uploads on delete cascade
    constraint photos_upload_id_key unique,
  constraint photos_pkey primary key (review_id, position)
);
select app.protect('reviews.photos');

-- A review with what is shown beside it. For the functions of this module, which decide who sees it.
create view reviews.cards as
  select r.id, r.marketplace, r.module, r.booking_id, r.resource_id, r.reviewer_id, r.reviewee_id, r.reviewer_type,
         r.review_type, r.rating, r.detail_ratings, r.review_text, to_jsonb(r.tags) as tags, r.is_verified, r.opens_at,
         r.is_published, r.is_flagged, r.flagged_reason, r.is_featured, r.reply, r.replied_at, r.created_at, r.updated_at,
         r.deleted_at, case when u.account_status <> 'deleted' then u.first_name end as reviewer_name,
         (r.opens_at <= (select app.now()) and r.is_published and not r.is_flagged and r.deleted_at is null) as is_visible,
         coalesce((
           select jsonb_agg(jsonb_build_object('id', f.id, 'object_name', f.object_name) order by p.position)
           from reviews.photos p join identity.uploads f on f.id = p.upload_id
           where p.review_id = r.id), '[]') as photos
  from reviews.reviews r join identity.users u on u.id = r.reviewer_id;

-- What everybody may read, visitors included. Who wrote it is told by first name only.
create view reviews.public_reviews as
  select c.id, c.resource_id, c.reviewee_id, c.reviewer_type, c.review_type, c.rating, c.detail_ratings, c.review_text, c.tags,
         c.photos, c.is_verified, c.is_featured, c.reviewer_name, c.reply, c.replied_at, c.opens_at
  from reviews.cards c
  where c.marketplace = (select app.marketplace()) and c.is_visible;

-- What readers tell staff of a review. Settled by what staff decide.
create table reviews.reports (
  id uuid not null default app.uuid_v7() constraint reports_pkey primary key,
  marketplace text not null constraint reports_marketplace_fkey references app.marketplaces,
  review_id uuid not null constraint reports_review_id_fkey references reviews.reviews on delete cascade,
  reporter_id uuid not null constraint reports_reporter_id_fkey references identity.users on delete cascade,
  reason text not null constraint reports_reason_check
    check (reason in ('offensive', 'false', 'private_information', 'spam', 'other')),
  notes varchar(500),
  settled_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint reports_review_id_key unique (review_id, reporter_id)
);
create index reports_reporter_id_idx on reviews.reports (reporter_id);
create index reports_open_idx on reviews.reports (marketplace, review_id) where settled_at is null;
select app.protect('reviews.reports');

-- Mean of counted ratings, `counts` being how many are 1 to 5. Null of none.
create function reviews.mean(counts integer[]) returns numeric language sql immutable strict parallel safe as $$
  select round(sum(c * stars)::numeric / nullif(sum(c), 0), 2) from unnest(counts) with ordinality as c (c, stars)
$$;
create function reviews.total(counts integer[]) returns integer language sql immutable strict parallel safe as $$
  select sum(c)::integer from unnest(counts) as c
$$;

-- Rating of a resource by its customers, and of a person in each role. Written by reviews.settle.
create table reviews.resource_ratings (
  resource_id uuid not null constraint resource_ratings_pkey primary key,
  marketplace text not null constraint resource_ratings_marketplace_fkey references app.marketplaces,
  module text not null,
  counts integer[] not null default '{0,0,0,0,0}'
    constraint resource_ratings_counts_check check (cardinality(counts) = 5 and 0 <= all (counts)),
  rating numeric(3, 2) generated always as (reviews.mean(counts)) stored,
  review_count integer not null generated always as (reviews.total(counts)) stored,
  updated_at timestamptz not null default app.now()
);
create trigger resource_ratings_touch before update on reviews.resource_ratings
  for each row execute function app.touch_updated_at();
select app.protect('reviews.resource_ratings');

create table reviews.person_ratings (
  person_id uuid not null constraint person_ratings_person_id_fkey references identity.users on delete cascade,
  role text not null constraint person_ratings_role_check check (role in ('customer', 'provider')),
  marketplace text not null constraint person_ratings_marketplace_fkey references app.marketplaces,
  counts integer[] not null default '{0,0,0,0,0}'
    constraint person_ratings_counts_check check (cardinality(counts) = 5 and 0 <= all (counts)),
  rating numeric(3, 2) generated always as (reviews.mean(counts)) stored,
  review_count integer not null generated always as (reviews.total(counts)) stored,
  updated_at timestamptz not null default app.now(),
  constraint person_ratings_pkey primary key (person_id, role)
);
create trigger person_ratings_touch before update on reviews.person_ratings
  for each row execute function app.touch_updated_at();
select app.protect('reviews.person_ratings');

-- Which function of a module is told that a resource of its own is rated anew: (resource_id uuid, rating numeric,
-- review_count integer), in the same transaction. The rating is null when there is no review.
create table reviews.rating_handlers (
  module text not null constraint rating_handlers_pkey primary key,
  handler text not null
);
select app.protect('reviews.rating_handlers');

-- Files for a review.
alter table identity.uploads
  drop constraint uploads_purpose_check,
  add constraint uploads_purpose_check check (purpose in ('profile_photo', 'document', 'space_photo', 'review_photo'));

insert into app.timer_handlers (kind, handler) values
  ('reviews.open', 'reviews.open_all'), ('reviews.request', 'reviews.request');
insert into booking.step_handlers (moment, handler) values ('completed', 'reviews.open_window');
insert into reviews.rating_handlers (module, handler) values ('parking', 'parking.keep_rating');
