-- Plans that people subscribe to, with what each period of a subscription cost, and passes: what is paid for once and valid for some
-- days. Periods and validities are half-open.

-- As the configuration files say. What has gone from a file is sold no more; who has it keeps it.
create table money.plans (
  marketplace text not null constraint plans_marketplace_fkey references app.marketplaces,
  code varchar(40) not null constraint plans_code_check check (code ~ '^[a-z][a-z0-9_]*$'),
  role varchar(40) not null,
  name varchar(100) not null constraint plans_name_check check (btrim(name) <> ''),
  currency text not null constraint plans_currency_fkey references money.currencies,
  -- Of one period, taxes included.
  amount bigint not null constraint plans_amount_check check (amount > 0),
  months smallint not null constraint plans_months_check check (months between 1 and 36),
  benefits text[] not null default '{}',
  is_active boolean not null default true,
  constraint plans_pkey primary key (marketplace, code)
);
select app.protect('money.plans');
create policy api_select on money.plans for select to vicinity_api using (marketplace = (select app.marketplace()));
grant select on money.plans to vicinity_api;

create table money.products (
  marketplace text not null constraint products_marketplace_fkey references app.marketplaces,
  code varchar(40) not null constraint products_code_check check (code ~ '^[a-z][a-z0-9_]*$'),
  role varchar(40) not null,
  name varchar(100) not null constraint products_name_check check (btrim(name) <> ''),
  currency text not null constraint products_currency_fkey references money.currencies,
  amount bigint not null constraint products_amount_check check (amount > 0),
  days smallint not null constraint products_days_check check (days between 1 and 3660),
  -- What kind of thing it makes valid: see `money.pass_subjects`.
  covers varchar(40) not null,
  benefits text[] not null default '{}',
  is_active boolean not null default true,
  constraint products_pkey primary key (marketplace, code)
);
select app.protect('money.products');
create policy api_select on money.products for select to vicinity_api using (marketplace = (select app.marketplace()));
grant select on money.products to vicinity_api;

-- One person's subscription to one plan after the other. `anchored_months` after `anchor_at` the present period ends: counted from the
-- anchor, 31 January is followed by 28 February and by 31 March.
create table money.subscriptions (
  id uuid not null default app.uuid_v7() constraint subscriptions_pkey primary key,
  marketplace text not null constraint subscriptions_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint subscriptions_user_id_fkey references identity.users,
  plan varchar(40) not null,
  role varchar(40) not null,
  status text not null default 'pending'
    constraint subscriptions_status_check check (status in ('pending', 'active', 'past_due', 'cancelled', 'expired')),
  currency text not null constraint subscriptions_currency_fkey references money.currencies,
  -- What the present period is worth.
  amount bigint not null constraint subscriptions_amount_check check (amount > 0),
  anchor_at timestamptz,
  anchored_months integer not null default 0 constraint subscriptions_anchored_months_check check (anchored_months >= 0),
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  -- The plan of the next period, where it is another.
  next_plan varchar(40),
  ended_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint subscriptions_plan_fkey foreign key (marketplace, plan) references money.plans,
  constraint subscriptions_next_plan_fkey foreign key (marketplace, next_plan) references money.plans,
  constraint subscriptions_period_check check (current_period_start < current_period_end),
  constraint subscriptions_begun_check check (
    (anchor_at is null) = (current_period_start is null) and (anchor_at is null) = (current_period_end is null)
    and (anchor_at is not null or status in ('pending', 'cancelled'))),
  constraint subscriptions_ended_check check ((status in ('cancelled', 'expired')) = (ended_at is not null))
);
create unique index subscriptions_user_id_key on money.subscriptions (user_id, role)
  where status in ('pending', 'active', 'past_due');
create index subscriptions_user_id_idx on money.subscriptions (user_id, id);
create index subscriptions_plan_idx on money.subscriptions (marketplace, plan);
create index subscriptions_next_plan_idx on money.subscriptions (marketplace, next_plan) where next_plan is not null;
create trigger subscriptions_touch before update on money.subscriptions for each row execute function app.touch_updated_at();
create trigger subscriptions_undeletable before delete on money.subscriptions for each row execute function app.refuse_change();
create trigger subscriptions_status before update of status on money.subscriptions for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
select app.protect('money.subscriptions');
create policy api_select on money.subscriptions for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.subscriptions to vicinity_api;

