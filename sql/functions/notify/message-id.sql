-- The id of the message that an event makes for one recipient on one channel. It keeps the event's time in front, as every
-- UUIDv7 does, so that the same event always finds the same partition; the rest is a hash. The event's id must be a UUIDv7.
create or replace function notify.message_id(event_id uuid, recipient uuid, channel text) returns uuid
language sql immutable strict parallel safe as $$
  select encode(substring(uuid_send(event_id) from 1 for 6) || set_byte(set_byte(hash, 0, get_byte(hash, 0) & 15 | 112),
    2, get_byte(hash, 2) & 63 | 128), 'hex')::uuid
  from (select substring(sha256(convert_to(concat_ws('/', event_id, recipient, channel), 'UTF8')) from 1 for 10) as hash) as h
$$;
