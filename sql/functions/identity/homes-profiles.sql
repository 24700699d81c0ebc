-- Makes or changes the caller's tenant profile: what `facts` does not name stays. No row when there is none to change; a second
-- one is refused by tenant_profiles_pkey.
create or replace function identity.save_tenant_profile(facts jsonb, is_new boolean) returns setof identity.tenant_profiles
language plpgsql security definer set search_path = public, pg_temp as $$
declare profile identity.tenant_profiles;
begin
  if is_new then
    insert into identity.tenant_profiles (user_id, marketplace) values (app.actor(), app.marketplace());
  end if;
  select * into profile from identity.tenant_profiles t
  where t.user_id = app.actor() and t.marketplace = app.marketplace() for update;
  if not found then return; end if;
  profile := jsonb_populate_record(profile, facts);
  return query
    update identity.tenant_profiles t set
      about = profile.about, occupation = profile.occupation, employer = profile.employer,
      food_preference = profile.food_preference, smoking = profile.smoking, drinking = profile.drinking, pets = profile.pets,
      sleep_schedule = profile.sleep_schedule, guests = profile.guests, languages = profile.languages
    where t.user_id = profile.user_id
    returning t.*;
end $$;

-- The same for the caller's host profile.
create or replace function identity.save_host_profile(facts jsonb, is_new boolean) returns setof identity.host_profiles
language plpgsql security definer set search_path = public, pg_temp as $$
declare profile identity.host_profiles;
begin
  if is_new then
    insert into identity.host_profiles (user_id, marketplace, host_category, business_name)
    values (app.actor(), app.marketplace(), facts ->> 'host_category', facts ->> 'business_name');
  end if;
  select * into profile from identity.host_profiles h
  where h.user_id = app.actor() and h.marketplace = app.marketplace() for update;
  if not found then return; end if;
  profile := jsonb_populate_record(profile, facts);
  return query
    update identity.host_profiles h set
      host_category = profile.host_category, about = profile.about, business_name = profile.business_name,
      business_registration = profile.business_registration, business_city = profile.business_city,
      website = profile.website, years_of_experience = profile.years_of_experience, languages = profile.languages
    where h.user_id = profile.user_id
    returning h.*;
end $$;

grant execute on function identity.save_tenant_profile(jsonb, boolean), identity.save_host_profile(jsonb, boolean) to vicinity_api;
