-- Writes what the configuration files say. A setting that exists keeps its value, since the business may have changed it.
create or replace function app.seed_marketplaces(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare m jsonb;
begin
  for m in select jsonb_array_elements(configuration) loop
    insert into app.marketplaces as t (slug, name, country, currency, currency_digits, time_zone, booking_prefix)
    values (m ->> 'slug', m ->> 'name', m ->> 'country', m ->> 'currency', (m ->> 'currency_digits')::smallint,
            m ->> 'time_zone', m ->> 'booking_prefix')
    on conflict on constraint marketplaces_pkey do update set name = excluded.name, country = excluded.country,
      time_zone = excluded.time_zone, booking_prefix = excluded.booking_prefix;
    insert into app.settings as t (marketplace, key, type, value, description, is_public, allows)
    select m ->> 'slug', s.key, s.value ->> 'type', s.value -> 'value', s.value ->> 'description',
           (s.value ->> 'is_public')::boolean, coalesce(s.value -> 'allows', '{}')
    from jsonb_each(m -> 'settings') as s
    on conflict on constraint settings_pkey do update set description = excluded.description, is_public = excluded.is_public,
      allows = excluded.allows;
  end loop;
  return jsonb_array_length(configuration);
end $$;

-- A setting's value, or null when the marketplace has none of this key.
create or replace function app.setting(key text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select s.value from app.settings s where s.marketplace = app.marketplace() and s.key = setting.key and s.is_active);
end $$;

grant execute on function app.setting(text) to vicinity_api, vicinity_worker;
