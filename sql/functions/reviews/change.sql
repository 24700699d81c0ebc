-- Changes, takes back or answers what was written.

-- The caller's own review, locked behind its booking's window. Refuses with not_found.
create or replace function reviews.hold_own(review_id uuid) returns reviews.reviews
language plpgsql security definer set search_path = public, pg_temp as $$
declare held reviews.reviews;
begin
  perform from reviews.windows w
  where w.booking_id = (select r.booking_id from reviews.reviews r where r.id = hold_own.review_id) for update;
  select r.* into held from reviews.reviews r
  where r.id = hold_own.review_id and r.marketplace = app.marketplace() and r.reviewer_id = app.actor()
    and r.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return held;
end $$;

-- Changes what `content` names of the caller's review while its window is open; a blind one only until it opens, so that nobody
-- answers in kind to what the other side has written. Refuses with not_found, window_closed, review_open and as reviews.write does.
create or replace function reviews.change(review_id uuid, content jsonb) returns setof reviews.cards
language plpgsql security definer set search_path = public, pg_temp as $$
declare held reviews.reviews := reviews.hold_own(change.review_id); place reviews.windows;
begin
  select w.* into place from reviews.windows w where w.booking_id = held.booking_id;
  if place.booking_id is null or place.closes_at <= app.now() then perform app.refuse('window_closed'); end if;
  if place.is_blind and held.opens_at <= app.now() then perform app.refuse('review_open'); end if;
  perform reviews.fill(held, content);
  perform reviews.settle(held.booking_id);
  return query select c.* from reviews.cards c where c.id = held.id;
end $$;

-- Takes the caller's review back for good: its rating stops counting, and there is no second one.
create or replace function reviews.withdraw(review_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare held reviews.reviews := reviews.hold_own(withdraw.review_id);
begin
  update reviews.reviews r set deleted_at = app.now(), is_featured = false where r.id = held.id;
  perform reviews.settle(held.booking_id);
  return true;
end $$;

-- The public answer of whom a review is about, in the place of an earlier one; null takes it back. Refuses with not_found for
-- what the caller cannot read, which what is still blind is not either.
create or replace function reviews.reply(review_id uuid, reply text) returns setof reviews.cards
language plpgsql security definer set search_path = public, pg_temp as $$
declare answered reviews.reviews;
begin
  update reviews.reviews r set reply = reply.reply, replied_at = case when reply.reply is not null then app.now() end
  where r.id = reply.review_id and r.marketplace = app.marketplace() and r.reviewee_id = app.actor()
    and r.opens_at <= app.now() and r.is_published and not r.is_flagged and r.deleted_at is null
  returning r.* into answered;
  if answered.id is null then perform app.refuse('not_found'); end if;
  if answered.reply is not null then
    perform app.emit('reviews.replied', reviews.event_of(answered) || jsonb_build_object('user_id', answered.reviewer_id));
  end if;
  return query select c.* from reviews.cards c where c.id = answered.id;
end $$;

grant execute on function reviews.change(uuid, jsonb), reviews.withdraw(uuid), reviews.reply(uuid, text) to vicinity_api;
