-- Who reads which reviews. Lists are keyset-paginated: `after_at` and `after_id` are the last row's.

-- What customers say of a resource, newest first. `wanted`: { rating?, has_photos? }. Refuses with not_found.
create or replace function reviews.of_resource(resource_id uuid, wanted jsonb, after_at timestamptz, after_id uuid, max integer)
returns setof reviews.public_reviews
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  perform reviews.check_resource(of_resource.resource_id);
  return query
    select r.* from reviews.public_reviews r
    where r.resource_id = of_resource.resource_id and r.reviewer_type = 'customer'
      and (not wanted ? 'rating' or r.rating = (wanted ->> 'rating')::smallint)
      and (not wanted ? 'has_photos' or (r.photos <> '[]') = (wanted ->> 'has_photos')::boolean)
      and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
    order by r.opens_at desc, r.id desc limit max;
end $$;

-- What was said of a person, newest first: of the provider by customers, or of the customer by providers. Refuses with not_found.
create or replace function reviews.of_person(person_id uuid, role text, after_at timestamptz, after_id uuid, max integer)
returns setof reviews.public_reviews
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  perform reviews.check_person(of_person.person_id);
  return query
    select r.* from reviews.public_reviews r
    where r.reviewee_id = of_person.person_id and (of_person.role is null or r.reviewer_type <> of_person.role)
      and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
    order by r.opens_at desc, r.id desc limit max;
end $$;

-- What staff show on the front page, newest first.
create or replace function reviews.featured(after_at timestamptz, after_id uuid, max integer)
returns setof reviews.public_reviews
language sql stable security definer set search_path = public, pg_temp as $$
  select r.* from reviews.public_reviews r
  where r.is_featured and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
  order by r.opens_at desc, r.id desc limit max
$$;

-- Rating of a resource: 0 reviews and no rating where nobody has written. Refuses with not_found.
create or replace function reviews.rating_of_resource(resource_id uuid)
returns table (rating numeric, review_count integer, counts jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  perform reviews.check_resource(rating_of_resource.resource_id);
  return query
    select t.rating, coalesce(t.review_count, 0), to_jsonb(coalesce(t.counts, '{0,0,0,0,0}'))
    from (select) as one left join reviews.resource_ratings t on t.resource_id = rating_of_resource.resource_id;
end $$;

-- Ratings of a person, one row a role. Refuses with not_found.
create or replace function reviews.ratings_of_person(person_id uuid)
returns table (role text, rating numeric, review_count integer, counts jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  perform reviews.check_person(ratings_of_person.person_id);
  return query
    select known.role, t.rating, coalesce(t.review_count, 0), to_jsonb(coalesce(t.counts, '{0,0,0,0,0}'))
    from (values ('customer'), ('provider')) as known (role)
    left join reviews.person_ratings t on t.person_id = ratings_of_person.person_id and t.role = known.role;
end $$;

create or replace function reviews.check_resource(resource_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from booking.resources r where r.id = check_resource.resource_id and r.marketplace = app.marketplace()
  ) then perform app.refuse('not_found'); end if;
end $$;

create or replace function reviews.check_person(person_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from identity.users u
    where u.id = check_person.person_id and u.marketplace = app.marketplace() and u.account_status = 'active'
  ) then perform app.refuse('not_found'); end if;
end $$;

-- Reviews of a booking as the caller sees them: the own one always, the other side's once it can be read. `review_type` is what
-- the caller may write, null for nothing. Refuses with not_found.
create or replace function reviews.of_booking(booking_id uuid)
returns table (review_type text, closes_at timestamptz, can_review boolean, mine jsonb, theirs jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare place reviews.windows; kind text; own reviews.cards; other reviews.cards;
begin
  if not exists (
    select from booking.bookings b
    where b.id = of_booking.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id)
  ) then perform app.refuse('not_found'); end if;
  select w.* into place from reviews.windows w where w.booking_id = of_booking.booking_id;
  select c.* into own from reviews.cards c
  where c.booking_id = of_booking.booking_id and c.reviewer_id = app.actor();
  select c.* into other from reviews.cards c
  where c.booking_id = of_booking.booking_id and c.reviewer_id <> app.actor() and c.is_visible;
  kind := case when app.actor() = place.customer_id then place.customer_type else place.provider_type end;
  return query select kind, place.closes_at,
    coalesce(kind is not null and own.id is null and place.closes_at > app.now(), false),
    case when own.id is not null and own.deleted_at is null then to_jsonb(own) end,
    case when other.id is not null then to_jsonb(other) end;
end $$;

-- What the caller has written, or what was written about the caller and can be read, newest first.
create or replace function reviews.mine(direction text, after_at timestamptz, after_id uuid, max integer)
returns setof reviews.cards
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if direction = 'written' then
    return query
      select c.* from reviews.cards c
      where c.reviewer_id = app.actor() and c.marketplace = app.marketplace() and c.deleted_at is null
        and (after_id is null or c.id < after_id)
      order by c.id desc limit max;
  else
    return query
      select c.* from reviews.cards c
      where c.reviewee_id = app.actor() and c.marketplace = app.marketplace() and c.is_visible
        and (after_id is null or (c.opens_at, c.id) < (after_at, after_id))
      order by c.opens_at desc, c.id desc limit max;
  end if;
end $$;

-- Bookings that wait for the caller's review, the one that closes first before the others.
create or replace function reviews.due(after_at timestamptz, after_id uuid, max integer)
returns table (booking_id uuid, number text, module text, resource_id uuid, resource_name text, review_type text,
  starts_at timestamptz, ends_at timestamptz, time_zone text, closes_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select d.booking_id, b.number, b.module, b.resource_id, b.resource_name, d.review_type, b.starts_at, b.ends_at, b.time_zone,
         d.closes_at
  from (
    select w.booking_id, w.customer_type as review_type, 'customer' as side, w.closes_at from reviews.windows w
    where w.customer_id = app.actor() and w.marketplace = app.marketplace() and w.closes_at > app.now()
    union all
    select w.booking_id, w.provider_type, 'provider', w.closes_at from reviews.windows w
    where w.provider_id = app.actor() and w.marketplace = app.marketplace() and w.closes_at > app.now()) as d
  join booking.bookings b on b.id = d.booking_id
  where d.review_type is not null and (after_id is null or (d.closes_at, d.booking_id) > (after_at, after_id))
    and not exists (select from reviews.reviews r where r.booking_id = d.booking_id and r.reviewer_type = d.side)
  order by d.closes_at, d.booking_id limit max
$$;

grant execute on function reviews.of_resource(uuid, jsonb, timestamptz, uuid, integer),
  reviews.of_person(uuid, text, timestamptz, uuid, integer), reviews.featured(timestamptz, uuid, integer),
  reviews.rating_of_resource(uuid), reviews.ratings_of_person(uuid), reviews.of_booking(uuid),
  reviews.mine(text, timestamptz, uuid, integer), reviews.due(timestamptz, uuid, integer) to vicinity_api;
