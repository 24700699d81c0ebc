-- What accounts hold on people. The account's row itself stays, empty: bookings and audit rows point to its id.
select privacy.register('identity.users', 't.id = $1', 'anonymise', 'as an empty row, as long as something points to it',
  '{"full_name": "''Deleted person''", "email": "null", "email_verified_at": "null", "phone_sealed": "null",
    "phone_hash": "null", "phone_verified_at": "null", "password_hash": "null", "two_factor_secret": "null",
    "two_factor_confirmed_at": "null", "date_of_birth": "null", "gender": "null", "profile_photo_id": "null",
    "notification_preferences": "''{}''", "preferred_language": "''en''", "last_login_at": "null", "last_active_at": "null",
    "contact_lost_at": "null"}',
  hidden => '{password_hash,phone_hash,two_factor_secret,two_factor_last_step}',
  sealed => '{"phone_sealed": "''identity.users.phone/'' || t.phone_hash"}', purge_order => 10);
-- Of staff who looked with the person's eyes, the look is shown, and not from where.
select privacy.register('identity.sessions', 't.user_id = $1', 'erase', '30 days after they ended',
  shown => '{"ip": "case when t.impersonator_session_id is null then host(t.ip) end",
             "user_agent": "case when t.impersonator_session_id is null then t.user_agent end"}');
select privacy.register('identity.refresh_tokens', 't.user_id = $1', 'erase', '1 day after they expired', exported => false);
select privacy.register('identity.otps', 't.user_id = $1', 'erase', 'a short history', exported => false);
select privacy.register('identity.recovery_codes', 't.user_id = $1', 'erase', 'until the purge', exported => false);
select privacy.register('identity.two_factor_challenges', 't.user_id = $1', 'erase', 'minutes', exported => false);
select privacy.register('identity.personal_access_tokens', 't.user_id = $1', 'erase', 'until they are revoked',
  hidden => '{token_hash}', at_deletion => 'delete from identity.personal_access_tokens where user_id = $1');
select privacy.register('identity.contact_changes', 't.user_id = $1', 'erase', 'until the purge',
  hidden => '{old_hash,new_hash,old_otp_id,new_otp_id}',
  sealed => '{"old_destination": "''identity.users.phone/'' || t.old_hash",
              "new_destination": "''identity.users.phone/'' || t.new_hash"}');
select privacy.register('identity.user_roles', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('identity.user_permissions', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('identity.roles', 'false', 'keep', 'configuration', exported => false);
select privacy.register('identity.permissions', 'false', 'keep', 'configuration', exported => false);
select privacy.register('identity.role_permissions', 'false', 'keep', 'configuration', exported => false);
select privacy.register('identity.uploads', 't.user_id = $1', 'erase', 'until the purge', object_name => 't.object_name',
  purge_order => 150);
select privacy.register('identity.addresses', 't.user_id = $1', 'erase', 'until the purge',
  shown => '{"location": "app.place(t.location)"}', sealed => '{"sealed_lines": "''identity.addresses.lines/'' || t.id"}');
select privacy.register('identity.tenant_profiles', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('identity.host_profiles', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('identity.onboarding_sessions', 't.user_id = $1', 'erase', 'until the purge', purge_order => 110);
select privacy.register('identity.step_progress',
  't.session_id in (select s.id from identity.onboarding_sessions s where s.user_id = $1)', 'erase', 'until the purge');
-- A linked account goes at once: nobody waits 90 days for keys to a car to be thrown away.
select privacy.register('identity.tesla_accounts', 't.user_id = $1', 'erase', 'until it is unlinked',
  hidden => '{access_token_sealed,refresh_token_sealed,claimed_until}',
  at_deletion => 'delete from identity.tesla_accounts where user_id = $1');
select privacy.register('identity.tesla_authorizations', 't.user_id = $1', 'erase', '1 day', exported => false,
  at_deletion => 'delete from identity.tesla_authorizations where user_id = $1');
