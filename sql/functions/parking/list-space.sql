-- Lists a space of the person of this transaction in their marketplace, at once visible to everybody. Zone and currency are
-- the marketplace's. Refuses with city_not_supported, and by the constraints of `parking.spaces`.
--
-- details: every column of `parking.spaces` and `parking.space_secrets` that a client writes; `location` as on the wire.
create or replace function parking.list_space(details jsonb) returns setof parking.public_spaces
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  cities jsonb := coalesce(app.setting('supported_cities'), '[]');
  space parking.spaces := jsonb_populate_record(null::parking.spaces, details - 'location');
begin
  if cities <> '[]' and not exists (
    select from jsonb_array_elements_text(cities) as city where lower(city) = lower(space.city)
  ) then
    perform app.refuse('city_not_supported');
  end if;
  select m.slug, m.currency, m.time_zone into strict space.marketplace, space.currency, space.time_zone
  from app.marketplaces m where m.slug = app.marketplace();
  space.id := app.uuid_v7();
  space.owner_id := app.actor();
  space.location := app.point((details #>> '{location,latitude}')::float8, (details #>> '{location,longitude}')::float8);
  space.listing_status := 'active';
  space.version := 1;
  space.created_at := app.now();
  space.updated_at := app.now();
  insert into parking.spaces select space.*;
  insert into parking.space_secrets (space_id, marketplace, owner_id, access_instructions, special_instructions)
  values (space.id, space.marketplace, space.owner_id, details ->> 'access_instructions', details ->> 'special_instructions');
  return query select s.* from parking.public_spaces s where s.id = space.id;
end $$;

grant execute on function parking.list_space(jsonb) to vicinity_api;
