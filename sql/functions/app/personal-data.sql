-- What the kernel holds on people.
select privacy.register('app.audit_logs',
  -- A review is of a document: whose that is stands beside it.
  't.user_id = $1 or t.record_id = $1::text or t.metadata @> jsonb_build_object(''user_id'', $1)', 'anonymise',
  '7 years: who did what, under the opaque id',
  '{"ip_address": "case when t.user_id is distinct from $1 then t.ip_address end",
    "user_agent": "case when t.user_id is distinct from $1 then t.user_agent end",
    "old_values": "privacy.redact(t.old_values)", "new_values": "privacy.redact(t.new_values)",
    "metadata": "privacy.redact(t.metadata)"}',
  -- Staff who acted on the account are not shown by address and agent.
  shown => '{"ip_address": "case when t.user_id = $1 then host(t.ip_address) end",
             "user_agent": "case when t.user_id = $1 then t.user_agent end"}', purge_order => 200);
select privacy.register('app.idempotency_keys', 't.caller = $1::text', 'erase', '1 day', exported => false);
select privacy.register('app.outbox', 'false', 'keep', '2 months: ids and facts of the process', exported => false);
select privacy.register('app.settings', 'false', 'keep', 'configuration', exported => false);
select privacy.register('app.marketplaces', 'false', 'keep', 'configuration', exported => false);
