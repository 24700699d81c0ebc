-- Makes somebody a super admin, with an account of their own where there is none yet: without a password, for the address is proven by
-- the first code. An account whose address nobody has proven may be somebody else's: it is promoted without its password, number, sessions
-- and second factor. Granted to nobody: only the database's owner appoints, through scripts/create-admin.ts. Repeating it changes nothing.
create or replace function identity.appoint_super_admin(marketplace text, address text, full_name text)
returns table (user_id uuid, outcome text) language plpgsql set search_path = public, pg_temp as $$
declare proven timestamptz;
begin
  perform app.set_context(jsonb_build_object('marketplace', appoint_super_admin.marketplace));
  select u.id, u.email_verified_at into user_id, proven from identity.users u
  where u.marketplace = appoint_super_admin.marketplace and u.email = lower(address) and u.deleted_at is null for update;
  outcome := case
    when user_id is null then 'created'
    when 'super_admin' = any (identity.roles_of(user_id)) then 'unchanged'
    else 'promoted'
  end;
  if user_id is null then
    insert into identity.users as u (marketplace, full_name, email)
    values (appoint_super_admin.marketplace, appoint_super_admin.full_name, lower(address))
    returning u.id into user_id;
  elsif outcome = 'promoted' and proven is null then
    -- A proven number would open the account by a code.
    update identity.users u set password_hash = null, phone_sealed = null, phone_hash = null, phone_verified_at = null
    where u.id = appoint_super_admin.user_id;
    perform identity.forget_two_factor(appoint_super_admin.user_id);
    perform identity.revoke_other_sessions(appoint_super_admin.user_id, null, 'ended_by_staff');
    delete from identity.contact_changes c where c.user_id = appoint_super_admin.user_id and c.confirmed_at is null;
    delete from identity.personal_access_tokens t where t.user_id = appoint_super_admin.user_id;
  end if;
  if outcome <> 'unchanged' then
    insert into identity.user_roles (marketplace, user_id, role)
    values (appoint_super_admin.marketplace, appoint_super_admin.user_id, 'super_admin');
    perform app.audit('admin.super_admin_appointed', 'admin', 'users', user_id::text, user_id => null);
  end if;
  return next;
end $$;
