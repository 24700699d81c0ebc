-- What the ledger holds on people: the books, which nobody changes. They name a person by the opaque id of an account; what staff
-- wrote about somebody stands apart.
select privacy.register('money.accounts', 't.owner_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids');
select privacy.register('money.balances', 't.account_id in (select a.id from money.accounts a where a.owner_id = $1)',
  'anonymise', 'with the account: it is closed', '{"is_active": "false"}');
select privacy.register('money.entries', 't.account_id in (select a.id from money.accounts a where a.owner_id = $1)',
  'anonymise', '7 years and longer: the books, under opaque ids', hidden => '{number}');
select privacy.register('money.transfers', 't.id in (select e.transfer_id from money.entries e
    join money.accounts a on a.id = e.account_id where a.owner_id = $1)',
  'anonymise', '7 years and longer: the books, under opaque ids', hidden => '{key,created_by}');
select privacy.register('money.adjustments', 't.user_id = $1', 'anonymise', 'with the books, without the words of staff',
  '{"description": "''Deleted''"}', hidden => '{created_by}');
select privacy.register('money.invariants', 'false', 'keep', 'configuration', exported => false);
