-- What an operator asks of the database: who grows, who is dead weight, what is slow.

-- Without shared_preload_libraries the extension is there and empty; where it is not installed at all, nothing asks it.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_stat_statements') then
    create extension if not exists pg_stat_statements;
  end if;
exception when insufficient_privilege then
  raise notice 'pg_stat_statements can only be created by a superuser here';
end $$;

create view app.db_stats as
  select schemaname, relname as tablename, n_tup_ins as inserts, n_tup_upd as updates, n_tup_del as deletes,
         n_live_tup as live_tuples, n_dead_tup as dead_tuples, last_vacuum, last_autovacuum, last_analyze, last_autoanalyze
  from pg_stat_user_tables
  order by n_live_tup desc;
grant select on app.db_stats to vicinity_worker;
