-- Issues the code of a booking at its confirmation: ten letters and digits that nobody reads for others, of 2^50. A code that another
-- booking has is drawn anew. May be called again without harm.
create or replace function parking.issue_access(b booking.bookings) returns void
language plpgsql as $$
declare
  letters constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  sixty_four constant text := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
begin
  loop
    -- Each letter stands for two of the sixty-four that three bytes are written with, so that all are equally likely.
    insert into parking.access_codes (code, booking_id, marketplace, customer_id)
    values (left(translate(encode(gen_random_bytes(9), 'base64'), sixty_four, letters || letters), 10),
            b.id, b.marketplace, b.customer_id)
    on conflict do nothing;
    exit when found;
    exit when exists (select from parking.access_codes a where a.booking_id = b.id);
  end loop;
end $$;

-- From when and until when the code of a booking opens: as long as the flow lets its driver begin it.
create or replace function parking.access_during(b booking.bookings) returns tstzrange
language sql stable security definer set search_path = public, pg_temp as $$
  select tstzrange(coalesce(booking.moment_of(b, step -> 'opens'), b.confirmed_at), b.ends_at)
  from booking.flows f, jsonb_array_elements(f.transitions) as step
  where f.id = b.flow_id and step ->> 'from' = f.instant and step ->> 'to' = f.running
$$;

-- What the driver of a confirmed booking shows: the code and when it opens. No row for anybody else.
create or replace function parking.my_access(booking_id uuid) returns table (access_code text, valid_from timestamptz, valid_until timestamptz, is_valid boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.code, lower(opens.during), upper(opens.during),
         opens.during @> app.now() and b.status = any (f.live)
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  join parking.access_codes a on a.booking_id = b.id
  cross join lateral (select parking.access_during(b) as during) as opens
  where b.id = my_access.booking_id and b.marketplace = app.marketplace() and b.customer_id = app.actor()
$$;

-- Checks a booking in, for its driver or for the owner of the space who reads the driver's code. The first time it begins; each further
-- one is noted. Refuses with not_found, booking_not_confirmed, step_too_early, step_too_late, access_code_wrong, position_of_driver,
-- too_far, too_many_requests, and as `booking.transition` does.
--
-- proof: { by: 'code' | 'qr', code }, or a position { latitude, longitude }.
create or replace function parking.check_in(booking_id uuid, proof jsonb) returns setof booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; step jsonb;
begin
  -- Two at once come one after the other, so that the second one finds the booking begun.
  perform pg_advisory_xact_lock(hashtextextended('parking.check_in/' || check_in.booking_id, 0));
  select t.* into b from booking.bookings t
  where t.id = check_in.booking_id and t.marketplace = app.marketplace() and t.module = 'parking'
    and app.actor() in (t.customer_id, t.provider_id);
  if b.id is null then perform app.refuse('not_found'); end if;
  if b.confirmed_at is null then perform app.refuse('booking_not_confirmed'); end if;
  if proof ? 'by' and not exists (select from parking.access_codes a where a.booking_id = b.id and a.code = proof ->> 'code') then
    perform app.refuse('access_code_wrong');
  end if;
  -- Where the owner stands proves nothing of the driver.
  if not proof ? 'by' and app.actor() <> b.customer_id then perform app.refuse('position_of_driver'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if b.status <> flow.running then
    return next booking.transition(b.id, flow.running, proof => proof - 'code');
    return;
  end if;
  if app.draw('parking.check_in/' || b.id, 20, interval '1 hour') is not null then perform app.refuse('too_many_requests'); end if;
  select t into strict step from jsonb_array_elements(flow.transitions) as t
  where t ->> 'from' = flow.instant and t ->> 'to' = flow.running;
  perform booking.note(b.id, 'checked_in', jsonb_strip_nulls(jsonb_build_object('proof', coalesce(proof ->> 'by', 'position'),
    'distance_m', booking.check_step(b, step, booking.party_of(b), proof - 'code'))));
  return next b;
end $$;

-- Ends a booking that has begun, for its driver, or for the owner of the space once its time is over. Refuses with not_found and as
-- `booking.transition` does.
create or replace function parking.check_out(booking_id uuid) returns setof booking.bookings
language plpgsql security definer set search_path = public, pg_temp as $$
declare completed text;
begin
  select f.completed into completed from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = check_out.booking_id and b.marketplace = app.marketplace() and b.module = 'parking'
    and app.actor() in (b.customer_id, b.provider_id);
  if completed is null then perform app.refuse('not_found'); end if;
  return next booking.transition(check_out.booking_id, completed, 'checked_out');
end $$;

grant execute on function parking.my_access(uuid), parking.check_in(uuid, jsonb), parking.check_out(uuid) to vicinity_api;
