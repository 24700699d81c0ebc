-- One-time codes. A destination without an account is drawn for, written and announced in the same way: neither answer, time nor
-- load tell whether there is one.

-- The seconds to wait before the next code for this destination, or null.
create or replace function identity.draw_code(destination_hash text) returns integer
language sql security definer set search_path = public, pg_temp as $$
  select coalesce(
    app.draw('code-from:' || app.caller_network(), 20, interval '1 hour'),
    app.draw('code-soon:' || draw_code.destination_hash, 1, interval '30 seconds'),
    app.draw('code:' || draw_code.destination_hash, 5, interval '1 hour'))
$$;

-- Keeps a new code in the place of the older one, which stays as history. The draw has made twins wait for each other.
create or replace function identity.write_code(otp_id uuid, destination_hash text, code_hash text, channel text, purpose text,
  person_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update identity.otps o set replaced_at = app.now()
  where o.marketplace = app.marketplace() and o.destination_hash = write_code.destination_hash
    and o.purpose = write_code.purpose and o.replaced_at is null;
  insert into identity.otps (id, marketplace, destination_hash, purpose, channel, user_id, code_hash, expires_at)
  values (otp_id, app.marketplace(), write_code.destination_hash, write_code.purpose, write_code.channel, person_id,
    write_code.code_hash, app.now() + interval '10 minutes');
  perform app.emit('identity.code_requested',
    jsonb_build_object('otp_id', otp_id, 'channel', write_code.channel, 'purpose', write_code.purpose));
  perform app.audit('auth.code_requested', 'auth', 'otps', otp_id::text, user_id => person_id,
    metadata => jsonb_build_object('purpose', write_code.purpose));
end $$;

-- Writes a code for whoever has this address or number. Answers with null, or the seconds to wait.
create or replace function identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone_hash text,
  channel text, purpose text) returns table (retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := identity.draw_code(request_code.destination_hash);
  if retry_after is null then
    perform identity.write_code(otp_id, request_code.destination_hash, request_code.code_hash, request_code.channel,
      request_code.purpose, case request_code.purpose
        when 'restore_account' then identity.deleted_person_at(request_code.email, request_code.phone_hash)
        else identity.person_at(request_code.email, request_code.phone_hash) end);
  end if;
  return next;
end $$;

-- Whose an address or a number is.
create or replace function identity.person_at(email text, phone_hash text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select u.id from identity.users u
  where u.marketplace = app.marketplace() and u.deleted_at is null
    and (u.email = person_at.email or u.phone_hash = person_at.phone_hash)
$$;

-- Whose it was: of the accounts that were deleted under it and can still be restored, the newest of which it was proven. Anybody can
-- make and delete an account with the address of somebody who is gone.
create or replace function identity.deleted_person_at(email text, phone_hash text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select u.id from identity.users u
  where u.marketplace = app.marketplace() and u.deleted_at > app.now() - interval '90 days' and u.purged_at is null
    and (u.email = deleted_person_at.email or u.phone_hash = deleted_person_at.phone_hash)
  order by case when deleted_person_at.email is null then u.phone_verified_at else u.email_verified_at end is not null desc,
    u.deleted_at desc limit 1
$$;

grant execute on function identity.request_code(uuid, text, text, text, text, text, text) to vicinity_api;
