-- What people may ask of us about their data: consents, an export, deletion. And the register of where personal data lies, which
-- the export reads from and the purge works through.

create schema privacy;
grant usage on schema privacy to vicinity_api, vicinity_worker;

-- One row for each table that holds personal data; sql/functions/<module>/personal-data.sql fills it. Expressions see the row as
-- `t` and the person's id as `$1`.
create table privacy.personal_data (
  table_name text constraint personal_data_pkey primary key,
  -- Which rows are about the person.
  subject text not null,
  -- What becomes of them at the purge. 'keep' is for rows that name the person by the opaque id at most.
  treatment text not null constraint personal_data_treatment_check check (treatment in ('erase', 'anonymise', 'keep')),
  -- For 'anonymise': column to expression, each set in every row of the person's.
  anonymised jsonb not null default '{}' constraint personal_data_anonymised_check check (jsonb_typeof(anonymised) = 'object'),
  -- How long what is left stays, and why.
  retention text not null,
  -- Left out of the export where the rows tell the person nothing.
  exported boolean not null default true,
  -- Columns that would do harm outside or tell nothing: hashes, tokens.
  hidden text[] not null default '{}',
  -- Column to expression, in place of its value in the export: a readable form, or less where others are in it.
  shown jsonb not null default '{}' constraint personal_data_shown_check check (jsonb_typeof(shown) = 'object'),
  -- Expression that names the row's object in the private bucket, where it has one: the purge deletes that too.
  object_name text,
  -- Sealed column to an expression of what it is sealed about: the export opens it for its owner.
  sealed jsonb not null default '{}' constraint personal_data_sealed_check check (jsonb_typeof(sealed) = 'object'),
  -- Statement that runs when the account is deleted, weeks before the purge.
  at_deletion text,
  -- Rows of a lower number go first, for they point to those of a higher one.
  purge_order integer not null default 100,
  constraint personal_data_anonymise_check check ((treatment = 'anonymise') = (anonymised <> '{}'))
);
select app.protect('privacy.personal_data');

-- Registers a table. Called by the files of functions, again whenever they change.
create function privacy.register(table_name text, subject text, treatment text, retention text, anonymised jsonb default '{}',
  exported boolean default true, hidden text[] default '{}', shown jsonb default '{}', object_name text default null,
  sealed jsonb default '{}', at_deletion text default null, purge_order integer default 100) returns void language sql as $$
  insert into privacy.personal_data as p (table_name, subject, treatment, retention, anonymised, exported, hidden, shown,
    object_name, sealed, at_deletion, purge_order)
  values (register.table_name, register.subject, register.treatment, register.retention, register.anonymised,
    register.exported, register.hidden, register.shown, register.object_name, register.sealed, register.at_deletion,
    register.purge_order)
  on conflict on constraint personal_data_pkey do update set subject = excluded.subject, treatment = excluded.treatment,
    retention = excluded.retention, anonymised = excluded.anonymised, exported = excluded.exported, hidden = excluded.hidden,
    shown = excluded.shown, object_name = excluded.object_name, sealed = excluded.sealed, at_deletion = excluded.at_deletion, purge_order = excluded.purge_order
$$;

-- How long rows stay that nobody asks to remove. The daily run deletes what `moment` says is older.
create table privacy.retention_policies (
  table_name text constraint retention_policies_pkey primary key,
  -- An expression over the row `t`.
  moment text not null,
  retain interval not null,
  reason text not null
);
select app.protect('privacy.retention_policies');

-- What a person has agreed to, and when they took it back. Nothing is overwritten: the newest of a purpose counts.
create table privacy.consents (
  id uuid not null default app.uuid_v7() constraint consents_pkey primary key,
  marketplace text not null constraint consents_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint consents_user_id_fkey references identity.users on delete cascade,
  purpose text not null constraint consents_purpose_check
    check (purpose in ('terms', 'privacy_policy', 'marketing', 'analytics', 'location', 'verification')),
  -- Of the text that the person read.
  version varchar(40) not null,
  is_given boolean not null,
  ip inet,
  user_agent text,
  created_at timestamptz not null default app.now()
);
create index consents_user_id_idx on privacy.consents (user_id, purpose, id);
select app.protect('privacy.consents');
create policy api_select on privacy.consents for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, user_id, purpose, version, is_given, created_at) on privacy.consents to vicinity_api;

-- An archive of everything that is held on a person. Its object lies under the person's prefix in the private bucket.
create table privacy.exports (
  id uuid not null default app.uuid_v7() constraint exports_pkey primary key,
  marketplace text not null constraint exports_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint exports_user_id_fkey references identity.users on delete cascade,
  status text not null default 'pending' constraint exports_status_check
    check (status in ('pending', 'ready', 'failed')),
  object_name text not null generated always as (marketplace || '/' || user_id || '/' || id) stored,
  bytes bigint,
  ready_at timestamptz,
  -- A day after it is ready: then the object is deleted.
  expires_at timestamptz,
  erased_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint exports_ready_at_check check ((status = 'ready') = (ready_at is not null))
);
create index exports_user_id_idx on privacy.exports (user_id, id);
create index exports_expires_at_idx on privacy.exports (expires_at) where erased_at is null;
select app.protect('privacy.exports');
create policy api_select on privacy.exports for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on privacy.exports to vicinity_api;

alter table identity.users
  add column purged_at timestamptz constraint users_purged_at_check check (purged_at is null or account_status = 'deleted');
create index users_purge_idx on identity.users (deleted_at) where deleted_at is not null and purged_at is null;

-- What a message said is needed until it was sent, and for a while to answer questions.
create index messages_variables_idx on notify.messages (id) where variables <> '{}';

-- Nobody changes what was written down of the past, but one thing: a purge takes personal data out of it, and nothing else. The
-- trigger names the columns that a purge may change.
create function app.refuse_change_but_purge() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('app.purging', true) = 'on'
    and current_user = (select tableowner from pg_tables where schemaname = tg_table_schema and tablename = tg_table_name)
    and to_jsonb(new) - tg_argv = to_jsonb(old) - tg_argv then return new; end if;
  raise exception using errcode = 'VC001', constraint = tg_table_name || '_is_append_only',
    message = format('%I.%I is append-only', tg_table_schema, tg_table_name);
end $$;
drop trigger audit_logs_append_only on app.audit_logs;
create trigger audit_logs_append_only before update or delete on app.audit_logs
  for each row execute function app.refuse_change_but_purge('ip_address', 'user_agent', 'old_values', 'new_values', 'metadata');
drop trigger timeline_append_only on booking.timeline;
create trigger timeline_append_only before update or delete on booking.timeline
  for each row execute function app.refuse_change_but_purge('reason');

-- Takes what people wrote out of recorded values, at any depth: texts go, but for ids and for the codes under these names.
create function privacy.redact(recorded jsonb) returns jsonb language plpgsql immutable parallel safe as $$
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
end $$;
create trigger consents_append_only before update on privacy.consents
  for each row execute function app.refuse_change_but_purge('ip', 'user_agent');
