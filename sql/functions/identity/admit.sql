-- What an account goes back to when its suspension, ban or deletion ends. One that waited for its number waits on, unless the
-- number has been proven since.
create or replace function identity.standing_before(person identity.users) returns text language sql stable as $$
  select case when person.standing_before = 'pending' and person.phone_verified_at is null then 'pending' else 'active' end
$$;

-- Whether somebody who has proven who they are may come in. A suspension whose time is over ends here.
create or replace function identity.admit(person_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update identity.users u set account_status = identity.standing_before(u), suspended_until = null, status_reason = null
  where u.id = person_id and u.account_status = 'suspended' and u.suspended_until <= app.now();
  return exists (select from identity.users u where u.id = person_id and u.account_status in ('active', 'pending'));
end $$;
