-- Who is not a superuser can set what pg_trgm knows only after the library was loaded, which its first call does.
select show_limit();

-- Finds accounts, newest first. A name is found by its words, by a part of it, and by what sounds much like it. Who was shown to whom
-- is on record.
--
-- wanted: { user_id?, name?, email?, phone_hash?, role?, account_status? }
create or replace function admin.search_accounts(wanted jsonb, before uuid, max integer)
returns table (id uuid, full_name text, email text, roles text[], account_status text, last_login_at timestamptz,
  created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp set pg_trgm.word_similarity_threshold = 0.45 as $$
declare
  user_id uuid := wanted ->> 'user_id'; name text := wanted ->> 'name'; address text := wanted ->> 'email';
  number text := wanted ->> 'phone_hash'; role_ text := wanted ->> 'role'; status text := wanted ->> 'account_status';
  shown uuid[];
begin
  select array_agg(u.id order by u.id desc) into shown from (
    select u.id from identity.users u
    where u.marketplace = app.marketplace()
      and (user_id is null or u.id = user_id)
      -- 'simple' knows no stop words: people are called Will and May.
      and (name is null or to_tsvector('simple', u.full_name) @@ plainto_tsquery('simple', name) or name <% u.full_name)
      and (address is null or u.email = address)
      and (number is null or u.phone_hash = number)
      and (role_ is null or exists (select from identity.user_roles r where r.user_id = u.id and r.role = role_))
      and (status is null or u.account_status = status)
      and (before is null or u.id < before)
    order by u.id desc limit max) as u;
  perform app.audit('admin.accounts_searched', 'admin', 'users', null,
    metadata => jsonb_build_object('by', (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(wanted) as k),
      'user_ids', coalesce(to_jsonb(shown), '[]')));
  return query select u.id, u.full_name::text, u.email::text, identity.roles_of(u.id), u.account_status, u.last_login_at, u.created_at
    from identity.users u where u.id = any (shown) order by u.id desc;
end $$;

grant execute on function admin.search_accounts(jsonb, uuid, integer) to vicinity_api;
