-- What a person sees of their own account, as the use cases' `Account` reads it.
create or replace function identity.account(person identity.users) returns jsonb language sql stable as $$
  select jsonb_build_object('id', person.id, 'full_name', person.full_name, 'email', person.email,
    'email_verified_at', person.email_verified_at, 'phone_sealed', person.phone_sealed, 'phone_hash', person.phone_hash, 'phone_verified_at', person.phone_verified_at,
    'roles', identity.roles_of(person.id), 'account_status', person.account_status, 'preferred_language', person.preferred_language,
    'created_at', person.created_at)
$$;
