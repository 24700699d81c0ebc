-- Phone numbers are kept as ciphertext, with a keyed hash to find them by: whoever reads the table learns no number. KMS seals
-- and hashes, so a number that stands here in plain text could not be taken along; no deployment has one.
do $$
begin
  if exists (select from identity.users where phone is not null) then
    raise exception 'identity.users holds phone numbers in plain text, which SQL cannot seal';
  end if;
end $$;

alter table identity.users drop constraint users_contact_check;
drop index identity.users_phone_key;
alter table identity.users
  drop column phone,
  -- Opens with what lambdas/identity/identity.ts calls `aboutPhone`.
  add column phone_sealed text,
  -- HMAC under a key of KMS over marketplace and E.164.
  add column phone_hash text,
  add constraint users_phone_check check ((phone_sealed is null) = (phone_hash is null)),
  add constraint users_contact_check check (email is not null or phone_hash is not null or account_status = 'deleted');
create unique index users_phone_key on identity.users (phone_hash, marketplace) where deleted_at is null;
grant select (phone_sealed, phone_hash) on identity.users to vicinity_api;
