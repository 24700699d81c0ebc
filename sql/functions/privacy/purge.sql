-- At most `batch` people whose account was deleted 90 days ago, with the names of their objects in the bucket: those are deleted
-- first, for after the purge nobody knows them any more.
create or replace function privacy.due_purges(batch integer) returns table (user_id uuid, object_names jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare source record; names jsonb;
begin
  for user_id in
    select u.id from identity.users u
    where u.deleted_at <= app.now() - interval '90 days' and u.purged_at is null order by u.deleted_at limit batch
  loop
    object_names := '[]';
    for source in
      select p.table_name, p.subject, p.object_name from privacy.personal_data p where p.object_name is not null
    loop
      execute format('select coalesce(jsonb_agg(%s), ''[]'') from %s t where %s', source.object_name, source.table_name,
        source.subject) into names using user_id;
      object_names := object_names || names;
    end loop;
    return next;
  end loop;
end $$;

-- Erases or anonymises every row that is about the person, as the register says. False when the account was restored or purged in
-- the meantime.
create or replace function privacy.purge(person_id uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare person identity.users; policy privacy.personal_data; changes text;
begin
  select * into person from identity.users u
  where u.id = person_id and u.deleted_at <= app.now() - interval '90 days' and u.purged_at is null for update;
  if person.id is null then return false; end if;
  perform set_config('app.marketplace', person.marketplace, true), set_config('app.purging', 'on', true);
  for policy in select * from privacy.personal_data p where p.treatment <> 'keep' order by p.purge_order, p.table_name loop
    if policy.treatment = 'erase' then
      execute format('delete from %s t where %s', policy.table_name, policy.subject) using person_id;
    -- Nothing to change is where the person is named by the opaque id only.
    elsif policy.anonymised <> '{}' then
      select string_agg(format('%I = %s', key, value), ', ') into changes from jsonb_each_text(policy.anonymised);
      execute format('update %s t set %s where %s', policy.table_name, changes, policy.subject) using person_id;
    end if;
  end loop;
  perform set_config('app.purging', '', true);
  update identity.users u set purged_at = app.now() where u.id = person_id;
  perform app.audit('account.purged', 'privacy', 'users', person_id::text, user_id => null);
  return true;
end $$;

-- Archives whose day is over and whose object is still there.
create or replace function privacy.expired_exports(batch integer) returns table (id uuid, object_name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select e.id, e.object_name from privacy.exports e
  where e.expires_at <= app.now() and e.erased_at is null order by e.expires_at limit batch
$$;

create or replace function privacy.mark_erased(export_id uuid) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update privacy.exports e set erased_at = app.now() where e.id = mark_erased.export_id returning true
$$;

-- Removes at most `batch` rows of each table that the retention policies name, and what old messages said: that tells of others
-- than their reader. One row for each table: how many went.
create or replace function privacy.apply_retention(batch integer) returns table (target text, removed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare policy privacy.retention_policies;
begin
  for policy in select * from privacy.retention_policies p order by p.table_name loop
    execute format('delete from %1$s where ctid = any (array(select t.ctid from %1$s t where %2$s < $1 limit $2))',
      policy.table_name, policy.moment) using app.now() - policy.retain, batch;
    get diagnostics removed = row_count;
    target := policy.table_name;
    return next;
  end loop;
  target := 'notify.messages';
  with due as (
    select m.id from notify.messages m
    where m.variables <> '{}' and m.id < app.uuid_v7_floor(app.now() - interval '30 days')
    order by m.id limit batch)
  update notify.messages m set variables = '{}' from due where m.id = due.id;
  get diagnostics removed = row_count;
  return next;
end $$;

grant execute on function privacy.due_purges(integer), privacy.purge(uuid), privacy.expired_exports(integer),
  privacy.mark_erased(uuid), privacy.apply_retention(integer) to vicinity_worker;
