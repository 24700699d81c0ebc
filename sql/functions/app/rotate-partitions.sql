-- Makes the partitions that `app.partition_policies` ask for and drops those whose time is over. One row for each change, and
-- `at_most` so many: what a change locks is held until the transaction ends, so the schedule asks for one at a time until there is none.
-- A new partition is made apart and then attached, because `create table … partition of` locks its parent exclusively.
create or replace function app.rotate_partitions(at_most integer default 2147483647) returns table (partition text, change text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  policy app.partition_policies; key name; step interval; lower_ timestamptz; upper_ timestamptz; child text; existing record; held boolean;
  made integer := 0;
begin
  for policy in select * from app.partition_policies order by parent loop
    step := ('1 ' || policy.period)::interval;
    select a.attname into strict key from pg_partitioned_table t join pg_attribute a on a.attrelid = t.partrelid
    where t.partrelid = policy.parent::regclass and a.attnum = t.partattrs[0];
    lower_ := date_trunc(policy.period, policy.since, 'UTC');
    while lower_ <= app.now() + step * policy.ahead loop
      upper_ := (lower_ at time zone 'UTC' + step) at time zone 'UTC';
      child := policy.parent || app.partition_suffix(policy.period, lower_);
      if to_regclass(child) is null and (policy.retain is null or upper_ >= app.now() - policy.retain) then
        execute format('create table %s (like %s including all)', child, policy.parent);
        execute format('alter table %s add constraint partition_bounds check (%I >= %L and %I < %L)',
          child, key, app.uuid_v7_floor(lower_), key, app.uuid_v7_floor(upper_));
        perform app.lock_around(policy.parent::regclass, 'share row exclusive');
        execute format('alter table %s attach partition %s for values from (%L) to (%L)',
          policy.parent, child, app.uuid_v7_floor(lower_), app.uuid_v7_floor(upper_));
        execute format('alter table %s drop constraint partition_bounds', child);
        perform app.protect(child::regclass);
        perform app.guard_partition(policy.parent::regclass, child::regclass);
        partition := child; change := 'created'; return next;
        made := made + 1;
        if made >= at_most then return; end if;
      end if;
      lower_ := upper_;
    end loop;
    continue when policy.retain is null;
    for existing in
      select inhrelid::regclass::text as name,
             app.uuid_v7_time(substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''')::uuid) as ends_at
      from pg_inherits join pg_class c on c.oid = inhrelid
      where inhparent = policy.parent::regclass
    loop
      continue when existing.ends_at >= app.now() - policy.retain;
      held := false;
      if policy.keep_while is not null then
        execute format('select exists (select from %s where %s)', existing.name, policy.keep_while) into held;
      end if;
      continue when held;
      perform app.lock_around(policy.parent::regclass, 'access exclusive');
      execute format('alter table %s detach partition %s', policy.parent, existing.name);
      execute format('drop table %s', existing.name);
      partition := existing.name; change := 'dropped'; return next;
      made := made + 1;
      if made >= at_most then return; end if;
    end loop;
  end loop;
end $$;

-- Locks what a change of a parent's partitions locks: it, and every table on either side of its foreign keys. Nobody is waited for
-- while something is held, or a booking that has some of these tables and wants the others would wait in a circle: where one is
-- busy, all are given back and that one comes first. Gives up after some tries, which leaves the change for the next run.
create or replace function app.lock_around(parent regclass, mode text) returns void language plpgsql as $$
declare target text; attempt integer := 0; is_first boolean;
  targets text[] := array(
    select c.confrelid::regclass::text from pg_constraint c where c.contype = 'f' and c.conrelid = lock_around.parent
    union
    select c.conrelid::regclass::text from pg_constraint c
    where c.contype = 'f' and c.confrelid = lock_around.parent and c.conparentid = 0
    union
    -- Attached to while others insert; detached from alone.
    select lock_around.parent::text where lock_around.mode = 'access exclusive');
begin
  loop
    begin
      is_first := true;
      foreach target in array targets loop
        -- Whoever inserts stands behind this one for so long.
        perform set_config('lock_timeout', case when is_first then '300ms' else '20ms' end, true);
        execute format('lock table %s in %s mode', target, mode);
        is_first := false;
      end loop;
      return;
    exception when lock_not_available then
      attempt := attempt + 1;
      if attempt = 30 then raise; end if;
      targets := target || array_remove(targets, target);
    end;
  end loop;
end $$;

-- _y2026, _y2026m03, _y2026w12 or _y2026m03d17.
create or replace function app.partition_suffix(period text, starts_at timestamptz) returns text language sql stable as $$
  select case period
    when 'year' then to_char(starts_at at time zone 'UTC', '"_y"YYYY')
    when 'month' then to_char(starts_at at time zone 'UTC', '"_y"YYYY"m"MM')
    when 'week' then to_char(starts_at at time zone 'UTC', '"_y"IYYY"w"IW')
    else to_char(starts_at at time zone 'UTC', '"_y"YYYY"m"MM"d"DD')
  end
$$;

grant execute on function app.rotate_partitions(integer) to vicinity_worker;
