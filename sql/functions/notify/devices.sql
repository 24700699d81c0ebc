-- Keeps the device behind an endpoint as the caller's. Whoever had it before has handed it on. A person has twenty; the oldest go.
create or replace function notify.register_device(platform text, endpoint_arn text)
returns table (id uuid, platform_ text, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
declare kept notify.devices;
begin
  insert into notify.devices as d (marketplace, user_id, platform, endpoint_arn)
  values (app.marketplace(), app.actor(), register_device.platform, register_device.endpoint_arn)
  on conflict on constraint devices_endpoint_arn_key do update set marketplace = excluded.marketplace,
    user_id = excluded.user_id, platform = excluded.platform, disabled_at = null
  returning * into kept;
  delete from notify.devices d
  where d.user_id = app.actor() and d.id in (
    select o.id from notify.devices o where o.user_id = app.actor() and o.id <> kept.id order by o.updated_at desc offset 19);
  return query select kept.id, kept.platform, kept.created_at;
end $$;

-- Forgets a device of the caller's. No row when there is none.
create or replace function notify.remove_device(device_id uuid) returns table (id uuid)
language sql security definer set search_path = public, pg_temp as $$
  delete from notify.devices d
  where d.id = device_id and d.user_id = app.actor() and d.marketplace = app.marketplace()
  returning d.id
$$;

grant execute on function notify.register_device(text, text), notify.remove_device(uuid) to vicinity_api;
