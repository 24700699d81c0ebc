-- The ledger: accounts, transfers between them, and the entries of each transfer, which sum to zero in each currency. It is the
-- only writer of balances. People's accounts keep a running balance; those of the platform do not, for every posting would queue
-- for their row: they are summed from entries and rollups.

create schema money;
grant usage on schema money to vicinity_api, vicinity_worker;

-- How many decimal digits the minor unit of a currency has: ISO 4217, and XCR, in which credits are counted. Amounts are whole
-- numbers of the minor unit. One credit is worth one major unit of the marketplace's currency.
create table money.currencies (
  code text constraint currencies_pkey primary key constraint currencies_code_check check (code ~ '^[A-Z]{3}$'),
  exponent smallint not null constraint currencies_exponent_check check (exponent between 0 and 4)
);
select app.protect('money.currencies');
insert into money.currencies (code, exponent)
select unnest(string_to_array('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XCR XOF XPF', ' ')), 0
union all select unnest(string_to_array('BHD IQD JOD KWD LYD OMR TND', ' ')), 3
union all select unnest(string_to_array('CLF UYW', ' ')), 4
union all select unnest(string_to_array(
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK '
  'DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK '
  'LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR '
  'RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED '
  'VES WST XCD YER ZAR ZMW', ' ')), 2;

-- Facts that never change. An amount is positive where an account gets more: what is owed to its owner is positive, what its owner
-- owes is negative.
create table money.accounts (
  id uuid not null default app.uuid_v7() constraint accounts_pkey primary key,
  marketplace text not null constraint accounts_marketplace_fkey references app.marketplaces,
  -- Null for the platform's own.
  owner_id uuid constraint accounts_owner_id_fkey references identity.users,
  kind text not null,
  -- Through which gateway money comes and goes: each has a clearing account of its own.
  gateway text,
  currency text not null constraint accounts_currency_fkey references money.currencies,
  created_at timestamptz not null default app.now(),
  constraint accounts_kind_check check (case when owner_id is null
    then kind in ('platform_revenue', 'gateway_clearing', 'promo_expense', 'credit_expense', 'tax')
    else kind in ('wallet', 'credits', 'provider_payable', 'held', 'receivable') end),
  constraint accounts_gateway_check check ((kind = 'gateway_clearing') = (gateway is not null)),
  constraint accounts_credits_check check (kind = 'credit_expense' or (kind = 'credits') = (currency = 'XCR'))
);
create unique index accounts_owner_id_key on money.accounts (owner_id, kind, currency) where owner_id is not null;
create unique index accounts_platform_key on money.accounts (marketplace, kind, currency, coalesce(gateway, ''))
  where owner_id is null;
-- One wallet for a person, whatever the currency.
create unique index accounts_wallet_key on money.accounts (owner_id) where kind = 'wallet';
create trigger accounts_append_only before update or delete on money.accounts
  for each row execute function app.refuse_change();
