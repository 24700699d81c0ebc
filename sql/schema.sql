CREATE SCHEMA admin;

CREATE SCHEMA app;

CREATE SCHEMA booking;

CREATE SCHEMA identity;

CREATE SCHEMA notify;

CREATE SCHEMA parking;

CREATE SCHEMA privacy;

CREATE SCHEMA verification;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

CREATE TYPE identity.onboarding AS (
	id uuid,
	role text,
	current_step text,
	started_at timestamp with time zone,
	last_active_at timestamp with time zone,
	completed_at timestamp with time zone,
	total_time_spent integer,
	is_paused boolean,
	paused_at timestamp with time zone,
	steps jsonb
);

CREATE TYPE identity.profile AS (
	id uuid,
	full_name text,
	first_name text,
	last_name text,
	email text,
	email_verified_at timestamp with time zone,
	phone_sealed text,
	phone_hash text,
	phone_verified_at timestamp with time zone,
	roles jsonb,
	account_status text,
	preferred_language text,
	date_of_birth date,
	gender text,
	profile_photo_id uuid,
	photo_name text,
	badges jsonb,
	onboarding_completed boolean,
	notification_preferences jsonb,
	contact_visibility text,
	last_active_at timestamp with time zone,
	created_at timestamp with time zone
);

CREATE FUNCTION app.now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
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

CREATE TABLE identity.users (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    full_name character varying(100) NOT NULL,
    email character varying(255),
    email_verified_at timestamp with time zone,
    phone_verified_at timestamp with time zone,
    password_hash character varying(255),
    account_status text DEFAULT 'active'::text NOT NULL,
    suspended_until timestamp with time zone,
    preferred_language character varying(10) DEFAULT 'en'::character varying NOT NULL,
    last_login_at timestamp with time zone,
    last_active_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    phone_sealed text,
    phone_hash text,
    status_reason character varying(500),
    password_changed_at timestamp with time zone,
    two_factor_secret text,
    two_factor_confirmed_at timestamp with time zone,
    two_factor_last_step bigint,
    first_name text GENERATED ALWAYS AS (split_part((full_name)::text, ' '::text, 1)) STORED NOT NULL,
    last_name text GENERATED ALWAYS AS (NULLIF(btrim("substring"((full_name)::text, ' .*$'::text)), ''::text)) STORED,
    date_of_birth date,
    gender text,
    profile_photo_id uuid,
    onboarding_completed boolean DEFAULT false NOT NULL,
    notification_preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    contact_visibility text DEFAULT 'visible'::text NOT NULL,
    purged_at timestamp with time zone,
    CONSTRAINT users_account_status_check CHECK ((account_status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'banned'::text, 'deleted'::text]))),
    CONSTRAINT users_contact_check CHECK (((email IS NOT NULL) OR (phone_hash IS NOT NULL) OR (account_status = 'deleted'::text))),
    CONSTRAINT users_contact_visibility_check CHECK ((contact_visibility = ANY (ARRAY['visible'::text, 'hidden'::text]))),
    CONSTRAINT users_date_of_birth_check CHECK ((date_of_birth >= '1900-01-01'::date)),
    CONSTRAINT users_deleted_at_check CHECK (((deleted_at IS NOT NULL) = (account_status = 'deleted'::text))),
    CONSTRAINT users_email_check CHECK ((((email)::text = lower((email)::text)) AND ((email)::text ~ '^[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+$'::text))),
    CONSTRAINT users_full_name_check CHECK (((full_name)::text <> ''::text)),
    CONSTRAINT users_gender_check CHECK ((gender = ANY (ARRAY['male'::text, 'female'::text, 'other'::text, 'prefer_not_to_say'::text]))),
    CONSTRAINT users_notification_preferences_check CHECK ((jsonb_typeof(notification_preferences) = 'object'::text)),
    CONSTRAINT users_password_hash_check CHECK (((password_hash)::text ~~ '$argon2id$%'::text)),
    CONSTRAINT users_phone_check CHECK (((phone_sealed IS NULL) = (phone_hash IS NULL))),
    CONSTRAINT users_preferred_language_check CHECK (((preferred_language)::text ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
    CONSTRAINT users_purged_at_check CHECK (((purged_at IS NULL) OR (account_status = 'deleted'::text))),
    CONSTRAINT users_status_reason_check CHECK (((status_reason IS NULL) OR (account_status = ANY (ARRAY['suspended'::text, 'banned'::text])))),
    CONSTRAINT users_suspended_until_check CHECK (((suspended_until IS NULL) OR (account_status = 'suspended'::text))),
    CONSTRAINT users_two_factor_check CHECK (((two_factor_confirmed_at IS NULL) OR (two_factor_secret IS NOT NULL)))
);

ALTER TABLE ONLY identity.users FORCE ROW LEVEL SECURITY;

CREATE FUNCTION admin.account(person identity.users) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', person.id, 'full_name', person.full_name, 'email', person.email,
    'email_verified_at', person.email_verified_at, 'phone_sealed', person.phone_sealed, 'phone_hash', person.phone_hash,
    'phone_verified_at', person.phone_verified_at, 'roles', identity.roles_of(person.id),
    'permissions', (select coalesce(jsonb_agg(p.permission order by p.permission), '[]') from identity.user_permissions p
      where p.user_id = person.id),
    'account_status', person.account_status, 'reason', person.status_reason, 'until', person.suspended_until,
    'has_second_factor', person.two_factor_confirmed_at is not null, 'preferred_language', person.preferred_language,
    'last_login_at', person.last_login_at, 'created_at', person.created_at)
$$;

