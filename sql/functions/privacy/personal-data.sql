-- What this module holds on people, and how long what nobody asks to remove stays.
select privacy.register('privacy.consents', 't.user_id = $1', 'anonymise', '7 years: proof of what was agreed',
  '{"ip": "null", "user_agent": "null"}');
select privacy.register('privacy.exports', 't.user_id = $1', 'erase', 'until the purge', object_name => 't.object_name');
select privacy.register('privacy.personal_data', 'false', 'keep', 'the register itself', exported => false);
select privacy.register('privacy.retention_policies', 'false', 'keep', 'configuration', exported => false);

insert into privacy.retention_policies (table_name, moment, retain, reason) values
  ('identity.tesla_authorizations', 't.expires_at', '1 day', 'a sign-in at Tesla that was not finished'),
  ('privacy.exports', 'least(t.erased_at, t.created_at + interval ''30 days'')', '30 days', 'archives that are gone')
on conflict on constraint retention_policies_pkey
  do update set moment = excluded.moment, retain = excluded.retain, reason = excluded.reason;
