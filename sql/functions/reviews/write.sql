-- Writes the caller's review of a booking. It opens at once where the other side writes nothing or has written already, which
-- opens that one too; else when the window closes. Refuses with not_found, not_completed, window_closed, nothing_to_review,
-- wrong_review_type, unknown_detail, upload_not_usable and, for a second one, reviews_booking_id_key.
--
-- content: { rating, review_type?, review_text?, detail_ratings?, tags?, photo_ids? }
create or replace function reviews.write(booking_id uuid, content jsonb) returns setof reviews.cards
language plpgsql security definer set search_path = public, pg_temp as $$
declare place reviews.windows; side text; kind text; written reviews.reviews; is_second boolean;
begin
  -- Held until the end, so that of two sides that write at once the second one sees the first.
  place := reviews.hold_window(write.booking_id);
  side := case when app.actor() = place.customer_id then 'customer' else 'provider' end;
  kind := case side when 'customer' then place.customer_type else place.provider_type end;
  if kind is null then perform app.refuse('nothing_to_review'); end if;
  if place.closes_at <= app.now() then perform app.refuse('window_closed'); end if;
  if content ->> 'review_type' <> kind then perform app.refuse('wrong_review_type'); end if;
  is_second := exists (select from reviews.reviews r where r.booking_id = place.booking_id and r.reviewer_type <> side);
  insert into reviews.reviews as r (marketplace, module, booking_id, resource_id, reviewer_id, reviewee_id, reviewer_type,
    review_type, rating, opens_at)
  values (place.marketplace, place.module, place.booking_id, place.resource_id, app.actor(),
    case side when 'customer' then place.provider_id else place.customer_id end, side, kind, (content ->> 'rating')::smallint,
    case when place.is_blind and not is_second then place.closes_at else app.now() end)
  returning r.* into written;
  perform reviews.fill(written, content);
  perform app.emit('reviews.written', reviews.event_of(written));
  if is_second then
    perform app.cancel_timer('reviews.open', place.booking_id);
    update reviews.reviews r set opens_at = app.now() where r.booking_id = place.booking_id and r.opens_at > app.now();
  elsif place.is_blind then
    perform app.set_timer('reviews.open', place.booking_id, place.closes_at);
  end if;
  perform reviews.settle(place.booking_id);
  return query select c.* from reviews.cards c where c.id = written.id;
end $$;

-- The window of a booking of the caller's, locked. Refuses with not_found and, before there is one, not_completed.
create or replace function reviews.hold_window(booking_id uuid) returns reviews.windows
language plpgsql security definer set search_path = public, pg_temp as $$
declare held reviews.windows;
begin
  select w.* into held from reviews.windows w
  where w.booking_id = hold_window.booking_id and w.marketplace = app.marketplace()
    and app.actor() in (w.customer_id, w.provider_id) for update;
  if found then return held; end if;
  if exists (
    select from booking.bookings b
    where b.id = hold_window.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id)
  ) then
    perform app.refuse('not_completed');
  end if;
  perform app.refuse('not_found');
end $$;

-- Writes what `content` names of a review; the rest stays.
create or replace function reviews.fill(subject reviews.reviews, content jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from jsonb_object_keys(coalesce(content -> 'detail_ratings', '{}')) as d (name)
    where d.name <> all (array(
      select unnest(k.details) from reviews.kinds k
      where (k.marketplace, k.module, k.reviewer_type, k.review_type)
        = (subject.marketplace, subject.module, subject.reviewer_type, subject.review_type)))
  ) then
    perform app.refuse('unknown_detail');
  end if;
  update reviews.reviews r set
    rating = coalesce((content ->> 'rating')::smallint, r.rating),
    review_text = case when content ? 'review_text' then content ->> 'review_text' else r.review_text end,
    detail_ratings = coalesce(content -> 'detail_ratings', r.detail_ratings),
    tags = case when content ? 'tags' then array(select jsonb_array_elements_text(content -> 'tags')) else r.tags end
  where r.id = subject.id;
  if content ? 'photo_ids' then perform reviews.attach_photos(subject.id, content -> 'photo_ids'); end if;
end $$;

-- Puts these stored pictures of the caller's in the place of those that the review has, in this order.
create or replace function reviews.attach_photos(review_id uuid, photo_ids jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare attached integer;
begin
  delete from reviews.photos p where p.review_id = attach_photos.review_id;
  insert into reviews.photos (review_id, position, upload_id)
  select attach_photos.review_id, wanted.position, u.id
  from jsonb_array_elements_text(photo_ids) with ordinality as wanted (upload_id, position)
  join identity.uploads u on u.id = wanted.upload_id::uuid
  where u.user_id = app.actor() and u.marketplace = app.marketplace() and u.purpose = 'review_photo' and u.status = 'stored';
  get diagnostics attached = row_count;
  if attached <> jsonb_array_length(photo_ids) then perform app.refuse('upload_not_usable'); end if;
end $$;

-- Called by the timer when a window closes with one review in it: that one opens. What it reads is due by then, so it only counts
-- and announces. It waits for no other transaction longer than a moment, for a sweep holds the locks of many bookings: the sweep
-- tries again a minute later.
create or replace function reviews.open_all(booking_id uuid) returns void
language sql security definer set search_path = public, pg_temp set lock_timeout = '200ms' as $$
  select reviews.settle(open_all.booking_id)
$$;

grant execute on function reviews.write(uuid, jsonb) to vicinity_api;
