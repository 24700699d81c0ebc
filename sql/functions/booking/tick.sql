-- Called by a booking's clock: ends its request to move when that has run out, cancels the booking when its own deadline is over, else
-- takes the next of its flow's timers that is due. May be
-- called again without harm, and too early.
create or replace function booking.tick(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; previous booking.bookings; flow booking.flows; timer jsonb; due_at timestamptz;
begin
  perform booking.stop_clock(tick.booking_id);
  -- Locked, so that an answer which arrives at this moment is waited for and then seen.
  select t.* into strict b from booking.bookings t where t.id = tick.booking_id for update;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if b.move_request is not null and not booking.asks_to_move(b) then b := booking.expire_move(b); end if;
  select n.timer, n.due_at into timer, due_at from booking.next_timer(b, flow) as n;
  if b.expires_at <= app.now() then
    perform booking.expire(b, flow);
  elsif b.expires_at is not null or timer is null or due_at > app.now() then
    perform booking.start_clock(b, flow);
  elsif timer ? 'to' then
    perform booking.transition(b.id, timer ->> 'to', timer ->> 'reason', timer ->> 'event');
  else
    previous := b;
    update booking.bookings t set clock_step = t.clock_step + 1, version = t.version + 1 where t.id = b.id returning t.* into b;
    perform booking.write_step(b, flow, previous, 'system', timer ->> 'reason');
    perform app.emit(timer ->> 'event', booking.event_of(b));
    -- The next may be due already, when the sweep comes late.
    perform booking.tick(b.id);
  end if;
end $$;

-- Cancels a booking, which its caller has locked, whose payment or answer did not come in time.
create or replace function booking.expire(b booking.bookings, flow booking.flows) returns booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare actor text := current_setting('app.actor', true);
begin
  -- The clock is the system, whoever meets it.
  perform set_config('app.actor', '', true);
  b := booking.transition(b.id, flow.cancelled,
    case b.awaits when 'payment' then 'payment_expired' else 'request_expired' end,
    case b.awaits when 'payment' then 'booking.payment_expired' else 'booking.expired' end);
  perform set_config('app.actor', coalesce(actor, ''), true);
  return b;
end $$;

-- Stops a booking's clock. Before the booking is locked, in the order in which the sweep of timers takes the two.
create or replace function booking.stop_clock(booking_id uuid) returns void language sql as $$
  select app.cancel_timer('booking.clock', booking_id)
$$;

-- Sets a booking's clock, where it has one.
create or replace function booking.start_clock(b booking.bookings, flow booking.flows) returns void language plpgsql as $$
declare due timestamptz := booking.clock_of(b, flow);
begin
  if due is not null then perform app.set_timer('booking.clock', b.id, due); end if;
end $$;

-- When a booking's clock is due: at the end of its wait, the next timer of its flow, or the end of its request to move. Null when nothing
-- comes.
create or replace function booking.clock_of(b booking.bookings, flow booking.flows) returns timestamptz language plpgsql stable as $$
begin
  return least(coalesce(b.expires_at, (booking.next_timer(b, flow)).due_at), (b.move_request ->> 'expires_at')::timestamptz);
end $$;

-- The flow's timer that a booking waits for in its status, { in, due, to?, event?, reason? }, and when it is due. Both null when
-- there is none.
create or replace function booking.next_timer(b booking.bookings, flow booking.flows, out timer jsonb, out due_at timestamptz)
language plpgsql stable as $$
begin
  select t.value, m.due_at into timer, due_at
  from jsonb_array_elements(flow.timers) with ordinality as t (value, place),
    lateral (select booking.moment_of(b, t.value -> 'due') as due_at offset 0) as m
  where t.value ->> 'in' = b.status and m.due_at is not null
  order by m.due_at, t.place offset b.clock_step limit 1;
end $$;

-- A moment of a booking as its flow names it: { of: 'starts_at' | 'ends_at', minutes?, policy? }. `policy` is the path of further
-- minutes in the booking's own policy, such as 'no_show.after_minutes'; a policy that has none has no such moment.
create or replace function booking.moment_of(b booking.bookings, named jsonb) returns timestamptz language plpgsql stable as $$
begin
  return case named ->> 'of' when 'starts_at' then b.starts_at when 'ends_at' then b.ends_at end
    + make_interval(mins => coalesce((named ->> 'minutes')::integer, 0)
      + case when named ? 'policy' then (b.policy #>> string_to_array(named ->> 'policy', '.'))::integer else 0 end);
end $$;
