-- Payouts: what a marketplace owes its providers, collected over a period and sent to where they want it.

-- Where a person's earnings go: a bank account, or an account at Stripe that pays out to one. The newest that can be used is taken. Bank
-- details never change: others are another row.
create table money.payout_accounts (
  id uuid not null default app.uuid_v7() constraint payout_accounts_pkey primary key,
  marketplace text not null constraint payout_accounts_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint payout_accounts_user_id_fkey references identity.users,
  kind text not null constraint payout_accounts_kind_check check (kind in ('bank', 'stripe')),
  country text not null constraint payout_accounts_country_check check (country ~ '^[A-Z]{2}$'),
  currency text not null constraint payout_accounts_currency_fkey references money.currencies,
  -- Stripe waits for something, has taken an account back, or its owner has.
  status text not null constraint payout_accounts_status_check check (status in ('pending', 'active', 'restricted', 'removed')),
  bank_name varchar(100),
  account_name varchar(200),
  -- The number's last digits. All of it, and what names the bank, is sealed.
  last4 varchar(4),
  details_sealed text,
  -- Tells whether a person gives the same account twice.
  details_hash text,
  -- Of the account at Stripe, and what Stripe waits for, in its words.
  reference varchar(255),
  missing text[] not null default '{}',
  disabled_reason varchar(200),
  -- A new bank account gets nothing at once, so that its owner can object to what somebody else has entered.
  usable_from timestamptz not null default app.now(),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint payout_accounts_bank_check check (kind <> 'bank' or status = 'removed' or details_sealed is not null),
  constraint payout_accounts_active_check check (kind <> 'stripe' or status <> 'active' or reference is not null)
);
create index payout_accounts_user_id_idx on money.payout_accounts (user_id, id);
create unique index payout_accounts_details_hash_key on money.payout_accounts (user_id, details_hash) where status <> 'removed';
create unique index payout_accounts_stripe_key on money.payout_accounts (user_id) where kind = 'stripe' and status <> 'removed';
create unique index payout_accounts_reference_key on money.payout_accounts (marketplace, reference) where reference is not null;
create trigger payout_accounts_touch before update on money.payout_accounts
  for each row execute function app.touch_updated_at();
create trigger payout_accounts_undeletable before delete on money.payout_accounts
  for each row execute function app.refuse_change();
select app.protect('money.payout_accounts');
create policy api_select on money.payout_accounts for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (id, marketplace, user_id, kind, country, currency, status, bank_name, account_name, last4, missing, disabled_reason,
  usable_from, created_at, updated_at) on money.payout_accounts to vicinity_api;

-- One for each period of a marketplace. Its payouts are built provider by provider: `through` is the last account that was looked at,
-- so that a run goes on where it was cut off.
create table money.payout_runs (
  id uuid not null default app.uuid_v7() constraint payout_runs_pkey primary key,
  marketplace text not null constraint payout_runs_marketplace_fkey references app.marketplaces,
  -- Days of the marketplace's zone, the last one excluded, and the moment at which that one begins.
  period_start date not null,
  period_end date not null,
  ends_at timestamptz not null,
  through uuid,
  payouts integer not null default 0,
  finished_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint payout_runs_period_check check (period_start < period_end),
  constraint payout_runs_period_key unique (marketplace, period_end)
);
create trigger payout_runs_undeletable before delete on money.payout_runs for each row execute function app.refuse_change();
select app.protect('money.payout_runs');

-- Payouts that staff send to their bank together.
create table money.payout_batches (
  id uuid not null default app.uuid_v7() constraint payout_batches_pkey primary key,
  marketplace text not null constraint payout_batches_marketplace_fkey references app.marketplaces,
  payouts integer not null,
  amount bigint not null,
  currency text not null constraint payout_batches_currency_fkey references money.currencies,
  created_by uuid not null,
  created_at timestamptz not null default app.now()
);
create trigger payout_batches_append_only before update or delete on money.payout_batches
  for each row execute function app.refuse_change();
select app.protect('money.payout_batches');

-- Draws the numbers by which people and banks know payouts.
create sequence money.payout_numbers;

