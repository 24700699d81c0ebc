-- Brings what a resource's rules have come to in force: its hours, and for each unit a reservation for each time that its owner
-- keeps. Whoever calls it has locked the resource. Blocks are written as any reservation is, so that a booking which is made at
-- this moment and a block never both take a time. A time that is booked or held stays so, but the rule that is just being written,
-- `new_rule`, is refused with time_booked. Refuses with too_many_blocks.
create or replace function booking.apply_rules(resource_id uuid, new_rule uuid default null) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare r booking.resources; has_hours boolean; bound timestamptz; wanted tstzmultirange; missing integer; written integer;
begin
  select coalesce(bool_or(a.availability_type = 'available'), false), coalesce(min(a.expanded_until), 'infinity')
  into has_hours, bound from booking.availability_rules a where a.resource_id = apply_rules.resource_id;
  update booking.resources t set always_open_until = case when has_hours then '-infinity' else bound end
  where t.id = apply_rules.resource_id returning t.* into r;

  delete from booking.open_times o where o.resource_id = r.id;
  insert into booking.open_times (resource_id, marketplace, opens_at, closes_at)
  select r.id, r.marketplace, lower(open), upper(open)
  from unnest((
    -- Beyond the bound some rule has not said yet what it blocks.
    select range_agg(tstzrange(t.starts_at, least(t.ends_at, bound)))
    from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
    where a.resource_id = r.id and a.availability_type = 'available' and t.ends_at > app.now() and t.starts_at < bound)) as open;

  select coalesce(range_agg(tstzrange(t.starts_at, t.ends_at)), '{}') into wanted
  from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
  where a.resource_id = r.id and a.availability_type <> 'available' and t.ends_at > app.now();
  if r.capacity * (select count(*) from unnest(wanted)) > 20000 then perform app.refuse('too_many_blocks'); end if;
  -- Hours alone touch no reservation, and keep nobody waiting while many resources are brought in force at once.
  if new_rule is null and wanted = '{}' and not exists (
    select from booking.reservations b where b.resource_id = r.id and b.kind = 'block') then return; end if;
  perform booking.take_turn(r.id);
  perform booking.release_expired(r.id, tstzrange(null, null));
  if exists (
    select from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
    join booking.reservations b on b.resource_id = r.id and b.unit <= r.capacity and b.kind <> 'block'
      and b.during && tstzrange(t.starts_at, t.ends_at)
    where t.rule_id = new_rule and a.availability_type <> 'available'
  ) then
    perform app.refuse('time_booked');
  end if;
  delete from booking.reservations b
  where b.resource_id = r.id and b.kind = 'block' and not exists (
    select from booking.blocks_of(r.id, r.capacity, wanted) as w where w.unit = b.unit and w.during = b.during);
  with gaps as (
    select w.unit, w.during from booking.blocks_of(r.id, r.capacity, wanted) as w
    where not exists (
      select from booking.reservations b
      where b.resource_id = r.id and b.unit = w.unit and b.kind = 'block' and b.during = w.during)
  ), blocks as (
    insert into booking.reservations (marketplace, resource_id, unit, kind, during)
    select r.marketplace, r.id, g.unit, 'block', g.during from gaps g order by g.during, g.unit
    on conflict do nothing returning 1
  )
  select (select count(*) from gaps), (select count(*) from blocks) into missing, written;
  -- Booked at this very moment: tried again, it is seen above.
  if written < missing then
    raise exception using errcode = 'serialization_failure', message = 'a time to be blocked has just been booked';
  end if;
end $$;

-- What is to be blocked of each unit: what its owner wants, without what is booked.
create or replace function booking.blocks_of(resource_id uuid, capacity integer, wanted tstzmultirange)
returns table (unit integer, during tstzrange)
language sql stable security definer set search_path = public, pg_temp as $$
  select u.unit, w.during
  from generate_series(1, blocks_of.capacity) as u (unit)
  cross join lateral unnest(blocks_of.wanted - coalesce((
    select range_agg(b.during) from booking.reservations b
    where b.resource_id = blocks_of.resource_id and b.unit = u.unit and b.kind <> 'block'), '{}')) as w (during)
$$;

