CREATE SCHEMA app;

CREATE SCHEMA booking;

CREATE SCHEMA identity;

CREATE SCHEMA notify;

CREATE SCHEMA parking;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

CREATE FUNCTION app.actor() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select nullif(current_setting('app.actor', true), '')::uuid
$$;

CREATE FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb DEFAULT NULL::jsonb, new_values jsonb DEFAULT NULL::jsonb, metadata jsonb DEFAULT '{}'::jsonb, user_id uuid DEFAULT app.actor()) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into app.audit_logs (marketplace, user_id, action, category, table_name, record_id, old_values, new_values, metadata,
    ip_address, user_agent, request_id)
  select app.marketplace(), audit.user_id, audit.action, audit.category, audit.table_name, audit.record_id, audit.old_values,
         audit.new_values, audit.metadata, (request.r ->> 'ip')::inet, request.r ->> 'user_agent', request.r ->> 'id'
  from (select nullif(current_setting('app.request', true), '')::jsonb as r) as request
$$;

CREATE FUNCTION app.caller_network() RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select host(network(set_masklen(ip, case family(ip) when 6 then 64 else 32 end)))
  from (select (nullif(current_setting('app.request', true), '')::jsonb ->> 'ip')::inet as ip) as request
$$;

CREATE FUNCTION app.cancel_timer(kind text, subject_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update app.timers t set settled_at = app.now(), outcome = 'cancelled'
  where t.kind = cancel_timer.kind and t.subject_id = cancel_timer.subject_id and t.settled_at is null
$$;

CREATE FUNCTION app.check_caller(context jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare access text := coalesce(context ->> 'access', 'signed_in'); caller record;
begin
  if context ->> 'session' is null then
    -- Somebody is believed with a session only, whatever the route.
    return case when access = 'everyone' and context ->> 'actor' is null then null else 'unauthenticated' end;
  end if;
  select u.account_status, u.suspended_until, s.revoked_at, s.expires_at, u.roles into caller
  from identity.sessions s join identity.users u on u.id = s.user_id
  where s.id = (context ->> 'session')::uuid and s.user_id = (context ->> 'actor')::uuid
    and s.marketplace = context ->> 'marketplace' and u.marketplace = s.marketplace;
  if not found or caller.revoked_at is not null or caller.expires_at <= app.now() then return 'session_ended'; end if;
  -- A suspension that has run out counts as over before anything has set the account back.
  if caller.account_status <> 'active'
    and not (caller.account_status = 'suspended' and coalesce(caller.suspended_until <= app.now(), false)) then
    return 'account_suspended';
  end if;
  if access in ('everyone', 'signed_in') then return null; end if;
  if exists (
    select from app.marketplaces m, unnest(caller.roles) as role
    where m.slug = context ->> 'marketplace' and m.permissions -> role ? access) then return null; end if;
  return 'forbidden';
end $$;

CREATE FUNCTION app.claim_outbox(batch integer) RETURNS TABLE(id uuid, marketplace text, type text, payload jsonb, created_at timestamp with time zone)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with due as (
    select o.id from app.outbox o
    where o.sent_at is null and (o.claimed_until is null or o.claimed_until <= app.now())
    order by o.id limit batch for update skip locked
  )
  update app.outbox o set claimed_until = app.now() + interval '1 minute', attempts = o.attempts + 1
  from due where o.id = due.id
  returning o.id, o.marketplace, o.type, o.payload, o.created_at
$$;

CREATE FUNCTION app.cleanup(batch integer) RETURNS TABLE(target text, removed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  target := 'idempotency_keys';
  delete from app.idempotency_keys where ctid = any (array(
    select ctid from app.idempotency_keys where created_at < app.now() - interval '24 hours' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- A full bucket and a missing one are the same.
  target := 'rate_limits';
  delete from app.rate_limits where ctid = any (array(
    select ctid from app.rate_limits where full_at < app.now() limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- The bound on the id is redundant in meaning and lets the primary key find the old rows.
  target := 'timers';
  delete from app.timers where id = any (array(
    select id from app.timers
    where id < app.uuid_v7_floor(app.now() - interval '30 days') and settled_at < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
end $$;

CREATE FUNCTION app.draw(bucket text, burst integer, period interval) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare drawn timestamptz;
begin
  insert into app.rate_limits as r (bucket, full_at) values (draw.bucket, app.now() + period / burst)
  on conflict on constraint rate_limits_pkey do update set full_at = greatest(r.full_at, app.now()) + period / burst
    where greatest(r.full_at, app.now()) + period / burst <= app.now() + period
  returning full_at into drawn;
  if drawn is not null then return null; end if;
  return (select ceil(extract(epoch from r.full_at + period / burst - app.now() - period)) from app.rate_limits r
          where r.bucket = draw.bucket);
end $$;

CREATE FUNCTION app.earlier_answer(context jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare earlier app.idempotency_keys;
begin
  perform pg_advisory_xact_lock(hashtextextended(
    concat_ws('/', context ->> 'marketplace', context ->> 'caller', context ->> 'idempotency_key'), 0));
  select * into earlier from app.idempotency_keys k
  where k.marketplace = context ->> 'marketplace' and k.caller = context ->> 'caller'
    and k.key = context ->> 'idempotency_key' and k.created_at > app.now() - interval '24 hours';
  if not found then return null; end if;
  if earlier.fingerprint <> context ->> 'fingerprint' then
    return jsonb_build_object('refused', jsonb_build_object('constraint', 'idempotency_key_reused'));
  end if;
  return jsonb_build_object('replayed', true, 'rows', to_jsonb(earlier.result));
end $$;

CREATE FUNCTION app.emit(type text, payload jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare event_id uuid;
begin
  insert into app.outbox (marketplace, type, payload) values (app.marketplace(), emit.type, emit.payload)
  returning id into event_id;
  perform set_config('app.emitted', (current_setting('app.emitted')::integer + 1)::text, true);
  return event_id;
end $$;

CREATE FUNCTION app.is_empty(bucket text, burst integer, period interval) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from app.rate_limits r where r.bucket = is_empty.bucket and r.full_at + period / burst > app.now() + period)
$$;

CREATE FUNCTION app.keep_answer(context jsonb, answer jsonb[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into app.idempotency_keys (marketplace, caller, key, fingerprint, result)
  values (context ->> 'marketplace', context ->> 'caller', context ->> 'idempotency_key', context ->> 'fingerprint', answer)
  on conflict on constraint idempotency_keys_pkey
    do update set fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at
$$;

CREATE FUNCTION app.largest_tables() RETURNS TABLE(name text, table_bytes bigint, index_bytes bigint, dead_tuples bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select root::text, sum(pg_table_size(s.relid))::bigint, sum(pg_indexes_size(s.relid))::bigint, sum(s.n_dead_tup)::bigint
  from pg_stat_user_tables s, lateral (select coalesce(pg_partition_root(s.relid), s.relid) as root) as r
  where s.schemaname <> 'public'
  group by 1 order by 2 desc limit 10
$$;

CREATE FUNCTION app.marketplace() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select nullif(current_setting('app.marketplace', true), '')
$$;

CREATE FUNCTION app.now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
$$;

CREATE FUNCTION app.partition_suffix(period text, starts_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case period
    when 'year' then to_char(starts_at at time zone 'UTC', '"_y"YYYY')
    when 'month' then to_char(starts_at at time zone 'UTC', '"_y"YYYY"m"MM')
    when 'week' then to_char(starts_at at time zone 'UTC', '"_y"IYYY"w"IW')
    else to_char(starts_at at time zone 'UTC', '"_y"YYYY"m"MM"d"DD')
  end
$$;

CREATE FUNCTION app.partitions_ahead() RETURNS TABLE(parent text, ahead integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select p.parent, count(*) filter (where app.uuid_v7_time(substring(
           pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']+)''')::uuid) > app.now())::integer
  from app.partition_policies p
    left join pg_inherits i on i.inhparent = p.parent::regclass
    left join pg_class c on c.oid = i.inhrelid and c.relkind = 'r'
  group by 1 order by 1
$$;

CREATE FUNCTION app.place(location public.geography) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select jsonb_build_object('latitude', st_y(location::geometry), 'longitude', st_x(location::geometry))
$$;

CREATE FUNCTION app.point(latitude double precision, longitude double precision) RETURNS public.geography
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select st_setsrid(st_makepoint(
    case when abs(lat) = 90 then 0 when lon = -180 then 180 else lon end, lat), 4326)::geography
  from (select round(latitude::numeric, 9)::float8 as lat, round(longitude::numeric, 9)::float8 as lon) as rounded
$$;

CREATE FUNCTION app.protect(target regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy owner_all on %s to vicinity_owner using (true) with check (true)', target);
  execute format('create policy worker_all on %s to vicinity_worker using (true) with check (true)', target);
end $$;

CREATE FUNCTION app.put_back(bucket text, burst integer, period interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update app.rate_limits r set full_at = r.full_at - period / burst where r.bucket = put_back.bucket
$$;

CREATE FUNCTION app.refill(bucket text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from app.rate_limits r where r.bucket = refill.bucket
$$;

CREATE FUNCTION app.refresh_statistics() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION app.refuse(code text, detail text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = 'VC001', constraint = code, message = code, detail = coalesce(detail, '');
end $$;

CREATE FUNCTION app.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = 'VC001', constraint = tg_table_name || '_is_append_only',
    message = format('%I.%I is append-only', tg_table_schema, tg_table_name);
end $$;

CREATE FUNCTION app.rotate_partitions() RETURNS TABLE(partition text, change text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  policy app.partition_policies; step interval; lower_ timestamptz; upper_ timestamptz; child text; existing record; held boolean;
begin
  -- A busy parent is left for the next run rather than queued in front of everybody else's inserts.
  perform set_config('lock_timeout', '900ms', true);
  for policy in select * from app.partition_policies order by parent loop
    step := ('1 ' || policy.period)::interval;
    lower_ := date_trunc(policy.period, policy.since, 'UTC');
    while lower_ <= app.now() + step * policy.ahead loop
      upper_ := (lower_ at time zone 'UTC' + step) at time zone 'UTC';
      child := policy.parent || app.partition_suffix(policy.period, lower_);
      if to_regclass(child) is null and (policy.retain is null or upper_ >= app.now() - policy.retain) then
        execute format('create table %s (like %s including all)', child, policy.parent);
        execute format('alter table %s add constraint partition_bounds check (id >= %L and id < %L)',
          child, app.uuid_v7_floor(lower_), app.uuid_v7_floor(upper_));
        execute format('alter table %s attach partition %s for values from (%L) to (%L)',
          policy.parent, child, app.uuid_v7_floor(lower_), app.uuid_v7_floor(upper_));
        execute format('alter table %s drop constraint partition_bounds', child);
        perform app.protect(child::regclass);
        partition := child; change := 'created'; return next;
      end if;
      lower_ := upper_;
    end loop;
    continue when policy.retain is null;
    for existing in
      select inhrelid::regclass::text as name,
             app.uuid_v7_time(substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''')::uuid) as ends_at
      from pg_inherits join pg_class c on c.oid = inhrelid
      where inhparent = policy.parent::regclass
    loop
      continue when existing.ends_at >= app.now() - policy.retain;
      held := false;
      if policy.keep_while is not null then
        execute format('select exists (select from %s where %s)', existing.name, policy.keep_while) into held;
      end if;
      continue when held;
      execute format('alter table %s detach partition %s', policy.parent, existing.name);
      execute format('drop table %s', existing.name);
      partition := existing.name; change := 'dropped'; return next;
    end loop;
  end loop;
end $$;

CREATE FUNCTION app.run(context jsonb, statement text, args text) RETURNS SETOF jsonb
    LANGUAGE plpgsql
    AS $$
declare
  row_ record; answer jsonb[] := '{}'; earlier jsonb; refusal text; keyed boolean := context ? 'idempotency_key'; wrote boolean;
  item jsonb; bytes integer := 0; cut boolean := false;
  state text; constraint_ text; table_ text; message_ text; detail_ text; column_ text;
begin
  begin
    perform app.set_context(context);
    -- The worker acts for the system: it has no session to check.
    if current_user <> 'vicinity_worker' then refusal := app.check_caller(context); end if;
    if refusal is not null then
      return next jsonb_build_object('refused', jsonb_build_object('constraint', refusal));
      return;
    end if;
    if keyed then
      earlier := app.earlier_answer(context);
      if earlier ? 'refused' then return next earlier; return; end if;
      if earlier is not null then
        return next jsonb_build_object('replayed', true, 'emitted', 0, 'cut', false);
        return query select jsonb_array_elements(earlier -> 'rows');
        return;
      end if;
    end if;
    for row_ in execute statement using args::jsonb loop
      -- The Data API writes each row's JSON as a text inside of JSON, which doubles it at most.
      item := to_jsonb(row_);
      bytes := bytes + octet_length(item::text);
      cut := bytes > 500000;
      exit when cut;
      answer := answer || item;
    end loop;
    set constraints all immediate;   -- deferred refusals happen here, where they are caught
    -- Only a transaction that wrote has an id: a load before the write leaves the key free for the write.
    wrote := pg_current_xact_id_if_assigned() is not null;
    if keyed and wrote then perform app.keep_answer(context, answer); end if;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, constraint_ = constraint_name, table_ = table_name,
      column_ = column_name, message_ = message_text, detail_ = pg_exception_detail;
    return next jsonb_build_object('refused', jsonb_build_object('sqlstate', state, 'constraint', nullif(constraint_, ''),
      'table', nullif(table_, ''), 'column', nullif(column_, ''), 'message', message_, 'detail', nullif(detail_, '')));
    return;
  end;
  return next jsonb_build_object('replayed', false, 'emitted', current_setting('app.emitted')::integer, 'cut', cut);
  return query select unnest(answer);
end $$;

CREATE FUNCTION app.seed_marketplaces(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare m jsonb;
begin
  for m in select jsonb_array_elements(configuration) loop
    insert into app.marketplaces as t (slug, name, country, currency, currency_digits, time_zone, booking_prefix, permissions)
    values (m ->> 'slug', m ->> 'name', m ->> 'country', m ->> 'currency', (m ->> 'currency_digits')::smallint,
            m ->> 'time_zone', m ->> 'booking_prefix', m -> 'permissions')
    on conflict on constraint marketplaces_pkey do update set name = excluded.name, country = excluded.country,
      time_zone = excluded.time_zone, booking_prefix = excluded.booking_prefix, permissions = excluded.permissions;
    insert into app.settings as t (marketplace, key, type, value, description, is_public)
    select m ->> 'slug', s.key, s.value ->> 'type', s.value -> 'value', s.value ->> 'description',
           (s.value ->> 'is_public')::boolean
    from jsonb_each(m -> 'settings') as s
    on conflict on constraint settings_pkey do update set description = excluded.description, is_public = excluded.is_public;
  end loop;
  return jsonb_array_length(configuration);
end $$;

CREATE FUNCTION app.set_context(context jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  select set_config('app.marketplace', coalesce(context ->> 'marketplace', ''), true),
         set_config('app.actor', coalesce(context ->> 'actor', ''), true),
         set_config('app.now', coalesce(context ->> 'now', ''), true),
         set_config('app.request', jsonb_build_object('id', context ->> 'request_id', 'ip', context ->> 'ip',
           'user_agent', context ->> 'user_agent')::text, true),
         set_config('app.emitted', '0', true)
$$;

CREATE FUNCTION app.set_timer(kind text, subject_id uuid, due_at timestamp with time zone) RETURNS uuid
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into app.timers as t (marketplace, kind, subject_id, due_at)
  values (app.marketplace(), set_timer.kind, set_timer.subject_id, set_timer.due_at)
  on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at
  returning t.id
$$;

CREATE FUNCTION app.setting(key text) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.value from app.settings s where s.marketplace = app.marketplace() and s.key = setting.key and s.is_active
$$;

CREATE FUNCTION app.settle_outbox(sent uuid[], failed jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare settled integer;
begin
  update app.outbox o set sent_at = app.now(), last_error = null where o.id = any (sent) and o.sent_at is null;
  get diagnostics settled = row_count;
  update app.outbox o set claimed_until = null, last_error = f.error
  from jsonb_to_recordset(failed) as f (id uuid, error text) where o.id = f.id and o.sent_at is null;
  return settled;
end $$;

CREATE FUNCTION app.slow_statements(mean_milliseconds double precision) RETURNS TABLE(query text, mean double precision, calls bigint, total double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select left(s.query, 200), s.mean_exec_time, s.calls, s.total_exec_time from pg_stat_statements s
    where s.mean_exec_time > mean_milliseconds order by s.mean_exec_time desc limit 20;
exception when undefined_table or object_not_in_prerequisite_state then
  return;
end $$;

CREATE FUNCTION app.sweep_timers(batch integer) RETURNS TABLE(kind text, done integer, failed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare due record; message_ text; kinds text[] := '{}'; successes boolean[] := '{}';
begin
  for due in
    select t.id, t.kind, t.subject_id, t.marketplace, t.attempts, h.handler
    from app.timers t join app.timer_handlers h on h.kind = t.kind
    where t.settled_at is null and t.due_at <= app.now()
    order by t.due_at limit batch for update of t skip locked
  loop
    perform set_config('app.marketplace', due.marketplace, true);
    begin
      execute format('select %s($1)', due.handler) using due.subject_id;
      update app.timers set settled_at = app.now(), outcome = 'done', attempts = due.attempts + 1 where id = due.id;
      successes := array_append(successes, true);
    exception when others then
      get stacked diagnostics message_ = message_text;
      update app.timers set attempts = due.attempts + 1, last_error = message_,
        due_at = app.now() + least(interval '1 minute' * 2 ^ due.attempts, interval '6 hours'),
        settled_at = case when due.attempts >= 9 then app.now() end,
        outcome = case when due.attempts >= 9 then 'failed' end
      where id = due.id;
      successes := array_append(successes, false);
    end;
    kinds := array_append(kinds, due.kind);
  end loop;
  return query
    select s.kind, count(*) filter (where s.success)::integer, count(*) filter (where not s.success)::integer
    from unnest(kinds, successes) as s (kind, success) group by 1;
end $_$;

CREATE FUNCTION app.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := app.now();
  return new;
end $$;

CREATE FUNCTION app.unused_indexes() RETURNS TABLE(name text, bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.indexrelid::regclass::text, pg_relation_size(s.indexrelid)
  from pg_stat_user_indexes s join pg_index i on i.indexrelid = s.indexrelid
  where s.idx_scan = 0 and not i.indisunique and not i.indisexclusion and s.schemaname <> 'public'
  order by 2 desc, 1 limit 20
$$;

CREATE FUNCTION app.uuid_v7() RETURNS uuid
    LANGUAGE sql
    AS $$
  select encode(
    int8send((ms << 16) | 28672 | (made & 4095)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
  from (
    select floor(extract(epoch from app.now() + (clock_timestamp() - now())) * 1000)::bigint as ms,
           set_config('app.ids', (coalesce(nullif(current_setting('app.ids', true), ''), '0')::bigint + 1)::text, true)::bigint
             as made) as moment
$$;

CREATE FUNCTION app.uuid_v7_floor(moment timestamp with time zone) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION app.uuid_v7_time(id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;

CREATE FUNCTION booking.sum_of(line_items jsonb, payer text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select coalesce(sum((item ->> 'amount')::bigint), 0)::bigint
  from jsonb_array_elements(line_items) as item
  where item ->> 'payer' = sum_of.payer
$$;

CREATE TABLE booking.bookings (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    number text NOT NULL,
    module text NOT NULL,
    flow_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    resource_name text NOT NULL,
    customer_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    unit integer NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    time_zone text NOT NULL,
    status text NOT NULL,
    expires_at timestamp with time zone,
    line_items jsonb NOT NULL,
    currency text NOT NULL,
    subtotal_amount bigint NOT NULL,
    fee_amount bigint NOT NULL,
    total_amount bigint NOT NULL,
    payment_status text DEFAULT 'pending'::text NOT NULL,
    customer_notes character varying(2000),
    cancelled_by text,
    cancellation_reason character varying(500),
    version integer DEFAULT 1 NOT NULL,
    confirmed_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT bookings_cancelled_by_check CHECK ((cancelled_by = ANY (ARRAY['customer'::text, 'provider'::text, 'staff'::text, 'system'::text]))),
    CONSTRAINT bookings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT bookings_fee_amount_check CHECK ((fee_amount >= 0)),
    CONSTRAINT bookings_line_items_check CHECK ((booking.sum_of(line_items, 'customer'::text) = total_amount)),
    CONSTRAINT bookings_parties_check CHECK ((customer_id <> provider_id)),
    CONSTRAINT bookings_payment_status_check CHECK ((payment_status = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'refunded'::text]))),
    CONSTRAINT bookings_subtotal_amount_check CHECK ((subtotal_amount >= 0)),
    CONSTRAINT bookings_time_check CHECK ((ends_at > starts_at)),
    CONSTRAINT bookings_total_amount_check CHECK ((total_amount = (subtotal_amount + fee_amount)))
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY booking.bookings FORCE ROW LEVEL SECURITY;

CREATE FUNCTION booking.accept(booking_id uuid) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare accepted text;
begin
  select f.instant into accepted from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = accept.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id);
  -- Also for nobody signed in, who would be taken for the system.
  if not found then perform app.refuse('not_found'); end if;
  return booking.transition(accept.booking_id, accepted);
end $$;

CREATE FUNCTION booking.cancel(booking_id uuid, reason text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare cancelled text; over boolean;
begin
  select f.cancelled, b.ends_at <= app.now() into cancelled, over
  from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = cancel.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id);
  -- Also for nobody signed in, who would be taken for the system.
  if not found then perform app.refuse('not_found'); end if;
  if over then perform app.refuse('booking_over'); end if;
  return booking.transition(cancel.booking_id, cancelled, cancel.reason);
end $$;

CREATE FUNCTION booking.event_of(subject booking.bookings) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('booking_id', subject.id, 'number', subject.number, 'module', subject.module,
    'customer_id', subject.customer_id, 'provider_id', subject.provider_id, 'resource_id', subject.resource_id,
    'resource_name', subject.resource_name, 'starts_at', subject.starts_at, 'ends_at', subject.ends_at,
    'time_zone', subject.time_zone, 'status', subject.status, 'total_amount', subject.total_amount,
    'currency', subject.currency, 'cancelled_by', subject.cancelled_by)
$$;

CREATE FUNCTION booking.expire_request(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare cancelled text;
begin
  -- Locked, so that an answer which arrives at this moment is waited for and then seen.
  select f.cancelled into cancelled from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = expire_request.booking_id and b.status = f.on_request and b.expires_at <= app.now() for update of b;
  if found then
    perform booking.transition(expire_request.booking_id, cancelled, 'request_expired', 'booking.expired');
  end if;
end $$;

CREATE FUNCTION booking.next_number() RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into booking.counters as c (marketplace, year, last)
  select m.slug, extract(year from app.now() at time zone m.time_zone)::integer, 1
  from app.marketplaces m where m.slug = app.marketplace()
  on conflict on constraint counters_pkey do update set last = c.last + 1
  returning (select m.booking_prefix from app.marketplaces m where m.slug = c.marketplace)
    || '-' || c.year || '-' || lpad(c.last::text, greatest(6, length(c.last::text)), '0')
$$;

CREATE FUNCTION booking.place(details jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare draft booking.bookings := jsonb_populate_record(null::booking.bookings, details); flow booking.flows;
begin
  select f.* into strict flow from booking.flows f
  where f.marketplace = app.marketplace() and f.module = draft.module and f.is_current;
  draft.id := app.uuid_v7();
  draft.marketplace := app.marketplace();
  draft.customer_id := app.actor();
  draft.flow_id := flow.id;
  draft.status := case when (details ->> 'instant')::boolean then flow.instant else flow.on_request end;
  if draft.status is null then perform app.refuse('requests_not_supported'); end if;
  if draft.status is distinct from flow.instant then
    -- Nobody is left to accept what has begun.
    draft.expires_at := least(app.now() + make_interval(secs => (details ->> 'request_timeout')::integer), draft.starts_at);
  else
    draft.confirmed_at := app.now();
  end if;

  draft.unit := booking.reserve(draft.resource_id, (details ->> 'capacity')::integer,
    tstzrange(draft.starts_at, draft.ends_at), case when draft.expires_at is null then 'booking' else 'hold' end,
    draft.id, draft.expires_at);
  if draft.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if draft.expires_at is not null then
    perform app.set_timer('booking.expire_request', draft.id, draft.expires_at);
  end if;

  draft.version := 1;
  draft.payment_status := 'pending';
  draft.created_at := app.now();
  draft.updated_at := app.now();
  -- Taken as late as can be: a marketplace's counter is one row that every booking of it queues for until the other commits.
  draft.number := booking.next_number();
  insert into booking.bookings select draft.*;
  insert into booking.numbers (number, booking_id) values (draft.number, draft.id);
  insert into booking.timeline (booking_id, actor, party, to_status)
  values (draft.id, draft.customer_id, 'customer', draft.status);
  perform app.emit('booking.placed', booking.event_of(draft));
  if draft.confirmed_at is not null then perform app.emit('booking.confirmed', booking.event_of(draft)); end if;
  return draft;
end $$;

CREATE FUNCTION booking.reserve(resource_id uuid, capacity integer, during tstzrange, kind text, booking_id uuid DEFAULT NULL::uuid, expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare tried integer[] := '{}'; candidate integer;
begin
  -- Holds whose time is over are released by whoever wants theirs, in one order, so that two who do never wait in a circle.
  delete from booking.reservations r where r.id in (
    select h.id from booking.reservations h
    where h.resource_id = reserve.resource_id and h.during && reserve.during and h.expires_at <= app.now()
    order by h.id for update);
  loop
    -- Read anew each time: whoever was waited for has committed since.
    select min(u.unit) into candidate from generate_series(1, reserve.capacity) as u (unit)
    where u.unit <> all (tried) and not exists (
      select from booking.reservations r
      where r.resource_id = reserve.resource_id and r.unit = u.unit and r.during && reserve.during);
    if candidate is null then return null; end if;
    insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
    values (app.marketplace(), reserve.resource_id, candidate, reserve.booking_id, reserve.kind, reserve.during,
            reserve.expires_at)
    on conflict do nothing;
    if found then return candidate; end if;
    tried := tried || candidate;
  end loop;
end $$;

CREATE FUNCTION booking.seed_flows(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
    insert into booking.flows as f (marketplace, module, fingerprint, instant, on_request, live, cancelled, transitions)
    values (wanted.marketplace, wanted.module, wanted.fingerprint, wanted.flow ->> 'instant', wanted.flow ->> 'on_request',
            array(select jsonb_array_elements_text(wanted.flow -> 'live')), wanted.flow ->> 'cancelled',
            wanted.flow -> 'transitions')
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

CREATE FUNCTION booking.statuses_of(flow jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select flow ->> 'instant'
  union select flow ->> 'cancelled'
  union select flow ->> 'on_request' where flow ->> 'on_request' is not null
  union select jsonb_array_elements_text(flow -> 'live')
  union select t ->> 'from' from jsonb_array_elements(flow -> 'transitions') as t
  union select t ->> 'to' from jsonb_array_elements(flow -> 'transitions') as t
$$;

CREATE FUNCTION booking.transition(booking_id uuid, to_status text, reason text DEFAULT NULL::text, event text DEFAULT NULL::text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows; party text; previous text;
begin
  -- Before the booking is locked, in the order in which the sweep of timers takes the two. A refusal undoes it.
  perform app.cancel_timer('booking.expire_request', transition.booking_id);
  select t.* into b from booking.bookings t
  where t.id = transition.booking_id and t.marketplace = app.marketplace() for update;
  party := case when app.actor() is null then 'system' when app.actor() = b.customer_id then 'customer'
                when app.actor() = b.provider_id then 'provider' end;
  if b.id is null or party is null then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  -- Only the clock still moves a request that has run out: for everybody else it is cancelled already.
  if party <> 'system' and b.expires_at <= app.now() or not exists (
    select from jsonb_array_elements(flow.transitions) as t
    where t ->> 'from' = b.status and t ->> 'to' = transition.to_status and t -> 'by' ? party
  ) then
    perform app.refuse('transition_not_allowed', format('%s to %s by %s', b.status, transition.to_status, party));
  end if;

  previous := b.status;
  update booking.bookings t set status = transition.to_status, version = t.version + 1, expires_at = null,
    confirmed_at = case when transition.to_status = flow.instant then app.now() else t.confirmed_at end,
    completed_at = case when transition.to_status = 'completed' then app.now() else t.completed_at end,
    cancelled_at = case when transition.to_status = flow.cancelled then app.now() end,
    cancelled_by = case when transition.to_status = flow.cancelled then party end,
    cancellation_reason = case when transition.to_status = flow.cancelled then transition.reason end
  where t.id = b.id returning t.* into b;
  if b.status = any (flow.live) then
    update booking.reservations r set kind = 'booking', expires_at = null where r.booking_id = b.id and r.kind = 'hold';
    -- The time of a request may be gone although it has not run out here: whoever took it has a clock that is ahead, or
    -- this call has waited for the database.
    if not found and previous = flow.on_request then
      perform app.refuse('transition_not_allowed', 'the time of the request has gone to somebody else');
    end if;
  else
    delete from booking.reservations r where r.booking_id = b.id;
  end if;
  insert into booking.timeline (booking_id, actor, party, from_status, to_status, reason)
  values (b.id, app.actor(), party, previous, b.status, transition.reason);
  perform app.emit(coalesce(transition.event, 'booking.' || b.status), booking.event_of(b));
  return b;
end $$;

CREATE TABLE identity.users (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    full_name character varying(100) NOT NULL,
    email character varying(255),
    email_verified_at timestamp with time zone,
    phone character varying(16),
    phone_verified_at timestamp with time zone,
    password_hash character varying(255),
    roles text[] NOT NULL,
    account_status text DEFAULT 'active'::text NOT NULL,
    suspended_until timestamp with time zone,
    preferred_language character varying(10) DEFAULT 'en'::character varying NOT NULL,
    last_login_at timestamp with time zone,
    last_active_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT users_account_status_check CHECK ((account_status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'banned'::text, 'deleted'::text]))),
    CONSTRAINT users_contact_check CHECK (((email IS NOT NULL) OR (phone IS NOT NULL) OR (account_status = 'deleted'::text))),
    CONSTRAINT users_deleted_at_check CHECK (((deleted_at IS NOT NULL) = (account_status = 'deleted'::text))),
    CONSTRAINT users_email_check CHECK ((((email)::text = lower((email)::text)) AND ((email)::text ~ '^[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+$'::text))),
    CONSTRAINT users_full_name_check CHECK (((full_name)::text <> ''::text)),
    CONSTRAINT users_password_hash_check CHECK (((password_hash)::text ~~ '$argon2id$%'::text)),
    CONSTRAINT users_phone_check CHECK (((phone)::text ~ '^\+[1-9][0-9]{1,14}$'::text)),
    CONSTRAINT users_preferred_language_check CHECK (((preferred_language)::text ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
    CONSTRAINT users_roles_check CHECK ((((cardinality(roles) >= 1) AND (cardinality(roles) <= 10)) AND (array_position(roles, NULL::text) IS NULL))),
    CONSTRAINT users_suspended_until_check CHECK (((suspended_until IS NULL) OR (account_status = 'suspended'::text)))
);

ALTER TABLE ONLY identity.users FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.account(person identity.users) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('id', person.id, 'full_name', person.full_name, 'email', person.email,
    'email_verified_at', person.email_verified_at, 'phone', person.phone, 'phone_verified_at', person.phone_verified_at,
    'roles', person.roles, 'account_status', person.account_status, 'preferred_language', person.preferred_language,
    'created_at', person.created_at)
$$;

CREATE FUNCTION identity.admit(person_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update identity.users u set account_status = 'active', suspended_until = null
  where u.id = person_id and u.account_status = 'suspended' and u.suspended_until <= app.now();
  return exists (select from identity.users u where u.id = person_id and u.account_status = 'active');
end $$;

CREATE FUNCTION identity.begin_login(email text, phone text, identifier_hash text) RETURNS TABLE(retry_after integer, user_id uuid, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := identity.draw_attempt(begin_login.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at is null
      and (u.email = begin_login.email or u.phone = begin_login.phone);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.cleanup_expired_tokens(batch integer) RETURNS TABLE(target text, removed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  target := 'refresh_tokens';
  delete from identity.refresh_tokens where id = any (array(
    select id from identity.refresh_tokens where expires_at < app.now() - interval '1 day' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'otps';
  delete from identity.otps where id = any (array(
    select id from identity.otps where expires_at < app.now() - interval '1 day' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'sessions';
  delete from identity.sessions where id = any (array(
    select id from identity.sessions where least(revoked_at, expires_at) < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
end $$;

CREATE FUNCTION identity.draw_attempt(identifier_hash text) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  -- The network first: one that is shut out must not use up the attempts of the accounts it tries.
  select coalesce(app.draw('login-from:' || app.caller_network(), 50, interval '15 minutes'),
                  app.draw('login:' || identifier_hash, 10, interval '15 minutes'))
$$;

CREATE FUNCTION identity.end_session(session_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from identity.sessions s
    where s.id = end_session.session_id and s.user_id = app.actor() and s.revoked_at is null) then return false; end if;
  perform identity.revoke_session(end_session.session_id, 'signed_out');
  perform app.audit('auth.signed_out', 'auth', 'sessions', end_session.session_id::text);
  return true;
end $$;

CREATE FUNCTION identity.open_session(person_id uuid, token_hash text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  ends_at timestamptz := app.now() + interval '30 days';
  opened uuid;
begin
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at)
  values (app.marketplace(), person_id, (request ->> 'ip')::inet, request ->> 'user_agent', ends_at)
  returning id into opened;
  insert into identity.refresh_tokens (session_id, user_id, token_hash, expires_at)
  values (opened, person_id, open_session.token_hash, ends_at);
  update identity.users set last_login_at = app.now(), last_active_at = app.now() where id = person_id;
  return opened;
end $$;

CREATE FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone text, channel text, purpose text) RETURNS TABLE(retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person_id uuid;
begin
  retry_after := coalesce(
    app.draw('code-from:' || app.caller_network(), 20, interval '1 hour'),
    app.draw('code-soon:' || request_code.destination_hash, 1, interval '30 seconds'),
    app.draw('code:' || request_code.destination_hash, 5, interval '1 hour'));
  if retry_after is null then
    select u.id into person_id from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at is null
      and (u.email = request_code.email or u.phone = request_code.phone);
    insert into identity.otps as o (id, marketplace, destination_hash, purpose, channel, user_id, code_hash, expires_at)
    values (otp_id, app.marketplace(), request_code.destination_hash, request_code.purpose, request_code.channel, person_id,
      request_code.code_hash, app.now() + interval '10 minutes')
    on conflict on constraint otps_destination_key do update set id = excluded.id, channel = excluded.channel,
      user_id = excluded.user_id, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
      created_at = excluded.created_at, attempts = 0, consumed_at = null;
    perform app.emit('identity.code_requested',
      jsonb_build_object('otp_id', otp_id, 'channel', request_code.channel, 'purpose', request_code.purpose));
    perform app.audit('auth.code_requested', 'auth', 'otps', otp_id::text, user_id => person_id);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.revoke_session(session_id uuid, reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.refresh_tokens t set is_revoked = true where t.session_id = revoke_session.session_id and not t.is_revoked;
  update identity.sessions s set revoked_at = app.now(), revoked_reason = reason
  where s.id = revoke_session.session_id and s.revoked_at is null
$$;

CREATE FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) RETURNS TABLE(outcome text, user_id uuid, session_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare token identity.refresh_tokens; family identity.sessions; ends_at timestamptz := app.now() + interval '30 days'; next_id uuid;
begin
  outcome := 'invalid_refresh_token';
  select t.* into token from identity.refresh_tokens t where t.token_hash = rotate_refresh_token.token_hash for update;
  select s.* into family from identity.sessions s
  where s.id = token.session_id and s.marketplace = app.marketplace() and s.revoked_at is null and s.expires_at > app.now();
  if family.id is null then
    return next;
    return;
  end if;
  if token.used_at is not null then
    outcome := 'refresh_token_reused';
    perform identity.revoke_session(family.id, 'refresh_token_reused');
    perform app.audit('auth.refresh_token_reused', 'auth', 'sessions', family.id::text, user_id => family.user_id);
    perform app.emit('identity.refresh_token_reused',
      jsonb_build_object('user_id', family.user_id, 'session_id', family.id));
  elsif token.is_revoked or token.expires_at <= app.now() then
    outcome := 'invalid_refresh_token';
  elsif not identity.admit(family.user_id) then
    outcome := 'account_suspended';
  else
    insert into identity.refresh_tokens as t (session_id, user_id, token_hash, expires_at)
    values (family.id, family.user_id, next_token_hash, ends_at) returning t.id into next_id;
    update identity.refresh_tokens t set used_at = app.now(), is_revoked = true, replaced_by = next_id where t.id = token.id;
    update identity.sessions s set last_used_at = app.now(), expires_at = ends_at where s.id = family.id;
    update identity.users u set last_active_at = app.now() where u.id = family.user_id;
    outcome := 'rotated';
    user_id := family.user_id;
    session_id := family.id;
  end if;
  return next;
end $$;

CREATE FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) RETURNS TABLE(outcome text, session_id uuid, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  outcome := 'invalid_credentials';
  if settle_login.token_hash is null then
    perform app.audit('auth.login_failed', 'auth', 'users', person_id::text, user_id => person_id,
      metadata => jsonb_build_object('identifier_hash', settle_login.identifier_hash));
    if app.is_empty('login:' || settle_login.identifier_hash, 10, interval '15 minutes') then
      perform app.audit('auth.locked_out', 'auth', 'users', person_id::text, user_id => person_id,
        metadata => jsonb_build_object('identifier_hash', settle_login.identifier_hash));
    end if;
    return next;
    return;
  end if;
  -- In the order in which they are drawn: two requests that lock buckets the other way round would wait for each other.
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_login.identifier_hash);
  if identity.admit(person_id) then
    outcome := 'signed_in';
    session_id := identity.open_session(person_id, settle_login.token_hash);
    select identity.account(u) into account from identity.users u where u.id = person_id;
    perform app.audit('auth.signed_in', 'auth', 'sessions', session_id::text, user_id => person_id,
      metadata => '{"method": "password"}');
  else
    outcome := 'account_suspended';
    perform app.audit('auth.login_refused', 'auth', 'users', person_id::text, user_id => person_id);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.sign_up(full_name text, email text, phone text, password_hash text, roles jsonb, token_hash text) RETURNS TABLE(session_id uuid, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users;
begin
  insert into identity.users (marketplace, full_name, email, phone, password_hash, roles)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone, sign_up.password_hash,
    array(select jsonb_array_elements_text(sign_up.roles)))
  returning * into person;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', person.roles));
  return query select identity.open_session(person.id, sign_up.token_hash), identity.account(person);
end $$;

CREATE FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone text, purpose text, token_hash text) RETURNS TABLE(outcome text, attempts_left integer, session_id uuid, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare code identity.otps; person identity.users;
begin
  select * into code from identity.otps o
  where o.marketplace = app.marketplace() and o.destination_hash = verify_code.destination_hash
    and o.purpose = verify_code.purpose
  for update;
  if not found or code.consumed_at is not null or code.expires_at <= app.now() or code.attempts >= 5 then
    outcome := 'code_expired';
    return next;
    return;
  end if;
  -- The contact may have gone to somebody else since.
  select * into person from identity.users u
  where u.id = code.user_id and u.deleted_at is null and (u.email = verify_code.email or u.phone = verify_code.phone);
  if person.id is null or code.code_hash <> verify_code.code_hash then
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text, user_id => code.user_id);
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
    return next;
    return;
  end if;
  update identity.otps o set consumed_at = app.now() where o.id = code.id;
  update identity.users u set
    email_verified_at = case when verify_code.email is null then u.email_verified_at else coalesce(u.email_verified_at, app.now()) end,
    phone_verified_at = case when verify_code.phone is null then u.phone_verified_at else coalesce(u.phone_verified_at, app.now()) end
  where u.id = person.id;
  if identity.admit(person.id) then
    outcome := 'signed_in';
    session_id := identity.open_session(person.id, verify_code.token_hash);
    select identity.account(u) into account from identity.users u where u.id = person.id;
    perform app.audit('auth.signed_in', 'auth', 'sessions', session_id::text, user_id => person.id,
      metadata => '{"method": "code"}');
  else
    outcome := 'account_suspended';
    perform app.audit('auth.login_refused', 'auth', 'users', person.id::text, user_id => person.id);
  end if;
  return next;
end $$;

CREATE FUNCTION notify.claim(message_id uuid) RETURNS TABLE(busy boolean, id uuid, template text, variables jsonb, language text, code_id uuid, destinations jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare message notify.messages; person identity.users; code identity.otps; reason text;
begin
  select * into message from notify.messages m
  where m.id = claim.message_id and m.marketplace = app.marketplace() and m.status in ('queued', 'sending')
  for update;
  if message.id is null then return; end if;
  if message.status = 'sending' and message.claimed_until > app.now() then
    return query select true, message.id, message.template, message.variables, null, message.otp_id, '[]'::jsonb;
    return;
  end if;
  select * into person from identity.users u where u.id = message.user_id and u.deleted_at is null;
  destinations := case message.channel
    when 'email' then jsonb_build_array(person.email)
    when 'push' then coalesce((
      select jsonb_agg(d.endpoint_arn order by d.id) from notify.devices d
      where d.user_id = person.id and d.disabled_at is null), '[]')
    else jsonb_build_array(person.phone)
  end;
  if message.otp_id is not null then
    select * into code from identity.otps o where o.id = message.otp_id;
    reason := case
      when code.id is null then 'code_replaced'
      when code.consumed_at is not null then 'code_used'
      when code.expires_at <= app.now() then 'code_expired'
    end;
  end if;
  reason := case
    when reason is not null then reason
    when person.id is null then 'no_account'
    when destinations = '[]' then 'no_device'
    when destinations = '[null]' then 'no_destination'
  end;
  if reason is not null then
    update notify.messages m set status = 'suppressed', last_error = reason where m.id = message.id;
    return;
  end if;
  update notify.messages m set status = 'sending', attempts = m.attempts + 1, claimed_until = app.now() + interval '2 minutes'
  where m.id = message.id;
  return query select false, message.id, message.template, message.variables, person.preferred_language::text,
    message.otp_id, destinations;
end $$;

CREATE FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) RETURNS TABLE(busy boolean, id uuid, template text, variables jsonb, language text, code_id uuid, destinations jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare made uuid := notify.message_id(claim_code.event_id, claim_code.otp_id, claim_code.channel);
begin
  insert into notify.messages as m (id, marketplace, event_id, user_id, otp_id, channel, template)
  select made, app.marketplace(), claim_code.event_id, o.user_id, asked.id, claim_code.channel, 'sign_in_code'
  from (select claim_code.otp_id as id) as asked left join identity.otps o on o.id = asked.id
  on conflict do nothing;
  return query select * from notify.claim(made);
end $$;

CREATE FUNCTION notify.disable_device(endpoint_arn text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update notify.devices d set disabled_at = app.now()
  where d.endpoint_arn = disable_device.endpoint_arn and d.disabled_at is null
  returning true
$$;

CREATE FUNCTION notify.enqueue(event_id uuid, messages jsonb) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with wanted as (
    select notify.message_id(enqueue.event_id, u.id, c.channel) as id, u.id as user_id, c.channel, m.template, m.variables
    from jsonb_to_recordset(messages) as m (user_id uuid, template text, channels text[], variables jsonb)
    join identity.users u on u.id = m.user_id and u.marketplace = app.marketplace() and u.deleted_at is null
    cross join lateral (
      select w.channel from unnest(m.channels) with ordinality as w (channel, rank)
      where case w.channel when 'email' then u.email is not null
                           when 'push' then exists (select from notify.devices d where d.user_id = u.id and d.disabled_at is null)
                           else u.phone is not null end
      order by w.rank limit 1) as c
  ), written as (
    insert into notify.messages as t (id, marketplace, event_id, user_id, channel, template, variables)
    select w.id, app.marketplace(), enqueue.event_id, w.user_id, w.channel, w.template, w.variables from wanted w
    on conflict do nothing
    returning t.id, t.channel, t.template
  )
  select count(app.emit('notify.message_queued',
    jsonb_build_object('message_id', w.id, 'channel', w.channel, 'template', w.template)))::integer
  from written w
$$;

CREATE FUNCTION notify.message_id(event_id uuid, recipient uuid, channel text) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select encode(substring(uuid_send(event_id) from 1 for 6) || set_byte(set_byte(hash, 0, get_byte(hash, 0) & 15 | 112),
    2, get_byte(hash, 2) & 63 | 128), 'hex')::uuid
  from (select substring(sha256(convert_to(concat_ws('/', event_id, recipient, channel), 'UTF8')) from 1 for 10) as hash) as h
$$;

CREATE FUNCTION notify.settle(message_id uuid, status text, provider_message_id text, error text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update notify.messages m set status = settle.status, provider_message_id = settle.provider_message_id,
    last_error = settle.error, claimed_until = null, sent_at = case when settle.status = 'sent' then app.now() end
  where m.id = settle.message_id and m.status = 'sending'
  returning true
$$;

CREATE FUNCTION parking.book(space_id uuid, version integer, terms jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  -- Not locked: a change that commits after this reads as one that came after the booking.
  select s.* into space from parking.spaces s
  where s.id = book.space_id and s.marketplace = app.marketplace() and s.listing_status = 'active';
  if not found then perform app.refuse('not_found'); end if;
  if space.version <> book.version then perform app.refuse('listing_changed'); end if;
  return booking.place(terms || jsonb_build_object(
    'module', 'parking', 'resource_id', space.id, 'resource_name', space.title, 'provider_id', space.owner_id,
    'capacity', space.capacity, 'instant', space.instant_booking_enabled, 'time_zone', space.time_zone,
    'currency', space.currency));
end $$;

CREATE TABLE parking.spaces (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    owner_id uuid NOT NULL,
    external_ref character varying(100),
    title character varying(200) NOT NULL,
    description character varying(4000),
    address character varying(300) NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(100),
    zip_code character varying(20),
    location public.geography(Point,4326) NOT NULL,
    surface text,
    is_covered boolean DEFAULT false NOT NULL,
    capacity integer DEFAULT 1 NOT NULL,
    max_vehicle_length_cm integer,
    max_vehicle_width_cm integer,
    max_vehicle_height_cm integer,
    hourly_rate bigint NOT NULL,
    currency text NOT NULL,
    minimum_booking_hours integer DEFAULT 1 NOT NULL,
    maximum_booking_hours integer DEFAULT 168 NOT NULL,
    advance_booking_hours integer DEFAULT 1 NOT NULL,
    instant_booking_enabled boolean DEFAULT true NOT NULL,
    has_ev_charging boolean DEFAULT false NOT NULL,
    charging_connector_type text,
    has_security_camera boolean DEFAULT false NOT NULL,
    has_lighting boolean DEFAULT false NOT NULL,
    listing_status text DEFAULT 'active'::text NOT NULL,
    time_zone text NOT NULL,
    rating numeric(3,2),
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT spaces_advance_booking_hours_check CHECK (((advance_booking_hours >= 0) AND (advance_booking_hours <= 8760))),
    CONSTRAINT spaces_booking_hours_check CHECK (((minimum_booking_hours >= 1) AND ((maximum_booking_hours >= minimum_booking_hours) AND (maximum_booking_hours <= 8760)))),
    CONSTRAINT spaces_capacity_check CHECK (((capacity >= 1) AND (capacity <= 500))),
    CONSTRAINT spaces_charging_check CHECK ((has_ev_charging OR (charging_connector_type IS NULL))),
    CONSTRAINT spaces_charging_connector_type_check CHECK ((charging_connector_type = ANY (ARRAY['tesla'::text, 'j1772'::text, 'ccs'::text, 'chademo'::text, 'type2'::text]))),
    CONSTRAINT spaces_covered_height_check CHECK (((NOT is_covered) OR (max_vehicle_height_cm IS NOT NULL))),
    CONSTRAINT spaces_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT spaces_hourly_rate_check CHECK (((hourly_rate >= 0) AND (hourly_rate <= 99999999))),
    CONSTRAINT spaces_listing_status_check CHECK ((listing_status = ANY (ARRAY['active'::text, 'inactive'::text, 'suspended'::text]))),
    CONSTRAINT spaces_max_vehicle_height_cm_check CHECK ((max_vehicle_height_cm > 0)),
    CONSTRAINT spaces_max_vehicle_length_cm_check CHECK ((max_vehicle_length_cm > 0)),
    CONSTRAINT spaces_max_vehicle_width_cm_check CHECK ((max_vehicle_width_cm > 0)),
    CONSTRAINT spaces_rating_check CHECK (((rating >= (1)::numeric) AND (rating <= (5)::numeric))),
    CONSTRAINT spaces_surface_check CHECK ((surface = ANY (ARRAY['concrete'::text, 'asphalt'::text, 'gravel'::text, 'paved'::text])))
);

ALTER TABLE ONLY parking.spaces FORCE ROW LEVEL SECURITY;

CREATE VIEW parking.public_spaces AS
 SELECT id,
    title,
    description,
    address,
    city,
    state,
    zip_code,
    app.place(location) AS location,
    location AS point,
    surface,
    is_covered,
    capacity,
    max_vehicle_length_cm,
    max_vehicle_width_cm,
    max_vehicle_height_cm,
    hourly_rate,
    currency,
    minimum_booking_hours,
    maximum_booking_hours,
    advance_booking_hours,
    instant_booking_enabled,
    has_ev_charging,
    charging_connector_type,
    has_security_camera,
    has_lighting,
    time_zone,
    rating,
    version,
    created_at,
    updated_at,
    COALESCE((owner_id = ( SELECT app.actor() AS actor)), false) AS is_mine
   FROM parking.spaces s
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (listing_status = 'active'::text));

CREATE FUNCTION parking.list_space(details jsonb) RETURNS SETOF parking.public_spaces
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  cities jsonb := coalesce(app.setting('supported_cities'), '[]');
  space parking.spaces := jsonb_populate_record(null::parking.spaces, details - 'location');
begin
  if cities <> '[]' and not exists (
    select from jsonb_array_elements_text(cities) as city where lower(city) = lower(space.city)
  ) then
    perform app.refuse('city_not_supported');
  end if;
  select m.slug, m.currency, m.time_zone into strict space.marketplace, space.currency, space.time_zone
  from app.marketplaces m where m.slug = app.marketplace();
  space.id := app.uuid_v7();
  space.owner_id := app.actor();
  space.location := app.point((details #>> '{location,latitude}')::float8, (details #>> '{location,longitude}')::float8);
  space.listing_status := 'active';
  space.version := 1;
  space.created_at := app.now();
  space.updated_at := app.now();
  insert into parking.spaces select space.*;
  insert into parking.space_secrets (space_id, marketplace, owner_id, access_instructions, special_instructions)
  values (space.id, space.marketplace, space.owner_id, details ->> 'access_instructions', details ->> 'special_instructions');
  return query select s.* from parking.public_spaces s where s.id = space.id;
end $$;

CREATE TABLE app.audit_logs (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid,
    action character varying(100) NOT NULL,
    category character varying(30) NOT NULL,
    table_name character varying(50),
    record_id text,
    old_values jsonb,
    new_values jsonb,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    ip_address inet,
    user_agent text,
    request_id text,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY app.audit_logs FORCE ROW LEVEL SECURITY;

CREATE TABLE app.data_keys (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    wrapped text NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY app.data_keys FORCE ROW LEVEL SECURITY;

CREATE VIEW app.db_stats AS
 SELECT schemaname,
    relname AS tablename,
    n_tup_ins AS inserts,
    n_tup_upd AS updates,
    n_tup_del AS deletes,
    n_live_tup AS live_tuples,
    n_dead_tup AS dead_tuples,
    last_vacuum,
    last_autovacuum,
    last_analyze,
    last_autoanalyze
   FROM pg_stat_user_tables
  ORDER BY n_live_tup DESC;

CREATE TABLE app.idempotency_keys (
    marketplace text NOT NULL,
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    result jsonb[] NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY app.idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE app.marketplaces (
    slug text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    currency_digits smallint NOT NULL,
    time_zone text NOT NULL,
    booking_prefix text NOT NULL,
    permissions jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT marketplaces_booking_prefix_check CHECK ((booking_prefix ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT marketplaces_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

ALTER TABLE ONLY app.marketplaces FORCE ROW LEVEL SECURITY;

CREATE TABLE app.outbox (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    claimed_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    sent_at timestamp with time zone
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY app.outbox FORCE ROW LEVEL SECURITY;

CREATE TABLE app.partition_policies (
    parent text NOT NULL,
    period text NOT NULL,
    ahead integer DEFAULT 3 NOT NULL,
    since timestamp with time zone NOT NULL,
    retain interval,
    keep_while text,
    CONSTRAINT partition_policies_ahead_check CHECK ((ahead >= 2)),
    CONSTRAINT partition_policies_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'year'::text])))
);

ALTER TABLE ONLY app.partition_policies FORCE ROW LEVEL SECURITY;

CREATE TABLE app.rate_limits (
    bucket text NOT NULL,
    full_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY app.rate_limits FORCE ROW LEVEL SECURITY;

CREATE TABLE app.settings (
    marketplace text NOT NULL,
    key character varying(100) NOT NULL,
    type text NOT NULL,
    value jsonb NOT NULL,
    description text NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT settings_type_check CHECK ((type = ANY (ARRAY['string'::text, 'number'::text, 'boolean'::text, 'json'::text]))),
    CONSTRAINT settings_value_check CHECK (((type = 'json'::text) OR (jsonb_typeof(value) = type)))
);

ALTER TABLE ONLY app.settings FORCE ROW LEVEL SECURITY;

CREATE TABLE app.timer_handlers (
    kind text NOT NULL,
    handler text NOT NULL
);

ALTER TABLE ONLY app.timer_handlers FORCE ROW LEVEL SECURITY;

CREATE TABLE app.timers (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    settled_at timestamp with time zone,
    outcome text,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    CONSTRAINT timers_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'cancelled'::text, 'failed'::text])))
);

ALTER TABLE ONLY app.timers FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.counters (
    marketplace text NOT NULL,
    year integer NOT NULL,
    last bigint NOT NULL
);

ALTER TABLE ONLY booking.counters FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.flow_statuses (
    flow_id uuid NOT NULL,
    status text NOT NULL
);

ALTER TABLE ONLY booking.flow_statuses FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.flows (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    module text NOT NULL,
    fingerprint text NOT NULL,
    is_current boolean DEFAULT true NOT NULL,
    instant text NOT NULL,
    on_request text,
    live text[] NOT NULL,
    cancelled text NOT NULL,
    transitions jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY booking.flows FORCE ROW LEVEL SECURITY;

CREATE VIEW booking.my_bookings WITH (security_invoker='true') AS
 SELECT b.id,
    b.number,
    b.module,
    b.resource_id,
    b.resource_name,
    b.customer_id,
    b.provider_id,
    b.unit,
    b.starts_at,
    b.ends_at,
    b.time_zone,
        CASE
            WHEN e.expired THEN f.cancelled
            ELSE b.status
        END AS status,
        CASE
            WHEN (NOT e.expired) THEN b.expires_at
            ELSE NULL::timestamp with time zone
        END AS expires_at,
    b.line_items,
    b.currency,
    b.subtotal_amount,
    b.fee_amount,
    b.total_amount,
    b.payment_status,
    b.customer_notes,
        CASE
            WHEN e.expired THEN 'system'::text
            ELSE b.cancelled_by
        END AS cancelled_by,
        CASE
            WHEN e.expired THEN 'request_expired'::character varying
            ELSE b.cancellation_reason
        END AS cancellation_reason,
    b.version,
    b.confirmed_at,
        CASE
            WHEN e.expired THEN b.expires_at
            ELSE b.cancelled_at
        END AS cancelled_at,
    b.completed_at,
    b.created_at,
    b.updated_at
   FROM ((booking.bookings b
     JOIN booking.flows f ON ((f.id = b.flow_id)))
     CROSS JOIN LATERAL ( SELECT COALESCE((b.expires_at <= ( SELECT app.now() AS now)), false) AS expired) e);

CREATE TABLE booking.numbers (
    number text NOT NULL,
    booking_id uuid NOT NULL
);

ALTER TABLE ONLY booking.numbers FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.reservations (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    resource_id uuid NOT NULL,
    unit integer NOT NULL,
    booking_id uuid,
    kind text NOT NULL,
    during tstzrange NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT reservations_during_check CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (NOT lower_inf(during)) AND (NOT upper_inf(during)))),
    CONSTRAINT reservations_expires_at_check CHECK (((kind = 'hold'::text) = (expires_at IS NOT NULL))),
    CONSTRAINT reservations_kind_check CHECK ((kind = ANY (ARRAY['hold'::text, 'booking'::text, 'block'::text]))),
    CONSTRAINT reservations_unit_check CHECK ((unit >= 1))
);

ALTER TABLE ONLY booking.reservations FORCE ROW LEVEL SECURITY;

CREATE VIEW booking.occupied AS
 SELECT resource_id,
    unit,
    during
   FROM booking.reservations r
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((expires_at IS NULL) OR (expires_at > ( SELECT app.now() AS now))));

CREATE TABLE booking.timeline (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    booking_id uuid NOT NULL,
    at timestamp with time zone DEFAULT app.now() NOT NULL,
    actor uuid,
    party text NOT NULL,
    from_status text,
    to_status text NOT NULL,
    reason character varying(500),
    CONSTRAINT timeline_party_check CHECK ((party = ANY (ARRAY['customer'::text, 'provider'::text, 'staff'::text, 'system'::text])))
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY booking.timeline FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.otps (
    id uuid NOT NULL,
    marketplace text NOT NULL,
    destination_hash text NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    user_id uuid,
    code_hash text NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    consumed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT otps_attempts_check CHECK (((attempts >= 0) AND (attempts <= 5))),
    CONSTRAINT otps_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'whatsapp'::text, 'email'::text]))),
    CONSTRAINT otps_purpose_check CHECK ((purpose = 'sign_in'::text))
);

ALTER TABLE ONLY identity.otps FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.refresh_tokens (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    is_revoked boolean DEFAULT false NOT NULL,
    used_at timestamp with time zone,
    replaced_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT refresh_tokens_used_at_check CHECK (((used_at IS NULL) OR is_revoked))
);

ALTER TABLE ONLY identity.refresh_tokens FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.sessions (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    ip inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT app.now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    CONSTRAINT sessions_revoked_at_check CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL))),
    CONSTRAINT sessions_revoked_reason_check CHECK ((revoked_reason = ANY (ARRAY['signed_out'::text, 'refresh_token_reused'::text])))
);

ALTER TABLE ONLY identity.sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE notify.devices (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    endpoint_arn text NOT NULL,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY notify.devices FORCE ROW LEVEL SECURITY;

CREATE TABLE notify.messages (
    id uuid NOT NULL,
    marketplace text NOT NULL,
    event_id uuid NOT NULL,
    user_id uuid,
    otp_id uuid,
    channel text NOT NULL,
    template text NOT NULL,
    variables jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    claimed_until timestamp with time zone,
    provider_message_id text,
    last_error text,
    sent_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT messages_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'whatsapp'::text, 'email'::text, 'push'::text]))),
    CONSTRAINT messages_sent_at_check CHECK (((sent_at IS NOT NULL) = (status = 'sent'::text))),
    CONSTRAINT messages_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'suppressed'::text]))),
    CONSTRAINT messages_variables_check CHECK ((jsonb_typeof(variables) = 'object'::text))
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY notify.messages FORCE ROW LEVEL SECURITY;

CREATE TABLE parking.space_secrets (
    space_id uuid NOT NULL,
    marketplace text NOT NULL,
    owner_id uuid NOT NULL,
    access_instructions character varying(2000),
    special_instructions character varying(2000),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY parking.space_secrets FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY app.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY app.data_keys
    ADD CONSTRAINT data_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY app.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (marketplace, caller, key);

ALTER TABLE ONLY app.marketplaces
    ADD CONSTRAINT marketplaces_booking_prefix_key UNIQUE (booking_prefix);

ALTER TABLE ONLY app.marketplaces
    ADD CONSTRAINT marketplaces_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY app.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY app.partition_policies
    ADD CONSTRAINT partition_policies_pkey PRIMARY KEY (parent);

ALTER TABLE ONLY app.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (bucket);

ALTER TABLE ONLY app.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (marketplace, key);

ALTER TABLE ONLY app.timer_handlers
    ADD CONSTRAINT timer_handlers_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY app.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (marketplace, year);

ALTER TABLE ONLY booking.flow_statuses
    ADD CONSTRAINT flow_statuses_pkey PRIMARY KEY (flow_id, status);

ALTER TABLE ONLY booking.flows
    ADD CONSTRAINT flows_fingerprint_key UNIQUE (marketplace, module, fingerprint);

ALTER TABLE ONLY booking.flows
    ADD CONSTRAINT flows_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.numbers
    ADD CONSTRAINT numbers_booking_id_key UNIQUE (booking_id);

ALTER TABLE ONLY booking.numbers
    ADD CONSTRAINT numbers_pkey PRIMARY KEY (number);

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservation_no_overlap EXCLUDE USING gist (resource_id WITH =, unit WITH =, during WITH &&);

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.timeline
    ADD CONSTRAINT timeline_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_destination_key UNIQUE (marketplace, destination_hash, purpose);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_endpoint_arn_key UNIQUE (endpoint_arn);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY notify.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY parking.space_secrets
    ADD CONSTRAINT space_secrets_pkey PRIMARY KEY (space_id);

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_external_ref_key UNIQUE (owner_id, external_ref);

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_pkey PRIMARY KEY (id);

CREATE INDEX audit_logs_action_idx ON ONLY app.audit_logs USING btree (action, marketplace, id);

CREATE INDEX audit_logs_created_at_idx ON ONLY app.audit_logs USING btree (created_at);

CREATE INDEX audit_logs_metadata_idx ON ONLY app.audit_logs USING gin (metadata jsonb_path_ops);

CREATE INDEX audit_logs_record_id_idx ON ONLY app.audit_logs USING btree (record_id, table_name);

CREATE INDEX audit_logs_table_name_idx ON ONLY app.audit_logs USING btree (table_name, id);

CREATE INDEX audit_logs_user_id_idx ON ONLY app.audit_logs USING btree (user_id, id);

CREATE INDEX idempotency_keys_created_at_idx ON app.idempotency_keys USING btree (created_at);

CREATE INDEX outbox_unsent_idx ON ONLY app.outbox USING btree (id) WHERE (sent_at IS NULL);

CREATE INDEX rate_limits_full_at_idx ON app.rate_limits USING btree (full_at);

CREATE INDEX settings_is_active_idx ON app.settings USING btree (marketplace, is_active);

CREATE INDEX timers_due_idx ON app.timers USING btree (due_at) WHERE (settled_at IS NULL);

CREATE UNIQUE INDEX timers_open_key ON app.timers USING btree (kind, subject_id) WHERE (settled_at IS NULL);

CREATE INDEX bookings_customer_id_idx ON ONLY booking.bookings USING btree (customer_id, id);

CREATE INDEX bookings_live_idx ON ONLY booking.bookings USING btree (status, starts_at, ends_at) WHERE (status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'active'::text, 'in_progress'::text]));

CREATE INDEX bookings_number_idx ON ONLY booking.bookings USING btree (number);

CREATE INDEX bookings_payment_status_idx ON ONLY booking.bookings USING btree (payment_status, id);

CREATE INDEX bookings_provider_id_idx ON ONLY booking.bookings USING btree (provider_id, id);

CREATE INDEX bookings_resource_id_idx ON ONLY booking.bookings USING btree (resource_id, starts_at);

CREATE INDEX bookings_status_idx ON ONLY booking.bookings USING btree (status);

CREATE INDEX bookings_time_idx ON ONLY booking.bookings USING btree (starts_at, ends_at);

CREATE UNIQUE INDEX flows_current_key ON booking.flows USING btree (marketplace, module) WHERE is_current;

CREATE INDEX reservations_booking_id_idx ON booking.reservations USING btree (booking_id);

CREATE INDEX reservations_expires_at_idx ON booking.reservations USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX timeline_booking_id_idx ON ONLY booking.timeline USING btree (booking_id, id);

CREATE INDEX otps_expires_at_idx ON identity.otps USING btree (expires_at);

CREATE INDEX otps_user_id_idx ON identity.otps USING btree (user_id);

CREATE INDEX refresh_tokens_expires_at_idx ON identity.refresh_tokens USING btree (expires_at);

CREATE INDEX refresh_tokens_is_revoked_idx ON identity.refresh_tokens USING btree (is_revoked);

CREATE INDEX refresh_tokens_session_id_idx ON identity.refresh_tokens USING btree (session_id);

CREATE INDEX refresh_tokens_user_id_idx ON identity.refresh_tokens USING btree (user_id);

CREATE INDEX sessions_ended_idx ON identity.sessions USING btree (LEAST(revoked_at, expires_at));

CREATE INDEX sessions_user_id_idx ON identity.sessions USING btree (user_id) WHERE (revoked_at IS NULL);

CREATE INDEX users_account_status_idx ON identity.users USING btree (account_status, roles);

CREATE INDEX users_active_idx ON identity.users USING btree (marketplace, created_at) WHERE (account_status = 'active'::text);

CREATE UNIQUE INDEX users_email_key ON identity.users USING btree (email, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_full_name_idx ON identity.users USING gin (to_tsvector('simple'::regconfig, (full_name)::text));

CREATE UNIQUE INDEX users_phone_key ON identity.users USING btree (phone, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_roles_idx ON identity.users USING gin (roles);

CREATE INDEX devices_user_id_idx ON notify.devices USING btree (user_id) WHERE (disabled_at IS NULL);

CREATE INDEX messages_event_id_idx ON ONLY notify.messages USING btree (event_id);

CREATE INDEX messages_provider_message_id_idx ON ONLY notify.messages USING btree (provider_message_id);

CREATE INDEX messages_unsent_idx ON ONLY notify.messages USING btree (id) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

CREATE INDEX messages_user_id_idx ON ONLY notify.messages USING btree (user_id, id);

CREATE INDEX space_secrets_owner_id_idx ON parking.space_secrets USING btree (owner_id);

CREATE INDEX spaces_listing_status_idx ON parking.spaces USING btree (marketplace, listing_status);

CREATE INDEX spaces_location_idx ON parking.spaces USING gist (location) WHERE (listing_status = 'active'::text);

CREATE INDEX spaces_owner_id_idx ON parking.spaces USING btree (owner_id, id);

CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE ON app.audit_logs FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER marketplaces_touch BEFORE UPDATE ON app.marketplaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER settings_touch BEFORE UPDATE ON app.settings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER bookings_touch BEFORE UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER timeline_append_only BEFORE DELETE OR UPDATE ON booking.timeline FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER users_touch BEFORE UPDATE ON identity.users FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER devices_touch BEFORE UPDATE ON notify.devices FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER messages_touch BEFORE UPDATE ON notify.messages FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER space_secrets_touch BEFORE UPDATE ON parking.space_secrets FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER spaces_touch BEFORE UPDATE ON parking.spaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

ALTER TABLE ONLY app.settings
    ADD CONSTRAINT settings_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES identity.users(id);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_flow_id_fkey FOREIGN KEY (flow_id) REFERENCES booking.flows(id);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES identity.users(id);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_status_fkey FOREIGN KEY (flow_id, status) REFERENCES booking.flow_statuses(flow_id, status);

ALTER TABLE ONLY booking.counters
    ADD CONSTRAINT counters_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.flow_statuses
    ADD CONSTRAINT flow_statuses_flow_id_fkey FOREIGN KEY (flow_id) REFERENCES booking.flows(id);

ALTER TABLE ONLY booking.flows
    ADD CONSTRAINT flows_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.numbers
    ADD CONSTRAINT numbers_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE booking.timeline
    ADD CONSTRAINT timeline_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES identity.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE notify.messages
    ADD CONSTRAINT messages_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE notify.messages
    ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY parking.space_secrets
    ADD CONSTRAINT space_secrets_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.space_secrets
    ADD CONSTRAINT space_secrets_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

ALTER TABLE ONLY parking.space_secrets
    ADD CONSTRAINT space_secrets_space_id_fkey FOREIGN KEY (space_id) REFERENCES parking.spaces(id);

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

CREATE POLICY api_select ON app.marketplaces FOR SELECT TO vicinity_api USING ((slug = ( SELECT app.marketplace() AS marketplace)));

CREATE POLICY api_select ON app.settings FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND is_public AND is_active));

ALTER TABLE app.audit_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.data_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.marketplaces ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON app.audit_logs TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.data_keys TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.idempotency_keys TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.marketplaces TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.outbox TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.partition_policies TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.rate_limits TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.settings TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.timer_handlers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.timers TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE app.partition_policies ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.rate_limits ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.timer_handlers ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.timers ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON app.audit_logs TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.data_keys TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.idempotency_keys TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.marketplaces TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.outbox TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.partition_policies TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.rate_limits TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.settings TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.timer_handlers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON app.timers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY api_select ON booking.bookings FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((customer_id = ( SELECT app.actor() AS actor)) OR (provider_id = ( SELECT app.actor() AS actor)))));

CREATE POLICY api_select ON booking.flows FOR SELECT TO vicinity_api USING ((marketplace = ( SELECT app.marketplace() AS marketplace)));

CREATE POLICY api_select ON booking.timeline FOR SELECT TO vicinity_api USING ((EXISTS ( SELECT
   FROM booking.bookings b
  WHERE ((b.id = timeline.booking_id) AND ((b.customer_id = ( SELECT app.actor() AS actor)) OR (b.provider_id = ( SELECT app.actor() AS actor)))))));

ALTER TABLE booking.bookings ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.counters ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.flow_statuses ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.flows ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.numbers ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON booking.bookings TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.counters TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.flow_statuses TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.flows TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.numbers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.reservations TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.timeline TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE booking.reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.timeline ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON booking.bookings TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.counters TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.flow_statuses TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.flows TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.numbers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.reservations TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.timeline TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY api_select ON identity.users FOR SELECT TO vicinity_api USING (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_update ON identity.users FOR UPDATE TO vicinity_api USING (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace)))) WITH CHECK (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE identity.otps ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON identity.otps TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.refresh_tokens TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.sessions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.users TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE identity.refresh_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON identity.otps TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.refresh_tokens TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.sessions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.users TO vicinity_worker USING (true) WITH CHECK (true);

ALTER TABLE notify.devices ENABLE ROW LEVEL SECURITY;

ALTER TABLE notify.messages ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON notify.devices TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON notify.messages TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON notify.devices TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON notify.messages TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY api_select ON parking.space_secrets FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((owner_id = ( SELECT app.actor() AS actor)) OR (EXISTS ( SELECT
   FROM (booking.bookings b
     JOIN booking.flows f ON ((f.id = b.flow_id)))
  WHERE ((b.resource_id = space_secrets.space_id) AND (b.customer_id = ( SELECT app.actor() AS actor)) AND (b.ends_at > ( SELECT app.now() AS now)) AND (b.status = ANY (f.live)) AND (b.status IS DISTINCT FROM f.on_request)))))));

CREATE POLICY owner_all ON parking.space_secrets TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.spaces TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE parking.space_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.spaces ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON parking.space_secrets TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.spaces TO vicinity_worker USING (true) WITH CHECK (true);

GRANT USAGE ON SCHEMA app TO vicinity_api;
GRANT USAGE ON SCHEMA app TO vicinity_worker;

GRANT USAGE ON SCHEMA booking TO vicinity_api;
GRANT USAGE ON SCHEMA booking TO vicinity_worker;

GRANT USAGE ON SCHEMA identity TO vicinity_api;
GRANT USAGE ON SCHEMA identity TO vicinity_worker;

GRANT USAGE ON SCHEMA notify TO vicinity_api;
GRANT USAGE ON SCHEMA notify TO vicinity_worker;

GRANT USAGE ON SCHEMA parking TO vicinity_api;
GRANT USAGE ON SCHEMA parking TO vicinity_worker;

REVOKE ALL ON FUNCTION app.actor() FROM PUBLIC;
GRANT ALL ON FUNCTION app.actor() TO vicinity_api;
GRANT ALL ON FUNCTION app.actor() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.caller_network() FROM PUBLIC;
GRANT ALL ON FUNCTION app.caller_network() TO vicinity_api;
GRANT ALL ON FUNCTION app.caller_network() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.check_caller(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.check_caller(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.check_caller(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.claim_outbox(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.claim_outbox(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.cleanup(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.cleanup(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.draw(bucket text, burst integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION app.draw(bucket text, burst integer, period interval) TO vicinity_api;
GRANT ALL ON FUNCTION app.draw(bucket text, burst integer, period interval) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.earlier_answer(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.earlier_answer(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.earlier_answer(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.emit(type text, payload jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.emit(type text, payload jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.emit(type text, payload jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_api;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_api;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.largest_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION app.largest_tables() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.marketplace() FROM PUBLIC;
GRANT ALL ON FUNCTION app.marketplace() TO vicinity_api;
GRANT ALL ON FUNCTION app.marketplace() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.now() FROM PUBLIC;
GRANT ALL ON FUNCTION app.now() TO vicinity_api;
GRANT ALL ON FUNCTION app.now() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.partition_suffix(period text, starts_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.partitions_ahead() FROM PUBLIC;
GRANT ALL ON FUNCTION app.partitions_ahead() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.place(location public.geography) FROM PUBLIC;
GRANT ALL ON FUNCTION app.place(location public.geography) TO vicinity_api;
GRANT ALL ON FUNCTION app.place(location public.geography) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.point(latitude double precision, longitude double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION app.point(latitude double precision, longitude double precision) TO vicinity_api;
GRANT ALL ON FUNCTION app.point(latitude double precision, longitude double precision) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.protect(target regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.put_back(bucket text, burst integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION app.put_back(bucket text, burst integer, period interval) TO vicinity_api;
GRANT ALL ON FUNCTION app.put_back(bucket text, burst integer, period interval) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.refill(bucket text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.refill(bucket text) TO vicinity_api;
GRANT ALL ON FUNCTION app.refill(bucket text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.refresh_statistics() FROM PUBLIC;
GRANT ALL ON FUNCTION app.refresh_statistics() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.refuse(code text, detail text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.refuse(code text, detail text) TO vicinity_api;
GRANT ALL ON FUNCTION app.refuse(code text, detail text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.refuse_change() FROM PUBLIC;
GRANT ALL ON FUNCTION app.refuse_change() TO vicinity_api;
GRANT ALL ON FUNCTION app.refuse_change() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.rotate_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION app.rotate_partitions() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.run(context jsonb, statement text, args text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.run(context jsonb, statement text, args text) TO vicinity_api;
GRANT ALL ON FUNCTION app.run(context jsonb, statement text, args text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.seed_marketplaces(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.set_context(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_context(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.set_context(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.set_timer(kind text, subject_id uuid, due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_timer(kind text, subject_id uuid, due_at timestamp with time zone) TO vicinity_api;
GRANT ALL ON FUNCTION app.set_timer(kind text, subject_id uuid, due_at timestamp with time zone) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.setting(key text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.setting(key text) TO vicinity_api;
GRANT ALL ON FUNCTION app.setting(key text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.settle_outbox(sent uuid[], failed jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.settle_outbox(sent uuid[], failed jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.slow_statements(mean_milliseconds double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION app.slow_statements(mean_milliseconds double precision) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.sweep_timers(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.sweep_timers(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.touch_updated_at() FROM PUBLIC;
GRANT ALL ON FUNCTION app.touch_updated_at() TO vicinity_api;
GRANT ALL ON FUNCTION app.touch_updated_at() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.unused_indexes() FROM PUBLIC;
GRANT ALL ON FUNCTION app.unused_indexes() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.uuid_v7() FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid_v7() TO vicinity_api;
GRANT ALL ON FUNCTION app.uuid_v7() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.uuid_v7_floor(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid_v7_floor(moment timestamp with time zone) TO vicinity_api;
GRANT ALL ON FUNCTION app.uuid_v7_floor(moment timestamp with time zone) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.uuid_v7_time(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid_v7_time(id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.uuid_v7_time(id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.sum_of(line_items jsonb, payer text) FROM PUBLIC;

GRANT SELECT ON TABLE booking.bookings TO vicinity_api;
GRANT SELECT ON TABLE booking.bookings TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.accept(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.accept(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.cancel(booking_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.cancel(booking_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.event_of(subject booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.expire_request(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.next_number() FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.place(details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.reserve(resource_id uuid, capacity integer, during tstzrange, kind text, booking_id uuid, expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.seed_flows(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.statuses_of(flow jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.transition(booking_id uuid, to_status text, reason text, event text) FROM PUBLIC;

GRANT SELECT(id) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(full_name),UPDATE(full_name) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(email) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(email_verified_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(phone) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(phone_verified_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(roles) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(account_status) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(preferred_language),UPDATE(preferred_language) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(last_login_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(created_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE identity.users TO vicinity_api;

REVOKE ALL ON FUNCTION identity.account(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.admit(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.begin_login(email text, phone text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_login(email text, phone text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.cleanup_expired_tokens(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.cleanup_expired_tokens(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.draw_attempt(identifier_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.end_session(session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_session(session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.open_session(person_id uuid, token_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone text, channel text, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone text, channel text, purpose text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.revoke_session(session_id uuid, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.sign_up(full_name text, email text, phone text, password_hash text, roles jsonb, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.sign_up(full_name text, email text, phone text, password_hash text, roles jsonb, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone text, purpose text, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone text, purpose text, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION notify.claim(message_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.claim(message_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.disable_device(endpoint_arn text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.disable_device(endpoint_arn text) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.enqueue(event_id uuid, messages jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.enqueue(event_id uuid, messages jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.message_id(event_id uuid, recipient uuid, channel text) FROM PUBLIC;

REVOKE ALL ON FUNCTION notify.settle(message_id uuid, status text, provider_message_id text, error text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.settle(message_id uuid, status text, provider_message_id text, error text) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) TO vicinity_api;

GRANT SELECT ON TABLE parking.public_spaces TO vicinity_api;

REVOKE ALL ON FUNCTION parking.list_space(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.list_space(details jsonb) TO vicinity_api;

GRANT SELECT ON TABLE app.db_stats TO vicinity_worker;

GRANT SELECT ON TABLE app.marketplaces TO vicinity_api;
GRANT SELECT ON TABLE app.marketplaces TO vicinity_worker;

GRANT SELECT ON TABLE app.settings TO vicinity_api;
GRANT SELECT ON TABLE app.settings TO vicinity_worker;

GRANT SELECT ON TABLE booking.flows TO vicinity_api;
GRANT SELECT ON TABLE booking.flows TO vicinity_worker;

GRANT SELECT ON TABLE booking.my_bookings TO vicinity_api;

GRANT SELECT ON TABLE booking.occupied TO vicinity_api;

GRANT SELECT ON TABLE booking.timeline TO vicinity_api;
GRANT SELECT ON TABLE booking.timeline TO vicinity_worker;

GRANT SELECT ON TABLE parking.space_secrets TO vicinity_api;

ALTER DEFAULT PRIVILEGES FOR ROLE vicinity_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
