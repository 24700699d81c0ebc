-- Deleting an account: at once nobody can use it and nobody finds it, for 90 days it can be restored, then the purge comes.

-- What a person owes or is owed, which keeps the account open. Nothing in the system owes money yet.
create or replace function privacy.debts(person_id uuid) returns table (kind text, amount bigint, currency text)
language sql stable security definer set search_path = public, pg_temp as $$
  select null::text, null::bigint, null::text where false
$$;

-- Refuses while something of the person's is under way.
create or replace function privacy.check_deletable(person_id uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where person_id in (b.customer_id, b.provider_id) and b.status = any (f.live) and b.ends_at > app.now()
      and (b.expires_at is null or b.expires_at > app.now())) then perform app.refuse('bookings_running'); end if;
  if exists (select from privacy.debts(person_id)) then perform app.refuse('money_owed'); end if;
end $$;

-- The first trip: either the seconds to wait, or what the caller proves the wish with.
create or replace function privacy.begin_deletion() returns table (retry_after integer, password_hash text, email text,
  phone_sealed text, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform privacy.check_deletable(app.actor());
  retry_after := app.draw('delete-account:' || app.actor(), 5, interval '15 minutes');
  if retry_after is not null then return next; return; end if;
  return query select null::integer, u.password_hash::text, u.email::text, u.phone_sealed, u.phone_hash
  from identity.users u where u.id = app.actor();
end $$;

-- The second trip. `codes`: { "<destination hash>": "<code hash>" } of the one-time code, or null where the password was right.
-- outcome: 'deleted', 'wrong_code' or 'code_expired'. Returns the sealed refresh token of a linked Tesla account, which the use
-- case ends at Tesla.
create or replace function privacy.delete_account(codes jsonb) returns table (outcome text, restorable_until timestamptz,
  tesla_token text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; code identity.otps; step record;
begin
  -- A booking that is being made holds the row of both its parties: it is waited for, and seen below.
  select * into person from identity.users u where u.id = app.actor() for update;
  perform privacy.check_deletable(person.id);
  if codes is not null then
    select o.* into code from identity.otps o
    where o.marketplace = app.marketplace() and o.user_id = person.id and codes ? o.destination_hash and o.purpose = 'sign_in'
      and o.replaced_at is null and o.consumed_at is null and o.expires_at > app.now() and o.attempts < 5
    order by (codes ->> o.destination_hash = o.code_hash) desc limit 1 for update;
    outcome := case when code.id is null then 'code_expired'
                    when codes ->> code.destination_hash <> code.code_hash then 'wrong_code' end;
    if outcome is not null then
      update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
      perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text);
      return next;
      return;
    end if;
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
  end if;
  select t.refresh_token_sealed into tesla_token from identity.tesla_accounts t where t.user_id = person.id;
  for step in select p.at_deletion from privacy.personal_data p where p.at_deletion is not null order by p.purge_order loop
    execute step.at_deletion using person.id;
  end loop;
  perform identity.revoke_session(s.id, 'account_closed')
  from identity.sessions s where s.user_id = person.id and s.revoked_at is null;
  update identity.users u set account_status = 'deleted', deleted_at = app.now(), suspended_until = null, status_reason = null
  where u.id = person.id;
  perform app.audit('account.deleted', 'privacy', 'users', person.id::text,
    jsonb_build_object('account_status', person.account_status), jsonb_build_object('account_status', 'deleted'));
  perform app.emit('privacy.account_deleted', jsonb_build_object('user_id', person.id));
  outcome := 'deleted';
  restorable_until := app.now() + interval '90 days';
  return next;
end $$;

-- Restoring begins as a sign-in does, with the same limits. The newest account that was deleted under this address or number.
create or replace function privacy.begin_restoring(email text, phone_hash text, identifier_hash text)
returns table (retry_after integer, user_id uuid, password_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := identity.draw_attempt(begin_restoring.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at > app.now() - interval '90 days' and u.purged_at is null
      and (u.email = begin_restoring.email or u.phone_hash = begin_restoring.phone_hash)
    order by u.deleted_at desc limit 1;
  end if;
  return next;
end $$;

-- Whether the account is back. An address or number that somebody has taken since is refused by users_email_key or
-- users_phone_key. It signs nobody in: a second factor is asked for by the sign-in.
create or replace function privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not is_right then
    perform app.audit('auth.login_failed', 'auth', 'users', person_id::text, user_id => person_id,
      metadata => jsonb_build_object('identifier_hash', settle_restoring.identifier_hash));
    return false;
  end if;
  update identity.users u set account_status = 'active', deleted_at = null
  where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null
    and u.deleted_at > app.now() - interval '90 days';
  if not found then return false; end if;
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_restoring.identifier_hash);
  perform app.audit('account.restored', 'privacy', 'users', person_id::text, '{"account_status": "deleted"}',
    '{"account_status": "active"}', user_id => person_id);
  perform app.emit('privacy.account_restored', jsonb_build_object('user_id', person_id));
  return true;
end $$;

grant execute on function privacy.begin_deletion(), privacy.delete_account(jsonb), privacy.begin_restoring(text, text, text),
  privacy.settle_restoring(uuid, text, boolean) to vicinity_api;
