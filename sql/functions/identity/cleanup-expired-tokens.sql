-- Removes at most `batch` rows of each kind that nobody can use any more: refresh tokens, challenges and changes of a contact a day
-- after they expired, codes and personal access tokens after a month, and sessions a month after they ended, so that a person
-- can still be told where the account was used.
create or replace function identity.cleanup_expired_tokens(batch integer) returns table (target text, removed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  target := 'refresh_tokens';
  delete from identity.refresh_tokens where id = any (array(
    select id from identity.refresh_tokens where expires_at < app.now() - interval '1 day' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'otps';
  delete from identity.otps where id = any (array(
    select id from identity.otps where expires_at < app.now() - interval '30 days' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'sessions';
  delete from identity.sessions where id = any (array(
    select id from identity.sessions where least(revoked_at, expires_at) < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'two_factor_challenges';
  delete from identity.two_factor_challenges where id = any (array(
    select id from identity.two_factor_challenges where expires_at < app.now() - interval '1 day'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- Messages about a change that was made find the former address there.
  target := 'contact_changes';
  delete from identity.contact_changes where id = any (array(
    select id from identity.contact_changes where expires_at < app.now() - interval '1 day' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'personal_access_tokens';
  delete from identity.personal_access_tokens where id = any (array(
    select id from identity.personal_access_tokens where expires_at < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
end $$;

grant execute on function identity.cleanup_expired_tokens(integer) to vicinity_worker;
