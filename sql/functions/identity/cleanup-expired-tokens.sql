-- Removes at most `batch` rows of each kind that nobody can use any more: refresh tokens, challenges and changes of a contact a day
-- after they expired, codes and personal access tokens after a month, and sessions a month after they ended, so that a person
-- can still be told where the account was used. Messages about a change that was made find the former address there for that day.
create or replace function identity.cleanup_expired_tokens(batch integer) returns table (target text, removed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare moment text; kept interval;
begin
  for target, moment, kept in values
    ('refresh_tokens', 'expires_at', interval '1 day'),
    ('otps', 'expires_at', '30 days'),
    ('sessions', 'least(revoked_at, expires_at)', '30 days'),
    ('two_factor_challenges', 'expires_at', '1 day'),
    ('contact_changes', 'expires_at', '1 day'),
    ('personal_access_tokens', 'expires_at', '30 days')
  loop
    execute format('delete from identity.%1$I where id = any (array(
      select id from identity.%1$I where %2$s < $1 limit $2 for update skip locked))', target, moment)
    using app.now() - kept, batch;
    get diagnostics removed = row_count;
    return next;
  end loop;
end $$;

grant execute on function identity.cleanup_expired_tokens(integer) to vicinity_worker;
