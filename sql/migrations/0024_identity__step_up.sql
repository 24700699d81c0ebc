-- A second factor takes more than a session, and an address goes to who proves it.

alter table identity.sessions
  -- When the password or a fresh code was shown in it to begin a second factor: the confirmation asks for it.
  add column stepped_up_at timestamptz;
-- Whoever had a session could begin these.
update identity.users set two_factor_secret = null, two_factor_last_step = null
where two_factor_secret is not null and two_factor_confirmed_at is null;

alter table identity.users
  -- When its address or number, which nobody had proven here, went to who proved it. It may have no contact left.
  add column contact_lost_at timestamptz,
  drop constraint users_contact_check,
  add constraint users_contact_check check (email is not null or phone_hash is not null or account_status = 'deleted'
    or contact_lost_at is not null);

alter table identity.otps
  drop constraint otps_purpose_check,
  add constraint otps_purpose_check check (purpose in ('sign_in', 'sign_up', 'reset_password', 'change_contact', 'set_password',
    'start_two_factor', 'delete_account', 'restore_account'));

-- These take more, or answer with more columns, than before.
drop function if exists identity.start_two_factor(text);
drop function if exists identity.sign_up(text, text, text, text, text, jsonb, text, boolean);
