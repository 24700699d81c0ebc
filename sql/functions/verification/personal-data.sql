-- What proves who people are.
select privacy.register('verification.user_verifications', 't.user_id = $1', 'erase', 'until the purge', hidden => '{aadhaar_hash}');
select privacy.register('verification.aadhaar_requests', 't.user_id = $1', 'erase', 'until the purge', hidden => '{aadhaar_hash}');
select privacy.register('verification.face_attempts', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('verification.liveness_sessions', 't.user_id = $1', 'erase', '30 days: what it showed was gone in minutes');
select privacy.register('verification.documents', 't.user_id = $1', 'erase', 'until the purge',
  sealed => '{"number_sealed": "''verification.documents.number/'' || t.upload_id"}');
select privacy.register('verification.providers', 't.user_id = $1', 'erase', 'until the purge');

insert into privacy.retention_policies (table_name, moment, retain, reason) values
  ('verification.liveness_sessions', 't.created_at', '30 days', 'sessions that nobody can use any more')
on conflict on constraint retention_policies_pkey
  do update set moment = excluded.moment, retain = excluded.retain, reason = excluded.reason;
