-- What refunds and disputes hold on people: the books, without the words of staff.
select privacy.register('money.reductions', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', 'with the books, without the words of staff', '{"reason": "case when t.reason is not null then ''Deleted'' end"}',
  hidden => '{created_by,items}');
select privacy.register('money.disputes', 't.payment_id in (select p.id from money.payments p where p.payer_id = $1)',
  'anonymise', '7 years and longer: the books, under opaque ids', hidden => '{moves,borne_by,reduction_id,is_withheld,withdrawn_amount,fee}');
