-- A sign-in settles with the password that was verified: see sql/functions/identity/log-in.sql.
drop function if exists identity.settle_login(uuid, text, text);

-- A change of a contact takes a code for each that there is: see sql/functions/identity/change-contact.sql.
drop function if exists identity.begin_contact_change(text, text, text, jsonb, jsonb);
