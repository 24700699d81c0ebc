-- Places a booking for the person of this transaction: takes the time, writes booking, number and timeline, sets the timer
-- of a request and emits the events. For the functions of other modules, which decide what may be booked and at what price.
--
-- details: { module, resource_id, resource_name, capacity, provider_id, starts_at, ends_at, time_zone, instant (false: the
-- provider must accept), request_timeout (seconds), line_items, currency, subtotal_amount, fee_amount, total_amount,
-- customer_notes }. Refuses with reservation_no_overlap when the time is taken, requests_not_supported, bookings_parties_check.
create or replace function booking.place(details jsonb) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare draft booking.bookings := jsonb_populate_record(null::booking.bookings, details); flow booking.flows;
begin
  select f.* into strict flow from booking.flows f
  where f.marketplace = app.marketplace() and f.module = draft.module and f.is_current;
  draft.id := app.uuid_v7();
  draft.marketplace := app.marketplace();
  draft.customer_id := app.actor();
  draft.flow_id := flow.id;
  draft.status := case when (details ->> 'instant')::boolean then flow.instant else flow.on_request end;
  if draft.status is null then perform app.refuse('requests_not_supported'); end if;
  if draft.status is distinct from flow.instant then
    -- Nobody is left to accept what has begun.
    draft.expires_at := least(app.now() + make_interval(secs => (details ->> 'request_timeout')::integer), draft.starts_at);
  else
    draft.confirmed_at := app.now();
  end if;

  draft.unit := booking.reserve(draft.resource_id, (details ->> 'capacity')::integer,
    tstzrange(draft.starts_at, draft.ends_at), case when draft.expires_at is null then 'booking' else 'hold' end,
    draft.id, draft.expires_at);
  if draft.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if draft.expires_at is not null then
    perform app.set_timer('booking.expire_request', draft.id, draft.expires_at);
  end if;

  draft.version := 1;
  draft.payment_status := 'pending';
  draft.created_at := app.now();
  draft.updated_at := app.now();
  -- Taken as late as can be: a marketplace's counter is one row that every booking of it queues for until the other commits.
  draft.number := booking.next_number();
  insert into booking.bookings select draft.*;
  insert into booking.numbers (number, booking_id) values (draft.number, draft.id);
  insert into booking.timeline (booking_id, actor, party, to_status)
  values (draft.id, draft.customer_id, 'customer', draft.status);
  perform app.emit('booking.placed', booking.event_of(draft));
  if draft.confirmed_at is not null then perform app.emit('booking.confirmed', booking.event_of(draft)); end if;
  return draft;
end $$;

-- The next number of the marketplace in its zone's year, such as DRV-2026-000001. Six digits at least, never cut.
create or replace function booking.next_number() returns text
language sql security definer set search_path = public, pg_temp as $$
  insert into booking.counters as c (marketplace, year, last)
  select m.slug, extract(year from app.now() at time zone m.time_zone)::integer, 1
  from app.marketplaces m where m.slug = app.marketplace()
  on conflict on constraint counters_pkey do update set last = c.last + 1
  returning (select m.booking_prefix from app.marketplaces m where m.slug = c.marketplace)
    || '-' || c.year || '-' || lpad(c.last::text, greatest(6, length(c.last::text)), '0')
$$;

-- What events tell of a booking.
create or replace function booking.event_of(subject booking.bookings) returns jsonb language sql stable as $$
  select jsonb_build_object('booking_id', subject.id, 'number', subject.number, 'module', subject.module,
    'customer_id', subject.customer_id, 'provider_id', subject.provider_id, 'resource_id', subject.resource_id,
    'resource_name', subject.resource_name, 'starts_at', subject.starts_at, 'ends_at', subject.ends_at,
    'time_zone', subject.time_zone, 'status', subject.status, 'total_amount', subject.total_amount,
    'currency', subject.currency, 'cancelled_by', subject.cancelled_by)
$$;
