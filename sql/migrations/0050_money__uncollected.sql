-- What a stay costs that no payment covers in the end is its customer's debt. Whoever was to get it gets it once that is paid.

-- `uncollected`: what payees get as soon as a customer has paid what they owe.
alter table money.accounts drop constraint accounts_kind_check;
alter table money.accounts add constraint accounts_kind_check check (case when owner_id is null
  then kind in ('platform_revenue', 'gateway_clearing', 'gateway_fees', 'promo_expense', 'credit_expense', 'dispute_expense',
    'disputed', 'tax', 'bank', 'uncollected')
  else kind in ('wallet', 'credits', 'provider_payable', 'held', 'receivable', 'withdrawing') end);

alter table money.payments
  -- It is a debt: paid once so much has come in, over all time, on what its payer owes. Older debts are paid first.
  add column owed_through bigint,
  -- The debt was paid, and its lines were shared out.
  add column collected_at timestamptz,
  add constraint payments_collected_check check (collected_at is null or owed_through is not null);
create index payments_uncollected_idx on money.payments (payer_id) where owed_through is not null and collected_at is null;

insert into app.timer_handlers (kind, handler) values ('debt.share', 'money.ask_to_share_debts');
insert into money.invariants (name, description, checker) values
  ('uncollected_is_owed', 'What is kept for payees until a debt is paid is what such debts come to.', 'money.wrong_uncollected'),
  ('collected_is_shared_out', 'A debt that was paid an hour ago is shared out.', 'money.unshared_debts');

-- What was over and unpaid before this is looked at once more, and becomes a debt then.
insert into app.timers (marketplace, kind, subject_id, due_at)
select p.marketplace, 'payment.look', p.id, app.now()
from money.payments p
where p.booking_id is not null and p.status in ('pending', 'failed') and p.settled_at is null and p.cash_amount = 0
  and p.due_amount > p.wallet_amount + p.credits_amount
on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at;