create table money.payouts (
  id uuid not null default app.uuid_v7() constraint payouts_pkey primary key,
  marketplace text not null constraint payouts_marketplace_fkey references app.marketplaces,
  reference_number varchar(50) not null constraint payouts_reference_number_key unique,
  provider_id uuid not null constraint payouts_provider_id_fkey references identity.users,
  -- Of the ledger: what it takes from.
  account_id uuid not null constraint payouts_account_id_fkey references money.accounts,
  payout_account_id uuid not null constraint payouts_payout_account_id_fkey references money.payout_accounts,
  run_id uuid not null constraint payouts_run_id_fkey references money.payout_runs,
  batch_id uuid constraint payouts_batch_id_fkey references money.payout_batches,
  period_start date not null,
  period_end date not null,
  currency text not null constraint payouts_currency_fkey references money.currencies,
  -- What its items come to: what customers paid for the provider's work, what of it was the platform's, what the platform took for
  -- what the provider owes, and for the payout itself. The rest is sent.
  gross_amount bigint not null,
  commission_amount bigint not null,
  netted_amount bigint not null default 0,
  fee_amount bigint not null default 0,
  amount bigint not null constraint payouts_amount_check check (amount >= 0),
  status text not null default 'pending'
    constraint payouts_status_check check (status in ('pending', 'processing', 'paid', 'failed', 'cancelled')),
  -- Staff keep it back, and why.
  is_held boolean not null default false,
  held_reason varchar(200),
  -- Each sending has a number: its key at Stripe and its transfers in the ledger are made from it.
  attempts integer not null default 0,
  transfer_reference varchar(255),
  payout_reference varchar(255),
  processed_at timestamptz,
  paid_at timestamptz,
  failed_at timestamptz,
  failure_code varchar(100),
  failure_message varchar(500),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint payouts_sum_check check (amount = gross_amount - commission_amount - netted_amount - fee_amount),
  constraint payouts_paid_check check ((status = 'paid') = (paid_at is not null)),
  constraint payouts_failed_check check (status <> 'failed' or failed_at is not null)
);
create unique index payouts_period_key on money.payouts (account_id, period_end) where status <> 'cancelled';
create unique index payouts_transfer_reference_key on money.payouts (transfer_reference) where transfer_reference is not null;
create index payouts_provider_id_idx on money.payouts (provider_id, id);
create index payouts_status_idx on money.payouts (marketplace, status, id);
create index payouts_period_idx on money.payouts (period_start, period_end);
create index payouts_payout_account_id_idx on money.payouts (payout_account_id);
create index payouts_run_id_idx on money.payouts (run_id);
create index payouts_batch_id_idx on money.payouts (batch_id) where batch_id is not null;
create trigger payouts_touch before update on money.payouts for each row execute function app.touch_updated_at();
create trigger payouts_undeletable before delete on money.payouts for each row execute function app.refuse_change();
create trigger payouts_status before update of status on money.payouts for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
select app.protect('money.payouts');
create policy api_select on money.payouts for select to vicinity_api
  using (provider_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.payouts to vicinity_api;
insert into money.status_changes (subject, from_status, to_status)
select 'payouts', c.from_status, unnest(string_to_array(c.to_statuses, ' '))
from (values
  ('pending', 'processing paid cancelled'),
  ('processing', 'paid failed'),
  -- A bank gives money back days after it took it.
  ('paid', 'failed'),
  ('failed', 'pending cancelled')
) as c (from_status, to_statuses);

-- What a payout is made of: entries of the provider's account in the ledger, each in one payout, and a booking's earnings too. What a
-- cancelled payout had is free again.
create table money.payout_items (
  id uuid not null default app.uuid_v7() constraint payout_items_pkey primary key,
  marketplace text not null constraint payout_items_marketplace_fkey references app.marketplaces,
  payout_id uuid not null constraint payout_items_payout_id_fkey references money.payouts,
  transfer_id uuid not null,
  account_id uuid not null,
  booking_id uuid constraint payout_items_booking_id_fkey references booking.bookings,
  kind text not null constraint payout_items_kind_check check (kind in ('earning', 'tip', 'correction', 'netting', 'fee')),
  gross_amount bigint not null,
  commission_amount bigint not null,
  amount bigint not null,
  -- When the booking was completed, or the entry was made.
  earned_at timestamptz not null,
  is_live boolean not null default true,
  created_at timestamptz not null default app.now(),
  constraint payout_items_amount_check check (amount = gross_amount - commission_amount),
  constraint payout_items_entry_fkey foreign key (transfer_id, account_id) references money.entries
);
create unique index payout_items_entry_key on money.payout_items (transfer_id, account_id) where is_live;
create unique index payout_items_booking_id_key on money.payout_items (booking_id) where is_live and kind = 'earning';
create index payout_items_payout_id_idx on money.payout_items (payout_id, id);
create trigger payout_items_undeletable before delete on money.payout_items for each row execute function app.refuse_change();
select app.protect('money.payout_items');
create policy api_select on money.payout_items for select to vicinity_api using (marketplace = (select app.marketplace())
  and payout_id in (select p.id from money.payouts p where p.provider_id = (select app.actor())));
grant select (id, marketplace, payout_id, booking_id, kind, gross_amount, commission_amount, amount, earned_at, is_live, created_at)
  on money.payout_items to vicinity_api;

-- Up to which number the entries of a provider's account are all in payouts, so that nobody looks at them again. Its row is the lock
-- of whoever builds, sends or cancels payouts of this account.
create table money.payout_marks (
  account_id uuid constraint payout_marks_pkey primary key constraint payout_marks_account_id_fkey references money.accounts,
  through bigint not null default 0
) with (fillfactor = 80);
select app.protect('money.payout_marks');

create index accounts_payable_idx on money.accounts (marketplace, id) where kind = 'provider_payable';

-- What else a webhook may be about: an account at Stripe, or a payout from it.
alter table money.webhook_events
  add column object_type varchar(40),
  add column object_id varchar(255),
  add column account varchar(255);

insert into app.timer_handlers (kind, handler) values
  ('payout.look', 'money.ask_for_payout'), ('payout.retry', 'money.reopen_payout');

insert into money.invariants (name, description, checker) values
  ('payouts_equal_items', 'A payout comes to what its items come to, and what was sent stands in the ledger, once.',
    'money.wrong_payouts'),
  ('bookings_paid_once', 'No booking earns or is paid out twice.', 'money.twice_paid_bookings');
