/** The role that owns the database and runs the migrations. Everything else is made by it, through the Data API. */
export const ownerRole = 'vicinity_owner';

/** What Aurora's master user would be given: SQL for a superuser, safe to run again. */
export const prepareSql = `
do $$
begin
  if not exists (select from pg_roles where rolname = '${ownerRole}') then
    create role ${ownerRole} login createrole;
  end if;
  execute format('alter database %I owner to ${ownerRole}', current_database());
end
$$;
create extension if not exists postgis schema public;
create extension if not exists btree_gist schema public;
create extension if not exists pg_trgm schema public;
create extension if not exists pgcrypto schema public;
`;

/**
 * One row where the role may log in, none otherwise. It takes on the role and, as a login does, the settings that
 * the role was altered to have. A superuser's session runs it.
 */
export function becomeSql(role: string): string {
  return `
select set_config('role', r.rolname, false),
       (select count(set_config(split_part(s, '=', 1), substr(s, strpos(s, '=') + 1), false))
        from unnest(r.rolconfig) s)
from pg_roles r
where r.rolname = '${role.replaceAll("'", "''")}' and r.rolcanlogin`;
}
