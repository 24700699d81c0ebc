-- What reviews hold on people. The rating stays with whom it is about; what somebody wrote goes with the writer. Nobody's export
-- opens what is still blind.
select privacy.register('reviews.reviews', '$1 in (t.reviewer_id, t.reviewee_id)', 'anonymise',
  'the rating under opaque ids, with the booking',
  '{"review_text": "case when t.reviewer_id <> $1 then t.review_text end",
    "tags": "case when t.reviewer_id <> $1 then t.tags else ''{}'' end",
    "reply": "case when t.reviewee_id <> $1 then t.reply end",
    "replied_at": "case when t.reviewee_id <> $1 then t.replied_at end",
    "flagged_reason": "case when t.flagged_reason is not null then ''Deleted'' end"}',
  hidden => '{counted_rating,announced_at}',
  shown => '{"rating": "case when t.reviewer_id = $1 or t.opens_at <= app.now() then t.rating end",
             "detail_ratings": "case when t.reviewer_id = $1 or t.opens_at <= app.now() then t.detail_ratings end",
             "tags": "case when t.reviewer_id = $1 or t.opens_at <= app.now() then t.tags end",
             "review_text": "case when t.reviewer_id = $1 or t.opens_at <= app.now() then t.review_text end"}');
select privacy.register('reviews.photos', 't.upload_id in (select u.id from identity.uploads u where u.user_id = $1)', 'erase',
  'until the purge');
select privacy.register('reviews.reports', 't.reporter_id = $1', 'erase', 'until the purge');
select privacy.register('reviews.windows', '$1 in (t.customer_id, t.provider_id)', 'erase', '90 days after they closed');
select privacy.register('reviews.person_ratings', 't.person_id = $1', 'erase', 'until the purge');

insert into privacy.retention_policies (table_name, moment, retain, reason) values
  ('reviews.windows', 't.closes_at', '90 days', 'nobody writes in them any more')
on conflict on constraint retention_policies_pkey
  do update set moment = excluded.moment, retain = excluded.retain, reason = excluded.reason;
