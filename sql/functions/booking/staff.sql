-- What staff see of bookings. Whoever calls these has the permission already: the route asks for it. Who saw which is on record.

-- What happened to a booking, the latest hundred, oldest first. With the caller's rights.
create or replace function booking.timeline_of(booking_id uuid) returns jsonb language sql stable as $$
  select jsonb_agg(to_jsonb(t) - 'id' - 'version' order by t.version, t.id)
  from (select t.id, t.version, t.at, t.party, t.event, t.from_status, t.to_status, t.reason, t.details
        from booking.timeline t where t.booking_id = timeline_of.booking_id
        -- As many as a row of the Data API carries: one party could write so many that neither the other nor staff would get any.
        order by t.version desc, t.id desc limit 100) as t
$$;

-- Finds bookings of the marketplace, newest first. All that is given must fit. Planned for what is asked, each time: what is not
-- asked would keep the indexes out of a plan for all.
--
-- wanted: { number?, user_id? (on either side), resource_id?, module?, status?, payment_status?, from?, to? }
create or replace function booking.search_as_staff(wanted jsonb, before uuid, max integer) returns table (booking jsonb)
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  number_ text := wanted ->> 'number'; person uuid := wanted ->> 'user_id'; resource uuid := wanted ->> 'resource_id';
  module_ text := wanted ->> 'module'; status_ text := wanted ->> 'status'; payment text := wanted ->> 'payment_status';
  from_ timestamptz := wanted ->> 'from'; to_ timestamptz := wanted ->> 'to'; shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select t.id
    from booking.bookings t join booking.my_bookings b on b.id = t.id
    where t.marketplace = app.marketplace()
      and (number_ is null or t.number = number_)
      and (person is null or t.customer_id = person or t.provider_id = person)
      and (resource is null or t.resource_id = resource)
      and (module_ is null or t.module = module_)
      and (status_ is null or b.status = status_)
      and (payment is null or t.payment_status = payment)
      and (from_ is null or t.ends_at > from_)
      and (to_ is null or t.starts_at < to_)
      and (before is null or t.id < before)
    order by t.id desc limit max) as f;
  perform app.audit('booking.searched_by_staff', 'booking', 'bookings', null,
    metadata => jsonb_build_object('wanted', wanted, 'booking_ids', coalesce(to_jsonb(shown), '[]')));
  return query select to_jsonb(b) from booking.my_bookings b where b.id = any (shown) order by b.id desc;
end $$;

-- Shows a booking to staff with its timeline.
create or replace function booking.show_to_staff(booking_id uuid) returns table (booking jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
    select to_jsonb(b) || jsonb_build_object('timeline', booking.timeline_of(b.id), 'refund', money.refund_of_booking(b.id))
    from booking.bookings t join booking.my_bookings b on b.id = t.id
    where t.id = show_to_staff.booking_id and t.marketplace = app.marketplace();
  if found then perform app.audit('booking.read_by_staff', 'booking', 'bookings', show_to_staff.booking_id::text); end if;
end $$;

grant execute on function booking.timeline_of(uuid), booking.search_as_staff(jsonb, uuid, integer),
  booking.show_to_staff(uuid) to vicinity_api;
