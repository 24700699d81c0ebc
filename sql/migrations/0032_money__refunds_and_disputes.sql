-- What staff give back and why, what gateways dispute, what they keep for themselves, and what is collected from those who owe.

-- Expenses of the platform beside those there are: what gateways keep (`gateway_fees`) and what it loses to a bank (`dispute_expense`).
-- `disputed`: what has been taken from those who had it and the gateway takes from us, until it is decided.
alter table money.accounts drop constraint accounts_kind_check;
alter table money.accounts add constraint accounts_kind_check check (case when owner_id is null
  then kind in ('platform_revenue', 'gateway_clearing', 'gateway_fees', 'promo_expense', 'credit_expense', 'dispute_expense',
    'disputed', 'tax', 'bank')
  else kind in ('wallet', 'credits', 'provider_payable', 'held', 'receivable') end);
alter table money.transfers drop constraint transfers_type_check;
alter table money.transfers add constraint transfers_type_check check (type in ('payment', 'release', 'refund', 'charge', 'tip',
  'subscription', 'wallet_topup', 'earned', 'adjustment', 'payout', 'payout_return', 'netting', 'dispute', 'settlement', 'fee',
  'reversal'));

-- The rest of a payment has gone to those who get it. After that it is taken back from them.
alter table money.payments add column settled_at timestamptz;

-- What a payment's lines are cut by: by staff, or by a dispute, for as long as that is withheld. `items` are lines with the part that
-- is cut.
create table money.reductions (
  id uuid not null default app.uuid_v7() constraint reductions_pkey primary key,
  marketplace text not null constraint reductions_marketplace_fkey references app.marketplaces,
  payment_id uuid not null constraint reductions_payment_id_fkey references money.payments,
  kind text not null constraint reductions_kind_check check (kind in ('refund', 'dispute')),
  items jsonb not null,
  amount bigint not null constraint reductions_amount_check check (amount > 0),
  -- What the payer gets of it now. The rest had not been taken, and will not be.
  returned_amount bigint not null constraint reductions_returned_amount_check check (returned_amount between 0 and amount),
  -- Whether those who had got it gave it back.
  is_taken_back boolean not null,
  destination text constraint reductions_destination_check check (destination in ('source', 'wallet', 'credits')),
  reason varchar(500),
  created_by uuid,
  created_at timestamptz not null default app.now(),
  constraint reductions_refund_check check ((kind = 'refund') = (destination is not null and reason is not null and created_by is not null))
);
create index reductions_payment_id_idx on money.reductions (payment_id);
create trigger reductions_append_only before update or delete on money.reductions
  for each row execute function app.refuse_change_but_purge('reason');
select app.protect('money.reductions');

-- Each part of what staff give back, and a refund that stands in for one that failed.
alter table money.refunds
  add column reduction_id uuid constraint refunds_reduction_id_fkey references money.reductions,
  add column replaces uuid constraint refunds_replaces_fkey references money.refunds,
  drop constraint refunds_reason_check,
  add constraint refunds_reason_check check (reason in ('not_owed', 'paid_too_late', 'by_staff')),
  add constraint refunds_reduction_check check ((reason = 'by_staff') = (reduction_id is not null));
drop index money.refunds_not_owed_key;
drop index money.refunds_paid_too_late_key;
create unique index refunds_not_owed_key on money.refunds (payment_id, method) where reason = 'not_owed' and replaces is null;
create unique index refunds_paid_too_late_key on money.refunds (attempt_id) where reason = 'paid_too_late' and replaces is null;
create unique index refunds_reduction_id_key on money.refunds (reduction_id, method) where replaces is null;
create unique index refunds_replaces_key on money.refunds (replaces) where replaces is not null;

-- What a bank wants back at its customer's word.
create table money.disputes (
  id uuid not null default app.uuid_v7() constraint disputes_pkey primary key,
  marketplace text not null constraint disputes_marketplace_fkey references app.marketplaces,
  payment_id uuid not null constraint disputes_payment_id_fkey references money.payments,
  attempt_id uuid not null constraint disputes_attempt_id_fkey references money.payment_attempts,
  gateway text not null,
  reference varchar(255) not null,
  currency text not null constraint disputes_currency_fkey references money.currencies,
  amount bigint not null constraint disputes_amount_check check (amount > 0),
  status text not null constraint disputes_status_check check (status in ('needs_response', 'under_review', 'won', 'lost')),
  -- The gateway's word, such as `fraudulent`.
  reason varchar(100) not null,
  -- Until when the gateway takes evidence.
  due_by timestamptz,
  -- Who loses it: those who had got the money, or the platform.
  borne_by text not null constraint disputes_borne_by_check check (borne_by in ('payees', 'platform')),
  -- What those who had got the money bear of it; the rest is the platform's.
  reduction_id uuid constraint disputes_reduction_id_fkey references money.reductions,
  -- Whether it stands in the ledger as withheld, and what the gateway has taken from us there and charged for it.
  is_withheld boolean not null default false,
  withdrawn_amount bigint not null default 0 constraint disputes_withdrawn_amount_check check (withdrawn_amount >= 0),
  fee bigint not null default 0 constraint disputes_fee_check check (fee >= 0),
  -- Counts its transfers: each has a key of its own.
  moves integer not null default 0,
  closed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint disputes_reference_key unique (marketplace, gateway, reference),
  constraint disputes_closed_check check ((closed_at is null) = (status in ('needs_response', 'under_review')))
);
create index disputes_payment_id_idx on money.disputes (payment_id);
create index disputes_attempt_id_idx on money.disputes (attempt_id);
create index disputes_reduction_id_idx on money.disputes (reduction_id) where reduction_id is not null;
create trigger disputes_touch before update on money.disputes for each row execute function app.touch_updated_at();
create trigger disputes_undeletable before delete on money.disputes for each row execute function app.refuse_change();
select app.protect('money.disputes');

insert into money.status_changes (subject, from_status, to_status)
select c.subject, c.from_status, unnest(string_to_array(c.to_statuses, ' '))
from (values
  -- What a bank gave back was not refunded.
  ('payments', 'partially_refunded', 'succeeded'),
  ('payments', 'refunded', 'partially_refunded succeeded'),
  ('disputes', 'needs_response', 'under_review won lost'),
  ('disputes', 'under_review', 'needs_response won lost'),
  -- Arbitration turns what was decided.
  ('disputes', 'won', 'needs_response under_review lost'),
  ('disputes', 'lost', 'won')
) as c (subject, from_status, to_statuses);
create trigger disputes_status before update of status on money.disputes for each row
  when (old.status <> new.status) execute function money.refuse_status_change();

insert into money.invariants (name, description, checker) values
  ('refunds_within_payments', 'No more goes back than was paid, of a payment and of each try.', 'money.excess_refunds'),
  ('refunds_posted_once', 'What has gone back stands in the ledger, once, and what has not does not.', 'money.unposted_refunds'),
  ('fees_posted_once', 'What a gateway kept of a payment stands in the ledger, once.', 'money.unposted_fees'),
  ('disputes_posted', 'What is disputed stands in the ledger as withheld, and as taken as far as the gateway took it.',
   'money.unposted_disputes');

-- What a person owes is paid like anything else: the subject is the person.
insert into money.payment_purposes (purpose, finder, handler, accounts, settles_as) values
  ('debt', 'money.payable_debt', 'money.tell_debt', '{wallet}', 'charge');
insert into app.timer_handlers (kind, handler) values
  ('payment.collect', 'money.ask_to_collect'), ('debt.collect', 'money.ask_to_collect_debt');

drop function if exists money.refund_part(money.payments, text, bigint);
