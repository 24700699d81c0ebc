-- The seconds to wait before the next account from this network, or null. A trip of its own: the draw stands when the sign-up after
-- it is refused, so that nobody learns by trying which addresses have an account.
create or replace function identity.begin_sign_up() returns table (retry_after integer)
language sql security definer set search_path = public, pg_temp as $$
  select app.draw('sign-up-from:' || app.caller_network(), 30, interval '1 hour')
$$;

grant execute on function identity.begin_sign_up() to vicinity_api;
