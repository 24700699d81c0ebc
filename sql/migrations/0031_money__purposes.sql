-- What can be paid for: each purpose of a payment tells what something costs and is told what its payment has come to.

create table money.payment_purposes (
  purpose text constraint payment_purposes_pkey primary key
    constraint payment_purposes_purpose_check check (purpose ~ '^[a-z]{2,40}$'),
  -- `finder(subject_id uuid) returns jsonb`: see `money.find_payable`.
  finder text not null,
  -- `handler(subject_id uuid, payment_id uuid, status text) returns void`: see `money.tell_subject`.
  handler text not null,
  -- Which of a person's own accounts may pay for it, beside gateways.
  accounts text[] not null default '{wallet,credits}',
  -- The ledger's type of the transfer that shares the money out.
  settles_as text not null default 'release'
);
select app.protect('money.payment_purposes');
insert into money.payment_purposes (purpose, finder, handler, accounts, settles_as) values
  ('booking', 'money.payable_booking', 'money.tell_booking', '{wallet,credits,cash}', 'release'),
  ('order', 'money.payable_order', 'money.tell_order', '{wallet,credits}', 'release'),
  ('tip', 'money.payable_tip', 'money.tell_tip', '{wallet,credits}', 'tip'),
  ('topup', 'money.payable_topup', 'money.tell_topup', '{}', 'wallet_topup');

alter table money.payments drop constraint payments_purpose_check;
alter table money.payments add constraint payments_purpose_fkey foreign key (purpose) references money.payment_purposes;
-- What is paid for where it is no booking: a subscription, an order, a top-up.
alter table money.payments add column subject_id uuid;
alter table money.payments add constraint payments_subject_check check ((subject_id is null) = (booking_id is not null));
-- One at a time. What may be paid for again, such as the next month, its finder says.
create unique index payments_subject_id_key on money.payments (subject_id, purpose)
  where subject_id is not null and status in ('pending', 'processing', 'authorized', 'failed');
create index payments_subject_id_idx on money.payments (subject_id) where subject_id is not null;

drop function if exists money.tell_booking(money.payments, text);
drop function if exists money.start_payment(booking.bookings, jsonb);
drop function if exists money.entry_of(booking.bookings, text, bigint);

-- Cash: what the customer gives to the provider. It counts as paid when the provider has confirmed it.
alter table money.payments add column cash_amount bigint not null default 0
  constraint payments_cash_amount_check check (cash_amount >= 0);
alter table money.payments add column cash_received_at timestamptz;
alter table money.payments drop constraint payments_parts_check;
alter table money.payments add constraint payments_parts_check
  check (amount = wallet_amount + credits_amount + gateway_amount + cash_amount);
-- Cash takes the place of a gateway.
alter table money.payments add constraint payments_cash_check check (cash_amount = 0 or gateway_amount = 0 and purpose = 'booking');

-- As whom a try was made: the same for each repetition, however the person has changed since.
alter table money.payment_attempts add column customer jsonb not null default '{}';

-- Numbers that people read to each other, such as TXN-2026-000001: of payments and refunds together, each once.
create sequence money.transaction_numbers;
create function money.next_transaction_number() returns text
language sql volatile security definer set search_path = public, pg_temp as $$
  select 'TXN-' || extract(year from app.now() at time zone 'UTC') || '-' || lpad(n::text, greatest(6, length(n::text)), '0')
  from nextval('money.transaction_numbers') as n
$$;
alter table money.payments add column number varchar(20) not null default money.next_transaction_number()
  constraint payments_number_key unique;
alter table money.refunds add column number varchar(20) not null default money.next_transaction_number()
  constraint refunds_number_key unique;


-- When a payment, a try or a refund first came to each status.
alter table money.payments add column authorized_at timestamptz, add column captured_at timestamptz,
  add column failed_at timestamptz, add column refunded_at timestamptz;
alter table money.payment_attempts add column authorized_at timestamptz, add column captured_at timestamptz,
  add column failed_at timestamptz;
alter table money.refunds add column processed_at timestamptz, add column failed_at timestamptz;
grant select (number, attempt_id, processed_at, failed_at) on money.refunds to vicinity_api;
create function money.stamp_payment() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  new.authorized_at := coalesce(new.authorized_at, case when new.status = 'authorized' then app.now() end);
  new.captured_at := coalesce(new.captured_at, case when new.status in ('captured', 'succeeded') then app.now() end);
  new.failed_at := coalesce(new.failed_at, case when new.status in ('failed', 'rejected') then app.now() end);
  if tg_table_name = 'payments' then
    new.refunded_at := coalesce(new.refunded_at, case when new.status in ('partially_refunded', 'refunded') then app.now() end);
  end if;
  return new;
