-- What is held on people to write to them.
select privacy.register('notify.messages', 't.user_id = $1', 'erase', '13 months, and what they said for 30 days',
  hidden => '{claimed_until,provider_message_id}');
select privacy.register('notify.devices', 't.user_id = $1', 'erase', 'until the purge',
  at_deletion => 'update notify.devices set disabled_at = app.now() where user_id = $1 and disabled_at is null');