select app.protect('money.accounts');
create policy api_select on money.accounts for select to vicinity_api
  using (owner_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.accounts to vicinity_api;

-- What a person's account holds, locked by whoever changes it. Few and short CHECKs, for PostgreSQL reads each anew for every
-- posting.
create table money.balances (
  account_id uuid constraint balances_pkey primary key constraint balances_account_id_fkey references money.accounts,
  -- What its owner owes: at most zero.
  is_debt boolean not null,
  -- A closed account neither takes nor gives.
  is_active boolean not null default true,
  balance bigint not null default 0,
  -- All that ever came in, and all that ever went out.
  total_in bigint not null default 0,
  total_out bigint not null default 0,
  moved_at timestamptz not null default app.now(),
  -- Nobody spends what they do not have.
  constraint balances_overdraft_check check (is_debt or balance >= 0),
  constraint balances_debt_check check (not is_debt or balance <= 0),
  constraint balances_totals_check check (balance = total_in - total_out),
  -- A JSON number is exact up to here.
  constraint balances_limit_check check (abs(balance) < 9007199254740992)
) with (fillfactor = 80);
create trigger balances_undeletable before delete on money.balances for each row execute function app.refuse_change();
select app.protect('money.balances');
create policy api_select on money.balances for select to vicinity_api using (account_id in (
  select a.id from money.accounts a
  where a.owner_id = (select app.actor()) and a.marketplace = (select app.marketplace())));
grant select on money.balances to vicinity_api;

create table money.transfers (
  id uuid not null default app.uuid_v7() constraint transfers_pkey primary key,
  marketplace text not null,
  key text not null,
  type text not null constraint transfers_type_check check (type in ('payment', 'release', 'refund', 'charge', 'tip',
    'subscription', 'wallet_topup', 'earned', 'adjustment', 'payout', 'payout_return', 'netting', 'dispute', 'settlement',
    'reversal')),
  -- Ours, not a person's words: a ledger forgets nothing.
  description varchar(200) not null constraint transfers_description_check check (btrim(description) <> ''),
  reference_type varchar(40),
  reference_id uuid,
  reverses uuid constraint transfers_reverses_fkey references money.transfers,
  -- Who caused it, null for the system.
  created_by uuid,
  created_at timestamptz not null default app.now(),
  constraint transfers_reference_check check ((reference_type is null) = (reference_id is null)),
  constraint transfers_reverses_check check ((type = 'reversal') = (reverses is not null)),
  constraint transfers_adjustment_check check (type <> 'adjustment' or created_by is not null)
) partition by range (id);
create index transfers_reference_id_idx on money.transfers (reference_id) where reference_id is not null;
create index transfers_reverses_idx on money.transfers (reverses) where reverses is not null;
create trigger transfers_append_only before update or delete on money.transfers
  for each row execute function app.refuse_change();
create trigger transfers_truncate before truncate on money.transfers execute function app.refuse_change();
select app.protect('money.transfers');

-- Keys are unique over all partitions here: a transfer is posted once, however often it is asked for.
create table money.transfer_keys (
  marketplace text not null,
  key text not null constraint transfer_keys_key_check check (length(key) between 1 and 200),
  digest text not null,
  transfer_id uuid not null,
  constraint transfer_keys_pkey primary key (marketplace, key)
);
create trigger transfer_keys_append_only before update or delete on money.transfer_keys
  for each row execute function app.refuse_change();
select app.protect('money.transfer_keys');

-- Draws the numbers of entries. A person's entries are numbered under the lock of their account, so that the order of numbers is
-- the order of balances, whatever the clocks of two Lambdas say.
create sequence money.entry_numbers;

-- One entry for each account of a transfer. Cut by the transfer's id, which is the time.
create table money.entries (
  transfer_id uuid not null constraint entries_transfer_id_fkey references money.transfers,
  account_id uuid not null constraint entries_account_id_fkey references money.accounts,
  number bigint not null default nextval('money.entry_numbers'),
  type text not null,
  currency text not null,
  amount bigint not null constraint entries_amount_check check (amount <> 0 and abs(amount) <= 1000000000000000),
  -- What the account of a person holds then. Null on accounts of the platform.
  balance_after bigint,
  constraint entries_pkey primary key (transfer_id, account_id),
  -- What came in was earned or refunded, what went out was spent; staff adjust both ways.
  constraint entries_credits_check check (currency <> 'XCR' or balance_after is null
    or case type when 'earned' then amount > 0 when 'refunded' then amount > 0 when 'spent' then amount < 0
       else type = 'adjustment' end)
) partition by range (transfer_id);
create index entries_account_id_idx on money.entries (account_id, number);
create trigger entries_append_only before update or delete on money.entries
  for each row execute function app.refuse_change();
create trigger entries_truncate before truncate on money.entries execute function app.refuse_change();
select app.protect('money.entries');
create policy api_select on money.entries for select to vicinity_api using (account_id in (
  select a.id from money.accounts a
  where a.owner_id = (select app.actor()) and a.marketplace = (select app.marketplace())));
grant select on money.entries to vicinity_api;
create policy api_select on money.transfers for select to vicinity_api using (marketplace = (select app.marketplace())
  and exists (select from money.entries e where e.transfer_id = id));
grant select (id, marketplace, type, description, reference_type, reference_id, reverses, created_at)
  on money.transfers to vicinity_api;

-- Whatever writes entries: at the end of its transaction each transfer sums to zero in each currency. With the owner's rights, for
-- a caller sees their own entries only.
create function money.refuse_unbalanced() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if (select sum(e.amount) from money.entries e where e.transfer_id = new.transfer_id and e.currency = new.currency) <> 0 then
    perform app.refuse('transfer_unbalanced', new.transfer_id::text);
  end if;
  return null;
end $$;
create constraint trigger entries_balanced after insert on money.entries deferrable initially deferred
  for each row execute function money.refuse_unbalanced();

-- What the platform's accounts held up to an entry's number. The rest is summed when somebody asks.
create table money.rollups (
  account_id uuid constraint rollups_pkey primary key constraint rollups_account_id_fkey references money.accounts,
  amount bigint not null,
  entries bigint not null,
  through bigint not null
);
select app.protect('money.rollups');

-- Up to which number the next rollup goes: as soon as every transaction has ended that may have drawn a number up to it. Their ids
-- are below `horizon`.
create table money.rollup_boundary (
  through bigint constraint rollup_boundary_pkey primary key,
  horizon bigint not null
);
create unique index rollup_boundary_key on money.rollup_boundary ((true));
select app.protect('money.rollup_boundary');

-- Why staff changed somebody's credits, in their words: kept apart from the ledger, so that a purge can take them away.
create table money.adjustments (
  transfer_id uuid constraint adjustments_pkey primary key
    constraint adjustments_transfer_id_fkey references money.transfers,
  marketplace text not null constraint adjustments_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint adjustments_user_id_fkey references identity.users,
  description varchar(200) not null constraint adjustments_description_check check (btrim(description) <> ''),
  created_by uuid not null,
  created_at timestamptz not null default app.now()
);
create index adjustments_user_id_idx on money.adjustments (user_id);
create trigger adjustments_append_only before update or delete on money.adjustments
  for each row execute function app.refuse_change_but_purge('description');
select app.protect('money.adjustments');
create policy api_select on money.adjustments for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select (transfer_id, marketplace, user_id, description, created_at) on money.adjustments to vicinity_api;

-- What must always hold. `checker` is called with a moment and returns one jsonb row for each breach: it looks at everything, or,
-- where that is too much for each hour, at what was written since. It keeps to app.marketplace() where there is one.
create table money.invariants (
  name text constraint invariants_pkey primary key,
  description text not null,
  checker text not null
);
select app.protect('money.invariants');
insert into money.invariants (name, description, checker) values
  ('ledger_sums_to_zero', 'All accounts of a marketplace sum to zero in each currency.', 'money.unbalanced_currencies'),
  ('transfers_sum_to_zero', 'The entries of a transfer sum to zero in each currency.', 'money.unbalanced_transfers'),
  ('balances_equal_entries', 'An account holds what its last entry says.', 'money.wrong_balances'),
  ('statements_are_unbroken', 'An entry goes on from the balance of the entry before it.', 'money.broken_statements'),
  ('transfers_are_posted_once', 'A transfer has one key, and a key one transfer.', 'money.stray_transfers');

-- A person's account has a balance from the beginning, and everybody has a wallet and credits.
create function money.open_balance() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into money.balances (account_id, is_debt) values (new.id, new.kind = 'receivable');
  return null;
end $$;
create trigger accounts_open_balance after insert on money.accounts for each row when (new.owner_id is not null)
  execute function money.open_balance();
create function money.open_accounts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into money.accounts (marketplace, owner_id, kind, currency)
  select m.slug, new.id, a.kind, coalesce(a.currency, m.currency)
  from app.marketplaces m, (values ('wallet', null), ('credits', 'XCR')) as a (kind, currency)
  where m.slug = new.marketplace;
  return null;
end $$;
create trigger users_open_accounts after insert on identity.users for each row execute function money.open_accounts();
insert into money.accounts (marketplace, owner_id, kind, currency)
select m.slug, u.id, a.kind, coalesce(a.currency, m.currency)
from identity.users u join app.marketplaces m on m.slug = u.marketplace,
     (values ('wallet', null), ('credits', 'XCR')) as a (kind, currency);

-- The columns of the documents' tables.
create view money.wallets with (security_invoker = true) as
  select a.id, a.owner_id as user_id, b.balance, a.currency, b.total_in as total_earned, b.total_out as total_spent, b.is_active,
         a.created_at, b.moved_at as updated_at
  from money.accounts a join money.balances b on b.account_id = a.id where a.kind = 'wallet';
create view money.wallet_transactions with (security_invoker = true) as
  select t.id, e.account_id as wallet_id, e.number, case when e.amount > 0 then 'credit' else 'debit' end as type, e.type as kind,
         abs(e.amount) as amount, e.currency, e.balance_after - e.amount as balance_before, e.balance_after, t.description,
         t.reference_type, t.reference_id, t.created_at
  from money.entries e join money.accounts a on a.id = e.account_id join money.transfers t on t.id = e.transfer_id
  where a.kind = 'wallet';
create view money.credit_transactions with (security_invoker = true) as
  select t.id, a.owner_id as user_id, e.account_id, e.number, e.type, e.amount, e.balance_after,
         coalesce(d.description, t.description) as description, t.reference_type, t.reference_id, t.created_at
  from money.entries e join money.accounts a on a.id = e.account_id join money.transfers t on t.id = e.transfer_id
  left join money.adjustments d on d.transfer_id = t.id
  where a.kind = 'credits';
grant select on money.wallets, money.wallet_transactions, money.credit_transactions to vicinity_api;

insert into app.partition_policies (parent, period, since, retain) values
  ('money.transfers', 'year', '2026-01-01Z', null),
  ('money.entries', 'year', '2026-01-01Z', null);

-- What names a person by the opaque id only is exported, and a purge has nothing to change in it.
alter table privacy.personal_data drop constraint personal_data_anonymise_check;
alter table privacy.personal_data add constraint personal_data_anonymise_check
  check (treatment = 'anonymise' or anonymised = '{}');

-- The same ids as before at a tenth of the cost: PostgreSQL plans a function in SQL anew for each call.
create or replace function app.uuid_v7() returns uuid language plpgsql volatile as $$
declare
  ms bigint := floor(extract(epoch from app.now() + (clock_timestamp() - now())) * 1000)::bigint;
  made text := (coalesce(nullif(current_setting('app.ids', true), ''), '0')::bigint + 1)::text;
begin
  made := set_config('app.ids', made, true);
  return encode(int8send((ms << 16) | 28672 | (made::bigint & 4095)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid;
end $$;
