-- The caller's own profile, as the use cases' `ProfileRow` reads it.
create or replace function identity.my_profile() returns setof identity.profile
language sql stable security definer set search_path = public, pg_temp as $$
  select u.id, u.full_name::text, u.first_name, u.last_name, u.email::text, u.email_verified_at, u.phone_sealed, u.phone_hash,
         u.phone_verified_at, to_jsonb(identity.roles_of(u.id)), u.account_status, u.preferred_language::text, u.date_of_birth,
         u.gender, u.profile_photo_id, p.object_name, to_jsonb(verification.badges(u.id)), u.onboarding_completed,
         u.notification_preferences, u.contact_visibility, u.last_active_at, u.created_at
  from identity.users u left join identity.uploads p on p.id = u.profile_photo_id
  where u.id = app.actor() and u.marketplace = app.marketplace()
$$;

-- Changes what `changes` names of the caller's profile; the rest stays. A photo must be a stored one of the caller's own.
create or replace function identity.update_profile(changes jsonb) returns setof identity.profile
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if (changes ->> 'date_of_birth')::date > app.now()::date then perform app.refuse('date_of_birth_in_the_future'); end if;
  if changes ->> 'profile_photo_id' is not null and not exists (
    select from identity.uploads p
    where p.id = (changes ->> 'profile_photo_id')::uuid and p.user_id = app.actor() and p.purpose = 'profile_photo'
      and p.status = 'stored') then perform app.refuse('upload_not_usable'); end if;
  update identity.users u set
    full_name = coalesce(changes ->> 'full_name', u.full_name),
    preferred_language = coalesce(changes ->> 'preferred_language', u.preferred_language),
    notification_preferences = coalesce(changes -> 'notification_preferences', u.notification_preferences),
    contact_visibility = coalesce(changes ->> 'contact_visibility', u.contact_visibility),
    -- These three can be taken back by null.
    date_of_birth = case when changes ? 'date_of_birth' then (changes ->> 'date_of_birth')::date else u.date_of_birth end,
    gender = case when changes ? 'gender' then changes ->> 'gender' else u.gender end,
    profile_photo_id = case when changes ? 'profile_photo_id' then (changes ->> 'profile_photo_id')::uuid
      else u.profile_photo_id end
  where u.id = app.actor() and u.marketplace = app.marketplace();
  return query select * from identity.my_profile();
end $$;

-- What anybody who is signed in may know of a person: nothing by which they could be reached or told from a namesake.
create or replace function identity.public_profile(user_id uuid) returns table (id uuid, first_name text, photo_name text,
  badges jsonb, member_since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select u.id, u.first_name, p.object_name, to_jsonb(verification.badges(u.id)), u.created_at
  from identity.users u left join identity.uploads p on p.id = u.profile_photo_id
  where u.id = public_profile.user_id and u.marketplace = app.marketplace() and u.account_status = 'active'
$$;

-- Notes that somebody was here, once in five minutes: `app.run` does so at the end of each statement, reads included, and all but
-- one of them in five minutes find nothing to write.
create or replace function identity.note_activity(person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- Whoever holds the row is busy with the same person: nothing is lost, and nobody waits.
  perform from identity.users u
  where u.id = note_activity.person_id
    and (u.last_active_at is null or u.last_active_at < app.now() - interval '5 minutes')
  for no key update skip locked;
  if found then update identity.users u set last_active_at = app.now() where u.id = note_activity.person_id; end if;
end $$;

grant execute on function identity.my_profile(), identity.update_profile(jsonb), identity.public_profile(uuid),
  identity.note_activity(uuid) to vicinity_api;
