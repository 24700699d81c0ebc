-- What a booking costs beyond its rows: its handlers are called by name and not by a statement that is made up at each step, and a check
-- that hardly any booking needs is not read with every one.

-- Each CHECK is read from its text at each statement that inserts. The longest of a booking's was of its request to move.
create function booking.is_move_request(asked jsonb, confirmed_at timestamptz, completed_at timestamptz, cancelled_at timestamptz,
  awaits text) returns boolean language plpgsql immutable parallel safe as $$
begin
  return confirmed_at is not null and completed_at is null and cancelled_at is null and awaits is null
    and asked ?& array['id', 'starts_at', 'ends_at', 'expires_at', 'total_amount']
    and booking.sum_of(asked -> 'line_items', 'customer') = (asked ->> 'total_amount')::bigint;
end $$;
grant execute on function booking.is_move_request(jsonb, timestamptz, timestamptz, timestamptz, text)
  to vicinity_api, vicinity_worker;
alter table booking.bookings
  drop constraint bookings_move_request_check,
  add constraint bookings_move_request_check
    check (move_request is null or booking.is_move_request(move_request, confirmed_at, completed_at, cancelled_at, awaits));

-- Writes `booking.call_handlers(moments, b)` from the rows of `booking.step_handlers`: calls by name, whose plans are kept for the session,
-- in the order of the moments and then of the handlers' names.
create function booking.write_dispatcher() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare calls text;
begin
  select string_agg(format('  if %L = any (moments)%s then perform %s; end if;', h.moment,
      case when h.module is null then '' else format(' and b.module = %L', h.module) end,
      h.handler || case h.takes when 'id' then '(b.id)' else '(b)' end), e'\n'
    order by array_position('{confirmed,started,moved,completed,ended}'::text[], h.moment), h.handler collate "C") into calls
  from booking.step_handlers h;
  execute format(e'create or replace function booking.call_handlers(moments text[], b booking.bookings) returns void\n'
    'language plpgsql as $f$\nbegin\n%s\nend $f$', coalesce(calls, ''));
  return null;
end $$;
create trigger step_handlers_dispatched after insert or update or delete or truncate on booking.step_handlers
  for each statement execute function booking.write_dispatcher();
-- As they are.
update booking.step_handlers set takes = takes;

-- Every step tells its events with its line.
drop function if exists app.emit_both(text, text, jsonb),
  booking.write_step(booking.bookings, booking.flows, booking.bookings, text, text, text, jsonb);
