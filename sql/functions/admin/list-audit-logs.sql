-- What the audit log says, newest first. That somebody read it is written there too.
--
-- wanted: { user_id?, action?, category?, table_name?, record_id?, request_id?, from?, to? }; `to` is exclusive
create or replace function admin.list_audit_logs(wanted jsonb, before uuid, max integer)
returns table (id uuid, user_id uuid, action text, category text, table_name text, record_id text, old_values jsonb,
  new_values jsonb, metadata jsonb, ip_address text, user_agent text, request_id text, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
    select l.id, l.user_id, l.action::text, l.category::text, l.table_name::text, l.record_id, l.old_values, l.new_values,
           l.metadata, host(l.ip_address), l.user_agent, l.request_id, l.created_at
    from app.audit_logs l
    where l.marketplace = app.marketplace()
      and (not wanted ? 'user_id' or l.user_id = (wanted ->> 'user_id')::uuid)
      and (not wanted ? 'action' or l.action = wanted ->> 'action')
      and (not wanted ? 'category' or l.category = wanted ->> 'category')
      and (not wanted ? 'table_name' or l.table_name = wanted ->> 'table_name')
      and (not wanted ? 'record_id' or l.record_id = wanted ->> 'record_id')
      and (not wanted ? 'request_id' or l.request_id = wanted ->> 'request_id')
      -- Ids are times, and partitions are cut by them.
      and (not wanted ? 'from' or l.id >= app.uuid_v7_floor((wanted ->> 'from')::timestamptz))
      and (not wanted ? 'to' or l.id < app.uuid_v7_floor((wanted ->> 'to')::timestamptz))
      and (before is null or l.id < before)
    order by l.id desc limit max;
  perform app.audit('admin.audit_logs_read', 'admin', 'audit_logs', null, metadata => wanted);
end $$;

grant execute on function admin.list_audit_logs(jsonb, uuid, integer) to vicinity_api;
