-- What is told to people: one row for each recipient and channel, with what became of it.

create schema notify;
grant usage on schema notify to vicinity_api, vicinity_worker;

create table notify.messages (
  id uuid not null constraint messages_pkey primary key,
  marketplace text not null constraint messages_marketplace_fkey references app.marketplaces,
  -- What caused it. The id is made of event, person and channel, so an event that comes twice makes one message.
  event_id uuid not null,
  user_id uuid constraint messages_user_id_fkey references identity.users on delete set null,
  -- Not a foreign key: a code is replaced by the next one.
  otp_id uuid,
  channel text not null constraint messages_channel_check check (channel in ('sms', 'whatsapp', 'email', 'push')),
  template text not null,
  variables jsonb not null default '{}' constraint messages_variables_check check (jsonb_typeof(variables) = 'object'),
  status text not null default 'queued' constraint messages_status_check
    check (status in ('queued', 'sending', 'sent', 'failed', 'suppressed')),
  attempts integer not null default 0,
  claimed_until timestamptz,
  provider_message_id text,
  last_error text,
  sent_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint messages_sent_at_check check ((sent_at is not null) = (status = 'sent'))
) partition by range (id);
create index messages_user_id_idx on notify.messages (user_id, id);
create index messages_event_id_idx on notify.messages (event_id);
create index messages_provider_message_id_idx on notify.messages (provider_message_id);
create index messages_unsent_idx on notify.messages (id) where status in ('queued', 'sending');
create trigger messages_touch before update on notify.messages for each row execute function app.touch_updated_at();
select app.protect('notify.messages');
insert into app.partition_policies (parent, period, since, retain) values
  ('notify.messages', 'month', '2026-01-01Z', '13 months');

-- Devices that take push messages, by the SNS endpoint that was made for each.
create table notify.devices (
  id uuid not null default app.uuid_v7() constraint devices_pkey primary key,
  marketplace text not null constraint devices_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint devices_user_id_fkey references identity.users on delete cascade,
  endpoint_arn text not null constraint devices_endpoint_arn_key unique,
  -- The provider said that the app is gone or the token is stale.
  disabled_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index devices_user_id_idx on notify.devices (user_id) where disabled_at is null;
create trigger devices_touch before update on notify.devices for each row execute function app.touch_updated_at();
select app.protect('notify.devices');
