-- Keeps an address of the caller's: a new one, or new facts of one that exists (its id is the key). The first is the default, and
-- there is always exactly one: making another the default takes it from the one before. No row when the caller has no such address.
create or replace function identity.save_address(facts jsonb, is_new boolean) returns setof identity.addresses
language plpgsql security definer set search_path = public, pg_temp as $$
declare address_id uuid := (facts ->> 'id')::uuid; wants_default boolean := (facts ->> 'is_default')::boolean; held integer;
begin
  -- Changes of one person's addresses come one after the other: two at once would both be the first.
  perform from identity.users u where u.id = app.actor() for no key update;
  select count(*) into held from identity.addresses a where a.user_id = app.actor() and a.id <> address_id;
  if is_new then
    if held >= 20 then perform app.refuse('too_many_addresses'); end if;
    insert into identity.addresses (id, marketplace, user_id, sealed_lines, city, country, is_default)
    values (address_id, app.marketplace(), app.actor(), facts ->> 'sealed_lines', facts ->> 'city', facts ->> 'country', held = 0);
  elsif not wants_default and exists (
    select from identity.addresses a where a.id = address_id and a.user_id = app.actor() and a.is_default) then
    perform app.refuse('default_required');
  end if;
  if wants_default and exists (
    select from identity.addresses a where a.id = address_id and a.user_id = app.actor() and not a.is_default) then
    update identity.addresses a set is_default = false where a.user_id = app.actor() and a.is_default;
  end if;
  return query
    update identity.addresses a set
      kind = facts ->> 'kind', label = facts ->> 'label', sealed_lines = facts ->> 'sealed_lines', city = facts ->> 'city',
      state = facts ->> 'state', zip_code = facts ->> 'zip_code', country = facts ->> 'country',
      location = app.point((facts -> 'location' ->> 'latitude')::float8, (facts -> 'location' ->> 'longitude')::float8),
      validated_at = case when (facts ->> 'is_validated')::boolean then app.now() end,
      is_default = a.is_default or coalesce(wants_default, false)
    where a.id = address_id and a.user_id = app.actor() and a.marketplace = app.marketplace()
    returning a.*;
end $$;

-- Removes an address of the caller's. When it was the default, the oldest of the others is it now. No row when there is none.
create or replace function identity.remove_address(address_id uuid) returns table (id uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare removed identity.addresses;
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  delete from identity.addresses a
  where a.id = address_id and a.user_id = app.actor() and a.marketplace = app.marketplace() returning * into removed;
  if removed.id is null then return; end if;
  if removed.is_default then
    update identity.addresses a set is_default = true
    where a.id = (select o.id from identity.addresses o where o.user_id = app.actor() order by o.created_at, o.id limit 1);
  end if;
  return query select removed.id;
end $$;

grant execute on function identity.save_address(jsonb, boolean), identity.remove_address(uuid) to vicinity_api;
