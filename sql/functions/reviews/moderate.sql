-- What readers report of reviews, and what staff decide.

-- Tells staff of a review that everybody can read. Nothing is hidden by it. Refuses with not_found, own_review and, for a second
-- one of the same person, reports_review_id_key.
create or replace function reviews.report(review_id uuid, reason text, notes text) returns setof reviews.reports
language plpgsql security definer set search_path = public, pg_temp as $$
declare subject reviews.cards; made reviews.reports;
begin
  select c.* into subject from reviews.cards c
  where c.id = report.review_id and c.marketplace = app.marketplace() and c.is_visible;
  if subject.id is null then perform app.refuse('not_found'); end if;
  if subject.reviewer_id = app.actor() then perform app.refuse('own_review'); end if;
  insert into reviews.reports as t (marketplace, review_id, reporter_id, reason, notes)
  values (app.marketplace(), subject.id, app.actor(), report.reason, report.notes) returning t.* into made;
  perform app.emit('reviews.reported', jsonb_build_object('review_id', subject.id, 'reason', made.reason));
  return next made;
end $$;

-- Reviews of the marketplace for its moderators, newest first, each with how many open reports it has.
--
-- queue: 'reported' has open reports, 'hidden' is flagged or unpublished, 'featured', 'candidates' could be featured (the setting
-- featured_review_rating says from which rating on), 'all'
create or replace function reviews.list_for_staff(queue text, before uuid, max integer) returns table (review jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  -- A condition of its own for each queue, so that each finds its index.
  return query execute
    'select to_jsonb(c) || jsonb_build_object(''open_reports'', (
       select count(*) from reviews.reports t where t.review_id = c.id and t.settled_at is null))
     from reviews.cards c
     where c.marketplace = $1 and c.deleted_at is null and ($2 is null or c.id < $2) and '
    || case queue
         when 'reported' then
           'c.id in (select t.review_id from reviews.reports t where t.marketplace = $1 and t.settled_at is null)'
         when 'hidden' then '(c.is_flagged or not c.is_published)'
         when 'featured' then 'c.is_featured'
         when 'candidates' then 'c.rating >= $4 and c.is_visible and not c.is_featured and c.reviewer_type = ''customer'''
         else 'true' end
    || ' order by c.id desc limit $3'
  using app.marketplace(), before, max, coalesce(app.setting('featured_review_rating')::integer, 5);
end $$;

-- Flags, unpublishes or features a review, or takes that back, and settles what was reported of it. `changes`: { is_flagged?,
-- flagged_reason?, is_published?, is_featured? }. Refuses with not_found, own_review for one that the caller has written or is
-- about, and by the constraints of reviews.reviews.
create or replace function reviews.moderate(review_id uuid, changes jsonb, reason text) returns setof reviews.cards
language plpgsql security definer set search_path = public, pg_temp as $$
declare former reviews.reviews; decided reviews.reviews;
begin
  perform from reviews.windows w
  where w.booking_id = (select r.booking_id from reviews.reviews r where r.id = moderate.review_id) for update;
  select r.* into former from reviews.reviews r
  where r.id = moderate.review_id and r.marketplace = app.marketplace() and r.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  if app.actor() in (former.reviewer_id, former.reviewee_id) then perform app.refuse('own_review'); end if;
  update reviews.reviews r set
    is_flagged = coalesce((changes ->> 'is_flagged')::boolean, r.is_flagged),
    flagged_reason = case (changes ->> 'is_flagged')::boolean when true then moderate.reason when false then null
                     else r.flagged_reason end,
    is_published = coalesce((changes ->> 'is_published')::boolean, r.is_published),
    is_featured = coalesce((changes ->> 'is_featured')::boolean, r.is_featured)
  where r.id = former.id returning r.* into decided;
  update reviews.reports t set settled_at = app.now() where t.review_id = decided.id and t.settled_at is null;
  perform app.audit('reviews.moderated', 'admin', 'reviews', decided.id::text, reviews.standing_of(former),
    reviews.standing_of(decided), jsonb_build_object('reason', moderate.reason));
  if reviews.standing_of(former) <> reviews.standing_of(decided) then
    perform app.emit('reviews.moderated', reviews.event_of(decided) || reviews.standing_of(decided)
      || jsonb_build_object('user_id', decided.reviewer_id));
  end if;
  perform reviews.settle(decided.booking_id);
  return query select c.* from reviews.cards c where c.id = decided.id;
end $$;

create or replace function reviews.standing_of(subject reviews.reviews) returns jsonb language sql stable as $$
  select jsonb_build_object('is_flagged', subject.is_flagged, 'is_published', subject.is_published,
    'is_featured', subject.is_featured)
$$;

grant execute on function reviews.report(uuid, text, text), reviews.list_for_staff(text, uuid, integer),
  reviews.moderate(uuid, jsonb, text) to vicinity_api;
