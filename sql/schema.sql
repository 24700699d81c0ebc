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

CREATE DOMAIN money.transfer_key AS text
	CONSTRAINT transfer_keys_key_check CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 200)));

CREATE DOMAIN money.transfer_type AS text
	CONSTRAINT transfers_type_check CHECK ((VALUE = ANY (ARRAY['payment'::text, 'release'::text, 'refund'::text, 'charge'::text, 'tip'::text, 'subscription'::text, 'wallet_topup'::text, 'earned'::text, 'adjustment'::text, 'payout'::text, 'payout_return'::text, 'netting'::text, 'dispute'::text, 'settlement'::text, 'fee'::text, 'reversal'::text, 'withdrawal'::text])));

CREATE TYPE parking.found_space AS (
	id uuid,
	title character varying,
	description character varying,
	address character varying,
	city character varying,
	state character varying,
	zip_code character varying,
	location jsonb,
	surface text,
	is_covered boolean,
	capacity integer,
	max_vehicle_length_cm integer,
	max_vehicle_width_cm integer,
	max_vehicle_height_cm integer,
	hourly_rate bigint,
	daily_rate bigint,
	weekly_rate bigint,
	monthly_rate bigint,
	minimum_booking_hours integer,
	maximum_booking_hours integer,
	advance_booking_hours integer,
	buffer_before_minutes integer,
	buffer_after_minutes integer,
	instant_booking_enabled boolean,
	has_ev_charging boolean,
	charging_connector_type text,
	has_security_camera boolean,
	has_lighting boolean,
	amenities text[],
	currency text,
	time_zone text,
	rating numeric,
	review_count integer,
	created_at timestamp with time zone,
	updated_at timestamp with time zone,
	cover_object character varying,
	distance_m double precision,
	subtotal_amount bigint,
	sort_key double precision,
	fee_basis_points integer,
	free_units integer,
	vehicle_busy boolean
);

CREATE TYPE parking.search_terms AS (
	latitude double precision,
	longitude double precision,
	radius_m double precision,
	starts_at timestamp with time zone,
	ends_at timestamp with time zone,
	seconds bigint,
	vehicle_id uuid,
	max_total_amount bigint,
	filters jsonb,
	sort text,
	explain boolean,
	points integer,
	size integer,
	after_key double precision,
	after_id uuid,
	here public.geography,
	moment timestamp with time zone,
	longest double precision,
	horizon timestamp with time zone,
	basis_points integer,
	length_inches integer,
	width_inches integer,
	height_inches integer,
	vehicle_busy boolean
);

CREATE FUNCTION app.now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
$$;

CREATE FUNCTION app.uuid_v7() RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare made bigint := nullif(current_setting('app.ids', true), '')::bigint + 1;
begin
  if made is null then
    made := (date_part('epoch', app.now()) * 1000)::bigint << 16 | 28672;
  elsif made & 4095 = 0 then
    made := made + 61440;
  end if;
  made := set_config('app.ids', made::text, true);
  return encode(int8send(made) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid;
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
    allows jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT settings_type_check CHECK ((type = ANY (ARRAY['string'::text, 'number'::text, 'boolean'::text, 'json'::text]))),
    CONSTRAINT settings_value_check CHECK (((type = 'json'::text) OR (jsonb_typeof(value) = type)))
);

ALTER TABLE ONLY app.settings FORCE ROW LEVEL SECURITY;

CREATE FUNCTION admin.add_setting(details jsonb) RETURNS SETOF app.settings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare wanted app.settings := jsonb_populate_record(null::app.settings, details);
begin
  -- One after the other, or a burst would count too few.
  perform from app.marketplaces m where m.slug = app.marketplace() for no key update;
  if (select count(*) >= 100 from app.settings s where s.marketplace = app.marketplace()) then
    perform app.refuse('too_many_settings');
  end if;
  perform app.audit('admin.setting_added', 'admin', 'settings', wanted.key, new_values => jsonb_build_object('value', wanted.value));
  return query
    insert into app.settings (marketplace, key, type, value, description, is_public, allows)
    values (app.marketplace(), wanted.key, wanted.type, wanted.value, wanted.description, wanted.is_public,
      case wanted.type when 'number' then '{"fraction": true}' else '{}' end::jsonb)
    returning *;
end $$;

CREATE FUNCTION admin.allows(setting app.settings, value jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare bounds jsonb := setting.allows;
begin
  return case jsonb_typeof(value)
    when 'number' then admin.is_within(bounds, value)
    when 'string' then not bounds ? 'choices' or bounds -> 'choices' @> value
    when 'array' then jsonb_typeof(setting.value) = 'array' and (not bounds ? 'items' or not exists (
      select from jsonb_array_elements(value) as item
      where jsonb_typeof(item) <> bounds ->> 'items' or not admin.is_within(bounds, item)))
    when 'object' then jsonb_typeof(setting.value) = 'object' and (not bounds ? 'fields' or not exists (
      select from jsonb_each(value) as f
      where jsonb_typeof(f.value) is distinct from bounds -> 'fields' ->> f.key or not admin.is_within(bounds, f.value)
        or jsonb_path_exists(f.value, 'strict $ ? (@.type() == "array")[*] ? (@.type() != "string")', silent => true)))
    else true end
    and (setting.type <> 'json' or jsonb_typeof(value) = jsonb_typeof(setting.value));
end $_$;

CREATE FUNCTION admin.change_setting(key text, value jsonb) RETURNS SETOF app.settings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held app.settings;
begin
  select s.* into held from app.settings s
  where s.marketplace = app.marketplace() and s.key = change_setting.key and s.is_active for update;
  if not found then perform app.refuse('not_found'); end if;
  if not admin.allows(held, change_setting.value) then perform app.refuse('value_not_allowed'); end if;
  if held.value <> change_setting.value then
    perform app.audit('admin.setting_changed', 'admin', 'settings', held.key,
      old_values => jsonb_build_object('value', held.value), new_values => jsonb_build_object('value', change_setting.value));
  end if;
  return query
    update app.settings s set value = change_setting.value
    where s.marketplace = held.marketplace and s.key = held.key returning s.*;
end $$;

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
    if app.is_active(changed.account_status, changed.suspended_until) then perform money.release_payouts_of(person.id); end if;
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

CREATE FUNCTION admin.is_within(bounds jsonb, value jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  if jsonb_typeof(value) <> 'number' then return true; end if;
  return value::numeric between coalesce((bounds ->> 'minimum')::numeric, 0) and coalesce((bounds ->> 'maximum')::numeric, 1e9)
    and (bounds ? 'fraction' or value::numeric % 1 = 0);
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

CREATE FUNCTION admin.list_settings() RETURNS SETOF app.settings
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.* from app.settings s where s.marketplace = app.marketplace() and s.is_active order by s.key
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

CREATE FUNCTION app.audit_events(carried app.outbox[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into app.audit_logs (marketplace, user_id, action, category, table_name, record_id, metadata, created_at)
  select e.marketplace,
         (e.payload ->> coalesce(a.person_key, case e.payload ->> 'cancelled_by' when 'customer' then 'customer_id' when 'provider' then 'provider_id' end))::uuid,
         e.type, a.category, a.record_table, e.payload ->> a.record_key,
         (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(e.payload) as f where f.key = any (a.facts))
           || jsonb_build_object('event_id', e.id),
         e.created_at
  from unnest(carried) as e join app.audited_events a on a.type = e.type
  order by e.id
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
declare
  access text := coalesce(context ->> 'access', 'signed_in'); caller record; refusal text; verdict jsonb;
  -- Read out once: a condition reads them for each row that it is asked of. What few callers need is asked in an `if` of its own, since
  -- all functions of an expression are looked up before its first is called.
  session_id uuid := context ->> 'session'; actor uuid := context ->> 'actor'; place text := context ->> 'marketplace';
  changes text := 'changes:' || actor; moment timestamptz := app.now();
begin
  if session_id is null then
    -- Somebody is believed with a session only, whatever the route.
    if access = 'everyone' and actor is null then return app.check_open(context); end if;
    return '{"constraint": "unauthenticated"}';
  end if;
  if context ? 'token_hash' then return app.check_token(context, access); end if;
  -- One statement for what every request asks, whose plan is kept.
  select u.id, u.account_status, u.suspended_until, u.standing_before, s.revoked_at, s.expires_at, s.mfa_at, s.impersonator_session_id,
    p.is_staff, r.full_at, coalesce(u.last_active_at < moment - interval '5 minutes', true) as is_idle,
    m.value = 'true' as is_closed into caller
  from identity.sessions s join identity.users u on u.id = s.user_id
  left join identity.permissions p on p.marketplace = place and p.name = access
  left join app.settings m on m.marketplace = place and m.key = 'maintenance_mode' and m.is_active
  left join app.rate_limits r on r.bucket = changes
  where s.id = session_id and s.user_id = actor and s.marketplace = place and u.marketplace = place;
  if not found or caller.revoked_at is not null or caller.expires_at <= moment then
    return '{"constraint": "session_ended"}';
  end if;
  if caller.impersonator_session_id is not null or context ? 'impersonator' then
    if not app.is_impersonator(caller.impersonator_session_id, context ->> 'impersonator') then
      return '{"constraint": "session_ended"}';
    end if;
  end if;
  if caller.account_status <> 'active' then
    verdict := app.check_standing(caller.id, caller.account_status, caller.suspended_until, caller.standing_before,
      access = 'everyone' or context ? 'own');
    if verdict is not null then return verdict; end if;
  end if;
  if access not in ('everyone', 'signed_in') then
    refusal := app.check_permission(caller.id, access, caller.is_staff, caller.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  if context ? 'fresh_factor' then
    if (caller.mfa_at > moment - interval '1 hour') is not true then return '{"constraint": "step_up_required"}'; end if;
  end if;
  return app.check_changes(context, moment, caller.full_at, caller.is_idle, caller.is_closed);
end $$;

CREATE FUNCTION app.check_changes(context jsonb, moment timestamp with time zone, full_at timestamp with time zone, is_idle boolean, is_closed boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(case when is_closed then app.check_open(context) end, case
    when context ? 'limited' and full_at > moment + interval '59 minutes 59.64 seconds' then '{"constraint": "too_many_requests"}'::jsonb
    when is_idle then '{"idle": true}' end)
$$;

CREATE FUNCTION app.check_open(context jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if context ? 'stays_open' or not exists (
    select from app.settings s
    where s.marketplace = context ->> 'marketplace' and s.key = 'maintenance_mode' and s.is_active and s.value = 'true'
  ) then
    return null;
  end if;
  return case when not exists (
    select from identity.user_roles u join identity.roles r on r.marketplace = u.marketplace and r.name = u.role
    where u.user_id = (context ->> 'actor')::uuid and u.marketplace = context ->> 'marketplace' and not r.is_open
  ) then '{"constraint": "marketplace_closed"}'::jsonb end;
end $$;

CREATE FUNCTION app.check_permission(person_id uuid, permission text, is_staff boolean, has_second_factor boolean) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when not identity.has_permission(person_id, permission) then 'forbidden'
    when is_staff and not has_second_factor then 'two_factor_required' end
$$;

CREATE FUNCTION app.check_standing(person_id uuid, account_status text, suspended_until timestamp with time zone, standing_before text, may_wait boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if not app.is_active(account_status, suspended_until) then
    return jsonb_build_object('constraint', 'account_suspended', 'facts', identity.suspension_of(person_id));
  end if;
  if not may_wait and app.is_pending(account_status, standing_before) then return '{"constraint": "account_pending"}'; end if;
  return null;
end $$;

CREATE FUNCTION app.check_token(context jsonb, access text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  token record; refusal text; verdict jsonb;
  token_id uuid := context ->> 'session'; actor uuid := context ->> 'actor'; place text := context ->> 'marketplace';
  changes text := 'changes:' || actor; moment timestamptz := app.now();
begin
  select t.user_id, t.abilities, t.mfa_at, t.expires_at, u.account_status, u.suspended_until, u.standing_before,
    p.is_staff, r.full_at, coalesce(u.last_active_at < moment - interval '5 minutes', true) as is_idle,
    m.value = 'true' as is_closed into token
  from identity.personal_access_tokens t join identity.users u on u.id = t.user_id and u.marketplace = t.marketplace
  left join identity.permissions p on p.marketplace = place and p.name = check_token.access
  left join app.settings m on m.marketplace = place and m.key = 'maintenance_mode' and m.is_active
  left join app.rate_limits r on r.bucket = changes
  where t.id = token_id and t.user_id = actor and t.marketplace = place and t.token_hash = context ->> 'token_hash';
  if not found or token.expires_at <= moment then return '{"constraint": "invalid_token"}'; end if;
  if context ? 'fresh_factor' then return '{"constraint": "session_required"}'; end if;
  if token.account_status <> 'active' then
    verdict := app.check_standing(token.user_id, token.account_status, token.suspended_until, token.standing_before,
      access = 'everyone' or context ? 'own');
    if verdict is not null then return verdict; end if;
  end if;
  if access = 'everyone' then return app.check_changes(context, moment, token.full_at, token.is_idle, token.is_closed); end if;
  if not (token.abilities && array['*', access] or 'read' = any (token.abilities) and context ->> 'method' = 'GET') then
    return '{"constraint": "ability_missing"}';
  end if;
  if access <> 'signed_in' then
    refusal := app.check_permission(token.user_id, access, token.is_staff, token.mfa_at is not null);
    if refusal is not null then return jsonb_build_object('constraint', refusal); end if;
  end if;
  return app.check_changes(context, moment, token.full_at, token.is_idle, token.is_closed);
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
declare moment timestamptz := app.now(); step interval := period / burst; latest timestamptz := moment + period - step; drawn timestamptz;
begin
  insert into app.rate_limits as r (bucket, full_at) values (draw.bucket, moment + step)
  on conflict on constraint rate_limits_pkey do update set full_at = greatest(r.full_at, moment) + step
    where greatest(r.full_at, moment) <= latest
  returning full_at into drawn;
  if drawn is not null then return null; end if;
  return (select ceil(extract(epoch from r.full_at - latest)) from app.rate_limits r where r.bucket = draw.bucket);
end $$;

CREATE FUNCTION app.draw_change(actor text) RETURNS integer
    LANGUAGE sql
    AS $$
  select app.draw('changes:' || draw_change.actor, 10000, interval '1 hour')
$$;

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

CREATE FUNCTION app.guard_partition(parent regclass, partition regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare definition text;
begin
  for definition in
    select replace(pg_get_triggerdef(t.oid), format(' ON %s ', parent), format(' ON %s ', partition))
    from pg_trigger t where t.tgrelid = parent and not t.tgisinternal and t.tgtype & 1 = 0
  loop
    execute definition;
  end loop;
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
        perform app.guard_partition(policy.parent::regclass, child::regclass);
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

CREATE FUNCTION app.run(context jsonb, statement text, args text) RETURNS SETOF json
    LANGUAGE plpgsql
    AS $$
declare
  row_ record; answer json[] := '{}'; earlier jsonb; verdict jsonb; keyed boolean := context ? 'idempotency_key';
  item json; length integer := 0; bytes integer := 0; cut boolean := false; counted boolean := false;
  state text; constraint_ text; table_ text; message_ text; detail_ text; column_ text;
begin
  -- Whatever becomes of the statement: what staff do with somebody else's eyes is on record.
  if context ? 'impersonator' then perform app.audit_impersonation(context); end if;
  begin
    perform app.set_context(context);
    -- The worker acts for the system: it has no session to check.
    if current_user <> 'vicinity_worker' then verdict := app.check_caller(context); end if;
    if verdict ? 'constraint' then
      return next json_build_object('refused', verdict);
      return;
    end if;
    counted := context ? 'limited';
    if keyed then
      earlier := app.earlier_answer(context);
      if earlier ? 'refused' then return next earlier; return; end if;
      if earlier is not null then
        return next json_build_object('replayed', true, 'emitted', 0, 'cut', false);
        return query select r::json from jsonb_array_elements(earlier -> 'rows') as r;
        return;
      end if;
    end if;
    for row_ in execute statement using args::jsonb loop
      item := row_to_json(row_);
      -- The Data API writes each row's JSON as a text inside of JSON, which doubles it at most. A row that comes alone is not measured,
      -- as most do: it may have 64 KB there.
      length := length + 1;
      if length > 1 then
        if length = 2 then bytes := octet_length(answer[1]::text); end if;
        bytes := bytes + octet_length(item::text);
      end if;
      cut := bytes > 500000;
      exit when cut;
      answer := answer || item;
    end loop;
    -- Only a transaction that wrote has an id: a load before the write leaves the key free for the write.
    if pg_current_xact_id_if_assigned() is not null then
      set constraints all immediate;   -- deferred refusals happen here, where they are caught
      if keyed then perform app.keep_answer(context, answer::jsonb[]); end if;
    end if;
    if verdict ? 'idle' and not context ? 'impersonator' then
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
    return next json_build_object('refused', json_build_object('sqlstate', state, 'constraint', nullif(constraint_, ''),
      'table', nullif(table_, ''), 'column', nullif(column_, ''), 'message', message_, 'detail', nullif(detail_, '')));
    return;
  end;
  return next json_build_object('replayed', false, 'emitted', current_setting('app.emitted')::integer, 'cut', cut);
  foreach item in array answer loop return next item; end loop;
end $$;

CREATE FUNCTION app.security_findings() RETURNS TABLE(finding text, subject text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
    insert into app.settings as t (marketplace, key, type, value, description, is_public, allows)
    select m ->> 'slug', s.key, s.value ->> 'type', s.value -> 'value', s.value ->> 'description',
           (s.value ->> 'is_public')::boolean, coalesce(s.value -> 'allows', '{}')
    from jsonb_each(m -> 'settings') as s
    on conflict on constraint settings_pkey do update set description = excluded.description, is_public = excluded.is_public,
      allows = excluded.allows;
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
declare carried app.outbox[];
begin
  with settled as (
    update app.outbox o set sent_at = app.now(), last_error = null where o.id = any (sent) and o.sent_at is null returning o
  )
  select array_agg(s.o) into carried from settled s;
  perform app.audit_events(carried);
  update app.outbox o set claimed_until = null, last_error = f.error
  from jsonb_to_recordset(failed) as f (id uuid, error text) where o.id = f.id and o.sent_at is null;
  return coalesce(cardinality(carried), 0);
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

CREATE FUNCTION app.tables_to_reindex(at_most integer) RETURNS TABLE(name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select root::text
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid,
    lateral (select coalesce(pg_partition_root(s.relid), s.relid) as root) as r
  where c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user and s.schemaname <> 'public'
  group by root
  having sum(s.n_tup_upd - s.n_tup_hot_upd + s.n_tup_del) > 0
  order by sum(s.n_tup_upd - s.n_tup_hot_upd + s.n_tup_del) desc, 1
  limit tables_to_reindex.at_most
$$;

CREATE FUNCTION app.tables_to_vacuum() RETURNS TABLE(name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.relid::regclass::text
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user and s.schemaname <> 'public'
    and s.n_dead_tup + s.n_ins_since_vacuum > 0
  order by s.n_dead_tup desc, 1
$$;

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

CREATE FUNCTION booking.is_move_request(asked jsonb, confirmed_at timestamp with time zone, completed_at timestamp with time zone, cancelled_at timestamp with time zone, awaits text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
  return confirmed_at is not null and completed_at is null and cancelled_at is null and awaits is null
    and asked ?& array['id', 'starts_at', 'ends_at', 'expires_at', 'total_amount']
    and booking.sum_of(asked -> 'line_items', 'customer') = (asked ->> 'total_amount')::bigint;
end $$;

CREATE FUNCTION booking.sum_of(line_items jsonb, payer text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
declare total bigint := 0;
begin
  for place in 0 .. jsonb_array_length(line_items) - 1 loop
    if line_items -> place ->> 'payer' = sum_of.payer then
      total := total + coalesce((line_items -> place ->> 'amount')::bigint, 0);
    end if;
  end loop;
  return total;
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
    discount_amount bigint DEFAULT 0 NOT NULL,
    move_request jsonb,
    CONSTRAINT bookings_amounts_check CHECK ((LEAST((subtotal_amount - discount_amount), fee_amount, discount_amount, refund_amount, overstay_amount, (total_amount - GREATEST(refund_amount, overstay_amount))) >= 0)),
    CONSTRAINT bookings_answer_seconds_check CHECK ((answer_seconds > 0)),
    CONSTRAINT bookings_awaits_check CHECK (((awaits = ANY ('{payment,answer}'::text[])) AND ((awaits IS NULL) = (expires_at IS NULL)))),
    CONSTRAINT bookings_bounds_check CHECK (((LEAST(buffer_before, buffer_after, (refund_cap)::integer) >= 0) AND (GREATEST(buffer_before, buffer_after) <= 604800) AND (refund_cap <= 100))),
    CONSTRAINT bookings_cancelled_by_check CHECK ((cancelled_by = ANY ('{customer,provider,staff,system}'::text[]))),
    CONSTRAINT bookings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT bookings_line_items_check CHECK ((booking.sum_of(line_items, 'customer'::text) = total_amount)),
    CONSTRAINT bookings_move_request_check CHECK (((move_request IS NULL) OR booking.is_move_request(move_request, confirmed_at, completed_at, cancelled_at, awaits))),
    CONSTRAINT bookings_parties_check CHECK ((customer_id <> provider_id)),
    CONSTRAINT bookings_payment_status_check CHECK ((payment_status = ANY ('{pending,processing,succeeded,failed,cancelled,refunded}'::text[]))),
    CONSTRAINT bookings_refund_items_check CHECK ((booking.sum_of(refund_items, 'customer'::text) = refund_amount)),
    CONSTRAINT bookings_time_check CHECK ((ends_at > starts_at)),
    CONSTRAINT bookings_total_amount_check CHECK ((total_amount = ((subtotal_amount + fee_amount) - discount_amount)))
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

CREATE FUNCTION booking.accept_move(booking_id uuid, request_id uuid) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; flow booking.flows;
begin
  b := booking.lock_move_request(accept_move.booking_id, accept_move.request_id, 'provider');
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.take_turn(b.resource_id, b.subject_id);
  perform booking.release_move(b.id);
  return booking.apply_move(b, flow, jsonb_populate_record(null::booking.bookings, b.move_request),
    (b.move_request ->> 'capacity')::integer, 'provider');
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

CREATE FUNCTION booking.answer_move_by(b booking.bookings, wanted booking.bookings, seconds integer) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select least(app.now() + make_interval(secs => coalesce(b.answer_seconds, seconds)), b.ends_at,
    case when b.started_at is null and b.starts_at > app.now() then b.starts_at end,
    case when b.started_at is null and wanted.starts_at > app.now() then wanted.starts_at end)
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

CREATE FUNCTION booking.apply_move(b booking.bookings, flow booking.flows, wanted booking.bookings, capacity integer, party text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare previous booking.bookings := b;
begin
  b.starts_at := wanted.starts_at;
  b.ends_at := wanted.ends_at;
  b.unit := booking.shift(b.id, b.resource_id, apply_move.capacity, booking.taken_by(b));
  if b.unit is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.shift(b.id, b.subject_id, 1, tstzrange(b.starts_at, b.ends_at)) is null then
    perform app.refuse('subject_no_overlap');
  end if;
  update booking.bookings t set starts_at = b.starts_at, ends_at = b.ends_at, unit = b.unit, version = t.version + 1,
    line_items = wanted.line_items, currency = wanted.currency, subtotal_amount = wanted.subtotal_amount,
    fee_amount = wanted.fee_amount, discount_amount = coalesce(wanted.discount_amount, 0),
    total_amount = wanted.total_amount, policy = coalesce(wanted.policy, t.policy),
    facts = coalesce(wanted.facts, t.facts), clock_step = 0, move_request = null,
    refund_cap = booking.refund_percent(previous, flow, 'customer', flow.cancelled)
  where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, apply_move.party, 'moved', details => jsonb_build_object(
    'from', jsonb_build_object('starts_at', previous.starts_at, 'ends_at', previous.ends_at,
                               'total_amount', previous.total_amount),
    'to', jsonb_build_object('starts_at', b.starts_at, 'ends_at', b.ends_at, 'total_amount', b.total_amount)));
  perform app.emit('booking.moved', booking.event_of(b) || jsonb_build_object('previous_starts_at', previous.starts_at,
    'previous_ends_at', previous.ends_at, 'previous_total_amount', previous.total_amount));
  return b;
end $$;

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
  -- Hours alone touch no reservation, and keep nobody waiting while many resources are brought in force at once.
  if new_rule is null and wanted = '{}' and not exists (
    select from booking.reservations b where b.resource_id = r.id and b.kind = 'block') then return; end if;
  perform booking.take_turn(r.id);
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

CREATE FUNCTION booking.asks_to_move(b booking.bookings) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return coalesce((b.move_request ->> 'expires_at')::timestamptz > app.now(), false);
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
      select h.during * bookable as during, null::integer as unit, 1 as open, 0 as taken, 0 as blocked from hours h
      union all
      select b.during, b.unit, 0, 1, (b.kind = 'block')::integer from booking.reservations b
      where b.resource_id = r.id and b.unit <= r.capacity and b.during && shown
        and (b.expires_at is null or b.expires_at > app.now())
      union all select shown, null, 0, 0, 0
    ),
    changes as (
      select greatest(lower(s.during), from_) as at, s.unit, s.open, s.taken, s.blocked from stretches s where s.during && shown
      union all
      select upper(s.during), s.unit, -s.open, -s.taken, -s.blocked
      from stretches s where s.during && shown and upper(s.during) < to_
    ),
    by_unit as (
      select c.at, sum(c.open) as open, sum(c.taken) as taken, sum(c.blocked) as blocked from changes c group by c.at, c.unit
    ),
    moments as (
      select u.at, sum(sum(u.open)) over w as open, sum(sum(u.taken)) over w as taken, sum(sum(u.blocked)) over w as blocked,
             bool_or(u.taken <> 0) as others
      from by_unit u group by u.at window w as (order by u.at)
    ),
    states as (
      select m.at, m.others, case when m.open = 0 then 'closed' when m.taken < r.capacity then 'available'
                        when m.blocked > 0 then 'blocked' else 'booked' end as state,
             case when m.open = 0 then 0 else (r.capacity - m.taken)::integer end as free
      from moments m
    ),
    turns as (
      select s.at, s.state, s.free from (
        select s.*, lag(s.state) over w as state_before, lag(s.free) over w as free_before
        from states s window w as (order by s.at)) as s
      -- As many that are free, and other ones: whoever comes for all of that time would have to change places.
      where (s.state, s.free) is distinct from (s.state_before, s.free_before) or s.state = 'available' and s.others
    )
    select t.at, coalesce(lead(t.at) over (order by t.at), to_), t.state, t.free from turns t order by t.at;
end $$;

CREATE FUNCTION booking.call_handlers(moments text[], b booking.bookings) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if 'confirmed' = any (moments) then
    if b.module = 'parking' then perform parking.begin_tesla_trip(b); end if;
    if b.module = 'parking' then perform parking.issue_access(b); end if;
  end if;
  if 'moved' = any (moments) then
    perform money.move_promo_use(b.id);
    if b.module = 'parking' then perform parking.move_tesla_trip(b.id); end if;
  end if;
  if 'completed' = any (moments) then
    if b.module = 'parking' then perform parking.count_booking(b.id); end if;
    perform reviews.open_window(b.id);
  end if;
  if 'ended' = any (moments) then
    perform money.end_promo_use(b.id);
    perform money.settle_booking(b.id);
    if b.module = 'parking' then perform parking.end_tesla_trip(b.id); end if;
  end if;
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

CREATE FUNCTION booking.check_move(b booking.bookings, flow booking.flows, wanted booking.bookings) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
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

CREATE FUNCTION booking.clock_of(b booking.bookings, flow booking.flows) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return least(coalesce(b.expires_at, (booking.next_timer(b, flow)).due_at), (b.move_request ->> 'expires_at')::timestamptz);
end $$;

CREATE FUNCTION booking.close_move(b booking.bookings, party text, event text, reason text DEFAULT NULL::text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare previous booking.bookings := b; flow booking.flows;
begin
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.release_move(b.id);
  update booking.bookings t set move_request = null, version = t.version + 1 where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, close_move.party, close_move.event, close_move.reason,
    booking.move_wish(previous.move_request));
  perform app.emit('booking.' || close_move.event, booking.event_of(b) || booking.move_wish(previous.move_request));
  return b;
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

CREATE FUNCTION booking.decline_move(booking_id uuid, request_id uuid, reason text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return booking.close_move(booking.lock_move_request(decline_move.booking_id, decline_move.request_id, 'provider'), 'provider',
    'move_declined', decline_move.reason);
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

CREATE FUNCTION booking.expire_move(b booking.bookings) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare actor text := current_setting('app.actor', true);
begin
  perform set_config('app.actor', '', true);
  b := booking.close_move(b, 'system', 'move_expired');
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
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return (
    select free_units.capacity - count(distinct r.unit)::integer
    from booking.reservations r
    where r.resource_id = free_units.resource_id and r.unit <= free_units.capacity and r.during && free_units.during
      and (r.expires_at is null or r.expires_at > app.now())
      and (moved is null or r.booking_id is distinct from moved));
end $$;

CREATE FUNCTION booking.hold_beside(booking_id uuid, resource_id uuid, capacity integer, during tstzrange, expires_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare held booking.reservations;
begin
  select r.* into strict held from booking.reservations r
  where r.booking_id = hold_beside.booking_id and r.resource_id = hold_beside.resource_id and r.kind = 'booking';
  perform booking.release_expired(hold_beside.resource_id, hold_beside.during);
  return booking.take_beside(held, hold_beside.during, 'hold', hold_beside.expires_at) is not null
    or booking.reserve(hold_beside.resource_id, hold_beside.capacity, hold_beside.during, 'hold', hold_beside.booking_id,
      hold_beside.expires_at) is not null;
end $$;

CREATE FUNCTION booking.horizon() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return booking.horizon_in(app.setting('booking_horizon_days')::integer);
end $$;

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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  update booking.bookings t set
    customer_notes = case when t.customer_id = app.actor() then keep_notes.notes else t.customer_notes end,
    provider_notes = case when t.provider_id = app.actor() then keep_notes.notes else t.provider_notes end
  where t.id = keep_notes.booking_id and t.marketplace = app.marketplace()
    and app.actor() in (t.customer_id, t.provider_id)
  returning t.* into b;
  if not found then return; end if;
  -- One that has run out reads as none, as it does in `booking.my_bookings`.
  if not booking.asks_to_move(b) then b.move_request := null; end if;
  return next b;
end $$;

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
  perform booking.take_turn(b.resource_id, b.subject_id);
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

CREATE FUNCTION booking.lock_move_request(booking_id uuid, request_id uuid, party text) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  perform booking.stop_clock(lock_move_request.booking_id);
  select t.* into b from booking.bookings t
  where t.id = lock_move_request.booking_id and t.marketplace = app.marketplace()
    and app.actor() in (t.customer_id, t.provider_id) for update;
  if not found then perform app.refuse('not_found'); end if;
  if booking.party_of(b) <> lock_move_request.party then
    perform app.refuse('transition_not_allowed', format('only the %s', lock_move_request.party));
  end if;
  if not booking.asks_to_move(b) or b.move_request ->> 'id' <> lock_move_request.request_id::text then
    perform app.refuse('move_request_closed');
  end if;
  return b;
end $$;

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

CREATE FUNCTION booking.lock_to_move(booking_id uuid, expected_version integer) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  perform booking.stop_clock(lock_to_move.booking_id);
  select t.* into b from booking.bookings t
  where t.id = lock_to_move.booking_id and t.marketplace = app.marketplace() and t.customer_id = app.actor() for update;
  if not found then perform app.refuse('not_found'); end if;
  if b.version <> lock_to_move.expected_version then perform app.refuse('version_conflict'); end if;
  if booking.asks_to_move(b) then perform app.refuse('move_requested'); end if;
  perform booking.take_turn(b.resource_id, b.subject_id);
  if b.move_request is not null then b := booking.expire_move(b); end if;
  return b;
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
declare b booking.bookings; flow booking.flows; wanted booking.bookings := jsonb_populate_record(null::booking.bookings, details);
begin
  b := booking.lock_to_move(move.booking_id, move.expected_version);
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.check_move(b, flow, wanted);
  return booking.apply_move(b, flow, wanted, (details ->> 'capacity')::integer, 'customer');
end $$;

CREATE FUNCTION booking.move_wish(request jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  select jsonb_build_object('move_request_id', request -> 'id', 'wanted_starts_at', request -> 'starts_at',
    'wanted_ends_at', request -> 'ends_at', 'wanted_total_amount', request -> 'total_amount',
    'request_expires_at', request -> 'expires_at')
$$;

CREATE FUNCTION booking.next_number() RETURNS text
    LANGUAGE plpgsql
    AS $$
declare prefix text; year_ integer; series text; counter regclass; n bigint;
begin
  select m.booking_prefix, extract(year from app.now() at time zone m.time_zone) into strict prefix, year_
  from app.marketplaces m where m.slug = app.marketplace();
  series := format('booking.number_%s_%s', lower(prefix), year_);
  counter := to_regclass(series);
  if counter is null then
    perform pg_advisory_xact_lock(hashtextextended(series, 0));
    execute format('create sequence if not exists %s', series);
    counter := series;
  end if;
  n := nextval(counter);
  return format('%s-%s-%s', prefix, year_, case when n > 999999 then n::text else lpad(n::text, 6, '0') end);
end $$;

CREATE FUNCTION booking.next_timer(b booking.bookings, flow booking.flows, OUT timer jsonb, OUT due_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
begin
  select t.value, m.due_at into timer, due_at
  from jsonb_array_elements(flow.timers) with ordinality as t (value, place),
    lateral (select booking.moment_of(b, t.value -> 'due') as due_at offset 0) as m
  where t.value ->> 'in' = b.status and m.due_at is not null
  order by m.due_at, t.place offset b.clock_step limit 1;
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

CREATE FUNCTION booking.place(wanted booking.bookings, capacity integer, instant boolean, request_timeout integer DEFAULT NULL::integer, payment_timeout integer DEFAULT NULL::integer, promo_code text DEFAULT NULL::text, service_id uuid DEFAULT NULL::uuid) RETURNS booking.bookings
    LANGUAGE plpgsql
    AS $$
declare b booking.bookings := wanted; flow booking.flows; kind text; moment timestamptz := app.now();
begin
  select f.* into strict flow from booking.flows f
  where f.marketplace = app.marketplace() and f.module = b.module and f.is_current;
  b.id := app.uuid_v7();
  b.marketplace := flow.marketplace;
  b.customer_id := app.actor();
  b.flow_id := flow.id;
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
  b.discount_amount := coalesce(b.discount_amount, 0);
  b.clock_step := 0;
  b.created_at := moment;
  b.updated_at := moment;
  b.answer_seconds := case when not instant then request_timeout end;
  if not instant and (flow.on_request is null or request_timeout is null) then perform app.refuse('requests_not_supported'); end if;
  if payment_timeout > 0 and b.total_amount > 0 then
    b.awaits := 'payment';
    b.status := case when b.answer_seconds is null then flow.unpaid else flow.on_request end;
    b.expires_at := moment + make_interval(secs => payment_timeout);
  elsif b.answer_seconds is not null then
    b.awaits := 'answer';
    b.status := flow.on_request;
    b.expires_at := booking.answer_by(b);
  else
    b.status := flow.instant;
    b.confirmed_at := moment;
  end if;

  kind := case when b.expires_at is null then 'booking' else 'hold' end;
  b.unit := booking.take(b, capacity, kind);
  b.number := booking.next_number();
  -- As one row that is read, and not as sixty values each asked for.
  with numbered as (insert into booking.numbers (number, booking_id) values (b.number, b.id))
  insert into booking.bookings select * from unnest(array[b]);
  perform booking.write_step(b, flow, null, 'customer', 'placed', events => case when b.confirmed_at is null
    then '{booking.placed}'::text[] else '{booking.placed,booking.confirmed}' end);
  if promo_code is not null then perform money.use_promo_code(b, promo_code, service_id); end if;
  return b;
end $$;

CREATE FUNCTION booking.provider_refund_items(b booking.bookings, percent integer) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(jsonb_agg(jsonb_build_object('code', item.value ->> 'code', 'payer', 'provider', 'payee', item.value ->> 'payee',
    'amount', ((item.value ->> 'amount')::bigint * percent * 2 + 100) / 200) order by item.place), '[]')
  from jsonb_array_elements(b.line_items) with ordinality as item (value, place)
  where item.value ->> 'payer' = 'provider'
$$;

CREATE FUNCTION booking.refund_items(b booking.bookings, percent integer) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(jsonb_agg(jsonb_build_object('code', l.item ->> 'code', 'payer', l.item ->> 'payer',
      'payee', l.item ->> 'payee', 'amount', case when l.amount >= 0 then l.back
        else -least(greatest(-l.back, l.all_back - l.total), -l.amount, l.all_back) end)
    order by l.place), '[]')
  from (
    select p.*, (sum(p.back) filter (where p.amount >= 0) over ())::bigint as all_back,
           (sum(p.amount) over ())::bigint as total
    from (
      select item.value as item, item.place, (item.value ->> 'amount')::bigint as amount,
             sign((item.value ->> 'amount')::bigint)::bigint
               * ((abs((item.value ->> 'amount')::bigint) * percent * 2 + 100) / 200) as back
      from jsonb_array_elements(b.line_items) with ordinality as item (value, place)
      where item.value ->> 'payer' = 'customer') as p) as l
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

CREATE FUNCTION booking.release_move(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  delete from booking.reservations r where r.id in (
    select h.id from booking.reservations h where h.booking_id = release_move.booking_id and h.kind = 'hold'
    for update skip locked);
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

CREATE FUNCTION booking.request_move(booking_id uuid, details jsonb, expected_version integer) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; previous booking.bookings; flow booking.flows; at_new_time booking.bookings; until_ timestamptz;
  wanted booking.bookings := jsonb_populate_record(null::booking.bookings, details);
begin
  b := booking.lock_to_move(request_move.booking_id, request_move.expected_version);
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  perform booking.check_move(b, flow, wanted);
  until_ := booking.answer_move_by(b, wanted, (details ->> 'request_timeout')::integer);
  at_new_time := b;
  at_new_time.starts_at := wanted.starts_at;
  at_new_time.ends_at := wanted.ends_at;
  if not booking.hold_beside(b.id, b.resource_id, (details ->> 'capacity')::integer, booking.taken_by(at_new_time), until_) then
    perform app.refuse('reservation_no_overlap');
  end if;
  if b.subject_id is not null
    and not booking.hold_beside(b.id, b.subject_id, 1, tstzrange(wanted.starts_at, wanted.ends_at), until_) then
    perform app.refuse('subject_no_overlap');
  end if;
  previous := b;
  update booking.bookings t set version = t.version + 1,
    move_request = details - 'request_timeout' || jsonb_build_object('id', app.uuid_v7(), 'expires_at', until_)
  where t.id = b.id returning t.* into b;
  perform booking.write_step(b, flow, previous, 'customer', 'move_requested', details => booking.move_wish(b.move_request));
  perform app.emit('booking.move_requested', booking.event_of(b) || booking.move_wish(b.move_request));
  return b;
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
    -- Of what was not owed. A debt that is paid at last is not late.
    if paid and b.status <> all (flow.live) and b.refund_amount = b.total_amount
      and previous.payment_status not in ('processing', 'succeeded') then
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
declare held booking.reservations; taken uuid[]; other integer;
begin
  select r.* into strict held from booking.reservations r
  where r.booking_id = shift.booking_id and r.resource_id = shift.resource_id and r.kind = 'booking';
  perform booking.release_expired(shift.resource_id, shift.during);
  taken := booking.take_beside(held, shift.during, held.kind, null);
  if taken is not null then
    delete from booking.reservations r where r.id = any (taken);
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
    select to_jsonb(b) || jsonb_build_object('timeline', booking.timeline_of(b.id), 'refund', money.refund_of_booking(b.id))
    from booking.bookings t join booking.my_bookings b on b.id = t.id
    where t.id = show_to_staff.booking_id and t.marketplace = app.marketplace();
  if found then perform app.audit('booking.read_by_staff', 'booking', 'bookings', show_to_staff.booking_id::text); end if;
end $$;

CREATE FUNCTION booking.start_clock(b booking.bookings, flow booking.flows) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare due timestamptz := booking.clock_of(b, flow);
begin
  if due is not null then perform app.set_timer('booking.clock', b.id, due); end if;
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

CREATE FUNCTION booking.take(b booking.bookings, capacity integer, kind text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare taken integer;
begin
  perform booking.take_turn(b.resource_id, b.subject_id);
  -- Mostly both are free, and nothing is looked for before it is known to be taken. A plain insert looks for what overlaps once,
  -- `on conflict do nothing` twice; two plain ones would wait for each other, but for their turns.
  begin
    insert into booking.reservations (marketplace, resource_id, unit, booking_id, kind, during, expires_at, created_at)
    select b.marketplace, t.resource_id, 1, b.id, take.kind, t.during, b.expires_at, b.created_at
    from (values (b.resource_id, booking.taken_by(b)), (b.subject_id, tstzrange(b.starts_at, b.ends_at))) as t (resource_id, during)
    where t.resource_id is not null;
    return 1;
  exception when exclusion_violation then
    null;
  end;
  taken := booking.reserve(b.resource_id, take.capacity, booking.taken_by(b), take.kind, b.id, b.expires_at);
  if taken is null then perform app.refuse('reservation_no_overlap'); end if;
  if b.subject_id is not null
    and booking.reserve(b.subject_id, 1, tstzrange(b.starts_at, b.ends_at), take.kind, b.id, b.expires_at) is null then
    perform app.refuse('subject_no_overlap');
  end if;
  return taken;
end $$;

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
    CONSTRAINT reservations_during_check CHECK ((lower_inc(during) AND (NOT upper_inc(during)) AND (NOT upper_inf(during)))),
    CONSTRAINT reservations_expires_at_check CHECK (((kind = 'hold'::text) = (expires_at IS NOT NULL))),
    CONSTRAINT reservations_kind_check CHECK ((kind = ANY ('{hold,booking,block}'::text[]))),
    CONSTRAINT reservations_unit_check CHECK ((unit >= 1))
);

ALTER TABLE ONLY booking.reservations FORCE ROW LEVEL SECURITY;

CREATE FUNCTION booking.take_beside(held booking.reservations, during tstzrange, kind text, expires_at timestamp with time zone) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare piece tstzrange; taken uuid[] := '{}'; new_id uuid;
begin
  for piece in select unnest(tstzmultirange(take_beside.during) - tstzmultirange(held.during)) loop
    insert into booking.reservations as r (marketplace, resource_id, unit, booking_id, kind, during, expires_at)
    values (held.marketplace, held.resource_id, held.unit, held.booking_id, take_beside.kind, piece, take_beside.expires_at)
    on conflict do nothing returning r.id into new_id;
    if not found then
      delete from booking.reservations r where r.id = any (taken);
      return null;
    end if;
    taken := taken || new_id;
  end loop;
  return taken;
end $$;

CREATE FUNCTION booking.take_turn(resource_id uuid, subject_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  -- Mostly nobody else has either. One that it has already it may take again.
  if pg_try_advisory_xact_lock(hashtextextended('turn/' || resource_id, 0))
    and (subject_id is null or pg_try_advisory_xact_lock(hashtextextended('turn/' || subject_id, 0))) then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('turn/' || resource_id, 0));
  if subject_id is not null then perform pg_advisory_xact_lock(hashtextextended('turn/' || subject_id, 0)); end if;
end $$;

CREATE FUNCTION booking.taken_by(b booking.bookings) RETURNS tstzrange
    LANGUAGE sql STABLE
    AS $$
  select tstzrange(b.starts_at - make_interval(secs => b.buffer_before), b.ends_at + make_interval(secs => b.buffer_after))
$$;

CREATE FUNCTION booking.tell_move_ended(b booking.bookings, previous booking.bookings) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare event text := case when booking.asks_to_move(previous) then 'move_ended' else 'move_expired' end;
begin
  insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, event, details)
  values (b.id, b.version, null, 'system', b.status, b.status, event, booking.move_wish(previous.move_request));
  perform app.emit('booking.' || event, booking.event_of(b) || booking.move_wish(previous.move_request));
end $$;

CREATE FUNCTION booking.tick(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; previous booking.bookings; flow booking.flows; timer jsonb; due_at timestamptz;
begin
  perform booking.stop_clock(tick.booking_id);
  -- Locked, so that an answer which arrives at this moment is waited for and then seen.
  select t.* into strict b from booking.bookings t where t.id = tick.booking_id for update;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  if b.move_request is not null and not booking.asks_to_move(b) then b := booking.expire_move(b); end if;
  select n.timer, n.due_at into timer, due_at from booking.next_timer(b, flow) as n;
  if b.expires_at <= app.now() then
    perform booking.expire(b, flow);
  elsif b.expires_at is not null or timer is null or due_at > app.now() then
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
    select booking.refund_items(b, r.percent) || booking.provider_refund_items(b, r.percent) into b.refund_items
    from (select booking.refund_percent(previous, flow, party, b.status) as percent) as r;
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
    cancellation_reason = b.cancellation_reason, move_request = null
  where t.id = b.id returning t.* into b;
  if b.status <> all (flow.live) then
    perform booking.free_time(b.id, coalesce(previous.expires_at, (previous.move_request ->> 'expires_at')::timestamptz));
  else
    if previous.move_request is not null then perform booking.release_move(b.id); end if;
    perform booking.keep_time(b, previous);
  end if;
  perform booking.write_step(b, flow, previous, party, transition.to_status, transition.reason,
    jsonb_strip_nulls(jsonb_build_object('proof', coalesce(transition.proof ->> 'by',
      case when transition.proof is not null then 'position' end), 'distance_m', distance)));
  perform app.emit(coalesce(transition.event, 'booking.' || b.status), booking.event_of(b));
  if previous.move_request is not null then perform booking.tell_move_ended(b, previous); end if;
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
  stay bigint; fee bigint; commission bigint;
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
  commission := round(booking.sum_of(b.line_items, 'provider')::numeric * stay / b.subtotal_amount);
  if commission > 0 then
    b.line_items := b.line_items || jsonb_build_array(
      booking.line('overstay_commission', 'Commission', commission, 'platform') || '{"payer": "provider"}');
  end if;
  b.subtotal_amount := b.subtotal_amount + stay;
  b.fee_amount := b.fee_amount + fee;
  b.total_amount := b.total_amount + stay + fee;
  b.overstay_amount := stay + fee;
  return b;
end $$;

CREATE FUNCTION booking.withdraw_move(booking_id uuid, request_id uuid) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return booking.close_move(booking.lock_move_request(withdraw_move.booking_id, withdraw_move.request_id, 'customer'), 'customer',
    'move_withdrawn');
end $$;

CREATE FUNCTION booking.write_dispatcher() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare calls text;
begin
  select string_agg(format(e'  if %L = any (moments) then\n%s\n  end if;', m.moment, m.calls), e'\n' order by m.place) into calls
  from (
    select h.moment, array_position('{confirmed,started,moved,completed,ended}'::text[], h.moment) as place,
      string_agg(format(case when h.module is null then '    %2$s' else '    if b.module = %1$L then %2$s end if;' end, h.module,
          format('perform %s;', h.handler || case h.takes when 'id' then '(b.id)' else '(b)' end)),
        e'\n' order by h.handler collate "C") as calls
    from booking.step_handlers h group by h.moment) as m;
  execute format(e'create or replace function booking.call_handlers(moments text[], b booking.bookings) returns void\n'
    'language plpgsql as $f$\nbegin\n%s\nend $f$', coalesce(calls, ''));
  return null;
end $_$;

CREATE FUNCTION booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text, event text, reason text DEFAULT NULL::text, details jsonb DEFAULT '{}'::jsonb, events text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  moments text[]; due timestamptz := booking.clock_of(b, flow); moment timestamptz := app.now();
  payload jsonb := case when write_step.events <> '{}' then booking.event_of(b) end;
begin
  -- One statement, since each costs its start: the clock is set as `app.set_timer` does.
  with line as (
    insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, reason, event, details, at)
    values (b.id, b.version, app.actor(), write_step.party, previous.status, b.status, write_step.reason, write_step.event,
            write_step.details, moment)
  ), told as (
    insert into app.outbox (marketplace, type, payload, created_at)
    select b.marketplace, e.type, payload, moment from unnest(write_step.events) as e (type)
  )
  insert into app.timers as t (marketplace, kind, subject_id, due_at, created_at)
  select b.marketplace, 'booking.clock', b.id, due, moment where due is not null
  on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at;
  if payload is not null then
    perform set_config('app.emitted', (current_setting('app.emitted')::integer + cardinality(write_step.events))::text, true);
  end if;
  -- A booking is confirmed before it starts, and what ends it comes last.
  moments := array_remove(array[
    case when b.confirmed_at is not null and previous.confirmed_at is null then 'confirmed' end,
    case when b.started_at is not null and previous.started_at is null then 'started' end,
    case when write_step.event = 'moved' then 'moved' end,
    case when b.completed_at is not null and previous.completed_at is null then 'completed' end,
    case when b.status <> all (flow.live) and previous.status = any (flow.live) then 'ended' end], null);
  if moments <> '{}' then perform booking.call_handlers(moments, b); end if;
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
    file_name character varying(255),
    CONSTRAINT uploads_content_type_check CHECK ((content_type = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'image/webp'::text, 'application/pdf'::text]))),
    CONSTRAINT uploads_file_name_check CHECK (((file_name)::text <> ''::text)),
    CONSTRAINT uploads_photo_check CHECK (((purpose = 'document'::text) OR (content_type <> 'application/pdf'::text))),
    CONSTRAINT uploads_purpose_check CHECK ((purpose = ANY (ARRAY['profile_photo'::text, 'document'::text, 'space_photo'::text, 'review_photo'::text]))),
    CONSTRAINT uploads_settled_at_check CHECK (((settled_at IS NOT NULL) = (status <> 'pending'::text))),
    CONSTRAINT uploads_size_check CHECK (((size >= 1) AND (size <= 10485760))),
    CONSTRAINT uploads_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'stored'::text, 'rejected'::text])))
);

ALTER TABLE ONLY identity.uploads FORCE ROW LEVEL SECURITY;

CREATE FUNCTION identity.announce_upload(purpose text, content_type text, size integer, file_name text) RETURNS identity.uploads
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
  insert into identity.uploads (marketplace, user_id, purpose, content_type, size, file_name)
  values (app.marketplace(), app.actor(), announce_upload.purpose, announce_upload.content_type, announce_upload.size,
    announce_upload.file_name)
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

CREATE FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone, is_right boolean, codes jsonb) RETURNS TABLE(outcome text, attempts_left integer, token jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'create_token') t;
  elsif is_right then
    outcome := 'right';
  else
    outcome := 'wrong_password';
    perform app.audit('auth.token_refused', 'auth', 'users', app.actor()::text);
  end if;
  if outcome <> 'right' then
    return next;
    return;
  end if;
  outcome := 'created';
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from identity.personal_access_tokens t where t.user_id = app.actor()) >= 50 then
    perform app.refuse('too_many_tokens');
  end if;
  insert into identity.personal_access_tokens as t (id, marketplace, user_id, name, token_hash, abilities, expires_at, mfa_at)
  select token_id, app.marketplace(), app.actor(), label, create_access_token.token_hash,
    array(select jsonb_array_elements_text(granted)), ends_at, s.mfa_at
  -- Asked under the lock: a reset that has just ended the session has deleted its tokens, and takes this one too.
  from identity.sessions s
  where s.id = create_access_token.session_id and s.user_id = app.actor() and s.revoked_at is null
  returning jsonb_build_object('id', t.id, 'name', t.name, 'abilities', t.abilities, 'expires_at', t.expires_at,
    'created_at', t.created_at) into token;
  if not found then perform app.refuse('session_ended'); end if;
  -- A code gives no attempts back: whoever reads the mailbox would guess at the second factor for ever.
  if codes is null then perform app.refill('proof:' || app.actor()); end if;
  perform app.audit('auth.token_created', 'auth', 'personal_access_tokens', token_id::text,
    new_values => jsonb_build_object('name', label, 'abilities', granted, 'expires_at', ends_at));
  return next;
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
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return exists (
      select from identity.user_roles r
      -- Looked up for each of the few roles: a join of both would sort them first.
      cross join lateral (
        select from identity.role_permissions p
        where p.marketplace = r.marketplace and p.role = r.role and p.permission = has_permission.permission and p.is_granted offset 0
      ) as granted
      where r.user_id = person_id)
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

CREATE FUNCTION identity.keep_tesla_region(person_id uuid, region text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update identity.tesla_accounts t set region = keep_tesla_region.region
  where t.user_id = keep_tesla_region.person_id and t.region <> keep_tesla_region.region
$$;

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

CREATE FUNCTION identity.show_two_factor(session_id uuid, step bigint, recovery_hash text) RETURNS TABLE(outcome text, fresh_until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  outcome := 'wrong_code';
  if not identity.use_second_factor(app.actor(), step, recovery_hash) then
    perform app.audit('auth.two_factor_failed', 'auth', 'users', app.actor()::text);
    return next;
    return;
  end if;
  update identity.sessions s set mfa_at = app.now() where s.id = show_two_factor.session_id and s.user_id = app.actor();
  perform app.audit('auth.two_factor_shown', 'auth', 'users', app.actor()::text);
  outcome := 'shown';
  fresh_until := app.now() + interval '1 hour';
  return next;
end $$;

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

CREATE FUNCTION money.accounts_for_staff(person_id uuid) RETURNS TABLE(id uuid, kind text, currency text, balance bigint, total_in bigint, total_out bigint, is_active boolean, moved_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if not exists (select from identity.users u where u.id = person_id and u.marketplace = app.marketplace()) then
    perform app.refuse('not_found');
  end if;
  perform app.audit('money.accounts_read', 'money', 'accounts', person_id::text);
  return query
    select a.id, a.kind, a.currency, b.balance, b.total_in, b.total_out, b.is_active, b.moved_at
    from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = person_id and a.marketplace = app.marketplace() order by a.kind, a.currency;
end $$;

CREATE TABLE money.payout_accounts (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    bank_name character varying(100),
    account_name character varying(200),
    last4 character varying(4),
    details_sealed text,
    details_hash text,
    reference character varying(255),
    missing text[] DEFAULT '{}'::text[] NOT NULL,
    disabled_reason character varying(200),
    usable_from timestamp with time zone DEFAULT app.now() NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT payout_accounts_active_check CHECK (((kind <> 'stripe'::text) OR (status <> 'active'::text) OR (reference IS NOT NULL))),
    CONSTRAINT payout_accounts_bank_check CHECK (((kind <> 'bank'::text) OR (status = 'removed'::text) OR (details_sealed IS NOT NULL))),
    CONSTRAINT payout_accounts_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT payout_accounts_kind_check CHECK ((kind = ANY (ARRAY['bank'::text, 'stripe'::text]))),
    CONSTRAINT payout_accounts_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'restricted'::text, 'removed'::text])))
);

ALTER TABLE ONLY money.payout_accounts FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.add_payout_account(account jsonb) RETURNS SETOF money.payout_accounts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare added money.payout_accounts; wait interval;
begin
  perform from identity.users u where u.id = app.actor() for update;
  if (select count(*) from money.payout_accounts a where a.user_id = app.actor() and a.status <> 'removed') >= 5 then
    perform app.refuse('too_many_payout_accounts');
  end if;
  wait := make_interval(hours => coalesce((app.setting('payout_account_hold_hours') #>> '{}')::integer, 24));
  insert into money.payout_accounts (id, marketplace, user_id, kind, country, currency, status, bank_name, account_name, last4,
    details_sealed, details_hash, usable_from)
  values ((account ->> 'id')::uuid, app.marketplace(), app.actor(), 'bank', account ->> 'country', account ->> 'currency', 'active',
    account ->> 'bank_name', account ->> 'account_name', account ->> 'last4', account ->> 'details_sealed',
    account ->> 'details_hash', app.now() + wait)
  returning * into added;
  perform money.tell_of_payout_account(added);
  return next added;
end $$;

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
  where t.payment_id = p.id and t.status = 'captured' and t.captured_amount > 0
    and (p.status = 'cancelled' or p.settled_at is not null and p.captured_amount = 0 or not t.is_current)
  on conflict (attempt_id) where reason = 'paid_too_late' and replaces is null do nothing;

  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current;
  next_status := money.status_by_attempt(p, a);
  if next_status <> p.status and exists (
    select from money.status_changes c
    where c.subject = 'payments' and c.from_status = p.status and c.to_status = next_status) then
    update money.payments t set status = next_status,
      captured_amount = case when a.status = 'captured' then a.captured_amount else 0 end
    where t.id = p.id;
    if next_status = 'cancelled' then perform money.give_back_parts(p); end if;
    perform money.tell_subject(p, next_status);
    select t.* into strict p from money.payments t where t.id = p.id;
    perform app.emit('payment.' || p.status, jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id,
      'purpose', p.purpose, 'subject_id', p.subject_id, 'user_id', p.payer_id, 'amount', p.amount, 'currency', p.currency));
  end if;
  if p.due_amount is not null and (p.status in ('succeeded', 'partially_refunded', 'refunded') or money.is_lost(p, a)) then
    perform money.settle_payment(p);
  end if;
  perform money.share_debt(p);
  perform money.watch_payment(p.id);
end $$;

CREATE FUNCTION money.amount_text(amount bigint, currency text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare digits integer := (select c.exponent from money.currencies c where c.code = amount_text.currency);
begin
  return round(amount::numeric / 10::numeric ^ digits, digits)::text || ' ' || currency;
end $$;

CREATE FUNCTION money.ask_for_payout(payout_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payout.work_due', jsonb_build_object('payout_id', p.id))
  from money.payouts p join money.payout_accounts a on a.id = p.payout_account_id
  where p.id = ask_for_payout.payout_id and (a.kind = 'stripe' or p.status in ('processing', 'paid') and p.sent_by = 'razorpayx'
    or p.status = 'pending' and money.has_bank_rail());
end $$;

CREATE FUNCTION money.ask_for_work(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.work_due', jsonb_build_object('payment_id', ask_for_work.payment_id));
end $$;

CREATE FUNCTION money.ask_last_payout() RETURNS TABLE(currency text, balance bigint, owed_amount bigint, asked_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare account uuid; mark money.payout_marks;
begin
  select a.id, m.currency into account, currency
  from app.marketplaces m left join money.accounts a
    on a.marketplace = m.slug and a.owner_id = app.actor() and a.kind = 'provider_payable' and a.currency = m.currency
  where m.slug = app.marketplace();
  insert into money.payout_marks (account_id) select account where account is not null on conflict do nothing;
  select k.* into mark from money.payout_marks k where k.account_id = account for update;
  select b.balance into balance from money.balances b where b.account_id = account;
  owed_amount := money.owed_by(app.actor(), currency);
  if (balance - owed_amount > money.payout_fee()) is not true then perform app.refuse('nothing_to_pay_out'); end if;
  if money.payout_account_of(app.actor(), currency) is null then perform app.refuse('no_payout_account'); end if;
  if not mark.is_final then
    if mark.final_at > app.now() - interval '90 days' then perform app.refuse('last_payout_taken'); end if;
    update money.payout_marks k set is_final = true, final_at = app.now() where k.account_id = account returning k.* into mark;
    perform app.audit('money.last_payout_asked', 'money', 'accounts', account::text, new_values => jsonb_build_object('balance', balance));
  end if;
  asked_at := mark.final_at;
  return next;
end $$;

CREATE TABLE money.subscription_charges (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    subscription_id uuid NOT NULL,
    kind text NOT NULL,
    plan character varying(40) NOT NULL,
    currency text NOT NULL,
    price bigint NOT NULL,
    credit bigint DEFAULT 0 NOT NULL,
    amount bigint GENERATED ALWAYS AS ((price - credit)) STORED NOT NULL,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    tries smallint DEFAULT 0 NOT NULL,
    is_due boolean DEFAULT false NOT NULL,
    claimed_until timestamp with time zone,
    status text DEFAULT 'open'::text NOT NULL,
    payment_id uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT subscription_charges_credit_check CHECK (((credit >= 0) AND (credit < price))),
    CONSTRAINT subscription_charges_due_check CHECK (((NOT is_due) OR ((status = 'open'::text) AND (kind = 'renewal'::text)))),
    CONSTRAINT subscription_charges_kind_check CHECK ((kind = ANY (ARRAY['start'::text, 'renewal'::text, 'change'::text]))),
    CONSTRAINT subscription_charges_paid_check CHECK ((((status = ANY (ARRAY['paid'::text, 'refunded'::text])) = (payment_id IS NOT NULL)) AND ((status <> 'paid'::text) OR (period_start IS NOT NULL)))),
    CONSTRAINT subscription_charges_period_check CHECK ((((period_start IS NULL) = (period_end IS NULL)) AND (period_start <= period_end))),
    CONSTRAINT subscription_charges_status_check CHECK ((status = ANY (ARRAY['open'::text, 'paid'::text, 'void'::text, 'refunded'::text])))
);

ALTER TABLE ONLY money.subscription_charges FORCE ROW LEVEL SECURITY;

CREATE TABLE money.subscriptions (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    plan character varying(40) NOT NULL,
    role character varying(40) NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    anchor_at timestamp with time zone,
    anchored_months integer DEFAULT 0 NOT NULL,
    current_period_start timestamp with time zone,
    current_period_end timestamp with time zone,
    cancel_at_period_end boolean DEFAULT false NOT NULL,
    next_plan character varying(40),
    ended_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT subscriptions_amount_check CHECK ((amount > 0)),
    CONSTRAINT subscriptions_anchored_months_check CHECK ((anchored_months >= 0)),
    CONSTRAINT subscriptions_begun_check CHECK ((((anchor_at IS NULL) = (current_period_start IS NULL)) AND ((anchor_at IS NULL) = (current_period_end IS NULL)) AND ((anchor_at IS NOT NULL) OR (status = ANY (ARRAY['pending'::text, 'cancelled'::text]))))),
    CONSTRAINT subscriptions_ended_check CHECK (((status = ANY (ARRAY['cancelled'::text, 'expired'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT subscriptions_period_check CHECK ((current_period_start < current_period_end)),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'past_due'::text, 'cancelled'::text, 'expired'::text])))
);

ALTER TABLE ONLY money.subscriptions FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.ask_renewal(s money.subscriptions) RETURNS money.subscription_charges
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare c money.subscription_charges;
begin
  insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price, period_start, period_end)
  select s.marketplace, s.id, 'renewal', p.code, p.currency, p.amount, s.current_period_end,
         money.period_bound(s.anchor_at, money.zone(), s.anchored_months + p.months)
  from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(s.next_plan, s.plan)
  returning * into c;
  perform money.tell_subscriber('subscription.renewal_due', s.id);
  return c;
end $$;

CREATE FUNCTION money.ask_subscriber(subscription_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.subscription_charges c set is_due = false
  where c.subscription_id = ask_subscriber.subscription_id and c.status = 'open' and c.is_due
    and c.marketplace = app.marketplace();
  if found then perform money.tell_subscriber('subscription.payment_due', ask_subscriber.subscription_id); end if;
end $$;

CREATE FUNCTION money.ask_to_collect(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.collection_due', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id))
  from money.payments p where p.id = ask_to_collect.payment_id and p.booking_id is not null;
end $$;

CREATE FUNCTION money.ask_to_collect_debt(person_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.collection_due', jsonb_build_object('booking_id', null, 'user_id', person_id));
end $$;

CREATE FUNCTION money.ask_to_share_debts(person_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.ask_for_work(p.id) from money.payments p
  where p.payer_id = person_id and p.owed_through is not null and p.collected_at is null and money.is_repaid(p);
end $$;

CREATE FUNCTION money.begin_period(s money.subscriptions, c money.subscription_charges) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare months integer := money.months_of(c.marketplace, c.plan);
begin
  update money.subscriptions t set status = 'active', plan = c.plan, amount = c.price, next_plan = null,
    role = (select p.role from money.plans p where p.marketplace = c.marketplace and p.code = c.plan),
    anchor_at = case c.kind when 'renewal' then s.anchor_at else c.period_start end,
    anchored_months = case c.kind when 'renewal' then s.anchored_months else 0 end + months,
    current_period_start = c.period_start, current_period_end = c.period_end
  where t.id = s.id;
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

CREATE FUNCTION money.build_payouts(run_id uuid, batch integer) RETURNS TABLE(looked_at integer, built integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  r money.payout_runs; accounts uuid[]; prefix text; made uuid[];
  least_amount bigint := coalesce((app.setting('payout_minimum_amount') #>> '{}')::bigint, 0);
  fee bigint := money.payout_fee();
begin
  -- Of two Lambdas that build at once the second goes on where the first has ended.
  select t.* into r from money.payout_runs t
  where t.id = build_payouts.run_id and t.marketplace = app.marketplace() and t.finished_at is null for update;
  if not found then return query select 0, 0; return; end if;
  select array_agg(t.id order by t.id) into accounts from (
    select a.id from money.accounts a
    where a.marketplace = r.marketplace and a.kind = 'provider_payable' and (r.through is null or a.id > r.through)
    order by a.id limit batch) as t;
  if accounts is null then
    update money.payout_runs t set finished_at = app.now() where t.id = r.id;
    return query select 0, 0;
    return;
  end if;
  insert into money.payout_marks (account_id) select unnest(accounts) on conflict do nothing;
  perform from money.payout_marks m where m.account_id = any (accounts) order by m.account_id for update;
  select m.booking_prefix into prefix from app.marketplaces m where m.slug = r.marketplace;

  with chosen as materialized (
    select a.id as account_id, a.owner_id, a.currency, w.payout_account_id, m.through, m.is_final, coalesce(-o.balance, 0) as owed
    from money.accounts a
    join money.balances b on b.account_id = a.id and b.balance > 0 and b.is_active
    join money.payout_marks m on m.account_id = a.id
    cross join lateral (select money.payout_account_of(a.owner_id, a.currency) as payout_account_id) as w
    left join money.accounts d on d.owner_id = a.owner_id and d.kind = 'receivable' and d.currency = a.currency
    left join money.balances o on o.account_id = d.id
    where a.id = any (accounts) and w.payout_account_id is not null),
  earned as materialized (
    select e.* from (
      select o.*, row_number() over (partition by o.kind, coalesce(o.booking_id, o.transfer_id) order by o.number) as place
      from (select array_agg(c.account_id) as ids, array_agg(c.through) as marks from chosen c) as c
      cross join lateral money.earnings_of(c.ids, c.marks) as o
      -- What was given back since then is taken off all the same.
      where o.earned_at < r.ends_at or o.amount < 0) as e
    where not exists (
      select from money.payout_items i where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live)
      -- A booking whose earnings are in a payout is not paid a second time: `bookings_paid_once` tells.
      and (e.kind <> 'earning' or e.place = 1 and not exists (
        select from money.payout_items i where i.booking_id = e.booking_id and i.is_live and i.kind = 'earning'))),
  summed as (
    select c.*, s.gross, s.commission, s.amount from chosen c join (
      select e.account_id, sum(e.gross_amount)::bigint as gross, sum(e.commission_amount)::bigint as commission,
             sum(e.amount)::bigint as amount
      from earned e group by 1) as s on s.account_id = c.account_id
    -- What only pays what the provider owes is taken whatever it comes to.
    where s.amount > 0 and (s.amount <= c.owed
      or s.amount - c.owed - fee >= case when c.is_final then 1 else greatest(least_amount, 1) end)),
  built as (
    insert into money.payouts (marketplace, reference_number, provider_id, account_id, payout_account_id, run_id, period_start,
      period_end, currency, gross_amount, commission_amount, amount)
    select r.marketplace, prefix || '-PO-' || extract(year from r.period_end) || '-'
             || lpad(nextval('money.payout_numbers')::text, 6, '0'),
           s.owner_id, s.account_id, s.payout_account_id, r.id, r.period_start, r.period_end, s.currency, s.gross, s.commission,
           s.amount
    from summed s
    on conflict (account_id, period_end) where status <> 'cancelled' do nothing
    returning id, account_id),
  itemised as (
    insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount,
      commission_amount, amount, earned_at)
    select r.marketplace, b.id, e.transfer_id, e.account_id, e.booking_id, e.kind, e.gross_amount, e.commission_amount, e.amount,
           e.earned_at
    from built b join earned e on e.account_id = b.account_id order by e.account_id, e.number)
  select array_agg(b.id) into made from built b;

  update money.payout_marks m set is_final = false from money.payouts p
  where p.id = any (made) and m.account_id = p.account_id and m.is_final;
  perform money.move_mark(p.account_id) from money.payouts p where p.id = any (made);
  perform money.ask_for_payout(p.id) from money.payouts p where p.id = any (made);
  update money.payout_runs t set through = accounts[cardinality(accounts)], payouts = t.payouts + coalesce(cardinality(made), 0)
  where t.id = r.id;
  return query select cardinality(accounts), coalesce(cardinality(made), 0);
end $$;

CREATE TABLE money.orders (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    description character varying(200) NOT NULL,
    bolt_checkout_id character varying(255),
    amount bigint NOT NULL,
    currency text NOT NULL,
    setup_fee_applied bigint DEFAULT 0 NOT NULL,
    items jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    cancelled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT orders_amount_check CHECK ((amount > 0)),
    CONSTRAINT orders_description_check CHECK ((btrim((description)::text) <> ''::text)),
    CONSTRAINT orders_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT orders_setup_fee_applied_check CHECK (((setup_fee_applied >= 0) AND (setup_fee_applied <= amount))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'refunded'::text])))
);

ALTER TABLE ONLY money.orders FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.cancel_order(order_id uuid) RETURNS SETOF money.orders
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare o money.orders; p money.payments;
begin
  perform money.lock_subject('order', cancel_order.order_id);
  select t.* into p from money.payments t where t.purpose = 'order' and t.subject_id = cancel_order.order_id
    and t.status in ('pending', 'processing', 'authorized', 'failed') for update;
  select t.* into o from money.orders t where t.id = cancel_order.order_id and t.user_id = app.actor() for update;
  if o.id is null then perform app.refuse('not_found'); end if;
  if o.status not in ('pending', 'failed') or o.cancelled_at is not null then perform app.refuse('order_not_cancellable'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  if p.id is not null then perform money.drop_payment(p); end if;
  return query
    update money.orders t set cancelled_at = app.now(), status = 'failed', setup_fee_applied = 0,
      amount = t.amount - t.setup_fee_applied,
      items = (select coalesce(jsonb_agg(i), '[]') from jsonb_array_elements(t.items) as i where i ->> 'code' <> 'setup_fee')
    where t.id = o.id returning t.*;
end $$;

CREATE TABLE money.payouts (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    reference_number character varying(50) NOT NULL,
    provider_id uuid NOT NULL,
    account_id uuid NOT NULL,
    payout_account_id uuid NOT NULL,
    run_id uuid,
    batch_id uuid,
    period_start date,
    period_end date,
    currency text NOT NULL,
    gross_amount bigint NOT NULL,
    commission_amount bigint NOT NULL,
    netted_amount bigint DEFAULT 0 NOT NULL,
    fee_amount bigint DEFAULT 0 NOT NULL,
    amount bigint NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    is_held boolean DEFAULT false NOT NULL,
    held_reason character varying(200),
    attempts integer DEFAULT 0 NOT NULL,
    transfer_reference character varying(255),
    payout_reference character varying(255),
    processed_at timestamp with time zone,
    paid_at timestamp with time zone,
    failed_at timestamp with time zone,
    failure_code character varying(100),
    failure_message character varying(500),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    sent_by text,
    kind text DEFAULT 'earnings'::text NOT NULL,
    topped_up_amount bigint DEFAULT 0 NOT NULL,
    is_cleared boolean DEFAULT false NOT NULL,
    rail_fee bigint,
    CONSTRAINT payouts_amount_check CHECK ((amount >= 0)),
    CONSTRAINT payouts_failed_check CHECK (((status <> 'failed'::text) OR (failed_at IS NOT NULL))),
    CONSTRAINT payouts_kind_check CHECK ((kind = ANY (ARRAY['earnings'::text, 'withdrawal'::text]))),
    CONSTRAINT payouts_paid_check CHECK (((status = 'paid'::text) = (paid_at IS NOT NULL))),
    CONSTRAINT payouts_rail_fee_check CHECK ((rail_fee >= 0)),
    CONSTRAINT payouts_run_check CHECK ((num_nulls(run_id, period_start, period_end) =
CASE kind
    WHEN 'earnings'::text THEN 0
    ELSE 3
END)),
    CONSTRAINT payouts_sent_by_check CHECK ((sent_by = ANY (ARRAY['stripe'::text, 'razorpayx'::text, 'staff'::text]))),
    CONSTRAINT payouts_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'paid'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT payouts_sum_check CHECK ((amount = (((gross_amount - commission_amount) - netted_amount) - fee_amount))),
    CONSTRAINT payouts_topped_up_check CHECK (((topped_up_amount >= 0) AND ((kind = 'withdrawal'::text) OR (topped_up_amount = 0))))
);

ALTER TABLE ONLY money.payouts FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.cancel_payout(p money.payouts) RETURNS money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if p.kind = 'withdrawal' then perform money.return_withdrawal(p); end if;
  update money.payout_items i set is_live = false where i.payout_id = p.id and i.is_live;
  update money.payout_marks m set through = least(m.through, (
    select min(e.number) - 1 from money.payout_items i
    join money.entries e on e.transfer_id = i.transfer_id and e.account_id = i.account_id where i.payout_id = p.id))
  where m.account_id = p.account_id;
  update money.payouts t set status = 'cancelled' where t.id = p.id returning t.* into p;
  return p;
end $$;

CREATE TABLE money.plans (
    marketplace text NOT NULL,
    code character varying(40) NOT NULL,
    role character varying(40) NOT NULL,
    name character varying(100) NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    months smallint NOT NULL,
    benefits text[] DEFAULT '{}'::text[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    CONSTRAINT plans_amount_check CHECK ((amount > 0)),
    CONSTRAINT plans_code_check CHECK (((code)::text ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT plans_months_check CHECK (((months >= 1) AND (months <= 36))),
    CONSTRAINT plans_name_check CHECK ((btrim((name)::text) <> ''::text))
);

ALTER TABLE ONLY money.plans FORCE ROW LEVEL SECURITY;

CREATE VIEW money.shown_subscriptions WITH (security_invoker='true') AS
 SELECT s.id,
    s.user_id,
    s.plan,
    p.name,
    s.role,
    s.status,
    s.currency,
    s.amount,
    p.months,
    p.benefits,
    s.current_period_start,
    s.current_period_end,
    s.cancel_at_period_end,
    s.next_plan,
        CASE
            WHEN ((s.status = ANY (ARRAY['active'::text, 'past_due'::text])) AND (NOT s.cancel_at_period_end)) THEN COALESCE(
            CASE
                WHEN (c.kind = 'renewal'::text) THEN c.price
                ELSE NULL::bigint
            END, n.amount)
            ELSE NULL::bigint
        END AS next_amount,
    c.amount AS amount_due,
    s.ended_at,
    s.created_at,
    s.updated_at
   FROM (((money.subscriptions s
     JOIN money.plans p ON (((p.marketplace = s.marketplace) AND ((p.code)::text = (s.plan)::text))))
     JOIN money.plans n ON (((n.marketplace = s.marketplace) AND ((n.code)::text = (COALESCE(s.next_plan, s.plan))::text))))
     LEFT JOIN money.subscription_charges c ON (((c.subscription_id = s.id) AND (c.status = 'open'::text))));

CREATE FUNCTION money.cancel_subscription(subscription_id uuid) RETURNS SETOF money.shown_subscriptions
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions := money.take_subscription(subscription_id);
begin
  if money.is_being_paid(s.id) then perform app.refuse('payment_in_progress'); end if;
  perform money.drop_charge(s.id);
  if s.status <> 'active' or s.current_period_end <= app.now() then
    perform money.end_subscription(s.id, 'cancelled');
  elsif not s.cancel_at_period_end then
    update money.subscriptions t set cancel_at_period_end = true, next_plan = null where t.id = s.id;
    perform money.tell_subscriber('subscription.ending', s.id);
    perform money.tend_subscription(s.id);
  end if;
  return query select v.* from money.shown_subscriptions v where v.id = s.id;
end $$;

CREATE FUNCTION money.cancel_withdrawal(payout_id uuid) RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts;
begin
  p := money.lock_payout(cancel_withdrawal.payout_id);
  if p.id is null or p.provider_id <> app.actor() or p.kind <> 'withdrawal' then perform app.refuse('not_found'); end if;
  if p.status not in ('pending', 'failed') then perform app.refuse('transition_not_allowed'); end if;
  p := money.cancel_payout(p);
  perform app.audit('money.withdrawal_cancelled', 'money', 'payouts', p.id::text);
  return next money.shown_payout(p);
end $$;

CREATE FUNCTION money.next_transaction_number() RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select 'TXN-' || extract(year from app.now() at time zone 'UTC') || '-' || lpad(n::text, greatest(6, length(n::text)), '0')
  from nextval('money.transaction_numbers') as n
$$;

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
    subject_id uuid,
    cash_amount bigint DEFAULT 0 NOT NULL,
    cash_received_at timestamp with time zone,
    number character varying(20) DEFAULT money.next_transaction_number() NOT NULL,
    authorized_at timestamp with time zone,
    captured_at timestamp with time zone,
    failed_at timestamp with time zone,
    refunded_at timestamp with time zone,
    settled_at timestamp with time zone,
    owed_through bigint,
    collected_at timestamp with time zone,
    CONSTRAINT payments_amount_check CHECK ((amount > 0)),
    CONSTRAINT payments_booking_check CHECK (((purpose = 'booking'::text) = (booking_id IS NOT NULL))),
    CONSTRAINT payments_capture_check CHECK ((capture = ANY (ARRAY['now'::text, 'later'::text]))),
    CONSTRAINT payments_captured_amount_check CHECK ((captured_amount >= 0)),
    CONSTRAINT payments_cash_amount_check CHECK ((cash_amount >= 0)),
    CONSTRAINT payments_cash_check CHECK (((cash_amount = 0) OR ((gateway_amount = 0) AND (purpose = 'booking'::text)))),
    CONSTRAINT payments_collected_check CHECK (((collected_at IS NULL) OR (owed_through IS NOT NULL))),
    CONSTRAINT payments_credits_amount_check CHECK ((credits_amount >= 0)),
    CONSTRAINT payments_description_check CHECK ((btrim((description)::text) <> ''::text)),
    CONSTRAINT payments_due_amount_check CHECK ((due_amount >= 0)),
    CONSTRAINT payments_due_check CHECK (((due_amount IS NULL) = (due_items IS NULL))),
    CONSTRAINT payments_gateway_amount_check CHECK ((gateway_amount >= 0)),
    CONSTRAINT payments_parts_check CHECK ((amount = (((wallet_amount + credits_amount) + gateway_amount) + cash_amount))),
    CONSTRAINT payments_refunded_amount_check CHECK ((refunded_amount >= 0)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'authorized'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'partially_refunded'::text, 'refunded'::text]))),
    CONSTRAINT payments_subject_check CHECK (((subject_id IS NULL) = (booking_id IS NOT NULL))),
    CONSTRAINT payments_wallet_amount_check CHECK ((wallet_amount >= 0))
);

ALTER TABLE ONLY money.payments FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.cash_entries(p money.payments) RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare provider uuid; earned bigint; netted bigint;
begin
  if p.cash_amount = 0 then return; end if;
  select b.provider_id into strict provider from booking.bookings b where b.id = p.booking_id;
  select coalesce(sum(case when i ->> 'payee' = 'provider' then (i ->> 'amount')::bigint else -(i ->> 'amount')::bigint end), 0)
  into earned from jsonb_array_elements(p.due_items) as i where 'provider' in (i ->> 'payee', i ->> 'payer');
  -- A payout may have netted it already.
  netted := least(p.cash_amount, earned, -money.holding(provider, 'receivable', p.currency));
  if netted <= 0 then return; end if;
  perform money.tell_repaid(provider);
  return next jsonb_build_object('account', 'receivable', 'user_id', provider, 'amount', netted);
  return next jsonb_build_object('account', 'provider_payable', 'user_id', provider, 'amount', -netted);
end $$;

CREATE TABLE money.promo_codes (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    code character varying(50) NOT NULL,
    discount_type text NOT NULL,
    discount_value bigint NOT NULL,
    currency text NOT NULL,
    max_discount_amount bigint,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    usage_limit integer,
    usage_count integer DEFAULT 0 NOT NULL,
    per_user_limit integer DEFAULT 1 NOT NULL,
    min_booking_amount bigint,
    applicable_service_ids jsonb,
    applicable_provider_ids jsonb,
    applicable_resource_ids jsonb,
    new_customers_only boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT promo_codes_applicable_check CHECK (((jsonb_typeof(COALESCE(applicable_service_ids, '[]'::jsonb)) = 'array'::text) AND (jsonb_typeof(COALESCE(applicable_provider_ids, '[]'::jsonb)) = 'array'::text) AND (jsonb_typeof(COALESCE(applicable_resource_ids, '[]'::jsonb)) = 'array'::text))),
    CONSTRAINT promo_codes_code_check CHECK (((code)::text ~ '^[A-Z0-9][A-Z0-9_-]{2,49}$'::text)),
    CONSTRAINT promo_codes_discount_type_check CHECK ((discount_type = ANY (ARRAY['percentage'::text, 'fixed_amount'::text]))),
    CONSTRAINT promo_codes_discount_value_check CHECK (((discount_value > 0) AND ((discount_type <> 'percentage'::text) OR (discount_value <= 10000)))),
    CONSTRAINT promo_codes_max_discount_amount_check CHECK (((max_discount_amount > 0) AND ((discount_type = 'percentage'::text) OR (max_discount_amount IS NULL)))),
    CONSTRAINT promo_codes_min_booking_amount_check CHECK ((min_booking_amount >= 0)),
    CONSTRAINT promo_codes_per_user_limit_check CHECK ((per_user_limit > 0)),
    CONSTRAINT promo_codes_usage_count_check CHECK (((usage_count >= 0) AND COALESCE((usage_count <= usage_limit), true))),
    CONSTRAINT promo_codes_usage_limit_check CHECK ((usage_limit > 0)),
    CONSTRAINT promo_codes_validity_check CHECK ((valid_until > valid_from))
);

ALTER TABLE ONLY money.promo_codes FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.change_promo_code(promo_code_id uuid, changes jsonb) RETURNS money.promo_codes
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare earlier money.promo_codes; wanted money.promo_codes; promo money.promo_codes;
begin
  select p.* into earlier from money.promo_codes p
  where p.id = change_promo_code.promo_code_id and p.marketplace = app.marketplace() for no key update;
  if not found then perform app.refuse('not_found'); end if;
  wanted := jsonb_populate_record(earlier, changes);
  update money.promo_codes p set discount_type = wanted.discount_type, discount_value = wanted.discount_value,
    max_discount_amount = wanted.max_discount_amount, valid_from = wanted.valid_from, valid_until = wanted.valid_until,
    usage_limit = wanted.usage_limit, per_user_limit = wanted.per_user_limit, min_booking_amount = wanted.min_booking_amount,
    applicable_service_ids = money.ids_of(wanted.applicable_service_ids),
    applicable_provider_ids = money.ids_of(wanted.applicable_provider_ids),
    applicable_resource_ids = money.ids_of(wanted.applicable_resource_ids), new_customers_only = wanted.new_customers_only,
    is_active = wanted.is_active
  where p.id = earlier.id returning p.* into promo;
  perform app.audit('money.promo_code_changed', 'money', 'promo_codes', promo.id::text, old_values => to_jsonb(earlier),
    new_values => to_jsonb(promo));
  return promo;
end $$;

CREATE FUNCTION money.change_subscription(subscription_id uuid, wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s money.subscriptions := money.take_subscription(subscription_id); plan_ money.plans := money.check_change(s, wish ->> 'plan');
  terms jsonb := money.price_change(s, plan_); c money.subscription_charges; opened jsonb := '{"payment": null, "charge": null}';
begin
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  -- Asked again for the same it goes on with the try that is under way.
  if not (c.kind = 'change' and c.plan = plan_.code and c.price = plan_.amount and c.created_at > app.now() - interval '1 hour') then
    if money.is_being_paid(s.id) then perform app.refuse('payment_in_progress'); end if;
    perform money.drop_charge(s.id);
    c := null;
  end if;
  if not (terms ->> 'is_immediate')::boolean then
    update money.subscriptions t set next_plan = nullif(plan_.code, s.plan) where t.id = s.id;
    perform money.tell_subscriber('subscription.change_planned', s.id);
  else
    if c.id is null then
      insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price, credit, period_start,
        period_end)
      values (s.marketplace, s.id, 'change', plan_.code, s.currency, plan_.amount, (terms ->> 'credit')::bigint,
        (terms ->> 'starts_at')::timestamptz, (terms ->> 'ends_at')::timestamptz);
    end if;
    opened := money.open_payment(wish || jsonb_build_object('purpose', 'subscription', 'subject_id', s.id));
  end if;
  perform money.tend_subscription(s.id);
  return opened || jsonb_build_object('subject', money.shown_subscription(s.id));
end $$;

CREATE FUNCTION money.check_change(s money.subscriptions, plan text) RETURNS money.plans
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare plan_ money.plans := money.offered_plan(plan);
begin
  if s.status <> 'active' or s.current_period_end <= app.now() then perform app.refuse('subscription_not_active'); end if;
  if s.cancel_at_period_end then perform app.refuse('subscription_ending'); end if;
  if plan_.code = coalesce(s.next_plan, s.plan) then perform app.refuse('same_plan'); end if;
  if plan_.role <> s.role and money.is_subscribed(s.user_id, plan_.role, s.id) then perform app.refuse('already_subscribed'); end if;
  if exists (
    select from money.subscription_charges c
    where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_end) then
    perform app.refuse('renewal_paid');
  end if;
  return plan_;
end $$;

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

CREATE FUNCTION money.choose_default(person_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.payment_methods m set is_default = true
  where m.id = (select n.id from money.payment_methods n where n.user_id = choose_default.person_id and n.removed_at is null
                order by n.id desc limit 1)
    and not exists (select from money.payment_methods d where d.user_id = choose_default.person_id and d.is_default)
$$;

CREATE FUNCTION money.claim_leaving_customers(batch integer) RETURNS TABLE(id uuid, marketplace text, gateway text, reference character varying)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.gateway_customers c set asked_at = app.now()
  where c.id in (
    select t.id from money.gateway_customers t
    where t.user_id is null and (t.asked_at is null or t.asked_at <= app.now() - interval '55 minutes')
    order by t.asked_at nulls first limit batch for update skip locked)
  returning c.id, c.marketplace, c.gateway, c.reference
$$;

CREATE FUNCTION money.claim_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare busy boolean;
begin
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id)) from money.payments p
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

CREATE FUNCTION money.claim_payout(payout_id uuid, sends_to_banks boolean) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts; a money.payout_accounts;
begin
  p := money.lock_payout(claim_payout.payout_id);
  if p.status = 'pending' and not p.is_held and exists (select from money.payout_accounts t
    where t.id = money.payout_account_of(p.provider_id, p.currency)
      and (t.kind = 'stripe' or sends_to_banks and money.has_bank_rail())) then
    p := money.start_payout(p, 'razorpayx');
  end if;
  if p.id is null or p.status not in ('processing', 'paid') or p.amount = 0 or p.sent_by = 'staff' then return null; end if;
  select t.* into strict a from money.payout_accounts t where t.id = p.payout_account_id;
  return jsonb_build_object('payout_id', p.id, 'sent_by', p.sent_by, 'destination', a.reference, 'amount', p.amount,
    'currency', p.currency, 'key', p.id || '-' || p.attempts, 'attempt', p.attempts, 'number', p.reference_number,
    'transfer_reference', p.transfer_reference, 'payout_reference', p.payout_reference,
    'account', jsonb_build_object('id', a.id, 'name', a.account_name, 'details_sealed', a.details_sealed));
end $$;

CREATE FUNCTION money.claim_renewals(batch integer) RETURNS SETOF jsonb
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with due as (
    select c.id from money.subscription_charges c
    where c.is_due and c.status = 'open' and c.marketplace = app.marketplace()
      and (c.claimed_until is null or c.claimed_until <= app.now()) and not money.is_being_paid(c.subscription_id)
    order by c.id limit batch for update skip locked
  ), claimed as (
    update money.subscription_charges c set claimed_until = app.now() + interval '5 minutes'
    from due where c.id = due.id returning c.subscription_id
  )
  -- A method that has gone since is found missing.
  select jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id, 'gateway', m.gateway, 'method_id', m.id)
  from claimed d join money.subscriptions s on s.id = d.subscription_id, lateral money.default_method(s.user_id) as m
$$;

CREATE FUNCTION money.count_refunds(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; total bigint; next_status text;
begin
  select t.* into strict p from money.payments t where t.id = count_refunds.payment_id;
  select coalesce(sum(r.amount), 0) into total from money.refunds r
  where r.payment_id = p.id and r.reason <> 'paid_too_late' and r.status = 'succeeded';
  if total = p.refunded_amount or p.status not in ('succeeded', 'partially_refunded', 'refunded') then return; end if;
  next_status := case when total = 0 then 'succeeded'
    when total >= p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount then 'refunded' else 'partially_refunded' end;
  update money.payments t set refunded_amount = total, status = next_status where t.id = p.id returning t.* into p;
  perform app.emit('refund.changed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'refunded_amount', total, 'currency', p.currency, 'status', next_status));
  perform money.tell_subject(p, next_status);
end $$;

CREATE FUNCTION money.covered_until(subject_id uuid, benefit text DEFAULT NULL::text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare until timestamptz; pass record;
begin
  for pass in
    select p.starts_at, p.expires_at from money.listing_passes p
    where p.subject_id = covered_until.subject_id and p.marketplace = app.marketplace() and p.status = 'active'
      and p.expires_at > app.now() and (benefit is null or benefit = any (p.benefits))
    order by p.starts_at
  loop
    exit when pass.starts_at > coalesce(until, app.now());
    until := greatest(until, pass.expires_at);
  end loop;
  return until;
end $$;

CREATE FUNCTION money.create_promo_code(facts jsonb) RETURNS money.promo_codes
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare promo money.promo_codes := jsonb_populate_record(null::money.promo_codes, facts);
begin
  insert into money.promo_codes (marketplace, code, discount_type, discount_value, currency, max_discount_amount, valid_from,
    valid_until, usage_limit, per_user_limit, min_booking_amount, applicable_service_ids, applicable_provider_ids,
    applicable_resource_ids, new_customers_only)
  select m.slug, promo.code, promo.discount_type, promo.discount_value, m.currency, promo.max_discount_amount, promo.valid_from,
         promo.valid_until, promo.usage_limit, promo.per_user_limit, promo.min_booking_amount,
         money.ids_of(promo.applicable_service_ids), money.ids_of(promo.applicable_provider_ids),
         money.ids_of(promo.applicable_resource_ids), promo.new_customers_only
  from app.marketplaces m where m.slug = app.marketplace()
  returning * into promo;
  perform app.audit('money.promo_code_created', 'money', 'promo_codes', promo.id::text, new_values => to_jsonb(promo));
  return promo;
end $$;

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

CREATE FUNCTION money.customer_of_webhook(webhook_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('gateway', c.gateway, 'reference', c.reference)
  from money.webhook_events e join money.gateway_customers c on c.marketplace = e.marketplace and c.gateway = e.gateway
  where e.id = customer_of_webhook.webhook_id and e.marketplace = app.marketplace() and c.user_id is not null
    and (c.reference = e.customer or e.object_type = 'token' and c.reference is not null and c.user_id = (
      select m.user_id from money.payment_methods m
      where m.marketplace = e.marketplace and m.gateway = e.gateway and m.reference = e.object_id))
  limit 1
$$;

CREATE FUNCTION money.cut(items jsonb, wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
declare whole bigint := booking.sum_of(items, 'customer'); worth bigint := (wish ->> 'amount')::bigint;
begin
  if worth is not null then
    if worth > whole then perform app.refuse('refund_too_large', whole::text); end if;
    return money.share(items, worth);
  end if;
  if exists (select from jsonb_array_elements(wish -> 'items') as w where not exists (
      select from jsonb_array_elements(items) as i where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer')) then
    perform app.refuse('unknown_line');
  end if;
  if exists (
    select from jsonb_array_elements(wish -> 'items') as w, jsonb_array_elements(items) as i
    where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer'
    group by w having sum((i ->> 'amount')::bigint) < (w ->> 'amount')::bigint) then
    perform app.refuse('refund_too_large');
  end if;
  return (
    select jsonb_agg(part) from jsonb_array_elements(wish -> 'items') as w,
      jsonb_array_elements(money.share((
        select jsonb_agg(i) from jsonb_array_elements(items) as i
        where i ->> 'code' = w ->> 'line' and i ->> 'payer' = 'customer'), (w ->> 'amount')::bigint)) as part);
end $$;

CREATE FUNCTION money.decide_payout(payout_id uuid, decision text, words text) RETURNS SETOF money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts; was text;
begin
  p := money.lock_payout(decide_payout.payout_id);
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.provider_id = app.actor() then perform app.refuse('own_account'); end if;
  was := p.status;
  if decision in ('hold', 'release', 'retry', 'cancel', 'settle') and was not in ('pending', 'failed')
    or decision = 'retry' and money.kept_back_as(p) is not null
    or decision in ('paid', 'failed') and was not in ('processing', 'paid')
    or decision = was then
    perform app.refuse('transition_not_allowed', was);
  end if;
  if decision in ('paid', 'failed') then
    if p.sent_by <> 'staff' then perform app.refuse('payout_sent_by_machine'); end if;
    perform money.record_payout(p.id, p.attempts, jsonb_build_object('status', decision,
      'payout_reference', case when decision = 'paid' then words end,
      'failure', case when decision = 'failed' then jsonb_build_object('code', 'bank', 'message', words) end));
  elsif decision = 'cancel' then perform money.cancel_payout(p);
  elsif decision = 'retry' then perform money.reopen_payout(p.id);
  elsif decision = 'settle' then
    update money.payouts t set status = 'pending' where t.id = p.id and t.status = 'failed';
    select t.* into p from money.payouts t where t.id = p.id;
    p := money.start_payout(p, 'staff', true);
    -- The provider's debts may have taken all of it, or nothing was left.
    if p.status = 'processing' then
      perform money.record_payout(p.id, p.attempts, jsonb_build_object('status', 'paid', 'payout_reference', words));
    end if;
  else
    update money.payouts t set is_held = decision = 'hold', held_reason = case when decision = 'hold' then words end,
      is_cleared = decision = 'release' and money.kept_back_as(t) in ('suspended', 'banned')
    where t.id = p.id;
    if decision = 'release' then perform money.ask_for_payout(p.id); end if;
  end if;
  perform app.audit('money.payout_decided', 'money', 'payouts', p.id::text, jsonb_build_object('status', was),
    jsonb_build_object('decision', decision, 'words', words), jsonb_build_object('user_id', p.provider_id));
  return query select t.* from money.payouts t where t.id = p.id;
end $$;

CREATE TABLE money.payment_methods (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    gateway text NOT NULL,
    reference character varying(255) NOT NULL,
    type character varying(40) NOT NULL,
    brand character varying(60),
    last4 character varying(4),
    expires_month smallint,
    expires_year smallint,
    is_default boolean DEFAULT false NOT NULL,
    removed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    is_forgotten boolean DEFAULT false NOT NULL,
    CONSTRAINT payment_methods_default_check CHECK (((NOT is_default) OR (removed_at IS NULL))),
    CONSTRAINT payment_methods_expires_month_check CHECK (((expires_month >= 1) AND (expires_month <= 12))),
    CONSTRAINT payment_methods_expires_year_check CHECK (((expires_year >= 2000) AND (expires_year <= 2200))),
    CONSTRAINT payment_methods_forgotten_check CHECK (((NOT is_forgotten) OR (removed_at IS NOT NULL))),
    CONSTRAINT payment_methods_last4_check CHECK (((last4)::text ~ '^[0-9]{4}$'::text))
);

ALTER TABLE ONLY money.payment_methods FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.default_method(person_id uuid) RETURNS money.payment_methods
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select m.* from money.payment_methods m where m.user_id = default_method.person_id and m.is_default
$$;

CREATE FUNCTION money.discount_of(discount_type text, discount_value bigint, max_discount_amount bigint, min_booking_amount bigint, subtotal bigint) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
  if subtotal is null then return null; end if;
  if subtotal < min_booking_amount then return 0; end if;
  return least(subtotal, case discount_type
    when 'percentage' then least((2 * subtotal * discount_value + 10000) / 20000, max_discount_amount)
    else discount_value end);
end $$;

CREATE FUNCTION money.discount_of_booking(booking_id uuid, subtotal bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return coalesce((
    select money.discount_of(u.discount_type, u.discount_value, u.max_discount_amount, u.min_booking_amount, subtotal)
    from money.promo_code_usages u where u.booking_id = discount_of_booking.booking_id), 0);
end $$;

CREATE TABLE money.disputes (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payment_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    gateway text NOT NULL,
    reference character varying(255) NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    status text NOT NULL,
    reason character varying(100) NOT NULL,
    due_by timestamp with time zone,
    borne_by text NOT NULL,
    reduction_id uuid,
    is_withheld boolean DEFAULT false NOT NULL,
    withdrawn_amount bigint DEFAULT 0 NOT NULL,
    fee bigint DEFAULT 0 NOT NULL,
    moves integer DEFAULT 0 NOT NULL,
    closed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT disputes_amount_check CHECK ((amount > 0)),
    CONSTRAINT disputes_borne_by_check CHECK ((borne_by = ANY (ARRAY['payees'::text, 'platform'::text]))),
    CONSTRAINT disputes_closed_check CHECK (((closed_at IS NULL) = (status = ANY (ARRAY['needs_response'::text, 'under_review'::text])))),
    CONSTRAINT disputes_fee_check CHECK ((fee >= 0)),
    CONSTRAINT disputes_status_check CHECK ((status = ANY (ARRAY['needs_response'::text, 'under_review'::text, 'won'::text, 'lost'::text]))),
    CONSTRAINT disputes_withdrawn_amount_check CHECK ((withdrawn_amount >= 0))
);

ALTER TABLE ONLY money.disputes FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.dispute_for_staff(d money.disputes) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', d.id, 'payment_id', d.payment_id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'gateway', d.gateway, 'reference', d.reference, 'currency', d.currency, 'amount', d.amount, 'status', d.status, 'reason', d.reason,
    'due_by', d.due_by, 'borne_by', d.borne_by, 'borne_by_payees', coalesce(r.amount, 0), 'withdrawn_amount', d.withdrawn_amount,
    'fee', d.fee, 'closed_at', d.closed_at, 'created_at', d.created_at)
  from money.payments p left join money.reductions r on r.id = d.reduction_id where p.id = d.payment_id
$$;

CREATE FUNCTION money.dispute_of_webhook(webhook_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('gateway', e.gateway, 'reference', e.dispute_reference) from money.webhook_events e
  where e.id = dispute_of_webhook.webhook_id and e.marketplace = app.marketplace() and e.dispute_reference is not null
$$;

CREATE FUNCTION money.disputed(p money.payments) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(sum(r.amount), 0)::bigint from money.live_reductions(p) as r where r.kind = 'dispute' and not r.is_taken_back
$$;

CREATE FUNCTION money.disputes_for_staff(status text, before uuid, count integer) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.dispute_for_staff(d) from money.disputes d
  where d.marketplace = app.marketplace() and identity.has_permission(app.actor(), 'money.read')
    and (disputes_for_staff.status is null or d.status = disputes_for_staff.status)
    and (disputes_for_staff.before is null or d.id < disputes_for_staff.before)
  order by d.id desc limit disputes_for_staff.count
$$;

CREATE FUNCTION money.drop_charge(subscription_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.subscription_charges c set status = 'void', is_due = false
  where c.subscription_id = drop_charge.subscription_id and c.status = 'open';
  perform money.drop_payment(p) from money.payments p
  where p.purpose = 'subscription' and p.subject_id = drop_charge.subscription_id
    and p.status in ('pending', 'processing', 'authorized', 'failed');
end $$;

CREATE FUNCTION money.drop_pass(pass_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.listing_passes t set status = 'cancelled' where t.id = pass_id;
  perform money.drop_payment(p) from money.payments p
  where p.purpose = 'listing' and p.subject_id = pass_id and p.status in ('pending', 'processing', 'authorized', 'failed');
end $$;

CREATE FUNCTION money.drop_payment(p money.payments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.payments t set status = 'cancelled' where t.id = p.id;
  perform money.give_back_parts(p);
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
end $$;

CREATE FUNCTION money.drop_payments_of(person_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments;
begin
  for p in
    select t.* from money.payments t
    where t.booking_id is null and t.status in ('pending', 'failed') and t.id in (
      select f.id from money.payments f where f.payer_id = person_id
      union all
      select f.id from money.tips g join money.payments f on f.subject_id = g.id where g.provider_id = person_id)
    order by t.id
  loop
    perform money.lock_subject(p.purpose, p.subject_id);
    select t.* into strict p from money.payments t where t.id = p.id for update;
    if p.status in ('pending', 'failed') then perform money.drop_payment(p); end if;
  end loop;
end $$;

CREATE FUNCTION money.earnings_of(accounts uuid[], after bigint[]) RETURNS TABLE(account_id uuid, number bigint, transfer_id uuid, booking_id uuid, kind text, gross_amount bigint, commission_amount bigint, amount bigint, earned_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
  select e.account_id, e.number, e.transfer_id, b.id,
         case when e.type = 'netting' then 'netting'
              when t.reference_type = 'payout' then 'fee'
              when e.amount < 0 then 'correction'
              when p.purpose = 'tip' or e.type = 'tip' then 'tip'
              when e.type = 'release' and p.booking_id is not null then 'earning'
              else 'correction' end,
         e.amount + c.commission, c.commission, e.amount, coalesce(case when e.amount > 0 then b.completed_at end, t.created_at)
  from unnest(earnings_of.accounts, earnings_of.after) as w (account_id, after)
  join money.entries e on e.account_id = w.account_id and e.number > w.after
  join money.transfers t on t.id = e.transfer_id
  left join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
  left join money.tips g on p.purpose = 'tip' and g.id = p.subject_id
  left join booking.bookings b on b.id = coalesce(p.booking_id, g.booking_id)
  cross join lateral (
    -- Netting and fees are taken from the provider whole.
    select case when e.type = 'netting' or t.reference_type = 'payout' then 0 else coalesce((
      select sum(r.amount)::bigint from money.entries r join money.accounts a on a.id = r.account_id
      where r.transfer_id = e.transfer_id and r.currency = e.currency and a.kind = 'platform_revenue'), 0) end as commission) as c
  where e.type not in ('payout', 'payout_return', 'withdrawal')
$$;

CREATE FUNCTION money.end_promo_use(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare used uuid;
begin
  update money.promo_code_usages u set released_at = app.now()
  from booking.bookings b
  where u.booking_id = end_promo_use.booking_id and u.released_at is null and b.id = u.booking_id
    and b.cancelled_at is not null and (b.confirmed_at is null or b.cancelled_by <> 'customer')
  returning u.promo_code_id into used;
  update money.promo_codes p set usage_count = p.usage_count - 1 where p.id = used;
end $$;

CREATE FUNCTION money.end_subscription(subscription_id uuid, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.cancel_timer('subscription.clock', end_subscription.subscription_id);
  perform money.drop_charge(end_subscription.subscription_id);
  update money.subscriptions s set status = end_subscription.status, ended_at = app.now(), next_plan = null
  where s.id = end_subscription.subscription_id;
  perform money.tell_subscriber('subscription.' || end_subscription.status, end_subscription.subscription_id);
end $$;

CREATE FUNCTION money.entries_for_staff(person_id uuid, account_id uuid, before bigint, max integer) RETURNS TABLE(id uuid, number bigint, type text, currency text, amount bigint, balance_after bigint, description text, reference_type text, reference_id uuid, created_by uuid, created_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if not exists (select from money.accounts a where a.id = entries_for_staff.account_id and a.owner_id = person_id
    and a.marketplace = app.marketplace()) then
    perform app.refuse('not_found');
  end if;
  perform app.audit('money.entries_read', 'money', 'accounts', entries_for_staff.account_id::text,
    metadata => jsonb_build_object('user_id', person_id, 'before', before));
  return query
    select t.id, e.number, e.type, e.currency, e.amount, e.balance_after, coalesce(d.description, t.description)::text,
           t.reference_type::text, t.reference_id, t.created_by, t.created_at
    from money.entries e join money.transfers t on t.id = e.transfer_id left join money.adjustments d on d.transfer_id = t.id
    where e.account_id = entries_for_staff.account_id and (before is null or e.number < before)
    order by e.number desc limit max;
end $$;

CREATE FUNCTION money.entry_of(person_id uuid, party text, amount bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select case party when 'provider' then jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', amount)
    when 'wallet' then jsonb_build_object('account', 'wallet', 'user_id', person_id, 'amount', amount)
    when 'debt' then jsonb_build_object('account', 'receivable', 'user_id', person_id, 'amount', amount)
    when 'tax' then jsonb_build_object('account', 'tax', 'amount', amount)
    when 'promo' then jsonb_build_object('account', 'promo_expense', 'amount', amount)
    else jsonb_build_object('account', 'platform_revenue', 'amount', amount) end
$$;

CREATE FUNCTION money.excess_refunds(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payment_id', r.payment_id, 'attempt_id', r.attempt_id, 'refunded', r.refunded, 'paid', r.paid)
  from (
    select f.payment_id, f.attempt_id, f.refunded, a.captured_amount as paid
    from (
      select t.payment_id, t.attempt_id, sum(t.amount) as refunded from money.refunds t
      where t.method = 'gateway' and t.status <> 'failed' group by 1, 2) as f
    join money.payment_attempts a on a.id = f.attempt_id
    union all
    select f.payment_id, null, f.refunded, p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount
    from (
      select t.payment_id, sum(t.amount) as refunded from money.refunds t
      where t.reason <> 'paid_too_late' and t.status <> 'failed' group by 1) as f
    join money.payments p on p.id = f.payment_id) as r
  join money.payments p on p.id = r.payment_id
  where money.is_looked_at(p.marketplace) and r.refunded > r.paid
    and (since is null or exists (select from money.refunds n where n.payment_id = r.payment_id and n.updated_at >= since))
$$;

CREATE FUNCTION money.expected_lines(gateway text, wanted text[], from_ timestamp with time zone, to_ timestamp with time zone) RETURNS TABLE(kind text, reference text, attempt_id uuid, refund_id uuid, currency text, amount bigint, fee bigint, posted_at timestamp with time zone, is_settled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with found as (
    select a.id as attempt_id, null::uuid as refund_id from money.payment_attempts a
    where a.marketplace = app.marketplace() and a.gateway = expected_lines.gateway and a.reference = any (wanted)
    union
    select null, r.id from money.refunds r where r.marketplace = app.marketplace() and r.reference = any (wanted)
    union
    select case when t.key like 'attempt/%' then split_part(t.key, '/', 2)::uuid end,
           case when t.key like 'refund/%' then split_part(t.key, '/', 2)::uuid end
    from money.transfers t
    where t.id >= app.uuid_v7_floor(from_) and t.id < app.uuid_v7_floor(to_ + interval '1 minute')
      and t.created_at between from_ and to_ and t.marketplace = app.marketplace()
      and (t.key like 'attempt/%/captured' or t.key like 'refund/%'))
  select 'charge', a.reference, a.id, null::uuid, p.currency, a.captured_amount, a.fee, t.created_at,
         exists (select from money.settlement_lines l where l.attempt_id = a.id and l.result = 'matched' and l.kind = 'charge')
  from found f join money.payment_attempts a on a.id = f.attempt_id join money.payments p on p.id = a.payment_id
  join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/captured'
  join money.transfers t on t.id = k.transfer_id
  where a.gateway = expected_lines.gateway and a.status = 'captured'
  union all
  select 'refund', r.reference, null, r.id, r.currency, -r.amount, 0, t.created_at,
         exists (select from money.settlement_lines l where l.refund_id = r.id and l.result = 'matched' and l.kind = 'refund')
  from found f join money.refunds r on r.id = f.refund_id join money.payment_attempts a on a.id = r.attempt_id
  join money.transfer_keys k on k.marketplace = r.marketplace and k.key = 'refund/' || r.id
  join money.transfers t on t.id = k.transfer_id
  where a.gateway = expected_lines.gateway and r.status = 'succeeded'
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

CREATE FUNCTION money.find_payable(purpose text, subject_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare finder text; found_ jsonb;
begin
  select p.finder into finder from money.payment_purposes p where p.purpose = find_payable.purpose;
  if finder is null then perform app.refuse('not_found'); end if;
  execute format('select %s($1)', finder) into found_ using find_payable.subject_id;
  return found_;
end $_$;

CREATE FUNCTION money.fits_credits(type text, amount bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  return type = any (case when amount > 0 then '{earned,refunded,adjustment}'::text[] else '{spent,adjustment}' end);
end $$;

CREATE FUNCTION money.forfeit(person_id uuid, amount bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare m app.marketplaces;
begin
  select t.* into strict m from app.marketplaces t where t.slug = app.marketplace();
  if (forfeit.amount > 0 and forfeit.amount < money.least_withdrawal()
    and money.holding(person_id, 'wallet', m.currency) = forfeit.amount) is not true then return; end if;
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'adjustment',
    'description', 'Given up with the account', 'currency', m.currency, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'wallet', 'user_id', person_id, 'amount', -forfeit.amount),
      jsonb_build_object('account', 'platform_revenue', 'amount', forfeit.amount))));
  perform app.audit('money.forfeited', 'money', 'users', person_id::text,
    new_values => jsonb_build_object('amount', forfeit.amount, 'currency', m.currency));
end $$;

CREATE FUNCTION money.forfeit_earnings(person_id uuid, amount bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare account uuid; currency_ text; owed bigint; waiting uuid;
begin
  if forfeit_earnings.amount is null then return; end if;
  select a.id, a.currency into account, currency_ from money.accounts a
  where a.owner_id = person_id and a.kind = 'provider_payable' and a.marketplace = app.marketplace();
  -- The lock of whoever builds and sends payouts, and then of what is there, in the order in which whoever posts takes it.
  insert into money.payout_marks (account_id) select account where account is not null on conflict do nothing;
  perform from money.payout_marks k where k.account_id = account for update;
  perform from money.balances b join money.accounts a on a.id = b.account_id
  where a.owner_id = person_id and a.kind in ('provider_payable', 'receivable') order by b.account_id for update of b;
  if (money.spare_earnings(person_id) = forfeit_earnings.amount) is not true then return; end if;
  for waiting in
    select p.id from money.payouts p where p.account_id = account and p.status in ('pending', 'failed') order by p.id
  loop
    perform money.cancel_payout(money.lock_payout(waiting));
  end loop;
  owed := money.owed_by(person_id, currency_);
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'netting',
    'description', 'Taken for what is owed', 'currency', currency_, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', -owed),
      jsonb_build_object('account', 'receivable', 'user_id', person_id, 'amount', owed)))) where owed > 0;
  perform money.tell_repaid(person_id);
  perform money.post(jsonb_build_object('key', 'forfeit/' || app.uuid_v7(), 'type', 'adjustment',
    'description', 'Given up with the account', 'currency', currency_, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'provider_payable', 'user_id', person_id, 'amount', -forfeit_earnings.amount),
      jsonb_build_object('account', 'platform_revenue', 'amount', forfeit_earnings.amount)))) where forfeit_earnings.amount > 0;
  perform app.audit('money.forfeited', 'money', 'users', person_id::text,
    new_values => jsonb_build_object('earnings', forfeit_earnings.amount, 'netted_amount', owed, 'currency', currency_));
end $$;

CREATE FUNCTION money.forget_customer(customer_id uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  delete from money.gateway_customers c where c.id = forget_customer.customer_id and c.user_id is null returning true
$$;

CREATE FUNCTION money.gaps_in_papers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('marketplace', n.marketplace, 'kind', n.kind, 'year', n.year, 'last', n.last, 'highest', f.highest,
           'papers', f.papers)
  from money.invoice_numbers n
  cross join lateral (
    select max(i.place) as highest, count(*) as papers from money.invoices i
    where i.marketplace = n.marketplace and i.kind = n.kind and i.year = n.year
      and (since is null or i.place > n.last - 1000)) as f
  where money.is_looked_at(n.marketplace)
    and (f.highest is distinct from n.last or f.papers <> case when since is null then n.last else least(n.last, 1000) end)
$$;

CREATE TABLE money.reductions (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payment_id uuid NOT NULL,
    kind text NOT NULL,
    items jsonb NOT NULL,
    amount bigint NOT NULL,
    returned_amount bigint NOT NULL,
    is_taken_back boolean NOT NULL,
    destination text,
    reason character varying(500),
    created_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT reductions_amount_check CHECK ((amount > 0)),
    CONSTRAINT reductions_destination_check CHECK ((destination = ANY (ARRAY['source'::text, 'wallet'::text, 'credits'::text]))),
    CONSTRAINT reductions_kind_check CHECK ((kind = ANY (ARRAY['refund'::text, 'dispute'::text]))),
    CONSTRAINT reductions_refund_check CHECK (((kind = 'refund'::text) = ((destination IS NOT NULL) AND (reason IS NOT NULL) AND (created_by IS NOT NULL)))),
    CONSTRAINT reductions_returned_amount_check CHECK (((returned_amount >= 0) AND (returned_amount <= amount)))
);

ALTER TABLE ONLY money.reductions FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.give_back(p money.payments, r money.reductions) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare rest bigint := r.returned_amount; unit bigint; part bigint := 0;
begin
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if r.destination = 'source' then
    part := least(rest, greatest(p.captured_amount - money.sent_back(p, 'gateway')
      - money.withheld(p), 0));
    perform money.refund_part(p, 'gateway', part, 'by_staff', r.id);
    rest := rest - part;
    part := greatest(rest - greatest(p.wallet_amount + p.cash_amount - money.sent_back(p, 'wallet'), 0), 0);
  elsif r.destination = 'credits' then
    part := rest;
  else
    part := 0;
  end if;
  part := part / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part, 'by_staff', r.id);
  perform money.refund_part(p, 'credits', part, 'by_staff', r.id);
end $$;

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

CREATE FUNCTION money.handed_back(p money.payments, cash bigint) RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare provider uuid; owed bigint;
begin
  select b.provider_id into strict provider from booking.bookings b where b.id = p.booking_id;
  owed := least(cash, -money.holding(provider, 'receivable', p.currency));
  if owed > 0 then
    perform money.tell_repaid(provider);
    return next jsonb_build_object('account', 'receivable', 'user_id', provider, 'amount', owed);
  end if;
  if owed < cash then
    return next jsonb_build_object('account', 'provider_payable', 'user_id', provider, 'amount', cash - owed);
  end if;
end $$;

CREATE FUNCTION money.has_bank_rail() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(app.setting('bank_payouts') #>> '{}' = 'razorpayx', false)
$$;

CREATE FUNCTION money.has_benefit(person_id uuid, benefit text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return exists (
    select from money.subscriptions s join money.plans p on p.marketplace = s.marketplace and p.code = s.plan
    where s.user_id = person_id and s.marketplace = app.marketplace() and benefit = any (p.benefits)
      and s.status in ('active', 'past_due')
      and app.now() < case when s.cancel_at_period_end then greatest(s.current_period_end, (
            select max(c.period_end) from money.subscription_charges c where c.subscription_id = s.id and c.status = 'paid'))
          else s.current_period_end
            + make_interval(days => (app.setting('subscription_grace_days') #>> '{}')::integer) end);
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

CREATE FUNCTION money.ids_of(list jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  select lower(list::text)::jsonb
$$;

CREATE FUNCTION money.import_settlement(gateway text, file_name text, rows text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.settlements; told record; sum_ record;
begin
  -- One file of a gateway after the other: what one has matched the next sees.
  perform pg_advisory_xact_lock(hashtextextended('money.settlements ' || app.marketplace() || ' ' || import_settlement.gateway, 0));
  s.id := app.uuid_v7();
  insert into money.settlements (id, marketplace, gateway, file_name, line_count, first_at, last_at, created_by)
  select s.id, app.marketplace(), import_settlement.gateway, import_settlement.file_name, count(*), min(t.occurred_at),
         max(t.occurred_at), app.actor()
  from money.told_lines(rows) t
  returning * into s;
  insert into money.settlement_lines (settlement_id, line, result, kind, entry_reference, reference, currency, amount, fee, net,
    occurred_at, attempt_id, refund_id, expected_amount, expected_fee, problem)
  select s.id, m.line,
    case when m.result = 'matched' and row_number() over (
        partition by m.result, m.attempt_id, m.refund_id, case m.kind when 'fee' then m.entry_reference end order by m.line) > 1
      then 'repeated' else m.result end,
    m.kind, m.entry_reference, m.reference, m.currency, m.amount, m.fee, m.net, m.occurred_at, m.attempt_id, m.refund_id,
    m.expected_amount, m.expected_fee, m.problem
  from money.match_lines(s, rows) m;
  insert into money.settlement_lines (settlement_id, line, result, kind, reference, currency, occurred_at, attempt_id, refund_id,
    expected_amount, expected_fee)
  select s.id, (select coalesce(max(l.line), 0) from money.settlement_lines l where l.settlement_id = s.id)
           + row_number() over (order by e.posted_at, e.reference),
    'missing', e.kind, e.reference, e.currency, e.posted_at, e.attempt_id, e.refund_id, e.amount, e.fee
  from money.expected_lines(s.gateway, null, s.first_at, s.last_at) e
  where not e.is_settled and not exists (
    select from money.settlement_lines l where l.settlement_id = s.id and (l.attempt_id = e.attempt_id or l.refund_id = e.refund_id))
  limit 10000;
  -- Some gateways tell their fee here first.
  for told in
    select a.id, a.payment_id, l.fee from money.settlement_lines l join money.payment_attempts a on a.id = l.attempt_id
    where l.settlement_id = s.id and l.result = 'matched' and l.kind = 'charge' and a.fee is null and l.fee > 0 order by a.payment_id
  loop
    update money.payment_attempts a set fee = told.fee where a.id = told.id;
    perform money.post_fees(told.payment_id);
  end loop;
  perform money.post_billed_fees(s);
  for sum_ in
    select l.currency, sum(l.net)::bigint as net from money.settlement_lines l
    where l.settlement_id = s.id and l.result = 'matched' group by 1 having sum(l.net) <> 0 order by 1
  loop
    -- What we have at our bank has an account as a gateway has: payouts by bank transfer leave it.
    perform money.post(jsonb_build_object('key', 'settlement/' || s.id || '/' || sum_.currency, 'type', 'settlement',
      'description', 'Paid out by ' || s.gateway, 'currency', sum_.currency, 'reference_type', 'settlement', 'reference_id', s.id,
      'entries', jsonb_build_array(
        jsonb_build_object('account', 'gateway_clearing', 'gateway', s.gateway, 'amount', sum_.net),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', 'bank', 'amount', -sum_.net))));
  end loop;
  perform app.audit('money.settlement_imported', 'money', 'settlements', s.id::text,
    metadata => jsonb_build_object('gateway', s.gateway, 'lines', s.line_count));
  return money.shown_settlement(s.id);
end $$;

CREATE FUNCTION money.insert_order(details jsonb, total bigint, fee bigint) RETURNS money.orders
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare o money.orders;
begin
  insert into money.orders (marketplace, user_id, description, amount, currency, setup_fee_applied, items, metadata)
  select m.slug, app.actor(), details ->> 'description', total, m.currency, fee,
    details -> 'items' || case when fee > 0 then jsonb_build_array(jsonb_build_object('code', 'setup_fee', 'payer', 'customer',
      'payee', 'platform', 'amount', fee)) else '[]' end,
    coalesce(details -> 'metadata', '{}')
  from app.marketplaces m where m.slug = app.marketplace()
  on conflict (user_id) where setup_fee_applied > 0 do nothing returning * into o;
  return o;
end $$;

CREATE FUNCTION money.is_being_paid(subscription_id uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from money.payments p
    where p.purpose = 'subscription' and p.subject_id = is_being_paid.subscription_id
      and (p.status in ('processing', 'authorized') or p.status in ('pending', 'failed') and p.leased_until > app.now()))
$$;

CREATE FUNCTION money.is_coverable(covers text, subject_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare finder text; found_ boolean := false;
begin
  select t.finder into finder from money.pass_subjects t where t.covers = is_coverable.covers;
  if finder is not null then execute format('select %s($1)', finder) into found_ using is_coverable.subject_id; end if;
  return coalesce(found_, false);
end $_$;

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
    customer jsonb DEFAULT '{}'::jsonb NOT NULL,
    authorized_at timestamp with time zone,
    captured_at timestamp with time zone,
    failed_at timestamp with time zone,
    gateway_response jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT payment_attempts_amount_check CHECK ((amount > 0)),
    CONSTRAINT payment_attempts_captured_amount_check CHECK ((captured_amount >= 0)),
    CONSTRAINT payment_attempts_gateway_check CHECK ((gateway = ANY (ARRAY['stripe'::text, 'razorpay'::text, 'paytm'::text, 'paymongo'::text, 'bolt'::text]))),
    CONSTRAINT payment_attempts_gateway_response_check CHECK ((jsonb_typeof(gateway_response) = 'object'::text)),
    CONSTRAINT payment_attempts_posted_check CHECK (((NOT is_posted) OR (status = 'captured'::text))),
    CONSTRAINT payment_attempts_status_check CHECK ((status = ANY (ARRAY['created'::text, 'requires_action'::text, 'processing'::text, 'authorized'::text, 'captured'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text])))
);

ALTER TABLE ONLY money.payment_attempts FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.is_fee_awaited(a money.payment_attempts) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select a.status = 'captured' and a.gateway in ('stripe', 'razorpay', 'paymongo') and coalesce(a.fee, 0) = 0
    and a.created_at > app.now() - interval '3 days'
$$;

CREATE FUNCTION money.is_looked_at(marketplace text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select coalesce(marketplace = app.marketplace(), true)
$$;

CREATE FUNCTION money.is_lost(p money.payments, a money.payment_attempts) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select p.status = 'failed' and money.is_unpayable(p) and (a.status is null or a.status in ('cancelled', 'rejected')
    or a.status = 'failed' and a.created_at < app.now() - interval '7 days' and exists (
      select from booking.bookings b
      where b.id = p.booking_id and least(b.ends_at, b.cancelled_at) < app.now() - interval '7 days'))
$$;

CREATE FUNCTION money.is_repaid(p money.payments) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency and b.total_in >= p.owed_through)
$$;

CREATE FUNCTION money.is_subscribed(person_id uuid, role text, other_than uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (
    select from money.subscriptions s
    left join money.plans n on n.marketplace = s.marketplace and n.code = s.next_plan
    left join money.subscription_charges c on c.subscription_id = s.id and c.status = 'open'
    left join money.plans w on w.marketplace = c.marketplace and w.code = c.plan
    where s.user_id = person_id and s.id <> other_than and s.status in ('pending', 'active', 'past_due')
      and is_subscribed.role in (s.role, n.role, w.role))
$$;

CREATE FUNCTION money.is_unpayable(p money.payments) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(p.status in ('pending', 'failed') and p.booking_id is not null and p.cash_amount = 0
    and p.due_amount > p.wallet_amount + p.credits_amount and not p.due_items @> '[{"payee": "debt"}]', false)
$$;

CREATE FUNCTION money.keep_fund_account(payout_account_id uuid, reference text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.payout_accounts a set reference = keep_fund_account.reference
  where a.id = keep_fund_account.payout_account_id and a.marketplace = app.marketplace() and a.kind = 'bank' and a.reference is null
$$;

CREATE FUNCTION money.keep_gateway_customer(gateway text, reference text) RETURNS TABLE(kept boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.gateway_customers c set reference = keep_gateway_customer.reference
  where c.user_id = app.actor() and c.gateway = keep_gateway_customer.gateway and c.reference is null;
  return query select true;
end $$;

CREATE FUNCTION money.keep_methods(gateway text, methods jsonb) RETURNS SETOF money.payment_methods
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.take_methods(app.actor(), keep_methods.gateway, methods);
  return query select m.* from money.payment_methods m where m.user_id = app.actor() and m.removed_at is null order by m.id desc;
end $$;

CREATE FUNCTION money.keep_methods_of(gateway text, customer text, methods jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.take_methods(c.user_id, c.gateway, methods) from money.gateway_customers c
  where c.marketplace = app.marketplace() and c.gateway = keep_methods_of.gateway and c.reference = keep_methods_of.customer;
end $$;

CREATE FUNCTION money.kept_back_as(p money.payouts) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if p.status not in ('pending', 'failed') then return null; end if;
  if p.is_held then return 'staff'; end if;
  if p.is_cleared then return null; end if;
  return (select u.account_status from identity.users u
          where u.id = p.provider_id and u.account_status in ('suspended', 'banned')
            and not app.is_active(u.account_status, u.suspended_until));
end $$;

CREATE FUNCTION money.least_withdrawal() RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return greatest((app.setting('wallet_withdrawal_min') #>> '{}')::bigint,
    money.payout_fee() + 1);
end $$;

CREATE FUNCTION money.less(items jsonb, cut jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(jsonb_agg(l.item || jsonb_build_object('amount', l.amount) order by l.item), '[]')
  from (
    select t.item - 'amount' as item, sum(t.amount)::bigint as amount
    from (
      select i as item, (i ->> 'amount')::bigint as amount from jsonb_array_elements(items) as i
      union all select i, -(i ->> 'amount')::bigint from jsonb_array_elements(cut) as i) as t
    group by 1) as l
  where l.amount <> 0
$$;

CREATE FUNCTION money.let_go(p money.payments, d money.disputes) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r money.reductions;
begin
  select t.* into r from money.reductions t where t.id = d.reduction_id;
  if r.id is not null and not r.is_taken_back and p.settled_at is not null then
    r.is_taken_back := true;
    update money.payments t set due_items = money.less(t.due_items, money.share(r.items, -r.amount)), due_amount = t.due_amount + r.amount
    where t.id = p.id;
  end if;
  perform money.post_dispute(p, d, r, -1);
  update money.disputes t set is_withheld = false, reduction_id = null, moves = t.moves + 1 where t.id = d.id;
end $$;

CREATE FUNCTION money.line_entries(p money.payments, items jsonb, sign integer) RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare e record; part bigint;
begin
  for e in
    select n ->> 'account' as account, (n ->> 'user_id')::uuid as user_id, sum((n ->> 'amount')::bigint)::bigint as amount
    from (
      select money.entry_of((i ->> 'user_id')::uuid, i ->> s.side, line_entries.sign * s.way * (i ->> 'amount')::bigint) as n
      from jsonb_array_elements(items) as i, (values ('payer', -1), ('payee', 1)) as s (side, way)
      where i ->> s.side <> 'customer') as t
    group by 1, 2 having sum((n ->> 'amount')::bigint) <> 0 order by 2, 1
  loop
    -- The platform keeps what nobody is there to get: the provider's account is purged.
    if e.account = 'provider_payable' and e.amount > 0 and exists (
      select from identity.users u where u.id = e.user_id and u.purged_at is not null) then
      return next jsonb_build_object('account', 'platform_revenue', 'amount', e.amount);
      continue;
    end if;
    part := case
      when e.account in ('provider_payable', 'wallet') and e.amount < 0 then
        greatest(e.amount, -money.holding(e.user_id, e.account, p.currency))
      when e.account = 'receivable' and e.amount > 0 then least(e.amount, -money.holding(e.user_id, 'receivable', p.currency))
      else e.amount end;
    if e.account = 'receivable' and part > 0 then perform money.tell_repaid(e.user_id); end if;
    if part <> 0 then
      return next jsonb_strip_nulls(jsonb_build_object('account', e.account, 'user_id', e.user_id, 'amount', part));
    end if;
    if part <> e.amount then
      return next jsonb_build_object('account', case e.account when 'receivable' then 'wallet' else 'receivable' end,
        'user_id', e.user_id, 'amount', e.amount - part);
    end if;
  end loop;
end $$;

CREATE FUNCTION money.line_name(code text, description text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when description is null then f.name when description ilike f.name || '%' then description
    else f.name || ', ' || description end
  from (select upper(left(code, 1)) || replace(substr(code, 2), '_', ' ') as name) as f
$$;

CREATE FUNCTION money.list_payouts(state text, person uuid, held boolean, before uuid, most integer) RETURNS TABLE(payout jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select p.id from money.payouts p
    where p.marketplace = app.marketplace() and (state is null or p.status = state) and (person is null or p.provider_id = person)
      and (held is null or (p.status in ('pending', 'failed') and money.kept_back_as(p) is not null) = held)
      and (before is null or p.id < before)
    order by p.id desc limit most) as f;
  perform app.audit('money.payouts_listed', 'money', 'payouts', null, metadata => jsonb_build_object(
    'wanted', jsonb_strip_nulls(jsonb_build_object('status', state, 'provider_id', person, 'held', held)),
    'payout_ids', coalesce(to_jsonb(shown), '[]')));
  return query select money.shown_staff_payout(p) from money.payouts p where p.id = any (shown) order by p.id desc;
end $$;

CREATE FUNCTION money.list_promo_codes(wanted jsonb, before uuid, most integer) RETURNS SETOF money.promo_codes
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query
    select p.* from money.promo_codes p
    where p.marketplace = app.marketplace() and (before is null or p.id < before)
      and (not wanted ? 'code' or p.code = wanted ->> 'code')
      and (not wanted ? 'is_active' or p.is_active = (wanted ->> 'is_active')::boolean)
    order by p.id desc limit most;
end $$;

CREATE FUNCTION money.list_settlements(before uuid, max integer) RETURNS TABLE(settlement jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.shown_settlement(f.id) from (
    select s.id from money.settlements s
    where s.marketplace = app.marketplace() and (before is null or s.id < before)
    order by s.id desc limit max) as f
  order by f.id desc
$$;

CREATE FUNCTION money.live_reductions(p money.payments) RETURNS SETOF money.reductions
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select r.* from money.reductions r
  where r.payment_id = p.id
    and (r.kind = 'refund' or exists (select from money.disputes d where d.reduction_id = r.id and d.is_withheld))
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

CREATE FUNCTION money.lock_payout(payout_id uuid) RETURNS money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts;
begin
  perform from money.payout_marks m
  where m.account_id = (select t.account_id from money.payouts t where t.id = lock_payout.payout_id) for update;
  select t.* into p from money.payouts t
  where t.id = lock_payout.payout_id and t.marketplace = app.marketplace() for update;
  return p;
end $$;

CREATE FUNCTION money.lock_subject(purpose text, subject_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if lock_subject.purpose = 'booking' then
    perform money.lock_booking(lock_subject.subject_id);
  else
    perform pg_advisory_xact_lock(hashtextextended('payment of ' || lock_subject.subject_id, 0));
  end if;
end $$;

CREATE FUNCTION money.lock_subscriber(person_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtextextended('subscriptions of ' || person_id, 0))
$$;

CREATE TABLE money.settlements (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    gateway text NOT NULL,
    file_name character varying(200) NOT NULL,
    line_count integer NOT NULL,
    first_at timestamp with time zone,
    last_at timestamp with time zone,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT settlements_gateway_check CHECK ((gateway = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT settlements_line_count_check CHECK ((line_count >= 0))
);

ALTER TABLE ONLY money.settlements FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.match_lines(s money.settlements, rows text) RETURNS TABLE(line integer, result text, kind text, entry_reference text, reference text, currency text, amount bigint, fee bigint, net bigint, occurred_at timestamp with time zone, attempt_id uuid, refund_id uuid, expected_amount bigint, expected_fee bigint, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare named text[] := array(select distinct t.reference from money.told_lines(rows) t where t.kind in ('charge', 'refund'));
begin
  return query
    select t.line,
      case when t.problem is not null then 'unreadable'
        when t.kind = 'other' then 'not_a_payment'
        when t.kind = 'fee' then case
          when exists (select from money.settlement_lines l
            where l.entry_reference = t.entry_reference and l.result = 'matched' and l.kind = 'fee') then 'repeated'
          when not exists (select from money.currencies c where c.code = t.currency and c.code <> 'XCR') then 'currency_differs'
          else 'matched' end
        when e.kind is null then 'unknown'
        when e.is_settled then 'repeated'
        when t.currency <> e.currency then 'currency_differs'
        when t.amount <> e.amount then 'amount_differs'
        when t.fee <> e.fee then 'fee_differs'
        when abs(extract(epoch from t.occurred_at - e.posted_at)) > 3 * 86400 then 'date_differs'
        else 'matched' end,
      t.kind, t.entry_reference, t.reference, t.currency, t.amount, t.fee, t.net, t.occurred_at, e.attempt_id, e.refund_id, e.amount,
      e.fee, t.problem
    from money.told_lines(rows) t
    left join money.expected_lines(s.gateway, named, null, null) e on e.kind = t.kind and e.reference = t.reference;
end $$;

CREATE FUNCTION money.method_to_collect(person_id uuid, booking_id uuid) RETURNS TABLE(gateway text, reference text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  purpose_ text := case when method_to_collect.booking_id is null then 'debt' else 'booking' end;
  subject uuid := coalesce(method_to_collect.booking_id, person_id); asked jsonb := money.find_payable(purpose_, subject); p money.payments;
begin
  select t.* into p from money.payments t
  where t.purpose = purpose_ and coalesce(t.booking_id, t.subject_id) = subject and t.status <> 'cancelled'
  order by t.id desc limit 1;
  if asked ->> 'payer_id' is distinct from person_id::text or not (asked ->> 'payable')::boolean or (asked ->> 'amount')::bigint = 0
    or purpose_ = 'booking' and p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then
    return;
  end if;
  if p.status = 'processing' or p.leased_until > app.now() then
    perform app.set_timer(case purpose_ when 'debt' then 'debt.collect' else 'payment.collect' end,
      case purpose_ when 'debt' then person_id else p.id end, app.now() + interval '1 minute');
    return;
  end if;
  return query select m.gateway::text, m.reference::text from money.default_method(person_id) as m where m.reference is not null;
end $$;

CREATE FUNCTION money.miscounted_promo_codes(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('promo_code_id', p.id, 'usage_count', p.usage_count, 'uses', u.uses)
  from money.promo_codes p
  cross join lateral (
    select count(*) filter (where u.released_at is null) as uses, count(*) filter (where u.discount_amount <> b.discount_amount) as wrong
    from money.promo_code_usages u join booking.bookings b on b.id = u.booking_id where u.promo_code_id = p.id) as u
  where money.is_looked_at(p.marketplace) and (since is null or p.updated_at >= since) and (u.uses <> p.usage_count or u.wrong > 0)
$$;

CREATE FUNCTION money.months_of(marketplace text, plan text) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select p.months::integer from money.plans p where p.marketplace = months_of.marketplace and p.code = months_of.plan
$$;

CREATE FUNCTION money.move_mark(account_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.payout_marks m set through = coalesce((
      select min(e.number) - 1 from money.entries e
      where e.account_id = m.account_id and e.number > m.through and e.type not in ('payout', 'payout_return')
        and not exists (select from money.payout_items i
          where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live)),
    (select max(e.number) from money.entries e where e.account_id = m.account_id), m.through)
  where m.account_id = move_mark.account_id;
end $$;

CREATE FUNCTION money.move_promo_use(booking_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.promo_code_usages u set discount_amount = b.discount_amount
  from booking.bookings b
  where u.booking_id = move_promo_use.booking_id and b.id = u.booking_id and u.discount_amount <> b.discount_amount
$$;

CREATE FUNCTION money.my_earnings(since timestamp with time zone, until timestamp with time zone) RETURNS TABLE(currency text, bookings bigint, gross_amount bigint, commission_amount bigint, net_amount bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query
    with moved as materialized (
      select t.id, t.type, b.id as booking_id, a.currency, sum(e.amount) as amount
      from money.accounts a
      join money.entries e on e.account_id = a.id
      join money.transfers t on t.id = e.transfer_id
      join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
      left join money.tips g on p.purpose = 'tip' and g.id = p.subject_id
      join booking.bookings b on b.id = coalesce(p.booking_id, g.booking_id)
      where a.owner_id = app.actor() and a.marketplace = app.marketplace() and a.kind in ('provider_payable', 'receivable')
        and t.type in ('release', 'tip', 'refund', 'reversal', 'dispute') and b.provider_id = app.actor()
        and b.completed_at >= since and b.completed_at < until
      group by 1, 2, 3, 4)
    select m.currency, count(distinct m.booking_id) filter (where m.type = 'release'),
           sum(m.amount + c.commission)::bigint, sum(c.commission)::bigint, sum(m.amount)::bigint
    from moved m cross join lateral (
      select coalesce(sum(r.amount), 0) as commission from money.entries r join money.accounts a on a.id = r.account_id
      where r.transfer_id = m.id and r.currency = m.currency and a.kind = 'platform_revenue') as c
    group by m.currency;
end $$;

CREATE FUNCTION money.my_gateway_customer(gateway text) RETURNS TABLE(id uuid, reference character varying, email character varying, full_name character varying, phone_sealed text, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  insert into money.gateway_customers (marketplace, user_id, gateway)
  values (app.marketplace(), app.actor(), my_gateway_customer.gateway)
  on conflict on constraint gateway_customers_user_id_key do nothing;
  return query
    select c.id, c.reference, u.email::varchar, u.full_name::varchar, u.phone_sealed::text, u.phone_hash::text
    from money.gateway_customers c join identity.users u on u.id = c.user_id
    where c.user_id = app.actor() and c.gateway = my_gateway_customer.gateway;
end $$;

CREATE FUNCTION money.my_paper(payment_id uuid, number text) RETURNS TABLE(kind text, number text, corrects text, buyer_name text, issuer jsonb, description text, currency text, lines jsonb, tax_lines jsonb, subtotal_amount bigint, tax_amount bigint, total_amount bigint, issued_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $_$
  select i.kind, i.number, c.number, i.buyer_name, i.issuer, i.description, i.currency, i.lines, i.tax_lines, i.subtotal_amount,
         i.tax_amount, i.total_amount, i.issued_at
  from money.invoices i left join money.invoices c on c.id = i.corrects
  where i.payment_id = $1 and i.user_id = app.actor()
    and case when $2 is null then i.kind <> 'credit_note' else i.number = $2 end
$_$;

CREATE FUNCTION money.my_payout_items(payout_id uuid, after uuid, most integer) RETURNS TABLE(payout jsonb, item jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query
    select case when row_number() over (order by i.id) = 1 then money.shown_payout(p) end,
           jsonb_build_object('id', i.id, 'kind', i.kind, 'booking_id', i.booking_id, 'booking_number', b.number,
             'gross_amount', i.gross_amount, 'commission_amount', i.commission_amount, 'amount', i.amount, 'earned_at', i.earned_at)
    from money.payouts p
    left join money.payout_items i on i.payout_id = p.id and i.is_live
      and (my_payout_items.after is null or i.id > my_payout_items.after)
    left join booking.bookings b on b.id = i.booking_id
    where p.id = my_payout_items.payout_id and p.provider_id = app.actor() and p.marketplace = app.marketplace()
    order by i.id limit most;
end $$;

CREATE FUNCTION money.my_payouts(before uuid, most integer) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query
    select money.shown_payout(p) from money.payouts p
    where p.provider_id = app.actor() and p.marketplace = app.marketplace() and (before is null or p.id < before)
    order by p.id desc limit most;
end $$;

CREATE FUNCTION money.name_of_method(a money.payment_attempts) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce((
      select m.type || coalesce('_ending_' || m.last4, '') from money.payment_methods m
      where m.marketplace = a.marketplace and m.gateway = a.gateway and m.reference = a.options ->> 'payment_method'),
    a.options ->> 'method', a.gateway, 'wallet')
$$;

CREATE FUNCTION money.offered_plan(code text) RETURNS money.plans
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare plan_ money.plans;
begin
  select t.* into plan_ from money.plans t
  where t.marketplace = app.marketplace() and t.code = offered_plan.code and t.is_active;
  if not found then perform app.refuse('plan_not_offered'); end if;
  if plan_.role <> all (identity.roles_of(app.actor())) then perform app.refuse('role_missing'); end if;
  return plan_;
end $$;

CREATE FUNCTION money.open_account(place text, kind text, user_id uuid, gateway text, currency text) RETURNS uuid
    LANGUAGE plpgsql
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

CREATE FUNCTION money.open_connect_account(country text, currency text) RETURNS TABLE(id uuid, reference text, email text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  insert into money.payout_accounts (marketplace, user_id, kind, country, currency, status)
  values (app.marketplace(), app.actor(), 'stripe', open_connect_account.country, open_connect_account.currency, 'pending')
  on conflict (user_id) where kind = 'stripe' and status <> 'removed' do nothing;
  return query
    select a.id, a.reference::text, u.email::text from money.payout_accounts a join identity.users u on u.id = a.user_id
    where a.user_id = app.actor() and a.kind = 'stripe' and a.status <> 'removed';
end $$;

CREATE FUNCTION money.open_lines(p money.payments) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('code', l.code, 'payer', l.payer, 'payee', l.payee,
    'amount', l.amount, 'user_id', l.user_id)) order by l.code, l.payer, l.payee), '[]')
  from (
    select t.code, t.payer, t.payee, t.user_id,
      -- What was cut twice comes to nothing, not to less.
      case when sum(t.amount) filter (where not t.is_cut) < 0 then least(sum(t.amount), 0) else greatest(sum(t.amount), 0) end::bigint
        as amount
    from (
      select coalesce(i ->> 'code', p.purpose) as code, i ->> 'payer' as payer, i ->> 'payee' as payee, i ->> 'user_id' as user_id,
        (i ->> 'amount')::bigint as amount, false as is_cut
      from jsonb_array_elements(coalesce(p.due_items, '[]')) as i
      union all
      select i ->> 'code', i ->> 'payer', i ->> 'payee', case when 'provider' in (i ->> 'payer', i ->> 'payee') then b.provider_id::text end,
        c.way * (i ->> 'amount')::bigint, c.way < 0
      from booking.bookings b, lateral (values (1, b.line_items), (-1, b.refund_items)) as c (way, items),
        jsonb_array_elements(c.items) as i
      where b.id = p.booking_id and p.due_items is null
      union all
      select i ->> 'code', i ->> 'payer', i ->> 'payee', i ->> 'user_id', -(i ->> 'amount')::bigint, true
      from money.live_reductions(p) as r, jsonb_array_elements(r.items) as i
      -- What was cut before it was known what is owed is left out of that already.
      where r.is_taken_back or p.due_items is null) as t
    group by t.code, t.payer, t.payee, t.user_id) as l
  where l.amount <> 0
$$;

CREATE FUNCTION money.open_order(details jsonb) RETURNS money.orders
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  o money.orders; net bigint := booking.sum_of(details -> 'items', 'customer');
  fee bigint := case when (details ->> 'setup_fee')::boolean then coalesce(app.setting('setup_fee_cents')::bigint, 0) else 0 end;
begin
  -- Of two first orders at once one waits here for the other, and finds that the fee is taken.
  if fee > 0 then
    o := money.insert_order(details, net + fee, fee);
  end if;
  if o.id is null then o := money.insert_order(details, net, 0); end if;
  return o;
end $$;

CREATE FUNCTION money.open_pass(wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare product_ money.products; pass money.listing_passes; opened jsonb; subject uuid := (wish ->> 'covers_id')::uuid;
begin
  select t.* into product_ from money.products t
  where t.marketplace = app.marketplace() and t.code = wish ->> 'product' and t.is_active;
  if not found then perform app.refuse('product_not_offered'); end if;
  if product_.role <> all (identity.roles_of(app.actor())) then perform app.refuse('role_missing'); end if;
  if subject is not null and not money.is_coverable(product_.covers, subject) then perform app.refuse('not_coverable'); end if;
  perform money.lock_subscriber(app.actor());
  select t.* into pass from money.listing_passes t
  where t.user_id = app.actor() and t.product = product_.code and t.subject_id is not distinct from subject and t.status = 'pending';
  if pass.amount <> product_.amount or pass.days <> product_.days then
    perform money.lock_subject('listing', pass.id);
    perform money.drop_pass(pass.id);
    pass := null;
  end if;
  if pass.id is null then
    insert into money.listing_passes (marketplace, user_id, product, covers, subject_id, currency, amount, days, benefits)
    values (product_.marketplace, app.actor(), product_.code, product_.covers, subject, product_.currency, product_.amount,
      product_.days, product_.benefits)
    returning * into pass;
  end if;
  opened := money.open_payment(wish || jsonb_build_object('purpose', 'listing', 'subject_id', pass.id));
  return opened || jsonb_build_object('subject', (select to_jsonb(p) from money.shown_passes p where p.id = pass.id));
end $$;

CREATE FUNCTION money.open_payment(wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return money.open_payment_of(app.actor(), wish);
end $$;

CREATE FUNCTION money.open_payment_of(person_id uuid, wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  subject uuid := (wish ->> 'subject_id')::uuid; asked jsonb; p money.payments; a money.payment_attempts; chosen text;
  m money.payment_methods;
begin
  if wish ->> 'payment_method_id' is not null then
    select t.* into m from money.payment_methods t
    where t.id = (wish ->> 'payment_method_id')::uuid and t.user_id = open_payment_of.person_id and t.removed_at is null;
    if m.id is null then perform app.refuse('payment_method_not_found'); end if;
    wish := jsonb_set(wish || jsonb_build_object('gateway', m.gateway), '{options,payment_method}', to_jsonb(m.reference));
  elsif exists (
    select from money.payment_methods t
    where t.marketplace = app.marketplace() and t.gateway in (select jsonb_array_elements_text(wish -> 'gateways'))
      and t.reference = wish #>> '{options,payment_method}'
      and (t.user_id <> open_payment_of.person_id or t.removed_at is not null)) then
    perform app.refuse('payment_method_not_found');
  end if;
  if wish ->> 'gateway' is not null and not wish -> 'gateways' ? (wish ->> 'gateway') then
    perform app.refuse('gateway_not_offered');
  end if;
  if wish #>> '{options,keep}' is not null and exists (select from identity.users u
    where u.id = open_payment_of.person_id and (u.email is null or u.phone_hash is null)) then
    perform app.refuse('contact_missing');
  end if;
  perform money.lock_subject(wish ->> 'purpose', subject);
  asked := money.find_payable(wish ->> 'purpose', subject);
  if (asked ->> 'payer_id')::uuid is distinct from open_payment_of.person_id then perform app.refuse('not_found'); end if;
  if not (asked ->> 'payable')::boolean then perform app.refuse(asked ->> 'code'); end if;
  if (asked ->> 'amount')::bigint = 0 then perform app.refuse('nothing_to_pay'); end if;
  select t.* into p from money.payments t
  where t.purpose = wish ->> 'purpose' and (t.booking_id = subject and t.status <> 'cancelled'
    or t.subject_id = subject and t.status in ('pending', 'processing', 'authorized', 'failed')) for update;
  if p.status in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then perform app.refuse('already_paid'); end if;
  if p.leased_until > app.now() or p.status = 'processing' then perform app.refuse('payment_in_progress'); end if;
  select t.* into a from money.payment_attempts t where t.payment_id = p.id and t.is_current for update;
  if p.amount <> (asked ->> 'amount')::bigint or p.due_items <> asked -> 'items'
    or (p.cash_amount > 0) <> coalesce((wish ->> 'use_cash')::boolean, false) then
    -- What it costs has changed since, or the person would rather pay otherwise.
    perform money.drop_payment(p);
    p := null;
    a := null;
  end if;
  if p.id is null then
    p := money.start_payment(asked, wish);
    -- A promise of cash is as good as a card's: the booking stands.
    if p.cash_amount > 0 then perform money.tell_subject(p, 'authorized'); end if;
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
    insert into money.payment_attempts (marketplace, payment_id, gateway, amount, options, customer)
    select p.marketplace, p.id, chosen, p.gateway_amount, wish -> 'options',
      jsonb_strip_nulls(jsonb_build_object('reference', c.reference, 'email', u.email, 'name', u.full_name))
    from identity.users u left join money.gateway_customers c on c.user_id = u.id and c.gateway = chosen
    where u.id = p.payer_id
    returning * into a;
  end if;
  update money.payments t set leased_until = app.now() + interval '30 seconds' where t.id = p.id;
  perform app.set_timer('payment.look', p.id, app.now() + interval '1 minute');
  return jsonb_build_object('payment', money.shown_payment(p.id), 'charge', jsonb_build_object(
    'attempt_id', a.id, 'gateway', a.gateway, 'amount', a.amount, 'currency', p.currency, 'description', p.description,
    'capture', p.capture, 'options', a.options, 'customer', a.customer,
    'keeper', case when a.options ? 'keep' then (
      select to_jsonb(c) || jsonb_build_object('user_id', app.actor()) from money.my_gateway_customer(a.gateway) as c) end,
    'metadata', jsonb_build_object('payment_id', p.id, 'purpose', p.purpose,
      case when p.booking_id is null then 'subject_id' else 'booking_id' end, subject)));
end $$;

CREATE TABLE money.payout_batches (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payouts integer NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY money.payout_batches FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.open_payout_batch(most integer) RETURNS SETOF money.payout_batches
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare waiting uuid; p money.payouts; taken uuid[] := '{}'; total bigint := 0; b money.payout_batches; unit text;
begin
  for waiting in
    select o.id from (
      select t.id, t.account_id from money.payouts t join money.payout_accounts a on a.id = t.payout_account_id
      where t.marketplace = app.marketplace() and t.status = 'pending' and a.kind = 'bank' and t.provider_id <> app.actor()
        and money.kept_back_as(t) is null
      order by t.id limit most) as o
    -- In the order in which whoever builds payouts locks them too.
    order by o.account_id
  loop
    p := money.lock_payout(waiting);
    continue when p.status <> 'pending' or p.is_held or p.currency <> coalesce(unit, p.currency);
    p := money.start_payout(p, 'staff');
    continue when p.status <> 'processing' or p.sent_by <> 'staff';
    unit := p.currency;
    taken := taken || p.id;
    total := total + p.amount;
  end loop;
  if cardinality(taken) = 0 then perform app.refuse('nothing_to_pay_out'); end if;
  insert into money.payout_batches (marketplace, payouts, amount, currency, created_by)
  values (app.marketplace(), cardinality(taken), total, unit, app.actor()) returning * into b;
  update money.payouts t set batch_id = b.id where t.id = any (taken);
  perform app.audit('money.payout_batch_opened', 'money', 'payout_batches', b.id::text,
    new_values => jsonb_build_object('payouts', b.payouts, 'amount', b.amount));
  return next b;
end $$;

CREATE FUNCTION money.open_payout_run() RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare run_id uuid; waiting uuid;
begin
  select r.id into run_id from money.payout_runs r
  where r.marketplace = app.marketplace() and r.finished_at is null order by r.id limit 1;
  if run_id is not null then return run_id; end if;
  insert into money.payout_runs (marketplace, period_start, period_end, ends_at)
  select app.marketplace(), t.period_start, t.period_end, t.ends_at from money.payout_period() as t
  where t.period_start < t.period_end
  on conflict on constraint payout_runs_period_key do nothing
  returning id into run_id;
  if run_id is null then return null; end if;
  for waiting in
    select t.id from money.payouts t
    where t.marketplace = app.marketplace() and not t.is_held and money.payout_account_of(t.provider_id, t.currency) is not null
      -- What waits for staff to send it goes on waiting.
      and (t.status = 'failed' or t.status = 'pending' and exists (
        select from money.payout_accounts a
        where a.id = t.payout_account_id and (a.kind = 'stripe' or a.status <> 'active' or money.has_bank_rail())))
    order by t.account_id
  loop
    perform money.reopen_payout(waiting);
  end loop;
  return run_id;
end $$;

CREATE FUNCTION money.open_subscription(wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare plan_ money.plans; s money.subscriptions; c money.subscription_charges; opened jsonb;
begin
  perform money.lock_subscriber(app.actor());
  plan_ := money.offered_plan(wish ->> 'plan');
  insert into money.subscriptions (marketplace, user_id, plan, role, currency, amount)
  values (plan_.marketplace, app.actor(), plan_.code, plan_.role, plan_.currency, plan_.amount)
  on conflict (user_id, role) where status in ('pending', 'active', 'past_due') do nothing;
  select t.* into strict s from money.subscriptions t
  where t.user_id = app.actor() and t.role = plan_.role and t.status in ('pending', 'active', 'past_due');
  perform money.lock_subject('subscription', s.id);
  select t.* into strict s from money.subscriptions t where t.id = s.id for update;
  if s.status <> 'pending' or money.is_subscribed(app.actor(), plan_.role, s.id) then perform app.refuse('already_subscribed'); end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  if c.plan <> plan_.code or c.price <> plan_.amount then
    perform money.drop_charge(s.id);
    c := null;
  end if;
  if c.id is null then
    update money.subscriptions t set plan = plan_.code, amount = plan_.amount where t.id = s.id;
    insert into money.subscription_charges (marketplace, subscription_id, kind, plan, currency, price)
    values (s.marketplace, s.id, 'start', plan_.code, plan_.currency, plan_.amount);
  end if;
  opened := money.open_payment(wish || jsonb_build_object('purpose', 'subscription', 'subject_id', s.id));
  return opened || jsonb_build_object('subject', money.shown_subscription(s.id));
end $$;

CREATE TABLE money.tips (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    booking_id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT tips_amount_check CHECK ((amount > 0)),
    CONSTRAINT tips_parties_check CHECK ((user_id <> provider_id)),
    CONSTRAINT tips_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'refunded'::text])))
);

ALTER TABLE ONLY money.tips FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.open_tip(booking_id uuid, amount bigint) RETURNS SETOF money.tips
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare b booking.bookings := money.lock_booking(open_tip.booking_id);
begin
  if b.id is null or b.customer_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  if b.completed_at is null then perform app.refuse('booking_not_completed'); end if;
  if exists (select from identity.users u where u.id = b.provider_id and u.deleted_at is not null) then
    perform app.refuse('provider_gone');
  end if;
  if open_tip.amount > b.total_amount then perform app.refuse('tip_too_high'); end if;
  perform money.lock_subject('tip', t.id) from money.tips t where t.booking_id = b.id;
  if exists (select from money.tips t where t.booking_id = b.id and t.status in ('paid', 'refunded')) then
    perform app.refuse('already_tipped');
  end if;
  return query
    insert into money.tips as t (marketplace, booking_id, user_id, provider_id, amount, currency)
    values (b.marketplace, b.id, b.customer_id, b.provider_id, open_tip.amount, b.currency)
    on conflict on constraint tips_booking_id_key do update set amount = excluded.amount
    returning *;
end $$;

CREATE TABLE money.wallet_topups (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT wallet_topups_amount_check CHECK ((amount > 0)),
    CONSTRAINT wallet_topups_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'refunded'::text])))
);

ALTER TABLE ONLY money.wallet_topups FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.open_topup(amount bigint) RETURNS SETOF money.wallet_topups
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  -- A marketplace without these settings has no top-ups.
  if (open_topup.amount between app.setting('wallet_topup_min')::bigint and app.setting('wallet_topup_max')::bigint) is not true then
    perform app.refuse('topup_amount');
  end if;
  return query
    insert into money.wallet_topups (marketplace, user_id, amount, currency)
    select m.slug, app.actor(), open_topup.amount, m.currency from app.marketplaces m where m.slug = app.marketplace()
    returning *;
end $$;

CREATE FUNCTION money.open_unpaid(booking_id uuid) RETURNS money.payments
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into money.payments (marketplace, payer_id, purpose, booking_id, description, currency, amount, wallet_amount, credits_amount,
    gateway_amount, capture)
  select b.marketplace, b.customer_id, 'booking', b.id, 'Booking ' || b.number, b.currency, b.total_amount, 0, 0, b.total_amount, 'later'
  from booking.bookings b where b.id = open_unpaid.booking_id
  returning *
$$;

CREATE FUNCTION money.owe(p money.payments, covered bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/owed', 'type', 'charge', 'description', p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'uncollected', 'amount', p.due_amount) as e
        union all select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -covered) where covered > 0
        union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', covered - p.due_amount)) as entries)));
  update money.payments t set owed_through = b.total_out
  from money.accounts a join money.balances b on b.account_id = a.id
  where t.id = p.id and a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency;
  perform money.tell_owed(p, p.due_amount - covered);
end $$;

CREATE FUNCTION money.owed_by(person_id uuid, currency text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(sum(-b.balance), 0)::bigint from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = owed_by.person_id and a.kind = 'receivable' and a.currency = owed_by.currency
$$;

CREATE FUNCTION money.paper_lines(p money.payments, total bigint) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with wanted as (
    select i ->> 'code' as code, money.line_name(i ->> 'code', i ->> 'description') as description, i -> 'quantity' as quantity, (i ->> 'amount')::bigint as amount,
           (i ->> 'unit_amount')::bigint as unit_amount, i ->> 'payee' as payee, o.place,
           coalesce((select sum((r ->> 'amount')::bigint) from jsonb_array_elements(b.refund_items) as r
                     where r ->> 'code' = i ->> 'code' and r ->> 'payee' = i ->> 'payee'
                       and r ->> 'payer' = 'customer'), 0)::bigint as unowed
    from booking.bookings b, jsonb_array_elements(b.line_items) with ordinality as o (i, place)
    where b.id = p.booking_id and i ->> 'payer' = 'customer'
    union all
    select coalesce(i ->> 'code', p.purpose), case when i ? 'description' or jsonb_array_length(p.due_items) > 1
        then money.line_name(coalesce(i ->> 'code', i ->> 'payee'), i ->> 'description') else p.description end,
           '1'::jsonb, (i ->> 'amount')::bigint, (i ->> 'amount')::bigint, i ->> 'payee', o.place, 0
    from jsonb_array_elements(p.due_items) with ordinality as o (i, place)
    where p.booking_id is null and i ->> 'payer' = 'customer'),
  owed as (
    select w.place, w.amount - w.unowed as amount, jsonb_build_object('code', w.code, 'description', w.description, 'payee', w.payee,
      'quantity', case when w.unowed = 0 then w.quantity else '1'::jsonb end,
      'unit_amount', case when w.unowed = 0 then w.unit_amount else w.amount - w.unowed end, 'amount', w.amount - w.unowed) as line
    from wanted w where w.amount <> w.unowed)
  select case when sum(o.amount) = total then jsonb_agg(o.line order by o.place)
    else jsonb_build_array(jsonb_build_object('code', p.purpose, 'description', p.description, 'quantity', 1, 'unit_amount', total,
      'amount', total)) end
  from owed o
$$;

CREATE FUNCTION money.paper_trail() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.write_papers(new.id);
  return null;
end $$;

CREATE FUNCTION money.papers_of(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object(
    'invoice', (jsonb_agg(f.paper) filter (where f.kind <> 'credit_note')) -> 0,
    'credit_notes', coalesce(jsonb_agg(f.paper order by f.id) filter (where f.kind = 'credit_note'), '[]'))
  from (
    select i.id, i.kind, jsonb_build_object('id', i.id, 'kind', i.kind, 'number', i.number, 'currency', i.currency,
      'subtotal_amount', i.subtotal_amount, 'tax_amount', i.tax_amount, 'total_amount', i.total_amount, 'issued_at', i.issued_at,
      'url', '/api/v1/payments/' || i.payment_id || '/invoice.pdf'
        || case i.kind when 'credit_note' then '?number=' || i.number else '' end) as paper
    from money.invoices i where i.payment_id = papers_of.payment_id) as f
$$;

CREATE FUNCTION money.payable_booking(booking_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings; owed boolean; collected_at timestamptz;
begin
  select t.* into b from booking.bookings t where t.id = payable_booking.booking_id and t.marketplace = app.marketplace();
  if b.id is null then return null; end if;
  select money.is_unpayable(p), p.collected_at into owed, collected_at
  from money.payments p where p.booking_id = b.id and p.status <> 'cancelled';
  return jsonb_build_object('payer_id', b.customer_id, 'amount', b.total_amount, 'currency', b.currency,
    'description', 'Booking ' || b.number,
    'payable', owed is not true and b.status <> 'cancelled' and (b.expires_at is null or b.expires_at > app.now()),
    'code', case when collected_at is not null then 'already_paid' when owed then 'booking_owed' else 'booking_not_payable' end,
    -- A card's bank reserves for a week: what ends later is taken at once.
    'capture', case when b.ends_at < app.now() + interval '6 days' then 'later' else 'now' end);
end $$;

CREATE FUNCTION money.payable_debt(person_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare currency_ text; owed bigint;
begin
  select m.currency into currency_ from identity.users u join app.marketplaces m on m.slug = u.marketplace
  where u.id = payable_debt.person_id and u.marketplace = app.marketplace();
  if not found then return null; end if;
  owed := money.owed_by(person_id, currency_);
  return jsonb_build_object('payer_id', person_id, 'amount', owed, 'currency', currency_, 'description', 'What is still owed',
    'items', jsonb_build_array(jsonb_build_object('code', 'debt', 'payer', 'customer', 'payee', 'debt', 'amount', owed,
      'user_id', person_id)),
    'payable', true);
end $$;

CREATE FUNCTION money.payable_order(order_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payer_id', o.user_id, 'amount', o.amount, 'currency', o.currency, 'description', o.description,
    'items', o.items, 'payable', s.code is null, 'code', s.code)
  from money.orders o, lateral (select case
      when o.status in ('paid', 'refunded') then 'already_paid'
      when o.cancelled_at is not null then 'order_cancelled'
      when o.setup_fee_applied = 0 and exists (select from money.orders f where f.user_id = o.user_id and f.setup_fee_applied > 0
        and f.status in ('pending', 'failed')) then 'setup_fee_unpaid' end as code) as s
  where o.id = payable_order.order_id and o.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.payable_pass(pass_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payer_id', p.user_id, 'amount', p.amount, 'currency', p.currency, 'description', r.name,
    'items', jsonb_build_array(jsonb_build_object('code', p.product, 'payer', 'customer', 'payee', 'platform', 'amount', p.amount)),
    'payable', p.status = 'pending', 'code', 'already_paid')
  from money.listing_passes p join money.products r on r.marketplace = p.marketplace and r.code = p.product
  where p.id = pass_id and p.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.payable_subscription(subscription_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions; c money.subscription_charges;
begin
  select t.* into s from money.subscriptions t
  where t.id = payable_subscription.subscription_id and t.marketplace = app.marketplace();
  if s.id is null then return null; end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  return jsonb_build_object('payer_id', s.user_id, 'amount', coalesce(c.amount, 1), 'currency', s.currency,
    'description', (select p.name from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(c.plan, s.plan))
      || coalesce(to_char(c.period_start at time zone money.zone(), ', YYYY-MM-DD')
                  || to_char(c.period_end at time zone money.zone(), ' to YYYY-MM-DD'), ''),
    'items', jsonb_build_array(jsonb_build_object('code', c.plan, 'payer', 'customer', 'payee', 'platform', 'amount', c.amount)),
    'payable', c.id is not null, 'code', 'already_paid');
end $$;

CREATE FUNCTION money.payable_tip(tip_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payer_id', t.user_id, 'amount', t.amount, 'currency', t.currency,
    'description', 'Tip for booking ' || b.number, 'payable', t.status in ('pending', 'failed') and u.deleted_at is null,
    'code', case when u.deleted_at is null then 'already_paid' else 'provider_gone' end,
    'items', jsonb_build_array(jsonb_build_object(
      'payer', 'customer', 'payee', 'provider', 'user_id', t.provider_id, 'amount', t.amount)))
  from money.tips t join booking.bookings b on b.id = t.booking_id join identity.users u on u.id = t.provider_id
  where t.id = payable_tip.tip_id and t.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.payable_topup(topup_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payer_id', t.user_id, 'amount', t.amount, 'currency', t.currency, 'description', 'Wallet top-up',
    'payable', t.status in ('pending', 'failed'), 'code', 'already_paid', 'items', jsonb_build_array(jsonb_build_object(
      'payer', 'customer', 'payee', 'wallet', 'user_id', t.user_id, 'amount', t.amount)))
  from money.wallet_topups t where t.id = payable_topup.topup_id and t.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.payment_for_staff(p money.payments) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.shown_payment(p.id) || jsonb_build_object('payer_id', p.payer_id, 'capture', p.capture, 'due_amount', p.due_amount)
$$;

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
    select case when a.is_current and p.status <> 'cancelled' and not o.is_owed and coalesce(w.wanted > 0, true) then 'capture' else 'cancel' end as kind,
      a.id,
      a.gateway, a.reference,
      -- What is reserved at Razorpay is taken whole; the rest is refunded.
      case when a.gateway = 'razorpay' then a.amount else least(coalesce(w.wanted, a.amount), a.amount) end as amount,
      a.id || '-x' as key
    from money.payment_attempts a,
      lateral (select p.due_amount - p.wallet_amount - p.credits_amount - p.cash_amount as wanted) as w,
      -- It becomes a debt.
      lateral (select p.status in ('pending', 'failed') and money.is_unpayable(p) as is_owed) as o
    where a.payment_id = p.id and a.reference is not null and (
      -- Nobody needs it any more.
      (p.status = 'cancelled' or not a.is_current or o.is_owed or p.due_amount is not null and w.wanted <= 0)
        and a.status in ('requires_action', 'authorized', 'failed')
        and (a.created_at > app.now() - interval '7 days' or o.is_owed and p.settled_at is null)
      or a.is_current and a.status = 'authorized' and w.wanted > 0
      -- A bank lets go of what it has reserved after a week, Razorpay after five days: what is not known yet is taken whole before that,
      -- and what is not owed goes back.
      or a.is_current and a.status = 'authorized' and w.wanted is null
        and a.created_at < app.now() - case a.gateway when 'razorpay' then interval '4 days' else interval '6 days' end)
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
      from money.payment_attempts a
      where a.payment_id = p.id and (a.status <> 'captured' or money.is_fee_awaited(a))), '[]'),
    'refund_looks', coalesce((
      select jsonb_agg(jsonb_build_object('refund_id', r.id, 'gateway', a.gateway, 'reference', r.reference) order by r.id)
      from money.refunds r join money.payment_attempts a on a.id = r.attempt_id
      where r.payment_id = p.id and r.reference is not null and r.status in ('processing', 'succeeded')), '[]'),
    'step', (select s from money.payment_steps(p) as s limit 1))
  from money.payments p where p.id = payment_work.payment_id
$$;

CREATE FUNCTION money.payout_account_of(user_id uuid, currency text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return (select a.id from money.payout_accounts a
          where a.user_id = payout_account_of.user_id and a.currency = payout_account_of.currency and a.status = 'active'
            and a.usable_from <= app.now()
          order by a.id desc limit 1);
end $$;

CREATE FUNCTION money.payout_batch_lines(batch_id uuid) RETURNS TABLE(payout_account_id uuid, reference_number text, amount bigint, currency text, bank_name text, account_name text, details_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (select from money.payout_batches b
    where b.id = payout_batch_lines.batch_id and b.marketplace = app.marketplace()) then perform app.refuse('not_found'); end if;
  perform app.audit('money.bank_details_read', 'money', 'payout_batches', payout_batch_lines.batch_id::text);
  return query
    select a.id, p.reference_number::text, p.amount, p.currency, a.bank_name::text, a.account_name::text, a.details_sealed
    from money.payouts p join money.payout_accounts a on a.id = p.payout_account_id
    where p.batch_id = payout_batch_lines.batch_id and p.status = 'processing' order by p.id;
end $$;

CREATE FUNCTION money.payout_fee() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce((app.setting('payout_fee_amount') #>> '{}')::bigint, 0)
$$;

CREATE FUNCTION money.payout_period() RETURNS TABLE(period_start date, period_end date, ends_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare zone text; pace text; today date;
begin
  select m.time_zone into strict zone from app.marketplaces m where m.slug = app.marketplace();
  pace := coalesce(app.setting('payout_interval') #>> '{}', 'weekly');
  today := (app.now() at time zone zone)::date - coalesce((app.setting('payout_hold_days') #>> '{}')::integer, 0);
  period_end := case pace when 'daily' then today when 'monthly' then date_trunc('month', today)::date
    else date_trunc('week', today)::date end;
  period_start := coalesce((
    select max(r.period_end) from money.payout_runs r where r.marketplace = app.marketplace()),
    (period_end - case pace when 'daily' then interval '1 day' when 'monthly' then interval '1 month' else interval '1 week' end)::date);
  ends_at := period_end::timestamp at time zone zone;
  return next;
end $$;

CREATE FUNCTION money.payout_webhook(webhook_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
  select jsonb_build_object('object_type', e.object_type, 'account', e.account, 'payouts', coalesce((
    select jsonb_agg(t.id order by t.id) from (
      select p.id from money.payout_accounts a join money.payouts p on p.payout_account_id = a.id
      where a.marketplace = e.marketplace and a.reference = e.account and e.object_type = 'payout'
        and (p.payout_reference = e.object_id or p.status = 'processing' and p.payout_reference is null)
      union
      select p.id from money.payouts p
      where e.gateway = 'razorpay' and e.object_type = 'payout' and p.marketplace = e.marketplace and p.sent_by = 'razorpayx'
        and (p.transfer_reference = e.object_id
          or p.id = substring(e.key from '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=-[0-9]+$)')::uuid and p.id || '-' || p.attempts = e.key)) as t), '[]'))
  from money.webhook_events e where e.id = payout_webhook.webhook_id and e.marketplace = app.marketplace()
$_$;

CREATE FUNCTION money.pays_from(p money.payouts) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case p.kind when 'withdrawal' then 'withdrawing' else 'provider_payable' end
$$;

CREATE FUNCTION money.period_bound(anchor timestamp with time zone, zone text, months integer) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    AS $$
  select ((anchor at time zone zone) + make_interval(months => months)) at time zone zone
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
    LANGUAGE plpgsql
    AS $$
declare
  posted uuid := app.uuid_v7(); place text := app.marketplace(); moment timestamptz := app.now();
  digest text := md5(transfer::text); earlier money.transfer_keys;
  entry jsonb; person uuid; unit text; account uuid; balance bigint; n integer := 0; slot integer; owned integer[] := '{}';
  accounts uuid[] := '{}'; amounts bigint[]; currencies text[]; types text[]; balances bigint[];
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

  -- A short query for each account: it begins in less time than one over all of them.
  for i in 0 .. jsonb_array_length(transfer -> 'entries') - 1 loop
    entry := transfer -> 'entries' -> i;
    person := entry ->> 'user_id';
    unit := coalesce(entry ->> 'currency', transfer ->> 'currency');
    if person is null then
      select a.id into account from money.accounts a
      where a.owner_id is null and a.marketplace = place and a.kind = entry ->> 'account' and a.currency = unit
        and coalesce(a.gateway, '') = coalesce(entry ->> 'gateway', '');
    else
      select a.id into account from money.accounts a
      where a.owner_id = person and a.kind = entry ->> 'account' and a.currency = unit and a.marketplace = place;
    end if;
    if account is null then
      -- All of them, in one order for all: two transfers that need the same new accounts never wait for each other in a circle.
      perform money.open_account(place, e.account, e.user_id, e.gateway, e.currency)
      from (
        select e.account, e.user_id, e.gateway, coalesce(e.currency, transfer ->> 'currency') as currency
        from jsonb_to_recordset(transfer -> 'entries') as e (account text, user_id uuid, gateway text, currency text)
        order by 2, 1, 3, 4 offset 0) as e;
      account := money.open_account(place, entry ->> 'account', person, entry ->> 'gateway', unit);
    end if;
    slot := array_position(accounts, account);
    if slot is null then
      n := n + 1;
      accounts[n] := account; currencies[n] := unit; amounts[n] := (entry ->> 'amount')::bigint;
      types[n] := coalesce(entry ->> 'type', transfer ->> 'type'); balances[n] := null;
      if person is not null then owned := owned || n; end if;
    else
      amounts[slot] := amounts[slot] + (entry ->> 'amount')::bigint;
    end if;
  end loop;

  -- In the order of the accounts' ids, against circles too.
  if cardinality(owned) > 1 then owned := array(select o from unnest(owned) as o order by accounts[o]); end if;
  foreach slot in array owned loop
    continue when amounts[slot] = 0;
    update money.balances b
    set balance = b.balance + amounts[slot], total_in = b.total_in + greatest(amounts[slot], 0),
        total_out = b.total_out - least(amounts[slot], 0), moved_at = moment
    where b.account_id = accounts[slot] and b.is_active
    returning b.balance into balance;
    if not found then perform app.refuse('account_closed'); end if;
    balances[slot] := balance;
  end loop;
  insert into money.entries (transfer_id, account_id, type, currency, amount, balance_after)
  select posted, accounts[i], types[i], currencies[i], amounts[i], balances[i] from generate_subscripts(accounts, 1) as i
  where amounts[i] <> 0;
  if not found then perform app.refuse('transfer_empty'); end if;
  return posted;
end $$;

CREATE FUNCTION money.post_billed_fees(s money.settlements) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.post(jsonb_build_object('key', 'settlement/' || s.id || '/' || f.currency || '/fees', 'type', 'fee',
    'description', 'Billed by ' || s.gateway, 'currency', f.currency, 'reference_type', 'settlement', 'reference_id', s.id,
    'entries', jsonb_build_array(
      jsonb_build_object('account', 'gateway_clearing', 'gateway', s.gateway, 'amount', f.fee),
      jsonb_build_object('account', 'gateway_fees', 'amount', -f.fee))))
  from (
    select l.currency, -sum(l.net)::bigint as fee from money.settlement_lines l
    where l.settlement_id = s.id and l.result = 'matched' and l.kind = 'fee' group by 1 having sum(l.net) <> 0) as f;
end $$;

CREATE FUNCTION money.post_dispute(p money.payments, d money.disputes, r money.reductions, sign integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.post(jsonb_build_object('key', 'dispute/' || d.id || '/' || d.moves, 'type', 'dispute',
    'description', case when sign > 0 then 'Disputed: ' else 'Dispute won: ' end || p.description, 'currency', p.currency,
    'reference_type', 'dispute', 'reference_id', d.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'disputed', 'amount', sign * d.amount) as e
        union all select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -sign * r.amount)
        where r.id is not null and not r.is_taken_back
        union all select money.line_entries(p, r.items, -sign) where r.is_taken_back
        union all select jsonb_build_object('account', 'dispute_expense', 'amount', -sign * (d.amount - coalesce(r.amount, 0)))
        where d.amount > coalesce(r.amount, 0)) as t)));
end $$;

CREATE FUNCTION money.post_fees(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare a money.payment_attempts; p money.payments;
begin
  for a in
    select t.* from money.payment_attempts t
    where t.payment_id = post_fees.payment_id and t.is_posted and t.fee > 0 and not exists (
      select from money.transfer_keys k where k.marketplace = t.marketplace and k.key = 'attempt/' || t.id || '/fee')
  loop
    select t.* into strict p from money.payments t where t.id = a.payment_id;
    perform money.post(jsonb_build_object('key', 'attempt/' || a.id || '/fee', 'type', 'fee',
      'description', 'Fee of ' || a.gateway || ': ' || p.description, 'currency', p.currency,
      'reference_type', 'payment_attempt', 'reference_id', a.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', 'gateway_clearing', 'gateway', a.gateway, 'amount', a.fee),
        jsonb_build_object('account', 'gateway_fees', 'amount', -a.fee))));
  end loop;
end $$;

CREATE FUNCTION money.post_rail_fee(p money.payouts) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  key_ text := 'payout/' || p.id || '/' || p.attempts || '/rail_fee'; is_back boolean := p.status <> 'paid';
  is_posted boolean := exists (select from money.transfer_keys k where k.marketplace = p.marketplace and k.key = key_);
begin
  if coalesce(p.rail_fee, 0) = 0 or is_posted <> is_back then return; end if;
  perform money.post(jsonb_build_object('key', key_ || case when is_back then '/back' else '' end, 'type', 'fee',
    'description', case when is_back then 'Returned: fee of ' else 'Fee of ' end || p.sent_by || ': payout ' || p.reference_number,
    'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'gateway_clearing', 'gateway', 'bank', 'amount', case when is_back then -p.rail_fee else p.rail_fee end),
      jsonb_build_object('account', 'gateway_fees', 'amount', case when is_back then p.rail_fee else -p.rail_fee end))));
end $$;

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
    number character varying(20) DEFAULT money.next_transaction_number() NOT NULL,
    processed_at timestamp with time zone,
    failed_at timestamp with time zone,
    reduction_id uuid,
    replaces uuid,
    CONSTRAINT refunds_amount_check CHECK ((amount > 0)),
    CONSTRAINT refunds_attempt_check CHECK (((method = 'gateway'::text) = (attempt_id IS NOT NULL))),
    CONSTRAINT refunds_method_check CHECK ((method = ANY (ARRAY['gateway'::text, 'wallet'::text, 'credits'::text, 'cash'::text]))),
    CONSTRAINT refunds_reason_check CHECK ((reason = ANY (ARRAY['not_owed'::text, 'paid_too_late'::text, 'by_staff'::text]))),
    CONSTRAINT refunds_reduction_check CHECK (((reason = 'by_staff'::text) = (reduction_id IS NOT NULL))),
    CONSTRAINT refunds_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE ONLY money.refunds FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.post_refund(p money.payments, r money.refunds) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.post(jsonb_build_object('key', 'refund/' || r.id, 'type', 'refund', 'description', 'Refund: ' || p.description,
    'currency', p.currency, 'reference_type', case when p.purpose = 'order' then 'order' else 'payment' end,
    'reference_id', case when p.purpose = 'order' then p.subject_id else p.id end, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -r.amount) as e
        union all select jsonb_build_object('account', 'wallet', 'user_id', p.payer_id, 'amount', r.amount) where r.method = 'wallet'
        union all select money.credit_entries(p, r.amount) where r.method = 'credits'
        union all select money.handed_back(p, r.amount) where r.method = 'cash') as t)));
end $$;

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

CREATE FUNCTION money.prefer_method(method_id uuid) RETURNS SETOF money.payment_methods
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  if not exists (select from money.payment_methods m
    where m.id = prefer_method.method_id and m.user_id = app.actor() and m.removed_at is null) then
    perform app.refuse('not_found');
  end if;
  update money.payment_methods m set is_default = false where m.user_id = app.actor() and m.is_default and m.id <> prefer_method.method_id;
  return query update money.payment_methods m set is_default = true where m.id = prefer_method.method_id returning m.*;
end $$;

CREATE FUNCTION money.price_change(s money.subscriptions, plan_ money.plans) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  now_ boolean := plan_.amount > s.amount and plan_.code <> s.plan;
  credit bigint := money.unused_part(s.amount, s.current_period_start, s.current_period_end, app.now());
begin
  return jsonb_build_object('plan', plan_.code, 'name', plan_.name, 'price', plan_.amount, 'currency', plan_.currency,
    'is_immediate', now_, 'credit', case when now_ then credit else 0 end,
    'amount_due', case when now_ then plan_.amount - credit else 0 end,
    'starts_at', case when now_ then app.now() else s.current_period_end end,
    'ends_at', case when now_ then money.period_bound(app.now(), money.zone(), plan_.months)
      else money.period_bound(s.anchor_at, money.zone(), s.anchored_months + plan_.months) end);
end $$;

CREATE FUNCTION money.promo_terms(code text, facts jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare promo money.promo_codes; reason text; guesses record;
begin
  select p.* into promo from money.promo_codes p where p.marketplace = app.marketplace() and p.code = promo_terms.code;
  for guesses in
    select 'promo/' || g.guesser as bucket, g.most
    from (values (app.actor()::text, 30), (app.caller_network(), 100)) as g (guesser, most) where g.guesser is not null
  loop
    if promo.id is null and app.draw(guesses.bucket, guesses.most, interval '1 hour') is not null
      or promo.id is not null and app.is_empty(guesses.bucket, guesses.most, interval '1 hour') then
      perform app.refuse('too_many_requests');
    end if;
  end loop;
  reason := money.why_no_promo(promo, facts);
  return jsonb_build_object('code', promo_terms.code, 'reason', reason, 'currency', promo.currency,
    'discount_type', promo.discount_type, 'discount_value', promo.discount_value,
    'max_discount_amount', promo.max_discount_amount, 'min_booking_amount', promo.min_booking_amount,
    'valid_until', promo.valid_until,
    'discount_amount', case when reason is not null then 0 else money.discount_of(promo.discount_type, promo.discount_value,
      promo.max_discount_amount, promo.min_booking_amount, (facts ->> 'subtotal_amount')::bigint) end);
end $$;

CREATE FUNCTION money.quote_change(subscription_id uuid, plan text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions;
begin
  select t.* into s from money.subscriptions t
  where t.id = quote_change.subscription_id and t.user_id = app.actor() and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  return money.price_change(s, money.check_change(s, plan));
end $$;

CREATE FUNCTION money.receive_cash(booking_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings := money.lock_booking(receive_cash.booking_id); p money.payments;
begin
  if b.id is null or b.provider_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  select t.* into p from money.payments t
  where t.booking_id = b.id and t.status <> 'cancelled' and t.cash_amount > 0 for update;
  if p.id is null or p.cash_received_at is null and (b.confirmed_at is null or b.completed_at is null and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live))) then
    perform app.refuse('no_cash_due');
  end if;
  if p.cash_received_at is null then
    update money.payments t set cash_received_at = app.now() where t.id = p.id;
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/cash', 'type', 'payment', 'description', p.description,
      'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', p.cash_amount),
        jsonb_build_object('account', 'receivable', 'user_id', b.provider_id, 'amount', -p.cash_amount))));
    perform money.advance_payment(p.id);
  end if;
  return money.show_cash(b.id);
end $$;

CREATE FUNCTION money.receive_webhook(event jsonb) RETURNS TABLE(received boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare kept uuid;
begin
  insert into money.webhook_events (marketplace, gateway, event_id, kind, reference, refund_reference, dispute_reference, key,
    object_type, object_id, account, customer)
  values (app.marketplace(), event ->> 'gateway', event ->> 'event_id', event ->> 'kind', event ->> 'reference',
    event ->> 'refund_reference', event ->> 'dispute_reference', event ->> 'key', event #>> '{object,type}', event #>> '{object,id}',
    event ->> 'account', event ->> 'customer')
  on conflict on constraint webhook_events_event_id_key do nothing returning id into kept;
  if kept is not null then
    -- What happens at providers' accounts is about payouts.
    perform app.emit(case when event #>> '{object,type}' in ('account', 'payout') then 'payout' else 'payment' end
      || '.webhook_received', jsonb_build_object('webhook_id', kept));
  end if;
  return query select true;
end $$;

CREATE FUNCTION money.record_attempt(attempt_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; earlier text; a_status text;
begin
  select t.* into p from money.payments t join money.payment_attempts a on a.payment_id = t.id
  where a.id = record_attempt.attempt_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  perform from money.payments t where t.id = p.id for update;
  select a.status into strict earlier from money.payment_attempts a where a.id = record_attempt.attempt_id;
  update money.payment_attempts a set
    status = case when exists (select from money.status_changes c where c.subject = 'payment_attempts'
      and c.from_status = a.status and c.to_status = report ->> 'status') then report ->> 'status' else a.status end,
    reference = coalesce(report ->> 'reference', a.reference),
    captured_amount = greatest(a.captured_amount, coalesce((report ->> 'captured_amount')::bigint, 0)),
    -- Nought is what gateways say until they know.
    fee = coalesce(nullif(a.fee, 0), (report ->> 'fee')::bigint),
    gateway_response = coalesce(report -> 'response', a.gateway_response),
    failure_code = case when report ? 'failure' then left(report #>> '{failure,code}', 100) else a.failure_code end,
    failure_message = case when report ? 'failure' then left(report #>> '{failure,message}', 500) else a.failure_message end
  where a.id = record_attempt.attempt_id returning a.status into a_status;
  perform money.advance_payment(p.id);
  perform money.post_fees(p.id);
  if earlier = 'authorized' and a_status in ('cancelled', 'failed') then perform money.tell_lapse(p.id); end if;
  return money.payment_work(p.id);
end $$;

CREATE FUNCTION money.record_attempt_for(attempt_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare work jsonb := money.record_attempt(record_attempt_for.attempt_id, report); paid uuid := (work ->> 'payment_id')::uuid;
begin
  if work ->> 'step' is not null then perform money.ask_for_work(paid); end if;
  perform money.release_payment(paid);
  return money.shown_payment(paid);
end $$;

CREATE FUNCTION money.record_connect_account(payout_account_id uuid, report jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare previous money.payout_accounts; a money.payout_accounts;
begin
  select t.* into previous from money.payout_accounts t
  where t.marketplace = app.marketplace() and t.kind = 'stripe' and t.status <> 'removed'
    and (t.id = record_connect_account.payout_account_id or t.reference = report ->> 'reference')
  order by t.id = record_connect_account.payout_account_id desc nulls last limit 1 for update;
  if not found then return false; end if;
  update money.payout_accounts t set status = report ->> 'status', reference = report ->> 'reference',
    missing = array(select jsonb_array_elements_text(report -> 'missing')),
    disabled_reason = left(report ->> 'disabled_reason', 200)
  where t.id = previous.id returning t.* into a;
  if a.status = 'active' and previous.status <> 'active' then
    perform money.tell_of_payout_account(a);
    perform money.wake_payouts(a.user_id);
  end if;
  return true;
end $$;

CREATE FUNCTION money.record_dispute(report jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; a money.payment_attempts; d money.disputes; earlier text; told text := report ->> 'status';
begin
  select t.* into a from money.payment_attempts t
  where t.marketplace = app.marketplace() and t.gateway = report ->> 'gateway' and t.reference = report ->> 'payment_reference';
  if not found then return null; end if;
  select t.* into strict p from money.payments t where t.id = a.payment_id;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  select t.* into d from money.disputes t
  where t.marketplace = p.marketplace and t.gateway = a.gateway and t.reference = report ->> 'reference' for update;
  earlier := d.status;
  if d.id is null then
    insert into money.disputes (marketplace, payment_id, attempt_id, gateway, reference, currency, amount, status, reason, due_by, borne_by,
      closed_at)
    values (p.marketplace, p.id, a.id, a.gateway, report ->> 'reference', p.currency, (report ->> 'amount')::bigint, told,
      left(report ->> 'reason', 100), (report ->> 'due_by')::timestamptz,
      coalesce(app.setting('disputes_borne_by') #>> '{}', 'payees'), case when told in ('won', 'lost') then app.now() end)
    returning * into d;
  elsif exists (select from money.status_changes c
    where c.subject = 'disputes' and c.from_status = d.status and c.to_status = told) then
    update money.disputes t set status = told, due_by = coalesce((report ->> 'due_by')::timestamptz, t.due_by),
      closed_at = case when told in ('won', 'lost') then coalesce(t.closed_at, app.now()) end
    where t.id = d.id returning t.* into d;
  end if;
  if d.is_withheld <> (d.status <> 'won') then
    if d.is_withheld then perform money.let_go(p, d); else perform money.withhold(p, d); end if;
  end if;
  perform money.take_from_gateway(d, coalesce((report ->> 'withdrawn_amount')::bigint, case when d.status = 'won' then 0 else d.amount end),
    coalesce((report ->> 'fee')::bigint, d.fee));
  if earlier is distinct from d.status then
    perform app.emit('dispute.' || case when d.status in ('won', 'lost') then d.status when earlier is null then 'opened'
      else 'updated' end, jsonb_build_object('dispute_id', d.id, 'payment_id', p.id, 'booking_id', p.booking_id, 'amount', d.amount,
      'currency', d.currency, 'status', d.status, 'reason', d.reason, 'due_by', d.due_by));
  end if;
  return d.id;
end $$;

CREATE FUNCTION money.record_dispute_as_staff(payment_id uuid, report jsonb) RETURNS TABLE(dispute jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; a money.payment_attempts; recorded uuid;
begin
  select t.* into p from money.payments t
  where t.id = record_dispute_as_staff.payment_id and t.marketplace = app.marketplace();
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.payer_id = app.actor() then perform app.refuse('own_account'); end if;
  select t.* into a from money.payment_attempts t
  where t.payment_id = p.id and t.status = 'captured' and t.is_current and t.reference is not null;
  if a.id is null then perform app.refuse('payment_not_disputable'); end if;
  if a.gateway in ('stripe', 'razorpay') then perform app.refuse('dispute_read_at_gateway'); end if;
  if (report ->> 'amount')::bigint > a.captured_amount then perform app.refuse('dispute_too_large'); end if;
  if (report ->> 'withdrawn_amount')::bigint > a.captured_amount then perform app.refuse('withdrawn_too_large'); end if;
  if exists (select from money.disputes d
    where d.marketplace = p.marketplace and d.gateway = a.gateway and d.reference = report ->> 'reference' and d.payment_id <> p.id) then
    perform app.refuse('payment_not_disputable');
  end if;
  recorded := money.record_dispute(report || jsonb_build_object('gateway', a.gateway, 'payment_reference', a.reference));
  perform app.audit('money.dispute_recorded', 'money', 'disputes', recorded::text, new_values => report,
    metadata => jsonb_build_object('payment_id', p.id));
  return query select money.dispute_for_staff(d) from money.disputes d where d.id = recorded;
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

CREATE FUNCTION money.record_my_connect_account(payout_account_id uuid, report jsonb) RETURNS SETOF money.payout_accounts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from money.payout_accounts a
    where a.id = record_my_connect_account.payout_account_id and a.user_id = app.actor()) then
    perform money.record_connect_account(record_my_connect_account.payout_account_id, report);
  end if;
  return query select a.* from money.payout_accounts a
    where a.id = record_my_connect_account.payout_account_id and a.user_id = app.actor() and a.marketplace = app.marketplace();
end $$;

CREATE FUNCTION money.record_payout(payout_id uuid, attempt integer, report jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts; told text := report ->> 'status'; rail text;
begin
  p := money.lock_payout(record_payout.payout_id);
  if p.id is null then perform app.refuse('not_found'); end if;
  if p.attempts <> record_payout.attempt then return p.status; end if;
  update money.payouts t set transfer_reference = coalesce(report ->> 'transfer_reference', t.transfer_reference),
    payout_reference = coalesce(report ->> 'payout_reference', t.payout_reference)
  where t.id = p.id and p.status in ('processing', 'paid') returning t.* into p;
  if p.id is null or p.status = told or told = 'processing' or p.amount = 0 then return coalesce(p.status, told); end if;
  if told = 'failed' then
    rail := case p.sent_by when 'stripe' then 'stripe' else 'bank' end;
    perform money.post(jsonb_build_object('key', 'payout/' || p.id || '/' || p.attempts || '/return', 'type', 'payout_return',
      'description', 'Returned: payout ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout',
      'reference_id', p.id, 'entries', jsonb_build_array(
        jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', p.amount),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', rail, 'amount', -p.amount))));
  end if;
  update money.payouts t set status = told,
    paid_at = case when told = 'paid' then app.now() end, failed_at = case when told = 'failed' then app.now() else t.failed_at end,
    rail_fee = case when told = 'paid' then (report ->> 'fee')::bigint else t.rail_fee end,
    failure_code = left(report #>> '{failure,code}', 100), failure_message = left(report #>> '{failure,message}', 500)
  where t.id = p.id returning t.* into p;
  perform money.post_rail_fee(p);
  -- That our own money has not arrived at Stripe yet is no business of the provider's.
  if p.failure_code = 'balance_insufficient' then
    perform app.set_timer('payout.retry', p.id, app.now() + interval '6 hours');
  else
    perform money.tell_of_payout(p);
  end if;
  return p.status;
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
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
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
  perform money.count_refunds(p.id);
  if r.status = 'failed' and earlier <> 'failed' then
    perform app.emit('payment.refund_failed', jsonb_build_object('payment_id', p.id, 'refund_id', r.id, 'user_id', p.payer_id,
      'amount', r.amount, 'currency', r.currency));
  end if;
  perform money.advance_payment(p.id);
  return money.payment_work(p.id);
end $$;

CREATE FUNCTION money.record_subject_attempt(attempt_id uuid, report jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare payment jsonb := money.record_my_attempt(record_subject_attempt.attempt_id, report); subject uuid := payment ->> 'subject_id';
begin
  return jsonb_build_object('payment', payment, 'subject', coalesce(money.shown_subscription(subject), (
    select to_jsonb(p) from money.shown_passes p where p.id = subject)));
end $$;

CREATE FUNCTION money.refund_as_staff(payment_id uuid, wish jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; items jsonb; worth bigint; returned bigint; r money.reductions;
begin
  if not identity.has_permission(app.actor(), 'money.refund') then perform app.refuse('forbidden'); end if;
  select t.* into p from money.payments t where t.id = refund_as_staff.payment_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  items := money.open_lines(p);
  if app.actor() = p.payer_id or exists (select from jsonb_array_elements(items) as i where i ->> 'user_id' = app.actor()::text) then
    perform app.refuse('own_payment');
  end if;
  if p.status not in ('authorized', 'succeeded', 'partially_refunded', 'refunded') then
    perform app.refuse('payment_not_refundable', p.status);
  end if;
  items := money.cut(items, wish);
  worth := booking.sum_of(items, 'customer');
  if worth <= 0 or worth > money.refundable(p) then perform app.refuse('refund_too_large', money.refundable(p)::text); end if;
  -- What is only reserved is not given back: less of it is taken.
  returned := case when p.status = 'authorized' or p.due_amount is not null and p.settled_at is null then 0 else worth end;
  if returned = 0 and wish ->> 'to' <> 'source' then perform app.refuse('nothing_taken'); end if;

  insert into money.reductions (marketplace, payment_id, kind, items, amount, returned_amount, is_taken_back, destination, reason,
    created_by)
  values (p.marketplace, p.id, 'refund', items, worth, returned, p.settled_at is not null, wish ->> 'to', wish ->> 'reason',
    app.actor())
  returning * into r;
  if r.is_taken_back then perform money.take_back(p, r.items, 'reduction/' || r.id || '/taken', worth);
  elsif p.due_amount is not null then
    update money.payments t set due_items = money.less(money.open_lines(p), r.items), due_amount = t.due_amount - worth where t.id = p.id;
  end if;
  if returned > 0 then perform money.give_back(p, r); end if;
  perform money.count_refunds(p.id);
  perform money.ask_for_work(p.id);
  perform app.audit('money.refunded', 'money', 'reductions', r.id::text, new_values => jsonb_build_object('payment_id', p.id,
    'amount', worth, 'to', wish ->> 'to', 'items', items, 'reason', wish ->> 'reason'));
  perform app.emit('refund.ordered', jsonb_build_object('refund_id', r.id, 'payment_id', p.id, 'booking_id', p.booking_id,
    'user_id', p.payer_id, 'description', p.description, 'amount', worth, 'returned_amount', returned,
    'currency', p.currency, 'amount_text', money.amount_text(returned, p.currency), 'to', wish ->> 'to'));
  return money.shown_reduction(r.id);
end $$;

CREATE FUNCTION money.refund_of_booking(booking_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('status', case when bool_or(r.status = 'failed') then 'failed'
      when bool_or(r.status in ('pending', 'processing')) then 'pending' else 'succeeded' end,
    'amount', sum(r.amount), 'returned_amount', coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0))
  from money.payments p join money.refunds r on r.payment_id = p.id join booking.bookings b on b.id = p.booking_id
  where b.id = refund_of_booking.booking_id and b.marketplace = app.marketplace()
    and (app.actor() in (b.customer_id, b.provider_id) or identity.has_permission(app.actor(), 'bookings.manage'))
    and not exists (select from money.refunds n where n.replaces = r.id)
  having count(*) > 0
$$;

CREATE FUNCTION money.refund_part(p money.payments, back_to text, worth bigint, why text, reduction_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare made money.refunds;
begin
  if worth <= 0 then return; end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status, reduction_id)
  select p.marketplace, p.id, case when back_to = 'gateway' then (
      select a.id from money.payment_attempts a where a.payment_id = p.id and a.is_current) end,
    back_to, p.currency, worth, why, case when back_to = 'gateway' then 'pending' else 'succeeded' end, refund_part.reduction_id
  returning * into made;
  if made.method <> 'gateway' then perform money.post_refund(p, made); end if;
end $$;

CREATE FUNCTION money.refund_period(s money.subscriptions, payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare c money.subscription_charges;
begin
  update money.subscription_charges t set status = 'refunded'
  where t.payment_id = refund_period.payment_id and t.status = 'paid' returning t.* into c;
  if c.period_end = s.current_period_end and s.status in ('active', 'past_due') then
    perform money.end_subscription(s.id, 'cancelled');
  end if;
end $$;

CREATE FUNCTION money.refundable(p money.payments) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select greatest(0, p.wallet_amount + p.credits_amount + p.cash_amount
    -- What is reserved counts as far as it is going to be taken.
    + case when p.status = 'authorized' then p.gateway_amount else p.captured_amount end
    - coalesce((select sum(r.amount) from money.refunds r
                where r.payment_id = p.id and r.reason <> 'paid_too_late' and r.replaces is null), 0)
    - case when p.settled_at is null then coalesce((
        select sum(r.amount - r.returned_amount) from money.reductions r where r.payment_id = p.id and r.kind = 'refund'), 0) else 0 end
    - money.withheld(p))::bigint
$$;

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
    LANGUAGE plpgsql
    AS $$
declare wrong record;
begin
  if (
    select sum(e.amount) = 0 and bool_and(a.id is not null)
      and min(e.transfer_id || e.currency) = max(e.transfer_id || e.currency)
    from written e left join money.accounts a on a.id = e.account_id and a.currency = e.currency) then
    return null;
  end if;
  select e.transfer_id, sum(e.amount) <> 0 as is_unbalanced into wrong
  from written e left join money.accounts a on a.id = e.account_id and a.currency = e.currency
  group by e.transfer_id, e.currency having sum(e.amount) <> 0 or count(a.id) < count(*) limit 1;
  if found then
    if wrong.is_unbalanced then perform app.refuse('transfer_unbalanced', wrong.transfer_id::text); end if;
    perform app.refuse('entry_without_account');
  end if;
  return null;
end $$;

CREATE FUNCTION money.release_borne(booking_id uuid, items jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; owed bigint := booking.sum_of(items, 'customer'); key_ text := 'booking/' || release_borne.booking_id || '/release';
begin
  select t.* into strict b from booking.bookings t where t.id = release_borne.booking_id;
  if b.discount_amount = 0 or items = '[]' then return items; end if;
  if exists (select from money.transfer_keys k where k.marketplace = b.marketplace and k.key = key_) then
    -- Everybody has got theirs: whoever pays now pays what they owe.
    return case when owed = 0 then '[]' else jsonb_build_array(jsonb_build_object('code', 'debt', 'payer', 'customer', 'payee', 'debt',
      'amount', owed, 'user_id', b.customer_id)) end;
  end if;
  if owed > 0 and (b.total_amount > b.overstay_amount or exists (
    select from money.payments p where p.booking_id = b.id and p.status <> 'cancelled')) then
    return items;
  end if;
  perform money.post(jsonb_build_object('key', key_, 'type', 'release', 'description', 'Booking ' || b.number,
    'currency', b.currency, 'reference_type', 'booking', 'reference_id', b.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'receivable', 'user_id', b.customer_id, 'amount', -owed) as e where owed > 0
        union all
        select money.entry_of(b.provider_id, i ->> s.side, s.sign * (i ->> 'amount')::bigint)
        from jsonb_array_elements(items) as i, (values ('payer', -1), ('payee', 1)) as s (side, sign)
        where i ->> s.side <> 'customer') as entries)));
  if owed > 0 then
    perform app.emit('payment.owed', jsonb_build_object('booking_id', b.id, 'user_id', b.customer_id,
      'description', 'Booking ' || b.number, 'amount', owed, 'currency', b.currency,
      'amount_text', money.amount_text(owed, b.currency)));
    perform app.set_timer('debt.collect', b.customer_id, app.now() + interval '1 minute');
  end if;
  return '[]';
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

CREATE FUNCTION money.release_payouts_of(user_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.ask_for_payout(p.id) from money.payouts p
  where p.provider_id = release_payouts_of.user_id and p.status = 'pending' and not p.is_held
$$;

CREATE FUNCTION money.remove_method(method_id uuid) RETURNS TABLE(gateway text, reference character varying, customer character varying)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare m money.payment_methods;
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  update money.payment_methods t set removed_at = app.now(), is_default = false, is_forgotten = true
  where t.id = remove_method.method_id and t.user_id = app.actor() and t.removed_at is null returning t.* into m;
  if m.id is null then perform app.refuse('not_found'); end if;
  perform money.choose_default(m.user_id);
  return query select m.gateway, m.reference, c.reference from money.gateway_customers c
    where c.user_id = m.user_id and c.gateway = m.gateway;
end $$;

CREATE FUNCTION money.remove_payout_account(payout_account_id uuid) RETURNS SETOF money.payout_accounts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare removed money.payout_accounts;
begin
  select a.* into removed from money.payout_accounts a
  where a.id = remove_payout_account.payout_account_id and a.user_id = app.actor() and a.marketplace = app.marketplace()
    and a.status <> 'removed' for update;
  if not found then perform app.refuse('not_found'); end if;
  if exists (select from money.payouts p where p.payout_account_id = removed.id and p.status = 'processing') then
    perform app.refuse('payout_under_way');
  end if;
  update money.payout_accounts a set status = 'removed', details_sealed = null, details_hash = null
  where a.id = removed.id returning a.* into removed;
  perform app.audit('money.payout_account_removed', 'money', 'payout_accounts', removed.id::text);
  return next removed;
end $$;

CREATE FUNCTION money.renews(s money.subscriptions) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select not s.cancel_at_period_end and not exists (
      select from money.subscription_charges c
      where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_end)
    and exists (
      select from identity.users u where u.id = s.user_id and u.account_status not in ('deleted', 'banned'))
$$;

CREATE FUNCTION money.reopen_payout(payout_id uuid) RETURNS money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payouts;
begin
  p := money.lock_payout(reopen_payout.payout_id);
  if p.status not in ('pending', 'failed') then return p; end if;
  update money.payouts t set status = 'pending', batch_id = null,
    payout_account_id = coalesce(money.payout_account_of(p.provider_id, p.currency), t.payout_account_id)
  where t.id = p.id returning t.* into p;
  perform money.ask_for_payout(p.id);
  return p;
end $$;

CREATE FUNCTION money.resume_subscription(subscription_id uuid) RETURNS SETOF money.shown_subscriptions
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions := money.take_subscription(subscription_id);
begin
  if s.cancel_at_period_end then
    if s.current_period_end <= app.now() then perform app.refuse('subscription_ended'); end if;
    update money.subscriptions t set cancel_at_period_end = false where t.id = s.id;
    perform app.emit('subscription.resumed', jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id));
    perform money.tend_subscription(s.id);
  end if;
  return query select v.* from money.shown_subscriptions v where v.id = s.id;
end $$;

CREATE FUNCTION money.retry_refund(refund_id uuid, back_to text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; r money.refunds; made money.refunds; unit bigint;
begin
  if not identity.has_permission(app.actor(), 'money.refund') then perform app.refuse('forbidden'); end if;
  select t.* into r from money.refunds t where t.id = retry_refund.refund_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  select t.* into strict p from money.payments t where t.id = r.payment_id;
  if p.payer_id = app.actor() then perform app.refuse('own_payment'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  select t.* into strict r from money.refunds t where t.id = r.id for update;
  if r.status <> 'failed' then perform app.refuse('refund_not_failed', r.status); end if;
  if exists (select from money.refunds t where t.replaces = r.id) then perform app.refuse('refund_replaced'); end if;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if back_to = 'credits' and r.amount % unit <> 0 then perform app.refuse('not_whole_credits'); end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status, reduction_id, replaces)
  values (p.marketplace, p.id, case when back_to = 'source' then r.attempt_id end,
    case back_to when 'source' then 'gateway' else back_to end, r.currency, r.amount, r.reason,
    case when back_to = 'source' then 'pending' else 'succeeded' end, r.reduction_id, r.id)
  returning * into made;
  if made.method <> 'gateway' then perform money.post_refund(p, made); end if;
  perform money.count_refunds(p.id);
  perform money.ask_for_work(p.id);
  perform app.audit('money.refund_retried', 'money', 'refunds', made.id::text,
    new_values => jsonb_build_object('payment_id', p.id, 'replaces', r.id, 'to', back_to, 'amount', r.amount));
  return jsonb_build_object('id', made.id, 'payment_id', p.id, 'replaces', r.id, 'method', made.method, 'currency', made.currency,
    'amount', made.amount, 'reason', made.reason, 'status', made.status, 'created_at', made.created_at);
end $$;

CREATE FUNCTION money.return_withdrawal(p money.payouts) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.post(jsonb_build_object('key', 'withdrawal/' || p.id || '/back', 'type', 'withdrawal',
    'description', 'Not sent: withdrawal ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout',
    'reference_id', p.id, 'entries', jsonb_build_array(
      jsonb_build_object('account', 'withdrawing', 'user_id', p.provider_id, 'amount', -p.amount),
      jsonb_build_object('account', 'wallet', 'user_id', p.provider_id, 'amount', p.amount))))
  where p.amount > 0;
end $$;

CREATE FUNCTION money.returned(p money.payments, method text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(sum(r.amount), 0)::bigint from money.refunds r
  where r.payment_id = p.id and r.reason = 'by_staff' and r.replaces is null
    and (returned.method is null or r.method = returned.method)
$$;

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

CREATE FUNCTION money.search_payments(wanted jsonb, before uuid, max integer) RETURNS TABLE(payment jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  status_ text := wanted ->> 'status'; purpose_ text := wanted ->> 'purpose'; gateway_ text := wanted ->> 'gateway';
  person uuid := wanted ->> 'user_id'; booking_ uuid := wanted ->> 'booking_id'; reference_ text := wanted ->> 'reference';
  from_ timestamptz := wanted ->> 'from'; to_ timestamptz := wanted ->> 'to'; shown uuid[];
begin
  select array_agg(f.id order by f.id desc) into shown from (
    select p.id from money.payments p
    where p.marketplace = app.marketplace()
      and (status_ is null or p.status = status_)
      and (purpose_ is null or p.purpose = purpose_)
      and (person is null or p.payer_id = person)
      and (booking_ is null or p.booking_id = booking_)
      and (gateway_ is null or exists (
        select from money.payment_attempts a where a.payment_id = p.id and a.gateway = gateway_))
      and (reference_ is null or p.id in (
        select a.payment_id from money.payment_attempts a
        where a.marketplace = app.marketplace() and (a.reference = reference_ or a.id::text = reference_)
        union select r.payment_id from money.refunds r where r.marketplace = app.marketplace() and r.reference = reference_))
      -- Its id is the moment at which it was opened.
      and (from_ is null or p.id >= app.uuid_v7_floor(from_))
      and (to_ is null or p.id < app.uuid_v7_floor(to_))
      and (before is null or p.id < before)
    order by p.id desc limit max) as f;
  perform app.audit('money.payments_searched', 'money', 'payments', null,
    metadata => jsonb_build_object('wanted', wanted, 'payment_ids', coalesce(to_jsonb(shown), '[]')));
  return query select money.payment_for_staff(p) from money.payments p where p.id = any (shown) order by p.id desc;
end $$;

CREATE FUNCTION money.seed_plans(configuration jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare named integer;
begin
  insert into money.plans as t (marketplace, code, role, name, currency, amount, months, benefits)
  select m ->> 'slug', p ->> 'code', p ->> 'role', p ->> 'name', m ->> 'currency', (p ->> 'amount')::bigint,
         (p ->> 'months')::smallint, array(select jsonb_array_elements_text(p -> 'benefits'))
  from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'plans') as p
  on conflict on constraint plans_pkey do update set role = excluded.role, name = excluded.name, amount = excluded.amount,
    months = excluded.months, benefits = excluded.benefits, is_active = true;
  update money.plans t set is_active = false
  where t.is_active and not exists (
    select from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'plans') as p
    where m ->> 'slug' = t.marketplace and p ->> 'code' = t.code);

  insert into money.products as t (marketplace, code, role, name, currency, amount, days, covers, benefits)
  select m ->> 'slug', p ->> 'code', p ->> 'role', p ->> 'name', m ->> 'currency', (p ->> 'amount')::bigint,
         (p ->> 'days')::smallint, p ->> 'covers', array(select jsonb_array_elements_text(p -> 'benefits'))
  from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'products') as p
  on conflict on constraint products_pkey do update set role = excluded.role, name = excluded.name, amount = excluded.amount,
    days = excluded.days, covers = excluded.covers, benefits = excluded.benefits, is_active = true;
  update money.products t set is_active = false
  where t.is_active and not exists (
    select from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'products') as p
    where m ->> 'slug' = t.marketplace and p ->> 'code' = t.code);

  select count(*) into named from jsonb_array_elements(configuration) as m,
    jsonb_array_elements(coalesce(m -> 'plans', '[]') || coalesce(m -> 'products', '[]'));
  return named;
end $$;

CREATE FUNCTION money.sent_back(p money.payments, method text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(sum(r.amount), 0)::bigint from money.refunds r left join money.reductions d on d.id = r.reduction_id
  where r.payment_id = p.id and r.method = sent_back.method and r.replaces is null and r.reason <> 'paid_too_late'
    and coalesce(d.destination, 'source') = 'source'
$$;

CREATE FUNCTION money.settle_booking(booking_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments; items jsonb; due bigint;
begin
  select t.* into p from money.payments t
  where t.booking_id = settle_booking.booking_id and t.status <> 'cancelled' for update;
  if p.due_amount is not null then return; end if;
  p.booking_id := settle_booking.booking_id;
  items := money.release_borne(settle_booking.booking_id, money.open_lines(p));
  due := booking.sum_of(items, 'customer');
  if p.id is null then
    if due <= 0 then return; end if;
    p := money.open_unpaid(settle_booking.booking_id);
  elsif due > 0 and p.cash_amount > 0 and p.cash_received_at is null and exists (
    select from booking.bookings b where b.id = p.booking_id and b.completed_at is null) then
    -- Nobody hands cash over for what did not take place.
    update money.payments t set cash_amount = 0, gateway_amount = t.gateway_amount + t.cash_amount where t.id = p.id;
  end if;
  update money.payments t set due_items = items, due_amount = due where t.id = p.id;
  perform money.ask_for_work(p.id);
end $$;

CREATE FUNCTION money.settle_pass(pass_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare pass money.listing_passes; begins timestamptz := app.now();
begin
  select t.* into strict pass from money.listing_passes t where t.id = settle_pass.pass_id for update;
  if settle_pass.status = 'refunded' and pass.status = 'active' then
    update money.listing_passes t set status = 'cancelled' where t.id = pass.id;
    perform app.emit('pass.cancelled', jsonb_build_object('pass_id', pass.id, 'user_id', pass.user_id, 'covers', pass.covers,
      'subject_id', pass.subject_id));
  elsif settle_pass.status = 'succeeded' then
    if pass.subject_id is not null then
      select greatest(begins, max(t.expires_at)) into begins from money.listing_passes t
      where t.subject_id = pass.subject_id and t.product = pass.product and t.status = 'active';
    end if;
    update money.listing_passes t set status = 'active', starts_at = begins, expires_at = begins + make_interval(days => pass.days)
    where t.id = pass.id returning t.* into pass;
    perform app.emit('pass.activated', jsonb_build_object('pass_id', pass.id, 'user_id', pass.user_id, 'product', pass.product,
      'covers', pass.covers, 'subject_id', pass.subject_id, 'starts_at', pass.starts_at, 'expires_at', pass.expires_at));
  else
    return;
  end if;
  if pass.subject_id is not null then perform money.tell_covered(pass.covers, pass.subject_id); end if;
end $$;

CREATE FUNCTION money.settle_payment(p money.payments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  held bigint := p.wallet_amount + p.credits_amount + p.cash_amount + p.captured_amount - money.returned(p, null) - money.disputed(p);
  rest bigint := greatest(held - p.due_amount, 0); unit bigint; part bigint;
begin
  if p.settled_at is not null then return; end if;
  update money.payments t set settled_at = app.now() where t.id = p.id;
  if p.status = 'failed' then
    perform money.owe(p, held);
    return;
  end if;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if p.due_items <> '[]' then
    perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release',
      'type', (select t.settles_as from money.payment_purposes t where t.purpose = p.purpose),
      'description', p.description, 'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
        select jsonb_agg(e) from (
          select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', -least(held, p.due_amount)) as e
          where least(held, p.due_amount) > 0
          -- What a stay that grew costs beyond what was paid is owed still.
          union all select jsonb_build_object('account', 'receivable', 'user_id', p.payer_id, 'amount', held - p.due_amount)
          where held < p.due_amount
          union all select money.line_entries(p, p.due_items, 1)
          union all select money.cash_entries(p)) as entries)));
    if held < p.due_amount then perform money.tell_owed(p, p.due_amount - held); end if;
  end if;

  part := least(rest, p.captured_amount - money.returned(p, 'gateway'));
  perform money.refund_part(p, 'gateway', part, 'not_owed');
  rest := rest - part;
  -- Nobody gets money of the platform's for cash that it never had.
  part := least(rest, p.cash_amount);
  perform money.refund_part(p, 'cash', part, 'not_owed');
  rest := rest - part;
  -- Credits are whole ones: what is left of one goes to the wallet.
  part := greatest(rest - greatest(p.wallet_amount - money.returned(p, 'wallet'), 0), 0) / unit * unit;
  perform money.refund_part(p, 'wallet', rest - part, 'not_owed');
  perform money.refund_part(p, 'credits', part, 'not_owed');
  perform money.count_refunds(p.id);
end $$;

CREATE FUNCTION money.settle_subscription(subscription_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions; c money.subscription_charges;
begin
  select t.* into strict s from money.subscriptions t where t.id = settle_subscription.subscription_id for update;
  if settle_subscription.status = 'refunded' then
    perform money.refund_period(s, settle_subscription.payment_id);
    return;
  end if;
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open' for update;
  if settle_subscription.status = 'failed' and c.kind = 'renewal' then
    update money.subscription_charges t set is_due = false where t.id = c.id;
    if s.current_period_end <= app.now() and s.status = 'active' then
      update money.subscriptions t set status = 'past_due' where t.id = s.id;
    end if;
    perform money.tell_subscriber('subscription.payment_failed', s.id);
  elsif settle_subscription.status = 'succeeded' and not exists (
      select from money.subscription_charges t where t.payment_id = settle_subscription.payment_id) then
    if c.id is null then raise exception 'The payment % is for nothing.', settle_subscription.payment_id; end if;
    perform money.take_charge(s, c, settle_subscription.payment_id);
  end if;
end $$;

CREATE FUNCTION money.settle_webhook(webhook_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.webhook_events e set applied_at = app.now()
  where e.id = settle_webhook.webhook_id and e.marketplace = app.marketplace() and e.applied_at is null
$$;

CREATE FUNCTION money.share(items jsonb, worth bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select coalesce(jsonb_agg(n.item || jsonb_build_object('amount', n.amount) order by n.item) filter (where n.amount <> 0), '[]')
  from (
    select f.item, floor(f.exact)::bigint + (row_number() over (order by f.exact - floor(f.exact) desc, f.item)
      <= worth - sum(floor(f.exact)) over ())::integer as amount
    from (
      select i as item, a.amount * worth / sum(a.amount) over () as exact
      from jsonb_array_elements(items) as i, lateral (select (i ->> 'amount')::numeric as amount) as a
      where i ->> 'payer' = 'customer') as f) as n
$$;

CREATE FUNCTION money.share_debt(p money.payments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if p.owed_through is null or p.collected_at is not null or not money.is_repaid(p) then return; end if;
  update money.payments t set collected_at = app.now() where t.id = p.id;
  perform money.post(jsonb_build_object('key', 'payment/' || p.id || '/release', 'type', 'release', 'description', p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'uncollected', 'amount', -p.due_amount) as e
        union all select money.line_entries(p, p.due_items, 1)) as entries)));
  perform booking.settle_payment(p.booking_id, 'succeeded');
end $$;

CREATE FUNCTION money.show_cash(booking_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('booking_id', b.id, 'payment_id', p.id, 'cash_amount', p.cash_amount, 'currency', p.currency,
    'payment_status', p.status, 'received_at', p.cash_received_at)
  from money.payments p join booking.bookings b on b.id = p.booking_id
  where b.id = show_cash.booking_id and b.provider_id = app.actor() and b.marketplace = app.marketplace()
    and p.status <> 'cancelled' and p.cash_amount > 0
$$;

CREATE FUNCTION money.show_my_debt() RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('amount', money.owed_by(app.actor(), m.currency), 'currency', m.currency)
  from app.marketplaces m where m.slug = app.marketplace()
$$;

CREATE FUNCTION money.show_my_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select money.shown_payment(p.id) from money.payments p
  where p.id = show_my_payment.payment_id and p.payer_id = app.actor() and p.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.show_payment_to_staff(payment_id uuid) RETURNS TABLE(payment jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare p money.payments;
begin
  select t.* into p from money.payments t
  where t.id = show_payment_to_staff.payment_id and t.marketplace = app.marketplace();
  if not found then return; end if;
  perform app.audit('money.payment_read', 'money', 'payments', p.id::text);
  return query select money.payment_for_staff(p) || jsonb_build_object(
    'due_items', coalesce(p.due_items, '[]'),
    'attempts', coalesce((
      select jsonb_agg(jsonb_build_object('id', a.id, 'gateway', a.gateway, 'reference', a.reference, 'is_current', a.is_current,
        'status', a.status, 'amount', a.amount, 'captured_amount', a.captured_amount, 'fee', a.fee,
        'failure', case when a.failure_code is not null then
          jsonb_build_object('code', a.failure_code, 'message', coalesce(a.failure_message, '')) end,
        'gateway_response', a.gateway_response, 'created_at', a.created_at, 'updated_at', a.updated_at) order by a.id)
      from money.payment_attempts a where a.payment_id = p.id), '[]'),
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'attempt_id', r.attempt_id, 'method', r.method, 'amount', r.amount,
        'reason', r.reason, 'status', r.status, 'reference', r.reference,
        'failure', case when r.failure_code is not null then
          jsonb_build_object('code', r.failure_code, 'message', coalesce(r.failure_message, '')) end,
        'created_at', r.created_at, 'updated_at', r.updated_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'transfers', money.transfers_of(p));
end $$;

CREATE FUNCTION money.show_promo_code(promo_code_id uuid) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select to_jsonb(p) || jsonb_build_object('discount_amount', coalesce(u.discount_amount, 0), 'customers', u.customers)
  from money.promo_codes p
  cross join lateral (
    select sum(u.discount_amount) as discount_amount, count(distinct u.user_id) as customers
    from money.promo_code_usages u where u.promo_code_id = p.id and u.released_at is null) as u
  where p.id = show_promo_code.promo_code_id and p.marketplace = app.marketplace()
$$;

CREATE FUNCTION money.show_settlement(settlement_id uuid, wanted text, after integer, max integer) RETURNS TABLE(settlement jsonb, lines jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.settlement, (
    select coalesce(jsonb_agg(to_jsonb(f) - 'settlement_id' order by f.line), '[]') from (
      select l.*, coalesce(a.payment_id, r.payment_id) as payment_id from money.settlement_lines l
      left join money.payment_attempts a on a.id = l.attempt_id left join money.refunds r on r.id = l.refund_id
      where l.settlement_id = show_settlement.settlement_id and l.line > coalesce(after, 0)
        and case when wanted is null then l.result not in ('matched', 'repeated') else l.result = wanted end
      order by l.line limit max) as f)
  from (select money.shown_settlement(show_settlement.settlement_id) as settlement) as s
  where s.settlement is not null
$$;

CREATE FUNCTION money.shown_payment(payment_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', p.id, 'number', p.number, 'purpose', p.purpose, 'booking_id', p.booking_id, 'subject_id', p.subject_id,
    'description', p.description,
    'status', p.status, 'currency', p.currency, 'amount', p.amount, 'wallet_amount', p.wallet_amount,
    'credits_amount', p.credits_amount, 'cash_amount', p.cash_amount, 'gateway_amount', p.gateway_amount, 'captured_amount', p.captured_amount,
    'refunded_amount', p.refunded_amount, 'gateway', a.gateway,
    'failure', case when p.status in ('pending', 'failed') and a.failure_code is not null then
      jsonb_build_object('code', a.failure_code, 'message', a.failure_message) end,
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'number', r.number, 'method', r.method, 'amount', r.amount, 'reason', r.reason,
        'status', r.status, 'created_at', r.created_at) order by r.id)
      from money.refunds r where r.payment_id = p.id), '[]'),
    'authorized_at', p.authorized_at, 'captured_at', p.captured_at, 'failed_at', p.failed_at, 'refunded_at', p.refunded_at,
    'created_at', p.created_at, 'updated_at', p.updated_at) || money.papers_of(p.id)
  from money.payments p left join money.payment_attempts a on a.payment_id = p.id and a.is_current
  where p.id = shown_payment.payment_id
$$;

CREATE FUNCTION money.shown_payout(p money.payouts) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', p.id, 'reference_number', p.reference_number, 'kind', p.kind, 'period_start', p.period_start,
    'period_end', p.period_end, 'status', p.status, 'currency', p.currency, 'gross_amount', p.gross_amount,
    'commission_amount', p.commission_amount, 'netted_amount', p.netted_amount, 'fee_amount', p.fee_amount, 'amount', p.amount,
    'account', jsonb_build_object('id', a.id, 'kind', a.kind, 'bank_name', a.bank_name, 'account_name', a.account_name,
      'account_number', '••••' || a.last4),
    'payout_reference', p.payout_reference, 'processed_at', p.processed_at, 'paid_at', p.paid_at, 'failed_at', p.failed_at,
    'failure', case when p.failure_code is not null then
      jsonb_build_object('code', p.failure_code, 'message', coalesce(p.failure_message, '')) end,
    'created_at', p.created_at, 'updated_at', p.updated_at)
  from money.payout_accounts a where a.id = p.payout_account_id
$$;

CREATE FUNCTION money.shown_reduction(reduction_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', r.id, 'payment_id', r.payment_id, 'currency', p.currency, 'amount', r.amount,
    'returned_amount', r.returned_amount, 'to', r.destination, 'reason', r.reason, 'created_by', r.created_by,
    'items', (select jsonb_agg(jsonb_build_object('line', i ->> 'code', 'payee', i ->> 'payee', 'amount', (i ->> 'amount')::bigint)
                order by i ->> 'code', i ->> 'payee') from jsonb_array_elements(r.items) as i),
    'refunds', coalesce((
      select jsonb_agg(jsonb_build_object('id', f.id, 'method', f.method, 'amount', f.amount, 'status', f.status) order by f.id)
      from money.refunds f where f.reduction_id = r.id), '[]'),
    'created_at', r.created_at)
  from money.reductions r join money.payments p on p.id = r.payment_id where r.id = shown_reduction.reduction_id
$$;

CREATE FUNCTION money.shown_settlement(settlement_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('id', s.id, 'gateway', s.gateway, 'file_name', s.file_name, 'line_count', s.line_count,
    'first_at', s.first_at, 'last_at', s.last_at,
    'matched_count', count(l.line) filter (where l.result = 'matched'),
    'repeated_count', count(l.line) filter (where l.result = 'repeated'),
    'difference_count', count(l.line) filter (where l.result not in ('matched', 'repeated')),
    'settled', coalesce((
      select jsonb_agg(jsonb_build_object('currency', t.currency, 'amount', t.net) order by t.currency) from (
        select n.currency, sum(n.net)::bigint as net from money.settlement_lines n
        where n.settlement_id = s.id and n.result = 'matched' group by 1) as t), '[]'),
    'created_by', s.created_by, 'created_at', s.created_at)
  from money.settlements s left join money.settlement_lines l on l.settlement_id = s.id
  where s.id = shown_settlement.settlement_id and s.marketplace = app.marketplace()
  group by s.id
$$;

CREATE FUNCTION money.shown_staff_payout(p money.payouts) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return money.shown_payout(p) || jsonb_build_object('provider_id', p.provider_id, 'is_held', money.kept_back_as(p) is not null,
    'held_for', money.kept_back_as(p), 'held_reason', case money.kept_back_as(p) when 'staff' then p.held_reason
      when 'suspended' then 'The provider’s account is suspended.' when 'banned' then 'The provider’s account is banned.' end,
    'attempts', p.attempts, 'sent_by', p.sent_by, 'batch_id', p.batch_id, 'transfer_reference', p.transfer_reference,
    'rail_fee', p.rail_fee);
end $$;

CREATE FUNCTION money.shown_subscription(subscription_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select to_jsonb(s) from money.shown_subscriptions s where s.id = shown_subscription.subscription_id
$$;

CREATE FUNCTION money.spare_earnings(person_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare has bigint; currency_ text;
begin
  select b.balance, a.currency into has, currency_
  from money.accounts a join money.balances b on b.account_id = a.id
  join app.marketplaces m on m.slug = a.marketplace and m.currency = a.currency
  where a.owner_id = person_id and a.kind = 'provider_payable' and a.marketplace = app.marketplace() and b.balance > 0;
  has := has - money.owed_by(person_id, currency_);
  if has >= 0
    and has - money.payout_fee() < greatest(coalesce((app.setting('payout_minimum_amount') #>> '{}')::bigint, 0), 1) then
    return has;
  end if;
  return null;
end $$;

CREATE FUNCTION money.stamp_payment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  new.authorized_at := coalesce(new.authorized_at, case when new.status = 'authorized' then app.now() end);
  new.captured_at := coalesce(new.captured_at, case when new.status in ('captured', 'succeeded') then app.now() end);
  new.failed_at := coalesce(new.failed_at, case when new.status in ('failed', 'rejected') then app.now() end);
  if tg_table_name = 'payments' then
    new.refunded_at := coalesce(new.refunded_at, case when new.status in ('partially_refunded', 'refunded') then app.now() end);
  end if;
  return new;
end $$;

CREATE FUNCTION money.stamp_refund() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  new.processed_at := coalesce(new.processed_at, case when new.status = 'succeeded' then app.now() end);
  new.failed_at := coalesce(new.failed_at, case when new.status = 'failed' then app.now() end);
  return new;
end $$;

CREATE FUNCTION money.start_payment(asked jsonb, wish jsonb) RETURNS money.payments
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  p money.payments; purpose_ money.payment_purposes; unit bigint; credits bigint := 0; wallet bigint := 0; cash bigint := 0;
  person uuid := (asked ->> 'payer_id')::uuid; total bigint := (asked ->> 'amount')::bigint;
begin
  select t.* into strict purpose_ from money.payment_purposes t where t.purpose = wish ->> 'purpose';
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = asked ->> 'currency';
  if (wish ->> 'use_credits')::boolean then
    if 'credits' <> all (purpose_.accounts) then perform app.refuse('account_not_accepted'); end if;
    credits := least(total / unit, money.holding(person, 'credits', 'XCR')) * unit;
  end if;
  if (wish ->> 'use_wallet')::boolean then
    if 'wallet' <> all (purpose_.accounts) then perform app.refuse('account_not_accepted'); end if;
    wallet := least(total - credits, money.holding(person, 'wallet', asked ->> 'currency'));
  end if;
  if (wish ->> 'use_cash')::boolean then
    if 'cash' <> all (purpose_.accounts) or not coalesce((wish ->> 'cash')::boolean, false) then
      perform app.refuse('cash_not_accepted');
    end if;
    cash := total - credits - wallet;
  end if;
  insert into money.payments (marketplace, payer_id, purpose, booking_id, subject_id, description, currency, amount, wallet_amount,
    credits_amount, cash_amount, gateway_amount, capture, due_items, due_amount)
  values (app.marketplace(), person, purpose_.purpose,
    case when purpose_.purpose = 'booking' then (wish ->> 'subject_id')::uuid end,
    case when purpose_.purpose <> 'booking' then (wish ->> 'subject_id')::uuid end,
    asked ->> 'description', asked ->> 'currency', total, wallet, credits, cash, total - wallet - credits - cash,
    case when asked ->> 'capture' = 'later' then wish ->> 'capture' else 'now' end,
    asked -> 'items', case when asked -> 'items' is not null then total end)
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

CREATE FUNCTION money.start_payout(p money.payouts, to_banks text, by_hand boolean DEFAULT false) RETURNS money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare total bigint; owed bigint; taken bigint; goes_to uuid := p.payout_account_id; rail text := 'bank';
begin
  if not by_hand then
    goes_to := money.payout_account_of(p.provider_id, p.currency);
    if goes_to is null or money.kept_back_as(p) is not null then return p; end if;
    select a.kind into strict rail from money.payout_accounts a where a.id = goes_to;
  end if;
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, booking_id, kind, gross_amount, commission_amount,
    amount, earned_at)
  select p.marketplace, p.id, e.transfer_id, e.account_id, e.booking_id, e.kind, e.gross_amount, e.commission_amount, e.amount, e.earned_at
  from money.payout_marks m cross join lateral money.earnings_of(array[m.account_id], array[m.through]) as e
  where m.account_id = p.account_id and e.amount < 0 and not exists (
    select from money.payout_items i where i.transfer_id = e.transfer_id and i.account_id = e.account_id and i.is_live);
  select sum(i.amount)::bigint into total from money.payout_items i where i.payout_id = p.id and i.is_live;
  if total <= 0 then return money.cancel_payout(p); end if;

  select -b.balance into owed from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = p.provider_id and a.kind = 'receivable' and a.currency = p.currency;
  taken := least(coalesce(owed, 0), total);
  perform money.take_from_payout(p, 'netting', taken, 'payout/' || p.id || '/netting/' || p.attempts + 1,
    jsonb_build_object('account', 'receivable', 'user_id', p.provider_id, 'amount', taken));
  perform money.tell_repaid(p.provider_id);
  total := total - taken;
  -- One fee for a payout, however often it is sent.
  taken := least(money.payout_fee(), total);
  if p.fee_amount = 0 then
    perform money.take_from_payout(p, 'fee', taken, 'payout/' || p.id || '/fee',
      jsonb_build_object('account', 'platform_revenue', 'amount', taken));
    total := total - taken;
  end if;
  if total > 0 then
    perform money.post(jsonb_build_object('key', 'payout/' || p.id || '/' || p.attempts + 1, 'type', 'payout',
      'description', 'Payout ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id,
      'entries', jsonb_build_array(
        jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', -total),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', rail, 'amount', total))));
  end if;
  p := money.sum_payout(p);
  update money.payouts t set payout_account_id = goes_to, attempts = t.attempts + 1, processed_at = app.now(),
    sent_by = case rail when 'bank' then to_banks else rail end,
    transfer_reference = null, payout_reference = null, failure_code = null, failure_message = null, rail_fee = null,
    status = case when total > 0 then 'processing' else 'paid' end, paid_at = case when total = 0 then app.now() end
  where t.id = p.id returning t.* into p;
  if p.status = 'paid' then perform money.tell_of_payout(p);
  elsif p.sent_by <> 'staff' then perform money.watch_payout(p.id); end if;
  return p;
end $$;

CREATE FUNCTION money.status_by_attempt(p money.payments, a money.payment_attempts) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case
    when p.status not in ('pending', 'processing', 'failed', 'authorized') or p.settled_at is not null then p.status
    -- Nobody hands cash over for what nothing is owed for.
    when p.cash_amount > 0 and p.cash_received_at is null then case p.due_amount when 0 then 'cancelled' else 'pending' end
    when p.gateway_amount = 0 or a.status = 'captured' then 'succeeded'
    when a.status is null and p.due_amount is null or a.status in ('created', 'requires_action') then 'pending'
    when a.status in ('processing', 'authorized') then a.status
    when a.status = 'failed' then 'failed'
    when p.due_amount = 0 then 'cancelled'
    -- What is owed came from wallet and credits.
    when p.due_amount <= p.wallet_amount + p.credits_amount then 'succeeded'
    else 'failed' end
$$;

CREATE FUNCTION money.status_of_subject(subject text, current text, payment_status text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select coalesce((
    select c.to_status from money.status_changes c
    where c.subject = status_of_subject.subject and c.from_status = current and c.to_status = case payment_status
      when 'succeeded' then 'paid' when 'failed' then 'failed' when 'refunded' then 'refunded' end), current)
$$;

CREATE FUNCTION money.stray_transfers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('transfer_id', t.id, 'key', t.key)
  from money.transfers t left join money.transfer_keys k on k.marketplace = t.marketplace and k.key = t.key
  where money.is_looked_at(t.marketplace) and (since is null or t.id >= app.uuid_v7_floor(since))
    and k.transfer_id is distinct from t.id
  union all
  select jsonb_build_object('transfer_id', e.transfer_id, 'account_id', e.account_id)
  from money.entries e join money.accounts a on a.id = e.account_id
  where money.is_looked_at(a.marketplace) and (since is null or e.transfer_id >= app.uuid_v7_floor(since))
    and not exists (select from money.transfers t where t.id = e.transfer_id)
$$;

CREATE FUNCTION money.sum_payout(p money.payouts) RETURNS money.payouts
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update money.payouts t set gross_amount = s.gross, commission_amount = s.commission, netted_amount = s.netted,
    fee_amount = s.fee, amount = s.gross - s.commission - s.netted - s.fee
  from (
    select coalesce(sum(i.gross_amount) filter (where i.kind not in ('netting', 'fee')), 0)::bigint as gross,
           coalesce(sum(i.commission_amount), 0)::bigint as commission,
           coalesce(-sum(i.amount) filter (where i.kind = 'netting'), 0)::bigint as netted,
           coalesce(-sum(i.amount) filter (where i.kind = 'fee'), 0)::bigint as fee
    from money.payout_items i where i.payout_id = p.id and i.is_live) as s
  where t.id = p.id returning t.* into p;
  return p;
end $$;

CREATE FUNCTION money.take_back(p money.payments, items jsonb, key text, worth bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from jsonb_array_elements(items) as i where i ->> 'payee' = 'wallet'
    and (i ->> 'amount')::bigint > money.holding((i ->> 'user_id')::uuid, 'wallet', p.currency)) then
    perform app.refuse('balances_overdraft_check');
  end if;
  perform money.post(jsonb_build_object('key', take_back.key, 'type', 'refund', 'description', 'Taken back: ' || p.description,
    'currency', p.currency, 'reference_type', 'payment', 'reference_id', p.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'held', 'user_id', p.payer_id, 'amount', worth) as e
        union all select money.line_entries(p, items, -1)) as t)));
end $$;

CREATE FUNCTION money.take_charge(s money.subscriptions, c money.subscription_charges, payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare begins timestamptz := coalesce(c.period_start, app.now());
begin
  if c.kind = 'change' then
    -- What it cuts short ends where it begins.
    update money.subscription_charges t set period_end = begins
    where t.subscription_id = s.id and t.status = 'paid' and t.period_end = s.current_period_end;
  end if;
  update money.subscription_charges t set status = 'paid', is_due = false, payment_id = take_charge.payment_id, period_start = begins,
    period_end = coalesce(c.period_end, money.period_bound(begins, money.zone(), money.months_of(c.marketplace, c.plan)))
  where t.id = c.id returning t.* into c;
  if c.period_start <= app.now() then perform money.begin_period(s, c); end if;
  perform money.tell_subscriber(case c.kind when 'start' then 'subscription.started' when 'change' then 'subscription.changed'
    else 'subscription.renewed' end, s.id, c);
  -- A clock that runs already comes too early, which does no harm.
  if c.kind = 'start' then perform app.set_timer('subscription.clock', s.id, app.now() + interval '1 minute'); end if;
end $$;

CREATE FUNCTION money.take_from_gateway(d money.disputes, withdrawn bigint, fee bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare more bigint := withdrawn - d.withdrawn_amount; more_fee bigint := take_from_gateway.fee - d.fee;
begin
  if more = 0 and more_fee = 0 then return; end if;
  update money.disputes t set withdrawn_amount = withdrawn, fee = take_from_gateway.fee, moves = t.moves + 1
  where t.id = d.id returning t.* into d;
  perform money.post(jsonb_build_object('key', 'dispute/' || d.id || '/gateway/' || d.moves, 'type', 'dispute',
    'description', 'Dispute at ' || d.gateway, 'currency', d.currency, 'reference_type', 'dispute', 'reference_id', d.id, 'entries', (
      select jsonb_agg(e) from (
        select jsonb_build_object('account', 'gateway_clearing', 'gateway', d.gateway, 'amount', more + more_fee) as e
        where more + more_fee <> 0
        union all select jsonb_build_object('account', 'disputed', 'amount', -more) where more <> 0
        union all select jsonb_build_object('account', 'gateway_fees', 'amount', -more_fee) where more_fee <> 0) as t)));
end $$;

CREATE FUNCTION money.take_from_payout(p money.payouts, kind text, amount bigint, key text, entry jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare posted uuid;
begin
  if amount <= 0 then return; end if;
  posted := money.post(jsonb_build_object('key', key, 'type', case kind when 'netting' then 'netting' else 'charge' end,
    'description', case kind when 'netting' then 'Taken for what is owed: ' else 'Fee: ' end || 'payout ' || p.reference_number,
    'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id, 'entries', jsonb_build_array(entry,
      jsonb_build_object('account', money.pays_from(p), 'user_id', p.provider_id, 'amount', -amount))));
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, kind, gross_amount, commission_amount, amount,
    earned_at)
  values (p.marketplace, p.id, posted, p.account_id, take_from_payout.kind, -take_from_payout.amount, 0, -take_from_payout.amount,
    app.now());
end $$;

CREATE FUNCTION money.take_methods(person_id uuid, gateway text, methods jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = person_id and u.purged_at is null for no key update;
  -- What a gateway says of somebody who was purged is for nobody.
  if not found then return; end if;
  update money.payment_methods m set removed_at = app.now(), is_default = false
  where m.user_id = person_id and m.gateway = take_methods.gateway and m.removed_at is null
    and m.reference not in (select k ->> 'reference' from jsonb_array_elements(methods) as k);
  insert into money.payment_methods as m (marketplace, user_id, gateway, reference, type, brand, last4, expires_month, expires_year)
  select app.marketplace(), person_id, take_methods.gateway, k ->> 'reference', k ->> 'type', k ->> 'brand', k ->> 'last4',
    (k #>> '{expires,month}')::smallint, (k #>> '{expires,year}')::smallint
  from jsonb_array_elements(methods) with ordinality as l (k, place) order by l.place desc
  on conflict on constraint payment_methods_reference_key do update set brand = excluded.brand, last4 = excluded.last4,
    expires_month = excluded.expires_month, expires_year = excluded.expires_year,
    removed_at = case when m.is_forgotten then m.removed_at end
    where m.user_id = excluded.user_id;
  perform money.choose_default(person_id);
end $$;

CREATE FUNCTION money.take_subscription(subscription_id uuid) RETURNS money.subscriptions
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions;
begin
  perform money.lock_subscriber(app.actor());
  perform from app.timers t
  where t.kind = 'subscription.clock' and t.subject_id = take_subscription.subscription_id and t.settled_at is null for update;
  perform money.lock_subject('subscription', take_subscription.subscription_id);
  select t.* into s from money.subscriptions t
  where t.id = take_subscription.subscription_id and t.user_id = app.actor() and t.marketplace = app.marketplace() for update;
  if not found then perform app.refuse('not_found'); end if;
  if s.status in ('cancelled', 'expired') then perform app.refuse('subscription_ended'); end if;
  return s;
end $$;

CREATE FUNCTION money.tax_lines(items jsonb, rule jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  select coalesce(jsonb_agg(t), '[]') from (
    select jsonb_build_object('name', l ->> 'description', 'basis_points', null, 'amount', (l ->> 'amount')::bigint,
      'is_included', false) as t
    from jsonb_array_elements(items) as l where l ->> 'payee' = 'tax'
    union all
    select jsonb_build_object('name', coalesce(rule ->> 'name', 'Tax'), 'basis_points', r.rate, 'amount', r.amount, 'is_included', true)
    from (
      select n.rate, round(greatest(n.base, 0)::numeric * n.rate / (10000 + n.rate))::bigint as amount from (
        select (rule ->> 'basis_points')::integer as rate, sum((l ->> 'amount')::bigint) as base
        from jsonb_array_elements(items) as l
        where l ->> 'payee' is distinct from 'tax'
          and (coalesce(rule ->> 'of', 'all') = 'all' or l ->> 'payee' is null or l ->> 'payee' in ('platform', 'promo'))) as n) as r
    where r.rate > 0 and r.amount > 0
      -- A price that names its tax has no other.
      and not exists (select from jsonb_array_elements(items) as l where l ->> 'payee' = 'tax')) as taxes (t)
$$;

CREATE FUNCTION money.tell_booking(booking_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare b booking.bookings;
begin
  if tell_booking.status = 'partially_refunded' then return; end if;
  b := booking.settle_payment(tell_booking.booking_id, case tell_booking.status when 'authorized' then 'processing'
    else tell_booking.status end);
  if tell_booking.status in ('authorized', 'succeeded') and not exists (
    select from booking.flows f where f.id = b.flow_id and b.status = any (f.live)) then
    perform money.settle_booking(b.id);
  end if;
end $$;

CREATE FUNCTION money.tell_covered(covers text, subject_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare handler text;
begin
  select t.handler into strict handler from money.pass_subjects t where t.covers = tell_covered.covers;
  execute format('select %s($1)', handler) using tell_covered.subject_id;
end $_$;

CREATE FUNCTION money.tell_debt(person_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  -- The ledger knows it already.
end $$;

CREATE FUNCTION money.tell_lapse(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.lapsed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'description', p.description, 'amount', p.amount, 'currency', p.currency, 'amount_text', money.amount_text(p.amount, p.currency)))
  from money.payments p where p.id = tell_lapse.payment_id and p.status = 'failed' and p.settled_at is null;
  if found then perform app.set_timer('payment.collect', tell_lapse.payment_id, app.now() + interval '1 minute'); end if;
end $$;

CREATE FUNCTION money.tell_of_payout(p money.payouts) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payout.' || p.status, jsonb_build_object('payout_id', p.id, 'user_id', p.provider_id,
    'number', p.reference_number, 'amount', p.amount, 'currency', p.currency,
    'amount_text', money.amount_text(p.amount, p.currency), 'failure_code', p.failure_code));
end $$;

CREATE FUNCTION money.tell_of_payout_account(account money.payout_accounts) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.audit('money.payout_account_added', 'money', 'payout_accounts', account.id::text,
    new_values => jsonb_build_object('kind', account.kind, 'last4', account.last4));
  perform app.emit('payout.account_added', jsonb_build_object('payout_account_id', account.id, 'user_id', account.user_id,
    'kind', account.kind, 'account', coalesce(account.bank_name || ' ', '') || coalesce('••••' || account.last4, 'Stripe'),
    'usable_from', account.usable_from,
    'time_zone', (select m.time_zone from app.marketplaces m where m.slug = account.marketplace)));
end $$;

CREATE FUNCTION money.tell_order(order_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare o money.orders; a money.payment_attempts; previous text;
begin
  select t.* into strict o from money.orders t where t.id = tell_order.order_id for update;
  previous := o.status;
  select t.* into a from money.payment_attempts t where t.payment_id = tell_order.payment_id and t.is_current;
  update money.orders t set status = money.status_of_subject('orders', t.status, tell_order.status),
    bolt_checkout_id = coalesce(case when a.gateway = 'bolt' then a.reference end, t.bolt_checkout_id),
    metadata = t.metadata || case when tell_order.status <> 'succeeded' then '{}' else
      jsonb_build_object('payment_method', money.name_of_method(a)) end
  where t.id = o.id returning t.* into o;
  -- Whoever acts on an order that is paid has done so, where a bank gave its refund back.
  if o.status <> previous and previous <> 'refunded' then
    perform app.emit('order.' || o.status, jsonb_build_object('order_id', o.id, 'user_id', o.user_id, 'amount', o.amount,
      'currency', o.currency, 'setup_fee_applied', o.setup_fee_applied, 'metadata', o.metadata));
  end if;
end $$;

CREATE FUNCTION money.tell_owed(p money.payments, amount bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.emit('payment.owed', jsonb_build_object('payment_id', p.id, 'booking_id', p.booking_id, 'user_id', p.payer_id,
    'description', p.description, 'amount', tell_owed.amount, 'currency', p.currency,
    'amount_text', money.amount_text(tell_owed.amount, p.currency)));
  perform app.set_timer('debt.collect', p.payer_id, app.now() + interval '1 minute');
end $$;

CREATE FUNCTION money.tell_repaid(person_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from money.payments p where p.payer_id = person_id and p.owed_through is not null and p.collected_at is null) then
    perform app.set_timer('debt.share', person_id, app.now());
  end if;
end $$;

CREATE FUNCTION money.tell_subject(p money.payments, status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare handler text;
begin
  if tell_subject.status in ('pending', 'processing') then return; end if;
  select t.handler into strict handler from money.payment_purposes t where t.purpose = p.purpose;
  execute format('select %s($1, $2, $3)', handler) using coalesce(p.booking_id, p.subject_id), p.id, tell_subject.status;
end $_$;

CREATE FUNCTION money.tell_subscriber(event text, subscription_id uuid, charge money.subscription_charges DEFAULT NULL::money.subscription_charges) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare s money.subscriptions; c money.subscription_charges := charge;
begin
  select t.* into strict s from money.subscriptions t where t.id = tell_subscriber.subscription_id;
  if c.id is null then
    select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  end if;
  perform app.emit(event, jsonb_build_object('subscription_id', s.id, 'user_id', s.user_id, 'plan', coalesce(c.plan, s.plan),
    'name', (select p.name from money.plans p where p.marketplace = s.marketplace and p.code = coalesce(c.plan, s.plan)),
    'amount', coalesce(c.amount, s.amount), 'currency', s.currency,
    'amount_text', money.amount_text(coalesce(c.amount, s.amount), s.currency),
    'ends_at', to_char(coalesce(case when charge.id is not null then c.period_end end, s.current_period_end, s.ended_at) at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'time_zone', money.zone()));
end $$;

CREATE FUNCTION money.tell_tip(tip_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.tips t set status = money.status_of_subject('tips', t.status, tell_tip.status),
    amount = case tell_tip.status when 'succeeded' then p.amount else t.amount end
  from money.payments p where t.id = tell_tip.tip_id and p.id = tell_tip.payment_id
$$;

CREATE FUNCTION money.tell_topup(topup_id uuid, payment_id uuid, status text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update money.wallet_topups t set status = money.status_of_subject('wallet_topups', t.status, tell_topup.status)
  where t.id = tell_topup.topup_id
$$;

CREATE FUNCTION money.tend_subscription(subscription_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s money.subscriptions; c money.subscription_charges; moment timestamptz := app.now(); due_at timestamptz;
  grace interval; reminder interval;
begin
  perform app.cancel_timer('subscription.clock', tend_subscription.subscription_id);
  perform money.lock_subject('subscription', tend_subscription.subscription_id);
  select t.* into s from money.subscriptions t where t.id = tend_subscription.subscription_id for update;
  if s.status not in ('active', 'past_due') then return; end if;
  grace := make_interval(days => (app.setting('subscription_grace_days') #>> '{}')::integer);
  reminder := make_interval(days => (app.setting('subscription_reminder_days') #>> '{}')::integer);
  select t.* into c from money.subscription_charges t where t.subscription_id = s.id and t.status = 'open';
  -- A credit is of the moment at which it was reckoned.
  if c.kind = 'change' and moment >= least(c.created_at + interval '1 hour', s.current_period_end) then
    perform money.drop_charge(s.id);
    c := null;
  end if;

  if moment < s.current_period_end then
    if c.id is null and moment >= s.current_period_end - reminder and money.renews(s) then
      c := money.ask_renewal(s);
    end if;
    due_at := case when c.kind = 'change' then least(c.created_at + interval '1 hour', s.current_period_end)
      when moment < s.current_period_end - reminder then s.current_period_end - reminder else s.current_period_end end;
  elsif exists (
    select from money.subscription_charges n
    where n.subscription_id = s.id and n.status = 'paid' and n.period_start = s.current_period_end) then
    perform money.begin_period(s, n) from money.subscription_charges n
    where n.subscription_id = s.id and n.status = 'paid' and n.period_start = s.current_period_end;
    -- The next may be over as well, when the sweep comes late.
    perform money.tend_subscription(s.id);
    return;
  elsif not money.renews(s) then
    perform money.end_subscription(s.id, 'cancelled');
    return;
  elsif moment >= s.current_period_end + grace then
    perform money.end_subscription(s.id, 'expired');
    return;
  else
    if c.id is null then c := money.ask_renewal(s); end if;
    due_at := least(money.try_renewal(s, c), s.current_period_end + grace);
  end if;
  perform app.set_timer('subscription.clock', s.id, due_at);
end $$;

CREATE FUNCTION money.told_lines(rows text) RETURNS TABLE(line integer, kind text, entry_reference text, reference text, currency text, amount bigint, fee bigint, net bigint, occurred_at timestamp with time zone, problem text)
    LANGUAGE sql STABLE
    AS $$
  select (f.v)[1]::integer, nullif((f.v)[2], ''), nullif((f.v)[3], ''), nullif((f.v)[4], ''), nullif((f.v)[5], ''),
         nullif((f.v)[6], '')::bigint, nullif((f.v)[7], '')::bigint, nullif((f.v)[8], '')::bigint,
         nullif((f.v)[9], '')::timestamptz, nullif((f.v)[10], '')
  from (select string_to_array(l, '|') as v from string_to_table(rows, E'\n') as l where l <> '' offset 0) as f
$$;

CREATE FUNCTION money.topped_up(person_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return (
    with moved as (
      select coalesce(d.payment_id, o.id, p.id) as payment_id, e.type, e.amount
      from money.accounts a
      join money.entries e on e.account_id = a.id
      join money.transfers t on t.id = e.transfer_id
      left join money.disputes d on t.reference_type = 'dispute' and d.id = t.reference_id
      left join money.payments o on t.reference_type = 'order' and o.purpose = 'order' and o.subject_id = t.reference_id
      left join money.payments p on t.reference_type = 'payment' and p.id = t.reference_id
      where a.owner_id = person_id and a.kind = 'wallet' and e.type <> 'withdrawal'),
    summed as (
      select coalesce(p.purpose = 'topup', bool_or(m.type = 'wallet_topup')) as is_topup, sum(m.amount) as amount
      from moved m left join money.payments p on p.id = m.payment_id
      group by m.payment_id, p.purpose, case when m.payment_id is null then m.type end)
    select greatest(coalesce(sum(s.amount) filter (where s.is_topup or s.amount < 0), 0)
      - (select coalesce(sum(w.topped_up_amount), 0) from money.payouts w
         where w.provider_id = person_id and w.kind = 'withdrawal' and w.status <> 'cancelled'), 0)::bigint
    from summed s);
end $$;

CREATE FUNCTION money.transfers_of(p money.payments) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'type', t.type, 'description', t.description, 'reverses', t.reverses,
    'created_by', t.created_by, 'created_at', t.created_at, 'entries', (
      select jsonb_agg(jsonb_build_object('account', a.kind, 'user_id', a.owner_id, 'gateway', a.gateway, 'currency', e.currency,
        'amount', e.amount) order by a.kind, a.currency, a.id)
      from money.entries e join money.accounts a on a.id = e.account_id where e.transfer_id = t.id)) order by t.id), '[]')
  from (
    select t.* from money.transfers t
    where t.marketplace = p.marketplace and t.reference_id in (
      select p.id union all select a.id from money.payment_attempts a where a.payment_id = p.id
      union all select r.id from money.refunds r where r.payment_id = p.id
      union all select d.id from money.disputes d where d.payment_id = p.id
      union all select p.subject_id where p.purpose = 'order')
    order by t.id desc limit 100) as t
$$;

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

CREATE FUNCTION money.try_renewal(s money.subscriptions, c money.subscription_charges) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare days integer[]; due smallint; next_at timestamptz; has_method boolean := (money.default_method(s.user_id)).id is not null;
begin
  select array_agg(d order by d) into days
  from (select 0 as d union select e::integer from jsonb_array_elements_text(app.setting('subscription_retry_days')) as e) as t;
  select count(*) into due from unnest(days) as d where s.current_period_end + make_interval(days => d) <= app.now();
  next_at := s.current_period_end + make_interval(days => days[due + 1]);
  if c.tries >= due then return next_at; end if;
  -- A mandate's debit takes a day and a half, since its bank announces it first. Nobody asks for the same twice meanwhile.
  if exists (select from money.payments p where p.purpose = 'subscription' and p.subject_id = s.id and p.status = 'processing') then
    return next_at;
  end if;
  update money.subscription_charges t set tries = due, is_due = has_method where t.id = c.id;
  if has_method then
    -- Each try is a payment of its own, so that each is told of.
    perform money.drop_payment(p) from money.payments p
    where p.purpose = 'subscription' and p.subject_id = s.id and p.status = 'failed';
  else
    perform money.tell_subscriber('subscription.payment_due', s.id);
  end if;
  if s.status = 'active' and (c.tries > 0 or not has_method) then
    update money.subscriptions t set status = 'past_due' where t.id = s.id;
  end if;
  return next_at;
end $$;

CREATE FUNCTION money.twice_paid_bookings(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('booking_id', i.booking_id, 'payouts', count(distinct i.payout_id))
  from money.payout_items i
  where money.is_looked_at(i.marketplace) and i.is_live and i.kind = 'earning' and (since is null or i.id >= app.uuid_v7_floor(since))
  group by i.booking_id having count(*) > 1
  union all
  select jsonb_build_object('booking_id', p.booking_id, 'releases', count(*))
  from money.transfers t join money.payments p on p.id = t.reference_id
  where money.is_looked_at(t.marketplace) and t.type = 'release' and t.reference_type = 'payment' and p.booking_id is not null
    and (since is null or t.id >= app.uuid_v7_floor(since))
  group by p.booking_id having count(*) > 1
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

CREATE FUNCTION money.unforgotten_customers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('customer_id', c.id, 'gateway', c.gateway, 'left_at', c.left_at)
  from money.gateway_customers c
  where c.user_id is null and money.is_looked_at(c.marketplace) and c.left_at < app.now() - interval '7 days'
$$;

CREATE FUNCTION money.unpaid_subscriptions(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('subscription_id', s.id, 'status', s.status)
  from money.subscriptions s
  where money.is_looked_at(s.marketplace) and s.status in ('active', 'past_due') and (since is null or s.updated_at >= since)
    and not exists (
      select from money.subscription_charges c join money.payments p on p.id = c.payment_id
      where c.subscription_id = s.id and c.status = 'paid' and c.period_start = s.current_period_start
        and c.period_end = s.current_period_end and c.price = s.amount and p.amount = c.amount and p.subject_id = s.id
        and p.status in ('succeeded', 'partially_refunded'))
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

CREATE FUNCTION money.unposted_disputes(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('dispute_id', d.id, 'payment_id', d.payment_id, 'status', d.status, 'disputed', s.disputed, 'fee', s.fee)
  from money.disputes d
  cross join lateral (
    select coalesce(sum(e.amount) filter (where c.kind = 'disputed'), 0) as disputed,
           coalesce(-sum(e.amount) filter (where c.kind = 'gateway_fees'), 0) as fee
    from money.transfers t join money.entries e on e.transfer_id = t.id join money.accounts c on c.id = e.account_id
    where t.reference_id = d.id) as s
  where money.is_looked_at(d.marketplace) and (since is null or d.updated_at >= since)
    and (s.disputed <> (case when d.is_withheld then d.amount else 0 end) - d.withdrawn_amount or s.fee <> d.fee)
$$;

CREATE FUNCTION money.unposted_fees(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('attempt_id', a.id, 'payment_id', a.payment_id, 'fee', a.fee, 'posted', coalesce(e.amount, 0))
  from money.payment_attempts a
  left join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/fee'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_fees') as e on true
  where money.is_looked_at(a.marketplace) and a.is_posted and coalesce(a.fee, 0) <> coalesce(e.amount, 0)
    and (since is null or a.updated_at >= since)
  union all
  select jsonb_build_object('payout_id', p.id, 'fee', p.rail_fee, 'posted', e.amount)
  from money.payouts p
  cross join lateral (
    select coalesce(-sum(n.amount), 0) as amount
    from money.transfers t join money.entries n on n.transfer_id = t.id join money.accounts c on c.id = n.account_id
    where t.reference_id = p.id and t.type = 'fee' and c.kind = 'gateway_fees') as e
  where money.is_looked_at(p.marketplace) and p.sent_by = 'razorpayx' and (since is null or p.updated_at >= since)
    and case p.status when 'paid' then coalesce(p.rail_fee, 0) else 0 end <> e.amount
  union all
  select jsonb_build_object('settlement_id', s.id, 'currency', l.currency, 'fee', l.fee, 'posted', coalesce(e.amount, 0))
  from money.settlements s
  cross join lateral (
    select n.currency, -sum(n.net)::bigint as fee from money.settlement_lines n
    where n.settlement_id = s.id and n.result = 'matched' and n.kind = 'fee' group by 1) as l
  left join money.transfer_keys k on k.marketplace = s.marketplace and k.key = 'settlement/' || s.id || '/' || l.currency || '/fees'
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    where n.transfer_id = k.transfer_id and c.kind = 'gateway_fees') as e on true
  where money.is_looked_at(s.marketplace) and (since is null or s.created_at >= since) and l.fee <> coalesce(e.amount, 0)
$$;

CREATE FUNCTION money.unposted_refunds(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('refund_id', r.id, 'payment_id', r.payment_id, 'status', r.status, 'amount', r.amount,
           'posted', coalesce(e.amount, 0))
  from money.refunds r join money.payments p on p.id = r.payment_id
  left join money.transfer_keys k on k.marketplace = r.marketplace and k.key = 'refund/' || r.id
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts c on c.id = n.account_id
    join money.transfers t on t.id = n.transfer_id
    where (t.id = k.transfer_id or t.reverses = k.transfer_id) and c.kind = 'held' and n.currency = r.currency) as e on true
  where money.is_looked_at(r.marketplace) and (since is null or r.updated_at >= since)
    and coalesce(e.amount, 0) <> case when r.status = 'succeeded' then r.amount else 0 end
$$;

CREATE FUNCTION money.unshared_debts(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payment_id', p.id, 'owed_through', p.owed_through, 'repaid', b.total_in)
  from money.payments p
  join money.accounts a on a.owner_id = p.payer_id and a.kind = 'receivable' and a.currency = p.currency
  join money.balances b on b.account_id = a.id
  where money.is_looked_at(p.marketplace) and p.owed_through is not null and p.collected_at is null
    and b.total_in >= p.owed_through and b.moved_at < app.now() - interval '1 hour'
$$;

CREATE FUNCTION money.unused_part(amount bigint, period_start timestamp with time zone, period_end timestamp with time zone, moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  -- Whole microseconds, so that the quotient is exact.
  select div(amount * extract(epoch from period_end - least(greatest(moment, period_start), period_end)),
             extract(epoch from period_end - period_start))::bigint
$$;

CREATE FUNCTION money.unwatched_subscriptions(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('subscription_id', s.id, 'status', s.status)
  from money.subscriptions s
  where money.is_looked_at(s.marketplace) and s.status in ('active', 'past_due') and not exists (
    select from app.timers t where t.kind = 'subscription.clock' and t.subject_id = s.id and t.settled_at is null)
$$;

CREATE FUNCTION money.use_pass(covers text, subject_id uuid, product text DEFAULT NULL::text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare used uuid;
begin
  if not money.is_coverable(covers, subject_id) then perform app.refuse('not_coverable'); end if;
  update money.listing_passes t set subject_id = use_pass.subject_id
  where t.id = (
    select p.id from money.listing_passes p
    where p.user_id = app.actor() and p.marketplace = app.marketplace() and p.covers = use_pass.covers
      and p.product = coalesce(use_pass.product, p.product) and p.subject_id is null
      and p.status = 'active' and p.starts_at <= app.now() and p.expires_at > app.now()
    order by p.expires_at limit 1 for update skip locked)
  returning t.id into used;
  if used is not null then perform money.tell_covered(covers, subject_id); end if;
  return used;
end $$;

CREATE FUNCTION money.use_promo_code(b booking.bookings, code text, service_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare promo money.promo_codes; reason text;
begin
  select p.* into promo from money.promo_codes p
  where p.marketplace = b.marketplace and p.code = use_promo_code.code for no key update;
  reason := money.why_no_promo(promo, jsonb_build_object('currency', b.currency, 'subtotal_amount', b.subtotal_amount,
    'provider_id', b.provider_id, 'resource_id', b.resource_id, 'service_id', use_promo_code.service_id));
  if reason is not null then perform app.refuse(reason); end if;
  if b.discount_amount <> money.discount_of(promo.discount_type, promo.discount_value, promo.max_discount_amount,
      promo.min_booking_amount, b.subtotal_amount) then
    perform app.refuse('price_changed');
  end if;
  update money.promo_codes p set usage_count = p.usage_count + 1 where p.id = promo.id;
  insert into money.promo_code_usages (marketplace, promo_code_id, user_id, booking_id, discount_amount, discount_type,
    discount_value, max_discount_amount, min_booking_amount)
  values (b.marketplace, promo.id, b.customer_id, b.id, b.discount_amount, promo.discount_type, promo.discount_value,
    promo.max_discount_amount, promo.min_booking_amount);
end $$;

CREATE FUNCTION money.valid_pass(subject_id uuid, benefit text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return money.covered_until(subject_id, benefit) is not null;
end $$;

CREATE FUNCTION money.waiting_webhooks(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('webhook_id', w.id, 'gateway', w.gateway, 'kind', w.kind, 'received_at', w.received_at)
  from money.webhook_events w
  where money.is_looked_at(w.marketplace) and w.applied_at is null and w.received_at < app.now() - interval '1 hour'
$$;

CREATE FUNCTION money.wake_payouts(user_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform money.reopen_payout(p.id) from money.payouts p
  where p.provider_id = wake_payouts.user_id and p.marketplace = app.marketplace() and p.status in ('pending', 'failed')
    and not p.is_held;
end $$;

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
        and (a.status in ('created', 'requires_action', 'processing', 'authorized', 'failed') or money.is_fee_awaited(a))) then
    perform app.set_timer('payment.look', p.id,
      app.now() + greatest(interval '1 minute', least(interval '6 hours', (app.now() - p.created_at) / 2)));
  else
    perform app.cancel_timer('payment.look', p.id);
  end if;
end $$;

CREATE FUNCTION money.watch_payout(payout_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform app.set_timer('payout.look', p.id,
    app.now() + case p.status when 'paid' then interval '1 day'
      else greatest(interval '15 minutes', least(interval '12 hours', (app.now() - p.processed_at) / 2)) end)
  from money.payouts p where p.id = watch_payout.payout_id and (p.status = 'processing'
    or p.status = 'paid' and p.sent_by = 'razorpayx' and p.paid_at > app.now() - interval '7 days');
end $$;

CREATE FUNCTION money.why_no_promo(promo money.promo_codes, facts jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if promo.id is null then return 'promo_unknown'; end if;
  if not promo.is_active then return 'promo_inactive'; end if;
  if promo.valid_from > app.now() then return 'promo_not_started'; end if;
  if promo.valid_until <= app.now() then return 'promo_expired'; end if;
  if promo.usage_count >= promo.usage_limit then return 'promo_used_up'; end if;
  if facts ->> 'currency' <> promo.currency
    or facts ? 'service_id' and not promo.applicable_service_ids ? coalesce(lower(facts ->> 'service_id'), '')
    or facts ? 'provider_id' and not promo.applicable_provider_ids ? coalesce(lower(facts ->> 'provider_id'), '')
    or facts ? 'resource_id' and not promo.applicable_resource_ids ? coalesce(lower(facts ->> 'resource_id'), '') then
    return 'promo_not_applicable';
  end if;
  if promo.new_customers_only and exists (
    select from booking.bookings b
    where b.customer_id = app.actor() and b.marketplace = app.marketplace() and b.completed_at is not null) then
    return 'promo_new_customers_only';
  end if;
  if promo.per_user_limit <= (
    select count(*) from money.promo_code_usages u
    where u.user_id = app.actor() and u.promo_code_id = promo.id and u.released_at is null) then
    return 'promo_used_by_you';
  end if;
  -- A share that comes to nothing would be a use for nothing.
  if money.discount_of(promo.discount_type, promo.discount_value, promo.max_discount_amount, promo.min_booking_amount,
      (facts ->> 'subtotal_amount')::bigint) = 0 then
    return 'promo_minimum';
  end if;
  return null;
end $$;

CREATE FUNCTION money.withdraw(amount bigint) RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  person uuid := app.actor(); m app.marketplaces; goes_to uuid; prepaid bigint; in_a_day bigint; posted uuid; p money.payouts;
  from_account uuid;
begin
  select t.* into strict m from app.marketplaces t where t.slug = app.marketplace();
  if (withdraw.amount >= money.least_withdrawal()) is not true then perform app.refuse('withdrawal_amount'); end if;
  goes_to := money.payout_account_of(person, m.currency);
  if goes_to is null then perform app.refuse('no_payout_account'); end if;
  from_account := money.open_account(m.slug, 'withdrawing', person, null, m.currency);
  -- One withdrawal of a person after the other: the sums below count them all.
  insert into money.payout_marks (account_id) values (from_account) on conflict do nothing;
  perform from money.payout_marks k where k.account_id = from_account for update;
  select coalesce(sum(i.amount), 0) + withdraw.amount into in_a_day
  from money.payouts t join money.payout_items i on i.payout_id = t.id and i.kind = 'withdrawal'
  where t.provider_id = person and t.kind = 'withdrawal' and t.status <> 'cancelled' and t.created_at > app.now() - interval '24 hours';
  if in_a_day > (app.setting('wallet_withdrawal_max') #>> '{}')::bigint then perform app.refuse('withdrawal_limit'); end if;
  if exists (select from privacy.debts(person) d where d.amount < 0) then perform app.refuse('money_owed'); end if;
  -- Under the wallet's lock, so that what is spent meanwhile is seen. What people's own is goes first.
  prepaid := greatest(withdraw.amount - (money.holding(person, 'wallet', m.currency) - money.topped_up(person)), 0);
  if withdraw.amount > money.withdrawable() then perform app.refuse('not_withdrawable'); end if;

  insert into money.payouts (marketplace, reference_number, provider_id, account_id, payout_account_id, kind, currency, gross_amount,
    commission_amount, amount, topped_up_amount, is_held, held_reason)
  select m.slug, m.booking_prefix || '-PO-' || extract(year from app.now() at time zone m.time_zone) || '-'
      || lpad(nextval('money.payout_numbers')::text, 6, '0'),
    person, from_account, goes_to, 'withdrawal', m.currency, withdraw.amount, 0, withdraw.amount, prepaid, s.is_large,
    case when s.is_large then 'So much in a day is looked at first.' end
  from (select in_a_day >= coalesce((app.setting('wallet_withdrawal_review_amount') #>> '{}')::bigint, 0) as is_large) as s
  returning * into p;
  posted := money.post(jsonb_build_object('key', 'withdrawal/' || p.id, 'type', 'withdrawal',
    'description', 'Withdrawal ' || p.reference_number, 'currency', p.currency, 'reference_type', 'payout', 'reference_id', p.id,
    'entries', jsonb_build_array(
      jsonb_build_object('account', 'wallet', 'user_id', person, 'amount', -withdraw.amount),
      jsonb_build_object('account', 'withdrawing', 'user_id', person, 'amount', withdraw.amount))));
  insert into money.payout_items (marketplace, payout_id, transfer_id, account_id, kind, gross_amount, commission_amount, amount, earned_at)
  values (p.marketplace, p.id, posted, from_account, 'withdrawal', withdraw.amount, 0, withdraw.amount, app.now());
  perform app.audit('money.withdrawn', 'money', 'payouts', p.id::text, new_values => jsonb_build_object('amount', p.amount));
  if not p.is_held then perform money.ask_for_payout(p.id); end if;
  return next money.shown_payout(p);
end $$;

CREATE FUNCTION money.withdrawable() RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare has bigint;
begin
  select b.balance into has from money.accounts a join money.balances b on b.account_id = a.id
  where a.owner_id = app.actor() and a.marketplace = app.marketplace() and a.kind = 'wallet' and b.is_active;
  if (app.setting('wallet_topups_withdrawable') #>> '{}')::boolean is true then return coalesce(has, 0); end if;
  return greatest(coalesce(has, 0) - money.topped_up(app.actor()), 0);
end $$;

CREATE FUNCTION money.withheld(p money.payments) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(sum(d.amount), 0)::bigint from money.disputes d where d.payment_id = p.id and d.is_withheld
$$;

CREATE FUNCTION money.withhold(p money.payments, d money.disputes) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare r money.reductions; lines jsonb := money.open_lines(p); worth bigint := 0;
begin
  if d.borne_by = 'payees' and p.status in ('succeeded', 'partially_refunded', 'refunded') and exists (
    select from money.payment_attempts a where a.id = d.attempt_id and a.is_current) and not exists (
    select from jsonb_array_elements(lines) as i join identity.users u on u.id = (i ->> 'user_id')::uuid
    where u.purged_at is not null) then
    worth := least(d.amount, money.refundable(p), booking.sum_of(lines, 'customer'));
  end if;
  if worth > 0 then
    insert into money.reductions (marketplace, payment_id, kind, items, amount, returned_amount, is_taken_back)
    values (p.marketplace, p.id, 'dispute', money.share(lines, worth), worth, worth, p.settled_at is not null)
    returning * into r;
  end if;
  perform money.post_dispute(p, d, r, 1);
  update money.disputes t set is_withheld = true, reduction_id = r.id, moves = t.moves + 1 where t.id = d.id;
end $$;

CREATE TABLE money.invoices (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    kind text NOT NULL,
    year smallint NOT NULL,
    place bigint NOT NULL,
    number character varying(30) NOT NULL,
    payment_id uuid NOT NULL,
    corrects uuid,
    user_id uuid NOT NULL,
    buyer_name character varying(100),
    issuer jsonb NOT NULL,
    description character varying(200) NOT NULL,
    currency text NOT NULL,
    lines jsonb NOT NULL,
    tax_lines jsonb DEFAULT '[]'::jsonb NOT NULL,
    subtotal_amount bigint NOT NULL,
    tax_amount bigint NOT NULL,
    total_amount bigint NOT NULL,
    issued_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT invoices_corrects_check CHECK (((kind = 'credit_note'::text) = (corrects IS NOT NULL))),
    CONSTRAINT invoices_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'receipt'::text, 'credit_note'::text]))),
    CONSTRAINT invoices_place_check CHECK ((place > 0)),
    CONSTRAINT invoices_sum_check CHECK ((total_amount = (subtotal_amount + tax_amount))),
    CONSTRAINT invoices_tax_amount_check CHECK ((tax_amount >= 0)),
    CONSTRAINT invoices_total_amount_check CHECK ((total_amount > 0))
);

ALTER TABLE ONLY money.invoices FORCE ROW LEVEL SECURITY;

CREATE FUNCTION money.write_paper(p money.payments, kind text, corrects uuid, lines jsonb, tax_lines jsonb, total bigint, tax bigint) RETURNS money.invoices
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare i money.invoices; m app.marketplaces; drawn bigint; year_ smallint;
begin
  select t.* into strict m from app.marketplaces t where t.slug = p.marketplace;
  year_ := extract(year from app.now() at time zone m.time_zone);
  insert into money.invoice_numbers as n (marketplace, kind, year, last) values (p.marketplace, write_paper.kind, year_, 1)
  on conflict on constraint invoice_numbers_pkey do update set last = n.last + 1
  returning n.last into drawn;
  insert into money.invoices (marketplace, kind, year, place, number, payment_id, corrects, user_id, buyer_name, issuer, description,
    currency, lines, tax_lines, subtotal_amount, tax_amount, total_amount)
  values (p.marketplace, write_paper.kind, year_, drawn,
    -- Sixteen characters at most, as India asks, up to 99,999,999 in a year: HMG-I26-00000001.
    m.booking_prefix || '-' || upper(left(write_paper.kind, 1)) || to_char(year_ % 100, 'FM00') || '-'
      || lpad(drawn::text, greatest(8, length(drawn::text)), '0'),
    p.id, write_paper.corrects, p.payer_id, (select u.full_name from identity.users u where u.id = p.payer_id),
    jsonb_build_object('name', m.name, 'address', '[]'::jsonb, 'tax_id', null) ||
      coalesce(jsonb_strip_nulls(app.setting('invoice_issuer')), '{}'),
    p.description, p.currency, write_paper.lines, write_paper.tax_lines, total - tax, tax, total)
  returning * into i;
  perform app.emit('payment.' || write_paper.kind || '_issued', jsonb_build_object('payment_id', p.id, 'invoice_id', i.id,
    'number', i.number, 'user_id', p.payer_id, 'amount', total, 'currency', p.currency));
  return i;
end $$;

CREATE FUNCTION money.write_papers(payment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  p money.payments; i money.invoices; held bigint; total bigint; credited bigint; credited_tax bigint; back bigint; tax bigint;
  tax_rule jsonb := coalesce(app.setting('invoice_tax'), '{}'); items jsonb; taxes jsonb;
begin
  select t.* into strict p from money.payments t where t.id = write_papers.payment_id;
  -- All but what the gateway was to take and has not.
  held := p.amount - p.gateway_amount + p.captured_amount;
  select t.* into i from money.invoices t where t.payment_id = p.id and t.kind <> 'credit_note';
  if i.id is null then
    total := least(held, coalesce(p.due_amount, held));
    if total <= 0 then return; end if;
    items := money.paper_lines(p, total);
    taxes := money.tax_lines(items, tax_rule);
    tax := (select coalesce(sum((t ->> 'amount')::bigint), 0) from jsonb_array_elements(taxes) as t);
    i := money.write_paper(p, case p.purpose when 'topup' then 'receipt' else 'invoice' end, null,
      -- A tax that is a line of the price stands among the taxes.
      (select coalesce(jsonb_agg(l - 'payee'), '[]') from jsonb_array_elements(items) as l where l ->> 'payee' is distinct from 'tax'),
      taxes, total, tax);
  end if;
  select coalesce(sum(t.total_amount), 0), coalesce(sum(t.tax_amount), 0) into credited, credited_tax
  from money.invoices t where t.corrects = i.id;
  back := i.total_amount - credited - (held - p.refunded_amount);
  if back <= 0 then return; end if;
  -- The tax of all that went back, less what earlier notes have: no unit is lost in rounding.
  tax := round(i.tax_amount::numeric * (credited + back) / i.total_amount) - credited_tax;
  perform money.write_paper(p, 'credit_note', i.id,
    jsonb_build_array(jsonb_build_object('code', 'refund', 'description', 'Refund of ' || i.number, 'quantity', 1,
      'unit_amount', back, 'amount', back)),
    case when tax = 0 then '[]' else jsonb_build_array(jsonb_build_object('name', coalesce(i.tax_lines #>> '{0,name}', 'Tax'),
      'basis_points', case when jsonb_array_length(i.tax_lines) = 1 then i.tax_lines #> '{0,basis_points}' end,
      'amount', tax, 'is_included', true)) end, back, tax);
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

CREATE FUNCTION money.wrong_papers(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payment_id', p.id, 'kept', k.kept, 'invoiced', coalesce(f.invoiced, 0))
  from money.payments p
  cross join lateral (select p.amount - p.gateway_amount + p.captured_amount - p.refunded_amount as kept) as k
  cross join lateral (
    select sum(case i.kind when 'credit_note' then -i.total_amount else i.total_amount end) as invoiced
    from money.invoices i where i.payment_id = p.id) as f
  where money.is_looked_at(p.marketplace)
    and (p.status in ('succeeded', 'partially_refunded', 'refunded') or p.status = 'failed' and p.settled_at is not null)
    and (since is null or p.updated_at >= since)
    -- A bank may bring back what is on a credit note, and a payment may hold more than is owed until the rest has gone back.
    and (coalesce(f.invoiced, 0) > k.kept or f.invoiced is null and least(k.kept, coalesce(p.due_amount, k.kept)) > 0)
$$;

CREATE FUNCTION money.wrong_payouts(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('payout_id', p.id, 'status', p.status, 'amount', p.amount, 'items', i.amount, 'sent', s.amount)
  from money.payouts p
  cross join lateral (
    select coalesce(sum(t.amount), 0)::bigint as amount from money.payout_items t where t.payout_id = p.id and t.is_live) as i
  cross join lateral (
    select coalesce(-sum(e.amount), 0)::bigint as amount
    from money.transfers t join money.entries e on e.transfer_id = t.id and e.account_id = p.account_id
    where t.reference_id = p.id and t.type in ('payout', 'payout_return')) as s
  where money.is_looked_at(p.marketplace) and (since is null or p.updated_at >= since)
    and (i.amount <> case when p.status = 'cancelled' then 0 else p.amount end
      or s.amount <> case when p.status in ('processing', 'paid') then p.amount else 0 end)
$$;

CREATE FUNCTION money.wrong_settlements(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('settlement_id', s.id, 'currency', l.currency, 'matched', l.net, 'posted', coalesce(e.amount, 0))
  from money.settlements s
  cross join lateral (
    select n.currency, sum(n.net)::bigint as net from money.settlement_lines n
    where n.settlement_id = s.id and n.result = 'matched' group by 1) as l
  left join money.transfer_keys k on k.marketplace = s.marketplace and k.key = 'settlement/' || s.id || '/' || l.currency
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts a on a.id = n.account_id
    where n.transfer_id = k.transfer_id and a.gateway = 'bank') as e on true
  where money.is_looked_at(s.marketplace) and (since is null or s.created_at >= since) and l.net <> coalesce(e.amount, 0)
$$;

CREATE FUNCTION money.wrong_uncollected(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('marketplace', marketplace, 'currency', currency, 'kept', coalesce(k.kept, 0), 'owed', coalesce(o.owed, 0))
  from (
    select a.marketplace, a.currency, money.platform_balance(a.id) as kept
    from money.accounts a where a.owner_id is null and a.kind = 'uncollected') as k
  full join (
    select p.marketplace, p.currency, sum(p.due_amount) as owed
    from money.payments p where p.owed_through is not null and p.collected_at is null group by 1, 2) as o using (marketplace, currency)
  where money.is_looked_at(marketplace) and coalesce(k.kept, 0) <> coalesce(o.owed, 0)
$$;

CREATE FUNCTION money.wrong_withdrawals(since timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('account_id', a.id, 'balance', b.balance, 'waiting', w.amount)
  from money.accounts a join money.balances b on b.account_id = a.id
  cross join lateral (
    select coalesce(sum(p.amount), 0)::bigint as amount from money.payouts p
    where p.provider_id = a.owner_id and p.account_id = a.id and p.status in ('pending', 'failed')) as w
  where a.kind = 'withdrawing' and money.is_looked_at(a.marketplace) and (since is null or b.moved_at >= since) and b.balance <> w.amount
$$;

CREATE FUNCTION money.zone() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select m.time_zone from app.marketplaces m where m.slug = app.marketplace()
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
    tesla_seen_at timestamp with time zone,
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
    LANGUAGE plpgsql STABLE
    AS $$
declare vehicle record; person uuid := app.actor(); place text := app.marketplace();
begin
  if vehicle_id is null then
    if app.setting('vehicle_required')::boolean then perform app.refuse('vehicle_required'); end if;
    return null;
  end if;
  select v.id, v.display_name, v.make, v.model, v.color, v.license_plate, v.length_inches, v.width_inches, v.height_inches into vehicle
  from parking.vehicles v
  where v.id = admit_vehicle.vehicle_id and v.user_id = person and v.marketplace = place and v.is_active;
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

CREATE FUNCTION parking.begin_tesla_trip(b booking.bookings) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  -- Looked at first and one after the other: a statement that inserts or joins costs more to begin, and most vehicles are not known.
  if not exists (select from parking.vehicles v where v.id = b.subject_id and v.tesla_vehicle_id is not null) then return; end if;
  if not exists (select from identity.tesla_accounts t where t.user_id = b.customer_id) then return; end if;
  insert into parking.tesla_trips (booking_id, marketplace, user_id, vehicle_id, read_at)
  values (b.id, b.marketplace, b.customer_id, b.subject_id, parking.watched_from(b.starts_at))
  on conflict on constraint tesla_trips_pkey do nothing;
  if found then perform parking.plan_navigation(b.id); end if;
end $$;

CREATE FUNCTION parking.book(space_id uuid, version integer, terms jsonb) RETURNS booking.bookings
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  known record; space parking.spaces; place text := app.marketplace();
  b booking.bookings := jsonb_populate_record(null::booking.bookings, terms);
begin
  -- A change that commits after this reads as one that came after the booking. Only a deletion waits for it, and sees it. Whether it
  -- is open at all times is read with it: few have hours.
  select s as space, d.value as payment_deadline_seconds,
    coalesce(r.always_open_until, 'infinity') >= b.ends_at as is_open into known
  from parking.spaces s
  left join booking.resources r on r.id = s.id
  left join app.settings d on d.marketplace = place and d.key = 'payment_deadline_seconds' and d.is_active
  where s.id = book.space_id and s.marketplace = place and s.deleted_at is null for key share of s;
  space := known.space;
  -- Asked for the reason only where there is one.
  if (space.approval_status = 'approved' and space.listing_status = 'active') is not true then
    perform parking.check_listed(space);
  end if;
  if space.version <> book.version then perform app.refuse('listing_changed'); end if;
  if not known.is_open then
    if not booking.is_open(space.id, tstzrange(b.starts_at, b.ends_at)) then perform app.refuse('closed'); end if;
  end if;
  b.subject_id := terms ->> 'vehicle_id';
  b.facts := coalesce(b.facts, '{}') || jsonb_build_object('vehicle', parking.admit_vehicle(b.subject_id, space));
  b.module := 'parking';
  b.resource_id := space.id;
  b.resource_name := space.title;
  b.provider_id := space.owner_id;
  b.time_zone := space.time_zone;
  b.location := space.location;
  b.currency := space.currency;
  b.buffer_before := space.buffer_before_minutes * 60;
  b.buffer_after := space.buffer_after_minutes * 60;
  return booking.place(b, space.capacity, space.instant_booking_enabled, (terms ->> 'request_timeout')::integer,
    known.payment_deadline_seconds::integer, terms ->> 'promo_code');
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
  if space.minimum_booking_hours > before.minimum_booking_hours then
    perform parking.check_shortest(space.minimum_booking_hours);
  end if;
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
      tesla_seen_at = case when v.vin is not distinct from vehicle.vin then v.tesla_seen_at end,
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

CREATE FUNCTION parking.check_shortest(hours integer) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if hours > app.setting('max_booking_hours')::numeric then perform app.refuse('too_long_at_least'); end if;
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

CREATE FUNCTION parking.find_nearest(asked jsonb) RETURNS SETOF parking.found_space
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
declare
  terms parking.search_terms := parking.search_terms(asked);
  -- A city is not sorted by price or rating for the first twenty.
  walk integer := case terms.sort when 'distance' then terms.size else 500 end;
  nothing parking.found_space;
begin
  return query
    select s.id, s.title, s.description, s.address, s.city, s.state, s.zip_code, s.location, s.surface, s.is_covered, s.capacity,
           s.max_vehicle_length_cm, s.max_vehicle_width_cm, s.max_vehicle_height_cm, s.hourly_rate, s.daily_rate, s.weekly_rate,
           s.monthly_rate, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours, s.buffer_before_minutes,
           s.buffer_after_minutes, s.instant_booking_enabled, s.has_ev_charging, s.charging_connector_type, s.has_security_camera,
           s.has_lighting, s.amenities, s.currency, s.time_zone, s.rating, s.review_count, s.created_at, s.updated_at,
           s.cover_object, s.distance_m, s.subtotal_amount, s.sort_key, terms.basis_points,
           case when terms.explain and terms.starts_at is not null then
             booking.free_units(s.id, s.capacity, tstzrange(terms.starts_at, terms.ends_at)) end,
           terms.vehicle_busy
    from (
      select near.*, case terms.sort when 'price' then coalesce(near.subtotal_amount, near.hourly_rate)::float8
                                     when 'rating' then -coalesce(near.rating, 0)::float8
                                     else near.distance_m end as sort_key
      from (
        select s.*, s.point <-> terms.here as distance_m, price.amount as subtotal_amount
        from parking.public_spaces s
        cross join lateral (
          select (parking.price_of(s.hourly_rate, s.daily_rate, s.weekly_rate, s.monthly_rate, terms.seconds)).amount
          offset 0) as price
        where s.point && _st_expand(terms.here, terms.radius_m) and s.point <-> terms.here <= terms.radius_m and not s.is_mine
          and (terms.sort <> 'distance' or terms.after_id is null
            or (s.point <-> terms.here, s.id) > (terms.after_key, terms.after_id))
          and coalesce(terms.filters is null or parking.meets(terms.filters, s.surface, s.is_covered, s.has_ev_charging,
            s.charging_connector_type, s.has_security_camera, s.has_lighting, s.instant_booking_enabled, s.amenities,
            s.hourly_rate, s.rating, s.point), false)
          and coalesce(parking.suits(terms, s.is_covered, s.max_vehicle_length_cm, s.max_vehicle_width_cm,
            s.max_vehicle_height_cm, s.minimum_booking_hours, s.maximum_booking_hours, s.advance_booking_hours), false)
          and coalesce(terms.seconds is null or not exists (
              select from booking.resources r
              where r.id = s.id and (not r.is_listed or r.always_open_until < 'infinity')
                and (not r.is_listed or r.always_open_until < terms.ends_at and not exists (
                  select from booking.open_times o
                  where o.resource_id = r.id and o.opens_at <= terms.starts_at and o.closes_at >= terms.ends_at
                  offset 0))
              offset 0)
            and exists (
              select from (select generate_series(1, s.capacity) as unit) as u
              where not exists (
                select from (
                  select t.during from booking.reservations t
                  where t.resource_id = s.id and t.unit = u.unit
                    and upper(t.during) > terms.starts_at - make_interval(mins => s.buffer_before_minutes)
                    and (t.expires_at is null or t.expires_at > terms.moment)
                  order by upper(t.during) limit 1) as next
                where lower(next.during) < terms.ends_at + make_interval(mins => s.buffer_after_minutes))), false)
          and coalesce(terms.max_total_amount is null
            or price.amount + parking.fee_of(price.amount, terms.basis_points) <= terms.max_total_amount, false)
        order by s.point <-> terms.here
        fetch first (walk) rows with ties
      ) as near
    ) as s
    where terms.after_id is null or (s.sort_key, s.id) > (terms.after_key, terms.after_id)
    order by s.sort_key, s.id
    limit terms.size;
  if not found then
    nothing.vehicle_busy := terms.vehicle_busy;
    return next nothing;
  end if;
end $$;

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

CREATE FUNCTION parking.issue_access(b booking.bookings) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  letters constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  sixty_four constant text := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
begin
  loop
    -- Each letter stands for two of the sixty-four that three bytes are written with, so that all are equally likely.
    insert into parking.access_codes (code, booking_id, marketplace, customer_id)
    values (left(translate(encode(gen_random_bytes(9), 'base64'), sixty_four, letters || letters), 10),
            b.id, b.marketplace, b.customer_id)
    on conflict do nothing;
    exit when found;
    exit when exists (select from parking.access_codes a where a.booking_id = b.id);
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
  kept parking.vehicles; known uuid;
begin
  select v.id into known from parking.vehicles v
  where v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active
    and (v.vin = told.vin or v.tesla_vehicle_id = told.tesla_vehicle_id)
  order by (v.tesla_vehicle_id = told.tesla_vehicle_id) is true desc limit 1;
  update parking.vehicles v set tesla_vehicle_id = null
  where v.tesla_vehicle_id = told.tesla_vehicle_id and v.marketplace = app.marketplace() and v.is_active and v.tesla_seen_at is null
    and v.id is distinct from known;
  -- What is known by its plate too stays in use without the VIN.
  update parking.vehicles v set vin = case when v.license_plate is null then v.vin end, is_active = v.license_plate is not null
  where v.vin = told.vin and v.marketplace = app.marketplace() and v.is_active and v.tesla_seen_at is null
    and v.id is distinct from known;
  -- Who is left has shown it as well.
  if exists (
    select from parking.vehicles v
    where v.marketplace = app.marketplace() and v.is_active and v.id is distinct from known
      and (v.vin = told.vin or v.tesla_vehicle_id = told.tesla_vehicle_id)
  ) then
    return null;
  end if;
  if known is not null then
    update parking.vehicles v set tesla_vehicle_id = told.tesla_vehicle_id, vin = told.vin, tesla_seen_at = app.now(),
      display_name = coalesce(told.display_name, v.display_name), model = coalesce(told.model, v.model), make = 'Tesla',
      color = coalesce(told.color, v.color), last_seen_at = coalesce(told.last_seen_at, v.last_seen_at)
    where v.id = known returning v.* into kept;
    return kept;
  end if;
  insert into parking.vehicles (marketplace, user_id, tesla_vehicle_id, tesla_seen_at, vin, display_name, make, model, year, color,
    last_seen_at)
  values (app.marketplace(), app.actor(), told.tesla_vehicle_id, app.now(), told.vin, told.display_name, 'Tesla', told.model, told.year,
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
  perform parking.check_shortest(space.minimum_booking_hours);
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
declare
  space parking.spaces; b booking.bookings;
  starts_at timestamptz := details ->> 'starts_at'; ends_at timestamptz := details ->> 'ends_at';
begin
  select t.* into b from booking.bookings t
  where t.id = move.booking_id and t.customer_id = app.actor() and t.marketplace = app.marketplace();
  select s.* into space from parking.spaces s where s.id = b.resource_id for key share;
  if not found then perform app.refuse('not_found'); end if;
  if space.version <> move.version then perform app.refuse('listing_changed'); end if;
  -- The owner is told of each.
  if app.draw('parking.move/' || move.booking_id, 20, interval '1 hour') is not null then
    perform app.refuse('too_many_requests');
  end if;
  if not booking.is_open(space.id, tstzrange(starts_at, ends_at)) then perform app.refuse('closed'); end if;
  details := details || jsonb_build_object('capacity', space.capacity, 'currency', space.currency);
  if parking.moves_at_once(b, space, starts_at, ends_at) then
    return booking.move(move.booking_id, details, move.expected_version);
  end if;
  return booking.request_move(move.booking_id, details, move.expected_version);
end $$;

CREATE FUNCTION parking.move_terms(booking_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, fallback_basis_points integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  b booking.bookings; flow booking.flows; space parking.spaces; from_ timestamptz; to_ timestamptz; extends boolean;
  terms jsonb; subtotal bigint; discount bigint;
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
  discount := money.discount_of_booking(b.id, subtotal);
  if subtotal + parking.fee_of(subtotal, (terms ->> 'fee_basis_points')::integer) - discount < b.total_amount
    and not booking.is_free_to_leave(b, flow) then
    terms := jsonb_set(terms, '{reasons}', (terms -> 'reasons') || '["too_late_for_less"]');
  end if;
  return terms || jsonb_build_object('promo', case when discount > 0 then jsonb_build_object('discount_amount', discount) end,
    'instant', parking.moves_at_once(b, space, from_, to_), 'starts_at', from_, 'ends_at', to_, 'booking', jsonb_build_object('version', b.version,
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

CREATE FUNCTION parking.moves_at_once(b booking.bookings, space parking.spaces, starts_at timestamp with time zone, ends_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select space.instant_booking_enabled or b.confirmed_at is null or starts_at >= b.starts_at and ends_at <= b.ends_at
$$;

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
  if seconds is null then return; end if;
  -- What no unit undercuts even once is paid by the hour: most searches ask for a few of them.
  cost := (2 * hourly * seconds + hour) / (2 * hour);
  if coalesce(cost <= least(daily, weekly, monthly), false) then
    months := 0; weeks := 0; days := 0; rest_seconds := seconds; amount := cost;
    return;
  end if;
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

CREATE FUNCTION parking.search_terms(asked jsonb) RETURNS parking.search_terms
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare terms parking.search_terms := jsonb_populate_record(null::parking.search_terms, asked);
begin
  terms.here := app.point(terms.latitude, terms.longitude);
  terms.filters := nullif(terms.filters, 'null');
  terms.moment := app.now();
  terms.basis_points := parking.fee_basis_points(terms.points);
  if terms.vehicle_id is not null then
    select v.length_inches, v.width_inches, v.height_inches into terms.length_inches, terms.width_inches, terms.height_inches
    from parking.vehicles v
    where v.id = terms.vehicle_id and v.user_id = app.actor() and v.marketplace = app.marketplace() and v.is_active;
    if not found then perform app.refuse('vehicle_not_yours'); end if;
    if terms.seconds is not null then
      terms.vehicle_busy := booking.free_units(terms.vehicle_id, 1, tstzrange(terms.starts_at, terms.ends_at)) < 1;
    end if;
  end if;
  if terms.seconds is not null then
    -- Read here at once, as `booking.horizon` and `app.setting` would one by one: each of those costs as much as several spaces.
    select max(t.value::float8) filter (where t.key = 'max_booking_hours') * 3600,
           booking.horizon_in(max(t.value::integer) filter (where t.key = 'booking_horizon_days'))
    into terms.longest, terms.horizon
    from app.settings t
    where t.marketplace = app.marketplace() and t.key in ('max_booking_hours', 'booking_horizon_days') and t.is_active;
  end if;
  return terms;
end $$;

CREATE FUNCTION parking.set_photos(space_id uuid, photos jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces; is_new boolean;
begin
  space := parking.lock_my_space(set_photos.space_id);
  is_new := exists (
    select (p.photo ->> 'upload_id')::uuid, p.photo ->> 'caption' from jsonb_array_elements(photos) as p (photo)
    except select p.upload_id, p.caption from parking.space_photos p where p.space_id = space.id);
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
  -- Fewer of them, or another order, show nothing that staff have not seen.
  if is_new and parking.needs_approval() and space.approval_status <> 'pending' then
    space.approval_status := 'pending';
    space.approval_reason := null;
    perform parking.write_space(space);
  end if;
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
  perform identity.keep_tesla_region(trip.user_id, answer ->> 'region');
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
  perform identity.keep_tesla_region(trip.user_id, reading ->> 'region');
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

CREATE FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select parking.misfit(asked.length_inches, asked.width_inches, asked.height_inches, is_covered, max_length_cm, max_width_cm,
      max_height_cm) is null
    and (asked.seconds is null
      or asked.seconds >= shortest * 3600 and asked.seconds <= least(longest * 3600, asked.longest)
        and asked.ends_at <= asked.horizon and asked.starts_at >= asked.moment + make_interval(hours => notice))
$$;

CREATE FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare space parking.spaces := parking.lock_space(suspend_space.space_id); before text := space.listing_status;
begin
  if space.owner_id = app.actor() then perform app.refuse('own_space_review'); end if;
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

CREATE FUNCTION parking.terms_with_promo(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer, promo_code text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare terms jsonb := parking.terms(space_id, starts_at, ends_at, vehicle_id, fallback_basis_points);
begin
  if promo_code is null then return terms || '{"promo": null}'; end if;
  return terms || jsonb_build_object('promo', money.promo_terms(promo_code, jsonb_build_object(
    'currency', terms -> 'currency', 'subtotal_amount', terms #> '{tariff,amount}', 'resource_id', space_id, 'service_id', null,
    'provider_id', (select s.owner_id from parking.spaces s where s.id = terms_with_promo.space_id))));
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
  if booking.asks_to_move(b) then return 'move_requested'; end if;
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

CREATE FUNCTION privacy.begin_deletion(forfeited bigint, forfeited_earnings bigint) RETURNS TABLE(retry_after integer, password_hash text, email text, phone_sealed text, phone_hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform privacy.check_deletable(app.actor(), forfeited, forfeited_earnings);
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

CREATE FUNCTION privacy.check_deletable(person_id uuid, forfeited bigint, forfeited_earnings bigint) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare settled text[] := case when money.spare_earnings(person_id) = forfeited_earnings then '{provider_payable,receivable}' else '{}' end;
begin
  if exists (
    select from booking.bookings b join booking.flows f on f.id = b.flow_id
    where person_id in (b.customer_id, b.provider_id) and b.status = any (f.live)
      -- Who has come and not gone is under way, and what that costs is not known yet.
      and (b.ends_at > app.now() or b.status = f.running)
      and (b.expires_at is null or b.expires_at > app.now())) then perform app.refuse('bookings_running'); end if;
  if exists (select from privacy.debts(person_id) d where d.amount < 0 and d.kind <> all (settled))
    -- What is about to become a debt.
    or exists (select from money.payments p where p.payer_id = person_id and p.settled_at is null and money.is_unpayable(p)) then
    perform app.refuse('money_owed');
  end if;
  if exists (
    select from privacy.debts(person_id) d
    where d.kind <> all (settled)
      and (d.kind = 'wallet' and d.amount = forfeited and forfeited < money.least_withdrawal()) is not true) then
    perform app.refuse('balance_remaining');
  end if;
  -- What a gateway is still asked for may end in an account of the person's.
  if exists (select from money.payments p where p.payer_id = person_id
             and (p.status in ('processing', 'authorized')
               or exists (select from money.refunds r where r.payment_id = p.id and r.status in ('pending', 'processing'))))
    or exists (select from money.payouts o where o.provider_id = person_id and o.status = 'processing') then
    perform app.refuse('money_moving');
  end if;
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

CREATE FUNCTION privacy.delete_account(codes jsonb, forfeited bigint, forfeited_earnings bigint) RETURNS TABLE(outcome text, attempts_left integer, restorable_until timestamp with time zone, tesla_token text)
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
  perform privacy.check_deletable(person.id, forfeited, forfeited_earnings);
  if codes is not null then
    select t.outcome, t.attempts_left into outcome, attempts_left from identity.try_own_code(codes, 'delete_account') t;
    if outcome <> 'right' then
      return next;
      return;
    end if;
  end if;
  perform money.forfeit(person.id, forfeited);
  perform money.forfeit_earnings(person.id, forfeited_earnings);
  -- What has come in since is seen under the locks of what was given up.
  perform privacy.check_deletable(person.id, null, null);
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

CREATE FUNCTION verification.begin_liveness() RETURNS TABLE(retry_after integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not verification.wants_liveness() then perform app.refuse('not_found'); end if;
  retry_after := app.draw('liveness:' || app.actor(), 10, interval '1 day');
  return next;
end $$;

CREATE FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid) RETURNS TABLE(selfie text, document text, document_id uuid, same_size integer, is_document boolean, is_session boolean, wants_liveness boolean, threshold double precision, confidence double precision, attempts_left integer, retry_after integer)
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
  same_size := (select s.size from identity.uploads s join identity.uploads d on d.size = s.size
                where s.id = face_inputs.selfie_upload_id and d.id = face_inputs.document_id);
  is_document := exists (
    select from verification.documents d
    where d.user_id = app.actor() and face_inputs.selfie_upload_id in (d.upload_id, d.back_upload_id));
  is_session := exists (
    select from verification.liveness_sessions s
    where s.id = face_inputs.liveness_session_id and s.user_id = app.actor() and s.marketplace = app.marketplace()
      and s.expires_at > app.now() and not exists (select from verification.face_attempts a where a.liveness_session_id = s.id));
  wants_liveness := verification.wants_liveness();
  threshold := coalesce((app.setting('face_match_threshold') #>> '{}')::double precision, 90);
  confidence := coalesce((app.setting('face_liveness_confidence') #>> '{}')::double precision, 80);
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

CREATE FUNCTION verification.keep_liveness(session_id uuid, seconds integer) RETURNS TABLE(liveness_session_id uuid, expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  return query
    insert into verification.liveness_sessions as s (id, marketplace, user_id, expires_at)
    values (keep_liveness.session_id, app.marketplace(), app.actor(), app.now() + make_interval(secs => keep_liveness.seconds))
    returning s.id, s.expires_at;
end $$;

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

CREATE FUNCTION verification.open_document(document_id uuid) RETURNS TABLE(document jsonb, user_id uuid, full_name text, standing text, number_sealed text, pictures jsonb, files jsonb)
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
           f.pictures, f.files
    from identity.users u left join verification.providers p on p.user_id = u.id
    cross join lateral (
      select jsonb_agg(f.object_name order by f.id = opened.back_upload_id) as pictures,
             jsonb_agg(jsonb_build_object('file_name', f.file_name, 'content_type', f.content_type, 'size', f.size)
               order by f.id = opened.back_upload_id) as files
      from identity.uploads f where f.id in (opened.upload_id, opened.back_upload_id)) as f
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

CREATE FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid, outcome text, similarity numeric, threshold numeric, confidence numeric) RETURNS TABLE(settled text, attempts_left integer, mine jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare facts jsonb := jsonb_strip_nulls(jsonb_build_object('similarity', settle_face.similarity, 'threshold', settle_face.threshold,
  'liveness_confidence', settle_face.confidence));
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
  insert into verification.face_attempts (marketplace, user_id, selfie_upload_id, document_upload_id, liveness_session_id, outcome,
    similarity, threshold, liveness_confidence)
  values (app.marketplace(), app.actor(), settle_face.selfie_upload_id, settle_face.document_upload_id,
    settle_face.liveness_session_id, settled, settle_face.similarity, settle_face.threshold, settle_face.confidence)
  on conflict on constraint face_attempts_liveness_session_id_key do nothing;
  if not found then
    settled := 'liveness_used';
    return next;
    return;
  end if;
  perform app.audit('verification.face_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text, metadata => jsonb_build_object('outcome', settled) || facts);
  if settled = 'verified' then
    update verification.user_verifications v set face_verified_at = app.now(),
      metadata = v.metadata || jsonb_build_object('face', facts)
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

CREATE FUNCTION verification.wants_liveness() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce((app.setting('face_liveness') #>> '{}')::boolean, false)
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

CREATE TABLE app.audited_events (
    type text NOT NULL,
    category character varying(30) NOT NULL,
    record_table character varying(50) NOT NULL,
    record_key text NOT NULL,
    person_key text,
    facts text[] NOT NULL
);

ALTER TABLE ONLY app.audited_events FORCE ROW LEVEL SECURITY;

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
)
WITH (fillfactor='70');

ALTER TABLE ONLY app.rate_limits FORCE ROW LEVEL SECURITY;

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
    CONSTRAINT timers_outcome_check CHECK ((outcome = ANY ('{done,cancelled,failed}'::text[])))
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
    b.updated_at,
    b.discount_amount,
        CASE
            WHEN (((b.move_request ->> 'expires_at'::text))::timestamp with time zone > ( SELECT app.now() AS now)) THEN b.move_request
            ELSE NULL::jsonb
        END AS move_request
   FROM ((booking.bookings b
     JOIN booking.flows f ON ((f.id = b.flow_id)))
     CROSS JOIN LATERAL ( SELECT COALESCE((b.expires_at <= ( SELECT app.now() AS now)), false) AS expired) e);

CREATE TABLE booking.numbers (
    number text NOT NULL,
    booking_id uuid NOT NULL
);

ALTER TABLE ONLY booking.numbers FORCE ROW LEVEL SECURITY;

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
    takes text DEFAULT 'id'::text NOT NULL,
    CONSTRAINT step_handlers_moment_check CHECK ((moment = ANY (ARRAY['confirmed'::text, 'started'::text, 'moved'::text, 'completed'::text, 'ended'::text]))),
    CONSTRAINT step_handlers_takes_check CHECK ((takes = ANY (ARRAY['id'::text, 'row'::text])))
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
    CONSTRAINT timeline_party_check CHECK ((party = ANY ('{customer,provider,staff,system}'::text[])))
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
    CONSTRAINT otps_purpose_check CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'sign_up'::text, 'reset_password'::text, 'change_contact'::text, 'set_password'::text, 'start_two_factor'::text, 'create_token'::text, 'delete_account'::text, 'restore_account'::text])))
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
    WHEN (owner_id IS NULL) THEN (kind = ANY (ARRAY['platform_revenue'::text, 'gateway_clearing'::text, 'gateway_fees'::text, 'promo_expense'::text, 'credit_expense'::text, 'dispute_expense'::text, 'disputed'::text, 'tax'::text, 'bank'::text, 'uncollected'::text]))
    ELSE (kind = ANY (ARRAY['wallet'::text, 'credits'::text, 'provider_payable'::text, 'held'::text, 'receivable'::text, 'withdrawing'::text]))
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
    CONSTRAINT balances_overdraft_check CHECK (((balance = 0) OR (is_debt = (balance < 0)))),
    CONSTRAINT balances_totals_check CHECK (((balance = (total_in - total_out)) AND (abs(balance) < '9007199254740992'::bigint)))
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
    CONSTRAINT entries_amount_check CHECK (((amount <> 0) AND (abs(amount) <= '1000000000000000'::bigint) AND ((currency <> 'XCR'::text) OR (balance_after IS NULL) OR money.fits_credits(type, amount))))
)
PARTITION BY RANGE (transfer_id);

ALTER TABLE ONLY money.entries FORCE ROW LEVEL SECURITY;

CREATE TABLE money.transfers (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    key text NOT NULL,
    type money.transfer_type NOT NULL,
    description character varying(200) NOT NULL,
    reference_type character varying(40),
    reference_id uuid,
    reverses uuid,
    created_by uuid,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT transfers_words_check CHECK (((btrim((description)::text) <> ''::text) AND ((reference_type IS NULL) = (reference_id IS NULL)) AND (((type)::text = 'reversal'::text) = (reverses IS NOT NULL)) AND (((type)::text <> 'adjustment'::text) OR (created_by IS NOT NULL))))
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

CREATE TABLE money.gateway_customers (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid,
    gateway text NOT NULL,
    reference character varying(255),
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    left_at timestamp with time zone,
    asked_at timestamp with time zone,
    CONSTRAINT gateway_customers_left_at_check CHECK (((user_id IS NULL) = (left_at IS NOT NULL)))
);

ALTER TABLE ONLY money.gateway_customers FORCE ROW LEVEL SECURITY;

CREATE TABLE money.invariants (
    name text NOT NULL,
    description text NOT NULL,
    checker text NOT NULL
);

ALTER TABLE ONLY money.invariants FORCE ROW LEVEL SECURITY;

CREATE TABLE money.invoice_numbers (
    marketplace text NOT NULL,
    kind text NOT NULL,
    year smallint NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT invoice_numbers_last_check CHECK ((last >= 0))
);

ALTER TABLE ONLY money.invoice_numbers FORCE ROW LEVEL SECURITY;

CREATE TABLE money.listing_passes (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    product character varying(40) NOT NULL,
    covers character varying(40) NOT NULL,
    subject_id uuid,
    currency text NOT NULL,
    amount bigint NOT NULL,
    days smallint NOT NULL,
    benefits text[] NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    starts_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    updated_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT listing_passes_amount_check CHECK ((amount > 0)),
    CONSTRAINT listing_passes_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'cancelled'::text]))),
    CONSTRAINT listing_passes_validity_check CHECK ((((status <> 'active'::text) OR (starts_at IS NOT NULL)) AND ((starts_at IS NULL) = (expires_at IS NULL)) AND (starts_at < expires_at)))
);

ALTER TABLE ONLY money.listing_passes FORCE ROW LEVEL SECURITY;

CREATE TABLE money.pass_subjects (
    covers character varying(40) NOT NULL,
    finder text NOT NULL,
    handler text NOT NULL
);

ALTER TABLE ONLY money.pass_subjects FORCE ROW LEVEL SECURITY;

CREATE TABLE money.payment_purposes (
    purpose text NOT NULL,
    finder text NOT NULL,
    handler text NOT NULL,
    accounts text[] DEFAULT '{wallet,credits}'::text[] NOT NULL,
    settles_as text DEFAULT 'release'::text NOT NULL,
    CONSTRAINT payment_purposes_purpose_check CHECK ((purpose ~ '^[a-z]{2,40}$'::text))
);

ALTER TABLE ONLY money.payment_purposes FORCE ROW LEVEL SECURITY;

CREATE TABLE money.payout_items (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    payout_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    account_id uuid NOT NULL,
    booking_id uuid,
    kind text NOT NULL,
    gross_amount bigint NOT NULL,
    commission_amount bigint NOT NULL,
    amount bigint NOT NULL,
    earned_at timestamp with time zone NOT NULL,
    is_live boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT payout_items_amount_check CHECK ((amount = (gross_amount - commission_amount))),
    CONSTRAINT payout_items_kind_check CHECK ((kind = ANY (ARRAY['earning'::text, 'tip'::text, 'correction'::text, 'netting'::text, 'fee'::text, 'withdrawal'::text])))
);

ALTER TABLE ONLY money.payout_items FORCE ROW LEVEL SECURITY;

CREATE TABLE money.payout_marks (
    account_id uuid NOT NULL,
    through bigint DEFAULT 0 NOT NULL,
    is_final boolean DEFAULT false NOT NULL,
    final_at timestamp with time zone
)
WITH (fillfactor='80');

ALTER TABLE ONLY money.payout_marks FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE money.payout_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE money.payout_runs (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    through uuid,
    payouts integer DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT payout_runs_period_check CHECK ((period_start < period_end))
);

ALTER TABLE ONLY money.payout_runs FORCE ROW LEVEL SECURITY;

CREATE TABLE money.products (
    marketplace text NOT NULL,
    code character varying(40) NOT NULL,
    role character varying(40) NOT NULL,
    name character varying(100) NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    days smallint NOT NULL,
    covers character varying(40) NOT NULL,
    benefits text[] DEFAULT '{}'::text[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    CONSTRAINT products_amount_check CHECK ((amount > 0)),
    CONSTRAINT products_code_check CHECK (((code)::text ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT products_days_check CHECK (((days >= 1) AND (days <= 3660))),
    CONSTRAINT products_name_check CHECK ((btrim((name)::text) <> ''::text))
);

ALTER TABLE ONLY money.products FORCE ROW LEVEL SECURITY;

CREATE TABLE money.promo_code_usages (
    id uuid DEFAULT app.uuid_v7() NOT NULL,
    marketplace text NOT NULL,
    promo_code_id uuid NOT NULL,
    user_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    discount_amount bigint NOT NULL,
    discount_type text NOT NULL,
    discount_value bigint NOT NULL,
    max_discount_amount bigint,
    min_booking_amount bigint,
    released_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    CONSTRAINT promo_code_usages_discount_amount_check CHECK ((discount_amount >= 0))
);

ALTER TABLE ONLY money.promo_code_usages FORCE ROW LEVEL SECURITY;

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

CREATE TABLE money.settlement_lines (
    settlement_id uuid NOT NULL,
    line integer NOT NULL,
    result text NOT NULL,
    kind text,
    entry_reference character varying(255),
    reference character varying(255),
    currency text,
    amount bigint,
    fee bigint,
    net bigint,
    occurred_at timestamp with time zone,
    attempt_id uuid,
    refund_id uuid,
    expected_amount bigint,
    expected_fee bigint,
    problem character varying(200),
    CONSTRAINT settlement_lines_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'refund'::text, 'fee'::text, 'other'::text]))),
    CONSTRAINT settlement_lines_result_check CHECK ((result = ANY (ARRAY['matched'::text, 'amount_differs'::text, 'currency_differs'::text, 'fee_differs'::text, 'date_differs'::text, 'unknown'::text, 'repeated'::text, 'unreadable'::text, 'not_a_payment'::text, 'missing'::text])))
);

ALTER TABLE ONLY money.settlement_lines FORCE ROW LEVEL SECURITY;

CREATE VIEW money.shown_passes WITH (security_invoker='true') AS
 SELECT p.id,
    p.user_id,
    p.product,
    r.name,
    p.covers,
    p.subject_id,
        CASE
            WHEN ((p.status = 'active'::text) AND (p.expires_at <= app.now())) THEN 'expired'::text
            ELSE p.status
        END AS status,
    p.currency,
    p.amount,
    p.days,
    p.benefits,
    p.starts_at,
    p.expires_at,
    p.created_at,
    p.updated_at
   FROM (money.listing_passes p
     JOIN money.products r ON (((r.marketplace = p.marketplace) AND ((r.code)::text = (p.product)::text))));

CREATE TABLE money.status_changes (
    subject text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL
);

ALTER TABLE ONLY money.status_changes FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE money.transaction_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE VIEW money.transactions WITH (security_invoker='true') AS
 SELECT p.id,
    p.number AS transaction_number,
    p.booking_id,
    p.id AS payment_id,
    p.payer_id AS user_id,
        CASE p.purpose
            WHEN 'topup'::text THEN 'wallet_topup'::text
            WHEN 'tip'::text THEN 'tip'::text
            ELSE 'payment'::text
        END AS type,
    COALESCE(( SELECT
                CASE b.module
                    WHEN 'services'::text THEN 'service'::text
                    ELSE b.module
                END AS module
           FROM booking.bookings b
          WHERE (b.id = p.booking_id)), p.purpose) AS payment_type,
        CASE
            WHEN (p.cash_amount > 0) THEN 'cash'::text
            WHEN (p.gateway_amount > 0) THEN COALESCE((a.options ->> 'method'::text), 'card'::text)
            WHEN (p.wallet_amount > 0) THEN 'wallet'::text
            ELSE 'credits'::text
        END AS payment_method,
    p.amount,
    p.currency,
    a.gateway,
    a.reference AS gateway_transaction_id,
        CASE p.status
            WHEN 'succeeded'::text THEN 'completed'::text
            WHEN 'partially_refunded'::text THEN 'completed'::text
            WHEN 'authorized'::text THEN 'processing'::text
            ELSE p.status
        END AS status,
    p.description,
    p.captured_at AS processed_at,
    p.failed_at,
    a.failure_message AS failure_reason,
    p.created_at,
    p.updated_at
   FROM (money.payments p
     LEFT JOIN money.payment_attempts a ON (((a.payment_id = p.id) AND a.is_current)))
UNION ALL
 SELECT r.id,
    r.number AS transaction_number,
    p.booking_id,
    p.id AS payment_id,
    p.payer_id AS user_id,
    'refund'::text AS type,
    COALESCE(( SELECT
                CASE b.module
                    WHEN 'services'::text THEN 'service'::text
                    ELSE b.module
                END AS module
           FROM booking.bookings b
          WHERE (b.id = p.booking_id)), p.purpose) AS payment_type,
        CASE r.method
            WHEN 'gateway'::text THEN COALESCE((a.options ->> 'method'::text), 'card'::text)
            ELSE r.method
        END AS payment_method,
    r.amount,
    r.currency,
    a.gateway,
    NULL::character varying AS gateway_transaction_id,
        CASE r.status
            WHEN 'succeeded'::text THEN 'completed'::text
            ELSE r.status
        END AS status,
    ('Refund: '::text || (p.description)::text) AS description,
    r.processed_at,
    r.failed_at,
    NULL::character varying AS failure_reason,
    r.created_at,
    r.updated_at
   FROM ((money.refunds r
     JOIN money.payments p ON ((p.id = r.payment_id)))
     LEFT JOIN money.payment_attempts a ON ((a.id = r.attempt_id)));

CREATE TABLE money.transfer_keys (
    marketplace text NOT NULL,
    key money.transfer_key NOT NULL,
    digest text NOT NULL,
    transfer_id uuid NOT NULL
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
    applied_at timestamp with time zone,
    object_type character varying(40),
    object_id character varying(255),
    account character varying(255),
    customer character varying(255)
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
    selfie_upload_id uuid,
    document_upload_id uuid NOT NULL,
    outcome text NOT NULL,
    similarity numeric(5,2),
    threshold numeric(5,2) NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL,
    liveness_session_id uuid,
    liveness_confidence numeric(5,2),
    CONSTRAINT face_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['verified'::text, 'face_mismatch'::text, 'no_face'::text, 'image_unusable'::text, 'same_picture'::text, 'not_live'::text]))),
    CONSTRAINT face_attempts_source_check CHECK ((num_nonnulls(selfie_upload_id, liveness_session_id) = 1))
);

ALTER TABLE ONLY verification.face_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE verification.liveness_sessions (
    id uuid NOT NULL,
    marketplace text NOT NULL,
    user_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT app.now() NOT NULL
);

ALTER TABLE ONLY verification.liveness_sessions FORCE ROW LEVEL SECURITY;

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

ALTER TABLE ONLY app.audited_events
    ADD CONSTRAINT audited_events_pkey PRIMARY KEY (type);

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
    ADD CONSTRAINT timeline_pkey PRIMARY KEY (booking_id, id);

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

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_reference_key UNIQUE (marketplace, gateway, reference);

ALTER TABLE ONLY money.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (transfer_id, account_id);

ALTER TABLE ONLY money.gateway_customers
    ADD CONSTRAINT gateway_customers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.gateway_customers
    ADD CONSTRAINT gateway_customers_reference_key UNIQUE (marketplace, gateway, reference);

ALTER TABLE ONLY money.gateway_customers
    ADD CONSTRAINT gateway_customers_user_id_key UNIQUE (user_id, gateway);

ALTER TABLE ONLY money.invariants
    ADD CONSTRAINT invariants_pkey PRIMARY KEY (name);

ALTER TABLE ONLY money.invoice_numbers
    ADD CONSTRAINT invoice_numbers_pkey PRIMARY KEY (marketplace, kind, year);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_number_key UNIQUE (marketplace, number);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_place_key UNIQUE (marketplace, kind, year, place);

ALTER TABLE ONLY money.listing_passes
    ADD CONSTRAINT listing_passes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.orders
    ADD CONSTRAINT orders_bolt_checkout_id_key UNIQUE (marketplace, bolt_checkout_id);

ALTER TABLE ONLY money.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.pass_subjects
    ADD CONSTRAINT pass_subjects_pkey PRIMARY KEY (covers);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payment_methods
    ADD CONSTRAINT payment_methods_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payment_methods
    ADD CONSTRAINT payment_methods_reference_key UNIQUE (marketplace, gateway, reference);

ALTER TABLE ONLY money.payment_purposes
    ADD CONSTRAINT payment_purposes_pkey PRIMARY KEY (purpose);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_number_key UNIQUE (number);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payout_accounts
    ADD CONSTRAINT payout_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payout_batches
    ADD CONSTRAINT payout_batches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payout_items
    ADD CONSTRAINT payout_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payout_marks
    ADD CONSTRAINT payout_marks_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY money.payout_runs
    ADD CONSTRAINT payout_runs_period_key UNIQUE (marketplace, period_end);

ALTER TABLE ONLY money.payout_runs
    ADD CONSTRAINT payout_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_reference_number_key UNIQUE (reference_number);

ALTER TABLE ONLY money.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (marketplace, code);

ALTER TABLE ONLY money.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (marketplace, code);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_booking_id_key UNIQUE (booking_id);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.promo_codes
    ADD CONSTRAINT promo_codes_code_key UNIQUE (marketplace, code);

ALTER TABLE ONLY money.promo_codes
    ADD CONSTRAINT promo_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.reductions
    ADD CONSTRAINT reductions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_number_key UNIQUE (number);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.rollup_boundary
    ADD CONSTRAINT rollup_boundary_pkey PRIMARY KEY (through);

ALTER TABLE ONLY money.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY money.settlement_lines
    ADD CONSTRAINT settlement_lines_pkey PRIMARY KEY (settlement_id, line);

ALTER TABLE ONLY money.settlements
    ADD CONSTRAINT settlements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.status_changes
    ADD CONSTRAINT status_changes_pkey PRIMARY KEY (subject, from_status, to_status);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_no_overlap EXCLUDE USING gist (subscription_id WITH =, tstzrange(period_start, period_end) WITH &&) WHERE ((status = 'paid'::text));

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_booking_id_key UNIQUE (booking_id);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.transfer_keys
    ADD CONSTRAINT transfer_keys_pkey PRIMARY KEY (marketplace, key);

ALTER TABLE ONLY money.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY money.wallet_topups
    ADD CONSTRAINT wallet_topups_pkey PRIMARY KEY (id);

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
    ADD CONSTRAINT face_attempts_liveness_session_id_key UNIQUE (liveness_session_id);

ALTER TABLE ONLY verification.face_attempts
    ADD CONSTRAINT face_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY verification.liveness_sessions
    ADD CONSTRAINT liveness_sessions_pkey PRIMARY KEY (id);

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

CREATE INDEX bookings_status_idx ON ONLY booking.bookings USING btree (status) WHERE (status <> ALL ('{pending,confirmed,active,in_progress}'::text[]));

CREATE INDEX bookings_time_idx ON ONLY booking.bookings USING btree (starts_at, ends_at);

CREATE UNIQUE INDEX flows_current_key ON booking.flows USING btree (marketplace, module) WHERE is_current;

CREATE INDEX reservations_booking_id_idx ON booking.reservations USING btree (booking_id);

CREATE INDEX reservations_expires_at_idx ON booking.reservations USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX reservations_unit_idx ON booking.reservations USING btree (resource_id, unit, upper(during)) INCLUDE (during, expires_at);

CREATE INDEX resources_exceptions_idx ON booking.resources USING btree (id) INCLUDE (is_listed, always_open_until) WHERE ((NOT is_listed) OR (always_open_until < 'infinity'::timestamp with time zone));

CREATE INDEX resources_owner_id_idx ON booking.resources USING btree (owner_id, id);

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

CREATE INDEX accounts_payable_idx ON money.accounts USING btree (marketplace, id) WHERE (kind = 'provider_payable'::text);

CREATE UNIQUE INDEX accounts_platform_key ON money.accounts USING btree (marketplace, kind, currency, COALESCE(gateway, ''::text)) WHERE (owner_id IS NULL);

CREATE UNIQUE INDEX accounts_wallet_key ON money.accounts USING btree (owner_id) WHERE (kind = 'wallet'::text);

CREATE INDEX adjustments_user_id_idx ON money.adjustments USING btree (user_id);

CREATE INDEX disputes_attempt_id_idx ON money.disputes USING btree (attempt_id);

CREATE INDEX disputes_payment_id_idx ON money.disputes USING btree (payment_id);

CREATE INDEX disputes_reduction_id_idx ON money.disputes USING btree (reduction_id) WHERE (reduction_id IS NOT NULL);

CREATE INDEX entries_account_id_idx ON ONLY money.entries USING btree (account_id, number);

CREATE INDEX gateway_customers_leaving_idx ON money.gateway_customers USING btree (asked_at) WHERE (user_id IS NULL);

CREATE INDEX invoices_corrects_idx ON money.invoices USING btree (corrects) WHERE (corrects IS NOT NULL);

CREATE INDEX invoices_payment_id_idx ON money.invoices USING btree (payment_id);

CREATE UNIQUE INDEX invoices_payment_id_key ON money.invoices USING btree (payment_id) WHERE (kind <> 'credit_note'::text);

CREATE INDEX invoices_user_id_idx ON money.invoices USING btree (user_id, id);

CREATE UNIQUE INDEX listing_passes_pending_key ON money.listing_passes USING btree (user_id, product, COALESCE(subject_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE (status = 'pending'::text);

CREATE INDEX listing_passes_product_idx ON money.listing_passes USING btree (marketplace, product);

CREATE INDEX listing_passes_subject_id_idx ON money.listing_passes USING btree (subject_id) WHERE (subject_id IS NOT NULL);

CREATE INDEX listing_passes_user_id_idx ON money.listing_passes USING btree (user_id, id);

CREATE INDEX orders_created_at_idx ON money.orders USING btree (created_at);

CREATE UNIQUE INDEX orders_setup_fee_key ON money.orders USING btree (user_id) WHERE (setup_fee_applied > 0);

CREATE INDEX orders_status_idx ON money.orders USING btree (status, id);

CREATE INDEX orders_user_id_idx ON money.orders USING btree (user_id, id);

CREATE UNIQUE INDEX payment_attempts_current_key ON money.payment_attempts USING btree (payment_id) WHERE is_current;

CREATE INDEX payment_attempts_payment_id_idx ON money.payment_attempts USING btree (payment_id);

CREATE INDEX payment_attempts_reference_idx ON money.payment_attempts USING btree (reference) WHERE (reference IS NOT NULL);

CREATE UNIQUE INDEX payment_attempts_reference_key ON money.payment_attempts USING btree (marketplace, gateway, reference) WHERE (reference IS NOT NULL);

CREATE INDEX payment_attempts_status_idx ON money.payment_attempts USING btree (status) WHERE (status <> ALL (ARRAY['captured'::text, 'cancelled'::text]));

CREATE UNIQUE INDEX payment_methods_default_key ON money.payment_methods USING btree (user_id) WHERE is_default;

CREATE INDEX payment_methods_user_id_idx ON money.payment_methods USING btree (user_id, id) WHERE (removed_at IS NULL);

CREATE INDEX payments_booking_id_idx ON money.payments USING btree (booking_id) WHERE (booking_id IS NOT NULL);

CREATE UNIQUE INDEX payments_booking_id_key ON money.payments USING btree (booking_id) WHERE (status <> 'cancelled'::text);

CREATE INDEX payments_marketplace_idx ON money.payments USING btree (marketplace, id);

CREATE INDEX payments_payer_id_idx ON money.payments USING btree (payer_id, id);

CREATE INDEX payments_purpose_idx ON money.payments USING btree (purpose, id);

CREATE INDEX payments_status_idx ON money.payments USING btree (status, id);

CREATE INDEX payments_subject_id_idx ON money.payments USING btree (subject_id) WHERE (subject_id IS NOT NULL);

CREATE UNIQUE INDEX payments_subject_id_key ON money.payments USING btree (subject_id, purpose) WHERE ((subject_id IS NOT NULL) AND (status = ANY (ARRAY['pending'::text, 'processing'::text, 'authorized'::text, 'failed'::text])));

CREATE INDEX payments_uncollected_idx ON money.payments USING btree (payer_id) WHERE ((owed_through IS NOT NULL) AND (collected_at IS NULL));

CREATE UNIQUE INDEX payout_accounts_details_hash_key ON money.payout_accounts USING btree (user_id, details_hash) WHERE (status <> 'removed'::text);

CREATE UNIQUE INDEX payout_accounts_reference_key ON money.payout_accounts USING btree (marketplace, reference) WHERE (reference IS NOT NULL);

CREATE UNIQUE INDEX payout_accounts_stripe_key ON money.payout_accounts USING btree (user_id) WHERE ((kind = 'stripe'::text) AND (status <> 'removed'::text));

CREATE INDEX payout_accounts_user_id_idx ON money.payout_accounts USING btree (user_id, id);

CREATE UNIQUE INDEX payout_items_booking_id_key ON money.payout_items USING btree (booking_id) WHERE (is_live AND (kind = 'earning'::text));

CREATE UNIQUE INDEX payout_items_entry_key ON money.payout_items USING btree (transfer_id, account_id) WHERE is_live;

CREATE INDEX payout_items_payout_id_idx ON money.payout_items USING btree (payout_id, id);

CREATE INDEX payouts_batch_id_idx ON money.payouts USING btree (batch_id) WHERE (batch_id IS NOT NULL);

CREATE INDEX payouts_payout_account_id_idx ON money.payouts USING btree (payout_account_id);

CREATE INDEX payouts_period_idx ON money.payouts USING btree (period_start, period_end);

CREATE UNIQUE INDEX payouts_period_key ON money.payouts USING btree (account_id, period_end) WHERE (status <> 'cancelled'::text);

CREATE INDEX payouts_provider_id_idx ON money.payouts USING btree (provider_id, id);

CREATE INDEX payouts_run_id_idx ON money.payouts USING btree (run_id);

CREATE INDEX payouts_status_idx ON money.payouts USING btree (marketplace, status, id);

CREATE UNIQUE INDEX payouts_transfer_reference_key ON money.payouts USING btree (transfer_reference) WHERE (transfer_reference IS NOT NULL);

CREATE INDEX promo_code_usages_promo_code_id_idx ON money.promo_code_usages USING btree (promo_code_id);

CREATE INDEX promo_code_usages_user_id_idx ON money.promo_code_usages USING btree (user_id, promo_code_id);

CREATE INDEX promo_codes_marketplace_idx ON money.promo_codes USING btree (marketplace, id);

CREATE INDEX promo_codes_validity_idx ON money.promo_codes USING btree (valid_from, valid_until);

CREATE INDEX reductions_payment_id_idx ON money.reductions USING btree (payment_id);

CREATE INDEX refunds_attempt_id_idx ON money.refunds USING btree (attempt_id) WHERE (attempt_id IS NOT NULL);

CREATE UNIQUE INDEX refunds_not_owed_key ON money.refunds USING btree (payment_id, method) WHERE ((reason = 'not_owed'::text) AND (replaces IS NULL));

CREATE UNIQUE INDEX refunds_paid_too_late_key ON money.refunds USING btree (attempt_id) WHERE ((reason = 'paid_too_late'::text) AND (replaces IS NULL));

CREATE INDEX refunds_payment_id_idx ON money.refunds USING btree (payment_id);

CREATE UNIQUE INDEX refunds_reduction_id_key ON money.refunds USING btree (reduction_id, method) WHERE (replaces IS NULL);

CREATE INDEX refunds_reference_idx ON money.refunds USING btree (marketplace, reference) WHERE (reference IS NOT NULL);

CREATE UNIQUE INDEX refunds_replaces_key ON money.refunds USING btree (replaces) WHERE (replaces IS NOT NULL);

CREATE UNIQUE INDEX rollup_boundary_key ON money.rollup_boundary USING btree ((true));

CREATE INDEX settlement_lines_attempt_id_idx ON money.settlement_lines USING btree (attempt_id) WHERE (attempt_id IS NOT NULL);

CREATE UNIQUE INDEX settlement_lines_attempt_id_key ON money.settlement_lines USING btree (attempt_id) WHERE ((result = 'matched'::text) AND (kind = 'charge'::text));

CREATE UNIQUE INDEX settlement_lines_fee_key ON money.settlement_lines USING btree (entry_reference) WHERE ((result = 'matched'::text) AND (kind = 'fee'::text));

CREATE INDEX settlement_lines_refund_id_idx ON money.settlement_lines USING btree (refund_id) WHERE (refund_id IS NOT NULL);

CREATE UNIQUE INDEX settlement_lines_refund_id_key ON money.settlement_lines USING btree (refund_id) WHERE ((result = 'matched'::text) AND (kind = 'refund'::text));

CREATE INDEX settlements_created_by_idx ON money.settlements USING btree (created_by);

CREATE INDEX settlements_list_idx ON money.settlements USING btree (marketplace, id);

CREATE INDEX subscription_charges_due_idx ON money.subscription_charges USING btree (id) WHERE is_due;

CREATE UNIQUE INDEX subscription_charges_open_key ON money.subscription_charges USING btree (subscription_id) WHERE (status = 'open'::text);

CREATE UNIQUE INDEX subscription_charges_payment_id_key ON money.subscription_charges USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX subscription_charges_plan_idx ON money.subscription_charges USING btree (marketplace, plan);

CREATE INDEX subscription_charges_subscription_id_idx ON money.subscription_charges USING btree (subscription_id, id);

CREATE INDEX subscriptions_next_plan_idx ON money.subscriptions USING btree (marketplace, next_plan) WHERE (next_plan IS NOT NULL);

CREATE INDEX subscriptions_plan_idx ON money.subscriptions USING btree (marketplace, plan);

CREATE INDEX subscriptions_user_id_idx ON money.subscriptions USING btree (user_id, id);

CREATE UNIQUE INDEX subscriptions_user_id_key ON money.subscriptions USING btree (user_id, role) WHERE (status = ANY (ARRAY['pending'::text, 'active'::text, 'past_due'::text]));

CREATE INDEX tips_provider_id_idx ON money.tips USING btree (provider_id);

CREATE INDEX tips_user_id_idx ON money.tips USING btree (user_id);

CREATE INDEX transfers_reference_id_idx ON ONLY money.transfers USING btree (reference_id) WHERE (reference_id IS NOT NULL);

CREATE INDEX transfers_reverses_idx ON ONLY money.transfers USING btree (reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX wallet_topups_user_id_idx ON money.wallet_topups USING btree (user_id, id);

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

CREATE INDEX liveness_sessions_created_at_idx ON verification.liveness_sessions USING btree (created_at);

CREATE INDEX liveness_sessions_user_id_idx ON verification.liveness_sessions USING btree (user_id);

CREATE INDEX providers_status_idx ON verification.providers USING btree (status, marketplace, user_id);

CREATE INDEX providers_verified_by_idx ON verification.providers USING btree (verified_by);

CREATE UNIQUE INDEX user_verifications_aadhaar_key ON verification.user_verifications USING btree (marketplace, aadhaar_hash);

CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE ON app.audit_logs FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('ip_address', 'user_agent', 'old_values', 'new_values', 'metadata');

CREATE TRIGGER marketplaces_touch BEFORE UPDATE ON app.marketplaces FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER settings_touch BEFORE UPDATE ON app.settings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER availability_rules_touch BEFORE UPDATE ON booking.availability_rules FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER bookings_touch BEFORE UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER resources_touch BEFORE UPDATE ON booking.resources FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER step_handlers_dispatched AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON booking.step_handlers FOR EACH STATEMENT EXECUTE FUNCTION booking.write_dispatcher();

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

CREATE TRIGGER disputes_status BEFORE UPDATE OF status ON money.disputes FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER disputes_touch BEFORE UPDATE ON money.disputes FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER disputes_undeletable BEFORE DELETE ON money.disputes FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER entries_append_only BEFORE DELETE OR UPDATE ON money.entries FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER entries_balanced AFTER INSERT ON money.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION money.refuse_unbalanced();

CREATE TRIGGER entries_truncate BEFORE TRUNCATE ON money.entries FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER invoices_append_only BEFORE DELETE OR UPDATE ON money.invoices FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('buyer_name');

CREATE TRIGGER invoices_truncate BEFORE TRUNCATE ON money.invoices FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER listing_passes_status BEFORE UPDATE OF status ON money.listing_passes FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER listing_passes_touch BEFORE UPDATE ON money.listing_passes FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER listing_passes_undeletable BEFORE DELETE ON money.listing_passes FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER orders_status BEFORE UPDATE OF status ON money.orders FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER orders_touch BEFORE UPDATE ON money.orders FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER orders_undeletable BEFORE DELETE ON money.orders FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payment_attempts_stamp BEFORE INSERT OR UPDATE OF status ON money.payment_attempts FOR EACH ROW EXECUTE FUNCTION money.stamp_payment();

CREATE TRIGGER payment_attempts_status BEFORE UPDATE OF status ON money.payment_attempts FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER payment_attempts_touch BEFORE UPDATE ON money.payment_attempts FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payment_attempts_undeletable BEFORE DELETE ON money.payment_attempts FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payment_methods_touch BEFORE UPDATE ON money.payment_methods FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE CONSTRAINT TRIGGER payments_papers AFTER INSERT OR UPDATE OF status, refunded_amount ON money.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.status = ANY (ARRAY['succeeded'::text, 'partially_refunded'::text, 'refunded'::text]))) EXECUTE FUNCTION money.paper_trail();

CREATE CONSTRAINT TRIGGER payments_papers_of_debts AFTER UPDATE OF settled_at ON money.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.status = 'failed'::text)) EXECUTE FUNCTION money.paper_trail();

CREATE TRIGGER payments_stamp BEFORE INSERT OR UPDATE OF status ON money.payments FOR EACH ROW EXECUTE FUNCTION money.stamp_payment();

CREATE TRIGGER payments_status BEFORE UPDATE OF status ON money.payments FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER payments_touch BEFORE UPDATE ON money.payments FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payments_undeletable BEFORE DELETE ON money.payments FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payout_accounts_touch BEFORE UPDATE ON money.payout_accounts FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payout_accounts_undeletable BEFORE DELETE ON money.payout_accounts FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payout_batches_append_only BEFORE DELETE OR UPDATE ON money.payout_batches FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payout_items_undeletable BEFORE DELETE ON money.payout_items FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payout_runs_undeletable BEFORE DELETE ON money.payout_runs FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER payouts_status BEFORE UPDATE OF status ON money.payouts FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER payouts_touch BEFORE UPDATE ON money.payouts FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER payouts_undeletable BEFORE DELETE ON money.payouts FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER promo_code_usages_undeletable BEFORE DELETE ON money.promo_code_usages FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER promo_codes_touch BEFORE UPDATE ON money.promo_codes FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER promo_codes_undeletable BEFORE DELETE ON money.promo_codes FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER reductions_append_only BEFORE DELETE OR UPDATE ON money.reductions FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('reason');

CREATE TRIGGER refunds_stamp BEFORE INSERT OR UPDATE OF status ON money.refunds FOR EACH ROW EXECUTE FUNCTION money.stamp_refund();

CREATE TRIGGER refunds_status BEFORE UPDATE OF status ON money.refunds FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER refunds_touch BEFORE UPDATE ON money.refunds FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER refunds_undeletable BEFORE DELETE ON money.refunds FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER settlement_lines_append_only BEFORE DELETE OR UPDATE ON money.settlement_lines FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER settlements_append_only BEFORE DELETE OR UPDATE ON money.settlements FOR EACH ROW EXECUTE FUNCTION app.refuse_change_but_purge('file_name');

CREATE TRIGGER subscription_charges_status BEFORE UPDATE OF status ON money.subscription_charges FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER subscription_charges_touch BEFORE UPDATE ON money.subscription_charges FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER subscription_charges_undeletable BEFORE DELETE ON money.subscription_charges FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER subscriptions_status BEFORE UPDATE OF status ON money.subscriptions FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER subscriptions_touch BEFORE UPDATE ON money.subscriptions FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER subscriptions_undeletable BEFORE DELETE ON money.subscriptions FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER tips_status BEFORE UPDATE OF status ON money.tips FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER tips_touch BEFORE UPDATE ON money.tips FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER tips_undeletable BEFORE DELETE ON money.tips FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfer_keys_append_only BEFORE DELETE OR UPDATE ON money.transfer_keys FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfers_append_only BEFORE DELETE OR UPDATE ON money.transfers FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER transfers_truncate BEFORE TRUNCATE ON money.transfers FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE TRIGGER wallet_topups_status BEFORE UPDATE OF status ON money.wallet_topups FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION money.refuse_status_change();

CREATE TRIGGER wallet_topups_touch BEFORE UPDATE ON money.wallet_topups FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE TRIGGER wallet_topups_undeletable BEFORE DELETE ON money.wallet_topups FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

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
    ADD CONSTRAINT bookings_id_fkey FOREIGN KEY (id) REFERENCES booking.numbers(booking_id);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES identity.users(id);

ALTER TABLE booking.bookings
    ADD CONSTRAINT bookings_status_fkey FOREIGN KEY (flow_id, status) REFERENCES booking.flow_statuses(flow_id, status);

ALTER TABLE ONLY booking.flow_statuses
    ADD CONSTRAINT flow_statuses_flow_id_fkey FOREIGN KEY (flow_id) REFERENCES booking.flows(id);

ALTER TABLE ONLY booking.flows
    ADD CONSTRAINT flows_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.open_times
    ADD CONSTRAINT open_times_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY booking.open_times
    ADD CONSTRAINT open_times_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES booking.resources(id) ON DELETE CASCADE;

ALTER TABLE ONLY booking.reservations
    ADD CONSTRAINT reservations_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.numbers(booking_id) DEFERRABLE INITIALLY DEFERRED;

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

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES money.payment_attempts(id);

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.disputes
    ADD CONSTRAINT disputes_reduction_id_fkey FOREIGN KEY (reduction_id) REFERENCES money.reductions(id);

ALTER TABLE ONLY money.gateway_customers
    ADD CONSTRAINT gateway_customers_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.gateway_customers
    ADD CONSTRAINT gateway_customers_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.invoice_numbers
    ADD CONSTRAINT invoice_numbers_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_corrects_fkey FOREIGN KEY (corrects) REFERENCES money.invoices(id);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.invoices
    ADD CONSTRAINT invoices_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.listing_passes
    ADD CONSTRAINT listing_passes_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.listing_passes
    ADD CONSTRAINT listing_passes_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.listing_passes
    ADD CONSTRAINT listing_passes_product_fkey FOREIGN KEY (marketplace, product) REFERENCES money.products(marketplace, code);

ALTER TABLE ONLY money.listing_passes
    ADD CONSTRAINT listing_passes_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.orders
    ADD CONSTRAINT orders_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.orders
    ADD CONSTRAINT orders_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payment_attempts
    ADD CONSTRAINT payment_attempts_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.payment_methods
    ADD CONSTRAINT payment_methods_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payment_methods
    ADD CONSTRAINT payment_methods_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.payments
    ADD CONSTRAINT payments_purpose_fkey FOREIGN KEY (purpose) REFERENCES money.payment_purposes(purpose);

ALTER TABLE ONLY money.payout_accounts
    ADD CONSTRAINT payout_accounts_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.payout_accounts
    ADD CONSTRAINT payout_accounts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payout_accounts
    ADD CONSTRAINT payout_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.payout_batches
    ADD CONSTRAINT payout_batches_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.payout_batches
    ADD CONSTRAINT payout_batches_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payout_items
    ADD CONSTRAINT payout_items_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY money.payout_items
    ADD CONSTRAINT payout_items_entry_fkey FOREIGN KEY (transfer_id, account_id) REFERENCES money.entries(transfer_id, account_id);

ALTER TABLE ONLY money.payout_items
    ADD CONSTRAINT payout_items_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payout_items
    ADD CONSTRAINT payout_items_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES money.payouts(id);

ALTER TABLE ONLY money.payout_marks
    ADD CONSTRAINT payout_marks_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE ONLY money.payout_runs
    ADD CONSTRAINT payout_runs_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES money.payout_batches(id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_payout_account_id_fkey FOREIGN KEY (payout_account_id) REFERENCES money.payout_accounts(id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.payouts
    ADD CONSTRAINT payouts_run_id_fkey FOREIGN KEY (run_id) REFERENCES money.payout_runs(id);

ALTER TABLE ONLY money.plans
    ADD CONSTRAINT plans_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.plans
    ADD CONSTRAINT plans_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.products
    ADD CONSTRAINT products_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.products
    ADD CONSTRAINT products_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_promo_code_id_fkey FOREIGN KEY (promo_code_id) REFERENCES money.promo_codes(id);

ALTER TABLE ONLY money.promo_code_usages
    ADD CONSTRAINT promo_code_usages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.promo_codes
    ADD CONSTRAINT promo_codes_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.promo_codes
    ADD CONSTRAINT promo_codes_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.reductions
    ADD CONSTRAINT reductions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.reductions
    ADD CONSTRAINT reductions_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES money.payment_attempts(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_reduction_id_fkey FOREIGN KEY (reduction_id) REFERENCES money.reductions(id);

ALTER TABLE ONLY money.refunds
    ADD CONSTRAINT refunds_replaces_fkey FOREIGN KEY (replaces) REFERENCES money.refunds(id);

ALTER TABLE ONLY money.rollups
    ADD CONSTRAINT rollups_account_id_fkey FOREIGN KEY (account_id) REFERENCES money.accounts(id);

ALTER TABLE ONLY money.settlement_lines
    ADD CONSTRAINT settlement_lines_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES money.payment_attempts(id);

ALTER TABLE ONLY money.settlement_lines
    ADD CONSTRAINT settlement_lines_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES money.refunds(id);

ALTER TABLE ONLY money.settlement_lines
    ADD CONSTRAINT settlement_lines_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES money.settlements(id);

ALTER TABLE ONLY money.settlements
    ADD CONSTRAINT settlements_created_by_fkey FOREIGN KEY (created_by) REFERENCES identity.users(id);

ALTER TABLE ONLY money.settlements
    ADD CONSTRAINT settlements_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES money.payments(id);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_plan_fkey FOREIGN KEY (marketplace, plan) REFERENCES money.plans(marketplace, code);

ALTER TABLE ONLY money.subscription_charges
    ADD CONSTRAINT subscription_charges_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES money.subscriptions(id);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_next_plan_fkey FOREIGN KEY (marketplace, next_plan) REFERENCES money.plans(marketplace, code);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_plan_fkey FOREIGN KEY (marketplace, plan) REFERENCES money.plans(marketplace, code);

ALTER TABLE ONLY money.subscriptions
    ADD CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking.bookings(id);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES identity.users(id);

ALTER TABLE ONLY money.tips
    ADD CONSTRAINT tips_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

ALTER TABLE money.transfers
    ADD CONSTRAINT transfers_reverses_fkey FOREIGN KEY (reverses) REFERENCES money.transfers(id);

ALTER TABLE ONLY money.wallet_topups
    ADD CONSTRAINT wallet_topups_currency_fkey FOREIGN KEY (currency) REFERENCES money.currencies(code);

ALTER TABLE ONLY money.wallet_topups
    ADD CONSTRAINT wallet_topups_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY money.wallet_topups
    ADD CONSTRAINT wallet_topups_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id);

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

ALTER TABLE ONLY verification.liveness_sessions
    ADD CONSTRAINT liveness_sessions_marketplace_fkey FOREIGN KEY (marketplace) REFERENCES app.marketplaces(slug);

ALTER TABLE ONLY verification.liveness_sessions
    ADD CONSTRAINT liveness_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

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

ALTER TABLE app.audited_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.data_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.marketplaces ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON app.audit_logs TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON app.audited_events TO vicinity_owner USING (true) WITH CHECK (true);

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

CREATE POLICY worker_all ON app.audited_events TO vicinity_worker USING (true) WITH CHECK (true);

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

CREATE POLICY api_select ON money.invoices FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.listing_passes FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.orders FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.payment_attempts FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (payment_id IN ( SELECT p.id
   FROM money.payments p
  WHERE (p.payer_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON money.payment_methods FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.payments FOR SELECT TO vicinity_api USING (((payer_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.payout_accounts FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.payout_items FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (payout_id IN ( SELECT p.id
   FROM money.payouts p
  WHERE (p.provider_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON money.payouts FOR SELECT TO vicinity_api USING (((provider_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.plans FOR SELECT TO vicinity_api USING ((marketplace = ( SELECT app.marketplace() AS marketplace)));

CREATE POLICY api_select ON money.products FOR SELECT TO vicinity_api USING ((marketplace = ( SELECT app.marketplace() AS marketplace)));

CREATE POLICY api_select ON money.promo_code_usages FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.refunds FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (payment_id IN ( SELECT p.id
   FROM money.payments p
  WHERE (p.payer_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON money.subscription_charges FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (subscription_id IN ( SELECT s.id
   FROM money.subscriptions s
  WHERE (s.user_id = ( SELECT app.actor() AS actor))))));

CREATE POLICY api_select ON money.subscriptions FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.tips FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

CREATE POLICY api_select ON money.transfers FOR SELECT TO vicinity_api USING (((marketplace = ( SELECT app.marketplace() AS marketplace)) AND (EXISTS ( SELECT
   FROM money.entries e
  WHERE (e.transfer_id = transfers.id)))));

CREATE POLICY api_select ON money.wallet_topups FOR SELECT TO vicinity_api USING (((user_id = ( SELECT app.actor() AS actor)) AND (marketplace = ( SELECT app.marketplace() AS marketplace))));

ALTER TABLE money.balances ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.currencies ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.disputes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.gateway_customers ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.invariants ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.invoice_numbers ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.invoices ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.listing_passes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON money.accounts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.adjustments TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.balances TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.currencies TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.disputes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.entries TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.gateway_customers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.invariants TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.invoice_numbers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.invoices TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.listing_passes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.orders TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.pass_subjects TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payment_attempts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payment_methods TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payment_purposes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payments TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payout_accounts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payout_batches TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payout_items TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payout_marks TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payout_runs TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.payouts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.plans TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.products TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.promo_code_usages TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.promo_codes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.reductions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.refunds TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.rollup_boundary TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.rollups TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.settlement_lines TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.settlements TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.status_changes TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.subscription_charges TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.subscriptions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.tips TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.transfer_keys TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.transfers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.wallet_topups TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON money.webhook_events TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE money.pass_subjects ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payment_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payment_methods ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payment_purposes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payments ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payout_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payout_batches ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payout_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payout_marks ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payout_runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.payouts ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.plans ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.products ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.promo_code_usages ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.promo_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.reductions ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.refunds ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.rollup_boundary ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.settlement_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.settlements ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.status_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.subscription_charges ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.subscriptions ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.tips ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.transfer_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.transfers ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.wallet_topups ENABLE ROW LEVEL SECURITY;

ALTER TABLE money.webhook_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON money.accounts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.adjustments TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.balances TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.currencies TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.disputes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.entries TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.gateway_customers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.invariants TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.invoice_numbers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.invoices TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.listing_passes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.orders TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.pass_subjects TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payment_attempts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payment_methods TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payment_purposes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payments TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payout_accounts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payout_batches TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payout_items TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payout_marks TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payout_runs TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.payouts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.plans TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.products TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.promo_code_usages TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.promo_codes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.reductions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.refunds TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.rollup_boundary TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.rollups TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.settlement_lines TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.settlements TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.status_changes TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.subscription_charges TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.subscriptions TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.tips TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.transfer_keys TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.transfers TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON money.wallet_topups TO vicinity_worker USING (true) WITH CHECK (true);

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

ALTER TABLE verification.liveness_sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON verification.aadhaar_requests TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.documents TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.face_attempts TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.liveness_sessions TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.providers TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.requirements TO vicinity_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON verification.user_verifications TO vicinity_owner USING (true) WITH CHECK (true);

ALTER TABLE verification.providers ENABLE ROW LEVEL SECURITY;

ALTER TABLE verification.requirements ENABLE ROW LEVEL SECURITY;

ALTER TABLE verification.user_verifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_all ON verification.aadhaar_requests TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.documents TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.face_attempts TO vicinity_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_all ON verification.liveness_sessions TO vicinity_worker USING (true) WITH CHECK (true);

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

GRANT SELECT ON TABLE app.settings TO vicinity_api;
GRANT SELECT ON TABLE app.settings TO vicinity_worker;

REVOKE ALL ON FUNCTION admin.add_setting(details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.add_setting(details jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.allows(setting app.settings, value jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.change_setting(key text, value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.change_setting(key text, value jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.change_status(user_id uuid, wanted_status text, ends_at timestamp with time zone, words text) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.hold_account(user_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.is_within(bounds jsonb, value jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION admin.list_audit_logs(wanted jsonb, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION admin.list_audit_logs(wanted jsonb, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION admin.list_roles() FROM PUBLIC;
GRANT ALL ON FUNCTION admin.list_roles() TO vicinity_api;

REVOKE ALL ON FUNCTION admin.list_settings() FROM PUBLIC;
GRANT ALL ON FUNCTION admin.list_settings() TO vicinity_api;

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

REVOKE ALL ON FUNCTION app.audit_events(carried app.outbox[]) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.check_changes(context jsonb, moment timestamp with time zone, full_at timestamp with time zone, is_idle boolean, is_closed boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.check_open(context jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION app.check_open(context jsonb) TO vicinity_api;
GRANT ALL ON FUNCTION app.check_open(context jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.check_permission(person_id uuid, permission text, is_staff boolean, has_second_factor boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.check_standing(person_id uuid, account_status text, suspended_until timestamp with time zone, standing_before text, may_wait boolean) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.guard_partition(parent regclass, partition regclass) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION app.security_findings() FROM PUBLIC;
GRANT ALL ON FUNCTION app.security_findings() TO vicinity_worker;

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

REVOKE ALL ON FUNCTION app.tables_to_reindex(at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.tables_to_reindex(at_most integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION app.tables_to_vacuum() FROM PUBLIC;
GRANT ALL ON FUNCTION app.tables_to_vacuum() TO vicinity_worker;

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

REVOKE ALL ON FUNCTION booking.is_move_request(asked jsonb, confirmed_at timestamp with time zone, completed_at timestamp with time zone, cancelled_at timestamp with time zone, awaits text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.is_move_request(asked jsonb, confirmed_at timestamp with time zone, completed_at timestamp with time zone, cancelled_at timestamp with time zone, awaits text) TO vicinity_api;
GRANT ALL ON FUNCTION booking.is_move_request(asked jsonb, confirmed_at timestamp with time zone, completed_at timestamp with time zone, cancelled_at timestamp with time zone, awaits text) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.sum_of(line_items jsonb, payer text) FROM PUBLIC;

GRANT SELECT ON TABLE booking.bookings TO vicinity_api;
GRANT SELECT ON TABLE booking.bookings TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.accept(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.accept(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.accept_move(booking_id uuid, request_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.accept_move(booking_id uuid, request_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.add_rule_times(rule_id uuid, times jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.answer_by(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.answer_move_by(b booking.bookings, wanted booking.bookings, seconds integer) FROM PUBLIC;

GRANT SELECT ON TABLE booking.flows TO vicinity_api;
GRANT SELECT ON TABLE booking.flows TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.apply_move(b booking.bookings, flow booking.flows, wanted booking.bookings, capacity integer, party text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.apply_rules(resource_id uuid, new_rule uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.asks_to_move(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.blocks_of(resource_id uuid, capacity integer, wanted tstzmultirange) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.calendar(resource_id uuid, from_ timestamp with time zone, to_ timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.calendar(resource_id uuid, from_ timestamp with time zone, to_ timestamp with time zone) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.call_handlers(moments text[], b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.cancel(booking_id uuid, reason text, expected_refund bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.cancel(booking_id uuid, reason text, expected_refund bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.cancellation_quote(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.cancellation_quote(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.check_move(b booking.bookings, flow booking.flows, wanted booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.check_step(b booking.bookings, step jsonb, party text, proof jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.clock_of(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.close_move(b booking.bookings, party text, event text, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.complete(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.complete(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.decline(booking_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.decline(booking_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.decline_move(booking_id uuid, request_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.decline_move(booking_id uuid, request_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.drop_resource(resource_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.event_of(subject booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.expire(b booking.bookings, flow booking.flows) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.expire_move(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.extend_rules(expanded jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.extend_rules(expanded jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.flow_for_party(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.free_time(booking_id uuid, expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) TO vicinity_api;
GRANT ALL ON FUNCTION booking.free_units(resource_id uuid, capacity integer, during tstzrange, moved uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.hold_beside(booking_id uuid, resource_id uuid, capacity integer, during tstzrange, expires_at timestamp with time zone) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION booking.lock_move_request(booking_id uuid, request_id uuid, party text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.lock_my_resource(resource_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.lock_to_move(booking_id uuid, expected_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.mark_no_show(booking_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.mark_no_show(booking_id uuid, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.moment_of(b booking.bookings, named jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.move(booking_id uuid, details jsonb, expected_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.move_wish(request jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.next_number() FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.next_timer(b booking.bookings, flow booking.flows, OUT timer jsonb, OUT due_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.note(booking_id uuid, event text, details jsonb, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.party_of(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.place(wanted booking.bookings, capacity integer, instant boolean, request_timeout integer, payment_timeout integer, promo_code text, service_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.provider_refund_items(b booking.bookings, percent integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.refund_items(b booking.bookings, percent integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.refund_percent(b booking.bookings, flow booking.flows, party text, to_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.release_expired(resource_id uuid, during tstzrange) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.release_move(booking_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE booking.availability_rules TO vicinity_api;
GRANT SELECT ON TABLE booking.availability_rules TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.remove_rule(resource_id uuid, rule_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.remove_rule(resource_id uuid, rule_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.request_move(booking_id uuid, details jsonb, expected_version integer) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION booking.take(b booking.bookings, capacity integer, kind text) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.take_beside(held booking.reservations, during tstzrange, kind text, expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.take_turn(resource_id uuid, subject_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.taken_by(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.tell_move_ended(b booking.bookings, previous booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.tick(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.tier_ends(b booking.bookings, tier jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.timeline_of(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.timeline_of(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.transition(booking_id uuid, to_status text, reason text, event text, proof jsonb, as_staff boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) TO vicinity_api;
GRANT ALL ON FUNCTION booking.why_closed(resource_id uuid, during tstzrange, moved uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION booking.with_overstay(b booking.bookings) FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.withdraw_move(booking_id uuid, request_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION booking.withdraw_move(booking_id uuid, request_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION booking.write_dispatcher() FROM PUBLIC;

REVOKE ALL ON FUNCTION booking.write_step(b booking.bookings, flow booking.flows, previous booking.bookings, party text, event text, reason text, details jsonb, events text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.account(person identity.users) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.activate_pending() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.admit(person_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE identity.uploads TO vicinity_api;

REVOKE ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer, file_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.announce_upload(purpose text, content_type text, size integer, file_name text) TO vicinity_api;

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

REVOKE ALL ON FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone, is_right boolean, codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.create_access_token(token_id uuid, session_id uuid, label text, token_hash text, granted jsonb, ends_at timestamp with time zone, is_right boolean, codes jsonb) TO vicinity_api;

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

REVOKE ALL ON FUNCTION identity.keep_tesla_region(person_id uuid, region text) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION identity.show_two_factor(session_id uuid, step bigint, recovery_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.show_two_factor(session_id uuid, step bigint, recovery_hash text) TO vicinity_api;

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

REVOKE ALL ON FUNCTION money.accounts_for_staff(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.accounts_for_staff(person_id uuid) TO vicinity_api;

GRANT SELECT(id) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(user_id) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(kind) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(country) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(currency) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(status) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(bank_name) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(account_name) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(last4) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(missing) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(disabled_reason) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(usable_from) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.payout_accounts TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE money.payout_accounts TO vicinity_api;

REVOKE ALL ON FUNCTION money.add_payout_account(account jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.add_payout_account(account jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.adjust_credits(person_id uuid, credits bigint, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.adjust_credits(person_id uuid, credits bigint, words text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.advance_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.advance_payment(payment_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.amount_text(amount bigint, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_for_payout(payout_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_for_work(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_last_payout() FROM PUBLIC;
GRANT ALL ON FUNCTION money.ask_last_payout() TO vicinity_api;

GRANT SELECT(id) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(subscription_id) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(kind) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(plan) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(currency) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(price) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(credit) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(amount) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(period_start) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(period_end) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(status) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(payment_id) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE money.subscription_charges TO vicinity_api;

GRANT SELECT ON TABLE money.subscriptions TO vicinity_api;

REVOKE ALL ON FUNCTION money.ask_renewal(s money.subscriptions) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_subscriber(subscription_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.ask_subscriber(subscription_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.ask_to_collect(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_to_collect_debt(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ask_to_share_debts(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.begin_period(s money.subscriptions, c money.subscription_charges) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.broken_statements(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.build_payouts(run_id uuid, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.build_payouts(run_id uuid, batch integer) TO vicinity_worker;

GRANT SELECT ON TABLE money.orders TO vicinity_api;

REVOKE ALL ON FUNCTION money.cancel_order(order_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.cancel_order(order_id uuid) TO vicinity_api;

GRANT SELECT ON TABLE money.payouts TO vicinity_api;

REVOKE ALL ON FUNCTION money.cancel_payout(p money.payouts) FROM PUBLIC;

GRANT SELECT ON TABLE money.plans TO vicinity_api;

GRANT SELECT ON TABLE money.shown_subscriptions TO vicinity_api;

REVOKE ALL ON FUNCTION money.cancel_subscription(subscription_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.cancel_subscription(subscription_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.cancel_withdrawal(payout_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.cancel_withdrawal(payout_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.next_transaction_number() FROM PUBLIC;

GRANT SELECT ON TABLE money.payments TO vicinity_api;

REVOKE ALL ON FUNCTION money.cash_entries(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.change_promo_code(promo_code_id uuid, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.change_promo_code(promo_code_id uuid, changes jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.change_subscription(subscription_id uuid, wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.change_subscription(subscription_id uuid, wish jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.check_change(s money.subscriptions, plan text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.check_invariants(since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION money.check_invariants(since timestamp with time zone) TO vicinity_api;
GRANT ALL ON FUNCTION money.check_invariants(since timestamp with time zone) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.choose_default(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.claim_leaving_customers(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.claim_leaving_customers(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.claim_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.claim_payment(payment_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.claim_payout(payout_id uuid, sends_to_banks boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION money.claim_payout(payout_id uuid, sends_to_banks boolean) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.claim_renewals(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.claim_renewals(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.count_refunds(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.covered_until(subject_id uuid, benefit text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.covered_until(subject_id uuid, benefit text) TO vicinity_api;
GRANT ALL ON FUNCTION money.covered_until(subject_id uuid, benefit text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.create_promo_code(facts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.create_promo_code(facts jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.credit_entries(p money.payments, worth bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.customer_of_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.customer_of_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.cut(items jsonb, wish jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.decide_payout(payout_id uuid, decision text, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.decide_payout(payout_id uuid, decision text, words text) TO vicinity_api;

GRANT SELECT ON TABLE money.payment_methods TO vicinity_api;

REVOKE ALL ON FUNCTION money.default_method(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.default_method(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.discount_of(discount_type text, discount_value bigint, max_discount_amount bigint, min_booking_amount bigint, subtotal bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.discount_of_booking(booking_id uuid, subtotal bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.dispute_for_staff(d money.disputes) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.dispute_of_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.dispute_of_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.disputed(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.disputes_for_staff(status text, before uuid, count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.disputes_for_staff(status text, before uuid, count integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.drop_charge(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.drop_pass(pass_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.drop_payment(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.drop_payments_of(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.earnings_of(accounts uuid[], after bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.end_promo_use(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.end_subscription(subscription_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.entries_for_staff(person_id uuid, account_id uuid, before bigint, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.entries_for_staff(person_id uuid, account_id uuid, before bigint, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.entry_of(person_id uuid, party text, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.excess_refunds(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.expected_lines(gateway text, wanted text[], from_ timestamp with time zone, to_ timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.find_my_attempt(gateway text, key text, reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.find_my_attempt(gateway text, key text, reference text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.find_payable(purpose text, subject_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.fits_credits(type text, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.forfeit(person_id uuid, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.forfeit_earnings(person_id uuid, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.forget_customer(customer_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.forget_customer(customer_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.gaps_in_papers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.give_back(p money.payments, r money.reductions) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.give_back_parts(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.handed_back(p money.payments, cash bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.has_bank_rail() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.has_benefit(person_id uuid, benefit text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.has_benefit(person_id uuid, benefit text) TO vicinity_api;
GRANT ALL ON FUNCTION money.has_benefit(person_id uuid, benefit text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.holding(person_id uuid, kind text, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.ids_of(list jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.import_settlement(gateway text, file_name text, rows text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.import_settlement(gateway text, file_name text, rows text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.insert_order(details jsonb, total bigint, fee bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_being_paid(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_coverable(covers text, subject_id uuid) FROM PUBLIC;

GRANT SELECT(id) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(payment_id) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(gateway) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(amount) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(options) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(reference) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(is_current) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(status) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(captured_amount) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(failure_code) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(failure_message) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(authorized_at) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(captured_at) ON TABLE money.payment_attempts TO vicinity_api;

GRANT SELECT(failed_at) ON TABLE money.payment_attempts TO vicinity_api;

REVOKE ALL ON FUNCTION money.is_fee_awaited(a money.payment_attempts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_looked_at(marketplace text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_lost(p money.payments, a money.payment_attempts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_repaid(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_subscribed(person_id uuid, role text, other_than uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.is_unpayable(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.keep_fund_account(payout_account_id uuid, reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.keep_fund_account(payout_account_id uuid, reference text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.keep_gateway_customer(gateway text, reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.keep_gateway_customer(gateway text, reference text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.keep_methods(gateway text, methods jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.keep_methods(gateway text, methods jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.keep_methods_of(gateway text, customer text, methods jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.keep_methods_of(gateway text, customer text, methods jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.kept_back_as(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.least_withdrawal() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.less(items jsonb, cut jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.let_go(p money.payments, d money.disputes) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.line_entries(p money.payments, items jsonb, sign integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.line_name(code text, description text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.list_payouts(state text, person uuid, held boolean, before uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.list_payouts(state text, person uuid, held boolean, before uuid, most integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.list_promo_codes(wanted jsonb, before uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.list_promo_codes(wanted jsonb, before uuid, most integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.list_settlements(before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.list_settlements(before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.live_reductions(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.lock_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.lock_payout(payout_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.lock_subject(purpose text, subject_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.lock_subscriber(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.match_lines(s money.settlements, rows text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.method_to_collect(person_id uuid, booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.method_to_collect(person_id uuid, booking_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.miscounted_promo_codes(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.months_of(marketplace text, plan text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.move_mark(account_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.move_promo_use(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.my_earnings(since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION money.my_earnings(since timestamp with time zone, until timestamp with time zone) TO vicinity_api;

REVOKE ALL ON FUNCTION money.my_gateway_customer(gateway text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.my_gateway_customer(gateway text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.my_paper(payment_id uuid, number text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.my_paper(payment_id uuid, number text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.my_payout_items(payout_id uuid, after uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.my_payout_items(payout_id uuid, after uuid, most integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.my_payouts(before uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.my_payouts(before uuid, most integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.name_of_method(a money.payment_attempts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.offered_plan(code text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_account(place text, kind text, user_id uuid, gateway text, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_accounts() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_balance() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_connect_account(country text, currency text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_connect_account(country text, currency text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_lines(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_order(details jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.open_pass(wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_pass(wish jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_payment(wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_payment(wish jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_payment_of(person_id uuid, wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_payment_of(person_id uuid, wish jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.open_payout_batch(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_payout_batch(most integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_payout_run() FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_payout_run() TO vicinity_worker;

REVOKE ALL ON FUNCTION money.open_subscription(wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_subscription(wish jsonb) TO vicinity_api;

GRANT SELECT ON TABLE money.tips TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_tip(booking_id uuid, amount bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_tip(booking_id uuid, amount bigint) TO vicinity_api;

GRANT SELECT ON TABLE money.wallet_topups TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_topup(amount bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION money.open_topup(amount bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION money.open_unpaid(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.owe(p money.payments, covered bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.owed_by(person_id uuid, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.paper_lines(p money.payments, total bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.paper_trail() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.papers_of(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_debt(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_order(order_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_pass(pass_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_subscription(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_tip(tip_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payable_topup(topup_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payment_for_staff(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payment_of_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.payment_of_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.payment_steps(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payment_work(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payout_account_of(user_id uuid, currency text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payout_batch_lines(batch_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.payout_batch_lines(batch_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.payout_fee() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payout_period() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.payout_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.payout_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.pays_from(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.period_bound(anchor timestamp with time zone, zone text, months integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.platform_balance(account_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post(transfer jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post_billed_fees(s money.settlements) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post_dispute(p money.payments, d money.disputes, r money.reductions, sign integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post_fees(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post_rail_fee(p money.payouts) FROM PUBLIC;

GRANT SELECT(id) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(payment_id) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(attempt_id) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(method) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(currency) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(amount) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(reason) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(status) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(updated_at) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(number) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(processed_at) ON TABLE money.refunds TO vicinity_api;

GRANT SELECT(failed_at) ON TABLE money.refunds TO vicinity_api;

REVOKE ALL ON FUNCTION money.post_refund(p money.payments, r money.refunds) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.post_through_gateway(p money.payments, a money.payment_attempts, key text, type text, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.prefer_method(method_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.prefer_method(method_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.price_change(s money.subscriptions, plan_ money.plans) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.promo_terms(code text, facts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.promo_terms(code text, facts jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.quote_change(subscription_id uuid, plan text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.quote_change(subscription_id uuid, plan text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.receive_cash(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.receive_cash(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.receive_webhook(event jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.receive_webhook(event jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_attempt(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_attempt(attempt_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_attempt_for(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_attempt_for(attempt_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_connect_account(payout_account_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_connect_account(payout_account_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_dispute(report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_dispute(report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_dispute_as_staff(payment_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_dispute_as_staff(payment_id uuid, report jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_my_attempt(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_my_attempt(attempt_id uuid, report jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_my_connect_account(payout_account_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_my_connect_account(payout_account_id uuid, report jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.record_payout(payout_id uuid, attempt integer, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_payout(payout_id uuid, attempt integer, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_refund(refund_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_refund(refund_id uuid, report jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.record_subject_attempt(attempt_id uuid, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.record_subject_attempt(attempt_id uuid, report jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.refund_as_staff(payment_id uuid, wish jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION money.refund_as_staff(payment_id uuid, wish jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION money.refund_of_booking(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.refund_of_booking(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.refund_part(p money.payments, back_to text, worth bigint, why text, reduction_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refund_period(s money.subscriptions, payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refundable(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refuse_status_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.refuse_unbalanced() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.release_borne(booking_id uuid, items jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.release_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.release_payment(payment_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.release_payouts_of(user_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.remove_method(method_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.remove_method(method_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.remove_payout_account(payout_account_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.remove_payout_account(payout_account_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.renews(s money.subscriptions) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.reopen_payout(payout_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.resume_subscription(subscription_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.resume_subscription(subscription_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.retry_refund(refund_id uuid, back_to text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.retry_refund(refund_id uuid, back_to text) TO vicinity_api;

REVOKE ALL ON FUNCTION money.return_withdrawal(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.returned(p money.payments, method text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.reverse(transfer_id uuid, description text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.reverse(transfer_id uuid, description text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.roll_up() FROM PUBLIC;
GRANT ALL ON FUNCTION money.roll_up() TO vicinity_worker;

REVOKE ALL ON FUNCTION money.search_payments(wanted jsonb, before uuid, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.search_payments(wanted jsonb, before uuid, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.seed_plans(configuration jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.sent_back(p money.payments, method text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_booking(booking_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_pass(pass_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_payment(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_subscription(subscription_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.settle_webhook(webhook_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.settle_webhook(webhook_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.share(items jsonb, worth bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.share_debt(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.show_cash(booking_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_cash(booking_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.show_my_debt() FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_my_debt() TO vicinity_api;

REVOKE ALL ON FUNCTION money.show_my_payment(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_my_payment(payment_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.show_payment_to_staff(payment_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_payment_to_staff(payment_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.show_promo_code(promo_code_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_promo_code(promo_code_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION money.show_settlement(settlement_id uuid, wanted text, after integer, max integer) FROM PUBLIC;
GRANT ALL ON FUNCTION money.show_settlement(settlement_id uuid, wanted text, after integer, max integer) TO vicinity_api;

REVOKE ALL ON FUNCTION money.shown_payment(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.shown_payout(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.shown_reduction(reduction_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.shown_settlement(settlement_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.shown_staff_payout(p money.payouts) FROM PUBLIC;
GRANT ALL ON FUNCTION money.shown_staff_payout(p money.payouts) TO vicinity_api;

REVOKE ALL ON FUNCTION money.shown_subscription(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.spare_earnings(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.stamp_payment() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.stamp_refund() FROM PUBLIC;

REVOKE ALL ON FUNCTION money.start_payment(asked jsonb, wish jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.start_payout(p money.payouts, to_banks text, by_hand boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.status_by_attempt(p money.payments, a money.payment_attempts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.status_of_subject(subject text, current text, payment_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.stray_transfers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.sum_payout(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_back(p money.payments, items jsonb, key text, worth bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_charge(s money.subscriptions, c money.subscription_charges, payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_from_gateway(d money.disputes, withdrawn bigint, fee bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_from_payout(p money.payouts, kind text, amount bigint, key text, entry jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_methods(person_id uuid, gateway text, methods jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.take_subscription(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tax_lines(items jsonb, rule jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_booking(booking_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_covered(covers text, subject_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_debt(person_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_lapse(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_of_payout(p money.payouts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_of_payout_account(account money.payout_accounts) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_order(order_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_owed(p money.payments, amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_repaid(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_subject(p money.payments, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_subscriber(event text, subscription_id uuid, charge money.subscription_charges) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_tip(tip_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tell_topup(topup_id uuid, payment_id uuid, status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.tend_subscription(subscription_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.told_lines(rows text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.topped_up(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.transfers_of(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.trial_balance() FROM PUBLIC;
GRANT ALL ON FUNCTION money.trial_balance() TO vicinity_api;

REVOKE ALL ON FUNCTION money.try_renewal(s money.subscriptions, c money.subscription_charges) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.twice_paid_bookings(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unbalanced_currencies(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unbalanced_transfers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unforgotten_customers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unpaid_subscriptions(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unposted_captures(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unposted_disputes(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unposted_fees(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unposted_refunds(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unshared_debts(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unused_part(amount bigint, period_start timestamp with time zone, period_end timestamp with time zone, moment timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.unwatched_subscriptions(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.use_pass(covers text, subject_id uuid, product text) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.use_promo_code(b booking.bookings, code text, service_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.valid_pass(subject_id uuid, benefit text) FROM PUBLIC;
GRANT ALL ON FUNCTION money.valid_pass(subject_id uuid, benefit text) TO vicinity_api;
GRANT ALL ON FUNCTION money.valid_pass(subject_id uuid, benefit text) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.waiting_webhooks(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wake_payouts(user_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.watch_payment(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.watch_payout(payout_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION money.watch_payout(payout_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION money.why_no_promo(promo money.promo_codes, facts jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.withdraw(amount bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION money.withdraw(amount bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION money.withdrawable() FROM PUBLIC;
GRANT ALL ON FUNCTION money.withdrawable() TO vicinity_api;

REVOKE ALL ON FUNCTION money.withheld(p money.payments) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.withhold(p money.payments, d money.disputes) FROM PUBLIC;

GRANT SELECT ON TABLE money.invoices TO vicinity_api;

REVOKE ALL ON FUNCTION money.write_paper(p money.payments, kind text, corrects uuid, lines jsonb, tax_lines jsonb, total bigint, tax bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.write_papers(payment_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_balances(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_papers(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_payouts(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_settlements(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_uncollected(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.wrong_withdrawals(since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION money.zone() FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.begin_tesla_trip(b booking.bookings) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.check_shortest(hours integer) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.find_nearest(asked jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.find_nearest(asked jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.follow_vehicle(booking_id uuid, seen text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.follow_vehicle(booking_id uuid, seen text) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.import_tesla_vehicles(told jsonb, settlement jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.import_tesla_vehicles(told jsonb, settlement jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.is_within(point public.geography, bounds jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.is_within(point public.geography, bounds jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.issue_access(b booking.bookings) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.moves_at_once(b booking.bookings, space parking.spaces, starts_at timestamp with time zone, ends_at timestamp with time zone) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION parking.search_terms(asked jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.search_terms(asked jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.set_photos(space_id uuid, photos jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.set_photos(space_id uuid, photos jsonb) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.settle_navigation(booking_id uuid, answer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.settle_navigation(booking_id uuid, answer jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.settle_reading(booking_id uuid, reading jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.settle_reading(booking_id uuid, reading jsonb) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.staff_view(space parking.spaces) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.suits(asked parking.search_terms, is_covered boolean, max_length_cm integer, max_width_cm integer, max_height_cm integer, shortest integer, longest integer, notice integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.suspend_space(space_id uuid, suspended boolean, reason text) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.take_tesla_call(kept integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.take_tesla_call(kept integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION parking.terms(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.terms(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer) TO vicinity_api;

REVOKE ALL ON FUNCTION parking.terms_of(space parking.spaces, during tstzrange, vehicle_id uuid, moved uuid, rates jsonb, basis_points integer, why text) FROM PUBLIC;

REVOKE ALL ON FUNCTION parking.terms_with_promo(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer, promo_code text) FROM PUBLIC;
GRANT ALL ON FUNCTION parking.terms_with_promo(space_id uuid, starts_at timestamp with time zone, ends_at timestamp with time zone, vehicle_id uuid, fallback_basis_points integer, promo_code text) TO vicinity_api;

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

REVOKE ALL ON FUNCTION privacy.begin_deletion(forfeited bigint, forfeited_earnings bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.begin_deletion(forfeited bigint, forfeited_earnings bigint) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.begin_restoring(email text, phone_hash text, identifier_hash text) TO vicinity_api;

REVOKE ALL ON FUNCTION privacy.check_deletable(person_id uuid, forfeited bigint, forfeited_earnings bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.debts(person_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION privacy.delete_account(codes jsonb, forfeited bigint, forfeited_earnings bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION privacy.delete_account(codes jsonb, forfeited bigint, forfeited_earnings bigint) TO vicinity_api;

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

REVOKE ALL ON FUNCTION verification.begin_liveness() FROM PUBLIC;
GRANT ALL ON FUNCTION verification.begin_liveness() TO vicinity_api;

REVOKE ALL ON FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.face_inputs(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.follow_account() FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.follow_roles() FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.holds(person_id uuid, document_type text) FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.is_eligible(person_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.is_eligible(person_id uuid) TO vicinity_api;
GRANT ALL ON FUNCTION verification.is_eligible(person_id uuid) TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.keep_liveness(session_id uuid, seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.keep_liveness(session_id uuid, seconds integer) TO vicinity_api;

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

REVOKE ALL ON FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid, outcome text, similarity numeric, threshold numeric, confidence numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.settle_face(selfie_upload_id uuid, document_upload_id uuid, liveness_session_id uuid, outcome text, similarity numeric, threshold numeric, confidence numeric) TO vicinity_api;

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

REVOKE ALL ON FUNCTION verification.wants_liveness() FROM PUBLIC;

REVOKE ALL ON FUNCTION verification.watch_expiry(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.watch_expiry(batch integer) TO vicinity_worker;

REVOKE ALL ON FUNCTION verification.withdraw_document(document_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION verification.withdraw_document(document_id uuid) TO vicinity_api;

REVOKE ALL ON FUNCTION verification.withdraw_face(document verification.documents) FROM PUBLIC;

GRANT SELECT ON TABLE app.db_stats TO vicinity_worker;

GRANT SELECT ON TABLE app.marketplaces TO vicinity_api;
GRANT SELECT ON TABLE app.marketplaces TO vicinity_worker;

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

GRANT SELECT ON TABLE money.listing_passes TO vicinity_api;

GRANT SELECT(id) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(marketplace) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(payout_id) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(booking_id) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(kind) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(gross_amount) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(commission_amount) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(amount) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(earned_at) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(is_live) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT(created_at) ON TABLE money.payout_items TO vicinity_api;

GRANT SELECT ON TABLE money.products TO vicinity_api;

GRANT SELECT ON TABLE money.promo_code_usages TO vicinity_api;

GRANT SELECT ON TABLE money.shown_passes TO vicinity_api;

GRANT SELECT ON TABLE money.transactions TO vicinity_api;

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
