-- Keeps a resource that a module offers for booking in step with the module's own row: to be called in the statement that writes
-- that row. Not granted to anybody: for the functions of modules.
--
-- details: { id, module, owner_id, time_zone, capacity, is_listed, and where it has them: buffer_before, buffer_after,
-- minimum_seconds, maximum_seconds, notice_seconds }. Refuses with time_zone_in_use when it has rules in another zone, and with
-- units_booked while somebody has a unit that there would no longer be.
create or replace function booking.keep_resource(details jsonb) returns booking.resources
language plpgsql security definer set search_path = public, pg_temp as $$
declare kept booking.resources := jsonb_populate_record(null::booking.resources, details); earlier booking.resources;
begin
  -- Locked against the rules that somebody writes at this moment: they take each unit that there is.
  select r.* into earlier from booking.resources r where r.id = kept.id for update;
  if earlier.time_zone <> kept.time_zone and exists (
    select from booking.availability_rules a where a.resource_id = kept.id
  ) then
    perform app.refuse('time_zone_in_use');
  end if;
  -- Whoever stands there would not be seen any more, and the lower units be let once more.
  if kept.capacity < earlier.capacity and exists (
    select from booking.reservations t
    where t.resource_id = kept.id and t.unit > kept.capacity and t.kind <> 'block' and upper(t.during) > app.now()
      and coalesce(t.expires_at > app.now(), true)
  ) then
    perform app.refuse('units_booked');
  end if;
  insert into booking.resources as r (id, marketplace, module, owner_id, time_zone, capacity, is_listed, buffer_before,
    buffer_after, minimum_seconds, maximum_seconds, notice_seconds)
  values (kept.id, app.marketplace(), kept.module, kept.owner_id, kept.time_zone, kept.capacity, kept.is_listed,
    coalesce(kept.buffer_before, 0), coalesce(kept.buffer_after, 0), kept.minimum_seconds, kept.maximum_seconds,
    coalesce(kept.notice_seconds, 0))
  on conflict on constraint resources_pkey do update set time_zone = excluded.time_zone, capacity = excluded.capacity,
    is_listed = excluded.is_listed, buffer_before = excluded.buffer_before, buffer_after = excluded.buffer_after,
    minimum_seconds = excluded.minimum_seconds, maximum_seconds = excluded.maximum_seconds,
    notice_seconds = excluded.notice_seconds
  returning r.* into kept;
  if kept.capacity > earlier.capacity then perform booking.apply_rules(kept.id); end if;
  return kept;
end $$;

-- Forgets a resource with its rules, hours and blocks. For the functions of modules. What was booked stays.
create or replace function booking.drop_resource(resource_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  delete from booking.reservations r where r.resource_id = drop_resource.resource_id and r.kind = 'block';
  delete from booking.resources r where r.id = drop_resource.resource_id;
$$;
