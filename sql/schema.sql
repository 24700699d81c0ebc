CREATE SCHEMA admin;

CREATE SCHEMA app;

CREATE SCHEMA booking;

CREATE SCHEMA identity;

CREATE SCHEMA money;

CREATE SCHEMA notify;

CREATE SCHEMA parking;

CREATE SCHEMA privacy;

CREATE SCHEMA reviews;

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

CREATE TYPE parking.search_terms AS (
	starts_at timestamp with time zone,
	ends_at timestamp with time zone,
	seconds bigint,
	longest double precision,
	horizon timestamp with time zone,
	basis_points integer,
	max_total_amount bigint,
	length_inches integer,
	width_inches integer,
	height_inches integer
);

CREATE FUNCTION app.now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
$$;

CREATE FUNCTION app.uuid_v7() RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  ms bigint := floor(extract(epoch from app.now() + (clock_timestamp() - now())) * 1000)::bigint;
  made text := (coalesce(nullif(current_setting('app.ids', true), ''), '0')::bigint + 1)::text;
begin
  made := set_config('app.ids', made, true);
  return encode(int8send((ms << 16) | 28672 | (made::bigint & 4095)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid;
end $$;

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
    standing_before text,
    contact_lost_at timestamp with time zone,
    CONSTRAINT users_account_status_check CHECK ((account_status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'banned'::text, 'deleted'::text]))),
    CONSTRAINT users_contact_check CHECK (((email IS NOT NULL) OR (phone_hash IS NOT NULL) OR (account_status = 'deleted'::text) OR (contact_lost_at IS NOT NULL))),
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
    CONSTRAINT users_standing_before_check CHECK (((standing_before IS NULL) OR ((standing_before = ANY (ARRAY['pending'::text, 'active'::text])) AND (account_status = ANY (ARRAY['suspended'::text, 'banned'::text, 'deleted'::text]))))),
    CONSTRAINT users_status_reason_check CHECK (((status_reason IS NULL) OR (account_status = ANY (ARRAY['suspended'::text, 'banned'::text])))),
    CONSTRAINT users_suspended_until_check CHECK (((suspended_until IS NULL) OR (account_status = 'suspended'::text))),
    CONSTRAINT users_two_factor_check CHECK (((two_factor_confirmed_at IS NULL) OR (two_factor_secret IS NOT NULL)))
);

ALTER TABLE ONLY identity.users FORCE ROW LEVEL SECURITY;

CREATE FUNCTION admin.account(person identity.users) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select identity.account(person) || jsonb_build_object(
    'permissions', (select coalesce(jsonb_agg(p.permission order by p.permission), '[]') from identity.user_permissions p
      where p.user_id = person.id),
    'reason', person.status_reason, 'until', person.suspended_until,
    'has_second_factor', person.two_factor_confirmed_at is not null, 'last_login_at', person.last_login_at)
$$;

CREATE FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) RETURNS TABLE(id uuid, account_status text, reason text, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; changed identity.users;
begin
  -- The role's lock, before any account's: of two super admins who close each other's accounts, one comes second.
  if wanted_status <> 'active' and 'super_admin' = any (identity.roles_of(change_status.user_id)) then
    perform from identity.roles r where r.marketplace = app.marketplace() and r.name = 'super_admin' for update;
    perform identity.check_super_admins(change_status.user_id);
  end if;
  person := admin.hold_account(change_status.user_id);
  if wanted_status = 'active' and person.account_status <> 'pending' then wanted_status := identity.standing_before(person); end if;
  -- Neither an end nor a suspension in its place lifts what another permission has set.
  if person.account_status = 'banned' and wanted_status <> 'banned'
    and not identity.has_permission(app.actor(), 'accounts.ban') then perform app.refuse('forbidden'); end if;
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
      identity.suspension_of(changed) || jsonb_build_object('user_id', person.id));
    if changed.account_status in ('suspended', 'banned') then perform parking.pause_spaces(person.id); end if;
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
  perform from identity.users u
  where u.id in (hold_account.user_id, app.actor()) and u.marketplace = app.marketplace() order by u.id for update;
  if not exists (
    select from identity.users u where u.id = app.actor() and app.is_active(u.account_status, u.suspended_until)) then
    perform app.refuse('account_suspended');
  end if;
  select * into person from identity.users u
  where u.id = hold_account.user_id and u.marketplace = app.marketplace();
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

