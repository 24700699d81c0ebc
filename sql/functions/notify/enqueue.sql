-- Writes a message for each recipient that has one of the wanted channels, and announces it to that channel's queue, in one
-- transaction. A twin of the event finds its messages written and announces nothing.
--
-- messages: [{ "user_id", "template", "channels": ["email", "sms"], "variables": {…} }]; the first channel by which the
-- person can be reached is taken, and nobody is told twice. A message with a "topic" takes only channels by which the person wants
-- to be told of it (users.notification_preferences); one without cannot be turned off. With a "contact_change_id" the former
-- contact of that change is told. Returns how many are new.
create or replace function notify.enqueue(event_id uuid, messages jsonb) returns integer
language sql security definer set search_path = public, pg_temp as $$
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

grant execute on function notify.enqueue(uuid, jsonb) to vicinity_worker;
