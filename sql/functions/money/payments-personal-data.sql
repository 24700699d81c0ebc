-- What payments hold on people: the books, under opaque ids. What somebody chose at a gateway goes.
select privacy.register('money.payments', 't.payer_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids',
  hidden => '{leased_until,is_wanted}');
select privacy.register('money.payment_attempts', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', 'with the payment', '{"options": "''{}''", "failure_message": "null"}', hidden => '{is_posted}');
select privacy.register('money.refunds', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', 'with the payment', '{"failure_message": "null"}');
select privacy.register('money.webhook_events', 'false', 'keep', 'references of gateways, of nobody by themselves', exported => false);
select privacy.register('money.status_changes', 'false', 'keep', 'configuration', exported => false);
