-- What every step of a booking has in common, a placed one included: its line in the timeline, its clock, its events, and what other
-- modules do at it. `b` is the booking as it has become, `previous` as it was, null when it is new. `events` tell of the booking, in their
-- order.
create or replace function booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text,
  event text, reason text default null, details jsonb default '{}', events text[] default '{}') returns void
language plpgsql as $$
declare
  moments text[]; due timestamptz := booking.clock_of(b, flow); moment timestamptz := app.now();
  payload jsonb := case when write_step.events <> '{}' then booking.event_of(b) end;
begin
  -- One statement, since each costs its start: the clock is set as `app.set_timer` does.
  with line as (
    insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details, at)
    values (b.id, b.version, app.actor(), write_step.party, previous.status, b.status, write_step.reason, write_step.event,
            write_step.details, moment)
  ), told as (
    insert into app.outbox (marketplace, type, payload, created_at)
    select b.marketplace, e.type, payload, moment from unnest(write_step.events) as e (type)
  )
  insert into app.timers as t (marketplace, kind, subject_id, due_at, created_at)
  select b.marketplace, 'booking.clock', b.id, due, moment where due is not null
  on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at;
  if payload is not null then
    perform set_config('app.emitted', (current_setting('app.emitted')::integer + cardinality(write_step.events))::text, true);
  end if;
  -- A booking is confirmed before it starts, and what ends it comes last.
  moments := array_remove(array[
    case when b.confirmed_at is not null and previous.confirmed_at is null then 'confirmed' end,
    case when b.started_at is not null and previous.started_at is null then 'started' end,
    case when write_step.event = 'moved' then 'moved' end,
    case when b.completed_at is not null and previous.completed_at is null then 'completed' end,
    case when b.status <> all (flow.live) and previous.status = any (flow.live) then 'ended' end], null);
  if moments <> '{}' then perform booking.call_handlers(moments, b); end if;
end $$;

-- Adds a line to a booking's timeline that moves nothing: a code that was shown, a message to a car. For other modules.
create or replace function booking.note(booking_id uuid, event text, details jsonb default '{}', reason text default null)
returns void language sql security definer set search_path = public, pg_temp as $$
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details)
  select b.id, b.version, app.actor(), coalesce(booking.party_of(b), 'system'), b.status, b.status, note.reason, note.event, note.details
  from booking.bookings b where b.id = note.booking_id
$$;

-- Which party of a booking the person of this transaction is: the system when nobody is signed in, null for a stranger.
create or replace function booking.party_of(b booking.bookings) returns text language sql stable as $$
  select case when app.actor() is null then 'system' when app.actor() = b.customer_id then 'customer'
              when app.actor() = b.provider_id then 'provider' end
$$;