CREATE FUNCTION admin.restore_account(user_id uuid) RETURNS TABLE(id uuid, account_status text, reason text, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select * from admin.restore_deleted(restore_account.user_id);
  if not found then return query select * from admin.change_status(restore_account.user_id, 'active', null, null); end if;
end $$;

CREATE FUNCTION admin.restore_deleted(user_id uuid) RETURNS TABLE(id uuid, account_status text, reason text, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (select from identity.users u
                 where u.id = restore_deleted.user_id and u.marketplace = app.marketplace() and u.deleted_at is not null) then
    return;
  end if;
  if not identity.has_permission(app.actor(), 'accounts.ban') then perform app.refuse('forbidden'); end if;
  if identity.is_staff(restore_deleted.user_id) and not identity.has_permission(app.actor(), 'roles.manage') then
    perform app.refuse('staff_account');
  end if;
  if not privacy.reopen(restore_deleted.user_id) then perform app.refuse('account_purged'); end if;
  return query select u.id, u.account_status, u.status_reason::text, u.suspended_until from identity.users u
    where u.id = restore_deleted.user_id;
end $$;

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
    if held.name = 'super_admin' then perform identity.check_super_admins(person.id); end if;
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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  update app.timers t set settled_at = app.now(), outcome = 'cancelled'
  where t.kind = cancel_timer.kind and t.subject_id = cancel_timer.subject_id and t.settled_at is null;
end $$;

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
  select u.id, u.account_status, u.suspended_until, u.standing_before, s.revoked_at, s.expires_at, s.mfa_at, s.impersonator_session_id into caller
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
  if access <> 'everyone' and not context ? 'own' and app.is_pending(caller.account_status, caller.standing_before) then
    return '{"constraint": "account_pending"}';
  end if;
  if access not in ('everyone', 'signed_in') then
    refusal := app.check_permission(caller.id, access, context ->> 'marketplace', caller.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  return null;
end $$;

CREATE FUNCTION app.check_permission(person_id uuid, permission text, marketplace text, has_second_factor boolean) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return case
    when not identity.has_permission(person_id, check_permission.permission) then 'forbidden'
    when not has_second_factor and (
      select p.is_staff from identity.permissions p
      where p.marketplace = check_permission.marketplace and p.name = check_permission.permission) then 'two_factor_required'
  end;
end $$;

CREATE FUNCTION app.check_token(context jsonb, access text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare token record; refusal text;
begin
  select t.user_id, t.abilities, t.mfa_at, t.expires_at, u.account_status, u.suspended_until, u.standing_before into token
  from identity.personal_access_tokens t join identity.users u on u.id = t.user_id and u.marketplace = t.marketplace
  where t.id = (context ->> 'session')::uuid and t.user_id = (context ->> 'actor')::uuid
    and t.marketplace = context ->> 'marketplace' and t.token_hash = context ->> 'token_hash';
  if not found or token.expires_at <= app.now() then return '{"constraint": "invalid_token"}'; end if;
  if not app.is_active(token.account_status, token.suspended_until) then
    return jsonb_build_object('constraint', 'account_suspended', 'facts', identity.suspension_of(token.user_id));
  end if;
  if access = 'everyone' then return null; end if;
  if not context ? 'own' and app.is_pending(token.account_status, token.standing_before) then
    return '{"constraint": "account_pending"}';
  end if;
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

CREATE FUNCTION app.draw_change(actor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.draw('changes:' || draw_change.actor, 10000, interval '1 hour');
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

CREATE FUNCTION app.has_no_change(actor text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return exists (
    select from app.rate_limits r
    where r.bucket = 'changes:' || has_no_change.actor and r.full_at + interval '0.36 seconds' > app.now() + interval '1 hour');
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
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if session_id is null then return impersonator is null; end if;
  return exists (
    select from identity.sessions s join identity.users u on u.id = s.user_id
    where s.id = session_id and s.user_id = impersonator::uuid and s.revoked_at is null and s.expires_at > app.now()
      and s.mfa_at is not null
      and u.account_status = 'active' and identity.has_permission(u.id, 'accounts.impersonate'));
end $$;

CREATE FUNCTION app.is_pending(account_status text, standing_before text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select 'pending' in (account_status, coalesce(standing_before, ''))
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

CREATE FUNCTION app.lock_around(parent regclass, mode text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare target text; attempt integer := 0; is_first boolean;
  targets text[] := array(
    select c.confrelid::regclass::text from pg_constraint c where c.contype = 'f' and c.conrelid = lock_around.parent
    union
    select c.conrelid::regclass::text from pg_constraint c
    where c.contype = 'f' and c.confrelid = lock_around.parent and c.conparentid = 0
    union
    -- Attached to while others insert; detached from alone.
    select lock_around.parent::text where lock_around.mode = 'access exclusive');
begin
  loop
    begin
      is_first := true;
      foreach target in array targets loop
        -- Whoever inserts stands behind this one for so long.
        perform set_config('lock_timeout', case when is_first then '300ms' else '20ms' end, true);
        execute format('lock table %s in %s mode', target, mode);
        is_first := false;
      end loop;
      return;
    exception when lock_not_available then
      attempt := attempt + 1;
      if attempt = 30 then raise; end if;
      targets := target || array_remove(targets, target);
    end;
  end loop;
end $$;

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
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
begin
  return jsonb_build_object('latitude', st_y(location::geometry), 'longitude', st_x(location::geometry));
end $$;

CREATE FUNCTION app.point(latitude double precision, longitude double precision) RETURNS public.geography
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
declare lat float8 := round(latitude::numeric, 9)::float8; lon float8 := round(longitude::numeric, 9)::float8;
begin
  return st_setsrid(st_makepoint(case when abs(lat) = 90 then 0 when lon = -180 then 180 else lon end, lat), 4326)::geography;
end $$;

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

CREATE FUNCTION app.rotate_partitions(at_most integer DEFAULT 2147483647) RETURNS TABLE(partition text, change text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  policy app.partition_policies; key name; step interval; lower_ timestamptz; upper_ timestamptz; child text; existing record; held boolean;
  made integer := 0;
begin
  for policy in select * from app.partition_policies order by parent loop
    step := ('1 ' || policy.period)::interval;
    select a.attname into strict key from pg_partitioned_table t join pg_attribute a on a.attrelid = t.partrelid
    where t.partrelid = policy.parent::regclass and a.attnum = t.partattrs[0];
    lower_ := date_trunc(policy.period, policy.since, 'UTC');
    while lower_ <= app.now() + step * policy.ahead loop
      upper_ := (lower_ at time zone 'UTC' + step) at time zone 'UTC';
      child := policy.parent || app.partition_suffix(policy.period, lower_);
      if to_regclass(child) is null and (policy.retain is null or upper_ >= app.now() - policy.retain) then
        execute format('create table %s (like %s including all)', child, policy.parent);
        execute format('alter table %s add constraint partition_bounds check (%I >= %L and %I < %L)',
          child, key, app.uuid_v7_floor(lower_), key, app.uuid_v7_floor(upper_));
        perform app.lock_around(policy.parent::regclass, 'share row exclusive');
        execute format('alter table %s attach partition %s for values from (%L) to (%L)',
          policy.parent, child, app.uuid_v7_floor(lower_), app.uuid_v7_floor(upper_));
        execute format('alter table %s drop constraint partition_bounds', child);
        perform app.protect(child::regclass);
        partition := child; change := 'created'; return next;
        made := made + 1;
        if made >= at_most then return; end if;
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
      perform app.lock_around(policy.parent::regclass, 'access exclusive');
      execute format('alter table %s detach partition %s', policy.parent, existing.name);
      execute format('drop table %s', existing.name);
      partition := existing.name; change := 'dropped'; return next;
      made := made + 1;
      if made >= at_most then return; end if;
    end loop;
  end loop;
end $$;

CREATE FUNCTION app.run(context jsonb, statement text, args text) RETURNS SETOF jsonb
    LANGUAGE plpgsql
    AS $$
declare
  row_ record; answer jsonb[] := '{}'; earlier jsonb; refusal jsonb; keyed boolean := context ? 'idempotency_key'; wrote boolean;
  item jsonb; bytes integer := 0; cut boolean := false; counted boolean := false;
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
    if context ? 'limited' then
      if app.has_no_change(context ->> 'actor') then
        return next '{"refused": {"constraint": "too_many_requests"}}'::jsonb;
        return;
      end if;
      counted := true;
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
    if context ->> 'actor' is not null and not context ? 'impersonator' then
      perform identity.note_activity((context ->> 'actor')::uuid);
    end if;
    if context ? 'token_hash' then perform app.touch_token((context ->> 'session')::uuid); end if;
    -- Last, so that two requests of one person wait for each other for no longer than a commit.
    if counted then perform app.draw_change(context ->> 'actor'); end if;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, constraint_ = constraint_name, table_ = table_name,
      column_ = column_name, message_ = message_text, detail_ = pg_exception_detail;
    -- What was refused counts as well: the context was rolled back with it.
    if counted then
      perform app.set_context(context);
      perform app.draw_change(context ->> 'actor');
    end if;
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
    LANGUAGE plpgsql
    AS $$
begin
  perform set_config('app.marketplace', coalesce(context ->> 'marketplace', ''), true),
          set_config('app.actor', coalesce(context ->> 'actor', ''), true),
          set_config('app.now', coalesce(context ->> 'now', ''), true),
          set_config('app.request', jsonb_build_object('id', context ->> 'request_id', 'ip', context ->> 'ip',
            'user_agent', context ->> 'user_agent')::text, true),
          set_config('app.emitted', '0', true);
end $$;

CREATE FUNCTION app.set_timer(kind text, subject_id uuid, due_at timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare timer_id uuid;
begin
  insert into app.timers as t (marketplace, kind, subject_id, due_at)
  values (app.marketplace(), set_timer.kind, set_timer.subject_id, set_timer.due_at)
  on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at
  returning t.id into timer_id;
  return timer_id;
end $$;

CREATE FUNCTION app.setting(key text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return (select s.value from app.settings s where s.marketplace = app.marketplace() and s.key = setting.key and s.is_active);
end $$;

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
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
begin
  return (select coalesce(sum((item ->> 'amount')::bigint), 0)
          from jsonb_array_elements(line_items) as item where item ->> 'payer' = sum_of.payer);
end $$;

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
    subject_id uuid,
    location public.geography(Point,4326),
    buffer_before integer DEFAULT 0 NOT NULL,
    buffer_after integer DEFAULT 0 NOT NULL,
    awaits text,
    answer_seconds integer,
    policy jsonb DEFAULT '{}'::jsonb NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    provider_notes character varying(2000),
    refund_amount bigint DEFAULT 0 NOT NULL,
    refund_items jsonb DEFAULT '[]'::jsonb NOT NULL,
    refund_cap smallint DEFAULT 100 NOT NULL,
    overstay_amount bigint DEFAULT 0 NOT NULL,
    clock_step integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    CONSTRAINT bookings_answer_seconds_check CHECK ((answer_seconds > 0)),
    CONSTRAINT bookings_awaits_check CHECK ((((awaits = ANY (ARRAY['payment'::text, 'answer'::text])) AND (expires_at IS NOT NULL)) OR ((awaits IS NULL) AND (expires_at IS NULL)))),
    CONSTRAINT bookings_buffer_after_check CHECK (((buffer_after >= 0) AND (buffer_after <= 604800))),
    CONSTRAINT bookings_buffer_before_check CHECK (((buffer_before >= 0) AND (buffer_before <= 604800))),
    CONSTRAINT bookings_cancelled_by_check CHECK ((cancelled_by = ANY (ARRAY['customer'::text, 'provider'::text, 'staff'::text, 'system'::text]))),
    CONSTRAINT bookings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT bookings_fee_amount_check CHECK ((fee_amount >= 0)),
    CONSTRAINT bookings_line_items_check CHECK ((booking.sum_of(line_items, 'customer'::text) = total_amount)),
    CONSTRAINT bookings_overstay_amount_check CHECK (((overstay_amount >= 0) AND (overstay_amount <= total_amount))),
    CONSTRAINT bookings_parties_check CHECK ((customer_id <> provider_id)),
    CONSTRAINT bookings_payment_status_check CHECK ((payment_status = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'refunded'::text]))),
    CONSTRAINT bookings_refund_amount_check CHECK (((refund_amount >= 0) AND (refund_amount <= total_amount))),
    CONSTRAINT bookings_refund_cap_check CHECK (((refund_cap >= 0) AND (refund_cap <= 100))),
    CONSTRAINT bookings_refund_items_check CHECK ((booking.sum_of(refund_items, 'customer'::text) = refund_amount)),
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
begin
  return booking.transition(accept.booking_id, (booking.flow_for_party(accept.booking_id)).instant);
end $$;

CREATE FUNCTION booking.add_rule_times(rule_id uuid, times jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into booking.rule_times (rule_id, starts_at, ends_at)
  select add_rule_times.rule_id, (t ->> 0)::timestamptz, (t ->> 1)::timestamptz
  from jsonb_array_elements(add_rule_times.times) as t
  on conflict on constraint rule_times_pkey do nothing
$$;

CREATE FUNCTION booking.answer_by(b booking.bookings) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select least(app.now() + make_interval(secs => b.answer_seconds), b.starts_at)
$$;

CREATE FUNCTION booking.apply_rules(resource_id uuid, new_rule uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r booking.resources; has_hours boolean; bound timestamptz; wanted tstzmultirange; missing integer; written integer;
begin
  select coalesce(bool_or(a.availability_type = 'available'), false), coalesce(min(a.expanded_until), 'infinity')
  into has_hours, bound from booking.availability_rules a where a.resource_id = apply_rules.resource_id;
  update booking.resources t set always_open_until = case when has_hours then '-infinity' else bound end
  where t.id = apply_rules.resource_id returning t.* into r;

  delete from booking.open_times o where o.resource_id = r.id;
  insert into booking.open_times (resource_id, marketplace, opens_at, closes_at)
  select r.id, r.marketplace, lower(open), upper(open)
  from unnest((
    -- Beyond the bound some rule has not said yet what it blocks.
    select range_agg(tstzrange(t.starts_at, least(t.ends_at, bound)))
    from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
    where a.resource_id = r.id and a.availability_type = 'available' and t.ends_at > app.now() and t.starts_at < bound)) as open;

  select coalesce(range_agg(tstzrange(t.starts_at, t.ends_at)), '{}') into wanted
  from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
  where a.resource_id = r.id and a.availability_type <> 'available' and t.ends_at > app.now();
  if r.capacity * (select count(*) from unnest(wanted)) > 20000 then perform app.refuse('too_many_blocks'); end if;
  perform booking.release_expired(r.id, tstzrange(null, null));
  if exists (
    select from booking.rule_times t join booking.availability_rules a on a.id = t.rule_id
    join booking.reservations b on b.resource_id = r.id and b.unit <= r.capacity and b.kind <> 'block'
      and b.during && tstzrange(t.starts_at, t.ends_at)
    where t.rule_id = new_rule and a.availability_type <> 'available'
  ) then
    perform app.refuse('time_booked');
  end if;
  delete from booking.reservations b
  where b.resource_id = r.id and b.kind = 'block' and not exists (
    select from booking.blocks_of(r.id, r.capacity, wanted) as w where w.unit = b.unit and w.during = b.during);
  with gaps as (
    select w.unit, w.during from booking.blocks_of(r.id, r.capacity, wanted) as w
    where not exists (
      select from booking.reservations b
      where b.resource_id = r.id and b.unit = w.unit and b.kind = 'block' and b.during = w.during)
  ), blocks as (
    insert into booking.reservations (marketplace, resource_id, unit, kind, during)
    select r.marketplace, r.id, g.unit, 'block', g.during from gaps g order by g.during, g.unit
    on conflict do nothing returning 1
  )
  select (select count(*) from gaps), (select count(*) from blocks) into missing, written;
  -- Booked at this very moment: tried again, it is seen above.
  if written < missing then
    raise exception using errcode = 'serialization_failure', message = 'a time to be blocked has just been booked';
  end if;
end $$;

CREATE FUNCTION booking.blocks_of(resource_id uuid, capacity integer, wanted tstzmultirange) RETURNS TABLE(unit integer, during tstzrange)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.unit, w.during
  from generate_series(1, blocks_of.capacity) as u (unit)
  cross join lateral unnest(blocks_of.wanted - coalesce((
    select range_agg(b.during) from booking.reservations b
    where b.resource_id = blocks_of.resource_id and b.unit = u.unit and b.kind <> 'block'), '{}')) as w (during)
$$;

CREATE FUNCTION booking.calendar(resource_id uuid, from_ timestamp with time zone, to_ timestamp with time zone) RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, availability_type text, free_units integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare r booking.resources; shown tstzrange := tstzrange(from_, to_);
  bookable tstzrange := tstzrange(app.now(), booking.horizon());
begin
  select t.* into r from booking.resources t
  where t.id = calendar.resource_id and t.marketplace = app.marketplace()
    and (t.is_listed or t.owner_id is not distinct from app.actor());
  if not found then perform app.refuse('not_found'); end if;
  return query
    with hours as (
      select tstzrange(o.opens_at, o.closes_at) as during from booking.open_times o where o.resource_id = r.id
      union all select tstzrange(null, r.always_open_until) where r.always_open_until > '-infinity'
    ),
    -- Each thing begins and ends somewhere. Units of one resource never overlap themselves, so sums count units.
    stretches as (
      select h.during * bookable as during, 1 as open, 0 as taken, 0 as blocked from hours h
      union all
      select b.during, 0, 1, (b.kind = 'block')::integer from booking.reservations b
      where b.resource_id = r.id and b.unit <= r.capacity and b.during && shown
        and (b.expires_at is null or b.expires_at > app.now())
      union all select shown, 0, 0, 0
    ),
    changes as (
      select greatest(lower(s.during), from_) as at, s.open, s.taken, s.blocked from stretches s where s.during && shown
      union all
      select upper(s.during), -s.open, -s.taken, -s.blocked from stretches s where s.during && shown and upper(s.during) < to_
    ),
    moments as (
      select c.at, sum(sum(c.open)) over w as open, sum(sum(c.taken)) over w as taken, sum(sum(c.blocked)) over w as blocked
      from changes c group by c.at window w as (order by c.at)
    ),
    states as (
      select m.at, case when m.open = 0 then 'closed' when m.taken < r.capacity then 'available'
                        when m.blocked > 0 then 'blocked' else 'booked' end as state,
             case when m.open = 0 then 0 else (r.capacity - m.taken)::integer end as free
      from moments m
    ),
    turns as (
      select s.at, s.state, s.free from (
        select s.*, lag(s.state) over w as state_before, lag(s.free) over w as free_before
        from states s window w as (order by s.at)) as s
      where (s.state, s.free) is distinct from (s.state_before, s.free_before)
    )
    select t.at, coalesce(lead(t.at) over (order by t.at), to_), t.state, t.free from turns t order by t.at;
end $$;

CREATE FUNCTION booking.cancel(booking_id uuid, reason text, expected_refund bigint) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare flow booking.flows := booking.flow_for_party(cancel.booking_id); b booking.bookings;
begin
  if exists (select from booking.bookings t where t.id = cancel.booking_id and t.ends_at <= app.now()) then
    perform app.refuse('booking_over');
  end if;
  b := booking.transition(cancel.booking_id, flow.cancelled, cancel.reason);
  if b.refund_amount <> cancel.expected_refund then perform app.refuse('refund_changed'); end if;
  return b;
end $$;

CREATE FUNCTION booking.cancellation_quote(booking_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows; percent integer; party text; allowed boolean;
begin
  select t.* into b from booking.bookings t where t.id = cancellation_quote.booking_id
    and t.marketplace = app.marketplace() and app.actor() in (t.customer_id, t.provider_id);
  if not found then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  party := booking.party_of(b);
  allowed := b.ends_at > app.now() and coalesce(b.expires_at > app.now(), true) and exists (
    select from jsonb_array_elements(flow.transitions) as t
    where t ->> 'from' = b.status and t ->> 'to' = flow.cancelled and t -> 'by' ? party
      and coalesce(booking.moment_of(b, t -> 'opens') <= app.now(), true)
      and coalesce(booking.moment_of(b, t -> 'closes') > app.now(), true));
  percent := booking.refund_percent(b, flow, party, flow.cancelled);
  return jsonb_build_object('booking_id', b.id, 'version', b.version, 'party', party, 'allowed', allowed,
    'currency', b.currency, 'total_amount', b.total_amount, 'refund_percent', percent,
    'refund_amount', booking.sum_of(booking.refund_items(b, percent), 'customer'),
    'kept_amount', b.total_amount - booking.sum_of(booking.refund_items(b, percent), 'customer'),
    'refund_items', booking.refund_items(b, percent),
    'valid_until', case when party = 'customer' and b.awaits is null then (
      select min(booking.tier_ends(b, tier)) from jsonb_array_elements(b.policy #> '{cancellation,tiers}') as tier
      where app.now() <= booking.tier_ends(b, tier)) end);
end $$;

CREATE FUNCTION booking.check_step(b booking.bookings, step jsonb, party text, proof jsonb) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
declare distance float8;
begin
  if booking.moment_of(b, step -> 'opens') > app.now() then perform app.refuse('step_too_early'); end if;
  if booking.moment_of(b, step -> 'closes') <= app.now() then perform app.refuse('step_too_late'); end if;
  if not coalesce(step #> '{near,by}' ? party, false) or proof ? 'by' then return null; end if;
  if proof is null or b.location is null then perform app.refuse('position_required'); end if;
  distance := st_distance(b.location, app.point((proof ->> 'latitude')::float8, (proof ->> 'longitude')::float8));
  if distance > (step #>> '{near,metres}')::float8 then perform app.refuse('too_far'); end if;
  return round(distance);
end $$;

CREATE FUNCTION booking.complete(booking_id uuid) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return booking.transition(complete.booking_id, (booking.flow_for_party(complete.booking_id)).completed);
end $$;

CREATE FUNCTION booking.decline(booking_id uuid, reason text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare flow booking.flows := booking.flow_for_party(decline.booking_id);
begin
  if not exists (
    select from booking.bookings b
    where b.id = decline.booking_id and b.provider_id = app.actor() and b.awaits = 'answer'
  ) then
    perform app.refuse('transition_not_allowed', 'only its provider declines a request');
  end if;
  return booking.transition(decline.booking_id, flow.cancelled, decline.reason, 'booking.declined');
end $$;

CREATE FUNCTION booking.drop_resource(resource_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from booking.reservations r where r.resource_id = drop_resource.resource_id and r.kind = 'block';
  delete from booking.resources r where r.id = drop_resource.resource_id;
$$;

CREATE FUNCTION booking.event_of(subject booking.bookings) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('booking_id', subject.id, 'number', subject.number, 'module', subject.module,
    'customer_id', subject.customer_id, 'provider_id', subject.provider_id, 'resource_id', subject.resource_id,
    'resource_name', subject.resource_name, 'starts_at', subject.starts_at, 'ends_at', subject.ends_at,
    'time_zone', subject.time_zone, 'status', subject.status, 'awaits', subject.awaits,
    'total_amount', subject.total_amount, 'refund_amount', subject.refund_amount,
    'overstay_amount', subject.overstay_amount, 'currency', subject.currency, 'cancelled_by', subject.cancelled_by)
$$;

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
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    unpaid text NOT NULL,
    running text NOT NULL,
    completed text NOT NULL,
    no_show text NOT NULL,
    timers jsonb DEFAULT '[]'::jsonb NOT NULL
);

ALTER TABLE ONLY booking.flows FORCE ROW LEVEL SECURITY;

CREATE FUNCTION booking.expire(b booking.bookings, flow booking.flows) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare actor text := current_setting('app.actor', true);
begin
  -- The clock is the system, whoever meets it.
  perform set_config('app.actor', '', true);
  b := booking.transition(b.id, flow.cancelled,
    case b.awaits when 'payment' then 'payment_expired' else 'request_expired' end,
    case b.awaits when 'payment' then 'booking.payment_expired' else 'booking.expired' end);
  perform set_config('app.actor', coalesce(actor, ''), true);
  return b;
end $$;

CREATE FUNCTION booking.extend_rules(expanded jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare due record; affected uuid[] := '{}'; target uuid;
begin
  -- Resources first and in one order, as whoever writes a rule locks its resource first.
  perform from booking.resources r where r.id in (
    select a.resource_id from booking.availability_rules a
    where a.marketplace = app.marketplace() and a.id in (select (e ->> 'id')::uuid from jsonb_array_elements(expanded) as e))
  order by r.id for update;
  for due in select * from jsonb_to_recordset(expanded) as e (id uuid, version integer, times jsonb, expanded_until timestamptz)
  loop
    update booking.availability_rules a set expanded_until = due.expanded_until
    where a.id = due.id and a.version = due.version and a.expanded_until < due.expanded_until
    returning a.resource_id into target;
    continue when not found;
    delete from booking.rule_times t where t.rule_id = due.id and t.ends_at <= app.now();
    perform booking.add_rule_times(due.id, due.times);
    affected := affected || target;
  end loop;
  perform booking.apply_rules(t.id) from (select distinct unnest(affected) as id) as t;
  return cardinality(affected);
end $$;

CREATE FUNCTION booking.flow_for_party(booking_id uuid) RETURNS booking.flows
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare flow booking.flows;
begin
  select f.* into flow from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = flow_for_party.booking_id and b.marketplace = app.marketplace()
    and app.actor() in (b.customer_id, b.provider_id);
  if not found then perform app.refuse('not_found'); end if;
  return flow;
end $$;

CREATE FUNCTION booking.free_time(booking_id uuid, expires_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if free_time.expires_at <= app.now() then
    delete from booking.reservations r where r.id in (
      select h.id from booking.reservations h where h.booking_id = free_time.booking_id for update skip locked);
  else
    delete from booking.reservations r where r.booking_id = free_time.booking_id;
  end if;
end $$;

CREATE FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid DEFAULT NULL::uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select free_units.capacity - count(distinct r.unit)::integer
  from booking.reservations r
  where r.resource_id = free_units.resource_id and r.unit <= free_units.capacity and r.during && free_units.during
    and (r.expires_at is null or r.expires_at > app.now())
    and (moved is null or r.booking_id is distinct from moved)
$$;

CREATE FUNCTION booking.horizon() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select booking.horizon_in(app.setting('booking_horizon_days')::integer)
$$;

CREATE FUNCTION booking.horizon_in(days integer) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select app.now() + make_interval(days => coalesce(days, 365))
$$;

CREATE FUNCTION booking.is_free_to_leave(b booking.bookings, flow booking.flows) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select booking.refund_percent(b, flow, 'customer', flow.cancelled) = 100
$$;

CREATE FUNCTION booking.is_open(resource_id uuid, during tstzrange) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return upper(during) <= coalesce(
      (select r.always_open_until from booking.resources r where r.id = is_open.resource_id), 'infinity')
    or coalesce((
      select o.closes_at from booking.open_times o
      where o.resource_id = is_open.resource_id and o.opens_at <= lower(during)
      order by o.opens_at desc limit 1) >= upper(during), false);
end $$;

CREATE FUNCTION booking.keep_notes(booking_id uuid, notes text) RETURNS SETOF booking.bookings
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update booking.bookings b set
    customer_notes = case when b.customer_id = app.actor() then keep_notes.notes else b.customer_notes end,
    provider_notes = case when b.provider_id = app.actor() then keep_notes.notes else b.provider_notes end
  where b.id = keep_notes.booking_id and b.marketplace = app.marketplace()
    and app.actor() in (b.customer_id, b.provider_id)
  returning b.*
$$;

CREATE TABLE booking.resources (
    id uuid NOT NULL,
    marketplace text NOT NULL,
    module text NOT NULL,
    owner_id uuid NOT NULL,
    time_zone text NOT NULL,
    capacity integer NOT NULL,
    is_listed boolean NOT NULL,
    buffer_before integer DEFAULT 0 NOT NULL,
    buffer_after integer DEFAULT 0 NOT NULL,
    minimum_seconds integer,
    maximum_seconds integer,
    notice_seconds integer DEFAULT 0 NOT NULL,
    always_open_until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT resources_buffer_after_check CHECK ((buffer_after >= 0)),
    CONSTRAINT resources_buffer_before_check CHECK ((buffer_before >= 0)),
    CONSTRAINT resources_capacity_check CHECK (((capacity >= 1) AND (capacity <= 500)))
);

ALTER TABLE ONLY booking.resources FORCE ROW LEVEL SECURITY;

CREATE FUNCTION booking.keep_resource(details jsonb) RETURNS booking.resources
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kept booking.resources := jsonb_populate_record(null::booking.resources, details); earlier booking.resources;
begin
  -- Locked against the rules that somebody writes at this moment: they take each unit that there is.
  select r.* into earlier from booking.resources r where r.id = kept.id for update;
  if earlier.time_zone <> kept.time_zone and exists (
    select from booking.availability_rules a where a.resource_id = kept.id
  ) then
    perform app.refuse('time_zone_in_use');
  end if;
  -- Whoever stands there would not be seen any more, and the lower units be let once more.
  if kept.capacity < earlier.capacity and exists (
    select from booking.reservations t
    where t.resource_id = kept.id and t.unit > kept.capacity and t.kind <> 'block' and upper(t.during) > app.now()
      and coalesce(t.expires_at > app.now(), true)
  ) then
    perform app.refuse('units_booked');
  end if;
  insert into booking.resources as r (id, marketplace, module, owner_id, time_zone, capacity, is_listed, buffer_before,
    buffer_after, minimum_seconds, maximum_seconds, notice_seconds)
  values (kept.id, app.marketplace(), kept.module, kept.owner_id, kept.time_zone, kept.capacity, kept.is_listed,
    coalesce(kept.buffer_before, 0), coalesce(kept.buffer_after, 0), kept.minimum_seconds, kept.maximum_seconds,
    coalesce(kept.notice_seconds, 0))
  on conflict on constraint resources_pkey do update set time_zone = excluded.time_zone, capacity = excluded.capacity,
    is_listed = excluded.is_listed, buffer_before = excluded.buffer_before, buffer_after = excluded.buffer_after,
    minimum_seconds = excluded.minimum_seconds, maximum_seconds = excluded.maximum_seconds,
    notice_seconds = excluded.notice_seconds
  returning r.* into kept;
  if kept.capacity > earlier.capacity then perform booking.apply_rules(kept.id); end if;
  return kept;
end $$;

CREATE FUNCTION booking.keep_time(b booking.bookings, previous booking.bookings) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kept integer;
begin
  if previous.expires_at is not distinct from b.expires_at then return; end if;
  update booking.reservations r set kind = case when b.expires_at is null then 'booking' else 'hold' end,
    expires_at = b.expires_at
  where r.booking_id = b.id and r.kind = 'hold';
  get diagnostics kept = row_count;
  -- The time may be gone although it has not run out here: whoever took it has a clock that is ahead, or this call has waited
  -- for the database.
  if kept <> (case when b.subject_id is null then 1 else 2 end) then
    perform app.refuse('transition_not_allowed', 'the time of this booking has gone to somebody else');
  end if;
end $$;

CREATE FUNCTION booking.line(code text, description text, amount bigint, payee text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  select jsonb_build_object('code', code, 'description', description, 'quantity', 1, 'unit_amount', amount,
    'amount', amount, 'payer', 'customer', 'payee', payee)
$$;

CREATE FUNCTION booking.lock_my_resource(resource_id uuid) RETURNS booking.resources
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r booking.resources;
begin
  select t.* into r from booking.resources t
  where t.id = lock_my_resource.resource_id and t.marketplace = app.marketplace() and t.owner_id = app.actor() for update;
  if not found then perform app.refuse('not_found'); end if;
  return r;
end $$;

CREATE FUNCTION booking.mark_no_show(booking_id uuid, reason text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return booking.transition(mark_no_show.booking_id, (booking.flow_for_party(mark_no_show.booking_id)).no_show,
    mark_no_show.reason);
end $$;

CREATE FUNCTION booking.moment_of(b booking.bookings, named jsonb) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return case named ->> 'of' when 'starts_at' then b.starts_at when 'ends_at' then b.ends_at end
    + make_interval(mins => coalesce((named ->> 'minutes')::integer, 0)
      + case when named ? 'policy' then (b.policy #>> string_to_array(named ->> 'policy', '.'))::integer else 0 end);
end $$;

CREATE FUNCTION booking.move(booking_id uuid, details jsonb, expected_version integer) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; flow booking.flows; previous booking.bookings;
  wanted booking.bookings := jsonb_populate_record(null::booking.bookings, details);
begin
  perform booking.stop_clock(move.booking_id);
  select t.* into b from booking.bookings t
  where t.id = move.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor() for update;
  if not found then perform app.refuse('not_found'); end if;
  if b.version <> move.expected_version then perform app.refuse('version_conflict'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if b.status <> all (flow.live) or b.awaits is not null or b.ends_at <= app.now()
    or b.started_at is not null and wanted.starts_at <> b.starts_at then
    perform app.refuse('booking_not_movable');
  end if;
  if wanted.starts_at < app.now() and wanted.starts_at <> b.starts_at or wanted.ends_at <= app.now() then
    perform app.refuse('starts_in_past');
  end if;
  if wanted.total_amount < b.total_amount and not booking.is_free_to_leave(b, flow) then
    perform app.refuse('too_late_for_less');
  end if;

  previous := b;
  b.starts_at := wanted.starts_at;
  b.ends_at := wanted.ends_at;
  b.unit := booking.shift(b.id, b.resource_id, (details ->> 'capacity')::integer, booking.taken_by(b));
  if b.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.shift(b.id, b.subject_id, 1, tstzrange(b.starts_at, b.ends_at)) is null then
    perform app.refuse('subject_no_overlap');
  end if;
  update booking.bookings t set starts_at = b.starts_at, ends_at = b.ends_at, unit = b.unit, version = t.version + 1,
    line_items = wanted.line_items, currency = wanted.currency, subtotal_amount = wanted.subtotal_amount,
    fee_amount = wanted.fee_amount, total_amount = wanted.total_amount, policy = coalesce(wanted.policy, t.policy),
    facts = coalesce(wanted.facts, t.facts), clock_step = 0,
    refund_cap = booking.refund_percent(previous, flow, 'customer', flow.cancelled)
  where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, 'customer', 'moved', details => jsonb_build_object(
    'from', jsonb_build_object('starts_at', previous.starts_at, 'ends_at', previous.ends_at,
                               'total_amount', previous.total_amount),
    'to', jsonb_build_object('starts_at', b.starts_at, 'ends_at', b.ends_at, 'total_amount', b.total_amount)));
  perform app.emit('booking.moved', booking.event_of(b) || jsonb_build_object('previous_starts_at', previous.starts_at,
    'previous_ends_at', previous.ends_at, 'previous_total_amount', previous.total_amount));
  return b;
end $$;

CREATE FUNCTION booking.next_number() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare prefix text; year_ integer; series text; n bigint;
begin
  select m.booking_prefix, extract(year from app.now() at time zone m.time_zone) into strict prefix, year_
  from app.marketplaces m where m.slug = app.marketplace();
  series := format('booking.number_%s_%s', lower(prefix), year_);
  if to_regclass(series) is null then
    perform pg_advisory_xact_lock(hashtextextended(series, 0));
    execute format('create sequence if not exists %s', series);
  end if;
  n := nextval(series::regclass);
  return prefix || '-' || year_ || '-' || lpad(n::text, greatest(6, length(n::text)), '0');
end $$;

CREATE FUNCTION booking.next_timer(b booking.bookings, flow booking.flows) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return (
    select t.value from jsonb_array_elements(flow.timers) with ordinality as t (value, place)
    where t.value ->> 'in' = b.status and booking.moment_of(b, t.value -> 'due') is not null
    order by booking.moment_of(b, t.value -> 'due'), t.place offset b.clock_step limit 1);
end $$;

CREATE FUNCTION booking.note(booking_id uuid, event text, details jsonb DEFAULT '{}'::jsonb, reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details)
  select b.id, b.version, app.actor(), coalesce(booking.party_of(b), 'system'), b.status, b.status, note.reason, note.event, note.details
  from booking.bookings b where b.id = note.booking_id
$$;

CREATE FUNCTION booking.party_of(b booking.bookings) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when app.actor() is null then 'system' when app.actor() = b.customer_id then 'customer'
              when app.actor() = b.provider_id then 'provider' end
$$;

CREATE FUNCTION booking.place(details jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings := jsonb_populate_record(null::booking.bookings, details - 'location');
  flow booking.flows; kind text; event jsonb;
begin
  select f.* into strict flow from booking.flows f
  where f.marketplace = app.marketplace() and f.module = b.module and f.is_current;
  b.id := app.uuid_v7();
  b.marketplace := app.marketplace();
  b.customer_id := app.actor();
  b.flow_id := flow.id;
  b.location := app.point((details #>> '{location,latitude}')::float8, (details #>> '{location,longitude}')::float8);
  b.buffer_before := coalesce(b.buffer_before, 0);
  b.buffer_after := coalesce(b.buffer_after, 0);
  b.policy := coalesce(b.policy, '{}');
  b.facts := coalesce(b.facts, '{}');
  b.version := 1;
  b.payment_status := 'pending';
  b.refund_amount := 0;
  b.refund_items := '[]';
  b.refund_cap := 100;
  b.overstay_amount := 0;
  b.clock_step := 0;
  b.created_at := app.now();
  b.updated_at := app.now();
  b.answer_seconds := case when not (details ->> 'instant')::boolean then (details ->> 'request_timeout')::integer end;
  if b.answer_seconds is not null and flow.on_request is null then perform app.refuse('requests_not_supported'); end if;
  if (details ->> 'payment_timeout')::integer > 0 then
    b.awaits := 'payment';
    b.status := case when b.answer_seconds is null then flow.unpaid else flow.on_request end;
    b.expires_at := app.now() + make_interval(secs => (details ->> 'payment_timeout')::integer);
  elsif b.answer_seconds is not null then
    b.awaits := 'answer';
    b.status := flow.on_request;
    b.expires_at := booking.answer_by(b);
  else
    b.status := flow.instant;
    b.confirmed_at := app.now();
  end if;

  -- The resource before what is brought, as everybody does: two who want each other's never wait in a circle.
  kind := case when b.expires_at is null then 'booking' else 'hold' end;
  b.unit := booking.reserve(b.resource_id, (details ->> 'capacity')::integer, booking.taken_by(b), kind, b.id, b.expires_at);
  if b.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.reserve(b.subject_id, 1, tstzrange(b.starts_at, b.ends_at), kind, b.id, b.expires_at) is null then
    perform app.refuse('subject_no_overlap');
  end if;

  b.number := booking.next_number();
  insert into booking.bookings select b.*;
  insert into booking.numbers (number, booking_id) values (b.number, b.id);
  perform booking.write_step(b, flow, null, 'customer', 'placed');
  event := booking.event_of(b);
  perform app.emit('booking.placed', event);
  if b.confirmed_at is not null then perform app.emit('booking.confirmed', event); end if;
  return b;
end $$;

CREATE FUNCTION booking.refund_items(b booking.bookings, percent integer) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(jsonb_agg(jsonb_build_object('code', item.value ->> 'code', 'payer', item.value ->> 'payer',
      'payee', item.value ->> 'payee', 'amount', ((item.value ->> 'amount')::bigint * percent * 2 + 100) / 200)
    order by item.place), '[]')
  from jsonb_array_elements(b.line_items) with ordinality as item (value, place)
  where item.value ->> 'payer' = 'customer'
$$;

CREATE FUNCTION booking.refund_percent(b booking.bookings, flow booking.flows, party text, to_status text) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
  select case
    when to_status = flow.no_show then coalesce((b.policy #>> '{no_show,refund_percent}')::integer, 0)
    when party <> 'customer' or b.awaits is not null then 100
    else least(b.refund_cap, coalesce((
      select (tier ->> 'refund_percent')::integer from jsonb_array_elements(b.policy #> '{cancellation,tiers}') as tier
      where app.now() <= booking.tier_ends(b, tier)
      order by (tier ->> 'hours_before')::numeric desc limit 1),
      -- A policy without tiers keeps nothing back.
      case when jsonb_array_length(coalesce(b.policy #> '{cancellation,tiers}', '[]')) = 0 then 100 else 0 end))
  end
$$;

CREATE FUNCTION booking.release_expired(resource_id uuid, during tstzrange) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  delete from booking.reservations r where r.id in (
    select h.id from booking.reservations h
    where h.resource_id = release_expired.resource_id and h.during && release_expired.during and h.expires_at <= app.now()
    order by h.id for update);
end $$;

CREATE TABLE booking.availability_rules (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    resource_id uuid NOT NULL,
    marketplace text NOT NULL,
    owner_id uuid NOT NULL,
    availability_type text NOT NULL,
    start_time timestamp without time zone NOT NULL,
    end_time timestamp without time zone NOT NULL,
    is_recurring boolean DEFAULT false NOT NULL,
    recurrence_rule character varying(200),
    except_dates date[] DEFAULT '{}'::date[] NOT NULL,
    notes character varying(500),
    expanded_until timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT availability_rules_availability_type_check CHECK ((availability_type = ANY (ARRAY['available'::text, 'blocked'::text, 'booked'::text]))),
    CONSTRAINT availability_rules_except_dates_check CHECK ((cardinality(except_dates) <= 100)),
    CONSTRAINT availability_rules_is_recurring_check CHECK ((is_recurring = (recurrence_rule IS NOT NULL))),
    CONSTRAINT availability_rules_length_check CHECK (((end_time - start_time) <= '366 days'::interval)),
    CONSTRAINT availability_rules_valid_time_range_check CHECK ((end_time > start_time))
);

ALTER TABLE ONLY booking.availability_rules FORCE ROW LEVEL SECURITY;

CREATE FUNCTION booking.remove_rule(resource_id uuid, rule_id uuid) RETURNS booking.availability_rules
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r booking.resources; removed booking.availability_rules;
begin
  r := booking.lock_my_resource(remove_rule.resource_id);
  delete from booking.availability_rules a where a.id = remove_rule.rule_id and a.resource_id = r.id returning a.* into removed;
  if not found then perform app.refuse('not_found'); end if;
  perform booking.apply_rules(r.id);
  return removed;
end $$;

CREATE FUNCTION booking.reserve(resource_id uuid, capacity integer, during tstzrange, kind text, booking_id uuid DEFAULT NULL::uuid, expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare tried integer[] := '{}'; candidate integer;
begin
  -- Mostly the first unit is free: nothing is looked for before it is known to be taken.
  insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
  values (app.marketplace(), reserve.resource_id, 1, reserve.booking_id, reserve.kind, reserve.during, reserve.expires_at)
  on conflict do nothing;
  if found then return 1; end if;
  perform booking.release_expired(reserve.resource_id, reserve.during);
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

CREATE FUNCTION booking.rules_due(batch integer) RETURNS TABLE(id uuid, version integer, time_zone text, start_time timestamp without time zone, end_time timestamp without time zone, recurrence_rule text, except_dates date[], since timestamp with time zone, until timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select a.id, a.version, r.time_zone, a.start_time, a.end_time, a.recurrence_rule::text, a.except_dates, a.expanded_until,
         booking.horizon() + interval '35 days'
  from booking.availability_rules a join booking.resources r on r.id = a.resource_id
  where a.marketplace = app.marketplace() and a.expanded_until < 'infinity'
    and a.expanded_until <= booking.horizon() + interval '1 day'
  order by a.expanded_until, a.id limit rules_due.batch
$$;

CREATE FUNCTION booking.rules_of(resource_id uuid) RETURNS SETOF booking.availability_rules
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from booking.resources r
    where r.id = rules_of.resource_id and r.marketplace = app.marketplace() and r.owner_id = app.actor()
  ) then
    perform app.refuse('not_found');
  end if;
  return query select a.* from booking.availability_rules a where a.resource_id = rules_of.resource_id;
end $$;

CREATE FUNCTION booking.save_rule(resource_id uuid, rule_id uuid, details jsonb, times jsonb, expanded_until timestamp with time zone) RETURNS booking.availability_rules
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r booking.resources; draft booking.availability_rules := jsonb_populate_record(null::booking.availability_rules, details);
begin
  r := booking.lock_my_resource(save_rule.resource_id);
  if save_rule.rule_id is null then
    if (select count(*) from booking.availability_rules a where a.resource_id = r.id) >= 50 then
      perform app.refuse('too_many_rules');
    end if;
    insert into booking.availability_rules as a (resource_id, marketplace, owner_id, availability_type, start_time, end_time,
      is_recurring, recurrence_rule, except_dates, notes, expanded_until)
    values (r.id, r.marketplace, r.owner_id, draft.availability_type, draft.start_time, draft.end_time,
      draft.recurrence_rule is not null, draft.recurrence_rule, coalesce(draft.except_dates, '{}'), draft.notes,
      save_rule.expanded_until)
    returning a.* into draft;
  else
    update booking.availability_rules a set availability_type = draft.availability_type, start_time = draft.start_time,
      end_time = draft.end_time, is_recurring = draft.recurrence_rule is not null, recurrence_rule = draft.recurrence_rule,
      except_dates = coalesce(draft.except_dates, '{}'), notes = draft.notes, expanded_until = save_rule.expanded_until,
      version = a.version + 1
    where a.id = save_rule.rule_id and a.resource_id = r.id
    returning a.* into draft;
    if draft.id is null then perform app.refuse('not_found'); end if;
    delete from booking.rule_times t where t.rule_id = draft.id;
  end if;
  perform booking.add_rule_times(draft.id, save_rule.times);
  perform booking.apply_rules(r.id, draft.id);
  return draft;
end $$;

CREATE FUNCTION booking.search_as_staff(wanted jsonb, before uuid, max integer) RETURNS TABLE(booking jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  number_ text := wanted ->> 'number'; person uuid := wanted ->> 'user_id'; resource uuid := wanted ->> 'resource_id';
  module_ text := wanted ->> 'module'; status_ text := wanted ->> 'status'; payment text := wanted ->> 'payment_status';
  from_ timestamptz := wanted ->> 'from'; to_ timestamptz := wanted ->> 'to'; shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select t.id
    from booking.bookings t join booking.my_bookings b on b.id = t.id
    where t.marketplace = app.marketplace()
      and (number_ is null or t.number = number_)
      and (person is null or t.customer_id = person or t.provider_id = person)
      and (resource is null or t.resource_id = resource)
      and (module_ is null or t.module = module_)
      and (status_ is null or b.status = status_)
      and (payment is null or t.payment_status = payment)
      and (from_ is null or t.ends_at > from_)
      and (to_ is null or t.starts_at < to_)
      and (before is null or t.id < before)
    order by t.id desc limit max) as f;
  perform app.audit('booking.searched_by_staff', 'booking', 'bookings', null,
    metadata => jsonb_build_object('wanted', wanted, 'booking_ids', coalesce(to_jsonb(shown), '[]')));
  return query select to_jsonb(b) from booking.my_bookings b where b.id = any (shown) order by b.id desc;
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

CREATE FUNCTION booking.settle_payment(booking_id uuid, payment_status text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows; previous booking.bookings; paid boolean;
begin
  perform booking.stop_clock(settle_payment.booking_id);
  select t.* into b from booking.bookings t
  where t.id = settle_payment.booking_id and t.marketplace = app.marketplace() for update;
  if not found then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  paid := settle_payment.payment_status in ('processing', 'succeeded');
  if paid and b.expires_at <= app.now() then b := booking.expire(b, flow); end if;
  previous := b;
  b.payment_status := settle_payment.payment_status;
  if paid and b.awaits = 'payment' then
    b.version := b.version + 1;
    if b.answer_seconds is null then
      b.awaits := null;
      b.expires_at := null;
      b.status := flow.instant;
      b.confirmed_at := app.now();
    else
      b.awaits := 'answer';
      b.expires_at := booking.answer_by(b);
    end if;
  end if;
  update booking.bookings t set payment_status = b.payment_status, version = b.version, awaits = b.awaits,
    expires_at = b.expires_at, status = b.status, confirmed_at = b.confirmed_at
  where t.id = b.id returning t.* into b;
  if b.version = previous.version then
    perform booking.start_clock(b, flow);
    if paid and b.status <> all (flow.live) and previous.payment_status not in ('processing', 'succeeded') then
      perform app.emit('booking.paid_late', booking.event_of(b));
    end if;
    return b;
  end if;
  perform booking.keep_time(b, previous);
  perform booking.write_step(b, flow, previous, 'system', 'paid');
  perform app.emit(case when b.confirmed_at is null then 'booking.requested' else 'booking.confirmed' end,
    booking.event_of(b));
  return b;
end $$;

CREATE FUNCTION booking.shift(booking_id uuid, resource_id uuid, capacity integer, during tstzrange) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held booking.reservations; piece tstzrange; taken uuid[] := '{}'; new_id uuid; other integer;
begin
  select r.* into strict held from booking.reservations r
  where r.booking_id = shift.booking_id and r.resource_id = shift.resource_id;
  perform booking.release_expired(shift.resource_id, shift.during);
  for piece in select unnest(tstzmultirange(shift.during) - tstzmultirange(held.during)) loop
    insert into booking.reservations as r (marketplace, resource_id, unit, booking_id, kind, during)
    values (held.marketplace, held.resource_id, held.unit, held.booking_id, held.kind, piece)
    on conflict do nothing returning r.id into new_id;
    exit when not found;
    taken := taken || new_id;
  end loop;
  delete from booking.reservations r where r.id = any (taken);
  if new_id is not null or shift.during <@ held.during then
    update booking.reservations r set during = shift.during where r.id = held.id;
    return held.unit;
  end if;
  other := booking.reserve(shift.resource_id, shift.capacity, shift.during, held.kind, shift.booking_id);
  if other is not null then delete from booking.reservations r where r.id = held.id; end if;
  return other;
end $$;

CREATE FUNCTION booking.show_to_staff(booking_id uuid) RETURNS TABLE(booking jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query
    select to_jsonb(b) || jsonb_build_object('timeline', booking.timeline_of(b.id))
    from booking.bookings t join booking.my_bookings b on b.id = t.id
    where t.id = show_to_staff.booking_id and t.marketplace = app.marketplace();
  if found then perform app.audit('booking.read_by_staff', 'booking', 'bookings', show_to_staff.booking_id::text); end if;
end $$;

CREATE FUNCTION booking.start_clock(b booking.bookings, flow booking.flows) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare due_at timestamptz := b.expires_at; timer jsonb;
begin
  if due_at is null then
    timer := booking.next_timer(b, flow);
    due_at := booking.moment_of(b, timer -> 'due');
  end if;
  if due_at is not null then perform app.set_timer('booking.clock', b.id, due_at); end if;
end $$;

CREATE FUNCTION booking.statuses_of(flow jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    AS $$
  select flow ->> name
  from unnest(array['instant', 'on_request', 'unpaid', 'running', 'completed', 'no_show', 'cancelled']) as name
  where flow ->> name is not null
  union select jsonb_array_elements_text(flow -> 'live')
  union select t ->> 'from' from jsonb_array_elements(flow -> 'transitions') as t
  union select t ->> 'to' from jsonb_array_elements(flow -> 'transitions') as t
$$;

CREATE FUNCTION booking.step_as_staff(booking_id uuid, to_status text, reason text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  if not identity.has_permission(app.actor(), 'bookings.manage') then perform app.refuse('forbidden'); end if;
  if exists (select from booking.bookings t where t.id = step_as_staff.booking_id and app.actor() in (t.customer_id, t.provider_id)) then
    perform app.refuse('own_booking');
  end if;
  b := booking.transition(step_as_staff.booking_id, step_as_staff.to_status, step_as_staff.reason, as_staff => true);
  perform app.audit('booking.changed_by_staff', 'booking', 'bookings', b.id::text,
    new_values => jsonb_build_object('status', b.status), metadata => jsonb_build_object('number', b.number));
  return b;
end $$;

CREATE FUNCTION booking.stop_clock(booking_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  select app.cancel_timer('booking.clock', booking_id)
$$;

CREATE FUNCTION booking.taken_by(b booking.bookings) RETURNS tstzrange
    LANGUAGE sql STABLE
    AS $$
  select tstzrange(b.starts_at - make_interval(secs => b.buffer_before), b.ends_at + make_interval(secs => b.buffer_after))
$$;

CREATE FUNCTION booking.tick(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; previous booking.bookings; flow booking.flows; timer jsonb;
begin
  perform booking.stop_clock(tick.booking_id);
  -- Locked, so that an answer which arrives at this moment is waited for and then seen.
  select t.* into strict b from booking.bookings t where t.id = tick.booking_id for update;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  timer := booking.next_timer(b, flow);
  if b.expires_at <= app.now() then
    perform booking.expire(b, flow);
  elsif b.expires_at is not null or timer is null or booking.moment_of(b, timer -> 'due') > app.now() then
    perform booking.start_clock(b, flow);
  elsif timer ? 'to' then
    perform booking.transition(b.id, timer ->> 'to', timer ->> 'reason', timer ->> 'event');
  else
    previous := b;
    update booking.bookings t set clock_step = t.clock_step + 1, version = t.version + 1 where t.id = b.id returning t.* into b;
    perform booking.write_step(b, flow, previous, 'system', timer ->> 'reason');
    perform app.emit(timer ->> 'event', booking.event_of(b));
    -- The next may be due already, when the sweep comes late.
    perform booking.tick(b.id);
  end if;
end $$;

CREATE FUNCTION booking.tier_ends(b booking.bookings, tier jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select ((b.starts_at at time zone b.time_zone) - make_interval(days => (hours / 24)::integer)) at time zone b.time_zone
    - make_interval(hours => (hours % 24)::integer)
  from (select (tier ->> 'hours_before')::integer as hours) as t
$$;

CREATE FUNCTION booking.timeline_of(booking_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_agg(to_jsonb(t) - 'id' - 'version' order by t.version, t.id)
  from (select t.id, t.version, t.at, t.party, t.event, t.from_status, t.to_status, t.reason, t.details
        from booking.timeline t where t.booking_id = timeline_of.booking_id
        -- As many as a row of the Data API carries: one party could write so many that neither the other nor staff would get any.
        order by t.version desc, t.id desc limit 100) as t
$$;

CREATE FUNCTION booking.transition(booking_id uuid, to_status text, reason text DEFAULT NULL::text, event text DEFAULT NULL::text, proof jsonb DEFAULT NULL::jsonb, as_staff boolean DEFAULT false) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows; party text; previous booking.bookings; step jsonb; distance integer;
begin
  perform booking.stop_clock(transition.booking_id);
  select t.* into b from booking.bookings t
  where t.id = transition.booking_id and t.marketplace = app.marketplace() for update;
  party := case when transition.as_staff then 'staff' else booking.party_of(b) end;
  if b.id is null or party is null then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  select t into step from jsonb_array_elements(flow.transitions) as t
  where t ->> 'from' = b.status and t ->> 'to' = transition.to_status and t -> 'by' ? party;
  -- Only the clock still moves a booking that has run out: for everybody else it is cancelled already.
  if step is null or party <> 'system' and b.expires_at <= app.now() then
    perform app.refuse('transition_not_allowed', format('%s to %s by %s', b.status, transition.to_status, party));
  end if;
  if b.awaits = 'payment' and transition.to_status <> flow.cancelled then perform app.refuse('payment_required'); end if;
  if party in ('customer', 'provider') then
    distance := booking.check_step(b, step, party, transition.proof);
  end if;

  previous := b;
  b.status := transition.to_status;
  b.version := b.version + 1;
  b.awaits := null;
  b.expires_at := null;
  b.clock_step := 0;
  if b.status = flow.instant then b.confirmed_at := coalesce(b.confirmed_at, app.now()); end if;
  if b.status = flow.running then b.started_at := coalesce(b.started_at, app.now()); end if;
  if b.status = flow.completed then
    b.completed_at := app.now();
    b := booking.with_overstay(b);
  end if;
  if b.status in (flow.cancelled, flow.no_show) then
    b.refund_items := booking.refund_items(b, booking.refund_percent(previous, flow, party, b.status));
    b.refund_amount := booking.sum_of(b.refund_items, 'customer');
  end if;
  if b.status = flow.cancelled then
    b.cancelled_at := app.now();
    b.cancelled_by := party;
    b.cancellation_reason := transition.reason;
  end if;
  update booking.bookings t set status = b.status, version = b.version, awaits = b.awaits, expires_at = b.expires_at,
    clock_step = b.clock_step, confirmed_at = b.confirmed_at, started_at = b.started_at, completed_at = b.completed_at,
    line_items = b.line_items, subtotal_amount = b.subtotal_amount, fee_amount = b.fee_amount,
    total_amount = b.total_amount, overstay_amount = b.overstay_amount, refund_items = b.refund_items,
    refund_amount = b.refund_amount, cancelled_at = b.cancelled_at, cancelled_by = b.cancelled_by,
    cancellation_reason = b.cancellation_reason
  where t.id = b.id returning t.* into b;
  if b.status = any (flow.live) then perform booking.keep_time(b, previous);
  else perform booking.free_time(b.id, previous.expires_at);
  end if;
  perform booking.write_step(b, flow, previous, party, transition.to_status, transition.reason,
    jsonb_strip_nulls(jsonb_build_object('proof', coalesce(transition.proof ->> 'by',
      case when transition.proof is not null then 'position' end), 'distance_m', distance)));
  perform app.emit(coalesce(transition.event, 'booking.' || b.status), booking.event_of(b));
  return b;
end $$;

CREATE FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid DEFAULT NULL::uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r booking.resources; own booking.bookings; stays boolean; with_buffers tstzrange;
  length interval := make_interval(secs => extract(epoch from upper(during) - lower(during))::float8);
begin
  select t.* into r from booking.resources t
  where t.id = why_closed.resource_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if moved is not null then select b.* into own from booking.bookings b where b.id = why_closed.moved; end if;
  stays := coalesce(lower(during) = own.starts_at, false);
  if lower(during) < app.now() and not stays or upper(during) <= app.now() then return 'starts_in_past'; end if;
  if upper(during) > booking.horizon() then return 'beyond_horizon'; end if;
  if lower(during) < app.now() + make_interval(secs => r.notice_seconds) and not stays then return 'too_soon'; end if;
  if length < make_interval(secs => r.minimum_seconds) then return 'too_short'; end if;
  if length > least(make_interval(secs => r.maximum_seconds),
                    make_interval(secs => app.setting('max_booking_hours')::float8 * 3600)) then return 'too_long'; end if;
  if not booking.is_open(r.id, during) then return 'closed'; end if;
  with_buffers := tstzrange(lower(during) - make_interval(secs => coalesce(own.buffer_before, r.buffer_before)),
                            upper(during) + make_interval(secs => coalesce(own.buffer_after, r.buffer_after)));
  if booking.free_units(r.id, r.capacity, with_buffers, moved) > 0 then return null; end if;
  return case when exists (
      select from booking.reservations b where b.resource_id = r.id and b.kind = 'block' and b.during && with_buffers)
    then 'blocked' else 'taken' end;
end $$;

CREATE FUNCTION booking.with_overstay(b booking.bookings) RETURNS booking.bookings
    LANGUAGE plpgsql STABLE
    AS $$
declare
  over numeric := extract(epoch from b.completed_at - b.ends_at);
  rate numeric := (b.policy #>> '{overstay,rate_percent}')::numeric;
  stay bigint; fee bigint;
begin
  if rate is null or over <= coalesce((b.policy #>> '{overstay,grace_minutes}')::numeric, 0) * 60 then return b; end if;
  over := least(over, (b.policy #>> '{overstay,at_most_minutes}')::numeric * 60);
  stay := round(b.subtotal_amount * rate * over / (100 * extract(epoch from b.ends_at - b.starts_at)));
  if stay = 0 then return b; end if;
  fee := round(b.fee_amount::numeric * stay / b.subtotal_amount);
  b.line_items := b.line_items || jsonb_build_array(
    booking.line('overstay', ceil(over / 60) || ' minutes over', stay, 'provider'));
  if fee > 0 then
    b.line_items := b.line_items || jsonb_build_array(booking.line('overstay_fee', 'Service fee', fee, 'platform'));
  end if;
  b.subtotal_amount := b.subtotal_amount + stay;
  b.fee_amount := b.fee_amount + fee;
  b.total_amount := b.total_amount + stay + fee;
  b.overstay_amount := stay + fee;
  return b;
end $$;

CREATE FUNCTION booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text, event text, reason text DEFAULT NULL::text, details jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare next_handler text;
begin
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details)
  values (b.id, b.version, app.actor(), write_step.party, previous.status, b.status, write_step.reason, write_step.event,
          write_step.details);
  perform booking.start_clock(b, flow);
  for next_handler in
    select h.handler from booking.step_handlers h
    where (h.module is null or h.module = b.module) and (
      h.moment = 'confirmed' and b.confirmed_at is not null and previous.confirmed_at is null
      or h.moment = 'started' and b.started_at is not null and previous.started_at is null
      or h.moment = 'moved' and write_step.event = 'moved'
      or h.moment = 'completed' and b.completed_at is not null and previous.completed_at is null
      or h.moment = 'ended' and b.status <> all (flow.live) and previous.status = any (flow.live))
    -- A booking is confirmed before it starts, and what ends it comes last.
    order by array_position(array['confirmed', 'started', 'moved', 'completed', 'ended'], h.moment), h.handler
  loop
    execute format('select %s($1)', next_handler) using b.id;
  end loop;
end $_$;

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
  update identity.users u set account_status = identity.standing_before(u), suspended_until = null, status_reason = null
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
    CONSTRAINT uploads_photo_check CHECK (((purpose = 'document'::text) OR (content_type <> 'application/pdf'::text))),
    CONSTRAINT uploads_purpose_check CHECK ((purpose = ANY (ARRAY['profile_photo'::text, 'document'::text, 'space_photo'::text, 'review_photo'::text]))),
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
    -- A proven number would open the account by a code.
    update identity.users u set password_hash = null, phone_sealed = null, phone_hash = null, phone_verified_at = null
    where u.id = appoint_super_admin.user_id;
    perform identity.forget_two_factor(appoint_super_admin.user_id);
    perform identity.revoke_other_sessions(appoint_super_admin.user_id, null, 'ended_by_staff');
    delete from identity.contact_changes c where c.user_id = appoint_super_admin.user_id and c.confirmed_at is null;
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

CREATE FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_codes jsonb) RETURNS TABLE(retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; asked text; old_code jsonb;
begin
  select * into person from identity.users u where u.id = app.actor() for update;
  if begin_contact_change.new_destination = person.email or begin_contact_change.new_hash = person.phone_hash then
    perform app.refuse('contact_unchanged');
  end if;
  select e.kind, old_codes -> e.kind into asked, old_code
  from (values ('email', person.email_verified_at), ('phone', person.phone_verified_at)) as e (kind, proven_at)
  where e.proven_at is not null order by e.kind = begin_contact_change.kind desc limit 1;
  -- A contact that came while this was under way: the next try has a code for it.
  if asked is not null and old_code is null then
    retry_after := 1;
    return next;
    return;
  end if;
  -- By person too: a message to whatever number one likes costs us, and networks are cheap.
  retry_after := coalesce(app.draw('contact-change:' || app.actor(), 10, interval '1 hour'),
    identity.draw_code(new_code ->> 'destination_hash'));
  if retry_after is null and asked is not null then retry_after := identity.draw_code(old_code ->> 'destination_hash'); end if;
  if retry_after is null then
    delete from identity.contact_changes c
    where c.user_id = app.actor() and c.kind = begin_contact_change.kind and c.confirmed_at is null;
    insert into identity.contact_changes (marketplace, user_id, kind, old_destination, old_hash, new_destination, new_hash,
      old_otp_id, new_otp_id, expires_at)
    select app.marketplace(), app.actor(), begin_contact_change.kind,
      case asked when 'email' then person.email when 'phone' then person.phone_sealed end,
      case asked when 'phone' then person.phone_hash end,
      begin_contact_change.new_destination, begin_contact_change.new_hash,
      (old_code ->> 'id')::uuid, (new_code ->> 'id')::uuid, app.now() + interval '10 minutes';
    perform identity.write_code((code ->> 'id')::uuid, code ->> 'destination_hash', code ->> 'code_hash', code ->> 'channel',
      'change_contact', app.actor())
    from unnest(array_remove(array[new_code, old_code], null)) as code;
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

CREATE FUNCTION identity.begin_proof() RETURNS TABLE(retry_after integer, password_hash text, secret text, confirmed boolean, full_name text, email text, code_email text, phone_sealed text, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := app.draw('proof:' || app.actor(), 10, interval '15 minutes');
  if retry_after is null then
    select u.password_hash, u.two_factor_secret, u.two_factor_confirmed_at is not null, u.full_name, u.email, c.email,
      c.phone_sealed, c.phone_hash
    into password_hash, secret, confirmed, full_name, email, code_email, phone_sealed, phone_hash
    from identity.users u, identity.trusted_contacts(u.id) as c where u.id = app.actor();
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

CREATE FUNCTION identity.check_super_admins(person_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from identity.user_roles r join identity.users u on u.id = r.user_id
    where r.marketplace = app.marketplace() and r.role = 'super_admin' and u.id <> person_id
      and u.account_status = 'active') then perform app.refuse('last_super_admin'); end if;
end $$;

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
    AS $_$
declare moment text; kept interval;
begin
  for target, moment, kept in values
    ('refresh_tokens', 'expires_at', interval '1 day'),
    ('otps', 'expires_at', '30 days'),
    ('sessions', 'least(revoked_at, expires_at)', '30 days'),
    ('two_factor_challenges', 'expires_at', '1 day'),
    ('contact_changes', 'expires_at', '1 day'),
    ('personal_access_tokens', 'expires_at', '30 days')
  loop
    execute format('delete from identity.%1$I where id = any (array(
      select id from identity.%1$I where %2$s < $1 limit $2 for update skip locked))', target, moment)
    using app.now() - kept, batch;
    get diagnostics removed = row_count;
    return next;
  end loop;
end $_$;

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
    -- Begun while nothing was proven: who has proven something since was not asked.
    and (c.old_otp_id is not null or not exists (
      select from identity.users u
      where u.id = app.actor() and coalesce(u.email_verified_at, u.phone_verified_at) is not null))
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
    perform identity.take_contact(app.actor(), case change.kind when 'email' then change.new_destination end, change.new_hash);
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
        jsonb_build_object('user_id', app.actor(), 'change_id', change.id, 'kind', change.kind,
          'former_kind', case when change.old_hash is null then 'email' else 'phone' end));
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
  if not exists (
    select from identity.sessions s
    where s.id = confirm_two_factor.session_id and s.user_id = app.actor() and s.stepped_up_at > app.now() - interval '10 minutes') then
    perform app.refuse('step_up_required');
  end if;
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
  update identity.sessions s set mfa_at = app.now(), stepped_up_at = null
  where s.id = confirm_two_factor.session_id and s.user_id = app.actor();
  perform identity.write_recovery_codes(code_hashes);
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
    -- Asked under the lock: a reset that has just ended the session has deleted its tokens, and takes this one too.
    from identity.sessions s
    where s.id = create_access_token.session_id and s.user_id = app.actor() and s.revoked_at is null
    returning t.id, t.name::text, t.abilities, t.expires_at, t.created_at;
  if not found then perform app.refuse('session_ended'); end if;
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

CREATE FUNCTION identity.deleted_person_at(email text, phone_hash text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.id from identity.users u
  where u.marketplace = app.marketplace() and u.deleted_at > app.now() - interval '90 days' and u.purged_at is null
    and (u.email = deleted_person_at.email or u.phone_hash = deleted_person_at.phone_hash)
  order by case when deleted_person_at.email is null then u.phone_verified_at else u.email_verified_at end is not null desc,
    u.deleted_at desc limit 1
$$;

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

CREATE FUNCTION identity.expire_uploads(batch integer) RETURNS TABLE(id uuid, object_name text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with due as (
    select u.id from identity.uploads u
    where u.status <> 'stored' and u.created_at < app.now() - interval '1 day' order by u.created_at limit batch
    for update skip locked)
  update identity.uploads u set status = 'rejected', settled_at = coalesce(u.settled_at, app.now())
  from due where u.id = due.id
  returning u.id, u.object_name
$$;

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

CREATE FUNCTION identity.forget_upload(upload_id uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from identity.uploads u where u.id = upload_id and u.status = 'rejected' returning true
$$;

CREATE FUNCTION identity.has_permission(person_id uuid, permission text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return exists (
      select from identity.user_roles r
      join identity.role_permissions p on p.marketplace = r.marketplace and p.role = r.role and p.is_granted
      where r.user_id = person_id and p.permission = has_permission.permission)
    or exists (
      select from identity.user_permissions p
      where p.user_id = person_id and p.permission = has_permission.permission);
end $$;

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

CREATE FUNCTION identity.keep_standing() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.standing_before := case
    when new.account_status in ('pending', 'active') then null
    when old.account_status = 'pending' then 'pending'
    else coalesce(old.standing_before, 'active') end;
  return new;
end $$;

CREATE FUNCTION identity.lend_tesla_tokens(person_id uuid) RETURNS TABLE(state text, user_id uuid, region text, access_token_sealed text, refresh_token_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare account identity.tesla_accounts;
begin
  select * into account from identity.tesla_accounts t where t.user_id = lend_tesla_tokens.person_id for update;
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

CREATE FUNCTION identity.mark_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  select u.account_status = 'active' into new.is_active from identity.users u where u.id = new.user_id;
  new.is_active := coalesce(new.is_active, false);
  return new;
end $$;

CREATE FUNCTION identity.mark_roles() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update identity.user_roles r set is_active = new.account_status = 'active' where r.user_id = new.id;
  return null;
end $$;

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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  -- Whoever holds the row is busy with the same person: nothing is lost, and nobody waits.
  perform from identity.users u
  where u.id = note_activity.person_id
    and (u.last_active_at is null or u.last_active_at < app.now() - interval '5 minutes')
  for no key update skip locked;
  if found then update identity.users u set last_active_at = app.now() where u.id = note_activity.person_id; end if;
end $$;

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
  select * into person from identity.users u
  where u.id = person_id and (u.email = prove_contact.email or u.phone_hash = prove_contact.phone_hash) for update;
  if not found then return false; end if;
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
  -- All of it is shown as one row, which may have 64 KB.
  if (select sum(octet_length(p.data::text)) > 40000 from identity.step_progress p where p.session_id = session.id) then
    perform app.refuse('too_much_data');
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
      request_code.purpose, case request_code.purpose
        when 'restore_account' then identity.deleted_person_at(request_code.email, request_code.phone_hash)
        else identity.person_at(request_code.email, request_code.phone_hash) end);
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
  delete from identity.two_factor_challenges c where c.user_id = person_id and c.consumed_at is null;
  select count(*) filter (where is_own) into ended
  from (select s.impersonator_session_id is null as is_own, identity.revoke_session(s.id, revoke_other_sessions.reason)
        from identity.sessions s
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

CREATE FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text, password_hash text) RETURNS TABLE(outcome text, session_id uuid, account jsonb, suspension jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  outcome := 'invalid_credentials';
  perform from identity.users u
  where u.id = person_id and u.password_hash = settle_login.password_hash for no key update;
  if settle_login.token_hash is null or not found then
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

CREATE FUNCTION identity.settle_password(session_id uuid, password_hash text, codes jsonb) RETURNS TABLE(outcome text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'set_password') t;
    if outcome <> 'right' then
      return next;
      return;
    end if;
  end if;
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

CREATE FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean, codes jsonb) RETURNS TABLE(outcome text, attempts_left integer, field text, session_id uuid, account jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  person identity.users;
  proven_email text := case when codes ? 'email' then sign_up.email end;
  proven_phone text := case when codes ? 'phone' then sign_up.phone_hash end;
begin
  select t.outcome, t.attempts_left, t.field into outcome, attempts_left, field
  from identity.try_sign_up_codes(codes) t;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'signed_up';
  perform identity.take_contact(null, proven_email, proven_phone);
  insert into identity.users (marketplace, full_name, email, phone_sealed, phone_hash, password_hash, account_status)
  values (app.marketplace(), sign_up.full_name, sign_up.email, sign_up.phone_sealed, sign_up.phone_hash, sign_up.password_hash,
    case when is_pending then 'pending' else 'active' end)
  returning * into person;
  insert into identity.user_roles (marketplace, user_id, role)
  select person.marketplace, person.id, r.name from jsonb_array_elements_text(sign_up.roles) with ordinality as r (name, n)
  order by r.n;
  perform app.audit('auth.signed_up', 'auth', 'users', person.id::text, user_id => person.id);
  perform app.emit('identity.user_signed_up', jsonb_build_object('user_id', person.id, 'roles', sign_up.roles));
  if proven_email is not null then perform identity.prove_contact(person.id, proven_email, null, true); end if;
  if proven_phone is not null then perform identity.prove_contact(person.id, null, proven_phone, true); end if;
  session_id := identity.open_session(person.id, sign_up.token_hash, false);
  select identity.account(u) into account from identity.users u where u.id = person.id;
  return next;
end $$;

CREATE FUNCTION identity.standing_before(person identity.users) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when person.standing_before = 'pending' and person.phone_verified_at is null then 'pending' else 'active' end
$$;

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

CREATE FUNCTION identity.start_two_factor(session_id uuid, secret text, is_right boolean, codes jsonb) RETURNS TABLE(outcome text, attempts_left integer, label text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'start_two_factor') t;
  elsif is_right then
    outcome := 'right';
  else
    outcome := 'wrong_password';
    perform app.audit('auth.two_factor_refused', 'auth', 'users', app.actor()::text);
  end if;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'started';
  if exists (select from identity.users u
             where u.id = app.actor() and u.email_verified_at is null and u.phone_verified_at is null) then
    perform app.refuse('contact_unproven');
  end if;
  update identity.users u set two_factor_secret = start_two_factor.secret, two_factor_last_step = null
  where u.id = app.actor() and u.two_factor_confirmed_at is null
  returning coalesce(u.email, u.full_name) into label;
  if not found then perform app.refuse('two_factor_on'); end if;
  update identity.sessions s set stepped_up_at = app.now() where s.id = start_two_factor.session_id and s.user_id = app.actor();
  perform app.refill('proof:' || app.actor());
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
  -- A code gives no attempts back: who stole a session makes codes of their own, and would guess at the password for ever.
  if knows_password then perform app.refill('proof:' || app.actor()); end if;
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

CREATE FUNCTION identity.take_contact(owner uuid, email text, phone_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare loser uuid;
begin
  for loser in
    update identity.users u set contact_lost_at = app.now(),
      email = case when u.email = take_contact.email and u.email_verified_at is null then null else u.email end,
      phone_sealed = case when u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null then null
        else u.phone_sealed end,
      phone_hash = case when u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null then null else u.phone_hash end
    where u.marketplace = app.marketplace() and u.deleted_at is null and u.id is distinct from take_contact.owner
      and (u.email = take_contact.email and u.email_verified_at is null
        or u.phone_hash = take_contact.phone_hash and u.phone_verified_at is null)
    returning u.id
  loop
    perform app.audit('auth.contact_lost', 'auth', 'users', loser::text, user_id => null);
    perform app.emit('identity.contact_lost', jsonb_build_object('user_id', loser));
  end loop;
end $$;

CREATE FUNCTION identity.trusted_contacts(person_id uuid) RETURNS TABLE(email text, phone_sealed text, phone_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case when u.email_verified_at is not null or unproven then u.email::text end,
         case when u.phone_verified_at is not null or unproven then u.phone_sealed end,
         case when u.phone_verified_at is not null or unproven then u.phone_hash end
  from identity.users u, lateral (select coalesce(u.email_verified_at, u.phone_verified_at) is null as unproven) as p
  where u.id = person_id
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

CREATE FUNCTION identity.try_own_code(codes jsonb, purpose text) RETURNS TABLE(outcome text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare code identity.otps; kind text;
begin
  select o.* into code
  from identity.otps o join jsonb_each(codes) as c on o.destination_hash = c.value ->> 'destination_hash'
  where o.marketplace = app.marketplace() and o.user_id = app.actor() and o.purpose = try_own_code.purpose
    and o.replaced_at is null and o.consumed_at is null and o.expires_at > app.now() and o.attempts < 5
  order by o.code_hash = c.value ->> 'code_hash' desc, o.id desc limit 1 for update of o;
  select c.key into kind from jsonb_each(codes) as c
  where c.value ->> 'destination_hash' = code.destination_hash and c.value ->> 'code_hash' = code.code_hash;
  if code.id is null then
    outcome := 'code_expired';
  elsif kind is null then
    outcome := 'wrong_code';
    attempts_left := 4 - code.attempts;
    update identity.otps o set attempts = o.attempts + 1 where o.id = code.id;
    perform app.audit('auth.code_failed', 'auth', 'otps', code.id::text);
  else
    outcome := 'right';
    update identity.otps o set consumed_at = app.now() where o.id = code.id;
    perform identity.prove_contact(app.actor(),
      case kind when 'email' then (select u.email::text from identity.users u where u.id = app.actor()) end,
      case kind when 'phone' then (select u.phone_hash from identity.users u where u.id = app.actor()) end, true);
  end if;
  return next;
end $$;

CREATE FUNCTION identity.try_sign_up_codes(codes jsonb) RETURNS TABLE(outcome text, attempts_left integer, field text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kind text; shown jsonb; earlier text;
begin
  outcome := 'right';
  for kind, shown in select c.key, c.value from jsonb_each(codes) as c order by c.key loop
    select t.outcome, t.attempts_left into outcome, attempts_left
    from identity.try_code(shown ->> 'destination_hash', shown ->> 'code_hash', 'sign_up', (
      select o.user_id from identity.otps o
      where o.marketplace = app.marketplace() and o.destination_hash = shown ->> 'destination_hash' and o.purpose = 'sign_up'
        and o.replaced_at is null)) t;
    if outcome <> 'right' then
      field := kind || '_code';
      -- The right code of the one may be shown again with the next try of the other.
      update identity.otps o set consumed_at = null
      where o.marketplace = app.marketplace() and o.destination_hash = earlier and o.purpose = 'sign_up' and o.replaced_at is null;
      exit;
    end if;
    earlier := shown ->> 'destination_hash';
  end loop;
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
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select * from identity.lend_tesla_tokens(app.actor())
$$;

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

CREATE FUNCTION money.adjust_credits(person_id uuid, credits bigint, words text) RETURNS TABLE(id uuid, user_id uuid, type text, amount bigint, balance_after bigint, description text, created_by uuid, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare posted uuid;
begin
  if not exists (
    select from identity.users u
    where u.id = person_id and u.marketplace = app.marketplace() and u.deleted_at is null) then
    perform app.refuse('not_found');
  end if;
  if person_id = app.actor() then perform app.refuse('own_account'); end if;
  posted := money.post(jsonb_build_object('key', 'adjustment/' || app.uuid_v7(), 'type', 'adjustment', 'currency', 'XCR',
    'description', 'Adjustment by staff', 'entries', jsonb_build_array(
      jsonb_build_object('account', 'credits', 'user_id', person_id, 'amount', credits),
      jsonb_build_object('account', 'credit_expense', 'amount', -credits))));
  insert into money.adjustments (transfer_id, marketplace, user_id, description, created_by)
  values (posted, app.marketplace(), person_id, words, app.actor());
  return query
    select posted, c.user_id, c.type, c.amount, c.balance_after, c.description::text, app.actor(), c.created_at
    from money.credit_transactions c where c.id = posted;
  perform app.audit('money.credits_adjusted', 'money', 'adjustments', posted::text, new_values => jsonb_build_object(
    'user_id', person_id, 'amount', credits, 'description', words));
end $$;

CREATE FUNCTION money.advance_payment(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; a money.payment_attempts; next_status text;
begin
  select t.* into strict p from money.payments t where t.id = advance_payment.payment_id for update;
  for a in select t.* from money.payment_attempts t where t.payment_id = p.id and t.status = 'captured' and not t.is_posted loop
    perform money.post_through_gateway(p, a, 'attempt/' || a.id || '/captured', 'payment', a.captured_amount);
    update money.payment_attempts t set is_posted = true where t.id = a.id;
  end loop;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason)
  select p.marketplace, p.id, t.id, 'gateway', p.currency, t.captured_amount, 'paid_too_late'
  from money.payment_attempts t
  where t.payment_id = p.id and t.status = 'captured' and t.captured_amount > 0 and (p.status = 'cancelled' or not t.is_current)
  on conflict (attempt_id) where reason = 'paid_too_late' do nothing;

  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current;
  next_status := money.status_by_attempt(p, a);
  if next_status <> p.status and exists (
    select from money.status_changes c
    where c.subject = 'payments' and c.from_status = p.status and c.to_status = next_status) then
    update money.payments t set status = next_status,
      captured_amount = case when a.status = 'captured' then a.captured_amount else 0 end
    where t.id = p.id;
    if next_status = 'cancelled' then perform money.give_back_parts(p); end if;
    perform money.tell_booking(p, next_status);
    select t.* into strict p from money.payments t where t.id = p.id;
    perform app.emit('payment.' || p.status, jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id,
      'user_id', p.payer_id, 'amount', p.amount, 'currency', p.currency));
  end if;
  if p.due_amount is not null and p.status in ('succeeded', 'partially_refunded') then perform money.settle_payment(p); end if;
  perform money.watch_payment(p.id);
end $$;

CREATE FUNCTION money.ask_for_work(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.work_due', jsonb_build_object('payment_id', ask_for_work.payment_id));
end $$;

CREATE FUNCTION money.broken_statements(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('transfer_id', e.transfer_id, 'account_id', e.account_id, 'amount', e.amount,
           'balance_before', coalesce(previous.balance_after, 0), 'balance_after', e.balance_after)
  from money.entries e join money.accounts a on a.id = e.account_id and a.owner_id is not null
  left join lateral (
    select p.balance_after from money.entries p where p.account_id = e.account_id and p.number < e.number
    order by p.number desc limit 1) as previous on true
  where money.is_looked_at(a.marketplace) and (since is null or e.transfer_id >= app.uuid_v7_floor(since))
    and e.balance_after is distinct from coalesce(previous.balance_after, 0) + e.amount
$$;

CREATE FUNCTION money.check_invariants(since timestamp with time zone) RETURNS TABLE(name text, description text, breaches integer, examples jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare rule money.invariants;
begin
  for rule in select i.* from money.invariants i order by i.name loop
    name := rule.name;
    description := rule.description;
    execute format('select count(*), coalesce(jsonb_agg(f.breach) filter (where f.n <= 10), ''[]'')
      from (select c.breach, row_number() over () as n from %s($1) as c (breach)) as f', rule.checker)
    into breaches, examples using since;
    return next;
  end loop;
end $_$;

CREATE FUNCTION money.claim_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare busy boolean;
begin
  perform money.lock_booking(p.booking_id) from money.payments p
  where p.id = claim_payment.payment_id and p.marketplace = app.marketplace();
  update money.payments p set
    is_wanted = coalesce(p.leased_until > app.now(), false),
    leased_until = case when p.leased_until > app.now() then p.leased_until else app.now() + interval '1 minute' end
  where p.id = claim_payment.payment_id and p.marketplace = app.marketplace()
  returning p.is_wanted into busy;
  if busy then perform app.set_timer('payment.look', claim_payment.payment_id, app.now() + interval '1 minute'); end if;
  if busy is null or busy then return null; end if;
  perform money.advance_payment(claim_payment.payment_id);
  return money.payment_work(claim_payment.payment_id);
end $$;

CREATE TABLE money.payments (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payer_id uuid NOT NULL,
    purpose text NOT NULL,
    booking_id uuid,
    description character varying(200) NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    wallet_amount bigint NOT NULL,
    credits_amount bigint NOT NULL,
    gateway_amount bigint NOT NULL,
    capture text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    due_amount bigint,
    due_items jsonb,
    captured_amount bigint DEFAULT 0 NOT NULL,
    refunded_amount bigint DEFAULT 0 NOT NULL,
    leased_until timestamp with time zone,
    is_wanted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT payments_amount_check CHECK ((amount > 0)),
    CONSTRAINT payments_booking_check CHECK (((purpose = 'booking'::text) = (booking_id IS NOT NULL))),
    CONSTRAINT payments_capture_check CHECK ((capture = ANY (ARRAY['now'::text, 'later'::text]))),
    CONSTRAINT payments_captured_amount_check CHECK ((captured_amount >= 0)),
    CONSTRAINT payments_credits_amount_check CHECK ((credits_amount >= 0)),
    CONSTRAINT payments_description_check CHECK ((btrim((description)::text) <> ''::text)),
    CONSTRAINT payments_due_amount_check CHECK ((due_amount >= 0)),
    CONSTRAINT payments_due_check CHECK (((due_amount IS NULL) = (due_items IS NULL))),
    CONSTRAINT payments_gateway_amount_check CHECK ((gateway_amount >= 0)),
    CONSTRAINT payments_parts_check CHECK ((amount = ((wallet_amount + credits_amount) + gateway_amount))),
    CONSTRAINT payments_purpose_check CHECK ((purpose = ANY (ARRAY['booking'::text, 'subscription'::text, 'topup'::text, 'order'::text]))),
    CONSTRAINT payments_refunded_amount_check CHECK ((refunded_amount >= 0)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'authorized'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'partially_refunded'::text, 'refunded'::text]))),
    CONSTRAINT payments_wallet_amount_check CHECK ((wallet_amount >= 0))
);

ALTER TABLE ONLY money.payments FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.credit_entries(p money.payments, worth bigint) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select e from money.currencies c, lateral (select worth / power(10, c.exponent)::bigint as credits) as n, lateral (values
    (jsonb_build_object('account', 'credit_expense', 'amount', worth)),
    (jsonb_build_object('account', 'credits', 'user_id', p.payer_id, 'currency', 'XCR', 'amount', n.credits,
      'type', case when worth < 0 then 'spent' else 'refunded' end)),
    (jsonb_build_object('account', 'credit_expense', 'currency', 'XCR', 'amount', -n.credits))) as v (e)
  where c.code = p.currency and worth <> 0
$$;

CREATE FUNCTION money.entry_of(b booking.bookings, party text, amount bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select case party when 'provider' then jsonb_build_object('account', 'provider_payable', 'user_id', b.provider_id, 'amount', amount)
    when 'tax' then jsonb_build_object('account', 'tax', 'amount', amount)
    else jsonb_build_object('account', 'platform_revenue', 'amount', amount) end
$$;

CREATE FUNCTION money.find_my_attempt(gateway text, key text, reference text) RETURNS TABLE(attempt_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select a.id from money.payment_attempts a join money.payments p on p.id = a.payment_id
  where p.payer_id = app.actor() and p.marketplace = app.marketplace() and a.gateway = find_my_attempt.gateway
    and (a.id::text = find_my_attempt.key or a.reference = find_my_attempt.reference)
  limit 1
$$;

CREATE FUNCTION money.give_back_parts(p money.payments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if p.wallet_amount + p.credits_amount > 0 then
    perform money.reverse(k.transfer_id, 'Cancelled: ' || p.description) from money.transfer_keys k
    where k.marketplace = p.marketplace and k.key = 'payment/' || p.id || '/parts';
  end if;
end $$;

CREATE FUNCTION money.holding(person_id uuid, kind text, currency text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held bigint;
begin
  select b.balance into held from money.balances b join money.accounts a on a.id = b.account_id
  where a.owner_id = person_id and a.kind = holding.kind and a.currency = holding.currency and b.is_active for update of b;
  return coalesce(held, 0);
end $$;

CREATE FUNCTION money.is_looked_at(marketplace text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select coalesce(marketplace = app.marketplace(), true)
$$;

CREATE FUNCTION money.lock_booking(booking_id uuid) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  perform from app.timers t where t.kind = 'booking.clock' and t.subject_id = lock_booking.booking_id and t.settled_at is null
  for update;
  select t.* into b from booking.bookings t where t.id = lock_booking.booking_id and t.marketplace = app.marketplace() for update;
  return b;
end $$;

CREATE FUNCTION money.open_account(place text, kind text, user_id uuid, gateway text, currency text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare opened uuid;
begin
  if user_id is not null and not exists (
    select from identity.users u where u.id = open_account.user_id and u.marketplace = place) then
    perform app.refuse('not_found');
  end if;
  insert into money.accounts (marketplace, owner_id, kind, gateway, currency)
  values (place, user_id, open_account.kind, open_account.gateway, open_account.currency)
  on conflict do nothing returning id into opened;
  if opened is null and user_id is not null then
    select a.id into opened from money.accounts a
    where a.owner_id = user_id and a.kind = open_account.kind and a.currency = open_account.currency;
    -- The one wallet of a person is in another currency.
    if opened is null then perform app.refuse('wrong_currency'); end if;
  elsif opened is null then
    select a.id into opened from money.accounts a
    where a.owner_id is null and a.marketplace = place and a.kind = open_account.kind
      and a.currency = open_account.currency and coalesce(a.gateway, '') = coalesce(open_account.gateway, '');
  end if;
  return opened;
end $$;

CREATE FUNCTION money.open_accounts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into money.accounts (marketplace, owner_id, kind, currency)
  select m.slug, new.id, a.kind, coalesce(a.currency, m.currency)
  from app.marketplaces m, (values ('wallet', null), ('credits', 'XCR')) as a (kind, currency)
  where m.slug = new.marketplace;
  return null;
end $$;

CREATE FUNCTION money.open_balance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into money.balances (account_id, is_debt) values (new.id, new.kind = 'receivable');
  return null;
end $$;

CREATE FUNCTION money.open_payment(wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; p money.payments; a money.payment_attempts; chosen text;
begin
  if wish ->> 'gateway' is not null and not wish -> 'gateways' ? (wish ->> 'gateway') then
    perform app.refuse('gateway_not_offered');
  end if;
  b := money.lock_booking((wish ->> 'booking_id')::uuid);
  if b.id is null or b.customer_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  if b.status = 'cancelled' or b.expires_at <= app.now() then perform app.refuse('booking_not_payable', b.status); end if;
  if b.total_amount = 0 then perform app.refuse('nothing_to_pay'); end if;
  select t.* into p from money.payments t where t.booking_id = b.id and t.status <> 'cancelled' for update;
  if p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then perform app.refuse('already_paid'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current for update;
  if p.id is not null and p.amount <> b.total_amount then
    -- The booking has changed since. What the earlier payment still brings in is given back.
    update money.payments t set status = 'cancelled' where t.id = p.id;
    perform money.give_back_parts(p);
    perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
    p := null;
    a := null;
  end if;
  if p.id is null then
    p := money.start_payment(b, wish);
  end if;
  if p.gateway_amount = 0 then
    perform money.advance_payment(p.id);
    return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', null);
  end if;

  -- A gateway that did not take the last try at all is not asked first again.
  chosen := coalesce(wish ->> 'gateway', case
    when a.id is null then wish #>> '{gateways,0}'
    when a.reference is null and a.failure_code is not null then coalesce((
      select g.name from jsonb_array_elements_text(wish -> 'gateways') with ordinality as g (name, place)
      where g.place > (select o.place from jsonb_array_elements_text(wish -> 'gateways') with ordinality as o (name, place)
                       where o.name = a.gateway)
      order by g.place limit 1), wish #>> '{gateways,0}')
    else a.gateway end);
  if a.id is null or a.gateway <> chosen or a.options <> wish -> 'options' or a.created_at < app.now() - interval '20 hours'
    or a.status in ('rejected', 'cancelled') or a.status = 'failed' and a.options ? 'payment_method' then
    update money.payment_attempts t set is_current = false where t.id = a.id;
    insert into money.payment_attempts (marketplace, payment_id, gateway, amount, options)
    values (p.marketplace, p.id, chosen, p.gateway_amount, wish -> 'options')
    returning * into a;
  end if;
  update money.payments t set leased_until = app.now() + interval '30 seconds' where t.id = p.id;
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
  return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', jsonb_build_object(
    'attempt_id', a.id, 'gateway', a.gateway, 'amount', a.amount, 'currency', p.currency, 'description', p.description,
    'capture', p.capture, 'options', a.options, 'metadata', jsonb_build_object('payment_id', p.id, 'booking_id', b.id)));
end $$;

CREATE FUNCTION money.payment_of_webhook(webhook_id uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare e money.webhook_events; a money.payment_attempts;
begin
  select t.* into e from money.webhook_events t
  where t.id = payment_of_webhook.webhook_id and t.marketplace = app.marketplace();
  select t.* into a from money.payment_attempts t
  where t.marketplace = e.marketplace and t.gateway = e.gateway and (t.reference = e.reference or t.id::text = e.key)
  order by t.reference is not distinct from e.reference desc limit 1;
  if a.id is null then
    return (select r.payment_id from money.refunds r
            where r.marketplace = e.marketplace and (r.id::text = e.key or r.reference = e.refund_reference) limit 1);
  end if;
  -- Bolt makes the reference when the person pays.
  if e.reference is not null and a.reference is distinct from e.reference and (a.reference is null or a.reference = a.id::text) then
    update money.payment_attempts t set reference = e.reference where t.id = a.id;
  end if;
  return a.payment_id;
end $$;

CREATE FUNCTION money.payment_steps(p money.payments) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('kind', t.kind, 'id', t.id, 'gateway', t.gateway, 'reference', t.reference, 'amount', t.amount,
    'key', t.key)
  from (
    select case when a.is_current and p.status <> 'cancelled' and w.wanted > 0 then 'capture' else 'cancel' end as kind, a.id,
      a.gateway, a.reference,
      -- What is reserved at Razorpay is taken whole; the rest is refunded.
      case when a.gateway = 'razorpay' then a.amount else least(w.wanted, a.amount) end as amount,
      a.id || '-x' as key
    from money.payment_attempts a,
      lateral (select coalesce(p.due_amount - p.wallet_amount - p.credits_amount, 0) as wanted) as w
    where a.payment_id = p.id and a.reference is not null and (
      -- Nobody needs it any more.
      (p.status = 'cancelled' or not a.is_current or p.due_amount is not null and w.wanted <= 0)
        and a.status in ('requires_action', 'authorized', 'failed')
        and a.created_at > app.now() - interval '7 days'
      or a.is_current and a.status = 'authorized' and p.due_amount is not null and w.wanted > 0)
    union all
    select 'refund', r.id, a.gateway, a.reference, r.amount, r.id::text
    from money.refunds r join money.payment_attempts a on a.id = r.attempt_id
    where r.payment_id = p.id and r.status = 'pending') as t
  order by t.id
$$;

CREATE FUNCTION money.payment_work(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payment_id', p.id,
    'looks', coalesce((
      select jsonb_agg(jsonb_build_object('attempt_id', a.id, 'gateway', a.gateway, 'reference', a.reference,
        'age', extract(epoch from app.now() - a.created_at)::bigint) order by a.id)
      from money.payment_attempts a where a.payment_id = p.id and a.status <> 'captured'), '[]'),
    'refund_looks', coalesce((
      select jsonb_agg(jsonb_build_object('refund_id', r.id, 'gateway', a.gateway, 'reference', r.reference) order by r.id)
      from money.refunds r join money.payment_attempts a on a.id = r.attempt_id
      where r.payment_id = p.id and r.reference is not null and r.status in ('processing', 'succeeded')), '[]'),
    'step', (select s from money.payment_steps(p) as s limit 1))
  from money.payments p where p.id = payment_work.payment_id
$$;

CREATE FUNCTION money.platform_balance(account_id uuid) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select (coalesce(r.amount, 0) + coalesce((
    select sum(e.amount) from money.entries e where e.account_id = a.id and e.number > coalesce(r.through, 0)), 0))::bigint
  from money.accounts a left join money.rollups r on r.account_id = a.id
  where a.id = platform_balance.account_id
$$;

CREATE FUNCTION money.post(transfer jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  posted uuid := app.uuid_v7(); place text := app.marketplace(); moment timestamptz := app.now();
  digest text := md5(transfer::text); earlier money.transfer_keys;
  line record; n integer := 0; balance bigint;
  accounts uuid[] := '{}'; owned boolean[]; amounts bigint[]; currencies text[]; types text[]; balances bigint[];
begin
  insert into money.transfer_keys (marketplace, key, digest, transfer_id)
  values (place, transfer ->> 'key', digest, posted)
  on conflict on constraint transfer_keys_pkey do nothing;
  if not found then
    select k.* into earlier from money.transfer_keys k where k.marketplace = place and k.key = transfer ->> 'key';
    if earlier.digest <> digest then perform app.refuse('transfer_key_reused'); end if;
    return earlier.transfer_id;
  end if;

  insert into money.transfers (id, marketplace, key, type, description, reference_type, reference_id, reverses, created_by, created_at)
  values (posted, place, transfer ->> 'key', transfer ->> 'type', transfer ->> 'description', transfer ->> 'reference_type',
    (transfer ->> 'reference_id')::uuid, (transfer ->> 'reverses')::uuid, app.actor(), moment);

  for line in
    select coalesce(case when e.user_id is null then (
               select a.id from money.accounts a
               where a.owner_id is null and a.marketplace = place and a.kind = e.account and a.currency = e.currency
                 and coalesce(a.gateway, '') = coalesce(e.gateway, ''))
             else (
               select a.id from money.accounts a
               where a.owner_id = e.user_id and a.kind = e.account and a.currency = e.currency and a.marketplace = place)
             end, money.open_account(place, e.account, e.user_id, e.gateway, e.currency)) as account_id,
           e.user_id is not null as owned, e.currency, e.amount, e.type
    from (
      select e.account, e.user_id, e.gateway, coalesce(e.currency, transfer ->> 'currency') as currency, e.amount,
             coalesce(e.type, transfer ->> 'type') as type
      from jsonb_to_recordset(transfer -> 'entries')
        as e (account text, user_id uuid, gateway text, currency text, amount bigint, type text)
      -- In one order for all, since an account that is not there yet is opened on the way.
      order by 2, 1, 3, 4 offset 0) as e
    order by 1
  loop
    if line.account_id = accounts[n] then
      amounts[n] := amounts[n] + line.amount;
    else
      n := n + 1;
      accounts[n] := line.account_id; owned[n] := line.owned; currencies[n] := line.currency;
      amounts[n] := line.amount; types[n] := line.type; balances[n] := null;
    end if;
  end loop;

  -- One statement for each account, since that keeps one plan, and in the order of their ids: two transfers that need the same
  -- accounts never wait for each other in a circle.
  for i in 1 .. n loop
    continue when not owned[i] or amounts[i] = 0;
    update money.balances b
    set balance = b.balance + amounts[i], total_in = b.total_in + greatest(amounts[i], 0),
        total_out = b.total_out - least(amounts[i], 0), moved_at = moment
    where b.account_id = accounts[i] and b.is_active
    returning b.balance into balance;
    if not found then perform app.refuse('account_closed'); end if;
    balances[i] := balance;
  end loop;
  insert into money.entries (transfer_id, account_id, type, currency, amount, balance_after)
  select posted, l.account_id, l.type, l.currency, l.amount, l.balance
  from unnest(accounts, types, currencies, amounts, balances) as l (account_id, type, currency, amount, balance)
  where l.amount <> 0;
  if not found then perform app.refuse('transfer_empty'); end if;
  return posted;
end $$;

CREATE TABLE money.payment_attempts (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payment_id uuid NOT NULL,
    gateway text NOT NULL,
    amount bigint NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    reference character varying(255),
    is_current boolean DEFAULT true NOT NULL,
    status text DEFAULT 'created'::text NOT NULL,
    captured_amount bigint DEFAULT 0 NOT NULL,
    fee bigint,
    failure_code character varying(100),
    failure_message character varying(500),
    is_posted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT payment_attempts_amount_check CHECK ((amount > 0)),
    CONSTRAINT payment_attempts_captured_amount_check CHECK ((captured_amount >= 0)),
    CONSTRAINT payment_attempts_gateway_check CHECK ((gateway = ANY (ARRAY['stripe'::text, 'razorpay'::text, 'paytm'::text, 'paymongo'::text, 'bolt'::text]))),
    CONSTRAINT payment_attempts_posted_check CHECK (((NOT is_posted) OR (status = 'captured'::text))),
    CONSTRAINT payment_attempts_status_check CHECK ((status = ANY (ARRAY['created'::text, 'requires_action'::text, 'processing'::text, 'authorized'::text, 'captured'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text])))
);

ALTER TABLE ONLY money.payment_attempts FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.post_through_gateway(p money.payments, a money.payment_attempts, key text, type text, amount bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if amount = 0 then return; end if;
  perform money.post(jsonb_build_object('key', post_through_gateway.key, 'type', post_through_gateway.type,
    'description', case when amount < 0 then 'Refund: ' else '' end || p.description, 'currency', p.currency,
    'reference_type', 'payment', 'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', amount),
      jsonb_build_object('account', 'gateway_clearing', 'gateway', a.gateway, 'amount', -amount))));
end $$;

CREATE FUNCTION money.receive_webhook(event jsonb) RETURNS TABLE(received boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kept uuid;
begin
  insert into money.webhook_events (marketplace, gateway, event_id, kind, reference, refund_reference, dispute_reference, key)
  values (app.marketplace(), event ->> 'gateway', event ->> 'event_id', event ->> 'kind', event ->> 'reference',
    event ->> 'refund_reference', event ->> 'dispute_reference', event ->> 'key')
  on conflict on constraint webhook_events_event_id_key do nothing returning id into kept;
  if kept is not null then
    perform app.emit('payment.webhook_received', jsonb_build_object('webhook_id', kept));
  end if;
  return query select true;
end $$;

CREATE FUNCTION money.record_attempt(attempt_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments;
begin
  select t.* into p from money.payments t join money.payment_attempts a on a.payment_id = t.id
  where a.id = record_attempt.attempt_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  perform money.lock_booking(p.booking_id);
  perform from money.payments t where t.id = p.id for update;
  update money.payment_attempts a set
    status = case when exists (select from money.status_changes c where c.subject = 'payment_attempts'
      and c.from_status = a.status and c.to_status = report ->> 'status') then report ->> 'status' else a.status end,
    reference = coalesce(report ->> 'reference', a.reference),
    captured_amount = greatest(a.captured_amount, coalesce((report ->> 'captured_amount')::bigint, 0)),
    fee = coalesce((report ->> 'fee')::bigint, a.fee),
    failure_code = case when report ? 'failure' then left(report #>> '{failure,code}', 100) else a.failure_code end,
    failure_message = case when report ? 'failure' then left(report #>> '{failure,message}', 500) else a.failure_message end
  where a.id = record_attempt.attempt_id;
  perform money.advance_payment(p.id);
  return money.payment_work(p.id);
end $$;

CREATE FUNCTION money.record_my_attempt(attempt_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare paid uuid;
begin
  select p.id into paid from money.payments p join money.payment_attempts a on a.payment_id = p.id
  where a.id = record_my_attempt.attempt_id and p.payer_id = app.actor() and p.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if (money.record_attempt(record_my_attempt.attempt_id, report) ->> 'step') is not null then
    perform money.ask_for_work(paid);
  end if;
  perform money.release_payment(paid);
  return money.shown_payment(paid);
end $$;

CREATE FUNCTION money.record_refund(refund_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r money.refunds; p money.payments; a money.payment_attempts; earlier text;
begin
  select t.* into r from money.refunds t where t.id = record_refund.refund_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  select t.* into strict p from money.payments t where t.id = r.payment_id;
  perform money.lock_booking(p.booking_id);
  perform from money.payments t where t.id = p.id for update;
  select t.* into strict r from money.refunds t where t.id = r.id for update;
  select t.* into strict a from money.payment_attempts t where t.id = r.attempt_id;
  earlier := r.status;
  update money.refunds t set
    status = case when exists (select from money.status_changes c where c.subject = 'refunds'
      and c.from_status = t.status and c.to_status = report ->> 'status') then report ->> 'status' else t.status end,
    reference = coalesce(report ->> 'reference', t.reference),
    failure_code = left(report #>> '{failure,code}', 100), failure_message = left(report #>> '{failure,message}', 500)
  where t.id = r.id returning t.* into r;
  if r.status = 'succeeded' then
    perform money.post_through_gateway(p, a, 'refund/' || r.id, 'refund', -r.amount);
  elsif r.status = 'failed' and earlier = 'succeeded' then
    perform money.reverse(k.transfer_id, 'The bank gave a refund back: ' || p.description) from money.transfer_keys k
    where k.marketplace = r.marketplace and k.key = 'refund/' || r.id;
  end if;
  if r.status = 'failed' and earlier <> 'failed' then
    perform app.emit('payment.refund_failed', jsonb_build_object('payment_id', p.id, 'refund_id', r.id, 'user_id', p.payer_id,
      'amount', r.amount, 'currency', r.currency));
  end if;
  perform money.advance_payment(p.id);
  return money.payment_work(p.id);
end $$;

CREATE FUNCTION money.refund_part(p money.payments, back_to text, worth bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare made uuid; entries jsonb;
begin
  if worth <= 0 then return; end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status)
  select p.marketplace, p.id, case when back_to = 'gateway' then (
      select a.id from money.payment_attempts a where a.payment_id = p.id and a.is_current) end,
    back_to, p.currency, worth, 'not_owed',
    case when back_to = 'gateway' then 'pending' else 'succeeded' end
  on conflict (payment_id, method) where reason = 'not_owed' do nothing returning id into made;
  if made is null or back_to = 'gateway' then return; end if;
  select jsonb_agg(e) into entries from (
    select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -worth) as e
    union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', worth)
    where back_to = 'wallet'
    union all select money.credit_entries(p, worth) where back_to = 'credits') as t;
  perform money.post(jsonb_build_object('key', 'refund/' || made, 'type', 'refund', 'description', 'Refund: ' || p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', entries));
end $$;

CREATE FUNCTION money.refuse_status_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (select from money.status_changes c
    where c.subject = tg_table_name and c.from_status = old.status and c.to_status = new.status) then
    perform app.refuse('transition_not_allowed', format('%s: %s to %s', tg_table_name, old.status, new.status));
  end if;
  return new;
end $$;

CREATE FUNCTION money.refuse_unbalanced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if (select sum(e.amount) from money.entries e where e.transfer_id = new.transfer_id and e.currency = new.currency) <> 0 then
    perform app.refuse('transfer_unbalanced', new.transfer_id::text);
  end if;
  return null;
end $$;

CREATE FUNCTION money.release_payment(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from money.payments p where p.id = release_payment.payment_id and p.is_wanted for update) then
    perform money.ask_for_work(release_payment.payment_id);
  end if;
  update money.payments p set leased_until = null, is_wanted = false
  where p.id = release_payment.payment_id and p.marketplace = app.marketplace();
end $$;

CREATE FUNCTION money.reverse(transfer_id uuid, description text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare original money.transfers; entries jsonb;
begin
  select t.* into original from money.transfers t where t.id = reverse.transfer_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if original.type = 'reversal' then perform app.refuse('reversal_of_reversal'); end if;
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('account', a.kind, 'user_id', a.owner_id, 'gateway', a.gateway,
           'currency', e.currency, 'amount', -e.amount,
           -- Credits that were spent come back as refunded, and the other way round; those that were earned staff take away.
           'type', case when a.kind = 'credits' then
             case e.type when 'spent' then 'refunded' when 'refunded' then 'spent' else 'adjustment' end end)) order by a.id)
  into entries
  from money.entries e join money.accounts a on a.id = e.account_id where e.transfer_id = original.id;
  return money.post(jsonb_strip_nulls(jsonb_build_object('key', 'reversal/' || original.id, 'type', 'reversal',
    'description', reverse.description, 'reverses', original.id, 'reference_type', original.reference_type,
    'reference_id', original.reference_id, 'entries', entries)));
end $$;

CREATE FUNCTION money.roll_up() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare mark money.rollup_boundary; latest bigint; taken bigint := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('money.roll_up', 0));
  select b.* into mark from money.rollup_boundary b;
  if pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= mark.horizon then
    with summed as (
      insert into money.rollups as r (account_id, amount, entries, through)
      select a.id, coalesce(n.amount, 0), coalesce(n.entries, 0), mark.through
      from money.accounts a left join money.rollups r on r.account_id = a.id
      cross join lateral (
        select sum(e.amount)::bigint as amount, count(*) as entries from money.entries e
        where e.account_id = a.id and e.number > coalesce(r.through, 0) and e.number <= mark.through) as n
      where a.owner_id is null
      on conflict on constraint rollups_pkey do update
        set amount = r.amount + excluded.amount, entries = r.entries + excluded.entries, through = excluded.through
      returning r.entries)
    select coalesce(sum(s.entries), 0) into taken from summed s;
    delete from money.rollup_boundary;
    mark := null;
  end if;
  select case when q.is_called then q.last_value else 0 end into latest from money.entry_numbers q;
  -- A transaction's id that is drawn now is above those of all that have drawn a number. A database that was copied into another
  -- cluster counts its transactions anew, and its mark would never be reached.
  if mark is null or mark.horizon > pg_current_xact_id()::text::bigint then
    delete from money.rollup_boundary;
    insert into money.rollup_boundary (through, horizon) values (latest, pg_current_xact_id()::text::bigint);
  end if;
  return taken;
end $$;

CREATE FUNCTION money.settle_booking(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare items jsonb; settled uuid;
begin
  select coalesce(jsonb_agg(jsonb_build_object('payer', l.payer, 'payee', l.payee, 'amount', l.amount) order by l.payer, l.payee), '[]')
  into items
  from (
    select t.payer, t.payee, sum(t.amount)::bigint as amount from (
      select i ->> 'payer' as payer, i ->> 'payee' as payee, (i ->> 'amount')::bigint as amount
      from booking.bookings b, jsonb_array_elements(b.line_items) as i where b.id = settle_booking.booking_id
      union all
      select i ->> 'payer', i ->> 'payee', -(i ->> 'amount')::bigint
      from booking.bookings b, jsonb_array_elements(b.refund_items) as i where b.id = settle_booking.booking_id) as t
    group by 1, 2 having sum(t.amount) <> 0) as l;
  update money.payments p set due_items = items, due_amount = booking.sum_of(items, 'customer')
  where p.booking_id = settle_booking.booking_id and p.status <> 'cancelled' and p.due_amount is null
  returning p.id into settled;
  if settled is not null then perform money.ask_for_work(settled); end if;
end $$;

CREATE FUNCTION money.settle_payment(p money.payments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; held bigint := p.wallet_amount + p.credits_amount + p.captured_amount;
  rest bigint := greatest(held - p.due_amount, 0); unit bigint; part bigint; r record; total bigint;
begin
  select t.* into strict b from booking.bookings t where t.id = p.booking_id;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if p.due_items <> '[]' and not exists (
    select from money.transfer_keys k where k.marketplace = p.marketplace and k.key = 'payment/' || p.id || '/release') then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release', 'type', 'release',
      'description', p.description, 'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -least(held, p.due_amount)) as e
          where least(held, p.due_amount) > 0
          -- What a stay that grew costs beyond what was paid is owed still.
          union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', held - p.due_amount)
          where held < p.due_amount
          union all
          select money.entry_of(b, i ->> s.side, s.sign * (i ->> 'amount')::bigint)
          from jsonb_array_elements(p.due_items) as i, (values ('payer', -1), ('payee', 1)) as s (side, sign)
          where i ->> s.side <> 'customer') as entries)));
  end if;

  part := least(rest, p.captured_amount);
  perform money.refund_part(p, 'gateway', part);
  rest := rest - part;
  -- Credits are whole ones: what is left of one goes to the wallet.
  part := greatest(rest - p.wallet_amount, 0) / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part);
  perform money.refund_part(p, 'credits', part);

  select coalesce(sum(t.amount), 0) into total from money.refunds t
  where t.payment_id = p.id and t.reason = 'not_owed' and t.status = 'succeeded';
  if total <> p.refunded_amount then
    update money.payments t set refunded_amount = total,
      status = case when total >= held then 'refunded' when total > 0 then 'partially_refunded' else t.status end
    where t.id = p.id;
    if total >= held then perform money.tell_booking(p, 'refunded'); end if;
  end if;
end $$;

CREATE FUNCTION money.settle_webhook(webhook_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.webhook_events e set applied_at = app.now()
  where e.id = settle_webhook.webhook_id and e.marketplace = app.marketplace() and e.applied_at is null
$$;

CREATE FUNCTION money.show_my_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.shown_payment(p.id) from money.payments p
  where p.id = show_my_payment.payment_id and p.payer_id = app.actor() and p.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.shown_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', p.id, 'purpose', p.purpose, 'booking_id', p.booking_id, 'description', p.description,
    'status', p.status, 'currency', p.currency, 'amount', p.amount, 'wallet_amount', p.wallet_amount,
    'credits_amount', p.credits_amount, 'gateway_amount', p.gateway_amount, 'captured_amount', p.captured_amount,
    'refunded_amount', p.refunded_amount, 'gateway', a.gateway,
    'failure', case when p.status in ('pending', 'failed') and a.failure_code is not null then
      jsonb_build_object('code', a.failure_code, 'message', a.failure_message) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'method', r.method, 'amount', r.amount, 'reason', r.reason,
        'status', r.status, 'created_at', r.created_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'created_at', p.created_at, 'updated_at', p.updated_at)
  from money.payments p left join money.payment_attempts a on a.payment_id = p.id and a.is_current
  where p.id = shown_payment.payment_id
$$;

CREATE FUNCTION money.start_payment(b booking.bookings, wish jsonb) RETURNS money.payments
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; unit bigint; credits bigint := 0; wallet bigint := 0;
begin
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = b.currency;
  if (wish ->> 'use_credits')::boolean then
    credits := least(b.total_amount / unit, money.holding(b.customer_id, 'credits', 'XCR')) * unit;
  end if;
  if (wish ->> 'use_wallet')::boolean then
    wallet := least(b.total_amount - credits, money.holding(b.customer_id, 'wallet', b.currency));
  end if;
  insert into money.payments (marketplace, payer_id, purpose, booking_id, description, currency, amount, wallet_amount,
    credits_amount, gateway_amount, capture)
  values (b.marketplace, b.customer_id, 'booking', b.id, 'Booking ' || b.number, b.currency, b.total_amount, wallet, credits,
    b.total_amount - wallet - credits,
    -- A card's bank reserves for a week: what ends later is taken at once.
    case when b.ends_at < app.now() + interval '6 days' then wish ->> 'capture' else 'now' end)
  returning * into p;
  if wallet + credits > 0 then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/parts', 'type', 'payment', 'description', p.description,
      'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', wallet + credits) as e
          union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', -wallet) where wallet > 0
          union all select money.credit_entries(p, -credits)) as entries)));
  end if;
  return p;
end $$;

CREATE FUNCTION money.status_by_attempt(p money.payments, a money.payment_attempts) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case
    when p.status not in ('pending', 'processing', 'failed', 'authorized') then p.status
    when p.gateway_amount = 0 or a.status = 'captured' then 'succeeded'
    when a.status is null or a.status in ('created', 'requires_action') then 'pending'
    when a.status in ('processing', 'authorized') then a.status
    when a.status = 'cancelled' and p.due_amount = 0 then 'cancelled'
    -- What is owed came from wallet and credits.
    when a.status = 'cancelled' and p.due_amount <= p.wallet_amount + p.credits_amount then 'succeeded'
    else 'failed' end
$$;

CREATE FUNCTION money.stray_transfers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('transfer_id', t.id, 'key', t.key)
  from money.transfers t left join money.transfer_keys k on k.marketplace = t.marketplace and k.key = t.key
  where money.is_looked_at(t.marketplace) and (since is null or t.id >= app.uuid_v7_floor(since))
    and k.transfer_id is distinct from t.id
$$;

CREATE FUNCTION money.tell_booking(p money.payments, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; told text := case tell_booking.status when 'authorized' then 'processing'
  when 'partially_refunded' then null when 'processing' then null when 'pending' then null else tell_booking.status end;
begin
  if p.booking_id is null or told is null then return; end if;
  b := booking.settle_payment(p.booking_id, told);
  if told in ('processing', 'succeeded') and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform money.settle_booking(b.id);
  end if;
end $$;

CREATE FUNCTION money.trial_balance() RETURNS TABLE(kind text, gateway text, currency text, accounts bigint, balance bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select a.kind, a.gateway, a.currency, count(*),
         sum(case when a.owner_id is null then money.platform_balance(a.id) else b.balance end)::bigint
  from money.accounts a left join money.balances b on b.account_id = a.id
  where a.marketplace = app.marketplace()
  group by 1, 2, 3 order by 3, 1, 2
$$;

CREATE FUNCTION money.unbalanced_currencies(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('marketplace', a.marketplace, 'currency', a.currency, 'amount', sum(h.balance))
  from money.accounts a left join money.balances b on b.account_id = a.id
  cross join lateral (
    select case when a.owner_id is null then money.platform_balance(a.id) else coalesce(b.balance, 0) end as balance) as h
  where money.is_looked_at(a.marketplace)
  group by a.marketplace, a.currency having sum(h.balance) <> 0
$$;

CREATE FUNCTION money.unbalanced_transfers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('transfer_id', t.id, 'currency', e.currency, 'amount', sum(e.amount))
  from money.transfers t left join money.entries e on e.transfer_id = t.id
  where money.is_looked_at(t.marketplace) and (since is null or t.id >= app.uuid_v7_floor(since))
  group by t.id, e.currency having sum(e.amount) is distinct from 0
$$;

CREATE FUNCTION money.unposted_captures(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('attempt_id', a.id, 'payment_id', a.payment_id, 'captured', a.captured_amount,
           'posted', coalesce(e.amount, 0))
  from money.payment_attempts a
  left join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/captured'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_clearing') as e on true
  where money.is_looked_at(a.marketplace) and a.status = 'captured' and a.captured_amount <> coalesce(e.amount, 0)
    and (since is null or a.updated_at >= since)
$$;

CREATE FUNCTION money.waiting_webhooks(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('webhook_id', w.id, 'gateway', w.gateway, 'kind', w.kind, 'received_at', w.received_at)
  from money.webhook_events w
  where money.is_looked_at(w.marketplace) and w.applied_at is null and w.received_at < app.now() - interval '1 hour'
$$;

CREATE FUNCTION money.watch_payment(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments;
begin
  select t.* into strict p from money.payments t where t.id = watch_payment.payment_id;
  if exists (select from money.payment_steps(p)) or exists (
      select from money.refunds r where r.payment_id = p.id and r.status = 'processing') or exists (
      select from money.payment_attempts a where a.payment_id = p.id and a.created_at > app.now() - interval '8 days'
        and a.status in ('created', 'requires_action', 'processing', 'authorized', 'failed')) then
    perform app.set_timer('payment.look', p.id,
      app.now() + greatest(interval '1 minute', least(interval '6 hours', (app.now() - p.created_at) / 2)));
  else
    perform app.cancel_timer('payment.look', p.id);
  end if;
end $$;

CREATE FUNCTION money.wrong_balances(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('account_id', a.id, 'user_id', a.owner_id, 'kind', a.kind, 'balance', b.balance,
           'entries', coalesce(last.balance_after, 0))
  from money.accounts a join money.balances b on b.account_id = a.id
  left join lateral (
    select e.balance_after from money.entries e where e.account_id = a.id order by e.number desc limit 1) as last on true
  where money.is_looked_at(a.marketplace) and b.balance <> coalesce(last.balance_after, 0)
    and (since is null or b.moved_at >= since
         or abs(hashtext(a.id::text) % 24) = extract(hour from app.now() at time zone 'UTC'))
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
  select * into code from identity.otps o where o.id = message.otp_id;
  -- Nobody writes to a deleted account, but for the code that brings it back.
  select * into person from identity.users u
  where u.id = message.user_id and (u.deleted_at is null or code.purpose = 'restore_account');
  destinations := case message.channel
    when 'email' then jsonb_build_array(person.email)
    when 'push' then coalesce((
      select jsonb_agg(d.endpoint_arn order by d.id) from notify.devices d
      where d.user_id = person.id and d.disabled_at is null), '[]')
    else jsonb_build_array(person.phone_sealed)
  end;
  hash := case when message.channel in ('sms', 'whatsapp') then person.phone_hash end;
  if message.otp_id is not null then
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
    coalesce(o.purpose, 'sign_in') || '_code'
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

CREATE FUNCTION parking.access_during(b booking.bookings) RETURNS tstzrange
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select tstzrange(coalesce(booking.moment_of(b, step -> 'opens'), b.confirmed_at), b.ends_at)
  from booking.flows f, jsonb_array_elements(f.transitions) as step
  where f.id = b.flow_id and step ->> 'from' = f.instant and step ->> 'to' = f.running
$$;

CREATE FUNCTION parking.is_vin(vin text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
  select vin ~ '^[A-HJ-NPR-Z0-9]{17}$' and (vin !~ '^[1-5L]' or substr(vin, 9, 1) = (
    select substr('0123456789X', (sum(
        (strpos('0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ', substr(vin, n, 1)) - 1) % 10
          * ('{8,7,6,5,4,3,2,10,0,9,8,7,6,5,4,3,2}'::integer[])[n]) % 11)::integer + 1, 1)
    from generate_series(1, 17) as n))
$_$;

CREATE TABLE parking.vehicles (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    tesla_vehicle_id bigint,
    vin character varying(17),
    license_plate character varying(20),
    display_name character varying(100),
    make character varying(50),
    model character varying(50),
    year integer,
    color character varying(50),
    length_inches integer DEFAULT 185 NOT NULL,
    width_inches integer DEFAULT 73 NOT NULL,
    height_inches integer DEFAULT 57 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    last_seen_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT vehicles_height_inches_check CHECK (((height_inches >= 1) AND (height_inches <= 400))),
    CONSTRAINT vehicles_known_check CHECK (((vin IS NOT NULL) OR (license_plate IS NOT NULL))),
    CONSTRAINT vehicles_length_inches_check CHECK (((length_inches >= 1) AND (length_inches <= 1200))),
    CONSTRAINT vehicles_tesla_vehicle_id_check CHECK ((tesla_vehicle_id > 0)),
    CONSTRAINT vehicles_vin_check CHECK (parking.is_vin((vin)::text)),
    CONSTRAINT vehicles_width_inches_check CHECK (((width_inches >= 1) AND (width_inches <= 400))),
    CONSTRAINT vehicles_year_check CHECK (((year >= 1886) AND (year <= 2100)))
);

ALTER TABLE ONLY parking.vehicles FORCE ROW LEVEL SECURITY;

CREATE FUNCTION parking.add_vehicle(details jsonb) RETURNS SETOF parking.vehicles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare draft parking.vehicles := jsonb_populate_record(null::parking.vehicles, details);
begin
  -- One after the other, or a burst would count too few.
  perform from identity.users u where u.id = app.actor() for no key update;
  if (select count(*) >= 20 from parking.vehicles v where v.user_id = app.actor() and v.is_active) then
    perform app.refuse('too_many_vehicles');
  end if;
  return query
    insert into parking.vehicles (marketplace, user_id, tesla_vehicle_id, vin, license_plate, display_name, make, model, year,
      color, length_inches, width_inches, height_inches)
    values (app.marketplace(), app.actor(), draft.tesla_vehicle_id, draft.vin, draft.license_plate, draft.display_name, draft.make,
      draft.model, draft.year, draft.color, coalesce(draft.length_inches, 185), coalesce(draft.width_inches, 73),
      coalesce(draft.height_inches, 57))
    returning *;
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
    daily_rate bigint,
    weekly_rate bigint,
    monthly_rate bigint,
    buffer_before_minutes integer DEFAULT 0 NOT NULL,
    buffer_after_minutes integer DEFAULT 0 NOT NULL,
    amenities text[] DEFAULT '{}'::text[] NOT NULL,
    approval_status character varying(20) DEFAULT 'approved'::character varying NOT NULL,
    is_approved boolean GENERATED ALWAYS AS (((approval_status)::text = 'approved'::text)) STORED NOT NULL,
    approval_reason character varying(500),
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    review_count integer DEFAULT 0 NOT NULL,
    total_bookings integer DEFAULT 0 NOT NULL,
    total_earnings bigint DEFAULT 0 NOT NULL,
    deleted_at timestamp with time zone,
    cover_object character varying(200),
    title_words tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, (title)::text)) STORED NOT NULL,
    CONSTRAINT spaces_advance_booking_hours_check CHECK (((advance_booking_hours >= 0) AND (advance_booking_hours <= 8760))),
    CONSTRAINT spaces_amenities_check CHECK ((cardinality(amenities) <= 30)),
    CONSTRAINT spaces_approval_reason_check CHECK ((((approval_status)::text = 'rejected'::text) = (approval_reason IS NOT NULL))),
    CONSTRAINT spaces_approval_status_check CHECK (((approval_status)::text = ANY ((ARRAY['pending'::character varying, 'approved'::character varying, 'rejected'::character varying])::text[]))),
    CONSTRAINT spaces_booking_hours_check CHECK (((minimum_booking_hours >= 1) AND ((maximum_booking_hours >= minimum_booking_hours) AND (maximum_booking_hours <= 8760)))),
    CONSTRAINT spaces_buffer_after_minutes_check CHECK (((buffer_after_minutes >= 0) AND (buffer_after_minutes <= 1440))),
    CONSTRAINT spaces_buffer_before_minutes_check CHECK (((buffer_before_minutes >= 0) AND (buffer_before_minutes <= 1440))),
    CONSTRAINT spaces_capacity_check CHECK (((capacity >= 1) AND (capacity <= 500))),
    CONSTRAINT spaces_charging_check CHECK ((has_ev_charging OR (charging_connector_type IS NULL))),
    CONSTRAINT spaces_charging_connector_type_check CHECK ((charging_connector_type = ANY (ARRAY['tesla'::text, 'j1772'::text, 'ccs'::text, 'chademo'::text, 'type2'::text]))),
    CONSTRAINT spaces_covered_height_check CHECK (((NOT is_covered) OR (max_vehicle_height_cm IS NOT NULL))),
    CONSTRAINT spaces_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT spaces_daily_rate_check CHECK (((daily_rate >= 0) AND (daily_rate <= '9999999999'::bigint))),
    CONSTRAINT spaces_deleted_check CHECK (((deleted_at IS NULL) OR (listing_status <> 'active'::text))),
    CONSTRAINT spaces_hourly_rate_check CHECK (((hourly_rate >= 0) AND (hourly_rate <= 99999999))),
    CONSTRAINT spaces_listing_status_check CHECK ((listing_status = ANY (ARRAY['active'::text, 'inactive'::text, 'suspended'::text]))),
    CONSTRAINT spaces_max_vehicle_height_cm_check CHECK ((max_vehicle_height_cm > 0)),
    CONSTRAINT spaces_max_vehicle_length_cm_check CHECK ((max_vehicle_length_cm > 0)),
    CONSTRAINT spaces_max_vehicle_width_cm_check CHECK ((max_vehicle_width_cm > 0)),
    CONSTRAINT spaces_monthly_rate_check CHECK (((monthly_rate >= 0) AND (monthly_rate <= '9999999999'::bigint))),
    CONSTRAINT spaces_rating_check CHECK (((rating >= (1)::numeric) AND (rating <= (5)::numeric))),
    CONSTRAINT spaces_review_count_check CHECK ((review_count >= 0)),
    CONSTRAINT spaces_surface_check CHECK ((surface = ANY (ARRAY['concrete'::text, 'asphalt'::text, 'gravel'::text, 'paved'::text]))),
    CONSTRAINT spaces_total_bookings_check CHECK ((total_bookings >= 0)),
    CONSTRAINT spaces_total_earnings_check CHECK ((total_earnings >= 0)),
    CONSTRAINT spaces_weekly_rate_check CHECK (((weekly_rate >= 0) AND (weekly_rate <= '9999999999'::bigint)))
);

ALTER TABLE ONLY parking.spaces FORCE ROW LEVEL SECURITY;

CREATE FUNCTION parking.admit_vehicle(vehicle_id uuid, space parking.spaces) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare vehicle parking.vehicles;
begin
  if vehicle_id is null then
    if app.setting('vehicle_required')::boolean then perform app.refuse('vehicle_required'); end if;
    return null;
  end if;
  select v.* into vehicle from parking.vehicles v
  where v.id = admit_vehicle.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
  if not found then perform app.refuse('vehicle_not_yours'); end if;
  if parking.misfit(vehicle.length_inches, vehicle.width_inches, vehicle.height_inches, space.is_covered,
    space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm) is not null
  then
    perform app.refuse('vehicle_does_not_fit');
  end if;
  return jsonb_build_object('id', vehicle.id, 'display_name', vehicle.display_name, 'make', vehicle.make,
    'model', vehicle.model, 'color', vehicle.color, 'license_plate', vehicle.license_plate);
end $$;

CREATE FUNCTION parking.announce_navigation(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from parking.tesla_trips t where t.booking_id = announce_navigation.booking_id and t.navigation_status = 'waiting';
  if found then
    perform app.emit('parking.navigation_due', jsonb_build_object('booking_id', announce_navigation.booking_id));
  end if;
end $$;

CREATE FUNCTION parking.begin_tesla_trip(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into parking.tesla_trips (booking_id, marketplace, user_id, vehicle_id, read_at)
  select b.id, b.marketplace, b.customer_id, v.id, parking.watched_from(b.starts_at)
  from booking.bookings b join parking.vehicles v on v.id = b.subject_id
  join identity.tesla_accounts t on t.user_id = b.customer_id
  where b.id = begin_tesla_trip.booking_id and v.tesla_vehicle_id is not null
  on conflict on constraint tesla_trips_pkey do nothing;
  if found then perform parking.plan_navigation(begin_tesla_trip.booking_id); end if;
end $$;

CREATE FUNCTION parking.book(space_id uuid, version integer, terms jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  -- A change that commits after this reads as one that came after the booking. Only a deletion waits for it, and sees it.
  select s.* into space from parking.spaces s
  where s.id = book.space_id and s.marketplace = app.marketplace() and s.deleted_at is null for key share;
  perform parking.check_listed(space);
  if space.version <> book.version then perform app.refuse('listing_changed'); end if;
  if not booking.is_open(space.id, tstzrange((terms ->> 'starts_at')::timestamptz, (terms ->> 'ends_at')::timestamptz)) then
    perform app.refuse('closed');
  end if;
  return booking.place((terms - 'vehicle_id') || jsonb_build_object(
    'module', 'parking', 'resource_id', space.id, 'resource_name', space.title, 'provider_id', space.owner_id,
    'capacity', space.capacity, 'instant', space.instant_booking_enabled, 'time_zone', space.time_zone,
    'currency', space.currency, 'subject_id', terms -> 'vehicle_id', 'buffer_before', space.buffer_before_minutes * 60,
    'buffer_after', space.buffer_after_minutes * 60,
    'payment_timeout', nullif(app.setting('payment_deadline_seconds')::integer, 0),
    'location', app.place(space.location),
    'facts', coalesce(terms -> 'facts', '{}')
      || jsonb_build_object('vehicle', parking.admit_vehicle((terms ->> 'vehicle_id')::uuid, space))));
end $$;

CREATE VIEW parking.my_spaces AS
 SELECT id,
    external_ref,
    title,
    description,
    address,
    city,
    state,
    zip_code,
    app.place(location) AS location,
    surface,
    is_covered,
    capacity,
    max_vehicle_length_cm,
    max_vehicle_width_cm,
    max_vehicle_height_cm,
    hourly_rate,
    daily_rate,
    weekly_rate,
    monthly_rate,
    currency,
    minimum_booking_hours,
    maximum_booking_hours,
    advance_booking_hours,
    buffer_before_minutes,
    buffer_after_minutes,
    instant_booking_enabled,
    has_ev_charging,
    charging_connector_type,
    has_security_camera,
    has_lighting,
    amenities,
    time_zone,
    rating,
    review_count,
    listing_status,
    approval_status,
    is_approved,
    approval_reason,
    total_bookings,
    total_earnings,
    created_at,
    updated_at
   FROM parking.spaces s
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (owner_id = ( SELECT app.actor() AS actor)) AND (deleted_at IS NULL));

CREATE FUNCTION parking.change_space(space_id uuid, changes jsonb) RETURNS SETOF parking.my_spaces
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare before parking.spaces; space parking.spaces;
begin
  before := parking.lock_my_space(change_space.space_id);
  if before.listing_status = 'suspended' and changes ? 'listing_status' then perform app.refuse('space_suspended'); end if;
  space := jsonb_populate_record(before, changes - 'location');
  if changes ? 'location' then
    space.location := app.point((changes #>> '{location,latitude}')::float8, (changes #>> '{location,longitude}')::float8);
  end if;
  if space.city <> before.city then perform parking.check_city(space.city); end if;
  if parking.needs_approval() and before.approval_status <> 'pending' and (
    before.approval_status = 'rejected'
    or (space.title, space.description, space.address, space.city, space.location::geometry)
      is distinct from (before.title, before.description, before.address, before.city, before.location::geometry)
  ) then
    space.approval_status := 'pending';
    space.approval_reason := null;
  end if;
  perform parking.write_space(space);
  update parking.space_secrets t set
    access_instructions = case when changes ? 'access_instructions' then changes ->> 'access_instructions' else t.access_instructions end,
    special_instructions = case when changes ? 'special_instructions' then changes ->> 'special_instructions' else t.special_instructions end
  where t.space_id = space.id and changes ?| '{access_instructions,special_instructions}';
  return query select s.* from parking.my_spaces s where s.id = space.id;
end $$;

CREATE FUNCTION parking.change_vehicle(vehicle_id uuid, changes jsonb) RETURNS SETOF parking.vehicles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare vehicle parking.vehicles := jsonb_populate_record(parking.lock_my_vehicle(change_vehicle.vehicle_id), changes);
begin
  return query
    update parking.vehicles v set vin = vehicle.vin, license_plate = vehicle.license_plate,
      display_name = vehicle.display_name, make = vehicle.make, model = vehicle.model, year = vehicle.year, color = vehicle.color,
      length_inches = vehicle.length_inches, width_inches = vehicle.width_inches, height_inches = vehicle.height_inches
    where v.id = vehicle.id returning v.*;
end $$;

CREATE FUNCTION parking.check_city(city text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare cities jsonb := coalesce(app.setting('supported_cities'), '[]');
begin
  if cities <> '[]' and not exists (
    select from jsonb_array_elements_text(cities) as supported where lower(supported) = lower(check_city.city)
  ) then
    perform app.refuse('city_not_supported');
  end if;
end $$;

CREATE FUNCTION parking.check_in(booking_id uuid, proof jsonb) RETURNS SETOF booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows; step jsonb;
begin
  -- Two at once come one after the other, so that the second one finds the booking begun.
  perform pg_advisory_xact_lock(hashtextextended('parking.check_in/' || check_in.booking_id, 0));
  select t.* into b from booking.bookings t
  where t.id = check_in.booking_id and t.marketplace = app.marketplace() and t.module = 'parking'
    and app.actor() in (t.customer_id, t.provider_id);
  if b.id is null then perform app.refuse('not_found'); end if;
  if b.confirmed_at is null then perform app.refuse('booking_not_confirmed'); end if;
  if proof ? 'by' and not exists (select from parking.access_codes a where a.booking_id = b.id and a.code = proof ->> 'code') then
    perform app.refuse('access_code_wrong');
  end if;
  -- Where the owner stands proves nothing of the driver.
  if not proof ? 'by' and app.actor() <> b.customer_id then perform app.refuse('position_of_driver'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if b.status <> flow.running then
    return next booking.transition(b.id, flow.running, proof => proof - 'code');
    return;
  end if;
  if app.draw('parking.check_in/' || b.id, 20, interval '1 hour') is not null then perform app.refuse('too_many_requests'); end if;
  select t into strict step from jsonb_array_elements(flow.transitions) as t
  where t ->> 'from' = flow.instant and t ->> 'to' = flow.running;
  perform booking.note(b.id, 'checked_in', jsonb_strip_nulls(jsonb_build_object('proof', coalesce(proof ->> 'by', 'position'),
    'distance_m', booking.check_step(b, step, booking.party_of(b), proof - 'code'))));
  return next b;
end $$;

CREATE FUNCTION parking.check_listed(space parking.spaces) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if space.id is null then perform app.refuse('not_found'); end if;
  if space.approval_status <> 'approved' then perform app.refuse('space_not_approved'); end if;
  if space.listing_status = 'inactive' then perform app.refuse('space_paused'); end if;
  if space.listing_status = 'suspended' then perform app.refuse('space_suspended'); end if;
end $$;

CREATE FUNCTION parking.check_out(booking_id uuid) RETURNS SETOF booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare completed text;
begin
  select f.completed into completed from booking.bookings b join booking.flows f on f.id = b.flow_id
  where b.id = check_out.booking_id and b.marketplace = app.marketplace() and b.module = 'parking'
    and app.actor() in (b.customer_id, b.provider_id);
  if completed is null then perform app.refuse('not_found'); end if;
  return next booking.transition(check_out.booking_id, completed, 'checked_out');
end $$;

CREATE FUNCTION parking.check_window(starts_at timestamp with time zone, ends_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if ends_at <= starts_at then perform app.refuse('ends_before_start'); end if;
  if ends_at - starts_at > booking.horizon() - app.now() then perform app.refuse('too_long'); end if;
end $$;

CREATE FUNCTION parking.claim_navigation(booking_id uuid) RETURNS TABLE(user_id uuid, vehicle_tag text, latitude double precision, longitude double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare wait integer;
begin
  update parking.tesla_trips t set claimed_until = app.now() + interval '2 minutes'
  where t.booking_id = $1 and t.marketplace = app.marketplace() and t.navigation_status = 'waiting'
    and (t.claimed_until is null or t.claimed_until <= app.now());
  if not found then return; end if;
  wait := parking.take_tesla_call(0);
  if wait is not null then
    perform parking.note_tesla($1, 'navigation', 'held_back', 'tesla_api_rate_limit');
    perform app.set_timer('parking.send_navigation', $1, app.now() + make_interval(secs => wait));
    update parking.tesla_trips t set claimed_until = null where t.booking_id = $1;
    return;
  end if;
  return query
    select t.user_id, coalesce(v.vin, v.tesla_vehicle_id::text)::text, st_y(b.location::geometry), st_x(b.location::geometry)
    from parking.tesla_trips t
    join booking.bookings b on b.id = t.booking_id
    join parking.vehicles v on v.id = t.vehicle_id
    where t.booking_id = $1;
end $_$;

CREATE FUNCTION parking.claim_readings(batch integer) RETURNS TABLE(booking_id uuid, user_id uuid, vehicle_tag text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare due record; wait integer;
begin
  for due in
    select t.booking_id, t.marketplace, t.user_id, coalesce(v.vin, v.tesla_vehicle_id::text)::text as tag, b.ends_at
    from parking.tesla_trips t
    join parking.vehicles v on v.id = t.vehicle_id
    join booking.bookings b on b.id = t.booking_id
    where t.read_at <= app.now() and (t.claimed_until is null or t.claimed_until <= app.now())
    order by t.read_at limit batch for update of t skip locked
  loop
    perform set_config('app.marketplace', due.marketplace, true);
    -- Who stays so long is found by the booking's own clock.
    if due.ends_at < app.now() - interval '2 hours' then
      update parking.tesla_trips t set read_at = null where t.booking_id = due.booking_id;
      continue;
    end if;
    wait := parking.take_tesla_call(20);
    if wait is null then
      update parking.tesla_trips t set claimed_until = app.now() + interval '2 minutes' where t.booking_id = due.booking_id;
      return query select due.booking_id, due.user_id, due.tag;
    else
      perform parking.note_tesla(due.booking_id, 'position', 'held_back', 'tesla_api_rate_limit');
      update parking.tesla_trips t set read_at = app.now() + make_interval(secs => wait) where t.booking_id = due.booking_id;
    end if;
  end loop;
end $$;

CREATE FUNCTION parking.count_booking(booking_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update parking.spaces s set total_bookings = s.total_bookings + 1, total_earnings = s.total_earnings + greatest(0, (
    select coalesce(sum((item ->> 'amount')::bigint * case when item ->> 'payee' = 'provider' then 1 else -1 end), 0)
    from jsonb_array_elements(b.line_items) as item
    where 'provider' in (item ->> 'payee', item ->> 'payer')))
  from booking.bookings b where b.id = count_booking.booking_id and s.id = b.resource_id
$$;

CREATE FUNCTION parking.delete_space(space_id uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  space := parking.lock_my_space(delete_space.space_id);
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where b.resource_id = space.id and b.status = any (f.live) and (b.ends_at > app.now() or b.status = f.running)
      and coalesce(b.expires_at > app.now(), true)
  ) then
    perform app.refuse('space_booked');
  end if;
  space.deleted_at := app.now();
  space.listing_status := 'inactive';
  perform parking.write_space(space);
  perform booking.drop_resource(space.id);
  return space.id;
end $$;

CREATE FUNCTION parking.end_tesla_trip(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update parking.tesla_trips t set read_at = null,
    navigation_status = case when t.navigation_status = 'waiting' then 'cancelled' else t.navigation_status end
  where t.booking_id = end_tesla_trip.booking_id;
  if found then perform app.cancel_timer('parking.send_navigation', end_tesla_trip.booking_id); end if;
end $$;

CREATE FUNCTION parking.fee_basis_points(fallback integer) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  -- Not by `app.setting`: the plan of this is kept.
  return coalesce((
    select round(t.value::numeric * 100)::integer from app.settings t
    where t.marketplace = app.marketplace() and t.key = 'platform_fee_percentage' and t.is_active), fallback);
end $$;

CREATE FUNCTION parking.fee_of(subtotal bigint, basis_points integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select (2 * subtotal * basis_points + 10000) / 20000 $$;

CREATE FUNCTION parking.follow_vehicle(booking_id uuid, seen text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare target text; refused text; clock text := current_setting('app.now', true); left_at timestamptz;
begin
  perform set_config('app.marketplace', b.marketplace, true) from booking.bookings b where b.id = follow_vehicle.booking_id;
  if seen = 'departure' then
    select t.departure_detected_at into left_at from parking.tesla_trips t where t.booking_id = follow_vehicle.booking_id;
  end if;
  select case seen when 'arrival' then f.running else f.completed end into target
  from booking.bookings b join booking.flows f on f.id = b.flow_id where b.id = follow_vehicle.booking_id;
  begin
    perform set_config('app.now', coalesce(left_at, app.now())::text, true);
    perform booking.transition(follow_vehicle.booking_id, target, seen || '_detected', proof => '{"by": "vehicle"}');
    perform set_config('app.now', coalesce(clock, ''), true);
    perform parking.note_tesla(follow_vehicle.booking_id, seen, 'succeeded');
  exception when sqlstate 'VC001' then
    get stacked diagnostics refused = constraint_name;
    perform parking.note_tesla(follow_vehicle.booking_id, seen, 'failed', refused);
  end;
  return target;
end $$;

CREATE FUNCTION parking.import_tesla_vehicles(told jsonb, settlement jsonb) RETURNS TABLE(vehicles jsonb, taken jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare item jsonb; kept parking.vehicles;
begin
  if settlement is not null then
    perform identity.settle_tesla_tokens(app.actor(), settlement ->> 'claimed', settlement -> 'answer');
  end if;
  vehicles := '[]';
  taken := '[]';
  -- Two imports at once would each take the other's rows for somebody else's.
  perform from identity.users u where u.id = app.actor() for no key update;
  for item in select value from jsonb_array_elements(told) loop
    kept := parking.keep_tesla_vehicle(item);
    if kept.id is null then
      taken := taken || jsonb_build_array(item -> 'vin');
    else
      vehicles := vehicles
        || jsonb_build_array(to_jsonb(kept) || jsonb_build_object('tesla_vehicle_id', kept.tesla_vehicle_id::text));
    end if;
  end loop;
  return next;
end $$;

CREATE FUNCTION parking.is_within(point public.geography, bounds jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select st_y(point::geometry) between (bounds ->> 'south')::float8 and (bounds ->> 'north')::float8
    and case when (bounds ->> 'west')::float8 <= (bounds ->> 'east')::float8
      then st_x(point::geometry) between (bounds ->> 'west')::float8 and (bounds ->> 'east')::float8
      else st_x(point::geometry) >= (bounds ->> 'west')::float8 or st_x(point::geometry) <= (bounds ->> 'east')::float8 end
$$;

CREATE FUNCTION parking.issue_access(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare bytes bytea; drawn text;
begin
  if exists (select from parking.access_codes a where a.booking_id = issue_access.booking_id) then return; end if;
  loop
    bytes := gen_random_bytes(10);
    drawn := '';
    for at in 0..9 loop
      drawn := drawn || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', get_byte(bytes, at) % 32 + 1, 1);
    end loop;
    insert into parking.access_codes (code, booking_id, marketplace, customer_id)
    select drawn, b.id, b.marketplace, b.customer_id from booking.bookings b where b.id = issue_access.booking_id
    on conflict do nothing;
    exit when found;
  end loop;
end $$;

CREATE FUNCTION parking.keep_rating(resource_id uuid, average numeric, reviews integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update parking.spaces s set rating = round(average, 2), review_count = reviews where s.id = keep_rating.resource_id
$$;

CREATE FUNCTION parking.keep_tesla_vehicle(details jsonb) RETURNS parking.vehicles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  told parking.vehicles := jsonb_populate_record(null::parking.vehicles, details);
  kept parking.vehicles;
begin
  update parking.vehicles v set tesla_vehicle_id = told.tesla_vehicle_id, vin = told.vin,
    display_name = coalesce(told.display_name, v.display_name), model = coalesce(told.model, v.model), make = 'Tesla',
    color = coalesce(told.color, v.color), last_seen_at = coalesce(told.last_seen_at, v.last_seen_at)
  where v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active
    and (v.vin = told.vin or v.tesla_vehicle_id = told.tesla_vehicle_id)
  returning v.* into kept;
  if found then return kept; end if;
  insert into parking.vehicles (marketplace, user_id, tesla_vehicle_id, vin, display_name, make, model, year, color, last_seen_at)
  values (app.marketplace(), app.actor(), told.tesla_vehicle_id, told.vin, told.display_name, 'Tesla', told.model, told.year,
    told.color, told.last_seen_at)
  on conflict do nothing returning * into kept;
  return kept;
end $$;

CREATE FUNCTION parking.lend_tesla_tokens() RETURNS TABLE(state text, user_id uuid, region text, access_token_sealed text, refresh_token_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if parking.take_tesla_call(0) is not null then perform app.refuse('too_many_requests'); end if;
  return query select * from identity.use_tesla_tokens();
end $$;

CREATE FUNCTION parking.list_space(details jsonb) RETURNS SETOF parking.my_spaces
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces := jsonb_populate_record(null::parking.spaces, details - 'location');
begin
  perform parking.check_city(space.city);
  select m.slug, m.currency, m.time_zone into strict space.marketplace, space.currency, space.time_zone
  from app.marketplaces m where m.slug = app.marketplace();
  space.id := app.uuid_v7();
  space.owner_id := app.actor();
  space.location := app.point((details #>> '{location,latitude}')::float8, (details #>> '{location,longitude}')::float8);
  space.listing_status := 'active';
  space.approval_status := case when parking.needs_approval() then 'pending' else 'approved' end;
  space.version := 1;
  perform parking.write_space(space);
  insert into parking.space_secrets (space_id, marketplace, owner_id, access_instructions, special_instructions)
  values (space.id, space.marketplace, space.owner_id, details ->> 'access_instructions', details ->> 'special_instructions');
  return query select s.* from parking.my_spaces s where s.id = space.id;
end $$;

CREATE FUNCTION parking.lock_my_space(space_id uuid) RETURNS parking.spaces
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  select s.* into space from parking.spaces s
  where s.id = lock_my_space.space_id and s.marketplace = app.marketplace() and s.owner_id = app.actor()
    and s.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return space;
end $$;

CREATE FUNCTION parking.lock_my_vehicle(vehicle_id uuid) RETURNS parking.vehicles
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare vehicle parking.vehicles;
begin
  select v.* into vehicle from parking.vehicles v
  where v.id = lock_my_vehicle.vehicle_id and v.marketplace = app.marketplace() and v.user_id = app.actor() and v.is_active
  for update;
  if not found then perform app.refuse('not_found'); end if;
  return vehicle;
end $$;

CREATE FUNCTION parking.lock_space(space_id uuid) RETURNS parking.spaces
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  select s.* into space from parking.spaces s
  where s.id = lock_space.space_id and s.marketplace = app.marketplace() and s.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return space;
end $$;

CREATE FUNCTION parking.meets(wanted jsonb, surface text, is_covered boolean, has_ev_charging boolean, charging_connector_type text, has_security_camera boolean, has_lighting boolean, instant_booking_enabled boolean, amenities text[], hourly_rate bigint, rating numeric, point public.geography) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
  return coalesce(
    (not wanted ? 'surface' or surface = wanted ->> 'surface')
    and (not wanted ? 'is_covered' or is_covered = (wanted ->> 'is_covered')::boolean)
    and (not wanted ? 'has_ev_charging' or has_ev_charging = (wanted ->> 'has_ev_charging')::boolean)
    and (not wanted ? 'charging_connector_type' or charging_connector_type = wanted ->> 'charging_connector_type')
    and (not wanted ? 'has_security_camera' or has_security_camera = (wanted ->> 'has_security_camera')::boolean)
    and (not wanted ? 'has_lighting' or has_lighting = (wanted ->> 'has_lighting')::boolean)
    and (not wanted ? 'instant_booking_enabled'
      or instant_booking_enabled = (wanted ->> 'instant_booking_enabled')::boolean)
    and (not wanted ? 'amenities' or to_jsonb(amenities) @> (wanted -> 'amenities'))
    and (not wanted ? 'max_hourly_rate' or hourly_rate <= (wanted ->> 'max_hourly_rate')::bigint)
    and (not wanted ? 'min_rating' or rating >= (wanted ->> 'min_rating')::numeric)
    and (not wanted ? 'bounds' or parking.is_within(point, wanted -> 'bounds')), false);
end $$;

CREATE FUNCTION parking.misfit(length_inches integer, width_inches integer, height_inches integer, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case
    when length_inches * 254 > max_length_cm * 100 then 'length'
    when width_inches * 254 > max_width_cm * 100 then 'width'
    when is_covered and height_inches * 254 > max_height_cm * 100 then 'height'
  end
$$;

CREATE FUNCTION parking.move(booking_id uuid, expected_version integer, version integer, details jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  select s.* into space from parking.spaces s join booking.bookings b on b.resource_id = s.id
  where b.id = move.booking_id and b.customer_id = app.actor() and b.marketplace = app.marketplace() for key share of s;
  if not found then perform app.refuse('not_found'); end if;
  if space.version <> move.version then perform app.refuse('listing_changed'); end if;
  -- The owner is told of each.
  if app.draw('parking.move/' || move.booking_id, 20, interval '1 hour') is not null then
    perform app.refuse('too_many_requests');
  end if;
  if not booking.is_open(space.id, tstzrange((details ->> 'starts_at')::timestamptz, (details ->> 'ends_at')::timestamptz)) then
    perform app.refuse('closed');
  end if;
  return booking.move(move.booking_id, details || jsonb_build_object('capacity', space.capacity, 'currency', space.currency),
    move.expected_version);
end $$;

CREATE FUNCTION parking.move_terms(booking_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, fallback_basis_points integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; flow booking.flows; space parking.spaces; from_ timestamptz; to_ timestamptz; extends boolean;
  terms jsonb; subtotal bigint;
begin
  select t.* into b from booking.bookings t
  where t.id = move_terms.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor()
    and t.module = 'parking';
  if not found then perform app.refuse('not_found'); end if;
  from_ := coalesce(move_terms.starts_at, b.starts_at);
  to_ := coalesce(move_terms.ends_at, b.ends_at);
  perform parking.check_window(from_, to_);
  extends := from_ = b.starts_at and b.facts ? 'rates';
  select s.* into space from parking.spaces s where s.id = b.resource_id;
  if not found then perform app.refuse('not_found'); end if;
  terms := parking.terms_of(space, tstzrange(from_, to_), b.subject_id, b.id,
    case when extends then b.facts -> 'rates' else jsonb_build_object('hourly_rate', space.hourly_rate,
      'daily_rate', space.daily_rate, 'weekly_rate', space.weekly_rate, 'monthly_rate', space.monthly_rate) end,
    case when extends then (b.facts ->> 'fee_basis_points')::integer else parking.fee_basis_points(fallback_basis_points) end,
    parking.why_not_moved(b, space, from_, to_));
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  subtotal := (terms #>> '{tariff,amount}')::bigint;
  if subtotal + parking.fee_of(subtotal, (terms ->> 'fee_basis_points')::integer) < b.total_amount
    and not booking.is_free_to_leave(b, flow) then
    terms := jsonb_set(terms, '{reasons}', (terms -> 'reasons') || '["too_late_for_less"]');
  end if;
  return terms || jsonb_build_object('starts_at', from_, 'ends_at', to_, 'booking', jsonb_build_object('version', b.version,
    'starts_at', b.starts_at, 'ends_at', b.ends_at, 'total_amount', b.total_amount, 'policy', b.policy,
    'facts', b.facts));
end $$;

CREATE FUNCTION parking.move_tesla_trip(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update parking.tesla_trips t set navigation_status = 'waiting', navigation_sent_at = null, navigation_tries = 0,
    read_at = parking.watched_from(b.starts_at)
  from booking.bookings b
  where t.booking_id = move_tesla_trip.booking_id and b.id = t.booking_id and t.arrival_detected_at is null;
  if found then perform parking.plan_navigation(move_tesla_trip.booking_id); end if;
end $$;

CREATE FUNCTION parking.my_access(booking_id uuid) RETURNS TABLE(access_code text, valid_from timestamp with time zone, valid_until timestamp with time zone, is_valid boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select a.code, lower(opens.during), upper(opens.during),
         opens.during @> app.now() and b.status = any (f.live)
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  join parking.access_codes a on a.booking_id = b.id
  cross join lateral (select parking.access_during(b) as during) as opens
  where b.id = my_access.booking_id and b.marketplace = app.marketplace() and b.customer_id = app.actor()
$$;

CREATE FUNCTION parking.needs_approval() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(app.setting('space_approval_required')::boolean, false)
$$;

CREATE FUNCTION parking.note_tesla(booking_id uuid, kind text, outcome text, code text DEFAULT ''::text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into parking.tesla_attempts as a (booking_id, kind, outcome, code)
  values (note_tesla.booking_id, note_tesla.kind, note_tesla.outcome, left(note_tesla.code, 60))
  on conflict on constraint tesla_attempts_pkey do update set times = a.times + 1, last_at = app.now()
$$;

CREATE FUNCTION parking.pause_spaces(person_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update booking.resources r set is_listed = false
  where r.owner_id = pause_spaces.person_id and r.module = 'parking' and r.is_listed;
  update parking.spaces s set listing_status = 'inactive', version = s.version + 1
  where s.owner_id = pause_spaces.person_id and s.listing_status = 'active';
$$;

CREATE FUNCTION parking.plan_navigation(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare due timestamptz;
begin
  select b.starts_at - make_interval(mins => coalesce((app.setting('tesla_navigation_lead_minutes'))::integer, 30)) into due
  from booking.bookings b where b.id = plan_navigation.booking_id;
  if due > app.now() then
    perform app.set_timer('parking.send_navigation', plan_navigation.booking_id, due);
  else
    perform app.cancel_timer('parking.send_navigation', plan_navigation.booking_id);
    perform parking.announce_navigation(plan_navigation.booking_id);
  end if;
end $$;

CREATE FUNCTION parking.price_of(hourly bigint, daily bigint, weekly bigint, monthly bigint, seconds bigint, OUT months integer, OUT weeks integer, OUT days integer, OUT rest_seconds bigint, OUT amount bigint) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  hour constant bigint := 3600; day constant bigint := 86400; week constant bigint := 604800; month constant bigint := 2592000;
  by_day boolean := coalesce(daily < 24 * hourly, false);
  by_week boolean := coalesce(weekly < 7 * case when daily < 24 * hourly then daily else 24 * hourly end, false);
  after_months bigint; after_weeks bigint; rest bigint; cost bigint;
begin
  for m in 0 .. case when monthly is null then 0 else (seconds + month - 1) / month end loop
    after_months := greatest(seconds - m * month, 0);
    for w in case when by_week then after_months / week else 0 end
          .. case when by_week then (after_months + week - 1) / week else 0 end loop
      after_weeks := greatest(after_months - w * week, 0);
      for d in case when by_day then after_weeks / day else 0 end
            .. case when by_day then (after_weeks + day - 1) / day else 0 end loop
        rest := greatest(after_weeks - d * day, 0);
        cost := m * coalesce(monthly, 0) + w * coalesce(weekly, 0) + d * coalesce(daily, 0)
          + (2 * hourly * rest + hour) / (2 * hour);
        if amount is null or cost < amount then
          months := m; weeks := w; days := d; rest_seconds := rest; amount := cost;
        end if;
      end loop;
    end loop;
  end loop;
end $$;

CREATE TABLE parking.tesla_trips (
    booking_id uuid NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    vehicle_id uuid NOT NULL,
    navigation_status text DEFAULT 'waiting'::text NOT NULL,
    navigation_sent_at timestamp with time zone,
    tesla_navigation_sent boolean GENERATED ALWAYS AS ((navigation_sent_at IS NOT NULL)) STORED NOT NULL,
    navigation_tries integer DEFAULT 0 NOT NULL,
    auto_park_attempted boolean DEFAULT false NOT NULL,
    auto_park_successful boolean DEFAULT false NOT NULL,
    arrival_detected_at timestamp with time zone,
    departure_detected_at timestamp with time zone,
    parked_at timestamp with time zone,
    outside_since timestamp with time zone,
    outside_readings integer DEFAULT 0 NOT NULL,
    autopark_error_before text,
    last_read_at timestamp with time zone,
    last_error text,
    read_at timestamp with time zone,
    claimed_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT tesla_trips_auto_park_check CHECK ((auto_park_attempted OR (NOT auto_park_successful))),
    CONSTRAINT tesla_trips_navigation_status_check CHECK ((navigation_status = ANY (ARRAY['waiting'::text, 'sent'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY parking.tesla_trips FORCE ROW LEVEL SECURITY;

CREATE FUNCTION parking.read_again_at(trip parking.tesla_trips, b booking.bookings, reading jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select app.now() + case
    when reading ->> 'kind' = 'limited' then make_interval(secs => (reading ->> 'retry_after')::integer)
    -- Only the driver can mend it.
    when reading ->> 'kind' = 'refused' then interval '15 minutes'
    when trip.arrival_detected_at is null then interval '2 minutes'
    when trip.parked_at is null then interval '1 minute'
    when trip.outside_readings > 0 then interval '2 minutes'
    when app.now() >= b.ends_at - interval '15 minutes' then interval '3 minutes'
    else interval '15 minutes' end
$$;

CREATE FUNCTION parking.remove_vehicle(vehicle_id uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare vehicle parking.vehicles := parking.lock_my_vehicle(remove_vehicle.vehicle_id);
begin
  if exists (
    select from booking.reservations r
    where r.resource_id = vehicle.id and upper(r.during) > app.now() and coalesce(r.expires_at > app.now(), true)
  ) then
    perform app.refuse('vehicle_booked');
  end if;
  update parking.vehicles v set is_active = false where v.id = vehicle.id;
  return vehicle.id;
end $$;

CREATE FUNCTION parking.request_navigation(booking_id uuid) RETURNS SETOF parking.tesla_trips
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; asked parking.tesla_trips;
begin
  select t.* into b from booking.bookings t
  where t.id = request_navigation.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor();
  if b.id is null then perform app.refuse('not_found'); end if;
  if b.ends_at <= app.now() or not exists (select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform app.refuse('booking_over');
  end if;
  -- The calls of the hour are everybody's.
  if app.draw('parking.navigation/' || b.id, 5, interval '1 hour') is not null then perform app.refuse('too_many_requests'); end if;
  update parking.tesla_trips t set navigation_status = 'waiting', navigation_tries = 0, claimed_until = null, last_error = null
  where t.booking_id = b.id returning t.* into asked;
  if asked.booking_id is null then perform app.refuse('no_tesla'); end if;
  perform app.cancel_timer('parking.send_navigation', b.id);
  perform parking.announce_navigation(b.id);
  return next asked;
end $$;

CREATE FUNCTION parking.review_queue(status text, after uuid, size integer) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select parking.staff_view(s) from parking.spaces s
  where s.marketplace = app.marketplace() and s.approval_status = review_queue.status and s.deleted_at is null
    and (review_queue.after is null or s.id > review_queue.after)
  order by s.id limit review_queue.size
$$;

CREATE FUNCTION parking.review_space(space_id uuid, decision text, reason text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces := parking.lock_space(review_space.space_id);
begin
  if space.owner_id = app.actor() then perform app.refuse('own_space_review'); end if;
  if space.approval_status <> 'pending' then perform app.refuse('space_reviewed'); end if;
  space.approval_status := review_space.decision;
  space.approval_reason := review_space.reason;
  space.reviewed_by := app.actor();
  space.reviewed_at := app.now();
  perform parking.write_space(space);
  perform app.audit('space.reviewed', 'parking', 'spaces', space.id::text,
    new_values => jsonb_build_object('approval_status', space.approval_status));
  perform app.emit('parking.space_reviewed', jsonb_build_object('space_id', space.id, 'user_id', space.owner_id,
    'title', space.title, 'approval_status', space.approval_status, 'reason', space.approval_reason));
  return parking.staff_view(space);
end $$;

CREATE FUNCTION parking.search_terms(starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, max_total_amount bigint, fallback_basis_points integer) RETURNS parking.search_terms
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare asked parking.search_terms;
begin
  if vehicle_id is not null then
    select v.length_inches, v.width_inches, v.height_inches into asked.length_inches, asked.width_inches, asked.height_inches
    from parking.vehicles v
    where v.id = search_terms.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
    if not found then perform app.refuse('vehicle_not_yours'); end if;
  end if;
  if starts_at is not null then
    asked.starts_at := search_terms.starts_at;
    asked.ends_at := search_terms.ends_at;
    asked.seconds := ceil(extract(epoch from search_terms.ends_at - search_terms.starts_at));
    -- Read here at once, as `booking.horizon` and `app.setting` would one by one: each of those costs as much as several spaces.
    select max(t.value::float8) filter (where t.key = 'max_booking_hours') * 3600,
           booking.horizon_in(max(t.value::integer) filter (where t.key = 'booking_horizon_days'))
    into asked.longest, asked.horizon
    from app.settings t
    where t.marketplace = app.marketplace() and t.key in ('max_booking_hours', 'booking_horizon_days') and t.is_active;
    asked.max_total_amount := search_terms.max_total_amount;
    if max_total_amount is not null then asked.basis_points := parking.fee_basis_points(fallback_basis_points); end if;
  end if;
  return asked;
end $$;

CREATE FUNCTION parking.set_photos(space_id uuid, photos jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces;
begin
  space := parking.lock_my_space(set_photos.space_id);
  delete from parking.space_photos p where p.space_id = space.id;
  insert into parking.space_photos (marketplace, space_id, owner_id, upload_id, photo_order, caption)
  select space.marketplace, space.id, space.owner_id, u.id, p.position, p.photo ->> 'caption'
  from jsonb_array_elements(photos) with ordinality as p (photo, position)
  join identity.uploads u on u.id = (p.photo ->> 'upload_id')::uuid
  where u.user_id = space.owner_id and u.marketplace = space.marketplace and u.purpose = 'space_photo' and u.status = 'stored';
  if (select count(*) from parking.space_photos p where p.space_id = space.id) <> jsonb_array_length(photos) then
    perform app.refuse('upload_not_usable');
  end if;
  update parking.spaces s set cover_object = (
    select u.object_name from parking.space_photos p join identity.uploads u on u.id = p.upload_id
    where p.space_id = s.id order by p.photo_order limit 1)
  where s.id = space.id;
  -- Looked up in here: the statement that calls this sees the photographs as they were before.
  return (
    select to_jsonb(s) || jsonb_build_object('photos', (
      select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p where p.space_id = s.id))
    from parking.my_spaces s where s.id = space.id);
end $$;

CREATE FUNCTION parking.settle_navigation(booking_id uuid, answer jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare trip parking.tesla_trips; pause integer; gives_up boolean;
begin
  select t.* into trip from parking.tesla_trips t where t.booking_id = settle_navigation.booking_id for update;
  if trip.navigation_status <> 'waiting' then return trip.navigation_status; end if;
  if not answer ? 'error' then
    perform parking.note_tesla(trip.booking_id, 'navigation', 'succeeded');
    update parking.tesla_trips t set navigation_status = 'sent', navigation_sent_at = app.now(), claimed_until = null, last_error = null
    where t.booking_id = trip.booking_id;
    return 'sent';
  end if;
  perform parking.note_tesla(trip.booking_id, 'navigation',
    case when answer ->> 'kind' = 'limited' then 'held_back' else 'failed' end, answer ->> 'error');
  gives_up := answer ->> 'kind' = 'refused' or trip.navigation_tries >= 7;
  update parking.tesla_trips t set navigation_tries = t.navigation_tries + 1, claimed_until = null, last_error = answer ->> 'error',
    navigation_status = case when gives_up then 'failed' else 'waiting' end
  where t.booking_id = trip.booking_id;
  if gives_up then
    perform app.emit('parking.navigation_failed', (
      select jsonb_build_object('booking_id', b.id, 'user_id', trip.user_id, 'number', b.number,
        'resource_name', b.resource_name, 'error', answer ->> 'error')
      from booking.bookings b where b.id = trip.booking_id));
    return 'failed';
  end if;
  -- A vehicle that was woken is there within a minute; an outage may last.
  pause := coalesce((answer ->> 'retry_after')::integer,
    case when answer ->> 'kind' = 'asleep' then 20 else 30 * 2 ^ trip.navigation_tries end);
  perform app.set_timer('parking.send_navigation', trip.booking_id, app.now() + make_interval(secs => pause));
  return 'waiting';
end $$;

CREATE FUNCTION parking.settle_reading(booking_id uuid, reading jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare trip parking.tesla_trips; b booking.bookings; flow booking.flows; distance float8;
begin
  select t.* into trip from parking.tesla_trips t where t.booking_id = settle_reading.booking_id for update;
  perform set_config('app.marketplace', trip.marketplace, true);
  select t.* into strict b from booking.bookings t where t.id = trip.booking_id;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if reading ? 'error' then
    if reading ->> 'kind' <> 'asleep' then
      perform parking.note_tesla(b.id, 'position', case when reading ->> 'kind' = 'limited' then 'held_back' else 'failed' end,
        reading ->> 'error');
      trip.last_error := reading ->> 'error';
    end if;
  elsif trip.read_at is not null then
    distance := st_distance(b.location, app.point((reading ->> 'latitude')::float8, (reading ->> 'longitude')::float8));
    trip.last_read_at := app.now();
    trip.last_error := null;
    if trip.parked_at is null then trip := parking.watch_parking(trip, reading, distance); end if;
    if trip.arrival_detected_at is null then
      if distance <= 75 then trip.arrival_detected_at := app.now(); end if;
    elsif distance > 150 then
      trip.outside_readings := trip.outside_readings + 1;
      trip.outside_since := coalesce(trip.outside_since, app.now());
      if trip.outside_readings = 3 then trip.departure_detected_at := trip.outside_since; end if;
    elsif distance <= 75 then
      trip.departure_detected_at := null;
      trip.outside_readings := 0;
      trip.outside_since := null;
    end if;
  end if;
  update parking.tesla_trips t set claimed_until = null, last_error = trip.last_error, last_read_at = trip.last_read_at,
    parked_at = trip.parked_at, auto_park_attempted = trip.auto_park_attempted,
    auto_park_successful = trip.auto_park_successful, autopark_error_before = trip.autopark_error_before,
    arrival_detected_at = trip.arrival_detected_at, departure_detected_at = trip.departure_detected_at,
    outside_readings = trip.outside_readings, outside_since = trip.outside_since,
    read_at = case when trip.read_at is not null then parking.read_again_at(trip, b, reading) end
  where t.booking_id = trip.booking_id;
  return case
    when b.status = flow.instant and trip.arrival_detected_at is not null then 'arrival'
    when b.status = flow.running and trip.departure_detected_at is not null and b.ends_at <= app.now() + interval '12 hours'
      then 'departure'
    else 'nothing' end;
end $$;

CREATE FUNCTION parking.staff_view(space parking.spaces) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', space.id, 'owner_id', space.owner_id, 'title', space.title, 'description', space.description,
    'address', space.address, 'city', space.city, 'state', space.state, 'zip_code', space.zip_code,
    'location', app.place(space.location), 'listing_status', space.listing_status, 'approval_status', space.approval_status,
    'approval_reason', space.approval_reason, 'created_at', space.created_at, 'photos', coalesce((
      select jsonb_agg(jsonb_build_object('upload_id', p.upload_id, 'caption', p.caption, 'object_name', u.object_name)
        order by p.photo_order)
      from parking.space_photos p join identity.uploads u on u.id = p.upload_id
      where p.space_id = space.id and u.status = 'stored'), '[]'))
$$;

CREATE FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer, hourly bigint, daily bigint, weekly bigint, monthly bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare subtotal bigint;
begin
  if parking.misfit(asked.length_inches, asked.width_inches, asked.height_inches, is_covered, max_length_cm, max_width_cm,
    max_height_cm) is not null then
    return false;
  end if;
  if asked.seconds is null then return true; end if;
  if asked.seconds < shortest * 3600 or asked.seconds > least(longest * 3600, asked.longest) or asked.ends_at > asked.horizon
    or asked.starts_at < app.now() + make_interval(hours => notice) then
    return false;
  end if;
  if asked.max_total_amount is null then return true; end if;
  subtotal := (parking.price_of(hourly, daily, weekly, monthly, asked.seconds)).amount;
  return subtotal + parking.fee_of(subtotal, asked.basis_points) <= asked.max_total_amount;
end $$;

CREATE FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces := parking.lock_space(suspend_space.space_id); before text := space.listing_status;
begin
  if suspended then space.listing_status := 'suspended';
  elsif before = 'suspended' then space.listing_status := 'inactive';
  end if;
  perform parking.write_space(space);
  perform app.audit(case when suspended then 'space.suspended' else 'space.reinstated' end, 'parking', 'spaces', space.id::text,
    old_values => jsonb_build_object('listing_status', before),
    new_values => jsonb_build_object('listing_status', space.listing_status),
    metadata => jsonb_strip_nulls(jsonb_build_object('reason', suspend_space.reason)));
  return parking.staff_view(space);
end $$;

CREATE FUNCTION parking.take_tesla_call(kept integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  last integer := coalesce((app.setting('tesla_api_rate_limit'))::integer, 200) - take_tesla_call.kept;
  free integer; back timestamptz := app.now() - interval '1 hour';
begin
  loop
    -- Read anew each time: whoever took a slot at the same moment has committed since.
    select g.slot into free from generate_series(1, last) as g (slot)
    where not exists (select from parking.tesla_calls c
      where c.marketplace = app.marketplace() and c.slot = g.slot and c.taken_at > back)
    order by case when take_tesla_call.kept = 0 then -g.slot else g.slot end limit 1;
    if free is null then
      return (select greatest(1, ceil(extract(epoch from coalesce(min(c.taken_at), app.now()) - back)))::integer
        from parking.tesla_calls c where c.marketplace = app.marketplace() and c.slot <= last and c.taken_at > back);
    end if;
    insert into parking.tesla_calls as c (marketplace, slot, taken_at) values (app.marketplace(), free, app.now())
    on conflict on constraint tesla_calls_pkey do update set taken_at = excluded.taken_at where c.taken_at <= back;
    if found then return null; end if;
  end loop;
end $$;

CREATE FUNCTION parking.terms(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces; during tstzrange;
begin
  select s.* into space from parking.spaces s
  where s.id = terms.space_id and s.marketplace = app.marketplace() and s.deleted_at is null;
  perform parking.check_listed(space);
  perform parking.check_window(starts_at, ends_at);
  during := tstzrange(starts_at, ends_at);
  return parking.terms_of(space, during, vehicle_id, null, jsonb_build_object('hourly_rate', space.hourly_rate,
      'daily_rate', space.daily_rate, 'weekly_rate', space.weekly_rate, 'monthly_rate', space.monthly_rate),
    parking.fee_basis_points(fallback_basis_points), booking.why_closed(space.id, during));
end $$;

CREATE FUNCTION parking.terms_of(space parking.spaces, during tstzrange, vehicle_id uuid, moved uuid, rates jsonb, basis_points integer, why text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare reasons text[] := '{}'; vehicle parking.vehicles; misfit text;
begin
  if space.owner_id = app.actor() then reasons := reasons || text 'own_space'; end if;
  if why is not null then reasons := reasons || why; end if;
  if vehicle_id is null then
    -- Who has not signed in has no vehicle to name, and asks for the price.
    if app.setting('vehicle_required')::boolean and moved is null and app.actor() is not null then
      reasons := reasons || text 'vehicle_required';
    end if;
  else
    select v.* into vehicle from parking.vehicles v
    where v.id = terms_of.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
    misfit := parking.misfit(vehicle.length_inches, vehicle.width_inches, vehicle.height_inches, space.is_covered,
      space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm);
    if vehicle.id is null then reasons := reasons || text 'vehicle_not_yours'; end if;
    if misfit is not null then reasons := reasons || text 'vehicle_does_not_fit'; end if;
    if vehicle.id is not null and exists (
      select from booking.reservations r
      where r.resource_id = vehicle.id and r.during && terms_of.during and r.booking_id is distinct from moved
        and coalesce(r.expires_at > app.now(), true)
    ) then
      reasons := reasons || text 'vehicle_busy';
    end if;
  end if;
  return jsonb_build_object('version', space.version, 'reasons', to_jsonb(reasons), 'misfit', misfit,
    'instant', space.instant_booking_enabled, 'currency', space.currency, 'time_zone', space.time_zone, 'rates', rates,
    'capacity', space.capacity, 'fee_basis_points', basis_points, 'tariff', (
      select to_jsonb(p) from parking.price_of((rates ->> 'hourly_rate')::bigint, (rates ->> 'daily_rate')::bigint,
        (rates ->> 'weekly_rate')::bigint, (rates ->> 'monthly_rate')::bigint,
        ceil(extract(epoch from upper(during) - lower(during)))::bigint) as p));
end $$;

CREATE FUNCTION parking.titled(q text, here public.geography, radius double precision) RETURNS TABLE(space_id uuid, distance_m double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare words tsquery := websearch_to_tsquery('english', q); rare uuid[];
begin
  rare := array(
    select s.id from parking.spaces s
    where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
      and s.marketplace = app.marketplace() and s.title_words @@ words
    limit 2001);
  if cardinality(rare) <= 2000 then
    return query
      select s.id, s.location <-> here from parking.spaces s
      where s.id = any (rare) and s.location <-> here <= radius order by s.location <-> here limit 500;
  else
    return query
      select s.id, s.location <-> here from parking.spaces s
      where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
        and s.marketplace = app.marketplace() and s.location && _st_expand(here, radius) and s.location <-> here <= radius
        and coalesce(s.title_words @@ words, false)
      order by s.location <-> here limit 500;
  end if;
  return query
    select near.id, near.distance_m
    from (
      select s.id, s.title, s.title_words, s.location <-> here as distance_m from parking.spaces s
      where s.listing_status = 'active' and s.approval_status = 'approved' and s.deleted_at is null
        and s.marketplace = app.marketplace() and s.location && _st_expand(here, radius) and s.location <-> here <= radius
      order by s.location <-> here limit 2000) as near
    where near.title %> q and not near.title_words @@ words;
end $$;

CREATE FUNCTION parking.vehicle_size(vehicle_id uuid) RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare size integer[];
begin
  if vehicle_id is null then return null; end if;
  select array[v.length_inches, v.width_inches, v.height_inches] into size from parking.vehicles v
  where v.id = vehicle_size.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
  if not found then perform app.refuse('vehicle_not_yours'); end if;
  return size;
end $$;

CREATE FUNCTION parking.watch_parking(trip parking.tesla_trips, reading jsonb, distance double precision) RETURNS parking.tesla_trips
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare failure text := coalesce(reading ->> 'autopark_error', 'no_error');
begin
  if distance > 300 or trip.autopark_error_before is null then
    trip.autopark_error_before := failure;
  end if;
  if distance > 300 then return trip; end if;
  if reading ->> 'autopark_state' ~ '^(preparing|active|in_progress|parking)' or failure not in ('no_error', trip.autopark_error_before) then
    trip.auto_park_attempted := true;
  end if;
  if distance <= 75 and coalesce(reading ->> 'shift_state', 'P') = 'P' then
    trip.parked_at := app.now();
    trip.auto_park_successful := trip.auto_park_attempted and failure in ('no_error', trip.autopark_error_before);
    if trip.auto_park_attempted then
      perform parking.note_tesla(trip.booking_id, 'auto_park', case when trip.auto_park_successful then 'succeeded' else 'failed' end,
        case when trip.auto_park_successful then '' else failure end);
    end if;
  end if;
  return trip;
end $$;

CREATE FUNCTION parking.watched_from(starts_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select greatest(app.now(), starts_at - interval '15 minutes')
$$;

CREATE FUNCTION parking.why_not_moved(b booking.bookings, space parking.spaces, starts_at timestamp with time zone, ends_at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if space.listing_status <> 'active' or space.approval_status <> 'approved' or space.deleted_at is not null then
    return 'space_not_listed';
  end if;
  if not space.instant_booking_enabled and b.confirmed_at is not null then return 'acceptance_required'; end if;
  return booking.why_closed(space.id, tstzrange(starts_at, ends_at), b.id);
end $$;

CREATE FUNCTION parking.write_space(space parking.spaces) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into parking.spaces as s (id, marketplace, owner_id, external_ref, title, description, address, city, state, zip_code,
    location, surface, is_covered, capacity, max_vehicle_length_cm, max_vehicle_width_cm, max_vehicle_height_cm, hourly_rate,
    daily_rate, weekly_rate, monthly_rate, currency, minimum_booking_hours, maximum_booking_hours, advance_booking_hours,
    buffer_before_minutes, buffer_after_minutes, instant_booking_enabled, has_ev_charging, charging_connector_type,
    has_security_camera, has_lighting, amenities, listing_status, time_zone, approval_status, approval_reason, reviewed_by,
    reviewed_at, deleted_at, version)
  values (space.id, space.marketplace, space.owner_id, space.external_ref, space.title, space.description, space.address,
    space.city, space.state, space.zip_code, space.location, space.surface, space.is_covered, space.capacity,
    space.max_vehicle_length_cm, space.max_vehicle_width_cm, space.max_vehicle_height_cm, space.hourly_rate, space.daily_rate,
    space.weekly_rate, space.monthly_rate, space.currency, space.minimum_booking_hours, space.maximum_booking_hours,
    space.advance_booking_hours, space.buffer_before_minutes, space.buffer_after_minutes, space.instant_booking_enabled,
    space.has_ev_charging, space.charging_connector_type, space.has_security_camera, space.has_lighting, space.amenities,
    space.listing_status, space.time_zone, space.approval_status, space.approval_reason, space.reviewed_by, space.reviewed_at,
    space.deleted_at, space.version)
  on conflict on constraint spaces_pkey do update set title = excluded.title, description = excluded.description,
    address = excluded.address, city = excluded.city, state = excluded.state, zip_code = excluded.zip_code,
    location = excluded.location, surface = excluded.surface, is_covered = excluded.is_covered, capacity = excluded.capacity,
    max_vehicle_length_cm = excluded.max_vehicle_length_cm, max_vehicle_width_cm = excluded.max_vehicle_width_cm,
    max_vehicle_height_cm = excluded.max_vehicle_height_cm, hourly_rate = excluded.hourly_rate,
    daily_rate = excluded.daily_rate, weekly_rate = excluded.weekly_rate, monthly_rate = excluded.monthly_rate,
    minimum_booking_hours = excluded.minimum_booking_hours, maximum_booking_hours = excluded.maximum_booking_hours,
    advance_booking_hours = excluded.advance_booking_hours, buffer_before_minutes = excluded.buffer_before_minutes,
    buffer_after_minutes = excluded.buffer_after_minutes, instant_booking_enabled = excluded.instant_booking_enabled,
    has_ev_charging = excluded.has_ev_charging, charging_connector_type = excluded.charging_connector_type,
    has_security_camera = excluded.has_security_camera, has_lighting = excluded.has_lighting, amenities = excluded.amenities,
    listing_status = excluded.listing_status, approval_status = excluded.approval_status,
    approval_reason = excluded.approval_reason, reviewed_by = excluded.reviewed_by, reviewed_at = excluded.reviewed_at,
    deleted_at = excluded.deleted_at, version = s.version + 1;
  perform booking.keep_resource(jsonb_build_object('id', space.id, 'module', 'parking', 'owner_id', space.owner_id,
    'time_zone', space.time_zone, 'capacity', space.capacity,
    'is_listed', space.listing_status = 'active' and space.approval_status = 'approved' and space.deleted_at is null,
    'buffer_before', space.buffer_before_minutes * 60, 'buffer_after', space.buffer_after_minutes * 60,
    'minimum_seconds', space.minimum_booking_hours * 3600, 'maximum_seconds', space.maximum_booking_hours * 3600,
    'notice_seconds', space.advance_booking_hours * 3600));
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
  return query select null::integer, u.password_hash::text, c.email, c.phone_sealed, c.phone_hash
  from identity.users u, identity.trusted_contacts(u.id) as c where u.id = app.actor();
end $$;

CREATE FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) RETURNS TABLE(retry_after integer, user_id uuid, password_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  retry_after := identity.draw_attempt(begin_restoring.identifier_hash);
  if retry_after is null then
    select u.id, u.password_hash into user_id, password_hash from identity.users u
    where u.id = identity.deleted_person_at(begin_restoring.email, begin_restoring.phone_hash);
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
    where person_id in (b.customer_id, b.provider_id) and b.status = any (f.live)
      -- Who has come and not gone is under way, and what that costs is not known yet.
      and (b.ends_at > app.now() or b.status = f.running)
      and (b.expires_at is null or b.expires_at > app.now())) then perform app.refuse('bookings_running'); end if;
  if exists (select from privacy.debts(person_id)) then perform app.refuse('money_owed'); end if;
  if 'super_admin' = any (identity.roles_of(person_id)) then perform identity.check_super_admins(person_id); end if;
end $$;

CREATE FUNCTION privacy.debts(person_id uuid) RETURNS TABLE(kind text, amount bigint, currency text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select a.kind, b.balance, a.currency
  from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = person_id and a.kind <> 'credits' and b.balance <> 0
$$;

CREATE FUNCTION privacy.delete_account(codes jsonb) RETURNS TABLE(outcome text, attempts_left integer, restorable_until timestamp with time zone, tesla_token text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person identity.users; step record;
begin
  -- The role's lock, before any account's: of the last two super admins who leave at once, one comes second.
  if 'super_admin' = any (identity.roles_of(app.actor())) then
    perform from identity.roles r where r.marketplace = app.marketplace() and r.name = 'super_admin' for update;
  end if;
  -- A booking that is being made holds the row of both its parties: it is waited for, and seen below.
  select * into person from identity.users u where u.id = app.actor() for update;
  -- Who was banned while this waited would come back by restoring.
  -- Whoever deleted it at the same moment has ended this session too.
  if person.account_status = 'deleted' then perform app.refuse('session_ended'); end if;
  if not app.is_active(person.account_status, person.suspended_until) then perform app.refuse('account_suspended'); end if;
  perform privacy.check_deletable(person.id);
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'delete_account') t;
    if outcome <> 'right' then
      return next;
      return;
    end if;
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

CREATE FUNCTION privacy.reopen(person_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare reopened identity.users;
begin
  update identity.users u set account_status = identity.standing_before(u), deleted_at = null
  where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null
    and u.deleted_at > app.now() - interval '90 days'
  returning u.* into reopened;
  if reopened.id is null then return false; end if;
  perform app.audit('account.restored', 'privacy', 'users', person_id::text, '{"account_status": "deleted"}',
    jsonb_build_object('account_status', reopened.account_status), user_id => coalesce(app.actor(), person_id));
  perform app.emit('privacy.account_restored', jsonb_build_object('user_id', person_id));
  return true;
end $$;

CREATE FUNCTION privacy.reopen_own(person_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform identity.take_contact(u.id, case when u.email_verified_at is not null then u.email end,
    case when u.phone_verified_at is not null then u.phone_hash end)
  from identity.users u where u.id = person_id and u.account_status = 'deleted' and u.purged_at is null for update;
  return privacy.reopen(person_id);
end $$;

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

CREATE FUNCTION privacy.restore_by_code(destination_hash text, code_hash text, email text, phone_hash text) RETURNS TABLE(outcome text, attempts_left integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare person_id uuid := identity.deleted_person_at(restore_by_code.email, restore_by_code.phone_hash);
begin
  select t.outcome, t.attempts_left into outcome, attempts_left
  from identity.try_code(restore_by_code.destination_hash, restore_by_code.code_hash, 'restore_account', person_id) t;
  if outcome = 'right' then
    outcome := case
      when not identity.prove_contact(person_id, restore_by_code.email, restore_by_code.phone_hash, false) then 'contact_unproven'
      when privacy.reopen_own(person_id) then 'restored'
      else 'code_expired' end;
  end if;
  return next;
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
  if not privacy.reopen_own(person_id) then return false; end if;
  perform app.put_back('login-from:' || app.caller_network(), 50, interval '15 minutes');
  perform app.refill('login:' || settle_restoring.identifier_hash);
  return true;
end $$;

CREATE FUNCTION reviews.added(counts integer[], change integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE
    AS $$
  select array_agg(coalesce(a.c, 0) + change[a.stars] order by a.stars) from unnest(counts) with ordinality as a (c, stars)
$$;

CREATE FUNCTION reviews.are_details(details jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select jsonb_typeof(details) = 'object' and not exists (
    select from jsonb_each(details) as d where d.value not in ('1', '2', '3', '4', '5'))
$$;

CREATE FUNCTION reviews.attach_photos(review_id uuid, photo_ids jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare attached integer;
begin
  delete from reviews.photos p where p.review_id = attach_photos.review_id;
  insert into reviews.photos (review_id, position, upload_id)
  select attach_photos.review_id, wanted.position, u.id
  from jsonb_array_elements_text(photo_ids) with ordinality as wanted (upload_id, position)
  join identity.uploads u on u.id = wanted.upload_id::uuid
  where u.user_id = app.actor() and u.marketplace = app.marketplace() and u.purpose = 'review_photo' and u.status = 'stored';
  get diagnostics attached = row_count;
  if attached <> jsonb_array_length(photo_ids) then perform app.refuse('upload_not_usable'); end if;
end $$;

CREATE TABLE reviews.photos (
    review_id uuid NOT NULL,
    "position" smallint NOT NULL,
    upload_id uuid NOT NULL,
    CONSTRAINT photos_position_check CHECK ((("position" >= 1) AND ("position" <= 10)))
);

ALTER TABLE ONLY reviews.photos FORCE ROW LEVEL SECURITY;

CREATE TABLE reviews.reviews (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    module text NOT NULL,
    booking_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    reviewer_id uuid NOT NULL,
    reviewee_id uuid NOT NULL,
    reviewer_type text NOT NULL,
    review_type character varying(40) NOT NULL,
    rating smallint NOT NULL,
    detail_ratings jsonb DEFAULT '{}'::jsonb NOT NULL,
    review_text character varying(4000),
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    is_verified boolean GENERATED ALWAYS AS ((reviewer_type = 'customer'::text)) STORED NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    announced_at timestamp with time zone,
    is_published boolean DEFAULT true NOT NULL,
    is_flagged boolean DEFAULT false NOT NULL,
    flagged_reason character varying(500),
    is_featured boolean DEFAULT false NOT NULL,
    counted_rating smallint,
    reply character varying(2000),
    replied_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT reviews_detail_ratings_check CHECK (reviews.are_details(detail_ratings)),
    CONSTRAINT reviews_flagged_reason_check CHECK ((is_flagged = (flagged_reason IS NOT NULL))),
    CONSTRAINT reviews_is_featured_check CHECK (((NOT is_featured) OR (reviewer_type = 'customer'::text))),
    CONSTRAINT reviews_parties_check CHECK ((reviewer_id <> reviewee_id)),
    CONSTRAINT reviews_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT reviews_reply_check CHECK (((reply IS NULL) = (replied_at IS NULL))),
    CONSTRAINT reviews_reviewer_type_check CHECK ((reviewer_type = ANY (ARRAY['customer'::text, 'provider'::text])))
);

ALTER TABLE ONLY reviews.reviews FORCE ROW LEVEL SECURITY;

CREATE VIEW reviews.cards AS
 SELECT r.id,
    r.marketplace,
    r.module,
    r.booking_id,
    r.resource_id,
    r.reviewer_id,
    r.reviewee_id,
    r.reviewer_type,
    r.review_type,
    r.rating,
    r.detail_ratings,
    r.review_text,
    to_jsonb(r.tags) AS tags,
    r.is_verified,
    r.opens_at,
    r.is_published,
    r.is_flagged,
    r.flagged_reason,
    r.is_featured,
    r.reply,
    r.replied_at,
    r.created_at,
    r.updated_at,
    r.deleted_at,
        CASE
            WHEN (u.account_status <> 'deleted'::text) THEN u.first_name
            ELSE NULL::text
        END AS reviewer_name,
    ((r.opens_at <= ( SELECT app.now() AS now)) AND r.is_published AND (NOT r.is_flagged) AND (r.deleted_at IS NULL)) AS is_visible,
    COALESCE(( SELECT jsonb_agg(jsonb_build_object('id', f.id, 'object_name', f.object_name) ORDER BY p."position") AS jsonb_agg
           FROM (reviews.photos p
             JOIN identity.uploads f ON ((f.id = p.upload_id)))
          WHERE (p.review_id = r.id)), '[]'::jsonb) AS photos
   FROM (reviews.reviews r
     JOIN identity.users u ON ((u.id = r.reviewer_id)));

CREATE FUNCTION reviews.change(review_id uuid, content jsonb) RETURNS SETOF reviews.cards
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held reviews.reviews := reviews.hold_own(change.review_id); place reviews.windows;
begin
  select w.* into place from reviews.windows w where w.booking_id = held.booking_id;
  if place.booking_id is null or place.closes_at <= app.now() then perform app.refuse('window_closed'); end if;
  if place.is_blind and held.opens_at <= app.now() then perform app.refuse('review_open'); end if;
  perform reviews.fill(held, content);
  perform reviews.settle(held.booking_id);
  return query select c.* from reviews.cards c where c.id = held.id;
end $$;

CREATE FUNCTION reviews.check_person(person_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from identity.users u
    where u.id = check_person.person_id and u.marketplace = app.marketplace() and u.account_status = 'active'
  ) then perform app.refuse('not_found'); end if;
end $$;

CREATE FUNCTION reviews.check_resource(resource_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from booking.resources r where r.id = check_resource.resource_id and r.marketplace = app.marketplace()
  ) then perform app.refuse('not_found'); end if;
end $$;

CREATE FUNCTION reviews.difference(before smallint, after smallint) RETURNS integer[]
    LANGUAGE sql IMMUTABLE
    AS $$
  select array_agg((stars is not distinct from after)::integer - (stars is not distinct from before)::integer order by stars)
  from generate_series(1, 5) as stars
$$;

CREATE FUNCTION reviews.due(after_at timestamp with time zone, after_id uuid, max integer) RETURNS TABLE(booking_id uuid, number text, module text, resource_id uuid, resource_name text, review_type text, starts_at timestamp with time zone, ends_at timestamp with time zone, time_zone text, closes_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select d.booking_id, b.number, b.module, b.resource_id, b.resource_name, d.review_type, b.starts_at, b.ends_at, b.time_zone,
         d.closes_at
  from (
    select w.booking_id, w.customer_type as review_type, 'customer' as side, w.closes_at from reviews.windows w
    where w.customer_id = app.actor() and w.marketplace = app.marketplace() and w.closes_at > app.now()
    union all
    select w.booking_id, w.provider_type, 'provider', w.closes_at from reviews.windows w
    where w.provider_id = app.actor() and w.marketplace = app.marketplace() and w.closes_at > app.now()) as d
  join booking.bookings b on b.id = d.booking_id
  where d.review_type is not null and (after_id is null or (d.closes_at, d.booking_id) > (after_at, after_id))
    and not exists (select from reviews.reviews r where r.booking_id = d.booking_id and r.reviewer_type = d.side)
  order by d.closes_at, d.booking_id limit max
$$;

CREATE FUNCTION reviews.event_of(subject reviews.reviews) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('review_id', subject.id, 'booking_id', subject.booking_id, 'module', subject.module,
    'resource_id', subject.resource_id, 'reviewer_id', subject.reviewer_id, 'reviewee_id', subject.reviewee_id,
    'review_type', subject.review_type)
$$;

CREATE VIEW reviews.public_reviews AS
 SELECT id,
    resource_id,
    reviewee_id,
    reviewer_type,
    review_type,
    rating,
    detail_ratings,
    review_text,
    tags,
    photos,
    is_verified,
    is_featured,
    reviewer_name,
    reply,
    replied_at,
    opens_at
   FROM reviews.cards c
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND is_visible);

CREATE FUNCTION reviews.featured(after_at timestamp with time zone, after_id uuid, max integer) RETURNS SETOF reviews.public_reviews
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select r.* from reviews.public_reviews r
  where r.is_featured and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
  order by r.opens_at desc, r.id desc limit max
$$;

CREATE FUNCTION reviews.fill(subject reviews.reviews, content jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (
    select from jsonb_object_keys(coalesce(content -> 'detail_ratings', '{}')) as d (name)
    where d.name <> all (array(
      select unnest(k.details) from reviews.kinds k
      where (k.marketplace, k.module, k.reviewer_type, k.review_type)
        = (subject.marketplace, subject.module, subject.reviewer_type, subject.review_type)))
  ) then
    perform app.refuse('unknown_detail');
  end if;
  update reviews.reviews r set
    rating = coalesce((content ->> 'rating')::smallint, r.rating),
    review_text = case when content ? 'review_text' then content ->> 'review_text' else r.review_text end,
    detail_ratings = coalesce(content -> 'detail_ratings', r.detail_ratings),
    tags = case when content ? 'tags' then array(select jsonb_array_elements_text(content -> 'tags')) else r.tags end
  where r.id = subject.id;
  if content ? 'photo_ids' then perform reviews.attach_photos(subject.id, content -> 'photo_ids'); end if;
end $$;

CREATE FUNCTION reviews.hold_own(review_id uuid) RETURNS reviews.reviews
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held reviews.reviews;
begin
  perform from reviews.windows w
  where w.booking_id = (select r.booking_id from reviews.reviews r where r.id = hold_own.review_id) for update;
  select r.* into held from reviews.reviews r
  where r.id = hold_own.review_id and r.marketplace = app.marketplace() and r.reviewer_id = app.actor()
    and r.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  return held;
end $$;

CREATE TABLE reviews.windows (
    booking_id uuid NOT NULL,
    marketplace text NOT NULL,
    module text NOT NULL,
    resource_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    customer_type character varying(40),
    provider_type character varying(40),
    is_blind boolean GENERATED ALWAYS AS (((customer_type IS NOT NULL) AND (provider_type IS NOT NULL))) STORED NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT windows_types_check CHECK (((customer_type IS NOT NULL) OR (provider_type IS NOT NULL)))
);

ALTER TABLE ONLY reviews.windows FORCE ROW LEVEL SECURITY;

CREATE FUNCTION reviews.hold_window(booking_id uuid) RETURNS reviews.windows
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held reviews.windows;
begin
  select w.* into held from reviews.windows w
  where w.booking_id = hold_window.booking_id and w.marketplace = app.marketplace()
    and app.actor() in (w.customer_id, w.provider_id) for update;
  if found then return held; end if;
  if exists (
    select from booking.bookings b
    where b.id = hold_window.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id)
  ) then
    perform app.refuse('not_completed');
  end if;
  perform app.refuse('not_found');
end $$;

CREATE FUNCTION reviews.list_for_staff(queue text, before uuid, max integer) RETURNS TABLE(review jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
begin
  -- A condition of its own for each queue, so that each finds its index.
  return query execute
    'select to_jsonb(c) || jsonb_build_object(''open_reports'', (
       select count(*) from reviews.reports t where t.review_id = c.id and t.settled_at is null))
     from reviews.cards c
     where c.marketplace = $1 and c.deleted_at is null and ($2 is null or c.id < $2) and '
    || case queue
         when 'reported' then
           'c.id in (select t.review_id from reviews.reports t where t.marketplace = $1 and t.settled_at is null)'
         when 'hidden' then '(c.is_flagged or not c.is_published)'
         when 'featured' then 'c.is_featured'
         when 'candidates' then 'c.rating >= $4 and c.is_visible and not c.is_featured and c.reviewer_type = ''customer'''
         else 'true' end
    || ' order by c.id desc limit $3'
  using app.marketplace(), before, max, coalesce(app.setting('featured_review_rating')::integer, 5);
end $_$;

CREATE FUNCTION reviews.mean(counts integer[]) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select round(sum(c * stars)::numeric / nullif(sum(c), 0), 2) from unnest(counts) with ordinality as c (c, stars)
$$;

CREATE FUNCTION reviews.mine(direction text, after_at timestamp with time zone, after_id uuid, max integer) RETURNS SETOF reviews.cards
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if direction = 'written' then
    return query
      select c.* from reviews.cards c
      where c.reviewer_id = app.actor() and c.marketplace = app.marketplace() and c.deleted_at is null
        and (after_id is null or c.id < after_id)
      order by c.id desc limit max;
  else
    return query
      select c.* from reviews.cards c
      where c.reviewee_id = app.actor() and c.marketplace = app.marketplace() and c.is_visible
        and (after_id is null or (c.opens_at, c.id) < (after_at, after_id))
      order by c.opens_at desc, c.id desc limit max;
  end if;
end $$;

CREATE FUNCTION reviews.moderate(review_id uuid, changes jsonb, reason text) RETURNS SETOF reviews.cards
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare former reviews.reviews; decided reviews.reviews;
begin
  perform from reviews.windows w
  where w.booking_id = (select r.booking_id from reviews.reviews r where r.id = moderate.review_id) for update;
  select r.* into former from reviews.reviews r
  where r.id = moderate.review_id and r.marketplace = app.marketplace() and r.deleted_at is null for update;
  if not found then perform app.refuse('not_found'); end if;
  if app.actor() in (former.reviewer_id, former.reviewee_id) then perform app.refuse('own_review'); end if;
  update reviews.reviews r set
    is_flagged = coalesce((changes ->> 'is_flagged')::boolean, r.is_flagged),
    flagged_reason = case (changes ->> 'is_flagged')::boolean when true then moderate.reason when false then null
                     else r.flagged_reason end,
    is_published = coalesce((changes ->> 'is_published')::boolean, r.is_published),
    is_featured = coalesce((changes ->> 'is_featured')::boolean, r.is_featured)
  where r.id = former.id returning r.* into decided;
  update reviews.reports t set settled_at = app.now() where t.review_id = decided.id and t.settled_at is null;
  perform app.audit('reviews.moderated', 'admin', 'reviews', decided.id::text, reviews.standing_of(former),
    reviews.standing_of(decided), jsonb_build_object('reason', moderate.reason));
  if reviews.standing_of(former) <> reviews.standing_of(decided) then
    perform app.emit('reviews.moderated', reviews.event_of(decided) || reviews.standing_of(decided)
      || jsonb_build_object('user_id', decided.reviewer_id));
  end if;
  perform reviews.settle(decided.booking_id);
  return query select c.* from reviews.cards c where c.id = decided.id;
end $$;

CREATE FUNCTION reviews.of_booking(booking_id uuid) RETURNS TABLE(review_type text, closes_at timestamp with time zone, can_review boolean, mine jsonb, theirs jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare place reviews.windows; kind text; own reviews.cards; other reviews.cards;
begin
  if not exists (
    select from booking.bookings b
    where b.id = of_booking.booking_id and b.marketplace = app.marketplace() and app.actor() in (b.customer_id, b.provider_id)
  ) then perform app.refuse('not_found'); end if;
  select w.* into place from reviews.windows w where w.booking_id = of_booking.booking_id;
  select c.* into own from reviews.cards c
  where c.booking_id = of_booking.booking_id and c.reviewer_id = app.actor();
  select c.* into other from reviews.cards c
  where c.booking_id = of_booking.booking_id and c.reviewer_id <> app.actor() and c.is_visible;
  kind := case when app.actor() = place.customer_id then place.customer_type else place.provider_type end;
  return query select kind, place.closes_at,
    coalesce(kind is not null and own.id is null and place.closes_at > app.now(), false),
    case when own.id is not null and own.deleted_at is null then to_jsonb(own) end,
    case when other.id is not null then to_jsonb(other) end;
end $$;

CREATE FUNCTION reviews.of_person(person_id uuid, role text, after_at timestamp with time zone, after_id uuid, max integer) RETURNS SETOF reviews.public_reviews
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform reviews.check_person(of_person.person_id);
  return query
    select r.* from reviews.public_reviews r
    where r.reviewee_id = of_person.person_id and (of_person.role is null or r.reviewer_type <> of_person.role)
      and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
    order by r.opens_at desc, r.id desc limit max;
end $$;

CREATE FUNCTION reviews.of_resource(resource_id uuid, wanted jsonb, after_at timestamp with time zone, after_id uuid, max integer) RETURNS SETOF reviews.public_reviews
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform reviews.check_resource(of_resource.resource_id);
  return query
    select r.* from reviews.public_reviews r
    where r.resource_id = of_resource.resource_id and r.reviewer_type = 'customer'
      and (not wanted ? 'rating' or r.rating = (wanted ->> 'rating')::smallint)
      and (not wanted ? 'has_photos' or (r.photos <> '[]') = (wanted ->> 'has_photos')::boolean)
      and (after_id is null or (r.opens_at, r.id) < (after_at, after_id))
    order by r.opens_at desc, r.id desc limit max;
end $$;

CREATE FUNCTION reviews.open_all(booking_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
  select reviews.settle(open_all.booking_id)
$$;

CREATE FUNCTION reviews.open_window(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare opened reviews.windows; minutes integer := app.setting('review_request_minutes');
begin
  insert into reviews.windows as w (booking_id, marketplace, module, resource_id, customer_id, provider_id, customer_type,
    provider_type, closes_at)
  select b.id, b.marketplace, b.module, b.resource_id, b.customer_id, b.provider_id, kinds.of_customer, kinds.of_provider,
         app.now() + make_interval(days => coalesce(app.setting('review_window_days')::integer, 7))
  from booking.bookings b
  cross join lateral (
    select max(k.review_type) filter (where k.reviewer_type = 'customer') as of_customer,
           max(k.review_type) filter (where k.reviewer_type = 'provider') as of_provider
    from reviews.kinds k where k.marketplace = b.marketplace and k.module = b.module and k.is_offered) as kinds
  where b.id = open_window.booking_id and b.completed_at is not null
    and coalesce(kinds.of_customer, kinds.of_provider) is not null
  on conflict on constraint windows_pkey do nothing
  returning w.* into opened;
  if opened.booking_id is not null and minutes is not null then
    perform app.set_timer('reviews.request', opened.booking_id, app.now() + make_interval(mins => minutes));
  end if;
end $$;

CREATE FUNCTION reviews.rate_person(person_id uuid, role text, change integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if 1 = any (change) then
    insert into reviews.person_ratings (person_id, role, marketplace)
    values (rate_person.person_id, rate_person.role, app.marketplace())
    on conflict on constraint person_ratings_pkey do nothing;
  end if;
  update reviews.person_ratings t set counts = reviews.added(t.counts, change)
  where t.person_id = rate_person.person_id and t.role = rate_person.role;
end $$;

CREATE FUNCTION reviews.rate_resource(resource_id uuid, module text, change integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare rated reviews.resource_ratings; handler text;
begin
  insert into reviews.resource_ratings as t (resource_id, marketplace, module)
  values (rate_resource.resource_id, app.marketplace(), rate_resource.module)
  on conflict on constraint resource_ratings_pkey do nothing;
  update reviews.resource_ratings t set counts = reviews.added(t.counts, change)
  where t.resource_id = rate_resource.resource_id returning t.* into rated;
  select h.handler into handler from reviews.rating_handlers h where h.module = rate_resource.module;
  if found then
    execute format('select %s($1, $2, $3)', handler) using rated.resource_id, rated.rating, rated.review_count;
  end if;
end $_$;

CREATE FUNCTION reviews.rating_of_resource(resource_id uuid) RETURNS TABLE(rating numeric, review_count integer, counts jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform reviews.check_resource(rating_of_resource.resource_id);
  return query
    select t.rating, coalesce(t.review_count, 0), to_jsonb(coalesce(t.counts, '{0,0,0,0,0}'))
    from (select) as one left join reviews.resource_ratings t on t.resource_id = rating_of_resource.resource_id;
end $$;

CREATE FUNCTION reviews.ratings_of_person(person_id uuid) RETURNS TABLE(role text, rating numeric, review_count integer, counts jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform reviews.check_person(ratings_of_person.person_id);
  return query
    select known.role, t.rating, coalesce(t.review_count, 0), to_jsonb(coalesce(t.counts, '{0,0,0,0,0}'))
    from (values ('customer'), ('provider')) as known (role)
    left join reviews.person_ratings t on t.person_id = ratings_of_person.person_id and t.role = known.role;
end $$;

CREATE FUNCTION reviews.reply(review_id uuid, reply text) RETURNS SETOF reviews.cards
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare answered reviews.reviews;
begin
  update reviews.reviews r set reply = reply.reply, replied_at = case when reply.reply is not null then app.now() end
  where r.id = reply.review_id and r.marketplace = app.marketplace() and r.reviewee_id = app.actor()
    and r.opens_at <= app.now() and r.is_published and not r.is_flagged and r.deleted_at is null
  returning r.* into answered;
  if answered.id is null then perform app.refuse('not_found'); end if;
  if answered.reply is not null then
    perform app.emit('reviews.replied', reviews.event_of(answered) || jsonb_build_object('user_id', answered.reviewer_id));
  end if;
  return query select c.* from reviews.cards c where c.id = answered.id;
end $$;

CREATE TABLE reviews.reports (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    review_id uuid NOT NULL,
    reporter_id uuid NOT NULL,
    reason text NOT NULL,
    notes character varying(500),
    settled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT reports_reason_check CHECK ((reason = ANY (ARRAY['offensive'::text, 'false'::text, 'private_information'::text, 'spam'::text, 'other'::text])))
);

ALTER TABLE ONLY reviews.reports FORCE ROW LEVEL SECURITY;

CREATE FUNCTION reviews.report(review_id uuid, reason text, notes text) RETURNS SETOF reviews.reports
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare subject reviews.cards; made reviews.reports;
begin
  select c.* into subject from reviews.cards c
  where c.id = report.review_id and c.marketplace = app.marketplace() and c.is_visible;
  if subject.id is null then perform app.refuse('not_found'); end if;
  if subject.reviewer_id = app.actor() then perform app.refuse('own_review'); end if;
  insert into reviews.reports as t (marketplace, review_id, reporter_id, reason, notes)
  values (app.marketplace(), subject.id, app.actor(), report.reason, report.notes) returning t.* into made;
  perform app.emit('reviews.reported', jsonb_build_object('review_id', subject.id, 'reason', made.reason));
  return next made;
end $$;

CREATE FUNCTION reviews.request(booking_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select app.emit('reviews.requested', jsonb_build_object('user_id', side.person_id, 'booking_id', w.booking_id,
    'number', b.number, 'resource_name', b.resource_name, 'review_type', side.review_type, 'closes_at', w.closes_at,
    'time_zone', b.time_zone, 'review_url', replace(replace(
      app.setting('review_url') #>> '{}', '{marketplace}', w.marketplace), '{booking_id}', w.booking_id::text)))
  from reviews.windows w
  join booking.bookings b on b.id = w.booking_id
  cross join lateral (values ('customer', w.customer_id, w.customer_type), ('provider', w.provider_id, w.provider_type))
    as side (reviewer_type, person_id, review_type)
  where w.booking_id = request.booking_id and w.closes_at > app.now() and side.review_type is not null
    and not exists (
      select from reviews.reviews r where r.booking_id = w.booking_id and r.reviewer_type = side.reviewer_type)
$$;

CREATE FUNCTION reviews.seed_kinds(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare offered integer;
begin
  -- Those in force step down first, for one of a side may be offered at a time.
  update reviews.kinds k set is_offered = false where k.is_offered;
  insert into reviews.kinds as k (marketplace, module, reviewer_type, review_type, details)
  select m.value ->> 'slug', r.key, side.key, side.value ->> 'type',
         array(select jsonb_array_elements_text(side.value -> 'details'))
  from jsonb_array_elements(configuration) as m, jsonb_each(m.value -> 'reviews') as r, jsonb_each(r.value) as side
  on conflict on constraint kinds_pkey do update set details = excluded.details, is_offered = true;
  get diagnostics offered = row_count;
  return offered;
end $$;

CREATE FUNCTION reviews.settle(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r reviews.reviews; counts_for smallint;
begin
  for r in select t.* from reviews.reviews t where t.booking_id = settle.booking_id order by t.reviewer_type for update loop
    counts_for := case when r.opens_at <= app.now() and r.is_published and not r.is_flagged and r.deleted_at is null
                       then r.rating end;
    continue when counts_for is not distinct from r.counted_rating;
    update reviews.reviews t set counted_rating = counts_for, announced_at = coalesce(t.announced_at, app.now())
    where t.id = r.id;
    if r.reviewer_type = 'customer' then
      perform reviews.rate_resource(r.resource_id, r.module, reviews.difference(r.counted_rating, counts_for));
      perform reviews.rate_person(r.reviewee_id, 'provider', reviews.difference(r.counted_rating, counts_for));
    else
      perform reviews.rate_person(r.reviewee_id, 'customer', reviews.difference(r.counted_rating, counts_for));
    end if;
    if r.announced_at is null then
      perform app.emit('reviews.opened', reviews.event_of(r) || jsonb_build_object('user_id', r.reviewee_id));
    end if;
  end loop;
end $$;

CREATE FUNCTION reviews.standing_of(subject reviews.reviews) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object('is_flagged', subject.is_flagged, 'is_published', subject.is_published,
    'is_featured', subject.is_featured)
$$;

CREATE FUNCTION reviews.total(counts integer[]) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select sum(c)::integer from unnest(counts) as c
$$;

CREATE FUNCTION reviews.withdraw(review_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held reviews.reviews := reviews.hold_own(withdraw.review_id);
begin
  update reviews.reviews r set deleted_at = app.now(), is_featured = false where r.id = held.id;
  perform reviews.settle(held.booking_id);
  return true;
end $$;

CREATE FUNCTION reviews.write(booking_id uuid, content jsonb) RETURNS SETOF reviews.cards
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare place reviews.windows; side text; kind text; written reviews.reviews; is_second boolean;
begin
  -- Held until the end, so that of two sides that write at once the second one sees the first.
  place := reviews.hold_window(write.booking_id);
  side := case when app.actor() = place.customer_id then 'customer' else 'provider' end;
  kind := case side when 'customer' then place.customer_type else place.provider_type end;
  if kind is null then perform app.refuse('nothing_to_review'); end if;
  if place.closes_at <= app.now() then perform app.refuse('window_closed'); end if;
  if content ->> 'review_type' <> kind then perform app.refuse('wrong_review_type'); end if;
  is_second := exists (select from reviews.reviews r where r.booking_id = place.booking_id and r.reviewer_type <> side);
  insert into reviews.reviews as r (marketplace, module, booking_id, resource_id, reviewer_id, reviewee_id, reviewer_type,
    review_type, rating, opens_at)
  values (place.marketplace, place.module, place.booking_id, place.resource_id, app.actor(),
    case side when 'customer' then place.provider_id else place.customer_id end, side, kind, (content ->> 'rating')::smallint,
    case when place.is_blind and not is_second then place.closes_at else app.now() end)
  returning r.* into written;
  perform reviews.fill(written, content);
  perform app.emit('reviews.written', reviews.event_of(written));
  if is_second then
    perform app.cancel_timer('reviews.open', place.booking_id);
    update reviews.reviews r set opens_at = app.now() where r.booking_id = place.booking_id and r.opens_at > app.now();
  elsif place.is_blind then
    perform app.set_timer('reviews.open', place.booking_id, place.closes_at);
  end if;
  perform reviews.settle(place.booking_id);
  return query select c.* from reviews.cards c where c.id = written.id;
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
  -- Another transaction has just taken the last role away that needed any.
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
  document_id := (
    select p.id from verification.documents d cross join lateral (values (d.upload_id), (d.back_upload_id)) as p (id)
    where d.user_id = app.actor() and d.marketplace = app.marketplace() and d.status <> 'rejected'
      and case when face_inputs.document_upload_id is null then d.type = 'government_id' and p.id = d.upload_id
               else p.id = face_inputs.document_upload_id end
    order by d.id desc limit 1);
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
  perform verification.withdraw_face(found_);
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

CREATE TABLE booking.flow_statuses (
    flow_id uuid NOT NULL,
    status text NOT NULL
);

ALTER TABLE ONLY booking.flow_statuses FORCE ROW LEVEL SECURITY;

CREATE VIEW booking.listed_resources AS
 SELECT id,
    time_zone,
    capacity,
    buffer_before,
    buffer_after,
    minimum_seconds,
    maximum_seconds,
    notice_seconds,
    always_open_until
   FROM booking.resources r
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND is_listed);

CREATE VIEW booking.my_bookings WITH (security_invoker='true') AS
 SELECT b.id,
    b.number,
    b.module,
    b.resource_id,
    b.resource_name,
    b.customer_id,
    b.provider_id,
    b.subject_id,
    b.unit,
    b.starts_at,
    b.ends_at,
    b.time_zone,
        CASE
            WHEN e.expired THEN f.cancelled
            ELSE b.status
        END AS status,
        CASE
            WHEN (NOT e.expired) THEN b.awaits
            ELSE NULL::text
        END AS awaits,
        CASE
            WHEN (NOT e.expired) THEN b.expires_at
            ELSE NULL::timestamp with time zone
        END AS expires_at,
    b.line_items,
    b.currency,
    b.subtotal_amount,
    b.fee_amount,
    b.total_amount,
    b.overstay_amount,
        CASE
            WHEN e.expired THEN b.total_amount
            ELSE b.refund_amount
        END AS refund_amount,
    b.payment_status,
    b.policy,
    b.facts,
    b.customer_notes,
        CASE
            WHEN (b.provider_id = ( SELECT app.actor() AS actor)) THEN b.provider_notes
            ELSE NULL::character varying
        END AS provider_notes,
        CASE
            WHEN e.expired THEN 'system'::text
            ELSE b.cancelled_by
        END AS cancelled_by,
        CASE
            WHEN e.expired THEN (
            CASE b.awaits
                WHEN 'payment'::text THEN 'payment_expired'::text
                ELSE 'request_expired'::text
            END)::character varying
            ELSE b.cancellation_reason
        END AS cancellation_reason,
    b.version,
    b.confirmed_at,
    b.started_at,
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

CREATE TABLE booking.open_times (
    resource_id uuid NOT NULL,
    marketplace text NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    CONSTRAINT open_times_time_check CHECK ((closes_at > opens_at))
);

ALTER TABLE ONLY booking.open_times FORCE ROW LEVEL SECURITY;

CREATE VIEW booking.open_hours AS
 SELECT resource_id,
    opens_at,
    closes_at
   FROM booking.open_times o
  WHERE (marketplace = ( SELECT app.marketplace() AS marketplace));

CREATE TABLE booking.rule_times (
    rule_id uuid NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT rule_times_time_check CHECK ((ends_at > starts_at))
);

ALTER TABLE ONLY booking.rule_times FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.step_handlers (
    moment text NOT NULL,
    module text,
    handler text NOT NULL,
    CONSTRAINT step_handlers_moment_check CHECK ((moment = ANY (ARRAY['confirmed'::text, 'started'::text, 'moved'::text, 'completed'::text, 'ended'::text])))
);

ALTER TABLE ONLY booking.step_handlers FORCE ROW LEVEL SECURITY;

CREATE TABLE booking.timeline (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    booking_id uuid NOT NULL,
    at timestamp with time zone DEFAULT app.now() NOT NULL,
    actor uuid,
    party text NOT NULL,
    from_status text,
    to_status text NOT NULL,
    reason character varying(500),
    version integer DEFAULT 1 NOT NULL,
    event character varying(60),
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
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
    CONSTRAINT otps_purpose_check CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'sign_up'::text, 'reset_password'::text, 'change_contact'::text, 'set_password'::text, 'start_two_factor'::text, 'delete_account'::text, 'restore_account'::text])))
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
    stepped_up_at timestamp with time zone,
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
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    is_active boolean DEFAULT true NOT NULL
);

ALTER TABLE ONLY identity.user_roles FORCE ROW LEVEL SECURITY;

CREATE TABLE money.accounts (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    owner_id uuid,
    kind text NOT NULL,
    gateway text,
    currency text NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT accounts_credits_check CHECK (((kind = 'credit_expense'::text) OR ((kind = 'credits'::text) = (currency = 'XCR'::text)))),
    CONSTRAINT accounts_gateway_check CHECK (((kind = 'gateway_clearing'::text) = (gateway IS NOT NULL))),
    CONSTRAINT accounts_kind_check CHECK (
CASE
    WHEN (owner_id IS NULL) THEN (kind = ANY (ARRAY['platform_revenue'::text, 'gateway_clearing'::text, 'promo_expense'::text, 'credit_expense'::text, 'tax'::text]))
    ELSE (kind = ANY (ARRAY['wallet'::text, 'credits'::text, 'provider_payable'::text, 'held'::text, 'receivable'::text]))
END)
);

ALTER TABLE ONLY money.accounts FORCE ROW LEVEL SECURITY;

CREATE TABLE money.adjustments (
    transfer_id uuid NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    description character varying(200) NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT adjustments_description_check CHECK ((btrim((description)::text) <> ''::text))
);

ALTER TABLE ONLY money.adjustments FORCE ROW LEVEL SECURITY;

CREATE TABLE money.balances (
    account_id uuid NOT NULL,
    is_debt boolean NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    total_in bigint DEFAULT 0 NOT NULL,
    total_out bigint DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT balances_debt_check CHECK (((NOT is_debt) OR (balance <= 0))),
    CONSTRAINT balances_limit_check CHECK ((abs(balance) < '9007199254740992'::bigint)),
    CONSTRAINT balances_overdraft_check CHECK ((is_debt OR (balance >= 0))),
    CONSTRAINT balances_totals_check CHECK ((balance = (total_in - total_out)))
)
WITH (fillfactor='80');

ALTER TABLE ONLY money.balances FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE money.entry_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE money.entries (
    transfer_id uuid NOT NULL,
    account_id uuid NOT NULL,
    number bigint DEFAULT nextval('money.entry_numbers'::regclass) NOT NULL,
    type text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    balance_after bigint,
    CONSTRAINT entries_amount_check CHECK (((amount <> 0) AND (abs(amount) <= '1000000000000000'::bigint))),
    CONSTRAINT entries_credits_check CHECK (((currency <> 'XCR'::text) OR (balance_after IS NULL) OR
CASE type
    WHEN 'earned'::text THEN (amount > 0)
    WHEN 'refunded'::text THEN (amount > 0)
    WHEN 'spent'::text THEN (amount < 0)
    ELSE (type = 'adjustment'::text)
END))
)
PARTITION BY RANGE (transfer_id);

ALTER TABLE ONLY money.entries FORCE ROW LEVEL SECURITY;

CREATE TABLE money.transfers (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    description character varying(200) NOT NULL,
    reference_type character varying(40),
    reference_id uuid,
    reverses uuid,
    created_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT transfers_adjustment_check CHECK (((type <> 'adjustment'::text) OR (created_by IS NOT NULL))),
    CONSTRAINT transfers_description_check CHECK ((btrim((description)::text) <> ''::text)),
    CONSTRAINT transfers_reference_check CHECK (((reference_type IS NULL) = (reference_id IS NULL))),
    CONSTRAINT transfers_reverses_check CHECK (((type = 'reversal'::text) = (reverses IS NOT NULL))),
    CONSTRAINT transfers_type_check CHECK ((type = ANY (ARRAY['payment'::text, 'release'::text, 'refund'::text, 'charge'::text, 'tip'::text, 'subscription'::text, 'wallet_topup'::text, 'earned'::text, 'adjustment'::text, 'payout'::text, 'payout_return'::text, 'netting'::text, 'dispute'::text, 'settlement'::text, 'reversal'::text])))
)
PARTITION BY RANGE (id);

ALTER TABLE ONLY money.transfers FORCE ROW LEVEL SECURITY;

CREATE VIEW money.credit_transactions WITH (security_invoker='true') AS
 SELECT t.id,
    a.owner_id AS user_id,
    e.account_id,
    e.number,
    e.type,
    e.amount,
    e.balance_after,
    COALESCE(d.description, t.description) AS description,
    t.reference_type,
    t.reference_id,
    t.created_at
   FROM (((money.entries e
     JOIN money.accounts a ON ((a.id = e.account_id)))
     JOIN money.transfers t ON ((t.id = e.transfer_id)))
     LEFT JOIN money.adjustments d ON ((d.transfer_id = t.id)))
  WHERE (a.kind = 'credits'::text);

CREATE TABLE money.currencies (
    code text NOT NULL,
    exponent smallint NOT NULL,
    CONSTRAINT currencies_code_check CHECK ((code ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT currencies_exponent_check CHECK (((exponent >= 0) AND (exponent <= 4)))
);

ALTER TABLE ONLY money.currencies FORCE ROW LEVEL SECURITY;

CREATE TABLE money.invariants (
    name text NOT NULL,
    description text NOT NULL,
    checker text NOT NULL
);

ALTER TABLE ONLY money.invariants FORCE ROW LEVEL SECURITY;

CREATE TABLE money.refunds (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payment_id uuid NOT NULL,
    attempt_id uuid,
    method text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    reference character varying(255),
    failure_code character varying(100),
    failure_message character varying(500),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT refunds_amount_check CHECK ((amount > 0)),
    CONSTRAINT refunds_attempt_check CHECK (((method = 'gateway'::text) = (attempt_id IS NOT NULL))),
    CONSTRAINT refunds_method_check CHECK ((method = ANY (ARRAY['gateway'::text, 'wallet'::text, 'credits'::text]))),
    CONSTRAINT refunds_reason_check CHECK ((reason = ANY (ARRAY['not_owed'::text, 'paid_too_late'::text]))),
    CONSTRAINT refunds_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE ONLY money.refunds FORCE ROW LEVEL SECURITY;

CREATE TABLE money.rollup_boundary (
    through bigint NOT NULL,
    horizon bigint NOT NULL
);

ALTER TABLE ONLY money.rollup_boundary FORCE ROW LEVEL SECURITY;

CREATE TABLE money.rollups (
    account_id uuid NOT NULL,
    amount bigint NOT NULL,
    entries bigint NOT NULL,
    through bigint NOT NULL
);

ALTER TABLE ONLY money.rollups FORCE ROW LEVEL SECURITY;

CREATE TABLE money.status_changes (
    subject text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL
);

ALTER TABLE ONLY money.status_changes FORCE ROW LEVEL SECURITY;

CREATE TABLE money.transfer_keys (
    marketplace text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    transfer_id uuid NOT NULL,
    CONSTRAINT transfer_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

ALTER TABLE ONLY money.transfer_keys FORCE ROW LEVEL SECURITY;

CREATE VIEW money.wallet_transactions WITH (security_invoker='true') AS
 SELECT t.id,
    e.account_id AS wallet_id,
    e.number,
        CASE
            WHEN (e.amount > 0) THEN 'credit'::text
            ELSE 'debit'::text
        END AS type,
    e.type AS kind,
    abs(e.amount) AS amount,
    e.currency,
    (e.balance_after - e.amount) AS balance_before,
    e.balance_after,
    t.description,
    t.reference_type,
    t.reference_id,
    t.created_at
   FROM ((money.entries e
     JOIN money.accounts a ON ((a.id = e.account_id)))
     JOIN money.transfers t ON ((t.id = e.transfer_id)))
  WHERE (a.kind = 'wallet'::text);

CREATE VIEW money.wallets WITH (security_invoker='true') AS
 SELECT a.id,
    a.owner_id AS user_id,
    b.balance,
    a.currency,
    b.total_in AS total_earned,
    b.total_out AS total_spent,
    b.is_active,
    a.created_at,
    b.moved_at AS updated_at
   FROM (money.accounts a
     JOIN money.balances b ON ((b.account_id = a.id)))
  WHERE (a.kind = 'wallet'::text);

CREATE TABLE money.webhook_events (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    gateway text NOT NULL,
    event_id character varying(255) NOT NULL,
    kind character varying(100) NOT NULL,
    reference character varying(255),
    refund_reference character varying(255),
    dispute_reference character varying(255),
    key character varying(255),
    received_at timestamp with time zone DEFAULT app.now() NOT NULL,
    applied_at timestamp with time zone
);

ALTER TABLE ONLY money.webhook_events FORCE ROW LEVEL SECURITY;

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

CREATE TABLE parking.access_codes (
    code text NOT NULL,
    booking_id uuid NOT NULL,
    marketplace text NOT NULL,
    customer_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT access_codes_code_check CHECK ((code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'::text))
);

ALTER TABLE ONLY parking.access_codes FORCE ROW LEVEL SECURITY;

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
    daily_rate,
    weekly_rate,
    monthly_rate,
    currency,
    minimum_booking_hours,
    maximum_booking_hours,
    advance_booking_hours,
    buffer_before_minutes,
    buffer_after_minutes,
    instant_booking_enabled,
    has_ev_charging,
    charging_connector_type,
    has_security_camera,
    has_lighting,
    amenities,
    time_zone,
    rating,
    review_count,
    cover_object,
    version,
    created_at,
    updated_at,
    COALESCE((owner_id = ( SELECT app.actor() AS actor)), false) AS is_mine
   FROM parking.spaces s
  WHERE ((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (listing_status = 'active'::text) AND ((approval_status)::text = 'approved'::text) AND (deleted_at IS NULL));

CREATE TABLE parking.space_photos (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    space_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    upload_id uuid NOT NULL,
    photo_order integer DEFAULT 1 NOT NULL,
    caption character varying(200),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT space_photos_photo_order_check CHECK (((photo_order >= 1) AND (photo_order <= 20)))
);

ALTER TABLE ONLY parking.space_photos FORCE ROW LEVEL SECURITY;

CREATE VIEW parking.shown_photos AS
 SELECT p.space_id,
    p.upload_id,
    p.photo_order,
    p.caption,
    u.object_name
   FROM ((parking.space_photos p
     JOIN parking.spaces s ON ((s.id = p.space_id)))
     JOIN identity.uploads u ON ((u.id = p.upload_id)))
  WHERE ((s.marketplace = ( SELECT app.marketplace() AS marketplace)) AND (s.deleted_at IS NULL) AND (u.status = 'stored'::text) AND (((s.listing_status = 'active'::text) AND ((s.approval_status)::text = 'approved'::text)) OR (s.owner_id = ( SELECT app.actor() AS actor))));

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

CREATE TABLE parking.tesla_attempts (
    booking_id uuid NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone DEFAULT app.now() NOT NULL,
    last_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT tesla_attempts_code_check CHECK ((length(code) <= 60)),
    CONSTRAINT tesla_attempts_kind_check CHECK ((kind = ANY (ARRAY['navigation'::text, 'wake_up'::text, 'position'::text, 'auto_park'::text, 'arrival'::text, 'departure'::text]))),
    CONSTRAINT tesla_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'held_back'::text])))
);

ALTER TABLE ONLY parking.tesla_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE parking.tesla_calls (
    marketplace text NOT NULL,
    slot integer NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT tesla_calls_slot_check CHECK ((slot >= 1))
);

ALTER TABLE ONLY parking.tesla_calls FORCE ROW LEVEL SECURITY;

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
    CONSTRAINT personal_data_anonymise_check CHECK (((treatment = 'anonymise'::text) OR (anonymised = '{}'::jsonb))),
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

CREATE TABLE reviews.kinds (
    marketplace text NOT NULL,
    module text NOT NULL,
    reviewer_type text NOT NULL,
    review_type character varying(40) NOT NULL,
    details text[] DEFAULT '{}'::text[] NOT NULL,
    is_offered boolean DEFAULT true NOT NULL,
    CONSTRAINT kinds_reviewer_type_check CHECK ((reviewer_type = ANY (ARRAY['customer'::text, 'provider'::text])))
);

ALTER TABLE ONLY reviews.kinds FORCE ROW LEVEL SECURITY;

CREATE TABLE reviews.person_ratings (
    person_id uuid NOT NULL,
    role text NOT NULL,
    marketplace text NOT NULL,
    counts integer[] DEFAULT '{0,0,0,0,0}'::integer[] NOT NULL,
    rating numeric(3,2) GENERATED ALWAYS AS (reviews.mean(counts)) STORED,
    review_count integer GENERATED ALWAYS AS (reviews.total(counts)) STORED NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT person_ratings_counts_check CHECK (((cardinality(counts) = 5) AND (0 <= ALL (counts)))),
    CONSTRAINT person_ratings_role_check CHECK ((role = ANY (ARRAY['customer'::text, 'provider'::text])))
);

ALTER TABLE ONLY reviews.person_ratings FORCE ROW LEVEL SECURITY;

CREATE TABLE reviews.rating_handlers (
    module text NOT NULL,
    handler text NOT NULL
);

ALTER TABLE ONLY reviews.rating_handlers FORCE ROW LEVEL SECURITY;

CREATE TABLE reviews.resource_ratings (
    resource_id uuid NOT NULL,
    marketplace text NOT NULL,
    module text NOT NULL,
    counts integer[] DEFAULT '{0,0,0,0,0}'::integer[] NOT NULL,
    rating numeric(3,2) GENERATED ALWAYS AS (reviews.mean(counts)) STORED,
    review_count integer GENERATED ALWAYS AS (reviews.total(counts)) STORED NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT resource_ratings_counts_check CHECK (((cardinality(counts) = 5) AND (0 <= ALL (counts))))
);

ALTER TABLE ONLY reviews.resource_ratings FORCE ROW LEVEL SECURITY;

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

ALTER TABLE ONLY booking.availability_rules
    ADD CONSTRAINT availability_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);

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

ALTER TABLE ONLY booking.open_times
    ADD CONSTRAINT open_times_pkey PRIMARY KEY (resource_id, opens_at);

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservation_no_overlap EXCLUDE USING gist (resource_id WITH =, unit WITH =, during WITH &&);

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.resources
    ADD CONSTRAINT resources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY booking.rule_times
    ADD CONSTRAINT rule_times_pkey PRIMARY KEY (rule_id, starts_at);

ALTER TABLE ONLY booking.step_handlers
    ADD CONSTRAINT step_handlers_pkey PRIMARY KEY (moment, handler);

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

ALTER TABLE ONLY money.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.adjustments
    ADD CONSTRAINT adjustments_pkey PRIMARY KEY (transfer_id);

ALTER TABLE ONLY money.balances
    ADD CONSTRAINT balances_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY money.currencies
    ADD CONSTRAINT currencies_pkey PRIMARY KEY (code);

ALTER TABLE ONLY money.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (transfer_id, account_id);

ALTER TABLE ONLY money.invariants
    ADD CONSTRAINT invariants_pkey PRIMARY KEY (name);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.rollup_boundary
    ADD CONSTRAINT rollup_boundary_pkey PRIMARY KEY (through);

ALTER TABLE ONLY money.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY money.status_changes
    ADD CONSTRAINT status_changes_pkey PRIMARY KEY (subject, from_status, to_status);

ALTER TABLE ONLY money.transfer_keys
    ADD CONSTRAINT transfer_keys_pkey PRIMARY KEY (marketplace, key);

ALTER TABLE ONLY money.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.webhook_events
    ADD CONSTRAINT webhook_events_event_id_key UNIQUE (marketplace, gateway, event_id);

ALTER TABLE ONLY money.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_endpoint_arn_key UNIQUE (endpoint_arn);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY notify.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY parking.access_codes
    ADD CONSTRAINT access_codes_booking_id_key UNIQUE (booking_id);

ALTER TABLE ONLY parking.access_codes
    ADD CONSTRAINT access_codes_pkey PRIMARY KEY (code);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_order_key UNIQUE (space_id, photo_order);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_pkey PRIMARY KEY (id);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_upload_key UNIQUE (space_id, upload_id);

ALTER TABLE ONLY parking.space_secrets
    ADD CONSTRAINT space_secrets_pkey PRIMARY KEY (space_id);

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_pkey PRIMARY KEY (id);

ALTER TABLE ONLY parking.tesla_attempts
    ADD CONSTRAINT tesla_attempts_pkey PRIMARY KEY (booking_id, kind, outcome, code);

ALTER TABLE ONLY parking.tesla_calls
    ADD CONSTRAINT tesla_calls_pkey PRIMARY KEY (marketplace, slot);

ALTER TABLE ONLY parking.tesla_trips
    ADD CONSTRAINT tesla_trips_pkey PRIMARY KEY (booking_id);

ALTER TABLE ONLY parking.vehicles
    ADD CONSTRAINT vehicles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY privacy.personal_data
    ADD CONSTRAINT personal_data_pkey PRIMARY KEY (table_name);

ALTER TABLE ONLY privacy.retention_policies
    ADD CONSTRAINT retention_policies_pkey PRIMARY KEY (table_name);

ALTER TABLE ONLY reviews.kinds
    ADD CONSTRAINT kinds_pkey PRIMARY KEY (marketplace, module, reviewer_type, review_type);

ALTER TABLE ONLY reviews.person_ratings
    ADD CONSTRAINT person_ratings_pkey PRIMARY KEY (person_id, role);

ALTER TABLE ONLY reviews.photos
    ADD CONSTRAINT photos_pkey PRIMARY KEY (review_id, "position");

ALTER TABLE ONLY reviews.photos
    ADD CONSTRAINT photos_upload_id_key UNIQUE (upload_id);

ALTER TABLE ONLY reviews.rating_handlers
    ADD CONSTRAINT rating_handlers_pkey PRIMARY KEY (module);

ALTER TABLE ONLY reviews.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY reviews.reports
    ADD CONSTRAINT reports_review_id_key UNIQUE (review_id, reporter_id);

ALTER TABLE ONLY reviews.resource_ratings
    ADD CONSTRAINT resource_ratings_pkey PRIMARY KEY (resource_id);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_booking_id_key UNIQUE (booking_id, reviewer_type);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY reviews.windows
    ADD CONSTRAINT windows_pkey PRIMARY KEY (booking_id);

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

CREATE INDEX availability_rules_availability_type_idx ON booking.availability_rules USING btree (availability_type, resource_id);

CREATE INDEX availability_rules_expanded_until_idx ON booking.availability_rules USING btree (marketplace, expanded_until) WHERE (expanded_until < 'infinity'::timestamp with time zone);

CREATE INDEX availability_rules_owner_id_idx ON booking.availability_rules USING btree (owner_id);

CREATE INDEX availability_rules_resource_id_idx ON booking.availability_rules USING btree (resource_id, start_time, end_time);

CREATE INDEX bookings_customer_id_idx ON ONLY booking.bookings USING btree (customer_id, id);

CREATE INDEX bookings_live_idx ON ONLY booking.bookings USING btree (status, starts_at, ends_at) WHERE (status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'active'::text, 'in_progress'::text]));

CREATE INDEX bookings_number_idx ON ONLY booking.bookings USING btree (number);

CREATE INDEX bookings_payment_status_idx ON ONLY booking.bookings USING btree (payment_status, id);

CREATE INDEX bookings_provider_id_idx ON ONLY booking.bookings USING btree (provider_id, id);

CREATE INDEX bookings_resource_id_idx ON ONLY booking.bookings USING btree (resource_id, starts_at);

CREATE INDEX bookings_status_idx ON ONLY booking.bookings USING btree (status);

CREATE INDEX bookings_subject_id_idx ON ONLY booking.bookings USING btree (subject_id, starts_at) WHERE (subject_id IS NOT NULL);

CREATE INDEX bookings_time_idx ON ONLY booking.bookings USING btree (starts_at, ends_at);

CREATE UNIQUE INDEX flows_current_key ON booking.flows USING btree (marketplace, module) WHERE is_current;

CREATE INDEX reservations_booking_id_idx ON booking.reservations USING btree (booking_id);

CREATE INDEX reservations_expires_at_idx ON booking.reservations USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX reservations_resource_id_idx ON booking.reservations USING btree (resource_id, upper(during));

CREATE INDEX resources_owner_id_idx ON booking.resources USING btree (owner_id, id);

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

CREATE INDEX uploads_unused_idx ON identity.uploads USING btree (created_at) WHERE (status <> 'stored'::text);

CREATE INDEX uploads_user_id_idx ON identity.uploads USING btree (user_id, id);

CREATE INDEX user_permissions_permission_idx ON identity.user_permissions USING btree (marketplace, permission);

CREATE INDEX user_roles_active_customers_idx ON identity.user_roles USING btree (user_id) WHERE (((role)::text = 'customer'::text) AND is_active);

CREATE INDEX user_roles_active_drivers_idx ON identity.user_roles USING btree (created_at, user_id) WHERE (((role)::text = 'driver'::text) AND is_active);

CREATE INDEX user_roles_active_experts_idx ON identity.user_roles USING btree (user_id) WHERE (((role)::text = 'expert'::text) AND is_active);

CREATE INDEX user_roles_active_hosts_idx ON identity.user_roles USING btree (created_at, user_id) WHERE (((role)::text = 'host'::text) AND is_active);

CREATE INDEX user_roles_role_active_idx ON identity.user_roles USING btree (role, is_active);

CREATE INDEX user_roles_role_idx ON identity.user_roles USING btree (marketplace, role, user_id);

CREATE INDEX users_account_status_idx ON identity.users USING btree (account_status, marketplace, id);

CREATE INDEX users_active_idx ON identity.users USING btree (marketplace, created_at) WHERE (account_status = 'active'::text);

CREATE UNIQUE INDEX users_email_key ON identity.users USING btree (email, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_full_name_idx ON identity.users USING gin (to_tsvector('simple'::regconfig, (full_name)::text));

CREATE INDEX users_full_name_trigram_idx ON identity.users USING gin (full_name public.gin_trgm_ops);

CREATE UNIQUE INDEX users_phone_key ON identity.users USING btree (phone_hash, marketplace) WHERE (deleted_at IS NULL);

CREATE INDEX users_profile_photo_id_idx ON identity.users USING btree (profile_photo_id);

CREATE INDEX users_purge_idx ON identity.users USING btree (deleted_at) WHERE ((deleted_at IS NOT NULL) AND (purged_at IS NULL));

CREATE UNIQUE INDEX accounts_owner_id_key ON money.accounts USING btree (owner_id, kind, currency) WHERE (owner_id IS NOT NULL);

CREATE UNIQUE INDEX accounts_platform_key ON money.accounts USING btree (marketplace, kind, currency, COALESCE(gateway, ''::text)) WHERE (owner_id IS NULL);

CREATE UNIQUE INDEX accounts_wallet_key ON money.accounts USING btree (owner_id) WHERE (kind = 'wallet'::text);

CREATE INDEX adjustments_user_id_idx ON money.adjustments USING btree (user_id);

CREATE INDEX entries_account_id_idx ON ONLY money.entries USING btree (account_id, number);

CREATE UNIQUE INDEX payment_attempts_current_key ON money.payment_attempts USING btree (payment_id) WHERE is_current;

CREATE INDEX payment_attempts_payment_id_idx ON money.payment_attempts USING btree (payment_id);

CREATE UNIQUE INDEX payment_attempts_reference_key ON money.payment_attempts USING btree (marketplace, gateway, reference) WHERE (reference IS NOT NULL);

CREATE INDEX payments_booking_id_idx ON money.payments USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE UNIQUE INDEX payments_booking_id_key ON money.payments USING btree (booking_id) WHERE (status <> 'cancelled'::text);

CREATE INDEX payments_payer_id_idx ON money.payments USING btree (payer_id, id);

CREATE INDEX refunds_attempt_id_idx ON money.refunds USING btree (attempt_id) WHERE (attempt_id IS NOT NULL);

CREATE UNIQUE INDEX refunds_not_owed_key ON money.refunds USING btree (payment_id, method) WHERE (reason = 'not_owed'::text);

CREATE UNIQUE INDEX refunds_paid_too_late_key ON money.refunds USING btree (attempt_id) WHERE (reason = 'paid_too_late'::text);

CREATE INDEX refunds_payment_id_idx ON money.refunds USING btree (payment_id);

CREATE UNIQUE INDEX rollup_boundary_key ON money.rollup_boundary USING btree ((true));

CREATE INDEX transfers_reference_id_idx ON ONLY money.transfers USING btree (reference_id) WHERE (reference_id IS NOT NULL);

CREATE INDEX transfers_reverses_idx ON ONLY money.transfers USING btree (reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX webhook_events_unapplied_idx ON money.webhook_events USING btree (received_at) WHERE (applied_at IS NULL);

CREATE INDEX devices_user_id_idx ON notify.devices USING btree (user_id) WHERE (disabled_at IS NULL);

CREATE INDEX messages_event_id_idx ON ONLY notify.messages USING btree (event_id);

CREATE INDEX messages_provider_message_id_idx ON ONLY notify.messages USING btree (provider_message_id);

CREATE INDEX messages_unsent_idx ON ONLY notify.messages USING btree (id) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

CREATE INDEX messages_user_id_idx ON ONLY notify.messages USING btree (user_id, id);

CREATE INDEX messages_variables_idx ON ONLY notify.messages USING btree (id) WHERE (variables <> '{}'::jsonb);

CREATE INDEX access_codes_customer_id_idx ON parking.access_codes USING btree (customer_id);

CREATE INDEX space_photos_owner_id_idx ON parking.space_photos USING btree (owner_id);

CREATE INDEX space_photos_upload_id_idx ON parking.space_photos USING btree (upload_id);

CREATE INDEX space_secrets_owner_id_idx ON parking.space_secrets USING btree (owner_id);

CREATE INDEX spaces_approval_idx ON parking.spaces USING btree (is_approved, marketplace, id);

CREATE UNIQUE INDEX spaces_external_ref_key ON parking.spaces USING btree (owner_id, external_ref) WHERE (deleted_at IS NULL);

CREATE INDEX spaces_listing_status_idx ON parking.spaces USING btree (listing_status, marketplace, id);

CREATE INDEX spaces_location_idx ON parking.spaces USING gist (location) WHERE ((listing_status = 'active'::text) AND ((approval_status)::text = 'approved'::text) AND (deleted_at IS NULL));

CREATE INDEX spaces_owner_id_idx ON parking.spaces USING btree (owner_id, id);

CREATE INDEX spaces_rating_idx ON parking.spaces USING btree (rating);

CREATE INDEX spaces_review_queue_idx ON parking.spaces USING btree (marketplace, approval_status, id) WHERE (deleted_at IS NULL);

CREATE INDEX spaces_reviewed_by_idx ON parking.spaces USING btree (reviewed_by);

CREATE INDEX spaces_title_search_idx ON parking.spaces USING gin (title_words) WHERE ((listing_status = 'active'::text) AND ((approval_status)::text = 'approved'::text) AND (deleted_at IS NULL));

CREATE INDEX tesla_calls_taken_at_idx ON parking.tesla_calls USING btree (marketplace, taken_at);

CREATE INDEX tesla_trips_read_at_idx ON parking.tesla_trips USING btree (read_at) WHERE (read_at IS NOT NULL);

CREATE INDEX tesla_trips_user_id_idx ON parking.tesla_trips USING btree (user_id);

CREATE INDEX tesla_trips_vehicle_id_idx ON parking.tesla_trips USING btree (vehicle_id);

CREATE UNIQUE INDEX vehicles_tesla_vehicle_id_key ON parking.vehicles USING btree (tesla_vehicle_id, marketplace) WHERE is_active;

CREATE INDEX vehicles_user_id_idx ON parking.vehicles USING btree (user_id, id);

CREATE UNIQUE INDEX vehicles_vin_key ON parking.vehicles USING btree (vin, marketplace) WHERE is_active;

CREATE INDEX consents_user_id_idx ON privacy.consents USING btree (user_id, purpose, id);

CREATE INDEX exports_expires_at_idx ON privacy.exports USING btree (expires_at) WHERE (erased_at IS NULL);

CREATE INDEX exports_user_id_idx ON privacy.exports USING btree (user_id, id);

CREATE UNIQUE INDEX kinds_offered_key ON reviews.kinds USING btree (marketplace, module, reviewer_type) WHERE is_offered;

CREATE INDEX reports_open_idx ON reviews.reports USING btree (marketplace, review_id) WHERE (settled_at IS NULL);

CREATE INDEX reports_reporter_id_idx ON reviews.reports USING btree (reporter_id);

CREATE INDEX reviews_featured_idx ON reviews.reviews USING btree (marketplace, opens_at, id) WHERE is_featured;

CREATE INDEX reviews_flagged_idx ON reviews.reviews USING btree (marketplace, id) WHERE (is_flagged OR (NOT is_published));

CREATE INDEX reviews_marketplace_idx ON reviews.reviews USING btree (marketplace, id);

CREATE INDEX reviews_rating_idx ON reviews.reviews USING btree (rating, marketplace, id);

CREATE INDEX reviews_resource_id_idx ON reviews.reviews USING btree (resource_id, opens_at, id) WHERE (reviewer_type = 'customer'::text);

CREATE INDEX reviews_reviewee_id_idx ON reviews.reviews USING btree (reviewee_id, opens_at, id);

CREATE INDEX reviews_reviewer_id_idx ON reviews.reviews USING btree (reviewer_id, id);

CREATE INDEX windows_customer_id_idx ON reviews.windows USING btree (customer_id, closes_at, booking_id);

CREATE INDEX windows_provider_id_idx ON reviews.windows USING btree (provider_id, closes_at, booking_id);

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

CREATE TRIGGER availability_rules_touch BEFORE UPDATE ON booking.availability_rules FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER bookings_touch BEFORE UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER resources_touch BEFORE UPDATE ON booking.resources FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

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

CREATE TRIGGER user_roles_active BEFORE INSERT ON identity.user_roles FOR EACH ROW EXECUTE FUNCTION identity.mark_role();

CREATE TRIGGER user_roles_standing AFTER INSERT OR DELETE ON identity.user_roles FOR EACH ROW EXECUTE FUNCTION verification.follow_roles();

CREATE TRIGGER users_activate BEFORE UPDATE OF phone_verified_at ON identity.users FOR EACH ROW WHEN (((old.account_status = 'pending'::text) AND (new.account_status = 'pending'::text) AND (old.phone_verified_at IS NULL) AND (new.phone_verified_at IS NOT NULL))) EXECUTE FUNCTION identity.activate_pending();

CREATE TRIGGER users_active_roles AFTER UPDATE ON identity.users FOR EACH ROW WHEN ((old.account_status <> new.account_status)) EXECUTE FUNCTION identity.mark_roles();

CREATE TRIGGER users_open_accounts AFTER INSERT ON identity.users FOR EACH ROW EXECUTE FUNCTION money.open_accounts();

CREATE TRIGGER users_standing BEFORE UPDATE ON identity.users FOR EACH ROW WHEN ((old.account_status <> new.account_status)) EXECUTE FUNCTION identity.keep_standing();

CREATE TRIGGER users_touch BEFORE UPDATE ON identity.users FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER users_verifications AFTER INSERT OR UPDATE OF phone_verified_at, email_verified_at, deleted_at ON identity.users FOR EACH ROW EXECUTE FUNCTION verification.follow_account();

CREATE TRIGGER accounts_append_only BEFORE DELETE OR UPDATE ON money.accounts FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER accounts_open_balance AFTER INSERT ON money.accounts FOR EACH ROW WHEN ((new.owner_id IS NOT NULL)) EXECUTE FUNCTION money.open_balance();

CREATE TRIGGER adjustments_append_only BEFORE DELETE OR UPDATE ON money.adjustments FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('description');

CREATE TRIGGER balances_undeletable BEFORE DELETE ON money.balances FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER entries_append_only BEFORE DELETE OR UPDATE ON money.entries FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE CONSTRAINT TRIGGER entries_balanced AFTER INSERT ON money.entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION money.refuse_unbalanced();

CREATE TRIGGER entries_truncate BEFORE TRUNCATE ON money.entries FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payment_attempts_status BEFORE UPDATE OF status ON money.payment_attempts FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER payment_attempts_touch BEFORE UPDATE ON money.payment_attempts FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payment_attempts_undeletable BEFORE DELETE ON money.payment_attempts FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payments_status BEFORE UPDATE OF status ON money.payments FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER payments_touch BEFORE UPDATE ON money.payments FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payments_undeletable BEFORE DELETE ON money.payments FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER refunds_status BEFORE UPDATE OF status ON money.refunds FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER refunds_touch BEFORE UPDATE ON money.refunds FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER refunds_undeletable BEFORE DELETE ON money.refunds FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfer_keys_append_only BEFORE DELETE OR UPDATE ON money.transfer_keys FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfers_append_only BEFORE DELETE OR UPDATE ON money.transfers FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfers_truncate BEFORE TRUNCATE ON money.transfers FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER webhook_events_undeletable BEFORE DELETE ON money.webhook_events FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER devices_touch BEFORE UPDATE ON notify.devices FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER messages_touch BEFORE UPDATE ON notify.messages FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER space_secrets_touch BEFORE UPDATE ON parking.space_secrets FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER spaces_touch BEFORE UPDATE ON parking.spaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER tesla_trips_touch BEFORE UPDATE ON parking.tesla_trips FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER vehicles_touch BEFORE UPDATE ON parking.vehicles FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER consents_append_only BEFORE UPDATE ON privacy.consents FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('ip', 'user_agent');

CREATE TRIGGER person_ratings_touch BEFORE UPDATE ON reviews.person_ratings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER resource_ratings_touch BEFORE UPDATE ON reviews.resource_ratings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER reviews_touch BEFORE UPDATE ON reviews.reviews FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER aadhaar_requests_touch BEFORE UPDATE ON verification.aadhaar_requests FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER documents_touch BEFORE UPDATE ON verification.documents FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER providers_touch BEFORE UPDATE ON verification.providers FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER user_verifications_touch BEFORE UPDATE ON verification.user_verifications FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

ALTER TABLE ONLY app.settings
    ADD CONSTRAINT settings_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.availability_rules
    ADD CONSTRAINT availability_rules_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.availability_rules
    ADD CONSTRAINT availability_rules_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

ALTER TABLE ONLY booking.availability_rules
    ADD CONSTRAINT availability_rules_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES booking.resources(id) ON DELETE CASCADE;

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

ALTER TABLE ONLY booking.flow_statuses
    ADD CONSTRAINT flow_statuses_flow_id_fkey FOREIGN KEY (flow_id) REFERENCES booking.flows(id);

ALTER TABLE ONLY booking.flows
    ADD CONSTRAINT flows_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.numbers
    ADD CONSTRAINT numbers_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY booking.open_times
    ADD CONSTRAINT open_times_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.open_times
    ADD CONSTRAINT open_times_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES booking.resources(id) ON DELETE CASCADE;

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.resources
    ADD CONSTRAINT resources_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.resources
    ADD CONSTRAINT resources_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

ALTER TABLE ONLY booking.rule_times
    ADD CONSTRAINT rule_times_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES booking.availability_rules(id) ON DELETE CASCADE;

ALTER TABLE booking.timeline
    ADD CONSTRAINT timeline_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id);

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
    ADD CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (marketplace, permission) REFERENCES identity.permissions(marketplace, name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.role_permissions
    ADD CONSTRAINT role_permissions_role_fkey FOREIGN KEY (marketplace, role) REFERENCES identity.roles(marketplace, name) ON DELETE CASCADE;

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
    ADD CONSTRAINT user_permissions_permission_fkey FOREIGN KEY (marketplace, permission) REFERENCES identity.permissions(marketplace, name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.user_permissions
    ADD CONSTRAINT user_permissions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (marketplace, role) REFERENCES identity.roles(marketplace, name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_profile_photo_id_fkey FOREIGN KEY (profile_photo_id) REFERENCES identity.uploads(id) ON DELETE SET NULL;

ALTER TABLE ONLY money.accounts
    ADD CONSTRAINT accounts_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.accounts
    ADD CONSTRAINT accounts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.accounts
    ADD CONSTRAINT accounts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.adjustments
    ADD CONSTRAINT adjustments_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.adjustments
    ADD CONSTRAINT adjustments_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES money.transfers(id);

ALTER TABLE ONLY money.adjustments
    ADD CONSTRAINT adjustments_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.balances
    ADD CONSTRAINT balances_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE money.entries
    ADD CONSTRAINT entries_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE money.entries
    ADD CONSTRAINT entries_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES money.transfers(id);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES money.payment_attempts(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.rollups
    ADD CONSTRAINT rollups_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE money.transfers
    ADD CONSTRAINT transfers_reverses_fkey FOREIGN KEY (reverses) REFERENCES money.transfers(id);

ALTER TABLE ONLY money.webhook_events
    ADD CONSTRAINT webhook_events_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY notify.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE notify.messages
    ADD CONSTRAINT messages_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE notify.messages
    ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY parking.access_codes
    ADD CONSTRAINT access_codes_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id);

ALTER TABLE ONLY parking.access_codes
    ADD CONSTRAINT access_codes_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES identity.users(id);

ALTER TABLE ONLY parking.access_codes
    ADD CONSTRAINT access_codes_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES identity.users(id);

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_space_id_fkey FOREIGN KEY (space_id) REFERENCES parking.spaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY parking.space_photos
    ADD CONSTRAINT space_photos_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES identity.uploads(id) ON DELETE CASCADE;

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

ALTER TABLE ONLY parking.spaces
    ADD CONSTRAINT spaces_reviewed_by_fkey FOREIGN KEY (reviewed_by) REFERENCES identity.users(id);

ALTER TABLE ONLY parking.tesla_attempts
    ADD CONSTRAINT tesla_attempts_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES parking.tesla_trips(booking_id) ON DELETE CASCADE;

ALTER TABLE ONLY parking.tesla_calls
    ADD CONSTRAINT tesla_calls_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.tesla_trips
    ADD CONSTRAINT tesla_trips_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id);

ALTER TABLE ONLY parking.tesla_trips
    ADD CONSTRAINT tesla_trips_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.tesla_trips
    ADD CONSTRAINT tesla_trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY parking.vehicles
    ADD CONSTRAINT vehicles_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY parking.vehicles
    ADD CONSTRAINT vehicles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY privacy.consents
    ADD CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY privacy.exports
    ADD CONSTRAINT exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.kinds
    ADD CONSTRAINT kinds_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.person_ratings
    ADD CONSTRAINT person_ratings_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.person_ratings
    ADD CONSTRAINT person_ratings_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.photos
    ADD CONSTRAINT photos_review_id_fkey FOREIGN KEY (review_id) REFERENCES reviews.reviews(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.photos
    ADD CONSTRAINT photos_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES identity.uploads(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.reports
    ADD CONSTRAINT reports_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.reports
    ADD CONSTRAINT reports_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES identity.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.reports
    ADD CONSTRAINT reports_review_id_fkey FOREIGN KEY (review_id) REFERENCES reviews.reviews(id) ON DELETE CASCADE;

ALTER TABLE ONLY reviews.resource_ratings
    ADD CONSTRAINT resource_ratings_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_review_type_fkey FOREIGN KEY (marketplace, module, reviewer_type, review_type) REFERENCES reviews.kinds(marketplace, module, reviewer_type, review_type);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_reviewee_id_fkey FOREIGN KEY (reviewee_id) REFERENCES identity.users(id);

ALTER TABLE ONLY reviews.reviews
    ADD CONSTRAINT reviews_reviewer_id_fkey FOREIGN KEY (reviewer_id) REFERENCES identity.users(id);

ALTER TABLE ONLY reviews.windows
    ADD CONSTRAINT windows_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id);

ALTER TABLE ONLY reviews.windows
    ADD CONSTRAINT windows_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES identity.users(id);

ALTER TABLE ONLY reviews.windows
    ADD CONSTRAINT windows_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY reviews.windows
    ADD CONSTRAINT windows_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES identity.users(id);

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

CREATE POLICY api_select ON booking.availability_rules FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (owner_id = ( SELECT app.actor() AS actor))));

CREATE POLICY api_select ON booking.bookings FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((customer_id = ( SELECT app.actor() AS actor)) OR (provider_id = ( SELECT app.actor() AS actor)))));

CREATE POLICY api_select ON booking.flows FOR SELECT TO vicinity_api USING ((marketplace = ( SELECT app.marketplace() AS marketplace)));

CREATE POLICY api_select ON booking.resources FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (owner_id = ( SELECT app.actor() AS actor))));

CREATE POLICY api_select ON booking.timeline FOR SELECT TO vicinity_api USING ((EXISTS ( SELECT
   FROM booking.bookings b
  WHERE ((b.id = timeline.booking_id) AND ((b.customer_id = ( SELECT app.actor() AS actor)) OR (b.provider_id = ( SELECT app.actor() AS actor)))))));

ALTER TABLE booking.availability_rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.bookings ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.flow_statuses ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.flows ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.numbers ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.open_times ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON booking.availability_rules TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.bookings TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.flow_statuses TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.flows TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.numbers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.open_times TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.reservations TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.resources TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.rule_times TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.step_handlers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON booking.timeline TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE booking.reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.resources ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.rule_times ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.step_handlers ENABLE ROW LEVEL SECURITY;

ALTER TABLE booking.timeline ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON booking.availability_rules TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.bookings TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.flow_statuses TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.flows TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.numbers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.open_times TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.reservations TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.resources TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.rule_times TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON booking.step_handlers TO vicinity_worker USING (true) WITH CHECK (true);

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

ALTER TABLE money.accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.adjustments ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_select ON money.accounts FOR SELECT TO vicinity_api USING (((owner_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.adjustments FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.balances FOR SELECT TO vicinity_api USING ((account_id IN ( SELECT a.id
   FROM money.accounts a
  WHERE ((a.owner_id = ( SELECT app.actor() AS actor)) AND (a.marketplace = ( SELECT app.marketplace() AS marketplace))))));

CREATE POLICY api_select ON money.entries FOR SELECT TO vicinity_api USING ((account_id IN ( SELECT a.id
   FROM money.accounts a
  WHERE ((a.owner_id = ( SELECT app.actor() AS actor)) AND (a.marketplace = ( SELECT app.marketplace() AS marketplace))))));

CREATE POLICY api_select ON money.payments FOR SELECT TO vicinity_api USING (((payer_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.refunds FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (payment_id IN ( SELECT p.id
   FROM money.payments p
  WHERE (p.payer_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON money.transfers FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (EXISTS ( SELECT
   FROM money.entries e
  WHERE (e.transfer_id = transfers.id)))));

ALTER TABLE money.balances ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.currencies ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.invariants ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON money.accounts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.adjustments TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.balances TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.currencies TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.entries TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.invariants TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payment_attempts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payments TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.refunds TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.rollup_boundary TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.rollups TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.status_changes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.transfer_keys TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.transfers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.webhook_events TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE money.payment_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payments ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.refunds ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.rollup_boundary ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.status_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.transfer_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.transfers ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.webhook_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON money.accounts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.adjustments TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.balances TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.currencies TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.entries TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.invariants TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payment_attempts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payments TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.refunds TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.rollup_boundary TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.rollups TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.status_changes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.transfer_keys TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.transfers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.webhook_events TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY api_select ON notify.devices FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE notify.devices ENABLE ROW LEVEL SECURITY;

ALTER TABLE notify.messages ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON notify.devices TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON notify.messages TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON notify.devices TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON notify.messages TO vicinity_worker USING (true) WITH CHECK (true);

ALTER TABLE parking.access_codes ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_select ON parking.access_codes FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (customer_id = ( SELECT app.actor() AS actor))));

CREATE POLICY api_select ON parking.space_photos FOR SELECT TO vicinity_api USING (((owner_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON parking.space_secrets FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((owner_id = ( SELECT app.actor() AS actor)) OR (EXISTS ( SELECT
   FROM (booking.bookings b
     JOIN booking.flows f ON ((f.id = b.flow_id)))
  WHERE ((b.resource_id = space_secrets.space_id) AND (b.customer_id = ( SELECT app.actor() AS actor)) AND (b.confirmed_at IS NOT NULL) AND (b.ends_at > ( SELECT app.now() AS now)) AND (b.status = ANY (f.live))))))));

CREATE POLICY api_select ON parking.tesla_attempts FOR SELECT TO vicinity_api USING ((EXISTS ( SELECT
   FROM parking.tesla_trips t
  WHERE ((t.booking_id = tesla_attempts.booking_id) AND (t.user_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON parking.tesla_trips FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND ((user_id = ( SELECT app.actor() AS actor)) OR (EXISTS ( SELECT
   FROM booking.bookings b
  WHERE ((b.id = tesla_trips.booking_id) AND (b.provider_id = ( SELECT app.actor() AS actor))))))));

CREATE POLICY api_select ON parking.vehicles FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY owner_all ON parking.access_codes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.space_photos TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.space_secrets TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.spaces TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.tesla_attempts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.tesla_calls TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.tesla_trips TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON parking.vehicles TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE parking.space_photos ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.space_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.spaces ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.tesla_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.tesla_calls ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.tesla_trips ENABLE ROW LEVEL SECURITY;

ALTER TABLE parking.vehicles ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON parking.access_codes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.space_photos TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.space_secrets TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.spaces TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.tesla_attempts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.tesla_calls TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.tesla_trips TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON parking.vehicles TO vicinity_worker USING (true) WITH CHECK (true);

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

ALTER TABLE reviews.kinds ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON reviews.kinds TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.person_ratings TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.photos TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.rating_handlers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.reports TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.resource_ratings TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.reviews TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON reviews.windows TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE reviews.person_ratings ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.photos ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.rating_handlers ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.reports ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.resource_ratings ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE reviews.windows ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON reviews.kinds TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.person_ratings TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.photos TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.rating_handlers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.reports TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.resource_ratings TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.reviews TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON reviews.windows TO vicinity_worker USING (true) WITH CHECK (true);

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

GRANT USAGE ON SCHEMA money TO vicinity_api;
GRANT USAGE ON SCHEMA money TO vicinity_worker;

GRANT USAGE ON SCHEMA notify TO vicinity_api;
GRANT USAGE ON SCHEMA notify TO vicinity_worker;

GRANT USAGE ON SCHEMA parking TO vicinity_api;
GRANT USAGE ON SCHEMA parking TO vicinity_worker;

GRANT USAGE ON SCHEMA privacy TO vicinity_api;
GRANT USAGE ON SCHEMA privacy TO vicinity_worker;

GRANT USAGE ON SCHEMA reviews TO vicinity_api;
GRANT USAGE ON SCHEMA reviews TO vicinity_worker;

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

REVOKE ALL ON FUNCTION admin.restore_account(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.restore_account(user_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.restore_deleted(user_id uuid) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.draw_change(actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.draw_change(actor text) TO vicinity_api;
GRANT ALL ON FUNCTION app.draw_change(actor text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.earlier_answer(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.earlier_answer(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.earlier_answer(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.emit(type text, payload jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.emit(type text, payload jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.emit(type text, payload jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.has_no_change(actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.has_no_change(actor text) TO vicinity_api;
GRANT ALL ON FUNCTION app.has_no_change(actor text) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.is_active(account_status text, suspended_until timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_api;
GRANT ALL ON FUNCTION app.is_empty(bucket text, burst integer, period interval) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.is_impersonator(session_id uuid, impersonator text) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.is_pending(account_status text, standing_before text) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_api;
GRANT ALL ON FUNCTION app.keep_answer(context jsonb, answer jsonb[]) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.largest_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION app.largest_tables() TO vicinity_worker;

REVOKE ALL ON FUNCTION app.lock_around(parent regclass, mode text) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.rotate_partitions(at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.rotate_partitions(at_most integer) TO vicinity_worker;

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

REVOKE ALL ON FUNCTION booking.add_rule_times(rule_id uuid, times jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.answer_by(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.apply_rules(resource_id uuid, new_rule uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.blocks_of(resource_id uuid, capacity integer, wanted tstzmultirange) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.calendar(resource_id uuid, from_ timestamp with time zone, to_ timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.calendar(resource_id uuid, from_ timestamp with time zone, to_ timestamp with time zone) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.cancel(booking_id uuid, reason text, expected_refund bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.cancel(booking_id uuid, reason text, expected_refund bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.cancellation_quote(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.cancellation_quote(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.check_step(b booking.bookings, step jsonb, party text, proof jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.complete(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.complete(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.decline(booking_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.decline(booking_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.drop_resource(resource_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.event_of(subject booking.bookings) FROM PUBLIC;

GRANT SELECT ON TABLE booking.flows TO vicinity_api;
GRANT SELECT ON TABLE booking.flows TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.expire(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.extend_rules(expanded jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.extend_rules(expanded jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.flow_for_party(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.free_time(booking_id uuid, expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) TO vicinity_api;
GRANT ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.horizon() FROM PUBLIC;
GRANT ALL ON FUNCTION booking.horizon() TO vicinity_api;
GRANT ALL ON FUNCTION booking.horizon() TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.horizon_in(days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.horizon_in(days integer) TO vicinity_api;
GRANT ALL ON FUNCTION booking.horizon_in(days integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.is_free_to_leave(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.is_open(resource_id uuid, during tstzrange) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.is_open(resource_id uuid, during tstzrange) TO vicinity_api;
GRANT ALL ON FUNCTION booking.is_open(resource_id uuid, during tstzrange) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.keep_notes(booking_id uuid, notes text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.keep_notes(booking_id uuid, notes text) TO vicinity_api;

GRANT SELECT ON TABLE booking.resources TO vicinity_api;
GRANT SELECT ON TABLE booking.resources TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.keep_resource(details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.keep_time(b booking.bookings, previous booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.line(code text, description text, amount bigint, payee text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.lock_my_resource(resource_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.mark_no_show(booking_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.mark_no_show(booking_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.moment_of(b booking.bookings, named jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.move(booking_id uuid, details jsonb, expected_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.next_number() FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.next_timer(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.note(booking_id uuid, event text, details jsonb, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.party_of(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.place(details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.refund_items(b booking.bookings, percent integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.refund_percent(b booking.bookings, flow booking.flows, party text, to_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.release_expired(resource_id uuid, during tstzrange) FROM PUBLIC;

GRANT SELECT ON TABLE booking.availability_rules TO vicinity_api;
GRANT SELECT ON TABLE booking.availability_rules TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.remove_rule(resource_id uuid, rule_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.remove_rule(resource_id uuid, rule_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.reserve(resource_id uuid, capacity integer, during tstzrange, kind text, booking_id uuid, expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.rules_due(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.rules_due(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.rules_of(resource_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.rules_of(resource_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.save_rule(resource_id uuid, rule_id uuid, details jsonb, times jsonb, expanded_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.save_rule(resource_id uuid, rule_id uuid, details jsonb, times jsonb, expanded_until timestamp with time zone) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.search_as_staff(wanted jsonb, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.search_as_staff(wanted jsonb, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.seed_flows(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.settle_payment(booking_id uuid, payment_status text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.settle_payment(booking_id uuid, payment_status text) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.shift(booking_id uuid, resource_id uuid, capacity integer, during tstzrange) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.show_to_staff(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.show_to_staff(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.start_clock(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.statuses_of(flow jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.step_as_staff(booking_id uuid, to_status text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.step_as_staff(booking_id uuid, to_status text, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.stop_clock(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.taken_by(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.tick(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.tier_ends(b booking.bookings, tier jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.timeline_of(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.timeline_of(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.transition(booking_id uuid, to_status text, reason text, event text, proof jsonb, as_staff boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) TO vicinity_api;
GRANT ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.with_overstay(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text, event text, reason text, details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.account(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.activate_pending() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.admit(person_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE identity.uploads TO vicinity_api;

REVOKE ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.appoint_super_admin(marketplace text, address text, full_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.begin_challenge(token_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_challenge(token_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_contact_change(kind text, new_destination text, new_hash text, new_code jsonb, old_codes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_login(email text, phone_hash text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_login(email text, phone_hash text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_proof() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_proof() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_sign_up() FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_sign_up() TO vicinity_api;

REVOKE ALL ON FUNCTION identity.begin_tesla_link(state_hash text, verifier_sealed text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_tesla_link(state_hash text, verifier_sealed text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.check_super_admins(person_id uuid) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION identity.deleted_person_at(email text, phone_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.draw_attempt(identifier_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.draw_code(destination_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.end_other_sessions(current_session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_other_sessions(current_session uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.end_own_session(session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_own_session(session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.end_session(session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_session(session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.expire_uploads(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.expire_uploads(batch integer) TO vicinity_worker;

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

REVOKE ALL ON FUNCTION identity.forget_upload(upload_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.forget_upload(upload_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.has_permission(person_id uuid, permission text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.impersonate(user_id uuid, own_session_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.impersonate(user_id uuid, own_session_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.is_staff(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.keep_standing() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.lend_tesla_tokens(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.lend_tesla_tokens(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.mark_role() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.mark_roles() FROM PUBLIC;

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

REVOKE ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_login(person_id uuid, identifier_hash text, token_hash text, password_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_password(session_id uuid, password_hash text, codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_password(session_id uuid, password_hash text, codes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION identity.settle_tesla_tokens(user_id uuid, claimed text, answer jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION identity.settle_upload(upload_id uuid, status text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.settle_upload(upload_id uuid, status text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean, codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.sign_up(full_name text, email text, phone_sealed text, phone_hash text, password_hash text, roles jsonb, token_hash text, is_pending boolean, codes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.standing_before(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.start_onboarding(role text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.start_onboarding(role text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.start_two_factor(session_id uuid, secret text, is_right boolean, codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.start_two_factor(session_id uuid, secret text, is_right boolean, codes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.stop_two_factor(knows_password boolean, step bigint, recovery_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION identity.suspension_of(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.suspension_of(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.take_contact(owner uuid, email text, phone_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.trusted_contacts(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.try_code(destination_hash text, code_hash text, purpose text, person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.try_own_code(codes jsonb, purpose text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.try_sign_up_codes(codes jsonb) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION money.adjust_credits(person_id uuid, credits bigint, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.adjust_credits(person_id uuid, credits bigint, words text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.advance_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.advance_payment(payment_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.ask_for_work(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.broken_statements(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.check_invariants(since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION money.check_invariants(since timestamp with time zone) TO vicinity_api;
GRANT ALL ON FUNCTION money.check_invariants(since timestamp with time zone) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.claim_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.claim_payment(payment_id uuid) TO vicinity_worker;

GRANT SELECT ON TABLE money.payments TO vicinity_api;

REVOKE ALL ON FUNCTION money.credit_entries(p money.payments, worth bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.entry_of(b booking.bookings, party text, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.find_my_attempt(gateway text, key text, reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.find_my_attempt(gateway text, key text, reference text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.give_back_parts(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.holding(person_id uuid, kind text, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_looked_at(marketplace text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.lock_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_account(place text, kind text, user_id uuid, gateway text, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_accounts() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_balance() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_payment(wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_payment(wish jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.payment_of_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.payment_of_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.payment_steps(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payment_work(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.platform_balance(account_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post(transfer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.post(transfer jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.post_through_gateway(p money.payments, a money.payment_attempts, key text, type text, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.receive_webhook(event jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.receive_webhook(event jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_attempt(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_attempt(attempt_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_my_attempt(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_my_attempt(attempt_id uuid, report jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_refund(refund_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_refund(refund_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.refund_part(p money.payments, back_to text, worth bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refuse_status_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refuse_unbalanced() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.release_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.release_payment(payment_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.reverse(transfer_id uuid, description text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.reverse(transfer_id uuid, description text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.roll_up() FROM PUBLIC;
GRANT ALL ON FUNCTION money.roll_up() TO vicinity_worker;

REVOKE ALL ON FUNCTION money.settle_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_payment(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.settle_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.show_my_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_my_payment(payment_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.shown_payment(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.start_payment(b booking.bookings, wish jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.status_by_attempt(p money.payments, a money.payment_attempts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.stray_transfers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_booking(p money.payments, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.trial_balance() FROM PUBLIC;
GRANT ALL ON FUNCTION money.trial_balance() TO vicinity_api;

REVOKE ALL ON FUNCTION money.unbalanced_currencies(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unbalanced_transfers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unposted_captures(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.waiting_webhooks(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.watch_payment(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_balances(since timestamp with time zone) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.access_during(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.is_vin(vin text) FROM PUBLIC;

GRANT SELECT ON TABLE parking.vehicles TO vicinity_api;
GRANT SELECT ON TABLE parking.vehicles TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.add_vehicle(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.add_vehicle(details jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.admit_vehicle(vehicle_id uuid, space parking.spaces) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.announce_navigation(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.begin_tesla_trip(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.book(space_id uuid, version integer, terms jsonb) TO vicinity_api;

GRANT SELECT ON TABLE parking.my_spaces TO vicinity_api;

REVOKE ALL ON FUNCTION parking.change_space(space_id uuid, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.change_space(space_id uuid, changes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.change_vehicle(vehicle_id uuid, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.change_vehicle(vehicle_id uuid, changes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.check_city(city text) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.check_in(booking_id uuid, proof jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.check_in(booking_id uuid, proof jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.check_listed(space parking.spaces) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.check_out(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.check_out(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.check_window(starts_at timestamp with time zone, ends_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.claim_navigation(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.claim_navigation(booking_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.claim_readings(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.claim_readings(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.count_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.delete_space(space_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.delete_space(space_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.end_tesla_trip(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.fee_basis_points(fallback integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.fee_basis_points(fallback integer) TO vicinity_api;
GRANT ALL ON FUNCTION parking.fee_basis_points(fallback integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.fee_of(subtotal bigint, basis_points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.fee_of(subtotal bigint, basis_points integer) TO vicinity_api;
GRANT ALL ON FUNCTION parking.fee_of(subtotal bigint, basis_points integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.follow_vehicle(booking_id uuid, seen text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.follow_vehicle(booking_id uuid, seen text) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.import_tesla_vehicles(told jsonb, settlement jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.import_tesla_vehicles(told jsonb, settlement jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.is_within(point public.geography, bounds jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.is_within(point public.geography, bounds jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.issue_access(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.keep_rating(resource_id uuid, average numeric, reviews integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.keep_tesla_vehicle(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.keep_tesla_vehicle(details jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.lend_tesla_tokens() FROM PUBLIC;
GRANT ALL ON FUNCTION parking.lend_tesla_tokens() TO vicinity_api;

REVOKE ALL ON FUNCTION parking.list_space(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.list_space(details jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.lock_my_space(space_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.lock_my_vehicle(vehicle_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.lock_space(space_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.meets(wanted jsonb, surface text, is_covered boolean, has_ev_charging boolean, charging_connector_type text, has_security_camera boolean, has_lighting boolean, instant_booking_enabled boolean, amenities text[], hourly_rate bigint, rating numeric, point public.geography) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.meets(wanted jsonb, surface text, is_covered boolean, has_ev_charging boolean, charging_connector_type text, has_security_camera boolean, has_lighting boolean, instant_booking_enabled boolean, amenities text[], hourly_rate bigint, rating numeric, point public.geography) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.misfit(length_inches integer, width_inches integer, height_inches integer, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.misfit(length_inches integer, width_inches integer, height_inches integer, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer) TO vicinity_api;
GRANT ALL ON FUNCTION parking.misfit(length_inches integer, width_inches integer, height_inches integer, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.move(booking_id uuid, expected_version integer, version integer, details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.move(booking_id uuid, expected_version integer, version integer, details jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.move_terms(booking_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, fallback_basis_points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.move_terms(booking_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, fallback_basis_points integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.move_tesla_trip(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.my_access(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.my_access(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.needs_approval() FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.note_tesla(booking_id uuid, kind text, outcome text, code text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.note_tesla(booking_id uuid, kind text, outcome text, code text) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.pause_spaces(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.plan_navigation(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.price_of(hourly bigint, daily bigint, weekly bigint, monthly bigint, seconds bigint, OUT months integer, OUT weeks integer, OUT days integer, OUT rest_seconds bigint, OUT amount bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.price_of(hourly bigint, daily bigint, weekly bigint, monthly bigint, seconds bigint, OUT months integer, OUT weeks integer, OUT days integer, OUT rest_seconds bigint, OUT amount bigint) TO vicinity_api;
GRANT ALL ON FUNCTION parking.price_of(hourly bigint, daily bigint, weekly bigint, monthly bigint, seconds bigint, OUT months integer, OUT weeks integer, OUT days integer, OUT rest_seconds bigint, OUT amount bigint) TO vicinity_worker;

GRANT SELECT ON TABLE parking.tesla_trips TO vicinity_api;

REVOKE ALL ON FUNCTION parking.read_again_at(trip parking.tesla_trips, b booking.bookings, reading jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.remove_vehicle(vehicle_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.remove_vehicle(vehicle_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.request_navigation(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.request_navigation(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.review_queue(status text, after uuid, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.review_queue(status text, after uuid, size integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.review_space(space_id uuid, decision text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.review_space(space_id uuid, decision text, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.search_terms(starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, max_total_amount bigint, fallback_basis_points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.search_terms(starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, max_total_amount bigint, fallback_basis_points integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.set_photos(space_id uuid, photos jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.set_photos(space_id uuid, photos jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.settle_navigation(booking_id uuid, answer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.settle_navigation(booking_id uuid, answer jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.settle_reading(booking_id uuid, reading jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.settle_reading(booking_id uuid, reading jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.staff_view(space parking.spaces) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer, hourly bigint, daily bigint, weekly bigint, monthly bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer, hourly bigint, daily bigint, weekly bigint, monthly bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.take_tesla_call(kept integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.take_tesla_call(kept integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.terms(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.terms(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.terms_of(space parking.spaces, during tstzrange, vehicle_id uuid, moved uuid, rates jsonb, basis_points integer, why text) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.titled(q text, here public.geography, radius double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.titled(q text, here public.geography, radius double precision) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.vehicle_size(vehicle_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.vehicle_size(vehicle_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.watch_parking(trip parking.tesla_trips, reading jsonb, distance double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.watched_from(starts_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.why_not_moved(b booking.bookings, space parking.spaces, starts_at timestamp with time zone, ends_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.write_space(space parking.spaces) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION privacy.reopen(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.reopen_own(person_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE privacy.exports TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.request_export() FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.request_export() TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.restore_by_code(destination_hash text, code_hash text, email text, phone_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.restore_by_code(destination_hash text, code_hash text, email text, phone_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.settle_export(export_id uuid, bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.settle_export(export_id uuid, bytes bigint) TO vicinity_worker;

REVOKE ALL ON FUNCTION privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.settle_restoring(person_id uuid, identifier_hash text, is_right boolean) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.added(counts integer[], change integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.are_details(details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.attach_photos(review_id uuid, photo_ids jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.change(review_id uuid, content jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.change(review_id uuid, content jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.check_person(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.check_resource(resource_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.difference(before smallint, after smallint) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.due(after_at timestamp with time zone, after_id uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.due(after_at timestamp with time zone, after_id uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.event_of(subject reviews.reviews) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.featured(after_at timestamp with time zone, after_id uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.featured(after_at timestamp with time zone, after_id uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.fill(subject reviews.reviews, content jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.hold_own(review_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.hold_window(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.list_for_staff(queue text, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.list_for_staff(queue text, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.mean(counts integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.mine(direction text, after_at timestamp with time zone, after_id uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.mine(direction text, after_at timestamp with time zone, after_id uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.moderate(review_id uuid, changes jsonb, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.moderate(review_id uuid, changes jsonb, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.of_booking(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.of_booking(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.of_person(person_id uuid, role text, after_at timestamp with time zone, after_id uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.of_person(person_id uuid, role text, after_at timestamp with time zone, after_id uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.of_resource(resource_id uuid, wanted jsonb, after_at timestamp with time zone, after_id uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.of_resource(resource_id uuid, wanted jsonb, after_at timestamp with time zone, after_id uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.open_all(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.open_window(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.rate_person(person_id uuid, role text, change integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.rate_resource(resource_id uuid, module text, change integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.rating_of_resource(resource_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.rating_of_resource(resource_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.ratings_of_person(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.ratings_of_person(person_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.reply(review_id uuid, reply text) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.reply(review_id uuid, reply text) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.report(review_id uuid, reason text, notes text) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.report(review_id uuid, reason text, notes text) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.request(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.seed_kinds(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.settle(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.standing_of(subject reviews.reviews) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.total(counts integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION reviews.withdraw(review_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.withdraw(review_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION reviews.write(booking_id uuid, content jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION reviews.write(booking_id uuid, content jsonb) TO vicinity_api;

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

GRANT SELECT ON TABLE booking.listed_resources TO vicinity_api;

GRANT SELECT ON TABLE booking.my_bookings TO vicinity_api;

GRANT SELECT ON TABLE booking.occupied TO vicinity_api;

GRANT SELECT ON TABLE booking.open_hours TO vicinity_api;

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

GRANT SELECT ON TABLE money.accounts TO vicinity_api;

GRANT SELECT(transfer_id) ON TABLE money.adjustments TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.adjustments TO vicinity_api;

GRANT SELECT(user_id) ON TABLE money.adjustments TO vicinity_api;

GRANT SELECT(description) ON TABLE money.adjustments TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.adjustments TO vicinity_api;

GRANT SELECT ON TABLE money.balances TO vicinity_api;

GRANT SELECT ON TABLE money.entries TO vicinity_api;

GRANT SELECT(id) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(type) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(description) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(reference_type) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(reference_id) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(reverses) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.transfers TO vicinity_api;

GRANT SELECT ON TABLE money.credit_transactions TO vicinity_api;

GRANT SELECT(id) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(payment_id) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(method) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(currency) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(amount) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(reason) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(status) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT ON TABLE money.wallet_transactions TO vicinity_api;

GRANT SELECT ON TABLE money.wallets TO vicinity_api;

GRANT SELECT ON TABLE notify.devices TO vicinity_api;

GRANT SELECT ON TABLE parking.access_codes TO vicinity_api;

GRANT SELECT ON TABLE parking.public_spaces TO vicinity_api;

GRANT SELECT ON TABLE parking.space_photos TO vicinity_api;

GRANT SELECT ON TABLE parking.shown_photos TO vicinity_api;

GRANT SELECT ON TABLE parking.space_secrets TO vicinity_api;

GRANT SELECT ON TABLE parking.tesla_attempts TO vicinity_api;

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
