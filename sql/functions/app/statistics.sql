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

grant execute on function app.refresh_statistics(), app.partitions_ahead(), app.largest_tables(), app.unused_indexes(),
  app.slow_statements(float8) to vicinity_worker;
