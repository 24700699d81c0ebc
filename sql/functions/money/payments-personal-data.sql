-- What payments hold on people: the books, under opaque ids. What somebody chose at a gateway goes.
select privacy.register('money.payments', 't.payer_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids',
  hidden => '{leased_until,is_wanted,owed_through}', at_deletion => 'select money.drop_payments_of($1)');
select privacy.register('money.payment_attempts', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', 'with the payment', '{"options": "''{}''", "customer": "''{}''", "failure_message": "null", "gateway_response": "''{}''"}',
  hidden => '{is_posted}');
select privacy.register('money.refunds', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', 'with the payment', '{"failure_message": "null"}');
select privacy.register('money.webhook_events', 'false', 'keep', 'references of gateways, of nobody by themselves', exported => false);
select privacy.register('money.status_changes', 'false', 'keep', 'configuration', exported => false);
select privacy.register('money.wallet_topups', 't.user_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids');
select privacy.register('money.tips', '$1 in (t.user_id, t.provider_id)', 'anonymise', '7 years and longer: the books, under opaque ids');
select privacy.register('money.orders', 't.user_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids',
  '{"metadata": "''{}''"}');
-- Nobody's from then on, until the gateway has forgotten them too: see `money.claim_leaving_customers`.
select privacy.register('money.gateway_customers', 't.user_id = $1', 'anonymise', 'until the gateway has forgotten the person too',
  '{"user_id": "null", "left_at": "app.now()"}', hidden => '{left_at,asked_at}');
select privacy.register('money.payment_methods', 't.user_id = $1', 'erase', 'with the account');