-- What is to be paid for one period, or has been. No moment of a subscription is paid for twice.
create table money.subscription_charges (
  id uuid not null default app.uuid_v7() constraint subscription_charges_pkey primary key,
  marketplace text not null constraint subscription_charges_marketplace_fkey references app.marketplaces,
  subscription_id uuid not null constraint subscription_charges_subscription_id_fkey references money.subscriptions,
  kind text not null constraint subscription_charges_kind_check check (kind in ('start', 'renewal', 'change')),
  plan varchar(40) not null,
  currency text not null constraint subscription_charges_currency_fkey references money.currencies,
  -- The plan's, less what was not used of the period that a change cuts short.
  price bigint not null,
  credit bigint not null default 0 constraint subscription_charges_credit_check check (credit >= 0 and credit < price),
  amount bigint not null generated always as (price - credit) stored,
  -- A first period begins when it is paid for. A change's, and those of a renewal, are known before.
  period_start timestamptz,
  period_end timestamptz,
  -- On how many days a renewal has been asked for, and whether the saved method is to be charged for it.
  tries smallint not null default 0,
  is_due boolean not null default false,
  claimed_until timestamptz,
  status text not null default 'open'
    constraint subscription_charges_status_check check (status in ('open', 'paid', 'void', 'refunded')),
  payment_id uuid constraint subscription_charges_payment_id_fkey references money.payments,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint subscription_charges_plan_fkey foreign key (marketplace, plan) references money.plans,
  constraint subscription_charges_period_check check ((period_start is null) = (period_end is null) and period_start <= period_end),
  constraint subscription_charges_paid_check check ((status in ('paid', 'refunded')) = (payment_id is not null)
    and (status <> 'paid' or period_start is not null)),
  constraint subscription_charges_due_check check (not is_due or status = 'open' and kind = 'renewal'),
  constraint subscription_charges_no_overlap exclude using gist
    (subscription_id with =, tstzrange(period_start, period_end) with &&) where (status = 'paid')
);
create unique index subscription_charges_open_key on money.subscription_charges (subscription_id) where status = 'open';
create index subscription_charges_subscription_id_idx on money.subscription_charges (subscription_id, id);
create index subscription_charges_due_idx on money.subscription_charges (id) where is_due;
create index subscription_charges_plan_idx on money.subscription_charges (marketplace, plan);
create unique index subscription_charges_payment_id_key on money.subscription_charges (payment_id) where payment_id is not null;
create trigger subscription_charges_touch before update on money.subscription_charges
  for each row execute function app.touch_updated_at();
create trigger subscription_charges_undeletable before delete on money.subscription_charges
  for each row execute function app.refuse_change();
create trigger subscription_charges_status before update of status on money.subscription_charges for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
select app.protect('money.subscription_charges');
create policy api_select on money.subscription_charges for select to vicinity_api using (
  marketplace = (select app.marketplace())
  and subscription_id in (select s.id from money.subscriptions s where s.user_id = (select app.actor())));
grant select (id, marketplace, subscription_id, kind, plan, currency, price, credit, amount, period_start, period_end, status, payment_id,
  created_at, updated_at) on money.subscription_charges to vicinity_api;

-- A product that somebody bought, for one thing of theirs or for one that is still to come. As the product was then.
create table money.listing_passes (
  id uuid not null default app.uuid_v7() constraint listing_passes_pkey primary key,
  marketplace text not null constraint listing_passes_marketplace_fkey references app.marketplaces,
  user_id uuid not null constraint listing_passes_user_id_fkey references identity.users,
  product varchar(40) not null,
  covers varchar(40) not null,
  subject_id uuid,
  currency text not null constraint listing_passes_currency_fkey references money.currencies,
  amount bigint not null constraint listing_passes_amount_check check (amount > 0),
  days smallint not null,
  benefits text[] not null,
  status text not null default 'pending'
    constraint listing_passes_status_check check (status in ('pending', 'active', 'cancelled')),
  starts_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint listing_passes_product_fkey foreign key (marketplace, product) references money.products,
  constraint listing_passes_validity_check check ((status <> 'active' or starts_at is not null)
    and (starts_at is null) = (expires_at is null) and starts_at < expires_at)
);
-- What is bought but not paid for is one.
create unique index listing_passes_pending_key on money.listing_passes
  (user_id, product, coalesce(subject_id, '00000000-0000-0000-0000-000000000000')) where status = 'pending';
