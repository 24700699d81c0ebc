-- Brings the ratings in step with what the reviews of a booking count for now, and announces what can be read for the first
-- time. The only writer of ratings: called by whatever changes a review. Safe to repeat.
--
-- The customer's review comes first, and a resource before a person: two that settle lock in one order.
create or replace function reviews.settle(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare r reviews.reviews; counts_for smallint;
begin
  for r in select t.* from reviews.reviews t where t.booking_id = settle.booking_id order by t.reviewer_type for update loop
    counts_for := case when r.opens_at <= app.now() and r.is_published and not r.is_flagged and r.deleted_at is null
                       then r.rating end;
    continue when counts_for is not distinct from r.counted_rating;
    update reviews.reviews t set counted_rating = counts_for, announced_at = coalesce(t.announced_at, app.now())
    where t.id = r.id;
    if r.reviewer_type = 'customer' then
      perform reviews.rate_resource(r.resource_id, r.module, reviews.difference(r.counted_rating, counts_for));
      perform reviews.rate_person(r.reviewee_id, 'provider', reviews.difference(r.counted_rating, counts_for));
    else
      perform reviews.rate_person(r.reviewee_id, 'customer', reviews.difference(r.counted_rating, counts_for));
    end if;
    if r.announced_at is null then
      perform app.emit('reviews.opened', reviews.event_of(r) || jsonb_build_object('user_id', r.reviewee_id));
    end if;
  end loop;
end $$;

-- What is added to the counts of 1 to 5 when one rating takes the place of another; null is none.
create or replace function reviews.difference(before smallint, after smallint) returns integer[]
language sql immutable as $$
  select array_agg((stars is not distinct from after)::integer - (stars is not distinct from before)::integer order by stars)
  from generate_series(1, 5) as stars
$$;

create or replace function reviews.added(counts integer[], change integer[]) returns integer[]
language sql immutable as $$
  select array_agg(coalesce(a.c, 0) + change[a.stars] order by a.stars) from unnest(counts) with ordinality as a (c, stars)
$$;

-- A row that a purge has taken does not come back by a count that goes down.
create or replace function reviews.rate_resource(resource_id uuid, module text, change integer[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare rated reviews.resource_ratings; handler text;
begin
  insert into reviews.resource_ratings as t (resource_id, marketplace, module)
  values (rate_resource.resource_id, app.marketplace(), rate_resource.module)
  on conflict on constraint resource_ratings_pkey do nothing;
  update reviews.resource_ratings t set counts = reviews.added(t.counts, change)
  where t.resource_id = rate_resource.resource_id returning t.* into rated;
  select h.handler into handler from reviews.rating_handlers h where h.module = rate_resource.module;
  if found then
    execute format('select %s($1, $2, $3)', handler) using rated.resource_id, rated.rating, rated.review_count;
  end if;
end $$;

create or replace function reviews.rate_person(person_id uuid, role text, change integer[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if 1 = any (change) then
    insert into reviews.person_ratings (person_id, role, marketplace)
    values (rate_person.person_id, rate_person.role, app.marketplace())
    on conflict on constraint person_ratings_pkey do nothing;
  end if;
  update reviews.person_ratings t set counts = reviews.added(t.counts, change)
  where t.person_id = rate_person.person_id and t.role = rate_person.role;
end $$;

-- What events tell of a review; what was written is read from the database.
create or replace function reviews.event_of(subject reviews.reviews) returns jsonb language sql stable as $$
  select jsonb_build_object('review_id', subject.id, 'booking_id', subject.booking_id, 'module', subject.module,
    'resource_id', subject.resource_id, 'reviewer_id', subject.reviewer_id, 'reviewee_id', subject.reviewee_id,
    'review_type', subject.review_type)
$$;
