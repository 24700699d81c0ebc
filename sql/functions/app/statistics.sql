-- Statistics of a partitioned table as a whole: autovacuum sees to its partitions and never to the parent, whose numbers the
-- planner uses across them. Plain tables that have grown since are taken along. Returns how many tables were analysed.
create or replace function app.refresh_statistics() returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare target text; analysed integer := 0;
begin
  for target in
    select c.oid::regclass::text
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_tables s on s.relid = c.oid
    where pg_get_userbyid(c.relowner) = current_user and not c.relispartition
      and (c.relkind = 'p' or c.relkind = 'r' and s.n_mod_since_analyze > 0.05 * s.n_live_tup)
    order by 1
  loop
    execute format('analyze %s', target);
    analysed := analysed + 1;
  end loop;
  return analysed;
end $$;

-- Tables, a partition being one, that have changed since they were last vacuumed, those with most dead rows first.
create or replace function app.tables_to_vacuum() returns table (name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.relid::regclass::text
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user and s.schemaname <> 'public'
    and s.n_dead_tup + s.n_ins_since_vacuum > 0
  order by s.n_dead_tup desc, 1
$$;

-- Tables whose indexes have aged most: by rows that went or moved, a partitioned table as a whole.
create or replace function app.tables_to_reindex(at_most integer) returns table (name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select root::text
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid,
    lateral (select coalesce(pg_partition_root(s.relid), s.relid) as root) as r
  where c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user and s.schemaname <> 'public'
  group by root
  having sum(s.n_tup_upd - s.n_tup_hot_upd + s.n_tup_del) > 0
  order by sum(s.n_tup_upd - s.n_tup_hot_upd + s.n_tup_del) desc, 1
  limit tables_to_reindex.at_most
$$;

-- What a look for carelessness finds: tables without forced row-level security, roles of Lambdas that pass over it, functions of the owner
-- that anybody may call, and staff who have set up no second factor. None is right.
create or replace function app.security_findings() returns table (finding text, subject text)
language sql stable security definer set search_path = public, pg_temp as $$
  select 'without_row_level_security', c.oid::regclass::text
  from pg_class c
  where c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = current_user and c.relnamespace <> 'public'::regnamespace
    and not (c.relrowsecurity and c.relforcerowsecurity) and c.oid <> 'app.schema_migrations'::regclass
  union all
  select 'passes_over_policies', r.rolname from pg_roles r
  where r.rolname in ('vicinity_api', 'vicinity_worker') and (r.rolsuper or r.rolbypassrls)
  union all
  select 'open_to_everybody', p.oid::regprocedure::text
  from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
  where p.prosecdef and pg_get_userbyid(p.proowner) = current_user and a.grantee = 0 and a.privilege_type = 'EXECUTE'
    and p.pronamespace <> 'public'::regnamespace
  union all
  select 'staff_without_second_factor', u.id::text
  from identity.users u
  where u.account_status = 'active' and u.two_factor_confirmed_at is null and exists (
    select from identity.user_roles r join identity.roles i on i.marketplace = r.marketplace and i.name = r.role
    where r.user_id = u.id and not i.is_open)
$$;

-- How many partitions of each table begin after this moment. Two are the least: see `app.partition_policies`.
create or replace function app.partitions_ahead() returns table (parent text, ahead integer)
language sql stable security definer set search_path = public, pg_temp as $$
  select p.parent, count(*) filter (where app.uuid_v7_time(substring(
           pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']+)''')::uuid) > app.now())::integer
  from app.partition_policies p
    left join pg_inherits i on i.inhparent = p.parent::regclass
    left join pg_class c on c.oid = i.inhrelid and c.relkind = 'r'
  group by 1 order by 1
$$;

-- The ten largest tables with their indexes, in bytes, and their dead rows; a partitioned table counts as one.
create or replace function app.largest_tables() returns table (name text, table_bytes bigint, index_bytes bigint, dead_tuples bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select root::text, sum(pg_table_size(s.relid))::bigint, sum(pg_indexes_size(s.relid))::bigint, sum(s.n_dead_tup)::bigint
  from pg_stat_user_tables s, lateral (select coalesce(pg_partition_root(s.relid), s.relid) as root) as r
  where s.schemaname <> 'public'
  group by 1 order by 2 desc limit 10
$$;

-- Indexes that no query has used since the statistics began and that enforce nothing.
create or replace function app.unused_indexes() returns table (name text, bytes bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.indexrelid::regclass::text, pg_relation_size(s.indexrelid)
  from pg_stat_user_indexes s join pg_index i on i.indexrelid = s.indexrelid
  where s.idx_scan = 0 and not i.indisunique and not i.indisexclusion and s.schemaname <> 'public'
  order by 2 desc, 1 limit 20
$$;

-- Statements whose mean time is above a limit, slowest first. Empty where pg_stat_statements is not loaded.
create or replace function app.slow_statements(mean_milliseconds float8)
returns table (query text, mean float8, calls bigint, total float8)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query select left(s.query, 200), s.mean_exec_time, s.calls, s.total_exec_time from pg_stat_statements s
    where s.mean_exec_time > mean_milliseconds order by s.mean_exec_time desc limit 20;
exception when undefined_table or object_not_in_prerequisite_state then
  return;
end $$;

grant execute on function app.refresh_statistics(), app.tables_to_vacuum(), app.tables_to_reindex(integer), app.security_findings(),
  app.partitions_ahead(), app.largest_tables(), app.unused_indexes(),
  app.slow_statements(float8) to vicinity_worker;
