-- Makes the flows of the configuration files the current ones. A flow that is new to its marketplace becomes a version of its
-- own; one that was in force before is current again. Returns how many flows are current.
create or replace function booking.seed_flows(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare wanted record; current_ids uuid[] := '{}'; wanted_id uuid;
begin
  for wanted in
    select m.value ->> 'slug' as marketplace, f.key as module, f.value as flow, md5(f.value::text) as fingerprint
    from jsonb_array_elements(configuration) as m, jsonb_each(m.value -> 'flows') as f
  loop
    -- The version in force steps down first, for only one may be current at a time.
    update booking.flows f set is_current = false
    where f.marketplace = wanted.marketplace and f.module = wanted.module and f.fingerprint <> wanted.fingerprint
      and f.is_current;
    insert into booking.flows as f (marketplace, module, fingerprint, instant, on_request, unpaid, running, completed, no_show,
                                    live, cancelled, transitions, timers)
    values (wanted.marketplace, wanted.module, wanted.fingerprint, wanted.flow ->> 'instant', wanted.flow ->> 'on_request',
            wanted.flow ->> 'unpaid', wanted.flow ->> 'running', wanted.flow ->> 'completed', wanted.flow ->> 'no_show',
            array(select jsonb_array_elements_text(wanted.flow -> 'live')), wanted.flow ->> 'cancelled',
            wanted.flow -> 'transitions', wanted.flow -> 'timers')
    on conflict on constraint flows_fingerprint_key do update set is_current = true
    returning f.id into wanted_id;
    insert into booking.flow_statuses (flow_id, status)
    select wanted_id, s.status from booking.statuses_of(wanted.flow) as s (status)
    on conflict on constraint flow_statuses_pkey do nothing;
    current_ids := current_ids || wanted_id;
  end loop;
  update booking.flows f set is_current = false where f.is_current and f.id <> all (current_ids);
  return cardinality(current_ids);
end $$;

-- Every status that a flow names.
create or replace function booking.statuses_of(flow jsonb) returns setof text language sql immutable as $$
  select flow ->> name
  from unnest(array['instant', 'on_request', 'unpaid', 'running', 'completed', 'no_show', 'cancelled']) as name
  where flow ->> name is not null
  union select jsonb_array_elements_text(flow -> 'live')
  union select t ->> 'from' from jsonb_array_elements(flow -> 'transitions') as t
  union select t ->> 'to' from jsonb_array_elements(flow -> 'transitions') as t
$$;