end $$;
create function money.stamp_refund() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  new.processed_at := coalesce(new.processed_at, case when new.status = 'succeeded' then app.now() end);
  new.failed_at := coalesce(new.failed_at, case when new.status = 'failed' then app.now() end);
  return new;
end $$;
create trigger payments_stamp before insert or update of status on money.payments
  for each row execute function money.stamp_payment();
create trigger payment_attempts_stamp before insert or update of status on money.payment_attempts
  for each row execute function money.stamp_payment();
create trigger refunds_stamp before insert or update of status on money.refunds
  for each row execute function money.stamp_refund();
create index payments_status_idx on money.payments (status, id);
create index payments_purpose_idx on money.payments (purpose, id);
create index payment_attempts_status_idx on money.payment_attempts (status) where status not in ('captured', 'cancelled');
-- A gateway's reference by itself, as it stands on a person's bank statement.
create index payment_attempts_reference_idx on money.payment_attempts (reference) where reference is not null;

-- What a person puts into their wallet.
create table money.wallet_topups (
  id uuid not null default app.uuid_v7() constraint wallet_topups_pkey primary key,
  marketplace text not null constraint wallet_topups_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint wallet_topups_user_id_fkey references identity.users,
  amount bigint not null constraint wallet_topups_amount_check check (amount > 0),
  currency text not null constraint wallet_topups_currency_fkey references money.currencies,
  status text not null default 'pending'
    constraint wallet_topups_status_check check (status in ('pending', 'paid', 'failed', 'refunded')),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index wallet_topups_user_id_idx on money.wallet_topups (user_id, id);

-- What a customer gives to the provider of a completed booking, beyond its price.
create table money.tips (
  id uuid not null default app.uuid_v7() constraint tips_pkey primary key,
  marketplace text not null constraint tips_marketplace_fkey references app.marketplaces,
  booking_id uuid not null constraint tips_booking_id_key unique constraint tips_booking_id_fkey references booking.bookings,
  user_id uuid not null constraint tips_user_id_fkey references identity.users,
  provider_id uuid not null constraint tips_provider_id_fkey references identity.users,
  amount bigint not null constraint tips_amount_check check (amount > 0),
  currency text not null constraint tips_currency_fkey references money.currencies,
  status text not null default 'pending' constraint tips_status_check check (status in ('pending', 'paid', 'failed', 'refunded')),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint tips_parties_check check (user_id <> provider_id)
);
create index tips_user_id_idx on money.tips (user_id);
create index tips_provider_id_idx on money.tips (provider_id);

-- What a person orders of a module that sells more than bookings: sessions, add-ons, and with the first order the set-up.
create table money.orders (
  id uuid not null default app.uuid_v7() constraint orders_pkey primary key,
  marketplace text not null constraint orders_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint orders_user_id_fkey references identity.users,
  description varchar(200) not null constraint orders_description_check check (btrim(description) <> ''),
  -- The payment at Bolt.
  bolt_checkout_id varchar(255),
  amount bigint not null constraint orders_amount_check check (amount > 0),
  currency text not null constraint orders_currency_fkey references money.currencies,
  -- What of the amount is the fee for setting up, which a customer pays once.
  setup_fee_applied bigint not null default 0
    constraint orders_setup_fee_applied_check check (setup_fee_applied between 0 and amount),
  -- [{ payer: 'customer', payee, amount, user_id?, code }], the fee included.
  items jsonb not null,
  status text not null default 'pending' constraint orders_status_check check (status in ('pending', 'paid', 'failed', 'refunded')),
  -- Among it `subscription_id` of a customer who comes again, and the `payment_method` that paid.
  metadata jsonb not null default '{}' constraint orders_metadata_check check (jsonb_typeof(metadata) = 'object'),
  -- Given up before it was paid: it counts as failed, and nothing of it can be paid any more.
  cancelled_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint orders_bolt_checkout_id_key unique (marketplace, bolt_checkout_id)
);
create unique index orders_setup_fee_key on money.orders (user_id) where setup_fee_applied > 0;
create index orders_user_id_idx on money.orders (user_id, id);
create index orders_status_idx on money.orders (status, id);
create index orders_created_at_idx on money.orders (created_at);

insert into money.status_changes (subject, from_status, to_status)
select s, c.from_status, c.to_status
from unnest(array['orders', 'tips', 'wallet_topups']) as s, (values ('pending', 'paid'), ('pending', 'failed'),
  -- The person tries once more.
  ('failed', 'paid'), ('paid', 'refunded'),
  -- A bank gives a refund back.
  ('refunded', 'paid')) as c (from_status, to_status);

-- Whom a gateway knows a person as, and what the person keeps there to be charged. Never a card's number.
create table money.gateway_customers (
  id uuid not null default app.uuid_v7() constraint gateway_customers_pkey primary key,
  marketplace text not null constraint gateway_customers_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint gateway_customers_user_id_fkey references identity.users,
  gateway text not null,
  -- Such as Stripe's `cus_…`. Null until the gateway has told it: the id of this row is the key that it is asked with.
  reference varchar(255),
  created_at timestamptz not null default app.now(),
  constraint gateway_customers_user_id_key unique (user_id, gateway),
  constraint gateway_customers_reference_key unique (marketplace, gateway, reference)
);
create table money.payment_methods (
  id uuid not null default app.uuid_v7() constraint payment_methods_pkey primary key,
  marketplace text not null constraint payment_methods_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint payment_methods_user_id_fkey references identity.users,
  gateway text not null,
  reference varchar(255) not null,
  type varchar(40) not null,
  brand varchar(60),
  last4 varchar(4) constraint payment_methods_last4_check check (last4 ~ '^[0-9]{4}$'),
  expires_month smallint constraint payment_methods_expires_month_check check (expires_month between 1 and 12),
  expires_year smallint constraint payment_methods_expires_year_check check (expires_year between 2000 and 2200),
  is_default boolean not null default false,
  removed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint payment_methods_reference_key unique (marketplace, gateway, reference),
  constraint payment_methods_default_check check (not is_default or removed_at is null)
);
create unique index payment_methods_default_key on money.payment_methods (user_id) where is_default;
create index payment_methods_user_id_idx on money.payment_methods (user_id, id) where removed_at is null;

do $$
declare name text;
begin
  foreach name in array array['wallet_topups', 'tips', 'orders', 'payment_methods'] loop
    execute format('create trigger %s_touch before update on money.%1$s for each row execute function app.touch_updated_at()', name);
    execute format('create policy api_select on money.%s for select to vicinity_api
      using (user_id = (select app.actor()) and marketplace = (select app.marketplace()))', name);
    execute format('grant select on money.%s to vicinity_api', name);
  end loop;
  foreach name in array array['wallet_topups', 'tips', 'orders'] loop
    execute format('create trigger %s_status before update of status on money.%1$s for each row
      when (old.status <> new.status) execute function money.refuse_status_change()', name);
    execute format('create trigger %s_undeletable before delete on money.%1$s for each row execute function app.refuse_change()', name);
  end loop;
  foreach name in array array['wallet_topups', 'tips', 'orders', 'payment_methods', 'gateway_customers'] loop
    perform app.protect('money.' || name);
  end loop;
end $$;

-- The documents' `transactions`, `payments` and `payment_type`.
create policy api_select on money.payment_attempts for select to vicinity_api using (marketplace = (select app.marketplace())
  and payment_id in (select p.id from money.payments p where p.payer_id = (select app.actor())));
grant select (id, marketplace, payment_id, gateway, amount, options, reference, is_current, status, captured_amount, failure_code,
  failure_message, authorized_at, captured_at, failed_at, created_at, updated_at) on money.payment_attempts to vicinity_api;
create view money.transactions with (security_invoker = true) as
  select p.id, p.number as transaction_number, p.booking_id, p.id as payment_id, p.payer_id as user_id,
         case p.purpose when 'topup' then 'wallet_topup' when 'tip' then 'tip' else 'payment' end as type,
         coalesce((select case b.module when 'services' then 'service' else b.module end from booking.bookings b
                   where b.id = p.booking_id), p.purpose) as payment_type,
         case when p.cash_amount > 0 then 'cash' when p.gateway_amount > 0 then coalesce(a.options ->> 'method', 'card')
              when p.wallet_amount > 0 then 'wallet' else 'credits' end as payment_method,
         p.amount, p.currency, a.gateway, a.reference as gateway_transaction_id,
         case p.status when 'succeeded' then 'completed' when 'partially_refunded' then 'completed' when 'authorized' then 'processing'
              else p.status end as status,
         p.description, p.captured_at as processed_at, p.failed_at, a.failure_message as failure_reason, p.created_at, p.updated_at
  from money.payments p left join money.payment_attempts a on a.payment_id = p.id and a.is_current
  union all
  select r.id, r.number, p.booking_id, p.id, p.payer_id, 'refund',
         coalesce((select case b.module when 'services' then 'service' else b.module end from booking.bookings b
                   where b.id = p.booking_id), p.purpose),
         case r.method when 'gateway' then coalesce(a.options ->> 'method', 'card') else r.method end,
         r.amount, r.currency, a.gateway, null, case r.status when 'succeeded' then 'completed' else r.status end,
         'Refund: ' || p.description, r.processed_at, r.failed_at, null, r.created_at, r.updated_at
  from money.refunds r join money.payments p on p.id = r.payment_id left join money.payment_attempts a on a.id = r.attempt_id;
grant select on money.transactions to vicinity_api;
