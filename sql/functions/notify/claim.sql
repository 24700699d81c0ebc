-- Hands a message to one sender for two minutes: longer than a batch may take, shorter than the queue waits before it
-- delivers again. `busy` means that a twin is sending it now. No row means that there is nothing to send: it is settled, or
-- it may not be sent any more, which is written here. Phone numbers are sealed, and `phone_hash` opens them.
create or replace function notify.claim(message_id uuid) returns table (busy boolean, id uuid, template text,
  variables jsonb, language text, code_id uuid, destinations jsonb, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Where a message about a change of address or number goes: the former one of the change, or the end that the code was made for.
create or replace function notify.contact_of_change(change_id uuid, code_id uuid) returns table (destination jsonb, hash text)
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_array(case when c.new_otp_id = code_id then c.new_destination else c.old_destination end),
         case when c.new_otp_id = code_id then c.new_hash else c.old_hash end
  from identity.contact_changes c
  where c.id = change_id or c.new_otp_id = code_id or c.old_otp_id = code_id
$$;

-- Makes the message of a one-time code and claims it. The code travels nowhere: the sender derives it again from the id.
create or replace function notify.claim_code(event_id uuid, otp_id uuid, channel text) returns table (busy boolean,
  id uuid, template text, variables jsonb, language text, code_id uuid, destinations jsonb, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
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

grant execute on function notify.claim(uuid), notify.claim_code(uuid, uuid, text) to vicinity_worker;
