-- Rules that have been expanded to less than the horizon, with what their expansion goes on from. `until` is where to: further
-- than the horizon, so that a rule comes up about once a month.
create or replace function booking.rules_due(batch integer) returns table (id uuid, version integer, time_zone text,
  start_time timestamp, end_time timestamp, recurrence_rule text, except_dates date[], since timestamptz, until timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.id, a.version, r.time_zone, a.start_time, a.end_time, a.recurrence_rule::text, a.except_dates, a.expanded_until,
         booking.horizon() + interval '35 days'
  from booking.availability_rules a join booking.resources r on r.id = a.resource_id
  where a.marketplace = app.marketplace() and a.expanded_until < 'infinity'
    and a.expanded_until <= booking.horizon() + interval '1 day'
  order by a.expanded_until, a.id limit rules_due.batch
$$;

-- Takes in what rules have come to further on, and brings it in force. A rule that was written anew in between is left as it is.
-- May be called again without harm. Returns how many rules went on.
--
-- expanded: [{ id, version, times: [[starts_at, ends_at], …], expanded_until }, …]
create or replace function booking.extend_rules(expanded jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare due record; affected uuid[] := '{}'; target uuid;
begin
  -- Resources first and in one order, as whoever writes a rule locks its resource first.
  perform from booking.resources r where r.id in (
    select a.resource_id from booking.availability_rules a
    where a.marketplace = app.marketplace() and a.id in (select (e ->> 'id')::uuid from jsonb_array_elements(expanded) as e))
  order by r.id for update;
  for due in select * from jsonb_to_recordset(expanded) as e (id uuid, version integer, times jsonb, expanded_until timestamptz)
  loop
    update booking.availability_rules a set expanded_until = due.expanded_until
    where a.id = due.id and a.version = due.version and a.expanded_until < due.expanded_until
    returning a.resource_id into target;
    continue when not found;
    delete from booking.rule_times t where t.rule_id = due.id and t.ends_at <= app.now();
    perform booking.add_rule_times(due.id, due.times);
    affected := affected || target;
  end loop;
  perform booking.apply_rules(t.id) from (select distinct unnest(affected) as id) as t;
  return cardinality(affected);
end $$;

grant execute on function booking.rules_due(integer), booking.extend_rules(jsonb) to vicinity_worker;
