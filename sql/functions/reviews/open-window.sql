-- Opens the window of a booking that was completed, for the sides that have something to write, and has both asked a while
-- later. Called by the booking's step; again without harm.
create or replace function reviews.open_window(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare opened reviews.windows; minutes integer := app.setting('review_request_minutes');
begin
  insert into reviews.windows as w (booking_id, marketplace, module, resource_id, customer_id, provider_id, customer_type,
    provider_type, closes_at)
  select b.id, b.marketplace, b.module, b.resource_id, b.customer_id, b.provider_id, kinds.of_customer, kinds.of_provider,
         app.now() + make_interval(days => coalesce(app.setting('review_window_days')::integer, 7))
  from booking.bookings b
  cross join lateral (
    select max(k.review_type) filter (where k.reviewer_type = 'customer') as of_customer,
           max(k.review_type) filter (where k.reviewer_type = 'provider') as of_provider
    from reviews.kinds k where k.marketplace = b.marketplace and k.module = b.module and k.is_offered) as kinds
  where b.id = open_window.booking_id and b.completed_at is not null
    and coalesce(kinds.of_customer, kinds.of_provider) is not null
  on conflict on constraint windows_pkey do nothing
  returning w.* into opened;
  if opened.booking_id is not null and minutes is not null then
    perform app.set_timer('reviews.request', opened.booking_id, app.now() + make_interval(mins => minutes));
  end if;
end $$;

-- Called by the timer some time after the booking was completed: asks the sides that have not written yet.
create or replace function reviews.request(booking_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  select app.emit('reviews.requested', jsonb_build_object('user_id', side.person_id, 'booking_id', w.booking_id,
    'number', b.number, 'resource_name', b.resource_name, 'review_type', side.review_type, 'closes_at', w.closes_at,
    'time_zone', b.time_zone, 'review_url', replace(replace(
      app.setting('review_url') #>> '{}', '{marketplace}', w.marketplace), '{booking_id}', w.booking_id::text)))
  from reviews.windows w
  join booking.bookings b on b.id = w.booking_id
  cross join lateral (values ('customer', w.customer_id, w.customer_type), ('provider', w.provider_id, w.provider_type))
    as side (reviewer_type, person_id, review_type)
  where w.booking_id = request.booking_id and w.closes_at > app.now() and side.review_type is not null
    and not exists (
      select from reviews.reviews r where r.booking_id = w.booking_id and r.reviewer_type = side.reviewer_type)
$$;
