-- Ids as before (RFC 9562, method 1), but a transaction's first one tells the millisecond of its request, and each further one is the
-- next number: after 4,095 of one millisecond the next millisecond's first.
create or replace function app.uuid_v7() returns uuid language plpgsql volatile as $$
declare made bigint := nullif(current_setting('app.ids', true), '')::bigint + 1;
begin
  if made is null then
    made := (date_part('epoch', app.now()) * 1000)::bigint << 16 | 28672;
  elsif made & 4095 = 0 then
    made := made + 61440;
  end if;
  made := set_config('app.ids', made::text, true);
  return encode(int8send(made) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid;
end $$;

-- The dispatcher of a booking's steps asks for a moment once, and not for each of its handlers.
create or replace function booking.write_dispatcher() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare calls text;
begin
  select string_agg(format(e'  if %L = any (moments) then\n%s\n  end if;', m.moment, m.calls), e'\n' order by m.place) into calls
  from (
    select h.moment, array_position('{confirmed,started,moved,completed,ended}'::text[], h.moment) as place,
      string_agg(format(case when h.module is null then '    %2$s' else '    if b.module = %1$L then %2$s end if;' end, h.module,
          format('perform %s;', h.handler || case h.takes when 'id' then '(b.id)' else '(b)' end)),
        e'\n' order by h.handler collate "C") as calls
    from booking.step_handlers h group by h.moment) as m;
  execute format(e'create or replace function booking.call_handlers(moments text[], b booking.bookings) returns void\n'
    'language plpgsql as $f$\nbegin\n%s\nend $f$', coalesce(calls, ''));
  return null;
end $$;
-- As they are.
update booking.step_handlers set takes = takes;

-- One index less to write: a line is only ever looked for by its booking.
alter table booking.timeline drop constraint timeline_pkey;
alter table booking.timeline add constraint timeline_pkey primary key (booking_id, id);
drop index booking.timeline_booking_id_idx;

-- What a payer's line items sum up to. Added up here: a statement for it costs its start, twice in each booking's checks.
create or replace function booking.sum_of(line_items jsonb, payer text) returns bigint
language plpgsql immutable strict parallel safe as $$
declare total bigint := 0;
begin
  for place in 0 .. jsonb_array_length(line_items) - 1 loop
    if line_items -> place ->> 'payer' = sum_of.payer then
      total := total + coalesce((line_items -> place ->> 'amount')::bigint, 0);
    end if;
  end loop;
  return total;
end $$;
