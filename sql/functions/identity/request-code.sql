-- Keeps a new code for a destination, in place of the older one. Answers with null, or the seconds to wait. A destination
-- without an account is written and announced in the same way: neither answer, time nor load tell whether there is one.
create or replace function identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone text,
  channel text, purpose text) returns table (retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person_id uuid;
begin
  retry_after := coalesce(
    app.draw('code-from:' || app.caller_network(), 20, interval '1 hour'),
    app.draw('code-soon:' || request_code.destination_hash, 1, interval '30 seconds'),
    app.draw('code:' || request_code.destination_hash, 5, interval '1 hour'));
  if retry_after is null then
    select u.id into person_id from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at is null
      and (u.email = request_code.email or u.phone = request_code.phone);
    insert into identity.otps as o (id, marketplace, destination_hash, purpose, channel, user_id, code_hash, expires_at)
    values (otp_id, app.marketplace(), request_code.destination_hash, request_code.purpose, request_code.channel, person_id,
      request_code.code_hash, app.now() + interval '10 minutes')
    on conflict on constraint otps_destination_key do update set id = excluded.id, channel = excluded.channel,
      user_id = excluded.user_id, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
      created_at = excluded.created_at, attempts = 0, consumed_at = null;
    perform app.emit('identity.code_requested',
      jsonb_build_object('otp_id', otp_id, 'channel', request_code.channel, 'purpose', request_code.purpose));
    perform app.audit('auth.code_requested', 'auth', 'otps', otp_id::text, user_id => person_id);
  end if;
  return next;
end $$;

grant execute on function identity.request_code(uuid, text, text, text, text, text, text) to vicinity_api;
