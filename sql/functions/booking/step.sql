-- What every step of a booking has in common, a placed one included: its line in the timeline, its clock, and what other modules do
-- at it. `b` is the booking as it has become, `previous` as it was, null when it is new.
create or replace function booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text,
  event text, reason text default null, details jsonb default '{}') returns void
language plpgsql as $$
declare moments text[]; calls text;
begin
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details)
  values (b.id, b.version, app.actor(), write_step.party, previous.status, b.status, write_step.reason, write_step.event,
          write_step.details);
  perform booking.start_clock(b, flow);
  -- A booking is confirmed before it starts, and what ends it comes last.
  moments := array_remove(array[
    case when b.confirmed_at is not null and previous.confirmed_at is null then 'confirmed' end,
    case when b.started_at is not null and previous.started_at is null then 'started' end,
    case when write_step.event = 'moved' then 'moved' end,
    case when b.completed_at is not null and previous.completed_at is null then 'completed' end,
    case when b.status <> all (flow.live) and previous.status = any (flow.live) then 'ended' end], null);
  if moments = '{}' then return; end if;
  -- Joined to a list, whose plan is kept. All handlers in one statement, whose parts run in their order.
  select string_agg(h.handler || case h.takes when 'id' then '($1)' else '($2)' end, ', ' order by m.place, h.handler) into calls
  from unnest(moments) with ordinality as m (moment, place) join booking.step_handlers h on h.moment = m.moment
  where h.module is null or h.module = b.module;
  if calls is not null then execute 'select ' || calls using b.id, b; end if;
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
