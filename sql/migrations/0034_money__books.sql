-- The books' papers: invoices, receipts and credit notes with numbers without gaps; and the gateways' settlement files, matched with
-- what was posted.

-- The last number that was given out of each series. Locked by whoever writes a paper until the end of the transaction, so that a
-- transaction that is undone leaves no gap.
create table money.invoice_numbers (
  marketplace text not null constraint invoice_numbers_marketplace_fkey references app.marketplaces,
  kind text not null,
  year smallint not null,
  last bigint not null constraint invoice_numbers_last_check check (last >= 0),
  constraint invoice_numbers_pkey primary key (marketplace, kind, year)
);
select app.protect('money.invoice_numbers');

-- What a person was asked for and has paid, as it was told at that moment. Nothing of it changes later: what is given back is a
-- credit note.
create table money.invoices (
  id uuid not null default app.uuid_v7() constraint invoices_pkey primary key,
  marketplace text not null constraint invoices_marketplace_fkey references app.marketplaces,
  -- A top-up buys nothing yet: it has a receipt.
  kind text not null constraint invoices_kind_check check (kind in ('invoice', 'receipt', 'credit_note')),
  -- The year in the marketplace's zone, and the place in the series of that year: together they are the number.
  year smallint not null,
  place bigint not null constraint invoices_place_check check (place > 0),
  number varchar(30) not null,
  payment_id uuid not null constraint invoices_payment_id_fkey references money.payments,
  -- The invoice that a credit note takes back, or a part of it.
  corrects uuid constraint invoices_corrects_fkey references money.invoices,
  user_id uuid not null constraint invoices_user_id_fkey references identity.users,
  buyer_name varchar(100),
  -- Who asks for it: { name, address: [line], tax_id, note }.
  issuer jsonb not null,
  -- Ours, not a person's words.
  description varchar(200) not null,
  currency text not null constraint invoices_currency_fkey references money.currencies,
  -- { code, description, quantity, unit_amount, amount }, as the person pays them.
  lines jsonb not null,
  -- { name, basis_points (null where a line says the amount), amount, is_included (in the lines) }.
  tax_lines jsonb not null default '[]',
  subtotal_amount bigint not null,
  tax_amount bigint not null constraint invoices_tax_amount_check check (tax_amount >= 0),
  total_amount bigint not null constraint invoices_total_amount_check check (total_amount > 0),
  issued_at timestamptz not null default app.now(),
  constraint invoices_place_key unique (marketplace, kind, year, place),
  constraint invoices_number_key unique (marketplace, number),
  constraint invoices_sum_check check (total_amount = subtotal_amount + tax_amount),
  constraint invoices_corrects_check check ((kind = 'credit_note') = (corrects is not null))
);
create unique index invoices_payment_id_key on money.invoices (payment_id) where kind <> 'credit_note';
create index invoices_payment_id_idx on money.invoices (payment_id);
create index invoices_corrects_idx on money.invoices (corrects) where corrects is not null;
create index invoices_user_id_idx on money.invoices (user_id, id);
create trigger invoices_append_only before update or delete on money.invoices
  for each row execute function app.refuse_change_but_purge('buyer_name');
create trigger invoices_truncate before truncate on money.invoices execute function app.refuse_change();
select app.protect('money.invoices');
create policy api_select on money.invoices for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.invoices to vicinity_api;

-- A paper is written at the end of the transaction in which the money came or went: whoever writes one has all other locks by then,
-- and nobody waits for a number in a circle.
create function money.paper_trail() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.write_papers(new.id);
  return null;
end $$;
create constraint trigger payments_papers after insert or update of status, refunded_amount on money.payments
  deferrable initially deferred for each row when (new.status in ('succeeded', 'partially_refunded', 'refunded'))
  execute function money.paper_trail();

-- A gateway's file of what it has paid out to our bank.
create table money.settlements (
  id uuid not null default app.uuid_v7() constraint settlements_pkey primary key,
  marketplace text not null constraint settlements_marketplace_fkey references app.marketplaces,
  gateway text not null constraint settlements_gateway_check check (gateway in ('stripe', 'razorpay')),
  file_name varchar(200) not null,
  line_count integer not null constraint settlements_line_count_check check (line_count >= 0),
  -- Of the moments of its lines, the first and the last.
  first_at timestamptz,
  last_at timestamptz,
  created_by uuid not null constraint settlements_created_by_fkey references identity.users,
  created_at timestamptz not null default app.now()
);
create index settlements_created_by_idx on money.settlements (created_by);
create index settlements_list_idx on money.settlements (marketplace, id);
create trigger settlements_append_only before update or delete on money.settlements
  for each row execute function app.refuse_change_but_purge('file_name');
select app.protect('money.settlements');

-- What became of each line of a file, and what the file should tell and does not (`missing`).
create table money.settlement_lines (
  settlement_id uuid not null constraint settlement_lines_settlement_id_fkey references money.settlements,
  -- The line in the file, the header being the first. What is missing counts on behind the last.
  line integer not null,
  result text not null constraint settlement_lines_result_check check (result in ('matched', 'amount_differs', 'currency_differs',
    'fee_differs', 'date_differs', 'unknown', 'repeated', 'unreadable', 'not_a_payment', 'missing')),
  kind text constraint settlement_lines_kind_check check (kind in ('charge', 'refund', 'other')),
  -- The gateway's own id of the line, and of the payment or the refund that it is about.
  entry_reference varchar(255),
  reference varchar(255),
  currency text,
  -- Negative where money left.
  amount bigint,
  fee bigint,
  net bigint,
  occurred_at timestamptz,
  attempt_id uuid constraint settlement_lines_attempt_id_fkey references money.payment_attempts,
  refund_id uuid constraint settlement_lines_refund_id_fkey references money.refunds,
  -- What we have ourselves of it.
  expected_amount bigint,
  expected_fee bigint,
  problem varchar(200),
  constraint settlement_lines_pkey primary key (settlement_id, line)
);
-- What was settled once is not settled again.
create unique index settlement_lines_attempt_id_key on money.settlement_lines (attempt_id) where result = 'matched' and kind = 'charge';
create unique index settlement_lines_refund_id_key on money.settlement_lines (refund_id) where result = 'matched' and kind = 'refund';
create index settlement_lines_attempt_id_idx on money.settlement_lines (attempt_id) where attempt_id is not null;
create index settlement_lines_refund_id_idx on money.settlement_lines (refund_id) where refund_id is not null;
create trigger settlement_lines_append_only before update or delete on money.settlement_lines
  for each row execute function app.refuse_change();
select app.protect('money.settlement_lines');

-- A file names a refund by the gateway's id, as a webhook does.
create index refunds_reference_idx on money.refunds (marketplace, reference) where reference is not null;

-- Staff read payments by these.
create index payments_marketplace_idx on money.payments (marketplace, id);

insert into money.invariants (name, description, checker) values
  ('papers_have_no_gaps', 'Each series of invoices has as many as its last number says.', 'money.gaps_in_papers'),
  ('papers_equal_payments', 'What an invoice asks for less its credit notes is what its payment has kept.', 'money.wrong_papers'),
  ('settlements_equal_lines', 'What a settlement has moved to the bank is the sum of its matched lines.', 'money.wrong_settlements');
