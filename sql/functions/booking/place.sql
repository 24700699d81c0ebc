-- Places a booking for the person of this transaction: takes the time, writes booking, number and timeline, sets its clock and
-- emits the events. For the owner's functions in other modules, with whose rights and path it runs: they decide what may be booked and
-- at what price.
--
-- wanted: { module, resource_id, resource_name, provider_id, starts_at, ends_at, time_zone, line_items, currency, subtotal_amount,
-- fee_amount, total_amount, discount_amount? (of the promo code), location?, customer_notes?, subject_id? (what the customer brings and
-- cannot be in two places at once), buffer_before?, buffer_after? (seconds around the time that are taken too), policy?, facts? }, and
-- nothing else. capacity: of the resource. instant: false where the provider must accept, for which `request_timeout`
-- gives them seconds. payment_timeout: seconds to pay in before anything else; null or 0: nothing is paid before. promo_code: of
-- `service_id`, where the code asks for one. Nothing is waited for that costs nothing.
--
-- Refuses with reservation_no_overlap when the time is taken, subject_no_overlap, requests_not_supported, bookings_parties_check, and
-- as `money.use_promo_code` does.
create or replace function booking.place(wanted booking.bookings, capacity integer, instant boolean, request_timeout integer default null,
  payment_timeout integer default null, promo_code text default null, service_id uuid default null) returns booking.bookings
language plpgsql as $$
declare b booking.bookings := wanted; flow booking.flows; kind text; moment timestamptz := app.now();
begin
  select f.* into strict flow from booking.flows f
  where f.marketplace = app.marketplace() and f.module = b.module and f.is_current;
  b.id := app.uuid_v7();
  b.marketplace := flow.marketplace;
  b.customer_id := app.actor();
  b.flow_id := flow.id;
  b.buffer_before := coalesce(b.buffer_before, 0);
  b.buffer_after := coalesce(b.buffer_after, 0);
  b.policy := coalesce(b.policy, '{}');
  b.facts := coalesce(b.facts, '{}');
  b.version := 1;
  b.payment_status := 'pending';
  b.refund_amount := 0;
  b.refund_items := '[]';
  b.refund_cap := 100;
  b.overstay_amount := 0;
  b.discount_amount := coalesce(b.discount_amount, 0);
  b.clock_step := 0;
  b.created_at := moment;
  b.updated_at := moment;
  b.answer_seconds := case when not instant then request_timeout end;
  if not instant and (flow.on_request is null or request_timeout is null) then perform app.refuse('requests_not_supported'); end if;
  if payment_timeout > 0 and b.total_amount > 0 then
    b.awaits := 'payment';
    b.status := case when b.answer_seconds is null then flow.unpaid else flow.on_request end;
    b.expires_at := moment + make_interval(secs => payment_timeout);
  elsif b.answer_seconds is not null then
    b.awaits := 'answer';
    b.status := flow.on_request;
    b.expires_at := booking.answer_by(b);
  else
    b.status := flow.instant;
    b.confirmed_at := moment;
  end if;

  kind := case when b.expires_at is null then 'booking' else 'hold' end;
  b.unit := booking.take(b, capacity, kind);
  b.number := booking.next_number();
  -- As one row that is read, and not as sixty values each asked for.
  with numbered as (insert into booking.numbers (number, booking_id) values (b.number, b.id))
  insert into booking.bookings select * from unnest(array[b]);
  perform booking.write_step(b, flow, null, 'customer', 'placed', events => case when b.confirmed_at is null
    then '{booking.placed}'::text[] else '{booking.placed,booking.confirmed}' end);
  if promo_code is not null then perform money.use_promo_code(b, promo_code, service_id); end if;
  return b;
end $$;

-- Takes the time of a new booking, of its resource and of what is brought. Returns the unit. Refuses with reservation_no_overlap and
-- subject_no_overlap.
create or replace function booking.take(b booking.bookings, capacity integer, kind text) returns integer
language plpgsql as $$
declare taken integer;
begin
  perform booking.take_turn(b.resource_id, b.subject_id);
  -- Mostly both are free, and nothing is looked for before it is known to be taken. A plain insert looks for what overlaps once,
  -- `on conflict do nothing` twice; two plain ones would wait for each other, but for their turns.
  begin
    insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at, created_at)
    select b.marketplace, t.resource_id, 1, b.id, take.kind, t.during, b.expires_at, b.created_at
    from (values (b.resource_id, booking.taken_by(b)), (b.subject_id, tstzrange(b.starts_at, b.ends_at))) as t (resource_id, during)
    where t.resource_id is not null;
    return 1;
  exception when exclusion_violation then
    null;
  end;
  taken := booking.reserve(b.resource_id, take.capacity, booking.taken_by(b), take.kind, b.id, b.expires_at);
  if taken is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.reserve(b.subject_id, 1, tstzrange(b.starts_at, b.ends_at), take.kind, b.id, b.expires_at) is null then
    perform app.refuse('subject_no_overlap');
  end if;
  return taken;
end $$;

-- The next number of the marketplace in its zone's year, such as DRV-2026-000001: six digits at least, never cut. A booking that is
-- refused after it has drawn one leaves a gap.
create or replace function booking.next_number() returns text
language plpgsql as $$
declare prefix text; year_ integer; series text; counter regclass; n bigint;
begin
  select m.booking_prefix, extract(year from app.now() at time zone m.time_zone) into strict prefix, year_
  from app.marketplaces m where m.slug = app.marketplace();
  series := format('booking.number_%s_%s', lower(prefix), year_);
  counter := to_regclass(series);
  if counter is null then
    perform pg_advisory_xact_lock(hashtextextended(series, 0));
    execute format('create sequence if not exists %s', series);
    counter := series;
  end if;
  n := nextval(counter);
  return format('%s-%s-%s', prefix, year_, case when n > 999999 then n::text else lpad(n::text, 6, '0') end);
end $$;

-- Until when a provider may answer: nobody is left to accept what has begun.
create or replace function booking.answer_by(b booking.bookings) returns timestamptz language sql stable as $$
  select least(app.now() + make_interval(secs => b.answer_seconds), b.starts_at)
$$;

-- The time that a booking takes of its resource.
create or replace function booking.taken_by(b booking.bookings) returns tstzrange language sql stable as $$
  select tstzrange(b.starts_at - make_interval(secs => b.buffer_before), b.ends_at + make_interval(secs => b.buffer_after))
$$;

-- What events tell of a booking.
create or replace function booking.event_of(subject booking.bookings) returns jsonb language sql stable as $$
  select jsonb_build_object('booking_id', subject.id, 'number', subject.number, 'module', subject.module,
    'customer_id', subject.customer_id, 'provider_id', subject.provider_id, 'resource_id', subject.resource_id,
    'resource_name', subject.resource_name, 'starts_at', subject.starts_at, 'ends_at', subject.ends_at,
    'time_zone', subject.time_zone, 'status', subject.status, 'awaits', subject.awaits,
    'total_amount', subject.total_amount, 'refund_amount', subject.refund_amount,
    'overstay_amount', subject.overstay_amount, 'currency', subject.currency, 'cancelled_by', subject.cancelled_by)
$$;
