-- Writes what became of a message that this sender had claimed: 'sent', 'failed' for good, or 'queued' for another try.
create or replace function notify.settle(message_id uuid, status text, provider_message_id text, error text) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update notify.messages m set status = settle.status, provider_message_id = settle.provider_message_id,
    last_error = settle.error, claimed_until = null, sent_at = case when settle.status = 'sent' then app.now() end
  where m.id = settle.message_id and m.status = 'sending'
  returning true
$$;

-- Sends nothing to a device any more.
create or replace function notify.disable_device(endpoint_arn text) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update notify.devices d set disabled_at = app.now()
  where d.endpoint_arn = disable_device.endpoint_arn and d.disabled_at is null
  returning true
$$;

grant execute on function notify.settle(uuid, text, text, text), notify.disable_device(text) to vicinity_worker;
