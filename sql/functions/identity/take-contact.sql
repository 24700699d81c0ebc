-- An address or number belongs to whoever proves it. An account that only holds it must not keep its owner out for ever.

-- Takes what `owner` has proven from accounts that never did. Those keep everything else, and neither they nor the log of what they
-- did tells whose it is now: the entry has no actor. One that proves it at the same time is waited for, and keeps it.
create or replace function identity.take_contact(owner uuid, email text, phone_hash text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare loser uuid;
begin
  for loser in
    update identity.users u set contact_lost_at = app.now(),
      email = case when u.email = take_contact.email and u.email_verified_at is null then null else u.email end,
      phone_sealed = case when u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null then null
        else u.phone_sealed end,
      phone_hash = case when u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null then null else u.phone_hash end
    where u.marketplace = app.marketplace() and u.deleted_at is null and u.id is distinct from take_contact.owner
      and (u.email = take_contact.email and u.email_verified_at is null
        or u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null)
    returning u.id
  loop
    perform app.audit('auth.contact_lost', 'auth', 'users', loser::text, user_id => null);
    perform app.emit('identity.contact_lost', jsonb_build_object('user_id', loser));
  end loop;
end $$;

-- Tries the codes that come with a sign-up, by which its contacts are taken. codes: { "email" | "phone": { destination_hash,
-- code_hash } }. outcome: 'right' where all are, none included, or what `identity.try_code` says of the first that is not, which
-- `field` names. Whose account the contact was in when the code went out makes no difference: it proves the contact.
create or replace function identity.try_sign_up_codes(codes jsonb)
returns table (outcome text, attempts_left integer, field text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare kind text; shown jsonb; earlier text;
begin
  outcome := 'right';
  for kind, shown in select c.key, c.value from jsonb_each(codes) as c order by c.key loop
    select t.outcome, t.attempts_left into outcome, attempts_left
    from identity.try_code(shown ->> 'destination_hash', shown ->> 'code_hash', 'sign_up', (
      select o.user_id from identity.otps o
      where o.marketplace = app.marketplace() and o.destination_hash = shown ->> 'destination_hash' and o.purpose = 'sign_up'
        and o.replaced_at is null)) t;
    if outcome <> 'right' then
      field := kind || '_code';
      -- The right code of the one may be shown again with the next try of the other.
      update identity.otps o set consumed_at = null
      where o.marketplace = app.marketplace() and o.destination_hash = earlier and o.purpose = 'sign_up' and o.replaced_at is null;
      exit;
    end if;
    earlier := shown ->> 'destination_hash';
  end loop;
  return next;
end $$;
