-- What every module stands on: marketplaces and their settings, idempotency keys, the outbox, timers, the audit log,
-- rate limits and the policies of partitions.

create table app.marketplaces (
  slug text constraint marketplaces_pkey primary key,
  name text not null,
  country text not null,
  currency text not null constraint marketplaces_currency_check check (currency ~ '^[A-Z]{3}$'),
  currency_digits smallint not null,
  time_zone text not null,
  booking_prefix text not null constraint marketplaces_booking_prefix_check check (booking_prefix ~ '^[A-Z]{3}$'),
  permissions jsonb not null default '{}',
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create trigger marketplaces_touch before update on app.marketplaces for each row execute function app.touch_updated_at();
select app.protect('app.marketplaces');
create policy api_select on app.marketplaces for select to vicinity_api using (slug = (select app.marketplace()));
grant select on app.marketplaces to vicinity_api, vicinity_worker;

create table app.settings (
  marketplace text not null constraint settings_marketplace_fkey references app.marketplaces,
  key varchar(100) not null,
  type text not null constraint settings_type_check check (type in ('string', 'number', 'boolean', 'json')),
  value jsonb not null,
  description text not null,
  is_public boolean not null default false,
  is_active boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint settings_pkey primary key (marketplace, key),
  constraint settings_value_check check (type = 'json' or jsonb_typeof(value) = type)
);
create index settings_is_active_idx on app.settings (marketplace, is_active);
create trigger settings_touch before update on app.settings for each row execute function app.touch_updated_at();
select app.protect('app.settings');
create policy api_select on app.settings for select to vicinity_api
  using (marketplace = (select app.marketplace()) and is_public and is_active);
grant select on app.settings to vicinity_api, vicinity_worker;

-- The first answer to a request, kept for a day. `caller` is the person's id, or for somebody who is not signed in a hash of
-- address and request, so that two strangers' keys never meet.
create table app.idempotency_keys (
  marketplace text not null,
  caller text not null,
  key text not null,
  fingerprint text not null,
  result jsonb[] not null,
  created_at timestamptz not null default app.now(),
  constraint idempotency_keys_pkey primary key (marketplace, caller, key)
);
create index idempotency_keys_created_at_idx on app.idempotency_keys (created_at);
select app.protect('app.idempotency_keys');

-- Events that a transaction caused, written in it. The relay puts them on the bus.
create table app.outbox (
  id uuid not null default app.uuid_v7() constraint outbox_pkey primary key,
  marketplace text not null,
  type text not null,
  payload jsonb not null,
  created_at timestamptz not null default app.now(),
  claimed_until timestamptz,
  attempts integer not null default 0,
  last_error text,
  sent_at timestamptz
) partition by range (id);
create index outbox_unsent_idx on app.outbox (id) where sent_at is null;
select app.protect('app.outbox');

-- Work that is due later, written in the transaction that causes it and swept each minute.
create table app.timers (
  id uuid not null default app.uuid_v7() constraint timers_pkey primary key,
  marketplace text not null,
  kind text not null,
  subject_id uuid not null,
  due_at timestamptz not null,
  created_at timestamptz not null default app.now(),
  settled_at timestamptz,
  outcome text constraint timers_outcome_check check (outcome in ('done', 'cancelled', 'failed')),
  attempts integer not null default 0,
  last_error text
);
create index timers_due_idx on app.timers (due_at) where settled_at is null;
create unique index timers_open_key on app.timers (kind, subject_id) where settled_at is null;
select app.protect('app.timers');

-- Which function a timer of a kind calls, with the subject's id as its one argument.
create table app.timer_handlers (
  kind text constraint timer_handlers_pkey primary key,
  handler text not null
);
select app.protect('app.timer_handlers');

-- Who did what to which record. Nobody changes or deletes a row, the owner included.
create table app.audit_logs (
  id uuid not null default app.uuid_v7() constraint audit_logs_pkey primary key,
  marketplace text not null,
  user_id uuid,
  action varchar(100) not null,
  category varchar(30) not null,
  table_name varchar(50),
  record_id text,
  old_values jsonb,
  new_values jsonb,
  metadata jsonb not null default '{}',
  ip_address inet,
  user_agent text,
  request_id text,
  created_at timestamptz not null default app.now()
) partition by range (id);
create index audit_logs_user_id_idx on app.audit_logs (user_id, id);
create index audit_logs_action_idx on app.audit_logs (action, marketplace, id);
create index audit_logs_table_name_idx on app.audit_logs (table_name, id);
create index audit_logs_record_id_idx on app.audit_logs (record_id, table_name);
create index audit_logs_created_at_idx on app.audit_logs (created_at);
create index audit_logs_metadata_idx on app.audit_logs using gin (metadata jsonb_path_ops);
create trigger audit_logs_append_only before update or delete on app.audit_logs
  for each row execute function app.refuse_change();
select app.protect('app.audit_logs');

-- One row for each bucket that somebody drew from: when it will be full again (GCRA).
create table app.rate_limits (
  bucket text constraint rate_limits_pkey primary key,
  full_at timestamptz not null
);
create index rate_limits_full_at_idx on app.rate_limits (full_at);
select app.protect('app.rate_limits');

-- How a table partitioned by its ids is cut, how far ahead, and when a partition is dropped (null = never).
-- A partition with a row for which `keep_while` holds is kept.
create table app.partition_policies (
  parent text constraint partition_policies_pkey primary key,
  period text not null constraint partition_policies_period_check check (period in ('day', 'week', 'month', 'year')),
  ahead integer not null default 3 constraint partition_policies_ahead_check check (ahead >= 2),
  since timestamptz not null,
  retain interval,
  keep_while text
);
select app.protect('app.partition_policies');
insert into app.partition_policies (parent, period, since, retain, keep_while) values
  ('app.outbox', 'month', '2026-01-01Z', '2 months', 'sent_at is null'),
  ('app.audit_logs', 'year', '2026-01-01Z', '7 years', null);