CREATE FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) RETURNS TABLE(id uuid, account_status text, reason text, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users := admin.hold_account(change_status.user_id); changed identity.users;
begin
  if ends_at <= app.now() then perform app.refuse('until_is_past'); end if;
  update identity.users u set account_status = wanted_status, suspended_until = ends_at,
    status_reason = words
  where u.id = person.id and (u.account_status, u.suspended_until, u.status_reason)
    is distinct from (wanted_status, ends_at, words)
  returning u.* into changed;
  if changed.id is not null then
    perform app.audit('admin.account_status_changed', 'admin', 'users', person.id::text,
      old_values => identity.suspension_of(person), new_values => identity.suspension_of(changed));
    perform app.emit('identity.account_status_changed',
      jsonb_build_object('user_id', person.id, 'account_status', changed.account_status));
    if changed.account_status = 'banned' then
      perform identity.revoke_session(s.id, 'ended_by_staff') from identity.sessions s
      where s.user_id = person.id and s.revoked_at is null;
    end if;
  end if;
  return query select u.id, u.account_status, u.status_reason::text, u.suspended_until from identity.users u
    where u.id = person.id;
end $$;

CREATE FUNCTION admin.hold_account(user_id uuid) RETURNS identity.users
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users;
begin
  select * into person from identity.users u
  where u.id = hold_account.user_id and u.marketplace = app.marketplace() for update;
  if not found then perform app.refuse('not_found'); end if;
  if person.id = app.actor() then perform app.refuse('own_account'); end if;
  if person.deleted_at is not null then perform app.refuse('account_deleted'); end if;
  if identity.is_staff(person.id) and not identity.has_permission(app.actor(), 'roles.manage') then
    perform app.refuse('staff_account');
  end if;
  return person;
end $$;

CREATE FUNCTION admin.list_audit_logs(wanted jsonb, before uuid, max integer) RETURNS TABLE(id uuid, user_id uuid, action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, ip_address text, user_agent text, request_id text, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION admin.list_roles() RETURNS TABLE(role jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select admin.role(r) from identity.roles r where r.marketplace = app.marketplace() order by r.name
$$;

CREATE TABLE identity.roles (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    name character varying(40) NOT NULL,
    guard_name text DEFAULT 'api'::text NOT NULL,
    is_open boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT roles_guard_name_check CHECK ((guard_name = 'api'::text)),
    CONSTRAINT roles_name_check CHECK (((name)::text ~ '^[a-z][a-z0-9_]*$'::text))
);

ALTER TABLE ONLY identity.roles FORCE ROW LEVEL SECURITY;

CREATE FUNCTION admin.role(role identity.roles) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('name', role.name, 'is_open', role.is_open, 'permissions', (
    select coalesce(jsonb_agg(p.permission order by p.permission), '[]') from identity.role_permissions p
    where p.marketplace = role.marketplace and p.role = role.name and p.is_granted))
$$;

CREATE FUNCTION admin.search_accounts(wanted jsonb, before uuid, max integer) RETURNS TABLE(id uuid, full_name text, email text, roles text[], account_status text, last_login_at timestamp with time zone, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "pg_trgm.word_similarity_threshold" TO '0.45'
    AS $$
declare
  user_id uuid := wanted ->> 'user_id'; name text := wanted ->> 'name'; address text := wanted ->> 'email';
  number text := wanted ->> 'phone_hash'; role_ text := wanted ->> 'role'; status text := wanted ->> 'account_status';
  shown uuid[];
begin
  select array_agg(u.id order by u.id desc) into shown from (
    select u.id from identity.users u
    where u.marketplace = app.marketplace()
      and (user_id is null or u.id = user_id)
      -- 'simple' knows no stop words: people are called Will and May.
      and (name is null or to_tsvector('simple', u.full_name) @@ plainto_tsquery('simple', name) or name <% u.full_name)
      and (address is null or u.email = address)
      and (number is null or u.phone_hash = number)
      and (role_ is null or exists (select from identity.user_roles r where r.user_id = u.id and r.role = role_))
      and (status is null or u.account_status = status)
      and (before is null or u.id < before)
    order by u.id desc limit max) as u;
  perform app.audit('admin.accounts_searched', 'admin', 'users', null,
    metadata => jsonb_build_object('by', (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(wanted) as k),
      'user_ids', coalesce(to_jsonb(shown), '[]')));
  return query select u.id, u.full_name::text, u.email::text, identity.roles_of(u.id), u.account_status, u.last_login_at, u.created_at
    from identity.users u where u.id = any (shown) order by u.id desc;
end $$;

CREATE FUNCTION admin.set_role_permission(role_name text, permission text, granted boolean) RETURNS TABLE(role jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held identity.roles; known identity.permissions; was boolean;
begin
  select * into held from identity.roles r where r.marketplace = app.marketplace() and r.name = role_name for update;
  select * into known from identity.permissions p
  where p.marketplace = app.marketplace() and p.name = set_role_permission.permission;
  if held.id is null or known.id is null then perform app.refuse('not_found'); end if;
  if granted and held.is_open and known.is_staff then perform app.refuse('open_role'); end if;
  if not granted and held.name = 'super_admin' and known.name = 'roles.manage' then perform app.refuse('roles_unmanaged'); end if;
  was := exists (select from identity.role_permissions p
    where p.marketplace = held.marketplace and p.role = held.name and p.permission = known.name and p.is_granted);
  if was <> granted then
    insert into identity.role_permissions as t (marketplace, role, permission, is_granted, changed_by)
    values (held.marketplace, held.name, known.name, granted, app.actor())
    on conflict on constraint role_permissions_pkey
      do update set is_granted = excluded.is_granted, changed_by = excluded.changed_by;
    perform app.audit('admin.role_permission_changed', 'admin', 'role_permissions', held.name || '/' || known.name,
      old_values => jsonb_build_object('granted', was), new_values => jsonb_build_object('granted', granted));
  end if;
  return query select admin.role(held);
end $$;

CREATE FUNCTION admin.set_user_permission(user_id uuid, permission text, granted boolean) RETURNS TABLE(id uuid, permissions jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; was boolean;
begin
  select * into person from identity.users u
  where u.id = set_user_permission.user_id and u.marketplace = app.marketplace() and u.deleted_at is null for update;
  if not found or not exists (select from identity.permissions p
    where p.marketplace = app.marketplace() and p.name = set_user_permission.permission) then perform app.refuse('not_found'); end if;
  was := exists (select from identity.user_permissions p
    where p.user_id = person.id and p.permission = set_user_permission.permission);
  if granted and not was then
    insert into identity.user_permissions (marketplace, user_id, permission, granted_by)
    values (person.marketplace, person.id, set_user_permission.permission, app.actor());
  elsif was and not granted then
    delete from identity.user_permissions p where p.user_id = person.id and p.permission = set_user_permission.permission;
  end if;
  if was <> granted then
    perform app.audit('admin.permission_changed', 'admin', 'users', person.id::text,
      old_values => jsonb_build_object('permission', set_user_permission.permission, 'granted', was),
      new_values => jsonb_build_object('permission', set_user_permission.permission, 'granted', granted));
  end if;
  return query select person.id, admin.account(person) -> 'permissions';
end $$;

CREATE FUNCTION admin.set_user_role(user_id uuid, role_name text, granted boolean) RETURNS TABLE(id uuid, roles text[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; held identity.roles; before text[];
begin
  -- The role's lock: of two who take it from the last two super admins, one comes second.
  select * into held from identity.roles r where r.marketplace = app.marketplace() and r.name = role_name for update;
  select * into person from identity.users u
  where u.id = set_user_role.user_id and u.marketplace = app.marketplace() and u.deleted_at is null for update;
  if held.id is null or person.id is null then perform app.refuse('not_found'); end if;
  before := identity.roles_of(person.id);
  if granted and not (role_name = any (before)) then
    insert into identity.user_roles (marketplace, user_id, role, granted_by)
    values (person.marketplace, person.id, held.name, app.actor());
  elsif not granted and role_name = any (before) then
    if held.name = 'super_admin' and not exists (
      select from identity.user_roles r join identity.users u on u.id = r.user_id
      where r.marketplace = held.marketplace and r.role = held.name and u.id <> person.id and u.account_status = 'active') then
      perform app.refuse('last_super_admin');
    end if;
    if cardinality(before) = 1 then perform app.refuse('last_role'); end if;
    delete from identity.user_roles r where r.user_id = person.id and r.role = held.name;
  end if;
  if before <> identity.roles_of(person.id) then
    perform app.audit('admin.roles_changed', 'admin', 'users', person.id::text,
      old_values => jsonb_build_object('roles', before), new_values => jsonb_build_object('roles', identity.roles_of(person.id)));
  end if;
  return query select person.id, identity.roles_of(person.id);
end $$;

CREATE FUNCTION admin.show_account(user_id uuid) RETURNS TABLE(account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select admin.account(u) from identity.users u
    where u.id = show_account.user_id and u.marketplace = app.marketplace();
  if found then perform app.audit('admin.account_read', 'admin', 'users', show_account.user_id::text); end if;
end $$;

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

CREATE FUNCTION app.audit_impersonation(context jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.set_context(context);
  perform app.audit('admin.impersonated_request', 'admin', 'users', context ->> 'actor',
    metadata => jsonb_build_object('route', context ->> 'route'), user_id => (context ->> 'impersonator')::uuid);
end $$;

CREATE FUNCTION app.caller_network() RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select app.network_of((nullif(current_setting('app.request', true), '')::jsonb ->> 'ip')::inet)
$$;

CREATE FUNCTION app.cancel_timer(kind text, subject_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update app.timers t set settled_at = app.now(), outcome = 'cancelled'
  where t.kind = cancel_timer.kind and t.subject_id = cancel_timer.subject_id and t.settled_at is null
$$;

CREATE FUNCTION app.check_caller(context jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare access text := coalesce(context ->> 'access', 'signed_in'); caller record; refusal text;
begin
  if context ->> 'session' is null then
    -- Somebody is believed with a session only, whatever the route.
    if access = 'everyone' and context ->> 'actor' is null then return null; end if;
    return '{"constraint": "unauthenticated"}';
  end if;
  if context ? 'token_hash' then return app.check_token(context, access); end if;
  select u.id, u.account_status, u.suspended_until, s.revoked_at, s.expires_at, s.mfa_at, s.impersonator_session_id into caller
  from identity.sessions s join identity.users u on u.id = s.user_id
  where s.id = (context ->> 'session')::uuid and s.user_id = (context ->> 'actor')::uuid
    and s.marketplace = context ->> 'marketplace' and u.marketplace = s.marketplace;
  if not found or caller.revoked_at is not null or caller.expires_at <= app.now()
    or not app.is_impersonator(caller.impersonator_session_id, context ->> 'impersonator') then
    return '{"constraint": "session_ended"}';
  end if;
  if not app.is_active(caller.account_status, caller.suspended_until) then
    return jsonb_build_object('constraint', 'account_suspended', 'facts', identity.suspension_of(caller.id));
  end if;
  if access not in ('everyone', 'signed_in') then
    refusal := app.check_permission(caller.id, access, context ->> 'marketplace', caller.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  return null;
end $$;

CREATE FUNCTION app.check_permission(person_id uuid, permission text, marketplace text, has_second_factor boolean) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case
    when not identity.has_permission(person_id, check_permission.permission) then 'forbidden'
    when not has_second_factor and (
      select p.is_staff from identity.permissions p
      where p.marketplace = check_permission.marketplace and p.name = check_permission.permission) then 'two_factor_required'
  end
$$;

CREATE FUNCTION app.check_token(context jsonb, access text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare token record; refusal text;
begin
  select t.user_id, t.abilities, t.mfa_at, t.expires_at, u.account_status, u.suspended_until into token
  from identity.personal_access_tokens t join identity.users u on u.id = t.user_id and u.marketplace = t.marketplace
  where t.id = (context ->> 'session')::uuid and t.user_id = (context ->> 'actor')::uuid
    and t.marketplace = context ->> 'marketplace' and t.token_hash = context ->> 'token_hash';
  if not found or token.expires_at <= app.now() then return '{"constraint": "invalid_token"}'; end if;
  if not app.is_active(token.account_status, token.suspended_until) then
    return jsonb_build_object('constraint', 'account_suspended', 'facts', identity.suspension_of(token.user_id));
  end if;
  if access = 'everyone' then return null; end if;
  if not (token.abilities && array['*', access] or 'read' = any (token.abilities) and context ->> 'method' = 'GET') then
    return '{"constraint": "ability_missing"}';
  end if;
  if access <> 'signed_in' then
    refusal := app.check_permission(token.user_id, access, context ->> 'marketplace', token.mfa_at is not null);
  end if;
  return case when refusal is not null then jsonb_build_object('constraint', refusal) end;
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

CREATE FUNCTION app.is_active(account_status text, suspended_until timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select account_status in ('active', 'pending') or account_status = 'suspended' and coalesce(suspended_until <= app.now(), false)
$$;

CREATE FUNCTION app.is_empty(bucket text, burst integer, period interval) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from app.rate_limits r where r.bucket = is_empty.bucket and r.full_at + period / burst > app.now() + period)
$$;

CREATE FUNCTION app.is_impersonator(session_id uuid, impersonator text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case when session_id is null then impersonator is null else exists (
    select from identity.sessions s join identity.users u on u.id = s.user_id
    where s.id = session_id and s.user_id = impersonator::uuid and s.revoked_at is null and s.expires_at > app.now()
      and u.account_status = 'active' and identity.has_permission(u.id, 'accounts.impersonate')) end
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

CREATE FUNCTION app.network_of(ip inet) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select host(network(set_masklen(ip, case family(ip) when 6 then 64 else 32 end)))
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

CREATE FUNCTION app.refuse_change_but_purge() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'UPDATE' and current_setting('app.purging', true) = 'on'
    and current_user = (select tableowner from pg_tables where schemaname = tg_table_schema and tablename = tg_table_name)
    and to_jsonb(new) - tg_argv = to_jsonb(old) - tg_argv then return new; end if;
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
  row_ record; answer jsonb[] := '{}'; earlier jsonb; refusal jsonb; keyed boolean := context ? 'idempotency_key'; wrote boolean;
  item jsonb; bytes integer := 0; cut boolean := false;
  state text; constraint_ text; table_ text; message_ text; detail_ text; column_ text;
begin
  -- Whatever becomes of the statement: what staff do with somebody else's eyes is on record.
  if context ? 'impersonator' then perform app.audit_impersonation(context); end if;
  begin
    perform app.set_context(context);
    -- The worker acts for the system: it has no session to check.
    if current_user <> 'vicinity_worker' then refusal := app.check_caller(context); end if;
    if refusal is not null then
      return next jsonb_build_object('refused', refusal);
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
    if wrote and context ->> 'actor' is not null and not context ? 'impersonator' then perform identity.note_activity((context ->> 'actor')::uuid); end if;
    if context ? 'token_hash' then perform app.touch_token((context ->> 'session')::uuid); end if;
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
    insert into app.marketplaces as t (slug, name, country, currency, currency_digits, time_zone, booking_prefix)
    values (m ->> 'slug', m ->> 'name', m ->> 'country', m ->> 'currency', (m ->> 'currency_digits')::smallint,
            m ->> 'time_zone', m ->> 'booking_prefix')
    on conflict on constraint marketplaces_pkey do update set name = excluded.name, country = excluded.country,
      time_zone = excluded.time_zone, booking_prefix = excluded.booking_prefix;
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

CREATE FUNCTION app.touch_token(token_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.personal_access_tokens t set last_used_at = app.now()
  where t.id = token_id and (t.last_used_at is null or t.last_used_at <= app.now() - interval '1 minute')
$$;

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

CREATE FUNCTION identity.account(person identity.users) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('id', person.id, 'full_name', person.full_name, 'email', person.email,
    'email_verified_at', person.email_verified_at, 'phone_sealed', person.phone_sealed, 'phone_hash', person.phone_hash, 'phone_verified_at', person.phone_verified_at,
    'roles', identity.roles_of(person.id), 'account_status', person.account_status, 'preferred_language', person.preferred_language,
    'created_at', person.created_at)
$$;

CREATE FUNCTION identity.activate_pending() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.account_status := 'active';
  return new;
end $$;

CREATE FUNCTION identity.admit(person_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update identity.users u set account_status = 'active', suspended_until = null, status_reason = null
  where u.id = person_id and u.account_status = 'suspended' and u.suspended_until <= app.now();
  return exists (select from identity.users u where u.id = person_id and u.account_status in ('active', 'pending'));
end $$;

CREATE TABLE identity.uploads (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    content_type text NOT NULL,
    size integer NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    object_name text GENERATED ALWAYS AS (((((marketplace || '/'::text) || user_id) || '/'::text) || id)) STORED NOT NULL,
    settled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT uploads_content_type_check CHECK ((content_type = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'image/webp'::text, 'application/pdf'::text]))),
    CONSTRAINT uploads_photo_check CHECK (((purpose <> 'profile_photo'::text) OR (content_type <> 'application/pdf'::text))),
    CONSTRAINT uploads_purpose_check CHECK ((purpose = ANY (ARRAY['profile_photo'::text, 'document'::text]))),
    CONSTRAINT uploads_settled_at_check CHECK (((settled_at IS NOT NULL) = (status <> 'pending'::text))),
    CONSTRAINT uploads_size_check CHECK (((size >= 1) AND (size <= 10485760))),
    CONSTRAINT uploads_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'stored'::text, 'rejected'::text])))
);

ALTER TABLE ONLY identity.uploads FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.announce_upload(purpose text, content_type text, size integer) RETURNS identity.uploads
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare announced identity.uploads;
begin
  -- One after the other, or a burst would count too few.
  perform from identity.users u where u.id = app.actor() for no key update;
  if (select count(*) >= 30 from identity.uploads u
      where u.user_id = app.actor() and u.id >= app.uuid_v7_floor(app.now() - interval '1 hour')) then
    perform app.refuse('too_many_uploads');
  end if;
  insert into identity.uploads (marketplace, user_id, purpose, content_type, size)
  values (app.marketplace(), app.actor(), announce_upload.purpose, announce_upload.content_type, announce_upload.size)
  returning * into announced;
  return announced;
end $$;

CREATE FUNCTION identity.appoint_super_admin(marketplace text, address text, full_name text) RETURNS TABLE(user_id uuid, outcome text)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare proven timestamptz;
begin
  perform app.set_context(jsonb_build_object('marketplace', appoint_super_admin.marketplace));
  select u.id, u.email_verified_at into user_id, proven from identity.users u
  where u.marketplace = appoint_super_admin.marketplace and u.email = lower(address) and u.deleted_at is null for update;
  outcome := case
    when user_id is null then 'created'
    when 'super_admin' = any (identity.roles_of(user_id)) then 'unchanged'
    else 'promoted'
  end;
  if user_id is null then
    insert into identity.users as u (marketplace, full_name, email)
    values (appoint_super_admin.marketplace, appoint_super_admin.full_name, lower(address))
    returning u.id into user_id;
  elsif outcome = 'promoted' and proven is null then
    update identity.users u
    set password_hash = null, two_factor_secret = null, two_factor_confirmed_at = null, two_factor_last_step = null
    where u.id = appoint_super_admin.user_id;
    perform identity.revoke_session(s.id, 'ended_by_staff') from identity.sessions s
    where s.user_id = appoint_super_admin.user_id and s.revoked_at is null;
    delete from identity.personal_access_tokens t where t.user_id = appoint_super_admin.user_id;
  end if;
  if outcome <> 'unchanged' then
    insert into identity.user_roles (marketplace, user_id, role)
    values (appoint_super_admin.marketplace, appoint_super_admin.user_id, 'super_admin');
    perform app.audit('admin.super_admin_appointed', 'admin', 'users', user_id::text, user_id => null);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.begin_challenge(token_hash text) RETURNS TABLE(retry_after integer, user_id uuid, secret text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare challenge identity.two_factor_challenges;
begin
  select * into challenge from identity.two_factor_challenges c
  where c.token_hash = begin_challenge.token_hash and c.marketplace = app.marketplace() and c.consumed_at is null
    and c.expires_at > app.now() and c.attempts < 5
  for update;
  if challenge.id is not null then
    retry_after := app.draw('two-factor:' || challenge.user_id, 10, interval '15 minutes');
    if retry_after is null then
      update identity.two_factor_challenges c set attempts = c.attempts + 1 where c.id = challenge.id;
      attempts_left := 4 - challenge.attempts;
      select u.id, u.two_factor_secret into user_id, secret from identity.users u
      where u.id = challenge.user_id and u.deleted_at is null and u.two_factor_confirmed_at is not null;
    end if;
  end if;
  return next;
end $$;

CREATE FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_code jsonb) RETURNS TABLE(retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; asks_old boolean;
begin
  select * into person from identity.users u where u.id = app.actor() for update;
  if begin_contact_change.new_destination = person.email or begin_contact_change.new_hash = person.phone_hash then
    perform app.refuse('contact_unchanged');
  end if;
  asks_old := old_code is not null
    and case kind when 'email' then person.email_verified_at else person.phone_verified_at end is not null;
  retry_after := identity.draw_code(new_code ->> 'destination_hash');
  if retry_after is null and asks_old then retry_after := identity.draw_code(old_code ->> 'destination_hash'); end if;
  if retry_after is null then
    delete from identity.contact_changes c
    where c.user_id = app.actor() and c.kind = begin_contact_change.kind and c.confirmed_at is null;
    insert into identity.contact_changes (marketplace, user_id, kind, old_destination, old_hash, new_destination, new_hash,
      old_otp_id, new_otp_id, expires_at)
    select app.marketplace(), app.actor(), begin_contact_change.kind,
      case when asks_old then case kind when 'email' then person.email else person.phone_sealed end end,
      case when asks_old and kind = 'phone' then person.phone_hash end,
      begin_contact_change.new_destination, begin_contact_change.new_hash,
      case when asks_old then (old_code ->> 'id')::uuid end, (new_code ->> 'id')::uuid, app.now() + interval '10 minutes';
    perform identity.write_code((code ->> 'id')::uuid, code ->> 'destination_hash', code ->> 'code_hash', code ->> 'channel',
      'change_contact', app.actor())
    from unnest(array[new_code] || case when asks_old then array[old_code] else '{}'::jsonb[] end) as code;
    perform app.audit('auth.contact_change_asked', 'auth', 'users', app.actor()::text,
      metadata => jsonb_build_object('kind', begin_contact_change.kind));
  end if;
  return next;
end $$;

CREATE FUNCTION identity.begin_login(email text, phone_hash text, identifier_hash text) RETURNS TABLE(retry_after integer, user_id uuid, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := identity.draw_attempt(begin_login.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at is null
      and (u.email = begin_login.email or u.phone_hash = begin_login.phone_hash);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.begin_proof() RETURNS TABLE(retry_after integer, password_hash text, secret text, confirmed boolean, full_name text, email text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := app.draw('proof:' || app.actor(), 10, interval '15 minutes');
  if retry_after is null then
    select u.password_hash, u.two_factor_secret, u.two_factor_confirmed_at is not null, u.full_name, u.email
    into password_hash, secret, confirmed, full_name, email
    from identity.users u where u.id = app.actor();
  end if;
  return next;
end $$;

CREATE FUNCTION identity.begin_sign_up() RETURNS TABLE(retry_after integer)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select app.draw('sign-up-from:' || app.caller_network(), 30, interval '1 hour')
$$;

CREATE FUNCTION identity.begin_tesla_link(state_hash text, verifier_sealed text) RETURNS timestamp with time zone
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into identity.tesla_authorizations as a (user_id, marketplace, state_hash, verifier_sealed, expires_at)
  values (app.actor(), app.marketplace(), begin_tesla_link.state_hash, begin_tesla_link.verifier_sealed,
    app.now() + interval '10 minutes')
  on conflict on constraint tesla_authorizations_pkey do update set state_hash = excluded.state_hash,
    verifier_sealed = excluded.verifier_sealed, expires_at = excluded.expires_at, created_at = excluded.created_at
  returning a.expires_at
$$;

CREATE FUNCTION identity.claim_tesla_tokens(batch integer) RETURNS TABLE(user_id uuid, refresh_token_sealed text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with due as (
    select t.user_id from identity.tesla_accounts t
    where t.status = 'linked' and t.expires_at <= app.now() + interval '2 hours'
      and (t.claimed_until is null or t.claimed_until <= app.now())
    order by t.expires_at limit batch for update skip locked)
  update identity.tesla_accounts t set claimed_until = app.now() + interval '2 minutes'
  from due where t.user_id = due.user_id
  returning t.user_id, t.refresh_token_sealed
$$;

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
    select id from identity.otps where expires_at < app.now() - interval '30 days' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'sessions';
  delete from identity.sessions where id = any (array(
    select id from identity.sessions where least(revoked_at, expires_at) < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'two_factor_challenges';
  delete from identity.two_factor_challenges where id = any (array(
    select id from identity.two_factor_challenges where expires_at < app.now() - interval '1 day'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- Messages about a change that was made find the former address there.
  target := 'contact_changes';
  delete from identity.contact_changes where id = any (array(
    select id from identity.contact_changes where expires_at < app.now() - interval '1 day' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  target := 'personal_access_tokens';
  delete from identity.personal_access_tokens where id = any (array(
    select id from identity.personal_access_tokens where expires_at < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
end $$;

CREATE FUNCTION identity.come_in(person_id uuid, token_hash text, method text, second_factor boolean) RETURNS TABLE(outcome text, session_id uuid, account jsonb, suspension jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not identity.admit(person_id) then
    outcome := 'account_suspended';
    suspension := identity.suspension_of(person_id);
    perform app.audit('auth.login_refused', 'auth', 'users', person_id::text, user_id => person_id);
  elsif not second_factor and exists (
    select from identity.users u where u.id = person_id and u.two_factor_confirmed_at is not null) then
    outcome := 'two_factor_required';
    perform identity.open_challenge(person_id, come_in.token_hash, come_in.method);
  else
    outcome := 'signed_in';
    session_id := identity.open_session(person_id, come_in.token_hash, second_factor);
    select identity.account(u) into account from identity.users u where u.id = person_id;
    perform app.audit('auth.signed_in', 'auth', 'sessions', session_id::text, user_id => person_id,
      metadata => jsonb_build_object('method', come_in.method, 'second_factor', second_factor));
  end if;
  return next;
end $$;

CREATE FUNCTION identity.complete_onboarding() RETURNS SETOF identity.onboarding
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare session identity.onboarding_sessions := identity.open_onboarding();
begin
  if session.id is null then return; end if;
  if session.is_paused then perform app.refuse('onboarding_paused'); end if;
  if exists (select from identity.step_progress p where p.session_id = session.id and p.status in ('pending', 'in_progress')) then
    perform app.refuse('onboarding_unfinished');
  end if;
  update identity.onboarding_sessions s set completed_at = app.now(), last_active_at = app.now() where s.id = session.id;
  update identity.users u set onboarding_completed = true where u.id = app.actor();
  perform app.audit('account.onboarding_completed', 'account', 'onboarding_sessions', session.id::text,
    new_values => jsonb_build_object('role', session.role));
  return query select * from identity.my_onboarding();
end $$;

CREATE FUNCTION identity.confirm_contact_change(kind text, new_code jsonb, old_code jsonb) RETURNS TABLE(outcome text, attempts_left integer, field text, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare change identity.contact_changes;
begin
  field := 'code';
  outcome := 'code_expired';
  select * into change from identity.contact_changes c
  where c.user_id = app.actor() and c.marketplace = app.marketplace() and c.kind = confirm_contact_change.kind
    and c.confirmed_at is null and c.expires_at > app.now()
  for update;
  if change.id is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_code(
      new_code ->> 'destination_hash', new_code ->> 'code_hash', 'change_contact', app.actor()) t;
    if outcome = 'right' and change.old_otp_id is not null then
      field := 'old_code';
      select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_code(
        old_code ->> 'destination_hash', old_code ->> 'code_hash', 'change_contact', app.actor()) t;
      -- The right code of the one end may be shown again with the next try of the other.
      if outcome <> 'right' then
        update identity.otps o set consumed_at = null where o.id = change.new_otp_id;
      end if;
    end if;
  end if;
  if outcome = 'right' then
    outcome := 'changed';
    update identity.contact_changes c set confirmed_at = app.now() where c.id = change.id;
    if change.kind = 'email' then
      update identity.users u set email = change.new_destination, email_verified_at = app.now() where u.id = app.actor();
    else
      update identity.users u set phone_sealed = change.new_destination, phone_hash = change.new_hash,
        phone_verified_at = app.now() where u.id = app.actor();
    end if;
    perform app.audit('auth.contact_changed', 'auth', 'users', app.actor()::text,
      old_values => jsonb_build_object('destination_hash', old_code ->> 'destination_hash'),
      new_values => jsonb_build_object('destination_hash', new_code ->> 'destination_hash'),
      metadata => jsonb_build_object('kind', change.kind));
    if change.old_destination is not null then
      perform app.emit('identity.contact_changed',
        jsonb_build_object('user_id', app.actor(), 'change_id', change.id, 'kind', change.kind));
    end if;
    select identity.account(u) into account from identity.users u where u.id = app.actor();
  end if;
  return next;
end $$;

CREATE FUNCTION identity.confirm_two_factor(session_id uuid, step bigint, code_hashes jsonb) RETURNS TABLE(outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  outcome := 'wrong_code';
  if step is null or not identity.use_second_factor(app.actor(), step, null) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  outcome := 'confirmed';
  update identity.users u set two_factor_confirmed_at = app.now()
  where u.id = app.actor() and u.two_factor_confirmed_at is null;
  if not found then perform app.refuse('two_factor_on'); end if;
  update identity.sessions s set mfa_at = app.now() where s.id = confirm_two_factor.session_id and s.user_id = app.actor();
  perform identity.write_recovery_codes(code_hashes);
  perform app.refill('proof:' || app.actor());
  perform app.audit('auth.two_factor_enabled', 'auth', 'users', app.actor()::text);
  perform app.emit('identity.two_factor_enabled', jsonb_build_object('user_id', app.actor()));
  return next;
end $$;

CREATE TABLE identity.onboarding_sessions (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    role character varying(20) NOT NULL,
    current_step character varying(50),
    started_at timestamp with time zone DEFAULT app.now() NOT NULL,
    last_active_at timestamp with time zone DEFAULT app.now() NOT NULL,
    completed_at timestamp with time zone,
    spent_seconds integer DEFAULT 0 NOT NULL,
    total_time_spent integer GENERATED ALWAYS AS ((spent_seconds / 60)) STORED NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    paused_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT onboarding_sessions_completed_at_check CHECK (((completed_at IS NULL) OR (NOT is_paused))),
    CONSTRAINT onboarding_sessions_paused_at_check CHECK (((paused_at IS NOT NULL) = is_paused)),
    CONSTRAINT onboarding_sessions_spent_seconds_check CHECK ((spent_seconds >= 0))
);

ALTER TABLE ONLY identity.onboarding_sessions FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.count_time(session identity.onboarding_sessions, step text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with stretch as (
    select least(3600, floor(extract(epoch from greatest(app.now() - session.last_active_at, interval '0'))))::integer as seconds
  ), credited as (
    update identity.step_progress p set spent_seconds = p.spent_seconds + stretch.seconds from stretch
    where p.session_id = session.id and p.step_id = step returning 1
  )
  update identity.onboarding_sessions s set last_active_at = app.now(),
    spent_seconds = s.spent_seconds + case when exists (select from credited) then stretch.seconds else 0 end
  from stretch where s.id = session.id
$$;

CREATE FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone) RETURNS TABLE(id uuid, name text, abilities text[], expires_at timestamp with time zone, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from identity.personal_access_tokens t where t.user_id = app.actor()) >= 50 then
    perform app.refuse('too_many_tokens');
  end if;
  perform app.audit('auth.token_created', 'auth', 'personal_access_tokens', token_id::text,
    new_values => jsonb_build_object('name', label, 'abilities', granted,
      'expires_at', ends_at));
  return query
    insert into identity.personal_access_tokens as t (id, marketplace, user_id, name, token_hash, abilities, expires_at, mfa_at)
    select token_id, app.marketplace(), app.actor(), label, create_access_token.token_hash,
      array(select jsonb_array_elements_text(granted)), ends_at, s.mfa_at
    from identity.sessions s where s.id = create_access_token.session_id and s.user_id = app.actor()
    returning t.id, t.name::text, t.abilities, t.expires_at, t.created_at;
end $$;

CREATE FUNCTION identity.delete_access_token(token_id uuid) RETURNS TABLE(deleted boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare token identity.personal_access_tokens;
begin
  delete from identity.personal_access_tokens t
  where t.id = token_id and t.user_id = app.actor() and t.marketplace = app.marketplace()
  returning * into token;
  deleted := found;
  if deleted then
    perform app.audit('auth.token_deleted', 'auth', 'personal_access_tokens', token_id::text,
      old_values => jsonb_build_object('name', token.name, 'abilities', token.abilities));
  end if;
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

CREATE FUNCTION identity.draw_code(destination_hash text) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(
    app.draw('code-from:' || app.caller_network(), 20, interval '1 hour'),
    app.draw('code-soon:' || draw_code.destination_hash, 1, interval '30 seconds'),
    app.draw('code:' || draw_code.destination_hash, 5, interval '1 hour'))
$$;

CREATE FUNCTION identity.end_other_sessions(current_session uuid) RETURNS TABLE(ended integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  ended := identity.revoke_other_sessions(app.actor(), current_session, 'ended_by_owner');
  perform app.audit('auth.other_sessions_ended', 'auth', 'users', app.actor()::text,
    metadata => jsonb_build_object('ended', ended));
  return next;
end $$;

CREATE FUNCTION identity.end_own_session(session_id uuid) RETURNS TABLE(ended boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  ended := exists (
    select from identity.sessions s
    where s.id = end_own_session.session_id and s.user_id = app.actor() and s.marketplace = app.marketplace()
      and s.revoked_at is null and s.expires_at > app.now());
  if ended then
    perform identity.revoke_session(end_own_session.session_id, 'ended_by_owner');
    perform app.audit('auth.session_ended', 'auth', 'sessions', end_own_session.session_id::text);
  end if;
  return next;
end $$;

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

CREATE FUNCTION identity.find_tesla_link(state_hash text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare found_ text;
begin
  select a.verifier_sealed into found_ from identity.tesla_authorizations a
  where a.user_id = app.actor() and a.state_hash = find_tesla_link.state_hash and a.expires_at > app.now();
  if found_ is null then perform app.refuse('tesla_link_expired'); end if;
  return found_;
end $$;

CREATE TABLE identity.tesla_accounts (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    tesla_user_id text NOT NULL,
    region text NOT NULL,
    scopes text[] NOT NULL,
    access_token_sealed text NOT NULL,
    refresh_token_sealed text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    status text DEFAULT 'linked'::text NOT NULL,
    last_error text,
    failures integer DEFAULT 0 NOT NULL,
    claimed_until timestamp with time zone,
    refreshed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT tesla_accounts_region_check CHECK ((region = ANY (ARRAY['na'::text, 'eu'::text, 'cn'::text]))),
    CONSTRAINT tesla_accounts_status_check CHECK ((status = ANY (ARRAY['linked'::text, 'broken'::text])))
);

ALTER TABLE ONLY identity.tesla_accounts FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.finish_tesla_link(state_hash text, tokens jsonb) RETURNS SETOF identity.tesla_accounts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare linked identity.tesla_accounts; earlier text;
begin
  delete from identity.tesla_authorizations a where a.user_id = app.actor() and a.state_hash = finish_tesla_link.state_hash;
  if not found then perform app.refuse('tesla_link_expired'); end if;
  select t.tesla_user_id into earlier from identity.tesla_accounts t where t.user_id = app.actor();
  insert into identity.tesla_accounts as t (user_id, marketplace, tesla_user_id, region, scopes, access_token_sealed,
    refresh_token_sealed, expires_at, refreshed_at)
  values (app.actor(), app.marketplace(), tokens ->> 'tesla_user_id', tokens ->> 'region',
    array(select jsonb_array_elements_text(tokens -> 'scopes')), tokens ->> 'access_token_sealed',
    tokens ->> 'refresh_token_sealed', (tokens ->> 'expires_at')::timestamptz, app.now())
  on conflict on constraint tesla_accounts_pkey do update set tesla_user_id = excluded.tesla_user_id, region = excluded.region,
    scopes = excluded.scopes, access_token_sealed = excluded.access_token_sealed,
    refresh_token_sealed = excluded.refresh_token_sealed, expires_at = excluded.expires_at,
    refreshed_at = excluded.refreshed_at, status = 'linked', last_error = null, failures = 0, claimed_until = null
  returning * into linked;
  perform app.audit('tesla.linked', 'tesla', 'tesla_accounts', app.actor()::text,
    case when earlier is not null then jsonb_build_object('tesla_user_id', earlier) end,
    jsonb_build_object('tesla_user_id', linked.tesla_user_id, 'region', linked.region, 'scopes', linked.scopes));
  return next linked;
end $$;

CREATE FUNCTION identity.forget_two_factor(person_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.users u set two_factor_secret = null, two_factor_confirmed_at = null, two_factor_last_step = null
  where u.id = person_id;
  delete from identity.recovery_codes c where c.user_id = person_id;
  update identity.sessions s set mfa_at = null where s.user_id = person_id and s.mfa_at is not null;
  update identity.personal_access_tokens t set mfa_at = null where t.user_id = person_id and t.mfa_at is not null
$$;

CREATE FUNCTION identity.has_permission(person_id uuid, permission text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
      select from identity.user_roles r
      join identity.role_permissions p on p.marketplace = r.marketplace and p.role = r.role and p.is_granted
      where r.user_id = person_id and p.permission = has_permission.permission)
    or exists (
      select from identity.user_permissions p
      where p.user_id = person_id and p.permission = has_permission.permission)
$$;

CREATE FUNCTION identity.impersonate(user_id uuid, own_session_id uuid, reason text) RETURNS TABLE(session_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  person identity.users;
begin
  select * into person from identity.users u where u.id = impersonate.user_id and u.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if identity.is_staff(person.id) then perform app.refuse('staff_account'); end if;
  if person.account_status <> 'active' then perform app.refuse('account_not_active'); end if;
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at, impersonator_session_id)
  select person.marketplace, person.id, (request ->> 'ip')::inet, request ->> 'user_agent', app.now() + interval '15 minutes', s.id
  from identity.sessions s where s.id = own_session_id and s.user_id = app.actor()
  returning id into session_id;
  -- A personal access token is no session to look from.
  if session_id is null then perform app.refuse('forbidden'); end if;
  perform app.audit('admin.impersonation_started', 'admin', 'users', person.id::text,
    metadata => jsonb_build_object('session_id', session_id, 'reason', impersonate.reason));
  return next;
end $$;

CREATE FUNCTION identity.is_staff(person_id uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
      select from identity.user_roles u
      join identity.roles r on r.marketplace = u.marketplace and r.name = u.role
      where u.user_id = person_id and not r.is_open)
    or exists (
      select from identity.user_permissions u
      join identity.permissions p on p.marketplace = u.marketplace and p.name = u.permission
      where u.user_id = person_id and p.is_staff)
$$;

CREATE FUNCTION identity.my_onboarding() RETURNS SETOF identity.onboarding
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.id, s.role::text, s.current_step::text, s.started_at, s.last_active_at, s.completed_at, s.total_time_spent,
         s.is_paused, s.paused_at, coalesce((
           select jsonb_agg(jsonb_build_object('step_id', p.step_id, 'status', p.status, 'data', p.data,
             'started_at', p.started_at, 'completed_at', p.completed_at, 'skipped_at', p.skipped_at,
             'time_spent', p.time_spent) order by p.id)
           from identity.step_progress p where p.session_id = s.id), '[]')
  from identity.onboarding_sessions s
  where s.user_id = app.actor() and s.marketplace = app.marketplace()
  order by s.id desc limit 1
$$;

CREATE FUNCTION identity.my_profile() RETURNS SETOF identity.profile
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.id, u.full_name::text, u.first_name, u.last_name, u.email::text, u.email_verified_at, u.phone_sealed, u.phone_hash,
         u.phone_verified_at, to_jsonb(identity.roles_of(u.id)), u.account_status, u.preferred_language::text, u.date_of_birth,
         u.gender, u.profile_photo_id, p.object_name, to_jsonb(verification.badges(u.id)), u.onboarding_completed,
         u.notification_preferences, u.contact_visibility, u.last_active_at, u.created_at
  from identity.users u left join identity.uploads p on p.id = u.profile_photo_id
  where u.id = app.actor() and u.marketplace = app.marketplace()
$$;

CREATE FUNCTION identity.note_activity(person_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.users u set last_active_at = app.now()
  where u.id = (
    select p.id from identity.users p
    where p.id = note_activity.person_id
      and (p.last_active_at is null or p.last_active_at < app.now() - interval '5 minutes')
    -- Whoever holds the row is busy with the same person: nothing is lost, and nobody waits.
    for no key update skip locked)
$$;

CREATE FUNCTION identity.open_challenge(person_id uuid, token_hash text, first_factor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into identity.two_factor_challenges (marketplace, user_id, token_hash, first_factor, expires_at)
  values (app.marketplace(), person_id, open_challenge.token_hash, open_challenge.first_factor,
    app.now() + interval '5 minutes');
  perform app.audit('auth.two_factor_asked', 'auth', 'users', person_id::text, user_id => person_id,
    metadata => jsonb_build_object('method', open_challenge.first_factor));
end $$;

CREATE FUNCTION identity.open_contact_change(kind text) RETURNS TABLE(old_destination text, old_hash text, new_destination text, new_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select c.old_destination, c.old_hash, c.new_destination, c.new_hash from identity.contact_changes c
  where c.user_id = app.actor() and c.marketplace = app.marketplace() and c.kind = open_contact_change.kind
    and c.confirmed_at is null and c.expires_at > app.now()
$$;

CREATE FUNCTION identity.open_onboarding() RETURNS identity.onboarding_sessions
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s from identity.onboarding_sessions s
  where s.user_id = app.actor() and s.marketplace = app.marketplace() and s.completed_at is null for update
$$;

CREATE FUNCTION identity.open_session(person_id uuid, token_hash text, second_factor boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  ends_at timestamptz := app.now() + interval '30 days';
  opened uuid;
  is_new boolean := exists (select from identity.users u where u.id = person_id and u.last_login_at is not null)
    and not exists (
      select from identity.sessions s
      where s.user_id = person_id and s.impersonator_session_id is null and s.user_agent is not distinct from request ->> 'user_agent'
        and app.network_of(s.ip) = app.caller_network());
begin
  insert into identity.sessions (marketplace, user_id, ip, user_agent, expires_at, mfa_at)
  values (app.marketplace(), person_id, (request ->> 'ip')::inet, request ->> 'user_agent', ends_at,
    case when second_factor then app.now() end)
  returning id into opened;
  insert into identity.refresh_tokens (session_id, user_id, token_hash, expires_at)
  values (opened, person_id, open_session.token_hash, ends_at);
  update identity.users set last_login_at = app.now(), last_active_at = app.now() where id = person_id;
  if is_new then
    perform app.audit('auth.new_device', 'auth', 'sessions', opened::text, user_id => person_id);
    perform app.emit('identity.new_device_signed_in', jsonb_build_object('user_id', person_id, 'session_id', opened));
  end if;
  return opened;
end $$;

CREATE FUNCTION identity.pause_onboarding(pause boolean) RETURNS SETOF identity.onboarding
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare session identity.onboarding_sessions := identity.open_onboarding();
begin
  if session.id is null then return; end if;
  if session.is_paused and pause then perform app.refuse('onboarding_paused'); end if;
  if not session.is_paused and not pause then perform app.refuse('onboarding_not_paused'); end if;
  if pause then
    perform identity.count_time(session, (
      select p.step_id from identity.step_progress p
      where p.session_id = session.id and p.step_id = session.current_step and p.status = 'in_progress'));
  end if;
  update identity.onboarding_sessions s set is_paused = pause, paused_at = case when pause then app.now() end,
    last_active_at = app.now()
  where s.id = session.id;
  return query select * from identity.my_onboarding();
end $$;

CREATE FUNCTION identity.permissions_in(configuration jsonb) RETURNS TABLE(marketplace text, role text, permission text)
    LANGUAGE sql IMMUTABLE
    AS $$
  select distinct m ->> 'slug', p.key, permission
  from jsonb_array_elements(configuration) as m, jsonb_each(m -> 'permissions') as p,
       jsonb_array_elements_text(p.value) as permission
  where (m -> 'roles' -> 'open') || (m -> 'roles' -> 'staff') ? p.key
$$;

CREATE FUNCTION identity.person_at(email text, phone_hash text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.id from identity.users u
  where u.marketplace = app.marketplace() and u.deleted_at is null
    and (u.email = person_at.email or u.phone_hash = person_at.phone_hash)
$$;

CREATE FUNCTION identity.prove_contact(person_id uuid, email text, phone_hash text, is_inside boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; proven boolean; ended integer;
begin
  select * into person from identity.users u where u.id = person_id for update;
  proven := case when prove_contact.email is null then person.phone_verified_at else person.email_verified_at end is not null;
  if proven then return true; end if;
  if not is_inside and coalesce(person.email_verified_at, person.phone_verified_at) is not null then return false; end if;
  update identity.users u set
    email_verified_at = case when prove_contact.email is null then u.email_verified_at else app.now() end,
    phone_verified_at = case when prove_contact.email is null then app.now() else u.phone_verified_at end
  where u.id = person_id;
  if not is_inside then
    ended := identity.revoke_other_sessions(person_id, null, 'contact_proven');
    perform identity.forget_two_factor(person_id);
    delete from identity.personal_access_tokens t where t.user_id = person_id;
    delete from identity.contact_changes c where c.user_id = person_id and c.confirmed_at is null;
    update identity.users u set password_hash = null, password_changed_at = null where u.id = person_id;
  end if;
  perform app.audit('auth.contact_proven', 'auth', 'users', person_id::text, user_id => person_id,
    metadata => jsonb_build_object('kind', case when prove_contact.email is null then 'phone' else 'email' end,
      'sessions_ended', coalesce(ended, 0), 'password_dropped', not is_inside and person.password_hash is not null));
  return true;
end $$;

CREATE FUNCTION identity.public_profile(user_id uuid) RETURNS TABLE(id uuid, first_name text, photo_name text, badges jsonb, member_since timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.id, u.first_name, p.object_name, to_jsonb(verification.badges(u.id)), u.created_at
  from identity.users u left join identity.uploads p on p.id = u.profile_photo_id
  where u.id = public_profile.user_id and u.marketplace = app.marketplace() and u.account_status = 'active'
$$;

CREATE FUNCTION identity.record_step(step text, status text, data jsonb) RETURNS SETOF identity.onboarding
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare session identity.onboarding_sessions := identity.open_onboarding(); underway text;
begin
  if session.id is null then return; end if;
  if session.is_paused then perform app.refuse('onboarding_paused'); end if;
  select p.step_id into underway from identity.step_progress p
  where p.session_id = session.id and p.step_id = session.current_step and p.status = 'in_progress';
  insert into identity.step_progress as p (session_id, step_id, status, data, started_at)
  values (session.id, step, 'in_progress', record_step.data,
    case when record_step.status = 'in_progress' then app.now() else session.last_active_at end)
  on conflict on constraint step_progress_step_key do update set data = p.data || excluded.data,
    started_at = coalesce(p.started_at, excluded.started_at);
  if (select count(*) > 50 from identity.step_progress p where p.session_id = session.id) then
    perform app.refuse('too_many_steps');
  end if;
  perform identity.count_time(session, case when record_step.status = 'in_progress' then underway else step end);
  update identity.step_progress p set status = record_step.status,
    completed_at = case when record_step.status = 'completed' then app.now() end,
    skipped_at = case when record_step.status = 'skipped' then app.now() end
  where p.session_id = session.id and p.step_id = step;
  update identity.onboarding_sessions s set current_step = step where s.id = session.id;
  return query select * from identity.my_onboarding();
end $$;

CREATE FUNCTION identity.remove_address(address_id uuid) RETURNS TABLE(id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare removed identity.addresses;
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  delete from identity.addresses a
  where a.id = address_id and a.user_id = app.actor() and a.marketplace = app.marketplace() returning * into removed;
  if removed.id is null then return; end if;
  if removed.is_default then
    update identity.addresses a set is_default = true
    where a.id = (select o.id from identity.addresses o where o.user_id = app.actor() order by o.created_at, o.id limit 1);
  end if;
  return query select removed.id;
end $$;

CREATE FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone_hash text, channel text, purpose text) RETURNS TABLE(retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := identity.draw_code(request_code.destination_hash);
  if retry_after is null then
    perform identity.write_code(otp_id, request_code.destination_hash, request_code.code_hash, request_code.channel,
      request_code.purpose, identity.person_at(request_code.email, request_code.phone_hash));
  end if;
  return next;
end $$;

CREATE FUNCTION identity.reset_password(destination_hash text, code_hash text, email text, phone_hash text, password_hash text, identifier_hash text) RETURNS TABLE(outcome text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person_id uuid := identity.person_at(reset_password.email, reset_password.phone_hash);
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(reset_password.destination_hash, reset_password.code_hash, 'reset_password', person_id) t;
  if outcome = 'right' and not identity.prove_contact(person_id, reset_password.email, reset_password.phone_hash, false) then
    outcome := 'contact_unproven';
  elsif outcome = 'right' then
    outcome := 'reset';
    update identity.users u set password_hash = reset_password.password_hash, password_changed_at = app.now()
    where u.id = person_id;
    perform identity.revoke_other_sessions(person_id, null, 'password_changed');
    delete from identity.personal_access_tokens t where t.user_id = person_id;
    -- Whoever was locked out for wrong passwords gets in with the right one.
    perform app.refill('login:' || reset_password.identifier_hash);
    perform app.audit('auth.password_reset', 'auth', 'users', person_id::text, user_id => person_id);
    perform app.emit('identity.password_changed', jsonb_build_object('user_id', person_id));
  end if;
  return next;
end $$;

CREATE FUNCTION identity.revoke_other_sessions(person_id uuid, kept uuid, reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare ended integer;
begin
  select count(*) into ended
  from (select identity.revoke_session(s.id, revoke_other_sessions.reason) from identity.sessions s
        where s.user_id = person_id and s.revoked_at is null and s.id is distinct from kept) as revoked;
  return ended;
end $$;

CREATE FUNCTION identity.revoke_session(session_id uuid, reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.refresh_tokens t set is_revoked = true where t.session_id = revoke_session.session_id and not t.is_revoked;
  update identity.sessions s set revoked_at = app.now(), revoked_reason = reason
  where s.id = revoke_session.session_id and s.revoked_at is null
$$;

CREATE FUNCTION identity.roles_of(person_id uuid) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$
  select coalesce(array_agg(r.role::text order by r.id), '{}') from identity.user_roles r where r.user_id = person_id
$$;

CREATE FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) RETURNS TABLE(outcome text, user_id uuid, session_id uuid, suspension jsonb)
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
    suspension := identity.suspension_of(family.user_id);
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

CREATE TABLE identity.addresses (
    id uuid NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    kind text DEFAULT 'home'::text NOT NULL,
    label character varying(50),
    sealed_lines text NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(100),
    zip_code character varying(20),
    country character varying(2) NOT NULL,
    location public.geography(Point,4326),
    validated_at timestamp with time zone,
    is_default boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT addresses_country_check CHECK (((country)::text ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT addresses_kind_check CHECK ((kind = ANY (ARRAY['home'::text, 'work'::text, 'other'::text]))),
    CONSTRAINT addresses_validated_at_check CHECK (((validated_at IS NULL) OR (location IS NOT NULL)))
);

ALTER TABLE ONLY identity.addresses FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.save_address(facts jsonb, is_new boolean) RETURNS SETOF identity.addresses
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare address_id uuid := (facts ->> 'id')::uuid; wants_default boolean := (facts ->> 'is_default')::boolean; held integer;
begin
  -- Changes of one person's addresses come one after the other: two at once would both be the first.
  perform from identity.users u where u.id = app.actor() for no key update;
  select count(*) into held from identity.addresses a where a.user_id = app.actor() and a.id <> address_id;
  if is_new then
    if held >= 20 then perform app.refuse('too_many_addresses'); end if;
    insert into identity.addresses (id, marketplace, user_id, sealed_lines, city, country, is_default)
    values (address_id, app.marketplace(), app.actor(), facts ->> 'sealed_lines', facts ->> 'city', facts ->> 'country', held = 0);
  elsif not wants_default and exists (
    select from identity.addresses a where a.id = address_id and a.user_id = app.actor() and a.is_default) then
    perform app.refuse('default_required');
  end if;
  if wants_default and exists (
    select from identity.addresses a where a.id = address_id and a.user_id = app.actor() and not a.is_default) then
    update identity.addresses a set is_default = false where a.user_id = app.actor() and a.is_default;
  end if;
  return query
    update identity.addresses a set
      kind = facts ->> 'kind', label = facts ->> 'label', sealed_lines = facts ->> 'sealed_lines', city = facts ->> 'city',
      state = facts ->> 'state', zip_code = facts ->> 'zip_code', country = facts ->> 'country',
      location = app.point((facts -> 'location' ->> 'latitude')::float8, (facts -> 'location' ->> 'longitude')::float8),
      validated_at = case when (facts ->> 'is_validated')::boolean then app.now() end,
      is_default = a.is_default or coalesce(wants_default, false)
    where a.id = address_id and a.user_id = app.actor() and a.marketplace = app.marketplace()
    returning a.*;
end $$;

CREATE TABLE identity.host_profiles (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    host_category text NOT NULL,
    about character varying(1000),
    business_name character varying(200),
    business_registration character varying(50),
    business_city character varying(100),
    website character varying(300),
    years_of_experience smallint,
    languages text[],
    avg_rating numeric(3,2),
    profile_completeness integer GENERATED ALWAYS AS (
CASE host_category
    WHEN 'owner'::text THEN ((num_nonnulls(host_category, about, years_of_experience, languages) * 100) / 4)
    ELSE ((num_nonnulls(host_category, about, years_of_experience, languages, business_name, business_registration, business_city, website) * 100) / 8)
END) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT host_profiles_avg_rating_check CHECK (((avg_rating >= (1)::numeric) AND (avg_rating <= (5)::numeric))),
    CONSTRAINT host_profiles_business_check CHECK (((host_category = 'owner'::text) OR (business_name IS NOT NULL))),
    CONSTRAINT host_profiles_host_category_check CHECK ((host_category = ANY (ARRAY['owner'::text, 'broker'::text, 'company'::text]))),
    CONSTRAINT host_profiles_languages_check CHECK ((((cardinality(languages) >= 1) AND (cardinality(languages) <= 10)) AND (array_position(languages, NULL::text) IS NULL))),
    CONSTRAINT host_profiles_profile_completeness_check CHECK (((profile_completeness >= 0) AND (profile_completeness <= 100))),
    CONSTRAINT host_profiles_years_of_experience_check CHECK (((years_of_experience >= 0) AND (years_of_experience <= 80)))
);

ALTER TABLE ONLY identity.host_profiles FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.save_host_profile(facts jsonb, is_new boolean) RETURNS SETOF identity.host_profiles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare profile identity.host_profiles;
begin
  if is_new then
    insert into identity.host_profiles (user_id, marketplace, host_category, business_name)
    values (app.actor(), app.marketplace(), facts ->> 'host_category', facts ->> 'business_name');
  end if;
  select * into profile from identity.host_profiles h
  where h.user_id = app.actor() and h.marketplace = app.marketplace() for update;
  if not found then return; end if;
  profile := jsonb_populate_record(profile, facts);
  return query
    update identity.host_profiles h set
      host_category = profile.host_category, about = profile.about, business_name = profile.business_name,
      business_registration = profile.business_registration, business_city = profile.business_city,
      website = profile.website, years_of_experience = profile.years_of_experience, languages = profile.languages
    where h.user_id = profile.user_id
    returning h.*;
end $$;

CREATE TABLE identity.tenant_profiles (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    about character varying(1000),
    occupation character varying(100),
    employer character varying(100),
    food_preference text,
    smoking text,
    drinking text,
    pets text,
    sleep_schedule text,
    guests text,
    languages text[],
    profile_completeness integer GENERATED ALWAYS AS (((num_nonnulls(about, occupation, employer, food_preference, smoking, drinking, pets, sleep_schedule, guests, languages) * 100) / 10)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT tenant_profiles_drinking_check CHECK ((drinking = ANY (ARRAY['never'::text, 'socially'::text, 'yes'::text]))),
    CONSTRAINT tenant_profiles_food_preference_check CHECK ((food_preference = ANY (ARRAY['vegetarian'::text, 'vegan'::text, 'eggetarian'::text, 'non_vegetarian'::text, 'any'::text]))),
    CONSTRAINT tenant_profiles_guests_check CHECK ((guests = ANY (ARRAY['rarely'::text, 'sometimes'::text, 'often'::text]))),
    CONSTRAINT tenant_profiles_languages_check CHECK ((((cardinality(languages) >= 1) AND (cardinality(languages) <= 10)) AND (array_position(languages, NULL::text) IS NULL))),
    CONSTRAINT tenant_profiles_pets_check CHECK ((pets = ANY (ARRAY['none'::text, 'has_pets'::text, 'likes_pets'::text]))),
    CONSTRAINT tenant_profiles_profile_completeness_check CHECK (((profile_completeness >= 0) AND (profile_completeness <= 100))),
    CONSTRAINT tenant_profiles_sleep_schedule_check CHECK ((sleep_schedule = ANY (ARRAY['early'::text, 'late'::text, 'flexible'::text]))),
    CONSTRAINT tenant_profiles_smoking_check CHECK ((smoking = ANY (ARRAY['never'::text, 'outside'::text, 'yes'::text])))
);

ALTER TABLE ONLY identity.tenant_profiles FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.save_tenant_profile(facts jsonb, is_new boolean) RETURNS SETOF identity.tenant_profiles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare profile identity.tenant_profiles;
begin
  if is_new then
    insert into identity.tenant_profiles (user_id, marketplace) values (app.actor(), app.marketplace());
  end if;
  select * into profile from identity.tenant_profiles t
  where t.user_id = app.actor() and t.marketplace = app.marketplace() for update;
  if not found then return; end if;
  profile := jsonb_populate_record(profile, facts);
  return query
    update identity.tenant_profiles t set
      about = profile.about, occupation = profile.occupation, employer = profile.employer,
      food_preference = profile.food_preference, smoking = profile.smoking, drinking = profile.drinking, pets = profile.pets,
      sleep_schedule = profile.sleep_schedule, guests = profile.guests, languages = profile.languages
    where t.user_id = profile.user_id
    returning t.*;
end $$;

CREATE FUNCTION identity.seed_roles(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare named integer;
begin
  insert into identity.roles as t (marketplace, name, is_open)
  select m ->> 'slug', r.name, r.is_open
  from jsonb_array_elements(configuration) as m, lateral (
    select jsonb_array_elements_text(m -> 'roles' -> 'open'), true
    union all select jsonb_array_elements_text(m -> 'roles' -> 'staff'), false) as r (name, is_open)
  on conflict on constraint roles_name_key do update set is_open = excluded.is_open where t.is_open <> excluded.is_open;
  select count(*) into named from jsonb_array_elements(configuration) as m,
    jsonb_array_elements((m -> 'roles' -> 'open') || (m -> 'roles' -> 'staff'));

  insert into identity.permissions as t (marketplace, name, is_staff)
  select w.marketplace, w.permission, not bool_or(r.is_open)
  from identity.permissions_in(configuration) as w join identity.roles r on r.marketplace = w.marketplace and r.name = w.role
  group by w.marketplace, w.permission
  on conflict on constraint permissions_name_key do update set is_staff = excluded.is_staff where t.is_staff <> excluded.is_staff;

  insert into identity.role_permissions (marketplace, role, permission)
  select w.marketplace, w.role, w.permission from identity.permissions_in(configuration) as w
  on conflict on constraint role_permissions_pkey do nothing;
  delete from identity.role_permissions p
  where p.changed_by is null and p.marketplace in (select m ->> 'slug' from jsonb_array_elements(configuration) as m)
    and not exists (select from identity.permissions_in(configuration) as w
      where w.marketplace = p.marketplace and w.role = p.role and w.permission = p.permission);
  return named;
end $$;

CREATE FUNCTION identity.settle_challenge(challenge_hash text, step bigint, recovery_hash text, token_hash text) RETURNS TABLE(outcome text, session_id uuid, account jsonb, suspension jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare challenge identity.two_factor_challenges;
begin
  select * into challenge from identity.two_factor_challenges c
  where c.token_hash = challenge_hash and c.marketplace = app.marketplace() and c.consumed_at is null
    and c.expires_at > app.now()
  for update;
  if challenge.id is null then
    outcome := 'challenge_expired';
  elsif not identity.use_second_factor(challenge.user_id, step, settle_challenge.recovery_hash) then
    outcome := 'wrong_code';
    perform app.audit('auth.two_factor_failed', 'auth', 'users', challenge.user_id::text, user_id => challenge.user_id);
  else
    update identity.two_factor_challenges c set consumed_at = app.now() where c.id = challenge.id;
    perform app.refill('two-factor:' || challenge.user_id);
    select * into outcome, session_id, account, suspension
    from identity.come_in(challenge.user_id, settle_challenge.token_hash, challenge.first_factor, true);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) RETURNS TABLE(outcome text, session_id uuid, account jsonb, suspension jsonb)
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
  select * into outcome, session_id, account, suspension
  from identity.come_in(person_id, settle_login.token_hash, 'password', false);
  return next;
end $$;

CREATE FUNCTION identity.settle_password(session_id uuid, password_hash text) RETURNS TABLE(outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if settle_password.password_hash is null then
    outcome := 'wrong_password';
    perform app.audit('auth.password_change_failed', 'auth', 'users', app.actor()::text);
  else
    outcome := 'changed';
    update identity.users u set password_hash = settle_password.password_hash, password_changed_at = app.now()
    where u.id = app.actor();
    perform identity.revoke_other_sessions(app.actor(), settle_password.session_id, 'password_changed');
    perform app.refill('proof:' || app.actor());
    perform app.audit('auth.password_changed', 'auth', 'users', app.actor()::text);
    perform app.emit('identity.password_changed', jsonb_build_object('user_id', app.actor()));
  end if;
  return next;
end $$;

CREATE FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare account identity.tesla_accounts; broken boolean := coalesce((answer ->> 'permanent')::boolean, false);
begin
  update identity.tesla_accounts t set
    access_token_sealed = coalesce(answer ->> 'access_token_sealed', t.access_token_sealed),
    refresh_token_sealed = coalesce(answer ->> 'refresh_token_sealed', t.refresh_token_sealed),
    expires_at = coalesce((answer ->> 'expires_at')::timestamptz, t.expires_at),
    refreshed_at = case when answer ? 'error' then t.refreshed_at else app.now() end,
    failures = case when answer ? 'error' then t.failures + 1 else 0 end,
    -- After a passing failure the account rests, so that an outage is not answered with a storm.
    claimed_until = case when answer ? 'error' and not broken and app.actor() is null then app.now() + interval '10 minutes' end,
    status = case when broken then 'broken' else 'linked' end, last_error = answer ->> 'error'
  where t.user_id = coalesce(app.actor(), settle_tesla_tokens.user_id) and t.refresh_token_sealed = claimed
  returning * into account;
  if account.user_id is null then return false; end if;
  if broken then
    perform set_config('app.marketplace', account.marketplace, true);
    perform app.audit('tesla.link_broken', 'tesla', 'tesla_accounts', account.user_id::text,
      metadata => jsonb_build_object('error', answer ->> 'error'), user_id => account.user_id);
    perform app.emit('identity.tesla_link_broken', jsonb_build_object('user_id', account.user_id));
  end if;
  return true;
end $$;

CREATE FUNCTION identity.settle_upload(upload_id uuid, status text) RETURNS SETOF identity.uploads
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.uploads u set status = settle_upload.status, settled_at = app.now()
  where u.id = settle_upload.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace()
    and u.status = 'pending';
  select * from identity.uploads u
  where u.id = settle_upload.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace()
$$;

CREATE FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean) RETURNS TABLE(session_id uuid, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users;
begin
  insert into identity.users (marketplace, full_name, email, phone_sealed, phone_hash, password_hash, account_status)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone_sealed, sign_up.phone_hash, sign_up.password_hash,
    case when is_pending then 'pending' else 'active' end)
  returning * into person;
  insert into identity.user_roles (marketplace, user_id, role)
  select person.marketplace, person.id, r.name from jsonb_array_elements_text(sign_up.roles) with ordinality as r (name, n)
  order by r.n;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', sign_up.roles));
  return query select identity.open_session(person.id, sign_up.token_hash, false), identity.account(person);
end $$;

CREATE FUNCTION identity.start_onboarding(role text) RETURNS SETOF identity.onboarding
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if start_onboarding.role <> all (identity.roles_of(app.actor())) then perform app.refuse('not_your_role'); end if;
  insert into identity.onboarding_sessions (marketplace, user_id, role)
  values (app.marketplace(), app.actor(), start_onboarding.role);
  return query select * from identity.my_onboarding();
end $$;

CREATE FUNCTION identity.start_two_factor(secret text) RETURNS TABLE(label text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update identity.users u set two_factor_secret = start_two_factor.secret, two_factor_last_step = null
  where u.id = app.actor() and u.two_factor_confirmed_at is null
  returning coalesce(u.email, u.full_name) into label;
  if not found then perform app.refuse('two_factor_on'); end if;
  perform app.audit('auth.two_factor_started', 'auth', 'users', app.actor()::text);
  return next;
end $$;

CREATE FUNCTION identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text) RETURNS TABLE(outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  outcome := 'wrong_proof';
  if not (knows_password or identity.use_second_factor(app.actor(), step, recovery_hash)) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  outcome := 'disabled';
  perform identity.forget_two_factor(app.actor());
  perform app.refill('proof:' || app.actor());
  perform app.audit('auth.two_factor_disabled', 'auth', 'users', app.actor()::text);
  perform app.emit('identity.two_factor_disabled', jsonb_build_object('user_id', app.actor()));
  return next;
end $$;

CREATE FUNCTION identity.suspension_of(person identity.users) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('account_status', person.account_status, 'reason', person.status_reason,
    'until', to_char(person.suspended_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
$$;

CREATE FUNCTION identity.suspension_of(person_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select identity.suspension_of(u) from identity.users u where u.id = person_id
$$;

CREATE FUNCTION identity.try_code(destination_hash text, code_hash text, purpose text, person_id uuid) RETURNS TABLE(outcome text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare code identity.otps;
begin
  select * into code from identity.otps o
  where o.marketplace = app.marketplace() and o.destination_hash = try_code.destination_hash and o.purpose = try_code.purpose
    and o.replaced_at is null
  for update;
  if not found or code.consumed_at is not null or code.expires_at <= app.now() or code.attempts >= 5 then
    outcome := 'code_expired';
  -- The contact may have gone to somebody else since.
  elsif person_id is null or code.user_id is distinct from person_id or code.code_hash <> try_code.code_hash then
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text, user_id => code.user_id);
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
  else
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
    outcome := 'right';
  end if;
  return next;
end $$;

CREATE FUNCTION identity.unlink_tesla() RETURNS TABLE(refresh_token_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare gone identity.tesla_accounts;
begin
  delete from identity.tesla_authorizations a where a.user_id = app.actor();
  delete from identity.tesla_accounts t where t.user_id = app.actor() returning * into gone;
  if gone.user_id is null then return; end if;
  perform app.audit('tesla.unlinked', 'tesla', 'tesla_accounts', gone.user_id::text,
    jsonb_build_object('tesla_user_id', gone.tesla_user_id, 'region', gone.region));
  return query select gone.refresh_token_sealed;
end $$;

CREATE FUNCTION identity.update_profile(changes jsonb) RETURNS SETOF identity.profile
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if (changes ->> 'date_of_birth')::date > app.now()::date then perform app.refuse('date_of_birth_in_the_future'); end if;
  if changes ->> 'profile_photo_id' is not null and not exists (
    select from identity.uploads p
    where p.id = (changes ->> 'profile_photo_id')::uuid and p.user_id = app.actor() and p.purpose = 'profile_photo'
      and p.status = 'stored') then perform app.refuse('upload_not_usable'); end if;
  update identity.users u set
    full_name = coalesce(changes ->> 'full_name', u.full_name),
    preferred_language = coalesce(changes ->> 'preferred_language', u.preferred_language),
    notification_preferences = coalesce(changes -> 'notification_preferences', u.notification_preferences),
    contact_visibility = coalesce(changes ->> 'contact_visibility', u.contact_visibility),
    -- These three can be taken back by null.
    date_of_birth = case when changes ? 'date_of_birth' then (changes ->> 'date_of_birth')::date else u.date_of_birth end,
    gender = case when changes ? 'gender' then changes ->> 'gender' else u.gender end,
    profile_photo_id = case when changes ? 'profile_photo_id' then (changes ->> 'profile_photo_id')::uuid
      else u.profile_photo_id end
  where u.id = app.actor() and u.marketplace = app.marketplace();
  return query select * from identity.my_profile();
end $$;

CREATE FUNCTION identity.use_second_factor(person_id uuid, step bigint, recovery_hash text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if step is not null then
    update identity.users u set two_factor_last_step = step
    where u.id = person_id and u.two_factor_secret is not null and coalesce(u.two_factor_last_step, -1) < step;
    return found;
  end if;
  update identity.recovery_codes c set used_at = app.now()
  where c.user_id = person_id and c.code_hash = use_second_factor.recovery_hash and c.used_at is null;
  if not found then return false; end if;
  perform app.audit('auth.recovery_code_used', 'auth', 'users', person_id::text, user_id => person_id);
  return true;
end $$;

CREATE FUNCTION identity.use_tesla_tokens() RETURNS TABLE(state text, user_id uuid, region text, access_token_sealed text, refresh_token_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare account identity.tesla_accounts;
begin
  select * into account from identity.tesla_accounts t where t.user_id = app.actor() for update;
  if account.user_id is null then return; end if;
  state := case
    when account.status = 'broken' then 'broken'
    when account.expires_at > app.now() + interval '1 minute' then 'fresh'
    when account.claimed_until > app.now() then 'busy'
    else 'stale' end;
  if state = 'stale' then
    update identity.tesla_accounts t set claimed_until = app.now() + interval '30 seconds' where t.user_id = account.user_id;
  end if;
  return query select state, account.user_id, account.region, account.access_token_sealed, account.refresh_token_sealed;
end $$;

CREATE FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone_hash text, own_session uuid, token_hash text) RETURNS TABLE(outcome text, attempts_left integer, session_id uuid, account jsonb, suspension jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person_id uuid := identity.person_at(verify_code.email, verify_code.phone_hash); inside identity.sessions;
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(verify_code.destination_hash, verify_code.code_hash, 'sign_in', person_id) t;
  if outcome = 'right' then
    select * into inside from identity.sessions s
    where s.id = own_session and s.user_id = person_id and s.revoked_at is null and s.expires_at > app.now()
      and s.impersonator_session_id is null;
    if identity.prove_contact(person_id, verify_code.email, verify_code.phone_hash, inside.id is not null) then
      select c.outcome, c.session_id, c.account, c.suspension into outcome, session_id, account, suspension
      from identity.come_in(person_id, verify_code.token_hash, 'code', inside.mfa_at is not null) c;
    else
      outcome := 'contact_unproven';
      perform app.audit('auth.login_refused', 'auth', 'users', person_id::text, user_id => person_id);
    end if;
  end if;
  return next;
end $$;

CREATE FUNCTION identity.write_code(otp_id uuid, destination_hash text, code_hash text, channel text, purpose text, person_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update identity.otps o set replaced_at = app.now()
  where o.marketplace = app.marketplace() and o.destination_hash = write_code.destination_hash
    and o.purpose = write_code.purpose and o.replaced_at is null;
  insert into identity.otps (id, marketplace, destination_hash, purpose, channel, user_id, code_hash, expires_at)
  values (otp_id, app.marketplace(), write_code.destination_hash, write_code.purpose, write_code.channel, person_id,
    write_code.code_hash, app.now() + interval '10 minutes');
  perform app.emit('identity.code_requested',
    jsonb_build_object('otp_id', otp_id, 'channel', write_code.channel, 'purpose', write_code.purpose));
  perform app.audit('auth.code_requested', 'auth', 'otps', otp_id::text, user_id => person_id,
    metadata => jsonb_build_object('purpose', write_code.purpose));
end $$;

CREATE FUNCTION identity.write_recovery_codes(code_hashes jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from identity.recovery_codes c where c.user_id = app.actor();
  insert into identity.recovery_codes (user_id, code_hash) select app.actor(), jsonb_array_elements_text(code_hashes)
$$;

CREATE FUNCTION notify.claim(message_id uuid) RETURNS TABLE(busy boolean, id uuid, template text, variables jsonb, language text, code_id uuid, destinations jsonb, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare message notify.messages; person identity.users; code identity.otps; reason text; hash text;
begin
  select * into message from notify.messages m
  where m.id = claim.message_id and m.marketplace = app.marketplace() and m.status in ('queued', 'sending')
  for update;
  if message.id is null then return; end if;
  if message.status = 'sending' and message.claimed_until > app.now() then
    return query select true, message.id, message.template, message.variables, null, message.otp_id, '[]'::jsonb, null;
    return;
  end if;
  select * into person from identity.users u where u.id = message.user_id and u.deleted_at is null;
  destinations := case message.channel
    when 'email' then jsonb_build_array(person.email)
    when 'push' then coalesce((
      select jsonb_agg(d.endpoint_arn order by d.id) from notify.devices d
      where d.user_id = person.id and d.disabled_at is null), '[]')
    else jsonb_build_array(person.phone_sealed)
  end;
  hash := case when message.channel in ('sms', 'whatsapp') then person.phone_hash end;
  if message.otp_id is not null then
    select * into code from identity.otps o where o.id = message.otp_id;
    reason := case
      when code.id is null or code.replaced_at is not null then 'code_replaced'
      when code.consumed_at is not null then 'code_used'
      when code.expires_at <= app.now() then 'code_expired'
    end;
  end if;
  if message.contact_change_id is not null or code.purpose = 'change_contact' then
    select d.destination, d.hash into destinations, hash
    from notify.contact_of_change(message.contact_change_id, code.id) d;
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
    message.otp_id, destinations, hash;
end $$;

CREATE FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) RETURNS TABLE(busy boolean, id uuid, template text, variables jsonb, language text, code_id uuid, destinations jsonb, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare made uuid := notify.message_id(claim_code.event_id, claim_code.otp_id, claim_code.channel);
begin
  insert into notify.messages as m (id, marketplace, event_id, user_id, otp_id, channel, template)
  select made, app.marketplace(), claim_code.event_id, o.user_id, asked.id, claim_code.channel,
    case o.purpose when 'reset_password' then 'reset_password_code' when 'change_contact' then 'change_contact_code'
      else 'sign_in_code' end
  from (select claim_code.otp_id as id) as asked left join identity.otps o on o.id = asked.id
  on conflict do nothing;
  return query select * from notify.claim(made);
end $$;

CREATE FUNCTION notify.contact_of_change(change_id uuid, code_id uuid) RETURNS TABLE(destination jsonb, hash text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_array(case when c.new_otp_id = code_id then c.new_destination else c.old_destination end),
         case when c.new_otp_id = code_id then c.new_hash else c.old_hash end
  from identity.contact_changes c
  where c.id = change_id or c.new_otp_id = code_id or c.old_otp_id = code_id
$$;

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
    select notify.message_id(enqueue.event_id, u.id, c.channel) as id, u.id as user_id, c.channel, m.template, m.variables,
      m.contact_change_id
    from jsonb_to_recordset(messages)
      as m (user_id uuid, template text, channels text[], topic text, variables jsonb, contact_change_id uuid)
    join identity.users u on u.id = m.user_id and u.marketplace = app.marketplace() and u.deleted_at is null
    cross join lateral (
      select w.channel from unnest(m.channels) with ordinality as w (channel, rank)
      where case w.channel when 'email' then u.email is not null
                           when 'push' then exists (select from notify.devices d where d.user_id = u.id and d.disabled_at is null)
                           else u.phone_hash is not null end
        and (m.topic is null
             or coalesce((u.notification_preferences -> w.channel ->> m.topic)::boolean, m.topic <> 'promotions'))
      order by w.rank limit 1) as c
  ), written as (
    insert into notify.messages as t (id, marketplace, event_id, user_id, channel, template, variables, contact_change_id)
    select w.id, app.marketplace(), enqueue.event_id, w.user_id, w.channel, w.template, w.variables, w.contact_change_id
    from wanted w
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

CREATE FUNCTION notify.register_device(platform text, endpoint_arn text) RETURNS TABLE(id uuid, platform_ text, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kept notify.devices;
begin
  insert into notify.devices as d (marketplace, user_id, platform, endpoint_arn)
  values (app.marketplace(), app.actor(), register_device.platform, register_device.endpoint_arn)
  on conflict on constraint devices_endpoint_arn_key do update set marketplace = excluded.marketplace,
    user_id = excluded.user_id, platform = excluded.platform, disabled_at = null
  returning * into kept;
  delete from notify.devices d
  where d.user_id = app.actor() and d.id in (
    select o.id from notify.devices o where o.user_id = app.actor() and o.id <> kept.id order by o.updated_at desc offset 19);
  return query select kept.id, kept.platform, kept.created_at;
end $$;

CREATE FUNCTION notify.remove_device(device_id uuid) RETURNS TABLE(id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from notify.devices d
  where d.id = device_id and d.user_id = app.actor() and d.marketplace = app.marketplace()
  returning d.id
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

CREATE TABLE privacy.consents (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    version character varying(40) NOT NULL,
    is_given boolean NOT NULL,
    ip inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT consents_purpose_check CHECK ((purpose = ANY (ARRAY['terms'::text, 'privacy_policy'::text, 'marketing'::text, 'analytics'::text, 'location'::text, 'verification'::text])))
);

ALTER TABLE ONLY privacy.consents FORCE ROW LEVEL SECURITY;

CREATE FUNCTION privacy.answer_consent(purpose text, version text, is_given boolean) RETURNS SETOF privacy.consents
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare request jsonb := nullif(current_setting('app.request', true), '')::jsonb; latest privacy.consents;
begin
  -- Two answers at once are written one after the other.
  perform 1 from identity.users u where u.id = app.actor() for no key update;
  select * into latest from privacy.consents c
  where c.user_id = app.actor() and c.purpose = answer_consent.purpose order by c.id desc limit 1;
  if latest.id is null or (latest.version, latest.is_given) is distinct from (answer_consent.version, answer_consent.is_given) then
    perform app.audit(case when answer_consent.is_given then 'consent.given' else 'consent.withdrawn' end, 'privacy', 'consents',
      app.actor()::text, case when latest.id is not null then
        jsonb_build_object('version', latest.version, 'is_given', latest.is_given) end,
      jsonb_build_object('purpose', answer_consent.purpose, 'version', answer_consent.version,
        'is_given', answer_consent.is_given));
    insert into privacy.consents (marketplace, user_id, purpose, version, is_given, ip, user_agent)
    values (app.marketplace(), app.actor(), answer_consent.purpose, answer_consent.version, answer_consent.is_given,
      (request ->> 'ip')::inet, request ->> 'user_agent')
    returning * into latest;
  end if;
  return next latest;
end $$;

CREATE FUNCTION privacy.apply_retention(batch integer) RETURNS TABLE(target text, removed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
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
end $_$;

CREATE FUNCTION privacy.begin_deletion() RETURNS TABLE(retry_after integer, password_hash text, email text, phone_sealed text, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform privacy.check_deletable(app.actor());
  retry_after := app.draw('delete-account:' || app.actor(), 5, interval '15 minutes');
  if retry_after is not null then return next; return; end if;
  return query select null::integer, u.password_hash::text, u.email::text, u.phone_sealed, u.phone_hash
  from identity.users u where u.id = app.actor();
end $$;

CREATE FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) RETURNS TABLE(retry_after integer, user_id uuid, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := identity.draw_attempt(begin_restoring.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.marketplace = app.marketplace() and u.deleted_at > app.now() - interval '90 days' and u.purged_at is null
      and (u.email = begin_restoring.email or u.phone_hash = begin_restoring.phone_hash)
    order by u.deleted_at desc limit 1;
  end if;
  return next;
end $$;

CREATE FUNCTION privacy.check_deletable(person_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where person_id in (b.customer_id, b.provider_id) and b.status = any (f.live) and b.ends_at > app.now()
      and (b.expires_at is null or b.expires_at > app.now())) then perform app.refuse('bookings_running'); end if;
  if exists (select from privacy.debts(person_id)) then perform app.refuse('money_owed'); end if;
end $$;

CREATE FUNCTION privacy.debts(person_id uuid) RETURNS TABLE(kind text, amount bigint, currency text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select null::text, null::bigint, null::text where false
$$;

CREATE FUNCTION privacy.delete_account(codes jsonb) RETURNS TABLE(outcome text, restorable_until timestamp with time zone, tesla_token text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; code identity.otps; step record;
begin
  -- A booking that is being made holds the row of both its parties: it is waited for, and seen below.
  select * into person from identity.users u where u.id = app.actor() for update;
  perform privacy.check_deletable(person.id);
  if codes is not null then
    select o.* into code from identity.otps o
    where o.marketplace = app.marketplace() and o.user_id = person.id and codes ? o.destination_hash and o.purpose = 'sign_in'
      and o.replaced_at is null and o.consumed_at is null and o.expires_at > app.now() and o.attempts < 5
    order by (codes ->> o.destination_hash = o.code_hash) desc limit 1 for update;
    outcome := case when code.id is null then 'code_expired'
                    when codes ->> code.destination_hash <> code.code_hash then 'wrong_code' end;
    if outcome is not null then
      update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
      perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text);
      return next;
      return;
    end if;
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
  end if;
  select t.refresh_token_sealed into tesla_token from identity.tesla_accounts t where t.user_id = person.id;
  for step in select p.at_deletion from privacy.personal_data p where p.at_deletion is not null order by p.purge_order loop
    execute step.at_deletion using person.id;
  end loop;
  perform identity.revoke_session(s.id, 'account_closed')
  from identity.sessions s where s.user_id = person.id and s.revoked_at is null;
  update identity.users u set account_status = 'deleted', deleted_at = app.now(), suspended_until = null, status_reason = null
  where u.id = person.id;
  perform app.audit('account.deleted', 'privacy', 'users', person.id::text,
    jsonb_build_object('account_status', person.account_status), jsonb_build_object('account_status', 'deleted'));
  perform app.emit('privacy.account_deleted', jsonb_build_object('user_id', person.id));
  outcome := 'deleted';
  restorable_until := app.now() + interval '90 days';
  return next;
end $$;

CREATE FUNCTION privacy.due_purges(batch integer) RETURNS TABLE(user_id uuid, object_names jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION privacy.expired_exports(batch integer) RETURNS TABLE(id uuid, object_name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select e.id, e.object_name from privacy.exports e
  where e.expires_at <= app.now() and e.erased_at is null order by e.expires_at limit batch
$$;

CREATE FUNCTION privacy.mark_erased(export_id uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update privacy.exports e set erased_at = app.now() where e.id = mark_erased.export_id returning true
$$;

CREATE FUNCTION privacy.plan_export(export_id uuid) RETURNS TABLE(user_id uuid, object_name text, table_name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select e.user_id, e.object_name, p.table_name
  from privacy.exports e cross join privacy.personal_data p
  where e.id = plan_export.export_id and e.status = 'pending' and p.exported
  order by p.table_name
$$;

CREATE FUNCTION privacy.purge(person_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; policy privacy.personal_data; changes text;
begin
  select * into person from identity.users u
  where u.id = person_id and u.deleted_at <= app.now() - interval '90 days' and u.purged_at is null for update;
  if person.id is null then return false; end if;
  perform set_config('app.marketplace', person.marketplace, true), set_config('app.purging', 'on', true);
  for policy in select * from privacy.personal_data p where p.treatment <> 'keep' order by p.purge_order, p.table_name loop
    if policy.treatment = 'erase' then
      execute format('delete from %s t where %s', policy.table_name, policy.subject) using person_id;
    else
      select string_agg(format('%I = %s', key, value), ', ') into changes from jsonb_each_text(policy.anonymised);
      execute format('update %s t set %s where %s', policy.table_name, changes, policy.subject) using person_id;
    end if;
  end loop;
  perform set_config('app.purging', '', true);
  update identity.users u set purged_at = app.now() where u.id = person_id;
  perform app.audit('account.purged', 'privacy', 'users', person_id::text, user_id => null);
  return true;
end $$;

CREATE FUNCTION privacy.read_rows(person_id uuid, table_name text, after bigint, size integer) RETURNS TABLE(place bigint, held jsonb, opens jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
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
end $_$;

CREATE FUNCTION privacy.redact(recorded jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
begin
  return case jsonb_typeof(recorded)
    when 'object' then (
      select coalesce(jsonb_object_agg(key, case when key in ('account_status', 'status', 'role', 'roles', 'permission',
        'permissions', 'purpose', 'method', 'kind', 'region', 'level', 'outcome', 'type') then value else privacy.redact(value) end),
        '{}') from jsonb_each(recorded))
    when 'array' then (select coalesce(jsonb_agg(privacy.redact(value)), '[]') from jsonb_array_elements(recorded))
    when 'string' then case when recorded #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then recorded
                            else '"[erased]"'::jsonb end
    else recorded end;
end $_$;

CREATE FUNCTION privacy.register(table_name text, subject text, treatment text, retention text, anonymised jsonb DEFAULT '{}'::jsonb, exported boolean DEFAULT true, hidden text[] DEFAULT '{}'::text[], shown jsonb DEFAULT '{}'::jsonb, object_name text DEFAULT NULL::text, sealed jsonb DEFAULT '{}'::jsonb, at_deletion text DEFAULT NULL::text, purge_order integer DEFAULT 100) RETURNS void
    LANGUAGE sql
    AS $$
  insert into privacy.personal_data as p (table_name, subject, treatment, retention, anonymised, exported, hidden, shown,
    object_name, sealed, at_deletion, purge_order)
  values (register.table_name, register.subject, register.treatment, register.retention, register.anonymised,
    register.exported, register.hidden, register.shown, register.object_name, register.sealed, register.at_deletion,
    register.purge_order)
  on conflict on constraint personal_data_pkey do update set subject = excluded.subject, treatment = excluded.treatment,
    retention = excluded.retention, anonymised = excluded.anonymised, exported = excluded.exported, hidden = excluded.hidden,
    shown = excluded.shown, object_name = excluded.object_name, sealed = excluded.sealed, at_deletion = excluded.at_deletion, purge_order = excluded.purge_order
$$;

CREATE TABLE privacy.exports (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    object_name text GENERATED ALWAYS AS (((((marketplace || '/'::text) || user_id) || '/'::text) || id)) STORED NOT NULL,
    bytes bigint,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone,
    erased_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT exports_ready_at_check CHECK (((status = 'ready'::text) = (ready_at IS NOT NULL))),
    CONSTRAINT exports_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'ready'::text, 'failed'::text])))
);

ALTER TABLE ONLY privacy.exports FORCE ROW LEVEL SECURITY;

CREATE FUNCTION privacy.request_export() RETURNS SETOF privacy.exports
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION privacy.settle_export(export_id uuid, bytes bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare made privacy.exports;
begin
  update privacy.exports e set status = 'ready', bytes = settle_export.bytes, ready_at = app.now(),
    expires_at = app.now() + interval '1 day'
  where e.id = settle_export.export_id and e.status = 'pending' returning * into made;
  if made.id is null then return false; end if;
  perform app.emit('privacy.export_ready', jsonb_build_object('export_id', made.id, 'user_id', made.user_id));
  return true;
end $$;

CREATE FUNCTION privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not is_right then
    perform app.audit('auth.login_failed', 'auth', 'users', person_id::text, user_id => person_id,
      metadata => jsonb_build_object('identifier_hash', settle_restoring.identifier_hash));
    return false;
  end if;
  update identity.users u set account_status = 'active', deleted_at = null
  where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null
    and u.deleted_at > app.now() - interval '90 days';
  if not found then return false; end if;
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_restoring.identifier_hash);
  perform app.audit('account.restored', 'privacy', 'users', person_id::text, '{"account_status": "deleted"}',
    '{"account_status": "active"}', user_id => person_id);
  perform app.emit('privacy.account_restored', jsonb_build_object('user_id', person_id));
  return true;
end $$;

CREATE FUNCTION verification.ask_aadhaar(aadhaar_hash text, aadhaar_last4 text) RETURNS TABLE(outcome text, request_id uuid, retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := coalesce(
    app.draw('aadhaar:' || app.actor(), 5, interval '1 day'),
    app.draw('aadhaar-number:' || app.marketplace() || ':' || ask_aadhaar.aadhaar_hash, 3, interval '1 hour'));
  if retry_after is not null then
    outcome := 'too_many_attempts';
  elsif exists (select from verification.user_verifications v
                where v.marketplace = app.marketplace() and v.aadhaar_hash = ask_aadhaar.aadhaar_hash
                  and v.user_id <> app.actor()) then
    outcome := 'aadhaar_taken';
    perform app.audit('verification.aadhaar_refused', 'verification', 'user_verifications', app.actor()::text,
      metadata => '{"reason": "taken"}');
  else
    outcome := 'asked';
    insert into verification.aadhaar_requests as r (marketplace, user_id, aadhaar_hash, aadhaar_last4, expires_at)
    values (app.marketplace(), app.actor(), ask_aadhaar.aadhaar_hash, ask_aadhaar.aadhaar_last4, app.now() + interval '10 minutes')
    returning r.id into request_id;
    perform app.audit('verification.aadhaar_consented', 'verification', 'aadhaar_requests', request_id::text,
      new_values => jsonb_build_object('last4', ask_aadhaar.aadhaar_last4));
  end if;
  return next;
end $$;

CREATE FUNCTION verification.assess(person_id uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare earlier verification.providers; tally record; standing text;
begin
  select count(*) as needed, count(*) filter (where t.holds) as held,
         count(*) filter (where not t.holds and t.waits) as waiting,
         min(t.reason) filter (where not t.holds and not t.waits) as reason
  into tally
  from (
    select verification.holds(person_id, r.type) as holds,
           exists (select from verification.documents d
                   where d.user_id = person_id and d.type = r.type and d.status = 'pending') as waits,
           (select d.reason from verification.documents d
            where d.user_id = person_id and d.type = r.type and d.status <> 'pending'
            order by d.reviewed_at desc, d.id desc limit 1) as reason
    from verification.required_types(person_id) as r (type)) as t;
  if tally.needed = 0 then
    delete from verification.providers p where p.user_id = person_id;
    return null;
  end if;
  insert into verification.providers (user_id, marketplace)
  select u.id, u.marketplace from identity.users u where u.id = person_id
  on conflict on constraint providers_pkey do nothing;
  select * into earlier from verification.providers p where p.user_id = person_id for update;
  -- An account that is being removed takes its roles with it one by one.
  if earlier.user_id is null then return null; end if;
  standing := case
    when tally.held = tally.needed then 'verified'
    when tally.reason is not null then 'rejected'
    when tally.held + tally.waiting = tally.needed then 'under_review'
    else 'pending'
  end;
  if standing = earlier.status and tally.reason is not distinct from earlier.rejection_reason then return standing; end if;
  update verification.providers p set status = standing,
    verified_at = case when standing = 'verified' then app.now() end,
    verified_by = case when standing = 'verified' then app.actor() end,
    rejection_reason = case when standing = 'rejected' then tally.reason end
  where p.user_id = person_id;
  if standing <> earlier.status then
    perform app.audit('verification.standing_changed', 'verification', 'providers', person_id::text,
      jsonb_build_object('status', earlier.status), jsonb_build_object('status', standing));
    perform app.emit('verification.standing_changed', jsonb_build_object('user_id', person_id, 'status', standing));
  end if;
  return standing;
end $$;

CREATE FUNCTION verification.badges(person_id uuid) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(array_agg(b.badge order by b.rank), '{}')
  from verification.user_verifications v
  cross join lateral (values
    (1, 'Phone Verified', v.phone_verified_at), (2, 'Email Verified', v.email_verified_at),
    (3, 'Aadhaar Verified', v.aadhaar_verified_at), (4, 'Face Verified', v.face_verified_at)) as b (rank, badge, since)
  where v.user_id = person_id and v.marketplace = app.marketplace() and b.since is not null
$$;

CREATE FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid) RETURNS TABLE(selfie text, document text, document_id uuid, threshold double precision, attempts_left integer, retry_after integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare oldest timestamptz; used integer;
begin
  document_id := coalesce(face_inputs.document_upload_id, (
    select d.upload_id from verification.documents d
    where d.user_id = app.actor() and d.marketplace = app.marketplace() and d.type = 'government_id' and d.status <> 'rejected'
    order by d.id desc limit 1));
  selfie := verification.picture(selfie_upload_id);
  document := verification.picture(document_id);
  threshold := coalesce((app.setting('face_match_threshold') #>> '{}')::double precision, 90);
  select min(a.created_at), count(*)::integer into oldest, used from verification.face_attempts a
  where a.user_id = app.actor() and a.created_at > app.now() - interval '1 day';
  attempts_left := greatest(5 - used, 0);
  retry_after := case when attempts_left = 0
    then greatest(ceil(extract(epoch from oldest + interval '1 day' - app.now())), 1)::integer end;
  return next;
end $$;

CREATE FUNCTION verification.follow_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into verification.user_verifications as v (user_id, marketplace, phone_verified_at, email_verified_at)
  values (new.id, new.marketplace, new.phone_verified_at, new.email_verified_at)
  on conflict on constraint user_verifications_pkey do update set
    phone_verified_at = excluded.phone_verified_at,
    email_verified_at = excluded.email_verified_at,
    aadhaar_verified_at = case when new.deleted_at is null then v.aadhaar_verified_at end,
    aadhaar_hash = case when new.deleted_at is null then v.aadhaar_hash end,
    aadhaar_last4 = case when new.deleted_at is null then v.aadhaar_last4 end;
  return new;
end $$;

CREATE FUNCTION verification.follow_roles() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform verification.assess(case when tg_op = 'DELETE' then old.user_id else new.user_id end);
  return null;
end $$;

CREATE FUNCTION verification.holds(person_id uuid, document_type text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from verification.documents d
    where d.user_id = person_id and d.type = document_type and d.status = 'verified'
      and (d.expires_on is null or d.expires_on >= verification.today()))
$$;

CREATE FUNCTION verification.is_eligible(person_id uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select not exists (
    select from verification.required_types(person_id) as t (type) where not verification.holds(person_id, t.type))
$$;

CREATE FUNCTION verification.mine() RETURNS TABLE(phone_verified_at timestamp with time zone, email_verified_at timestamp with time zone, aadhaar_verified_at timestamp with time zone, aadhaar_last4 text, face_verified_at timestamp with time zone, is_fully_verified boolean, badges jsonb, standing text, rejection_reason text, required_documents jsonb, missing_documents jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select v.phone_verified_at, v.email_verified_at, v.aadhaar_verified_at, v.aadhaar_last4, v.face_verified_at,
         v.is_fully_verified, to_jsonb(verification.badges(v.user_id)),
         case when needed.types is not null then coalesce(p.status, 'pending') end, p.rejection_reason::text,
         coalesce(needed.types, '[]'), coalesce(needed.missing, '[]')
  from verification.user_verifications v
  left join verification.providers p on p.user_id = v.user_id
  cross join lateral (
    select jsonb_agg(r.type order by r.type) as types,
           jsonb_agg(r.type order by r.type) filter (where not verification.holds(v.user_id, r.type)) as missing
    from verification.required_types(v.user_id) as r (type)) as needed
  where v.user_id = app.actor() and v.marketplace = app.marketplace()
$$;

CREATE FUNCTION verification.note_aadhaar_reference(request_id uuid, provider_reference text) RETURNS TABLE(reference uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update verification.aadhaar_requests r set provider_reference = note_aadhaar_reference.provider_reference
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace()
  returning r.id
$$;

CREATE FUNCTION verification.open_document(document_id uuid) RETURNS TABLE(document jsonb, user_id uuid, full_name text, standing text, number_sealed text, pictures jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare opened verification.documents;
begin
  select * into opened from verification.documents d where d.id = document_id and d.marketplace = app.marketplace();
  if opened.id is null then return; end if;
  perform app.audit('verification.document_opened', 'verification', 'documents', opened.id::text,
    metadata => jsonb_build_object('user_id', opened.user_id));
  return query
    select verification.shown(opened), u.id, u.full_name::text, p.status, opened.number_sealed,
           (select jsonb_agg(f.object_name order by f.id = opened.back_upload_id)
            from identity.uploads f where f.id in (opened.upload_id, opened.back_upload_id))
    from identity.users u left join verification.providers p on p.user_id = u.id
    where u.id = opened.user_id;
end $$;

CREATE FUNCTION verification.picture(upload_id uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.object_name from identity.uploads u
  where u.id = picture.upload_id and u.user_id = app.actor() and u.marketplace = app.marketplace() and u.status = 'stored'
    and u.content_type in ('image/jpeg', 'image/png')
$$;

CREATE FUNCTION verification.required_types(person_id uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select distinct q.document_type::text
  from identity.user_roles r join verification.requirements q on q.marketplace = r.marketplace and q.role = r.role
  where r.user_id = person_id
$$;

CREATE FUNCTION verification.review_document(document_id uuid, decision text, reason text) RETURNS TABLE(document jsonb, user_id uuid, standing text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare reviewed verification.documents;
begin
  select * into reviewed from verification.documents d
  where d.id = document_id and d.marketplace = app.marketplace() for update;
  if reviewed.id is null then perform app.refuse('not_found'); end if;
  if reviewed.user_id = app.actor() then perform app.refuse('own_document'); end if;
  if reviewed.status <> 'pending' then perform app.refuse('document_reviewed'); end if;
  if decision = 'verified' and reviewed.expires_on < verification.today() then perform app.refuse('document_expired'); end if;
  update verification.documents d set status = decision, reason = review_document.reason, reviewed_by = app.actor(),
    reviewed_at = app.now()
  where d.id = reviewed.id returning d.* into reviewed;
  perform app.audit('verification.document_' || decision, 'verification', 'documents', reviewed.id::text,
    '{"status": "pending"}', jsonb_build_object('status', decision, 'reason', reviewed.reason),
    jsonb_build_object('user_id', reviewed.user_id, 'type', reviewed.type));
  if decision = 'rejected' then perform verification.withdraw_face(reviewed); end if;
  perform app.emit('verification.document_reviewed', jsonb_build_object('user_id', reviewed.user_id,
    'document_id', reviewed.id, 'type', reviewed.type, 'status', decision));
  return query select verification.shown(reviewed), reviewed.user_id, verification.assess(reviewed.user_id);
end $$;

CREATE FUNCTION verification.review_queue(status text, type text, after uuid, size integer) RETURNS TABLE(document jsonb, id uuid, user_id uuid, standing text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select verification.shown(d), d.id, d.user_id, p.status
  from verification.documents d left join verification.providers p on p.user_id = d.user_id
  where d.status = review_queue.status and d.marketplace = app.marketplace()
    and (review_queue.type is null or d.type = review_queue.type) and (after is null or d.id > after)
  order by d.id
  limit size
$$;

CREATE FUNCTION verification.seed_requirements(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare seeded integer;
begin
  create temporary table wanted on commit drop as
    select m.value ->> 'slug' as marketplace, r.key as role, t.value as document_type
    from jsonb_array_elements(configuration) as m, jsonb_each(m.value -> 'verification' -> 'documents') as r,
         jsonb_array_elements_text(r.value) as t;
  delete from verification.requirements q
  where not exists (select from wanted w
    where w.marketplace = q.marketplace and w.role = q.role and w.document_type = q.document_type);
  insert into verification.requirements (marketplace, role, document_type)
  select w.marketplace, w.role, w.document_type from wanted w
  on conflict on constraint requirements_pkey do nothing;
  select count(*) into seeded from wanted;
  return seeded;
end $$;

CREATE FUNCTION verification.settle_aadhaar(request_id uuid, outcome text) RETURNS TABLE(settled text, mine jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare request verification.aadhaar_requests;
begin
  settled := settle_aadhaar.outcome;
  select * into strict request from verification.aadhaar_requests r
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace() for update;
  if settled = 'provider_unavailable' then
    update verification.aadhaar_requests r set attempts = greatest(r.attempts - 1, 0) where r.id = request.id;
  elsif settled = 'verified' then
    begin
      update verification.user_verifications v set aadhaar_verified_at = app.now(), aadhaar_hash = request.aadhaar_hash,
        aadhaar_last4 = request.aadhaar_last4,
        metadata = v.metadata || jsonb_build_object('aadhaar', jsonb_build_object('provider_reference', request.provider_reference,
          'consented_at', request.consented_at))
      where v.user_id = app.actor();
    exception when unique_violation then
      settled := 'aadhaar_taken';
    end;
  end if;
  update verification.aadhaar_requests r set outcome = case settled
    when 'verified' then 'verified' when 'code_expired' then 'expired' when 'aadhaar_refused' then 'refused'
    when 'aadhaar_taken' then 'taken' end
  where r.id = request.id and settled not in ('wrong_code', 'provider_unavailable');
  perform app.audit('verification.aadhaar_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text, new_values => jsonb_build_object('last4', request.aadhaar_last4),
    metadata => jsonb_build_object('outcome', settled));
  if settled = 'verified' then
    perform app.emit('verification.level_verified', jsonb_build_object('user_id', app.actor(), 'level', 'aadhaar'));
    select to_jsonb(m) into mine from verification.mine() as m;
  end if;
  return next;
end $$;

CREATE FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, outcome text, similarity numeric, threshold numeric) RETURNS TABLE(settled text, attempts_left integer, mine jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from verification.user_verifications v where v.user_id = app.actor() and v.marketplace = app.marketplace() for update;
  select 4 - count(*)::integer into attempts_left from verification.face_attempts a
  where a.user_id = app.actor() and a.created_at > app.now() - interval '1 day';
  if attempts_left < 0 then
    settled := 'too_many_attempts';
    return next;
    return;
  end if;
  settled := settle_face.outcome;
  insert into verification.face_attempts (marketplace, user_id, selfie_upload_id, document_upload_id, outcome, similarity, threshold)
  values (app.marketplace(), app.actor(), settle_face.selfie_upload_id, settle_face.document_upload_id, settled,
    settle_face.similarity, settle_face.threshold);
  perform app.audit('verification.face_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text,
    metadata => jsonb_build_object('outcome', settled, 'similarity', settle_face.similarity, 'threshold', settle_face.threshold));
  if settled = 'verified' then
    update verification.user_verifications v set face_verified_at = app.now(),
      metadata = v.metadata || jsonb_build_object('face', jsonb_build_object('similarity', settle_face.similarity,
        'threshold', settle_face.threshold))
    where v.user_id = app.actor();
    perform app.emit('verification.level_verified', jsonb_build_object('user_id', app.actor(), 'level', 'face'));
    select to_jsonb(m) into mine from verification.mine() as m;
  end if;
  return next;
end $$;

CREATE TABLE verification.documents (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    type character varying(50) NOT NULL,
    upload_id uuid NOT NULL,
    back_upload_id uuid,
    number_sealed text,
    number_last4 character varying(4),
    expires_on date,
    status text DEFAULT 'pending'::text NOT NULL,
    reason character varying(500),
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    warned_days smallint,
    lapsed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT documents_number_check CHECK (((number_sealed IS NULL) = (number_last4 IS NULL))),
    CONSTRAINT documents_reason_check CHECK (((status = 'rejected'::text) = (reason IS NOT NULL))),
    CONSTRAINT documents_reviewed_at_check CHECK (((status = 'pending'::text) = (reviewed_at IS NULL))),
    CONSTRAINT documents_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'verified'::text, 'rejected'::text]))),
    CONSTRAINT documents_type_check CHECK (((type)::text = ANY ((ARRAY['government_id'::character varying, 'license'::character varying, 'nbi_clearance'::character varying, 'health_cert'::character varying, 'address_proof'::character varying, 'business_registration'::character varying, 'certification'::character varying, 'insurance'::character varying, 'other'::character varying])::text[])))
);

ALTER TABLE ONLY verification.documents FORCE ROW LEVEL SECURITY;

CREATE FUNCTION verification.shown(document verification.documents) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', document.id, 'type', document.type, 'upload_id', document.upload_id,
    'back_upload_id', document.back_upload_id, 'number_last4', document.number_last4, 'expires_on', document.expires_on,
    'is_expired', coalesce(document.expires_on < verification.today(), false), 'status', document.status,
    'reason', document.reason, 'reviewed_at', document.reviewed_at, 'created_at', document.created_at)
$$;

CREATE FUNCTION verification.submit_document(facts jsonb) RETURNS TABLE(document jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare made verification.documents; wanted uuid[];
begin
  wanted := array_remove(array[(facts ->> 'upload_id')::uuid, (facts ->> 'back_upload_id')::uuid], null);
  if (select count(*) from identity.uploads u
      where u.id = any (wanted) and u.user_id = app.actor() and u.marketplace = app.marketplace()
        and u.purpose = 'document' and u.status = 'stored') <> cardinality(wanted) then
    perform app.refuse('upload_not_found');
  end if;
  if (facts ->> 'expires_on')::date < verification.today() then perform app.refuse('document_expired'); end if;
  insert into verification.documents (marketplace, user_id, type, upload_id, back_upload_id, number_sealed, number_last4, expires_on)
  values (app.marketplace(), app.actor(), facts ->> 'type', (facts ->> 'upload_id')::uuid, (facts ->> 'back_upload_id')::uuid,
    facts ->> 'number_sealed', facts ->> 'number_last4', (facts ->> 'expires_on')::date)
  returning * into made;
  perform app.audit('verification.document_submitted', 'verification', 'documents', made.id::text,
    new_values => jsonb_build_object('type', made.type, 'status', made.status, 'expires_on', made.expires_on));
  perform verification.assess(app.actor());
  return query select verification.shown(made);
end $$;

CREATE FUNCTION verification.today() RETURNS date
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select (app.now() at time zone m.time_zone)::date from app.marketplaces m where m.slug = app.marketplace()
$$;

CREATE FUNCTION verification.try_aadhaar(request_id uuid) RETURNS TABLE(provider_reference text, attempts_left integer)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update verification.aadhaar_requests r set attempts = r.attempts + 1
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace() and r.outcome is null
    and r.provider_reference is not null and r.expires_at > app.now() and r.attempts < 5
  returning r.provider_reference, 5 - r.attempts
$$;

CREATE FUNCTION verification.watch_expiry(batch integer) RETURNS TABLE(looked_at integer, warned integer, lapsed integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare today date := verification.today(); due record;
begin
  looked_at := 0;
  warned := 0;
  lapsed := 0;
  for due in
    select d.id, d.user_id, d.type, d.expires_on, d.expires_on - today as days_left,
           exists (select from verification.documents n
                   where n.user_id = d.user_id and n.type = d.type and n.status = 'verified' and n.id <> d.id
                     and (n.expires_on is null or n.expires_on > d.expires_on)) as is_renewed
    from verification.documents d
    where d.status = 'verified' and d.lapsed_at is null and d.marketplace = app.marketplace()
      and d.expires_on <= today + 30
      and (d.expires_on < today or coalesce(d.warned_days, 31) > case
        when d.expires_on <= today + 1 then 1 when d.expires_on <= today + 7 then 7 else 30 end)
    order by d.expires_on limit batch for update skip locked
  loop
    looked_at := looked_at + 1;
    if due.days_left < 0 then
      update verification.documents d set lapsed_at = app.now() where d.id = due.id;
      lapsed := lapsed + 1;
      if not due.is_renewed then
        perform app.audit('verification.document_expired', 'verification', 'documents', due.id::text, user_id => due.user_id);
        perform app.emit('verification.document_expired', jsonb_build_object('user_id', due.user_id, 'document_id', due.id,
          'type', due.type, 'expires_on', due.expires_on));
      end if;
      perform verification.assess(due.user_id);
    else
      update verification.documents d set warned_days = case
        when due.days_left <= 1 then 1 when due.days_left <= 7 then 7 else 30 end
      where d.id = due.id;
      if not due.is_renewed then
        warned := warned + 1;
        perform app.emit('verification.document_expiring', jsonb_build_object('user_id', due.user_id, 'document_id', due.id,
          'type', due.type, 'expires_on', due.expires_on, 'days_left', due.days_left));
      end if;
    end if;
  end loop;
  return next;
end $$;

CREATE FUNCTION verification.withdraw_document(document_id uuid) RETURNS TABLE(id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare found_ verification.documents;
begin
  select * into found_ from verification.documents d
  where d.id = document_id and d.user_id = app.actor() and d.marketplace = app.marketplace() for update;
  if found_.id is null then return; end if;
  if found_.status <> 'pending' then perform app.refuse('document_reviewed'); end if;
  delete from verification.documents d where d.id = found_.id;
  perform app.audit('verification.document_withdrawn', 'verification', 'documents', found_.id::text,
    jsonb_build_object('type', found_.type, 'status', found_.status));
  perform verification.assess(app.actor());
  return query select found_.id;
end $$;

CREATE FUNCTION verification.withdraw_face(document verification.documents) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update verification.user_verifications v set face_verified_at = null, metadata = v.metadata - 'face'
  where v.user_id = document.user_id and v.face_verified_at is not null
    and (select a.document_upload_id from verification.face_attempts a
         where a.user_id = document.user_id and a.outcome = 'verified' order by a.id desc limit 1)
      in (document.upload_id, document.back_upload_id);
  if found then
    perform app.audit('verification.face_withdrawn', 'verification', 'user_verifications', document.user_id::text,
      metadata => jsonb_build_object('document_id', document.id));
  end if;
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

CREATE TABLE identity.contact_changes (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    old_destination text,
    new_destination text NOT NULL,
    old_hash text,
    new_hash text,
    old_otp_id uuid,
    new_otp_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT contact_changes_kind_check CHECK ((kind = ANY (ARRAY['email'::text, 'phone'::text]))),
    CONSTRAINT contact_changes_new_hash_check CHECK (((new_hash IS NOT NULL) = (kind = 'phone'::text)))
);

ALTER TABLE ONLY identity.contact_changes FORCE ROW LEVEL SECURITY;

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
    replaced_at timestamp with time zone,
    CONSTRAINT otps_attempts_check CHECK (((attempts >= 0) AND (attempts <= 5))),
    CONSTRAINT otps_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'whatsapp'::text, 'email'::text]))),
    CONSTRAINT otps_purpose_check CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'reset_password'::text, 'change_contact'::text])))
);

ALTER TABLE ONLY identity.otps FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.permissions (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    name character varying(60) NOT NULL,
    guard_name text DEFAULT 'api'::text NOT NULL,
    is_staff boolean NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT permissions_guard_name_check CHECK ((guard_name = 'api'::text)),
    CONSTRAINT permissions_name_check CHECK (((name)::text ~ '^[a-z_]+([.][a-z_]+)+$'::text))
);

ALTER TABLE ONLY identity.permissions FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.personal_access_tokens (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    name character varying(100) NOT NULL,
    token_hash character varying(64) NOT NULL,
    abilities text[] NOT NULL,
    mfa_at timestamp with time zone,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT personal_access_tokens_abilities_check CHECK ((((cardinality(abilities) >= 1) AND (cardinality(abilities) <= 50)) AND (array_position(abilities, NULL::text) IS NULL))),
    CONSTRAINT personal_access_tokens_name_check CHECK (((name)::text <> ''::text))
);

ALTER TABLE ONLY identity.personal_access_tokens FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.recovery_codes (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    user_id uuid NOT NULL,
    code_hash character varying(64) NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY identity.recovery_codes FORCE ROW LEVEL SECURITY;

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

CREATE TABLE identity.role_permissions (
    marketplace text NOT NULL,
    role character varying(40) NOT NULL,
    permission character varying(60) NOT NULL,
    is_granted boolean DEFAULT true NOT NULL,
    changed_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT role_permissions_is_granted_check CHECK ((is_granted OR (changed_by IS NOT NULL)))
);

ALTER TABLE ONLY identity.role_permissions FORCE ROW LEVEL SECURITY;

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
    impersonator_session_id uuid,
    mfa_at timestamp with time zone,
    CONSTRAINT sessions_revoked_at_check CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL))),
    CONSTRAINT sessions_revoked_reason_check CHECK ((revoked_reason = ANY (ARRAY['signed_out'::text, 'refresh_token_reused'::text, 'ended_by_owner'::text, 'password_changed'::text, 'contact_proven'::text, 'two_factor_changed'::text, 'ended_by_staff'::text, 'account_closed'::text])))
);

ALTER TABLE ONLY identity.sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.step_progress (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    session_id uuid NOT NULL,
    step_id character varying(50) NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    skipped_at timestamp with time zone,
    spent_seconds integer DEFAULT 0 NOT NULL,
    time_spent integer GENERATED ALWAYS AS ((spent_seconds / 60)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT step_progress_completed_at_check CHECK (((completed_at IS NOT NULL) = (status = 'completed'::text))),
    CONSTRAINT step_progress_data_check CHECK ((jsonb_typeof(data) = 'object'::text)),
    CONSTRAINT step_progress_skipped_at_check CHECK (((skipped_at IS NOT NULL) = (status = 'skipped'::text))),
    CONSTRAINT step_progress_spent_seconds_check CHECK ((spent_seconds >= 0)),
    CONSTRAINT step_progress_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'skipped'::text])))
);

ALTER TABLE ONLY identity.step_progress FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.tesla_authorizations (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    state_hash text NOT NULL,
    verifier_sealed text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY identity.tesla_authorizations FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.two_factor_challenges (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    token_hash character varying(64) NOT NULL,
    first_factor text NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    consumed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT two_factor_challenges_attempts_check CHECK (((attempts >= 0) AND (attempts <= 5))),
    CONSTRAINT two_factor_challenges_first_factor_check CHECK ((first_factor = ANY (ARRAY['password'::text, 'code'::text])))
);

ALTER TABLE ONLY identity.two_factor_challenges FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.user_permissions (
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    permission character varying(60) NOT NULL,
    granted_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY identity.user_permissions FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.user_roles (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    role character varying(40) NOT NULL,
    granted_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY identity.user_roles FORCE ROW LEVEL SECURITY;

CREATE TABLE notify.devices (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    endpoint_arn text NOT NULL,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    platform text NOT NULL,
    CONSTRAINT devices_platform_check CHECK ((platform = ANY (ARRAY['ios'::text, 'android'::text, 'web'::text])))
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
    contact_change_id uuid,
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

CREATE TABLE privacy.personal_data (
    table_name text NOT NULL,
    subject text NOT NULL,
    treatment text NOT NULL,
    anonymised jsonb DEFAULT '{}'::jsonb NOT NULL,
    retention text NOT NULL,
    exported boolean DEFAULT true NOT NULL,
    hidden text[] DEFAULT '{}'::text[] NOT NULL,
    shown jsonb DEFAULT '{}'::jsonb NOT NULL,
    object_name text,
    sealed jsonb DEFAULT '{}'::jsonb NOT NULL,
    at_deletion text,
    purge_order integer DEFAULT 100 NOT NULL,
    CONSTRAINT personal_data_anonymise_check CHECK (((treatment = 'anonymise'::text) = (anonymised <> '{}'::jsonb))),
    CONSTRAINT personal_data_anonymised_check CHECK ((jsonb_typeof(anonymised) = 'object'::text)),
    CONSTRAINT personal_data_sealed_check CHECK ((jsonb_typeof(sealed) = 'object'::text)),
    CONSTRAINT personal_data_shown_check CHECK ((jsonb_typeof(shown) = 'object'::text)),
    CONSTRAINT personal_data_treatment_check CHECK ((treatment = ANY (ARRAY['erase'::text, 'anonymise'::text, 'keep'::text])))
);

ALTER TABLE ONLY privacy.personal_data FORCE ROW LEVEL SECURITY;

CREATE TABLE privacy.retention_policies (
    table_name text NOT NULL,
    moment text NOT NULL,
    retain interval NOT NULL,
    reason text NOT NULL
);

ALTER TABLE ONLY privacy.retention_policies FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.aadhaar_requests (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    aadhaar_hash text NOT NULL,
    aadhaar_last4 text NOT NULL,
    provider_reference text,
    consented_at timestamp with time zone DEFAULT app.now() NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    outcome text,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT aadhaar_requests_aadhaar_last4_check CHECK ((aadhaar_last4 ~ '^[0-9]{4}$'::text)),
    CONSTRAINT aadhaar_requests_attempts_check CHECK (((attempts >= 0) AND (attempts <= 5))),
    CONSTRAINT aadhaar_requests_outcome_check CHECK ((outcome = ANY (ARRAY['verified'::text, 'expired'::text, 'refused'::text, 'taken'::text])))
);

ALTER TABLE ONLY verification.aadhaar_requests FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.face_attempts (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    selfie_upload_id uuid NOT NULL,
    document_upload_id uuid NOT NULL,
    outcome text NOT NULL,
    similarity numeric(5,2),
    threshold numeric(5,2) NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT face_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['verified'::text, 'face_mismatch'::text, 'no_face'::text, 'image_unusable'::text])))
);

ALTER TABLE ONLY verification.face_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.providers (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    verified_at timestamp with time zone,
    verified_by uuid,
    rejection_reason character varying(500),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT providers_rejection_reason_check CHECK (((status = 'rejected'::text) = (rejection_reason IS NOT NULL))),
    CONSTRAINT providers_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'under_review'::text, 'verified'::text, 'rejected'::text]))),
    CONSTRAINT providers_verified_at_check CHECK (((status = 'verified'::text) = (verified_at IS NOT NULL)))
);

ALTER TABLE ONLY verification.providers FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.requirements (
    marketplace text NOT NULL,
    role text NOT NULL,
    document_type character varying(50) NOT NULL
);

ALTER TABLE ONLY verification.requirements FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.user_verifications (
    user_id uuid NOT NULL,
    marketplace text NOT NULL,
    phone_verified_at timestamp with time zone,
    email_verified_at timestamp with time zone,
    aadhaar_verified_at timestamp with time zone,
    aadhaar_hash text,
    aadhaar_last4 text,
    face_verified_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_fully_verified boolean GENERATED ALWAYS AS (((phone_verified_at IS NOT NULL) AND (email_verified_at IS NOT NULL) AND (aadhaar_verified_at IS NOT NULL) AND (face_verified_at IS NOT NULL))) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT user_verifications_aadhaar_check CHECK ((num_nulls(aadhaar_verified_at, aadhaar_hash, aadhaar_last4) = ANY (ARRAY[0, 3]))),
    CONSTRAINT user_verifications_aadhaar_last4_check CHECK ((aadhaar_last4 ~ '^[0-9]{4}$'::text)),
    CONSTRAINT user_verifications_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text))
);

ALTER TABLE ONLY verification.user_verifications FORCE ROW LEVEL SECURITY;

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

ALTER TABLE ONLY identity.addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.contact_changes
    ADD CONSTRAINT contact_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.host_profiles
    ADD CONSTRAINT host_profiles_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY identity.onboarding_sessions
    ADD CONSTRAINT onboarding_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.permissions
    ADD CONSTRAINT permissions_name_key UNIQUE (marketplace, name);

ALTER TABLE ONLY identity.permissions
    ADD CONSTRAINT permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY identity.recovery_codes
    ADD CONSTRAINT recovery_codes_code_hash_key UNIQUE (user_id, code_hash);

ALTER TABLE ONLY identity.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY identity.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (marketplace, role, permission);

ALTER TABLE ONLY identity.roles
    ADD CONSTRAINT roles_name_key UNIQUE (marketplace, name);

ALTER TABLE ONLY identity.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.step_progress
    ADD CONSTRAINT step_progress_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.step_progress
    ADD CONSTRAINT step_progress_step_key UNIQUE (session_id, step_id);

ALTER TABLE ONLY identity.tenant_profiles
    ADD CONSTRAINT tenant_profiles_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY identity.tesla_accounts
    ADD CONSTRAINT tesla_accounts_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY identity.tesla_accounts
    ADD CONSTRAINT tesla_accounts_tesla_user_id_key UNIQUE (tesla_user_id, marketplace);

ALTER TABLE ONLY identity.tesla_authorizations
    ADD CONSTRAINT tesla_authorizations_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY identity.tesla_authorizations
    ADD CONSTRAINT tesla_authorizations_state_hash_key UNIQUE (state_hash);

ALTER TABLE ONLY identity.two_factor_challenges
    ADD CONSTRAINT two_factor_challenges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.two_factor_challenges
    ADD CONSTRAINT two_factor_challenges_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY identity.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.user_permissions
    ADD CONSTRAINT user_permissions_pkey PRIMARY KEY (user_id, permission);

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_role_key UNIQUE (user_id, role);

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

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY privacy.personal_data
    ADD CONSTRAINT personal_data_pkey PRIMARY KEY (table_name);

ALTER TABLE ONLY privacy.retention_policies
    ADD CONSTRAINT retention_policies_pkey PRIMARY KEY (table_name);

ALTER TABLE ONLY verification.aadhaar_requests
    ADD CONSTRAINT aadhaar_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY verification.face_attempts
    ADD CONSTRAINT face_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY verification.providers
    ADD CONSTRAINT providers_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY verification.requirements
    ADD CONSTRAINT requirements_pkey PRIMARY KEY (marketplace, role, document_type);

ALTER TABLE ONLY verification.user_verifications
    ADD CONSTRAINT user_verifications_pkey PRIMARY KEY (user_id);

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

CREATE UNIQUE INDEX addresses_default_key ON identity.addresses USING btree (user_id) WHERE is_default;

CREATE INDEX addresses_location_idx ON identity.addresses USING gist (location);

CREATE INDEX addresses_user_id_idx ON identity.addresses USING btree (user_id, created_at, id);

CREATE INDEX contact_changes_expires_at_idx ON identity.contact_changes USING btree (expires_at);

CREATE INDEX contact_changes_new_otp_id_idx ON identity.contact_changes USING btree (new_otp_id);

CREATE INDEX contact_changes_old_otp_id_idx ON identity.contact_changes USING btree (old_otp_id);

CREATE UNIQUE INDEX contact_changes_open_key ON identity.contact_changes USING btree (user_id, kind) WHERE (confirmed_at IS NULL);

CREATE INDEX contact_changes_user_id_idx ON identity.contact_changes USING btree (user_id, id);

CREATE INDEX onboarding_sessions_completed_at_idx ON identity.onboarding_sessions USING btree (completed_at);

CREATE INDEX onboarding_sessions_current_step_idx ON identity.onboarding_sessions USING btree (current_step);

CREATE UNIQUE INDEX onboarding_sessions_open_key ON identity.onboarding_sessions USING btree (user_id) WHERE (completed_at IS NULL);

CREATE INDEX onboarding_sessions_role_idx ON identity.onboarding_sessions USING btree (role);

CREATE INDEX onboarding_sessions_user_id_idx ON identity.onboarding_sessions USING btree (user_id, id);

CREATE UNIQUE INDEX otps_destination_key ON identity.otps USING btree (destination_hash, purpose, marketplace) WHERE (replaced_at IS NULL);

CREATE INDEX otps_expires_at_idx ON identity.otps USING btree (expires_at);

CREATE INDEX otps_history_idx ON identity.otps USING btree (destination_hash, id);

CREATE INDEX otps_user_id_idx ON identity.otps USING btree (user_id);

CREATE INDEX personal_access_tokens_expires_at_idx ON identity.personal_access_tokens USING btree (expires_at);

CREATE INDEX personal_access_tokens_user_id_idx ON identity.personal_access_tokens USING btree (user_id, id);

CREATE INDEX refresh_tokens_expires_at_idx ON identity.refresh_tokens USING btree (expires_at);

CREATE INDEX refresh_tokens_is_revoked_idx ON identity.refresh_tokens USING btree (is_revoked);

CREATE INDEX refresh_tokens_session_id_idx ON identity.refresh_tokens USING btree (session_id);

CREATE INDEX refresh_tokens_user_id_idx ON identity.refresh_tokens USING btree (user_id);

CREATE INDEX sessions_ended_idx ON identity.sessions USING btree (LEAST(revoked_at, expires_at));

CREATE INDEX sessions_impersonator_session_id_idx ON identity.sessions USING btree (impersonator_session_id) WHERE (impersonator_session_id IS NOT NULL);

CREATE INDEX sessions_seen_idx ON identity.sessions USING btree (user_id, user_agent);

CREATE INDEX sessions_user_id_idx ON identity.sessions USING btree (user_id) WHERE (revoked_at IS NULL);

CREATE INDEX step_progress_status_idx ON identity.step_progress USING btree (status);

CREATE INDEX step_progress_step_id_idx ON identity.step_progress USING btree (step_id);

CREATE INDEX tesla_accounts_expires_at_idx ON identity.tesla_accounts USING btree (expires_at) WHERE (status = 'linked'::text);

CREATE INDEX tesla_authorizations_expires_at_idx ON identity.tesla_authorizations USING btree (expires_at);

CREATE INDEX two_factor_challenges_expires_at_idx ON identity.two_factor_challenges USING btree (expires_at);

CREATE INDEX two_factor_challenges_user_id_idx ON identity.two_factor_challenges USING btree (user_id);

CREATE INDEX uploads_user_id_idx ON identity.uploads USING btree (user_id, id);

CREATE INDEX user_permissions_permission_idx ON identity.user_permissions USING btree (marketplace, permission);

CREATE INDEX user_roles_role_idx ON identity.user_roles USING btree (marketplace, role, user_id);

CREATE INDEX users_account_status_idx ON identity.users USING btree (account_status, marketplace, id);

CREATE INDEX users_active_idx ON identity.users USING btree (marketplace, created_at) WHERE (account_status = 'active'::text);

CREATE UNIQUE INDEX users_email_key ON identity.users USING btree (email, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_full_name_idx ON identity.users USING gin (to_tsvector('simple'::regconfig, (full_name)::text));

CREATE INDEX users_full_name_trigram_idx ON identity.users USING gin (full_name public.gin_trgm_ops);

CREATE UNIQUE INDEX users_phone_key ON identity.users USING btree (phone_hash, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_profile_photo_id_idx ON identity.users USING btree (profile_photo_id);

CREATE INDEX users_purge_idx ON identity.users USING btree (deleted_at) WHERE ((deleted_at IS NOT NULL) AND (purged_at IS NULL));

CREATE INDEX devices_user_id_idx ON notify.devices USING btree (user_id) WHERE (disabled_at IS NULL);

CREATE INDEX messages_event_id_idx ON ONLY notify.messages USING btree (event_id);

CREATE INDEX messages_provider_message_id_idx ON ONLY notify.messages USING btree (provider_message_id);

CREATE INDEX messages_unsent_idx ON ONLY notify.messages USING btree (id) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

CREATE INDEX messages_user_id_idx ON ONLY notify.messages USING btree (user_id, id);

CREATE INDEX messages_variables_idx ON ONLY notify.messages USING btree (id) WHERE (variables <> '{}'::jsonb);

CREATE INDEX space_secrets_owner_id_idx ON parking.space_secrets USING btree (owner_id);

CREATE INDEX spaces_listing_status_idx ON parking.spaces USING btree (marketplace, listing_status);

CREATE INDEX spaces_location_idx ON parking.spaces USING gist (location) WHERE (listing_status = 'active'::text);

CREATE INDEX spaces_owner_id_idx ON parking.spaces USING btree (owner_id, id);

CREATE INDEX consents_user_id_idx ON privacy.consents USING btree (user_id, purpose, id);

CREATE INDEX exports_expires_at_idx ON privacy.exports USING btree (expires_at) WHERE (erased_at IS NULL);

CREATE INDEX exports_user_id_idx ON privacy.exports USING btree (user_id, id);

CREATE INDEX aadhaar_requests_user_id_idx ON verification.aadhaar_requests USING btree (user_id, id);

CREATE INDEX documents_back_upload_id_idx ON verification.documents USING btree (back_upload_id);

CREATE INDEX documents_expires_on_idx ON verification.documents USING btree (expires_on, marketplace) WHERE ((status = 'verified'::text) AND (lapsed_at IS NULL));

CREATE UNIQUE INDEX documents_pending_key ON verification.documents USING btree (user_id, type) WHERE (status = 'pending'::text);

CREATE INDEX documents_reviewed_by_idx ON verification.documents USING btree (reviewed_by);

CREATE INDEX documents_status_idx ON verification.documents USING btree (status, marketplace, id);

CREATE INDEX documents_type_idx ON verification.documents USING btree (type, status);

CREATE INDEX documents_upload_id_idx ON verification.documents USING btree (upload_id);

CREATE INDEX documents_user_id_idx ON verification.documents USING btree (user_id, type, id);

CREATE INDEX face_attempts_user_id_idx ON verification.face_attempts USING btree (user_id, created_at);

CREATE INDEX providers_status_idx ON verification.providers USING btree (status, marketplace, user_id);

CREATE INDEX providers_verified_by_idx ON verification.providers USING btree (verified_by);

CREATE UNIQUE INDEX user_verifications_aadhaar_key ON verification.user_verifications USING btree (marketplace, aadhaar_hash);

CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE ON app.audit_logs FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('ip_address', 'user_agent', 'old_values', 'new_values', 'metadata');

CREATE TRIGGER marketplaces_touch BEFORE UPDATE ON app.marketplaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER settings_touch BEFORE UPDATE ON app.settings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER bookings_touch BEFORE UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER timeline_append_only BEFORE DELETE OR UPDATE ON booking.timeline FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('reason');

CREATE TRIGGER addresses_touch BEFORE UPDATE ON identity.addresses FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER host_profiles_touch BEFORE UPDATE ON identity.host_profiles FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER onboarding_sessions_touch BEFORE UPDATE ON identity.onboarding_sessions FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER permissions_touch BEFORE UPDATE ON identity.permissions FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER personal_access_tokens_touch BEFORE UPDATE ON identity.personal_access_tokens FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER role_permissions_touch BEFORE UPDATE ON identity.role_permissions FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER roles_touch BEFORE UPDATE ON identity.roles FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER tenant_profiles_touch BEFORE UPDATE ON identity.tenant_profiles FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER tesla_accounts_touch BEFORE UPDATE ON identity.tesla_accounts FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER uploads_touch BEFORE UPDATE ON identity.uploads FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER user_roles_standing AFTER INSERT OR DELETE ON identity.user_roles FOR EACH ROW EXECUTE FUNCTION verification.follow_roles();

CREATE TRIGGER users_activate BEFORE UPDATE OF phone_verified_at ON identity.users FOR EACH ROW WHEN (((old.account_status = 'pending'::text) AND (new.account_status = 'pending'::text) AND (old.phone_verified_at IS NULL) AND (new.phone_verified_at IS NOT NULL))) EXECUTE FUNCTION identity.activate_pending();

CREATE TRIGGER users_touch BEFORE UPDATE ON identity.users FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER users_verifications AFTER INSERT OR UPDATE OF phone_verified_at, email_verified_at, deleted_at ON identity.users FOR EACH ROW EXECUTE FUNCTION verification.follow_account();

CREATE TRIGGER devices_touch BEFORE UPDATE ON notify.devices FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER messages_touch BEFORE UPDATE ON notify.messages FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER space_secrets_touch BEFORE UPDATE ON parking.space_secrets FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER spaces_touch BEFORE UPDATE ON parking.spaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER consents_append_only BEFORE UPDATE ON privacy.consents FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('ip', 'user_agent');

CREATE TRIGGER aadhaar_requests_touch BEFORE UPDATE ON verification.aadhaar_requests FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER documents_touch BEFORE UPDATE ON verification.documents FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER providers_touch BEFORE UPDATE ON verification.providers FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER user_verifications_touch BEFORE UPDATE ON verification.user_verifications FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

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

ALTER TABLE ONLY identity.addresses
    ADD CONSTRAINT addresses_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.addresses
    ADD CONSTRAINT addresses_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.contact_changes
    ADD CONSTRAINT contact_changes_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.contact_changes
    ADD CONSTRAINT contact_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.host_profiles
    ADD CONSTRAINT host_profiles_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.host_profiles
    ADD CONSTRAINT host_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.onboarding_sessions
    ADD CONSTRAINT onboarding_sessions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.onboarding_sessions
    ADD CONSTRAINT onboarding_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.otps
    ADD CONSTRAINT otps_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.permissions
    ADD CONSTRAINT permissions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES identity.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.role_permissions
    ADD CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (marketplace, permission) REFERENCES identity.permissions(marketplace, name);

ALTER TABLE ONLY identity.role_permissions
    ADD CONSTRAINT role_permissions_role_fkey FOREIGN KEY (marketplace, role) REFERENCES identity.roles(marketplace, name);

ALTER TABLE ONLY identity.roles
    ADD CONSTRAINT roles_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_impersonator_session_id_fkey FOREIGN KEY (impersonator_session_id) REFERENCES identity.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.step_progress
    ADD CONSTRAINT step_progress_session_id_fkey FOREIGN KEY (session_id) REFERENCES identity.onboarding_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.tenant_profiles
    ADD CONSTRAINT tenant_profiles_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.tenant_profiles
    ADD CONSTRAINT tenant_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.tesla_accounts
    ADD CONSTRAINT tesla_accounts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.tesla_accounts
    ADD CONSTRAINT tesla_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.tesla_authorizations
    ADD CONSTRAINT tesla_authorizations_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.tesla_authorizations
    ADD CONSTRAINT tesla_authorizations_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.two_factor_challenges
    ADD CONSTRAINT two_factor_challenges_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.two_factor_challenges
    ADD CONSTRAINT two_factor_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.uploads
    ADD CONSTRAINT uploads_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.uploads
    ADD CONSTRAINT uploads_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.user_permissions
    ADD CONSTRAINT user_permissions_permission_fkey FOREIGN KEY (marketplace, permission) REFERENCES identity.permissions(marketplace, name);

ALTER TABLE ONLY identity.user_permissions
    ADD CONSTRAINT user_permissions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (marketplace, role) REFERENCES identity.roles(marketplace, name);

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_profile_photo_id_fkey FOREIGN KEY (profile_photo_id) REFERENCES identity.uploads(id) ON DELETE SET NULL;

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

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY verification.aadhaar_requests
    ADD CONSTRAINT aadhaar_requests_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.aadhaar_requests
    ADD CONSTRAINT aadhaar_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_back_upload_id_fkey FOREIGN KEY (back_upload_id) REFERENCES identity.uploads(id);

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_reviewed_by_fkey FOREIGN KEY (reviewed_by) REFERENCES identity.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES identity.uploads(id);

ALTER TABLE ONLY verification.documents
    ADD CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY verification.face_attempts
    ADD CONSTRAINT face_attempts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.face_attempts
    ADD CONSTRAINT face_attempts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY verification.providers
    ADD CONSTRAINT providers_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.providers
    ADD CONSTRAINT providers_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY verification.providers
    ADD CONSTRAINT providers_verified_by_fkey FOREIGN KEY (verified_by) REFERENCES identity.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY verification.requirements
    ADD CONSTRAINT requirements_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.user_verifications
    ADD CONSTRAINT user_verifications_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.user_verifications
    ADD CONSTRAINT user_verifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

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

ALTER TABLE identity.addresses ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_select ON identity.addresses FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.host_profiles FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.onboarding_sessions FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.personal_access_tokens FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.sessions FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.step_progress FOR SELECT TO vicinity_api USING ((EXISTS ( SELECT
   FROM identity.onboarding_sessions s
  WHERE ((s.id = step_progress.session_id) AND (s.user_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON identity.tenant_profiles FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.tesla_accounts FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.uploads FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.user_roles FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON identity.users FOR SELECT TO vicinity_api USING (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_update ON identity.users FOR UPDATE TO vicinity_api USING (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace)))) WITH CHECK (((id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE identity.contact_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.host_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.onboarding_sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.otps ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON identity.addresses TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.contact_changes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.host_profiles TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.onboarding_sessions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.otps TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.permissions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.personal_access_tokens TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.recovery_codes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.refresh_tokens TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.role_permissions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.roles TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.sessions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.step_progress TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.tenant_profiles TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.tesla_accounts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.tesla_authorizations TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.two_factor_challenges TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.uploads TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.user_permissions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.user_roles TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON identity.users TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE identity.permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.personal_access_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.recovery_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.refresh_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.role_permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.step_progress ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.tenant_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.tesla_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.tesla_authorizations ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.two_factor_challenges ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.uploads ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.user_permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.user_roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE identity.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON identity.addresses TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.contact_changes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.host_profiles TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.onboarding_sessions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.otps TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.permissions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.personal_access_tokens TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.recovery_codes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.refresh_tokens TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.role_permissions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.roles TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.sessions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.step_progress TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.tenant_profiles TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.tesla_accounts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.tesla_authorizations TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.two_factor_challenges TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.uploads TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.user_permissions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.user_roles TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON identity.users TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY api_select ON notify.devices FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

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

CREATE POLICY api_select ON privacy.consents FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON privacy.exports FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE privacy.consents ENABLE ROW LEVEL SECURITY;

ALTER TABLE privacy.exports ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON privacy.consents TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON privacy.exports TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON privacy.personal_data TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON privacy.retention_policies TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE privacy.personal_data ENABLE ROW LEVEL SECURITY;

ALTER TABLE privacy.retention_policies ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON privacy.consents TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON privacy.exports TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON privacy.personal_data TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON privacy.retention_policies TO vicinity_worker USING (true) WITH CHECK (true);

ALTER TABLE verification.aadhaar_requests ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_select ON verification.documents FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON verification.providers FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON verification.user_verifications FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE verification.documents ENABLE ROW LEVEL SECURITY;

ALTER TABLE verification.face_attempts ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON verification.aadhaar_requests TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.documents TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.face_attempts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.providers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.requirements TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.user_verifications TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE verification.providers ENABLE ROW LEVEL SECURITY;

ALTER TABLE verification.requirements ENABLE ROW LEVEL SECURITY;

ALTER TABLE verification.user_verifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON verification.aadhaar_requests TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.documents TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.face_attempts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.providers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.requirements TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.user_verifications TO vicinity_worker USING (true) WITH CHECK (true);

GRANT USAGE ON SCHEMA admin TO vicinity_api;

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

GRANT USAGE ON SCHEMA privacy TO vicinity_api;
GRANT USAGE ON SCHEMA privacy TO vicinity_worker;

GRANT USAGE ON SCHEMA verification TO vicinity_api;
GRANT USAGE ON SCHEMA verification TO vicinity_worker;

REVOKE ALL ON FUNCTION app.now() FROM PUBLIC;
GRANT ALL ON FUNCTION app.now() TO vicinity_api;
GRANT ALL ON FUNCTION app.now() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.uuid_v7() FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid_v7() TO vicinity_api;
GRANT ALL ON FUNCTION app.uuid_v7() TO vicinity_worker;

GRANT SELECT(id) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(full_name),UPDATE(full_name) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(email) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(email_verified_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(phone_verified_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(account_status) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(preferred_language),UPDATE(preferred_language) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(last_login_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(last_active_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(created_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(phone_sealed) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(phone_hash) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(first_name) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(last_name) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(date_of_birth) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(gender) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(profile_photo_id) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(onboarding_completed) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(notification_preferences) ON TABLE identity.users TO vicinity_api;

GRANT SELECT(contact_visibility) ON TABLE identity.users TO vicinity_api;

REVOKE ALL ON FUNCTION admin.account(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.hold_account(user_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.list_audit_logs(wanted jsonb, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.list_audit_logs(wanted jsonb, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.list_roles() FROM PUBLIC;
GRANT ALL ON FUNCTION admin.list_roles() TO vicinity_api;

REVOKE ALL ON FUNCTION admin.role(role identity.roles) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.search_accounts(wanted jsonb, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.search_accounts(wanted jsonb, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.set_role_permission(role_name text, permission text, granted boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.set_role_permission(role_name text, permission text, granted boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.set_user_permission(user_id uuid, permission text, granted boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.set_user_permission(user_id uuid, permission text, granted boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.set_user_role(user_id uuid, role_name text, granted boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.set_user_role(user_id uuid, role_name text, granted boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.show_account(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.show_account(user_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION app.actor() FROM PUBLIC;
GRANT ALL ON FUNCTION app.actor() TO vicinity_api;
GRANT ALL ON FUNCTION app.actor() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.audit(action text, category text, table_name text, record_id text, old_values jsonb, new_values jsonb, metadata jsonb, user_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.audit_impersonation(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_impersonation(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.audit_impersonation(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.caller_network() FROM PUBLIC;
GRANT ALL ON FUNCTION app.caller_network() TO vicinity_api;
GRANT ALL ON FUNCTION app.caller_network() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.cancel_timer(kind text, subject_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.check_caller(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.check_caller(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.check_caller(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.check_permission(person_id uuid, permission text, marketplace text, has_second_factor boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.check_token(context jsonb, access text) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.is_active(account_status text, suspended_until timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_api;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.is_impersonator(session_id uuid, impersonator text) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_api;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.largest_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION app.largest_tables() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.marketplace() FROM PUBLIC;
GRANT ALL ON FUNCTION app.marketplace() TO vicinity_api;
GRANT ALL ON FUNCTION app.marketplace() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.network_of(ip inet) FROM PUBLIC;
GRANT ALL ON FUNCTION app.network_of(ip inet) TO vicinity_api;
GRANT ALL ON FUNCTION app.network_of(ip inet) TO vicinity_worker;

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

REVOKE ALL ON FUNCTION app.refuse_change_but_purge() FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.touch_token(token_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.touch_token(token_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION app.touch_token(token_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.touch_updated_at() FROM PUBLIC;
GRANT ALL ON FUNCTION app.touch_updated_at() TO vicinity_api;
GRANT ALL ON FUNCTION app.touch_updated_at() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.unused_indexes() FROM PUBLIC;
GRANT ALL ON FUNCTION app.unused_indexes() TO vicinity_worker;

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

REVOKE ALL ON FUNCTION identity.account(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.activate_pending() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.admit(person_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE identity.uploads TO vicinity_api;

REVOKE ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.appoint_super_admin(marketplace text, address text, full_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.begin_challenge(token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_challenge(token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_code jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_code jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_login(email text, phone_hash text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_login(email text, phone_hash text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_proof() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_proof() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_sign_up() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_sign_up() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_tesla_link(state_hash text, verifier_sealed text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_tesla_link(state_hash text, verifier_sealed text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.claim_tesla_tokens(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.claim_tesla_tokens(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.cleanup_expired_tokens(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.cleanup_expired_tokens(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.come_in(person_id uuid, token_hash text, method text, second_factor boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.complete_onboarding() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.complete_onboarding() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.confirm_contact_change(kind text, new_code jsonb, old_code jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.confirm_contact_change(kind text, new_code jsonb, old_code jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.confirm_two_factor(session_id uuid, step bigint, code_hashes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.confirm_two_factor(session_id uuid, step bigint, code_hashes jsonb) TO vicinity_api;

GRANT SELECT ON TABLE identity.onboarding_sessions TO vicinity_api;

REVOKE ALL ON FUNCTION identity.count_time(session identity.onboarding_sessions, step text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.delete_access_token(token_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.delete_access_token(token_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.draw_attempt(identifier_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.draw_code(destination_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.end_other_sessions(current_session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_other_sessions(current_session uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.end_own_session(session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_own_session(session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.end_session(session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_session(session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.find_tesla_link(state_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.find_tesla_link(state_hash text) TO vicinity_api;

GRANT SELECT(user_id) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(tesla_user_id) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(region) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(scopes) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(expires_at) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(status) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(last_error) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(refreshed_at) ON TABLE identity.tesla_accounts TO vicinity_api;

GRANT SELECT(created_at) ON TABLE identity.tesla_accounts TO vicinity_api;

REVOKE ALL ON FUNCTION identity.finish_tesla_link(state_hash text, tokens jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.finish_tesla_link(state_hash text, tokens jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.forget_two_factor(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.has_permission(person_id uuid, permission text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.impersonate(user_id uuid, own_session_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.impersonate(user_id uuid, own_session_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.is_staff(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.my_onboarding() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.my_onboarding() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.my_profile() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.my_profile() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.note_activity(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.note_activity(person_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.open_challenge(person_id uuid, token_hash text, first_factor text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.open_contact_change(kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.open_contact_change(kind text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.open_onboarding() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.open_session(person_id uuid, token_hash text, second_factor boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.pause_onboarding(pause boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.pause_onboarding(pause boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.permissions_in(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.person_at(email text, phone_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.prove_contact(person_id uuid, email text, phone_hash text, is_inside boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.public_profile(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.public_profile(user_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.record_step(step text, status text, data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.record_step(step text, status text, data jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.remove_address(address_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.remove_address(address_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone_hash text, channel text, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.request_code(otp_id uuid, destination_hash text, code_hash text, email text, phone_hash text, channel text, purpose text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.reset_password(destination_hash text, code_hash text, email text, phone_hash text, password_hash text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.reset_password(destination_hash text, code_hash text, email text, phone_hash text, password_hash text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.revoke_other_sessions(person_id uuid, kept uuid, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.revoke_session(session_id uuid, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.roles_of(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.roles_of(person_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION identity.roles_of(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.rotate_refresh_token(token_hash text, next_token_hash text) TO vicinity_api;

GRANT SELECT ON TABLE identity.addresses TO vicinity_api;

REVOKE ALL ON FUNCTION identity.save_address(facts jsonb, is_new boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.save_address(facts jsonb, is_new boolean) TO vicinity_api;

GRANT SELECT ON TABLE identity.host_profiles TO vicinity_api;

REVOKE ALL ON FUNCTION identity.save_host_profile(facts jsonb, is_new boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.save_host_profile(facts jsonb, is_new boolean) TO vicinity_api;

GRANT SELECT ON TABLE identity.tenant_profiles TO vicinity_api;

REVOKE ALL ON FUNCTION identity.save_tenant_profile(facts jsonb, is_new boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.save_tenant_profile(facts jsonb, is_new boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.seed_roles(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.settle_challenge(challenge_hash text, step bigint, recovery_hash text, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_challenge(challenge_hash text, step bigint, recovery_hash text, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_password(session_id uuid, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_password(session_id uuid, password_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.settle_upload(upload_id uuid, status text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_upload(upload_id uuid, status text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.start_onboarding(role text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.start_onboarding(role text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.start_two_factor(secret text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.start_two_factor(secret text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.suspension_of(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.suspension_of(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.try_code(destination_hash text, code_hash text, purpose text, person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.unlink_tesla() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.unlink_tesla() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.update_profile(changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.update_profile(changes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.use_second_factor(person_id uuid, step bigint, recovery_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.use_tesla_tokens() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.use_tesla_tokens() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone_hash text, own_session uuid, token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.verify_code(destination_hash text, code_hash text, email text, phone_hash text, own_session uuid, token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.write_code(otp_id uuid, destination_hash text, code_hash text, channel text, purpose text, person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.write_recovery_codes(code_hashes jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION notify.claim(message_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.claim(message_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.claim_code(event_id uuid, otp_id uuid, channel text) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.contact_of_change(change_id uuid, code_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION notify.disable_device(endpoint_arn text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.disable_device(endpoint_arn text) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.enqueue(event_id uuid, messages jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.enqueue(event_id uuid, messages jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION notify.message_id(event_id uuid, recipient uuid, channel text) FROM PUBLIC;

REVOKE ALL ON FUNCTION notify.register_device(platform text, endpoint_arn text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.register_device(platform text, endpoint_arn text) TO vicinity_api;

REVOKE ALL ON FUNCTION notify.remove_device(device_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.remove_device(device_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION notify.settle(message_id uuid, status text, provider_message_id text, error text) FROM PUBLIC;
GRANT ALL ON FUNCTION notify.settle(message_id uuid, status text, provider_message_id text, error text) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) TO vicinity_api;

GRANT SELECT ON TABLE parking.public_spaces TO vicinity_api;

REVOKE ALL ON FUNCTION parking.list_space(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.list_space(details jsonb) TO vicinity_api;

GRANT SELECT(id) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(user_id) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(purpose) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(version) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(is_given) ON TABLE privacy.consents TO vicinity_api;

GRANT SELECT(created_at) ON TABLE privacy.consents TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.answer_consent(purpose text, version text, is_given boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.answer_consent(purpose text, version text, is_given boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.apply_retention(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.apply_retention(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.begin_deletion() FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.begin_deletion() TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.check_deletable(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.debts(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.delete_account(codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.delete_account(codes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.due_purges(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.due_purges(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.expired_exports(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.expired_exports(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.mark_erased(export_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.mark_erased(export_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.plan_export(export_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.plan_export(export_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.purge(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.purge(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.read_rows(person_id uuid, table_name text, after bigint, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.read_rows(person_id uuid, table_name text, after bigint, size integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.redact(recorded jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.register(table_name text, subject text, treatment text, retention text, anonymised jsonb, exported boolean, hidden text[], shown jsonb, object_name text, sealed jsonb, at_deletion text, purge_order integer) FROM PUBLIC;

GRANT SELECT ON TABLE privacy.exports TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.request_export() FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.request_export() TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.settle_export(export_id uuid, bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.settle_export(export_id uuid, bytes bigint) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.ask_aadhaar(aadhaar_hash text, aadhaar_last4 text) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.ask_aadhaar(aadhaar_hash text, aadhaar_last4 text) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.assess(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.badges(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.badges(person_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION verification.badges(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.follow_account() FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.follow_roles() FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.holds(person_id uuid, document_type text) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.is_eligible(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.is_eligible(person_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION verification.is_eligible(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.mine() FROM PUBLIC;
GRANT ALL ON FUNCTION verification.mine() TO vicinity_api;

REVOKE ALL ON FUNCTION verification.note_aadhaar_reference(request_id uuid, provider_reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.note_aadhaar_reference(request_id uuid, provider_reference text) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.open_document(document_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.open_document(document_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.picture(upload_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.required_types(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.review_document(document_id uuid, decision text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.review_document(document_id uuid, decision text, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.review_queue(status text, type text, after uuid, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.review_queue(status text, type text, after uuid, size integer) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.seed_requirements(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.settle_aadhaar(request_id uuid, outcome text) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.settle_aadhaar(request_id uuid, outcome text) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, outcome text, similarity numeric, threshold numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, outcome text, similarity numeric, threshold numeric) TO vicinity_api;

GRANT SELECT(id) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(user_id) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(type) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(upload_id) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(back_upload_id) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(number_last4) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(expires_on) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(status) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(reason) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(reviewed_at) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(created_at) ON TABLE verification.documents TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE verification.documents TO vicinity_api;

REVOKE ALL ON FUNCTION verification.shown(document verification.documents) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.submit_document(facts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.submit_document(facts jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.today() FROM PUBLIC;
GRANT ALL ON FUNCTION verification.today() TO vicinity_api;
GRANT ALL ON FUNCTION verification.today() TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.try_aadhaar(request_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.try_aadhaar(request_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.watch_expiry(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.watch_expiry(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.withdraw_document(document_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.withdraw_document(document_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.withdraw_face(document verification.documents) FROM PUBLIC;

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

GRANT SELECT(id) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(user_id) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(name) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(abilities) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(last_used_at) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(expires_at) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(created_at) ON TABLE identity.personal_access_tokens TO vicinity_api;

GRANT SELECT(id) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(user_id) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(ip) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(user_agent) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(created_at) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(last_used_at) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(expires_at) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(revoked_at) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT(impersonator_session_id) ON TABLE identity.sessions TO vicinity_api;

GRANT SELECT ON TABLE identity.step_progress TO vicinity_api;

GRANT SELECT ON TABLE identity.user_roles TO vicinity_api;

GRANT SELECT ON TABLE notify.devices TO vicinity_api;

GRANT SELECT ON TABLE parking.space_secrets TO vicinity_api;

GRANT SELECT ON TABLE verification.providers TO vicinity_api;

GRANT SELECT(user_id) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(phone_verified_at) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(email_verified_at) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(aadhaar_verified_at) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(aadhaar_last4) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(face_verified_at) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(is_fully_verified) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(created_at) ON TABLE verification.user_verifications TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE verification.user_verifications TO vicinity_api;

ALTER DEFAULT PRIVILEGES FOR ROLE vicinity_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
