-- Deleting an account: at once nobody can use it and nobody finds it, for 90 days it can be restored, then the purge comes.

-- What a person owes (negative) or is owed, which keeps the account open. Credits are a promise, not money.
create or replace function privacy.debts(person_id uuid) returns table (kind text, amount bigint, currency text)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.kind, b.balance, a.currency
  from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = person_id and a.kind <> 'credits' and b.balance <> 0
$$;

-- Refuses while something of the person's is under way, or money is. What somebody has here is not forfeited: a prepaid balance goes
-- back to who paid it in, and so does what a provider has earned. Only of a wallet that holds too little to be taken out they may give
-- up all, by saying how much that is, and of earnings that are too little to be paid out what these leave once they have paid what is owed.
create or replace function privacy.check_deletable(person_id uuid, forfeited bigint, forfeited_earnings bigint) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare settled text[] := case when money.spare_earnings(person_id) = forfeited_earnings then '{provider_payable,receivable}' else '{}' end;
begin
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where person_id in (b.customer_id, b.provider_id) and b.status = any (f.live)
      -- Who has come and not gone is under way, and what that costs is not known yet.
      and (b.ends_at > app.now() or b.status = f.running)
      and (b.expires_at is null or b.expires_at > app.now())) then perform app.refuse('bookings_running'); end if;
  if exists (select from privacy.debts(person_id) d where d.amount < 0 and d.kind <> all (settled))
    -- What is about to become a debt.
    or exists (select from money.payments p where p.payer_id = person_id and p.settled_at is null and money.is_unpayable(p)) then
    perform app.refuse('money_owed');
  end if;
  if exists (
    select from privacy.debts(person_id) d
    where d.kind <> all (settled)
      and (d.kind = 'wallet' and d.amount = forfeited and forfeited < money.least_withdrawal()) is not true) then
    perform app.refuse('balance_remaining');
  end if;
  -- What a gateway is still asked for may end in an account of the person's.
  if exists (select from money.payments p where p.payer_id = person_id
             and (p.status in ('processing', 'authorized')
               or exists (select from money.refunds r where r.payment_id = p.id and r.status in ('pending', 'processing'))))
    or exists (select from money.payouts o where o.provider_id = person_id and o.status = 'processing') then
    perform app.refuse('money_moving');
  end if;
  if 'super_admin' = any (identity.roles_of(person_id)) then perform identity.check_super_admins(person_id); end if;
end $$;

