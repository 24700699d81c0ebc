-- What the papers hold on people: the books, under opaque ids. The name goes.
select privacy.register('money.invoices', 't.user_id = $1', 'anonymise', '7 years and longer: the books, without the name',
  '{"buyer_name": "null"}');
select privacy.register('money.invoice_numbers', 'false', 'keep', 'numbers of series, of nobody', exported => false);
select privacy.register('money.settlements', 't.created_by = $1', 'anonymise', 'the books: which files of gateways were imported',
  '{"file_name": "''settlement.csv''"}');
select privacy.register('money.settlement_lines', 'false', 'keep', 'references of gateways, of nobody by themselves',
  exported => false);
