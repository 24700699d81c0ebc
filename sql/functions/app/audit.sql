-- Writes who did what to which record. Actor, address and agent come from the transaction's context.
create or replace function app.audit(action text, category text, table_name text, record_id text,
  old_values jsonb default null, new_values jsonb default null, metadata jsonb default '{}', user_id uuid default app.actor())
returns void language sql security definer set search_path = public, pg_temp as $$
  insert into app.audit_logs (marketplace, user_id, action, category, table_name, record_id, old_values, new_values, metadata,
    ip_address, user_agent, request_id)
  select app.marketplace(), audit.user_id, audit.action, audit.category, audit.table_name, audit.record_id, audit.old_values,
         audit.new_values, audit.metadata, (request.r ->> 'ip')::inet, request.r ->> 'user_agent', request.r ->> 'id'
  from (select nullif(current_setting('app.request', true), '')::jsonb as r) as request
$$;

grant execute on function app.audit(text, text, text, text, jsonb, jsonb, jsonb, uuid) to vicinity_api, vicinity_worker;