-- The first trip: either the seconds to wait, or what the caller proves the wish with. The contacts are those to which a code for
-- this may have gone.
create or replace function privacy.begin_deletion(forfeited bigint, forfeited_earnings bigint) returns table (retry_after integer,
  password_hash text, email text, phone_sealed text, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform privacy.check_deletable(app.actor(), forfeited, forfeited_earnings);
  retry_after := app.draw('delete-account:' || app.actor(), 5, interval '15 minutes');
  if retry_after is not null then return next; return; end if;
  return query select null::integer, u.password_hash::text, c.email, c.phone_sealed, c.phone_hash
  from identity.users u, identity.trusted_contacts(u.id) as c where u.id = app.actor();
end $$;

-- The second trip. `codes`: what `identity.try_own_code` takes, or null where the password was right. outcome: 'deleted', or what
-- that function says of a code that is not right. Returns the sealed refresh token of a linked Tesla account, which the use
-- case ends at Tesla.
create or replace function privacy.delete_account(codes jsonb, forfeited bigint, forfeited_earnings bigint) returns table (outcome text,
  attempts_left integer, restorable_until timestamptz, tesla_token text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; step record;
begin
  -- The role's lock, before any account's: of the last two super admins who leave at once, one comes second.
  if 'super_admin' = any (identity.roles_of(app.actor())) then
    perform from identity.roles r where r.marketplace = app.marketplace() and r.name = 'super_admin' for update;
  end if;
  -- A booking that is being made holds the row of both its parties: it is waited for, and seen below.
  select * into person from identity.users u where u.id = app.actor() for update;
  -- Who was banned while this waited would come back by restoring.
  -- Whoever deleted it at the same moment has ended this session too.
  if person.account_status = 'deleted' then perform app.refuse('session_ended'); end if;
  if not app.is_active(person.account_status, person.suspended_until) then perform app.refuse('account_suspended'); end if;
  perform privacy.check_deletable(person.id, forfeited, forfeited_earnings);
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'delete_account') t;
    if outcome <> 'right' then
      return next;
      return;
    end if;
  end if;
  perform money.forfeit(person.id, forfeited);
  perform money.forfeit_earnings(person.id, forfeited_earnings);
  -- What has come in since is seen under the locks of what was given up.
  perform privacy.check_deletable(person.id, null, null);
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

-- Brings an account back as it was before. False where nothing can be restored (any more). An address or number that somebody has
-- taken since is refused by users_email_key or users_phone_key. Callable by functions only: they know who asks.
create or replace function privacy.reopen(person_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare reopened identity.users;
begin
  update identity.users u set account_status = identity.standing_before(u), deleted_at = null
  where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null
    and u.deleted_at > app.now() - interval '90 days'
  returning u.* into reopened;
  if reopened.id is null then return false; end if;
  perform app.audit('account.restored', 'privacy', 'users', person_id::text, '{"account_status": "deleted"}',
    jsonb_build_object('account_status', reopened.account_status), user_id => coalesce(app.actor(), person_id));
  perform app.emit('privacy.account_restored', jsonb_build_object('user_id', person_id));
  return true;
end $$;

-- The same for the owner, who takes back what the account had proven from one that has taken it since and has not.
create or replace function privacy.reopen_own(person_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform identity.take_contact(u.id, case when u.email_verified_at is not null then u.email end,
    case when u.phone_verified_at is not null then u.phone_hash end)
  from identity.users u where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null for update;
  return privacy.reopen(person_id);
end $$;

-- Restoring begins as a sign-in does, with the same limits.
create or replace function privacy.begin_restoring(email text, phone_hash text, identifier_hash text)
returns table (retry_after integer, user_id uuid, password_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := identity.draw_attempt(begin_restoring.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.id = identity.deleted_person_at(begin_restoring.email, begin_restoring.phone_hash);
  end if;
  return next;
end $$;

-- Whether the account is back. It signs nobody in: a second factor is asked for by the sign-in.
create or replace function privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not is_right then
    perform app.audit('auth.login_failed', 'auth', 'users', person_id::text, user_id => person_id,
      metadata => jsonb_build_object('identifier_hash', settle_restoring.identifier_hash));
    return false;
  end if;
  if not privacy.reopen_own(person_id) then return false; end if;
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_restoring.identifier_hash);
  return true;
end $$;

-- The same by a one-time code, in one trip. outcome: 'restored', 'contact_unproven', or what `identity.try_code` says of a code that is
-- not right.
create or replace function privacy.restore_by_code(destination_hash text, code_hash text, email text, phone_hash text)
returns table (outcome text, attempts_left integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare person_id uuid := identity.deleted_person_at(restore_by_code.email, restore_by_code.phone_hash);
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(restore_by_code.destination_hash, restore_by_code.code_hash, 'restore_account', person_id) t;
  if outcome = 'right' then
    outcome := case
      when not identity.prove_contact(person_id, restore_by_code.email, restore_by_code.phone_hash, false) then 'contact_unproven'
      when privacy.reopen_own(person_id) then 'restored'
      else 'code_expired' end;
  end if;
  return next;
end $$;

grant execute on function privacy.begin_deletion(bigint, bigint), privacy.delete_account(jsonb, bigint, bigint),
  privacy.begin_restoring(text, text, text), privacy.settle_restoring(uuid, text, boolean), privacy.restore_by_code(text, text, text, text) to vicinity_api;