-- Writes a rule of the caller's resource, a new one when `rule_id` is null, with the times that it comes to. Refuses with not_found,
-- too_many_rules, by the constraints of `booking.availability_rules`, and as `booking.apply_rules` does.
--
-- details: { availability_type, start_time, end_time (wall time), recurrence_rule, except_dates, notes }; times: [[starts_at,
-- ends_at], …], which begin before `expanded_until`.
create or replace function booking.save_rule(resource_id uuid, rule_id uuid, details jsonb, times jsonb,
  expanded_until timestamptz) returns booking.availability_rules
language plpgsql security definer set search_path = public, pg_temp as $$
declare r booking.resources; draft booking.availability_rules := jsonb_populate_record(null::booking.availability_rules, details);
begin
  r := booking.lock_my_resource(save_rule.resource_id);
  if save_rule.rule_id is null then
    if (select count(*) from booking.availability_rules a where a.resource_id = r.id) >= 50 then
      perform app.refuse('too_many_rules');
    end if;
    insert into booking.availability_rules as a (resource_id, marketplace, owner_id, availability_type, start_time, end_time,
      is_recurring, recurrence_rule, except_dates, notes, expanded_until)
    values (r.id, r.marketplace, r.owner_id, draft.availability_type, draft.start_time, draft.end_time,
      draft.recurrence_rule is not null, draft.recurrence_rule, coalesce(draft.except_dates, '{}'), draft.notes,
      save_rule.expanded_until)
    returning a.* into draft;
  else
    update booking.availability_rules a set availability_type = draft.availability_type, start_time = draft.start_time,
      end_time = draft.end_time, is_recurring = draft.recurrence_rule is not null, recurrence_rule = draft.recurrence_rule,
      except_dates = coalesce(draft.except_dates, '{}'), notes = draft.notes, expanded_until = save_rule.expanded_until,
      version = a.version + 1
    where a.id = save_rule.rule_id and a.resource_id = r.id
    returning a.* into draft;
    if draft.id is null then perform app.refuse('not_found'); end if;
    delete from booking.rule_times t where t.rule_id = draft.id;
  end if;
  perform booking.add_rule_times(draft.id, save_rule.times);
  perform booking.apply_rules(r.id, draft.id);
  return draft;
end $$;

-- Removes a rule of the caller's resource: what it opened is closed, what it blocked is free again. Returns what was removed.
create or replace function booking.remove_rule(resource_id uuid, rule_id uuid) returns booking.availability_rules
language plpgsql security definer set search_path = public, pg_temp as $$
declare r booking.resources; removed booking.availability_rules;
begin
  r := booking.lock_my_resource(remove_rule.resource_id);
  delete from booking.availability_rules a where a.id = remove_rule.rule_id and a.resource_id = r.id returning a.* into removed;
  if not found then perform app.refuse('not_found'); end if;
  perform booking.apply_rules(r.id);
  return removed;
end $$;

-- The rules of the caller's resource. Refuses with not_found.
create or replace function booking.rules_of(resource_id uuid) returns setof booking.availability_rules
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select from booking.resources r
    where r.id = rules_of.resource_id and r.marketplace = app.marketplace() and r.owner_id = app.actor()
  ) then
    perform app.refuse('not_found');
  end if;
  return query select a.* from booking.availability_rules a where a.resource_id = rules_of.resource_id;
end $$;

-- The caller's own resource, locked: its rules are changed by one at a time.
create or replace function booking.lock_my_resource(resource_id uuid) returns booking.resources
language plpgsql security definer set search_path = public, pg_temp as $$
declare r booking.resources;
begin
  select t.* into r from booking.resources t
  where t.id = lock_my_resource.resource_id and t.marketplace = app.marketplace() and t.owner_id = app.actor() for update;
  if not found then perform app.refuse('not_found'); end if;
  return r;
end $$;

create or replace function booking.add_rule_times(rule_id uuid, times jsonb) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into booking.rule_times (rule_id, starts_at, ends_at)
  select add_rule_times.rule_id, (t ->> 0)::timestamptz, (t ->> 1)::timestamptz
  from jsonb_array_elements(add_rule_times.times) as t
  on conflict on constraint rule_times_pkey do nothing
$$;

grant execute on function booking.save_rule(uuid, uuid, jsonb, jsonb, timestamptz), booking.remove_rule(uuid, uuid),
  booking.rules_of(uuid) to vicinity_api;
