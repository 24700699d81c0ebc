-- An address or number takes the place of another when a code to each of the two ends has come back. The former end is what it
-- takes the place of, or where that is not proven or there is none, the person's other contact: with an address of their own
-- whoever stole a session would set a new password. An account of which nothing is proven is not asked, so that a mistyped
-- address can be corrected.

-- Begins a change in the place of an older one. A code is { id, destination_hash, code_hash, channel }; `old_codes` has one for each
-- contact that there is, by its kind. Answers with null, or the seconds to wait. Whether somebody else has the new contact is told at
-- the end, to whoever has shown that it is theirs.
create or replace function identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb,
  old_codes jsonb) returns table (retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; asked text; old_code jsonb;
begin
  select * into person from identity.users u where u.id = app.actor() for update;
  if begin_contact_change.new_destination = person.email or begin_contact_change.new_hash = person.phone_hash then
    perform app.refuse('contact_unchanged');
  end if;
  select e.kind, old_codes -> e.kind into asked, old_code
  from (values ('email', person.email_verified_at), ('phone', person.phone_verified_at)) as e (kind, proven_at)
  where e.proven_at is not null order by e.kind = begin_contact_change.kind desc limit 1;
  -- A contact that came while this was under way: the next try has a code for it.
  if asked is not null and old_code is null then
    retry_after := 1;
    return next;
    return;
  end if;
  -- By person too: a message to whatever number one likes costs us, and networks are cheap.
  retry_after := coalesce(app.draw('contact-change:' || app.actor(), 10, interval '1 hour'),
    identity.draw_code(new_code ->> 'destination_hash'));
  if retry_after is null and asked is not null then retry_after := identity.draw_code(old_code ->> 'destination_hash'); end if;
  if retry_after is null then
    delete from identity.contact_changes c
    where c.user_id = app.actor() and c.kind = begin_contact_change.kind and c.confirmed_at is null;
    insert into identity.contact_changes (marketplace, user_id, kind, old_destination, old_hash, new_destination, new_hash,
      old_otp_id, new_otp_id, expires_at)
    select app.marketplace(), app.actor(), begin_contact_change.kind,
      case asked when 'email' then person.email when 'phone' then person.phone_sealed end,
      case asked when 'phone' then person.phone_hash end,
      begin_contact_change.new_destination, begin_contact_change.new_hash,
      (old_code ->> 'id')::uuid, (new_code ->> 'id')::uuid, app.now() + interval '10 minutes';
    perform identity.write_code((code ->> 'id')::uuid, code ->> 'destination_hash', code ->> 'code_hash', code ->> 'channel',
      'change_contact', app.actor())
    from unnest(array_remove(array[new_code, old_code], null)) as code;
    perform app.audit('auth.contact_change_asked', 'auth', 'users', app.actor()::text,
      metadata => jsonb_build_object('kind', begin_contact_change.kind));
  end if;
  return next;
end $$;

-- The change that waits for its codes. No row where none does.
create or replace function identity.open_contact_change(kind text)
returns table (old_destination text, old_hash text, new_destination text, new_hash text)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.old_destination, c.old_hash, c.new_destination, c.new_hash from identity.contact_changes c
  where c.user_id = app.actor() and c.marketplace = app.marketplace() and c.kind = open_contact_change.kind
    and c.confirmed_at is null and c.expires_at > app.now()
$$;

-- Tries the codes of both ends; a tried code is { destination_hash, code_hash }. outcome: 'changed', or what `identity.try_code` says
-- of the first that is not right, whose end `field` names. users_email_key or users_phone_key refuses what somebody else has proven;
-- from an account that only holds it, it is taken.
create or replace function identity.confirm_contact_change(kind text, new_code jsonb, old_code jsonb)
returns table (outcome text, attempts_left integer, field text, account jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare change identity.contact_changes;
begin
  field := 'code';
  outcome := 'code_expired';
  select * into change from identity.contact_changes c
  where c.user_id = app.actor() and c.marketplace = app.marketplace() and c.kind = confirm_contact_change.kind
    and c.confirmed_at is null and c.expires_at > app.now()
    -- Begun while nothing was proven: who has proven something since was not asked.
    and (c.old_otp_id is not null or not exists (
      select from identity.users u
      where u.id = app.actor() and coalesce(u.email_verified_at, u.phone_verified_at) is not null))
  for update;
  if change.id is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_code(
      new_code ->> 'destination_hash', new_code ->> 'code_hash', 'change_contact', app.actor()) t;
    if outcome = 'right' and change.old_otp_id is not null then
      field := 'old_code';
      select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_code(
        old_code ->> 'destination_hash', old_code ->> 'code_hash', 'change_contact', app.actor()) t;
      -- The right code of the one end may be shown again with the next try of the other.
      if outcome <> 'right' then
        update identity.otps o set consumed_at = null where o.id = change.new_otp_id;
      end if;
    end if;
  end if;
  if outcome = 'right' then
    outcome := 'changed';
    update identity.contact_changes c set confirmed_at = app.now() where c.id = change.id;
    perform identity.take_contact(app.actor(), case change.kind when 'email' then change.new_destination end, change.new_hash);
    if change.kind = 'email' then
      update identity.users u set email = change.new_destination, email_verified_at = app.now() where u.id = app.actor();
    else
      update identity.users u set phone_sealed = change.new_destination, phone_hash = change.new_hash,
        phone_verified_at = app.now() where u.id = app.actor();
    end if;
    perform app.audit('auth.contact_changed', 'auth', 'users', app.actor()::text,
      old_values => jsonb_build_object('destination_hash', old_code ->> 'destination_hash'),
      new_values => jsonb_build_object('destination_hash', new_code ->> 'destination_hash'),
      metadata => jsonb_build_object('kind', change.kind));
    if change.old_destination is not null then
      perform app.emit('identity.contact_changed',
        jsonb_build_object('user_id', app.actor(), 'change_id', change.id, 'kind', change.kind,
          'former_kind', case when change.old_hash is null then 'email' else 'phone' end));
    end if;
    select identity.account(u) into account from identity.users u where u.id = app.actor();
  end if;
  return next;
end $$;

grant execute on function identity.begin_contact_change(text, text, text, jsonb, jsonb), identity.open_contact_change(text),
  identity.confirm_contact_change(text, jsonb, jsonb) to vicinity_api;
