-- Codes by which somebody in a session confirms what a stolen session alone must not do.

-- Where such a code may go: to what is proven, or while nothing is, to what the account has.
create or replace function identity.trusted_contacts(person_id uuid) returns table (email text, phone_sealed text, phone_hash text)
language sql stable security definer set search_path = public, pg_temp as $$
  select case when u.email_verified_at is not null or unproven then u.email::text end,
         case when u.phone_verified_at is not null or unproven then u.phone_sealed end,
         case when u.phone_verified_at is not null or unproven then u.phone_hash end
  from identity.users u, lateral (select coalesce(u.email_verified_at, u.phone_verified_at) is null as unproven) as p
  where u.id = person_id
$$;

-- Tries a code of the caller's own, for the purpose. codes: { "email" | "phone": { destination_hash, code_hash } }. outcome: 'right',
-- which also proves the contact, 'wrong_code' with the attempts that are left, or 'code_expired'. Of two codes that wait, one by
-- each contact, the one that fits counts.
create or replace function identity.try_own_code(codes jsonb, purpose text) returns table (outcome text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare code identity.otps; kind text;
begin
  select o.* into code
  from identity.otps o join jsonb_each(codes) as c on o.destination_hash = c.value ->> 'destination_hash'
  where o.marketplace = app.marketplace() and o.user_id = app.actor() and o.purpose = try_own_code.purpose
    and o.replaced_at is null and o.consumed_at is null and o.expires_at > app.now() and o.attempts < 5
  order by o.code_hash = c.value ->> 'code_hash' desc, o.id desc limit 1 for update of o;
  select c.key into kind from jsonb_each(codes) as c
  where c.value ->> 'destination_hash' = code.destination_hash and c.value ->> 'code_hash' = code.code_hash;
  if code.id is null then
    outcome := 'code_expired';
  elsif kind is null then
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text);
  else
    outcome := 'right';
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
    perform identity.prove_contact(app.actor(),
      case kind when 'email' then (select u.email::text from identity.users u where u.id = app.actor()) end,
      case kind when 'phone' then (select u.phone_hash from identity.users u where u.id = app.actor()) end, true);
  end if;
  return next;
end $$;
