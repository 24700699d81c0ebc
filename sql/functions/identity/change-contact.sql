-- An address or number takes the place of another when a code to each of the two ends has come back. The former end is asked only
-- where it is proven, so that a mistyped one can be corrected.

-- Begins a change in the place of an older one. A code is { id, destination_hash, code_hash, channel }. Answers with null, or the
-- seconds to wait. Whether somebody else has the new contact is told at the end, to whoever has shown that it is theirs.
create or replace function identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb,
  old_code jsonb) returns table (retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; asks_old boolean;
begin
  select * into person from identity.users u where u.id = app.actor() for update;
  if begin_contact_change.new_destination = person.email or begin_contact_change.new_hash = person.phone_hash then
    perform app.refuse('contact_unchanged');
  end if;
  asks_old := old_code is not null
    and case kind when 'email' then person.email_verified_at else person.phone_verified_at end is not null;
  retry_after := identity.draw_code(new_code ->> 'destination_hash');
  if retry_after is null and asks_old then retry_after := identity.draw_code(old_code ->> 'destination_hash'); end if;
  if retry_after is null then
    delete from identity.contact_changes c
    where c.user_id = app.actor() and c.kind = begin_contact_change.kind and c.confirmed_at is null;
    insert into identity.contact_changes (marketplace, user_id, kind, old_destination, old_hash, new_destination, new_hash,
      old_otp_id, new_otp_id, expires_at)
    select app.marketplace(), app.actor(), begin_contact_change.kind,
      case when asks_old then case kind when 'email' then person.email else person.phone_sealed end end,
      case when asks_old and kind = 'phone' then person.phone_hash end,
      begin_contact_change.new_destination, begin_contact_change.new_hash,
      case when asks_old then (old_code ->> 'id')::uuid end, (new_code ->> 'id')::uuid, app.now() + interval '10 minutes';
    perform identity.write_code((code ->> 'id')::uuid, code ->> 'destination_hash', code ->> 'code_hash', code ->> 'channel',
      'change_contact', app.actor())
    from unnest(array[new_code] || case when asks_old then array[old_code] else '{}'::jsonb[] end) as code;
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
-- of the first that is not right, whose end `field` names. users_email_key or users_phone_key refuses what somebody else has.
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
        jsonb_build_object('user_id', app.actor(), 'change_id', change.id, 'kind', change.kind));
    end if;
    select identity.account(u) into account from identity.users u where u.id = app.actor();
  end if;
  return next;
end $$;

grant execute on function identity.begin_contact_change(text, text, text, jsonb, jsonb), identity.open_contact_change(text),
  identity.confirm_contact_change(text, jsonb, jsonb) to vicinity_api;