create index listing_passes_user_id_idx on money.listing_passes (user_id, id);
create index listing_passes_subject_id_idx on money.listing_passes (subject_id) where subject_id is not null;
create index listing_passes_product_idx on money.listing_passes (marketplace, product);
create trigger listing_passes_touch before update on money.listing_passes for each row execute function app.touch_updated_at();
create trigger listing_passes_undeletable before delete on money.listing_passes
  for each row execute function app.refuse_change();
create trigger listing_passes_status before update of status on money.listing_passes for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
select app.protect('money.listing_passes');
create policy api_select on money.listing_passes for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.listing_passes to vicinity_api;

-- How a module joins: `finder(subject_id uuid) returns boolean` says whether it is something of the person of this transaction that a
-- pass can cover; `handler(subject_id uuid)` is called when what covers it has changed: `money.covered_until` says until when.
create table money.pass_subjects (
  covers varchar(40) constraint pass_subjects_pkey primary key,
  finder text not null,
  handler text not null
);
select app.protect('money.pass_subjects');

insert into money.status_changes (subject, from_status, to_status)
select c.subject, c.from_status, unnest(string_to_array(c.to_statuses, ' '))
from (values
  ('subscriptions', 'pending', 'active cancelled'),
  ('subscriptions', 'active', 'past_due cancelled expired'),
  ('subscriptions', 'past_due', 'active cancelled expired'),
  ('subscription_charges', 'open', 'paid void'),
  ('subscription_charges', 'paid', 'refunded'),
  ('listing_passes', 'pending', 'active cancelled'),
  ('listing_passes', 'active', 'cancelled')
) as c (subject, from_status, to_statuses);

insert into money.payment_purposes (purpose, finder, handler, settles_as) values
  ('subscription', 'money.payable_subscription', 'money.settle_subscription', 'subscription'),
  ('listing', 'money.payable_pass', 'money.settle_pass', 'release')
on conflict on constraint payment_purposes_pkey do update
  set finder = excluded.finder, handler = excluded.handler, settles_as = excluded.settles_as;
insert into app.timer_handlers (kind, handler) values ('subscription.clock', 'money.tend_subscription');
insert into money.invariants (name, description, checker) values
  ('subscriptions_are_paid', 'Whoever has a subscription has paid for its present period.', 'money.unpaid_subscriptions'),
  ('subscriptions_are_watched', 'The clock of every subscription runs.', 'money.unwatched_subscriptions');

-- As their owner sees them.
create view money.shown_subscriptions with (security_invoker = true) as
  select s.id, s.user_id, s.plan, p.name, s.role, s.status, s.currency, s.amount, p.months, p.benefits, s.current_period_start,
         s.current_period_end, s.cancel_at_period_end, s.next_plan,
         case when s.status in ('active', 'past_due') and not s.cancel_at_period_end then
           coalesce(case when c.kind = 'renewal' then c.price end, n.amount) end as next_amount,
         c.amount as amount_due, s.ended_at, s.created_at, s.updated_at
  from money.subscriptions s
  join money.plans p on p.marketplace = s.marketplace and p.code = s.plan
  join money.plans n on n.marketplace = s.marketplace and n.code = coalesce(s.next_plan, s.plan)
  left join money.subscription_charges c on c.subscription_id = s.id and c.status = 'open';
create view money.shown_passes with (security_invoker = true) as
  select p.id, p.user_id, p.product, r.name, p.covers, p.subject_id,
         case when p.status = 'active' and p.expires_at <= app.now() then 'expired' else p.status end as status,
         p.currency, p.amount, p.days, p.benefits, p.starts_at, p.expires_at, p.created_at, p.updated_at
  from money.listing_passes p join money.products r on r.marketplace = p.marketplace and r.code = p.product;
grant select on money.shown_subscriptions, money.shown_passes to vicinity_api;
