-- Asks for an archive of everything that is held on the caller, at most once a day.
create or replace function privacy.request_export() returns setof privacy.exports
language plpgsql security definer set search_path = public, pg_temp as $$
declare asked privacy.exports;
begin
  perform 1 from identity.users u where u.id = app.actor() for no key update;
  if exists (
    select from privacy.exports e
    where e.user_id = app.actor() and e.status <> 'failed' and e.created_at > app.now() - interval '1 day') then
    perform app.refuse('export_too_soon');
  end if;
  insert into privacy.exports (marketplace, user_id) values (app.marketplace(), app.actor()) returning * into asked;
  perform app.audit('export.requested', 'privacy', 'exports', asked.id::text);
  perform app.emit('privacy.export_requested', jsonb_build_object('export_id', asked.id, 'user_id', asked.user_id));
  return next asked;
end $$;

-- What an export that is not made yet consists of: each table that tells the person something.
create or replace function privacy.plan_export(export_id uuid) returns table (user_id uuid, object_name text, table_name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select e.user_id, e.object_name, p.table_name
  from privacy.exports e cross join privacy.personal_data p
  where e.id = plan_export.export_id and e.status = 'pending' and p.exported
  order by p.table_name
$$;

-- The person's rows of one table, one after the other from `after` on. `opens`: sealed column to what it is sealed about.
create or replace function privacy.read_rows(person_id uuid, table_name text, after bigint, size integer)
returns table (place bigint, held jsonb, opens jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare policy privacy.personal_data; shown text; opens text;
begin
  select * into strict policy from privacy.personal_data p where p.table_name = read_rows.table_name and p.exported;
  select coalesce(string_agg(format('%L, %s', key, value), ', '), '') into shown from jsonb_each_text(policy.shown);
  select coalesce(string_agg(format('%L, %s', key, value), ', '), '') into opens from jsonb_each_text(policy.sealed);
  return query execute format(
    'select place, held, opens from (
       select row_number() over (order by to_jsonb(t)::text) as place, to_jsonb(t) - $4 || jsonb_build_object(%s) as held,
              jsonb_build_object(%s) as opens
       from %s t where %s) as numbered
     where place > $2 order by place limit $3', shown, opens, policy.table_name, policy.subject)
  using person_id, after, size, policy.hidden;
end $$;

-- The archive is there and can be fetched for a day; the event lets the person know.
create or replace function privacy.settle_export(export_id uuid, bytes bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare made privacy.exports;
begin
  update privacy.exports e set status = 'ready', bytes = settle_export.bytes, ready_at = app.now(),
    expires_at = app.now() + interval '1 day'
  where e.id = settle_export.export_id and e.status = 'pending' returning * into made;
  if made.id is null then return false; end if;
  perform app.emit('privacy.export_ready', jsonb_build_object('export_id', made.id, 'user_id', made.user_id));
  return true;
end $$;

grant execute on function privacy.request_export() to vicinity_api;
grant execute on function privacy.plan_export(uuid), privacy.read_rows(uuid, text, bigint, integer),
  privacy.settle_export(uuid, bigint) to vicinity_worker;
