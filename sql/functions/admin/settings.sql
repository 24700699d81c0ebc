-- Settings as staff see them. Whoever calls these has the permission already: the route asks for it.
create or replace function admin.list_settings() returns setof app.settings
language sql stable security definer set search_path = public, pg_temp as $$
  select s.* from app.settings s where s.marketplace = app.marketplace() and s.is_active order by s.key
$$;

-- Gives a setting another value, which holds from the next request on. Refuses with not_found, value_not_allowed, and by
-- settings_value_check where the value is of another type.
create or replace function admin.change_setting(key text, value jsonb) returns setof app.settings
language plpgsql security definer set search_path = public, pg_temp as $$
declare held app.settings;
begin
  select s.* into held from app.settings s
  where s.marketplace = app.marketplace() and s.key = change_setting.key and s.is_active for update;
  if not found then perform app.refuse('not_found'); end if;
  if not admin.allows(held, change_setting.value) then perform app.refuse('value_not_allowed'); end if;
  if held.value <> change_setting.value then
    perform app.audit('admin.setting_changed', 'admin', 'settings', held.key,
      old_values => jsonb_build_object('value', held.value), new_values => jsonb_build_object('value', change_setting.value));
  end if;
  return query
    update app.settings s set value = change_setting.value
    where s.marketplace = held.marketplace and s.key = held.key returning s.*;
end $$;

-- Adds a setting that no file knows, such as a flag of a feature. Refuses with too_many_settings, by settings_pkey where there is one of this key, and by
-- settings_value_check.
--
-- details: { key, type, value, description, is_public }
create or replace function admin.add_setting(details jsonb) returns setof app.settings
language plpgsql security definer set search_path = public, pg_temp as $$
declare wanted app.settings := jsonb_populate_record(null::app.settings, details);
begin
  -- One after the other, or a burst would count too few.
  perform from app.marketplaces m where m.slug = app.marketplace() for no key update;
  if (select count(*) >= 100 from app.settings s where s.marketplace = app.marketplace()) then
    perform app.refuse('too_many_settings');
  end if;
  perform app.audit('admin.setting_added', 'admin', 'settings', wanted.key, new_values => jsonb_build_object('value', wanted.value));
  return query
    insert into app.settings (marketplace, key, type, value, description, is_public, allows)
    values (app.marketplace(), wanted.key, wanted.type, wanted.value, wanted.description, wanted.is_public,
      case wanted.type when 'number' then '{"fraction": true}' else '{}' end::jsonb)
    returning *;
end $$;

-- Whether a setting takes a value, of which its type is looked at elsewhere. A number is whole and not negative unless its file says so,
-- for whoever reads it counts by it; a list stays a list and an object an object, since whoever reads them knows no other.
create or replace function admin.allows(setting app.settings, value jsonb) returns boolean language plpgsql immutable as $$
declare bounds jsonb := setting.allows;
begin
  return case jsonb_typeof(value)
    when 'number' then admin.is_within(bounds, value)
    when 'string' then not bounds ? 'choices' or bounds -> 'choices' @> value
    when 'array' then jsonb_typeof(setting.value) = 'array' and (not bounds ? 'items' or not exists (
      select from jsonb_array_elements(value) as item
      where jsonb_typeof(item) <> bounds ->> 'items' or not admin.is_within(bounds, item)))
    when 'object' then jsonb_typeof(setting.value) = 'object' and (not bounds ? 'fields' or not exists (
      select from jsonb_each(value) as f
      where jsonb_typeof(f.value) is distinct from bounds -> 'fields' ->> f.key or not admin.is_within(bounds, f.value)
        or jsonb_path_exists(f.value, 'strict $ ? (@.type() == "array")[*] ? (@.type() != "string")', silent => true)))
    else true end
    and (setting.type <> 'json' or jsonb_typeof(value) = jsonb_typeof(setting.value));
end $$;

-- Whether a value is no number, or one within the bounds.
create or replace function admin.is_within(bounds jsonb, value jsonb) returns boolean language plpgsql immutable as $$
begin
  if jsonb_typeof(value) <> 'number' then return true; end if;
  return value::numeric between coalesce((bounds ->> 'minimum')::numeric, 0) and coalesce((bounds ->> 'maximum')::numeric, 1e9)
    and (bounds ? 'fraction' or value::numeric % 1 = 0);
end $$;

grant execute on function admin.list_settings(), admin.change_setting(text, jsonb), admin.add_setting(jsonb) to vicinity_api;
