-- Whether somebody who has proven who they are may come in. A suspension whose time is over ends here.
create or replace function identity.admit(person_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update identity.users u set account_status = 'active', suspended_until = null, status_reason = null
  where u.id = person_id and u.account_status = 'suspended' and u.suspended_until <= app.now();
  return exists (select from identity.users u where u.id = person_id and u.account_status in ('active', 'pending'));
end $$;
