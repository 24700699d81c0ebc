-- Called when a booking is completed: counts it for its space, with what its owner has earned by it.
create or replace function parking.count_booking(booking_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update parking.spaces s set total_bookings = s.total_bookings + 1, total_earnings = s.total_earnings + greatest(0, (
    select coalesce(sum((item ->> 'amount')::bigint * case when item ->> 'payee' = 'provider' then 1 else -1 end), 0)
    from jsonb_array_elements(b.line_items) as item
    where 'provider' in (item ->> 'payee', item ->> 'payer')))
  from booking.bookings b where b.id = count_booking.booking_id and s.id = b.resource_id
$$;

-- Called when what people think of a space has changed.
create or replace function parking.keep_rating(resource_id uuid, average numeric, reviews integer) returns void
language sql security definer set search_path = public, pg_temp as $$
  update parking.spaces s set rating = round(average, 2), review_count = reviews where s.id = keep_rating.resource_id
$$;

insert into reviews.rating_handlers (module, handler) values ('parking', 'parking.keep_rating')
on conflict on constraint rating_handlers_pkey do update set handler = excluded.handler;
