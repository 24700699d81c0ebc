-- What proves who people are.
select privacy.register('verification.user_verifications', 't.user_id = $1', 'erase', 'until the purge', hidden => '{aadhaar_hash}');
select privacy.register('verification.aadhaar_requests', 't.user_id = $1', 'erase', 'until the purge', hidden => '{aadhaar_hash}');
select privacy.register('verification.face_attempts', 't.user_id = $1', 'erase', 'until the purge');
select privacy.register('verification.documents', 't.user_id = $1', 'erase', 'until the purge',
  sealed => '{"number_sealed": "''verification.documents.number/'' || t.upload_id"}');
select privacy.register('verification.providers', 't.user_id = $1', 'erase', 'until the purge');
