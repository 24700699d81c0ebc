-- What payouts hold on people: where they are paid to goes with them, what they were paid stays in the books under opaque ids.
select privacy.register('money.payout_accounts', 't.user_id = $1', 'anonymise', 'with the books, without the details',
  '{"bank_name": "null", "account_name": "null", "last4": "null", "details_sealed": "null", "details_hash": "null",
    "reference": "null", "missing": "''{}''", "disabled_reason": "null", "status": "''removed''"}',
  hidden => '{details_hash}', sealed => '{"details_sealed": "''money.payout_accounts.details/'' || t.id"}');
select privacy.register('money.payouts', 't.provider_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids',
  '{"held_reason": "null", "failure_message": "null"}', hidden => '{held_reason,rail_fee}');
select privacy.register('money.payout_items', 't.payout_id in (select p.id from money.payouts p where p.provider_id = $1)', 'anonymise',
  '7 years and longer: the books, under opaque ids', hidden => '{transfer_id}');
select privacy.register('money.payout_batches', 'false', 'keep', 'the books: sums, and which of the staff', exported => false);
select privacy.register('money.payout_runs', 'false', 'keep', 'the books: periods and sums', exported => false);
