-- Bookings of every module: the flows they follow, who occupies which resource when, their numbers and their history.

create schema booking;
grant usage on schema booking to vicinity_api, vicinity_worker;

-- Two marketplaces with one prefix would number their bookings into each other's way.
alter table app.marketplaces add constraint marketplaces_booking_prefix_key unique (booking_prefix);

-- Versions of a marketplace's flow. A version never changes: a booking keeps the one that it was made under.
create table booking.flows (
  id uuid not null default app.uuid_v7() constraint flows_pkey primary key,
  marketplace text not null constraint flows_marketplace_fkey references app.marketplaces,
  module text not null,
  fingerprint text not null,
  is_current boolean not null default true,
  instant text not null,
  on_request text,
  live text[] not null,
  cancelled text not null,
  transitions jsonb not null,
  created_at timestamptz not null default app.now(),
  constraint flows_fingerprint_key unique (marketplace, module, fingerprint)
);
create unique index flows_current_key on booking.flows (marketplace, module) where is_current;
select app.protect('booking.flows');
create policy api_select on booking.flows for select to vicinity_api using (marketplace = (select app.marketplace()));
grant select on booking.flows to vicinity_api, vicinity_worker;

-- The statuses that a flow knows, so that a booking in a status of another flow is refused by a foreign key.
create table booking.flow_statuses (
  flow_id uuid not null constraint flow_statuses_flow_id_fkey references booking.flows,
  status text not null,
  constraint flow_statuses_pkey primary key (flow_id, status)
);
select app.protect('booking.flow_statuses');

-- What one party pays according to a booking's lines, in minor units.
create function booking.sum_of(line_items jsonb, payer text) returns bigint
language sql immutable strict parallel safe as $$
  select coalesce(sum((item ->> 'amount')::bigint), 0)::bigint
  from jsonb_array_elements(line_items) as item
  where item ->> 'payer' = sum_of.payer
$$;

create table booking.bookings (
  id uuid not null default app.uuid_v7() constraint bookings_pkey primary key,
  marketplace text not null constraint bookings_marketplace_fkey references app.marketplaces,
  number text not null,
  module text not null,
  flow_id uuid not null constraint bookings_flow_id_fkey references booking.flows,
  resource_id uuid not null,
  resource_name text not null,
  customer_id uuid not null constraint bookings_customer_id_fkey references identity.users,
  provider_id uuid not null constraint bookings_provider_id_fkey references identity.users,
  unit integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  time_zone text not null,
  status text not null,
  expires_at timestamptz,
  line_items jsonb not null,
  currency text not null constraint bookings_currency_check check (currency ~ '^[A-Z]{3}$'),
  subtotal_amount bigint not null constraint bookings_subtotal_amount_check check (subtotal_amount >= 0),
  fee_amount bigint not null constraint bookings_fee_amount_check check (fee_amount >= 0),
  total_amount bigint not null,
  payment_status text not null default 'pending' constraint bookings_payment_status_check
    check (payment_status in ('pending', 'processing', 'succeeded', 'failed', 'cancelled', 'refunded')),
  customer_notes varchar(2000),
  cancelled_by text constraint bookings_cancelled_by_check
    check (cancelled_by in ('customer', 'provider', 'staff', 'system')),
  cancellation_reason varchar(500),
  version integer not null default 1,
  confirmed_at timestamptz,
  cancelled_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint bookings_status_fkey foreign key (flow_id, status) references booking.flow_statuses,
  constraint bookings_parties_check check (customer_id <> provider_id),
  constraint bookings_time_check check (ends_at > starts_at),
  constraint bookings_total_amount_check check (total_amount = subtotal_amount + fee_amount),
  constraint bookings_line_items_check check (booking.sum_of(line_items, 'customer') = total_amount)
) partition by range (id);
create index bookings_customer_id_idx on booking.bookings (customer_id, id);
create index bookings_provider_id_idx on booking.bookings (provider_id, id);
create index bookings_resource_id_idx on booking.bookings (resource_id, starts_at);
create index bookings_status_idx on booking.bookings (status);
create index bookings_payment_status_idx on booking.bookings (payment_status, id);
create index bookings_time_idx on booking.bookings (starts_at, ends_at);
create index bookings_number_idx on booking.bookings (number);
create index bookings_live_idx on booking.bookings (status, starts_at, ends_at)
  where status in ('pending', 'confirmed', 'active', 'in_progress');
create trigger bookings_touch before update on booking.bookings for each row execute function app.touch_updated_at();
select app.protect('booking.bookings');
create policy api_select on booking.bookings for select to vicinity_api
  using (marketplace = (select app.marketplace())
    and (customer_id = (select app.actor()) or provider_id = (select app.actor())));
grant select on booking.bookings to vicinity_api, vicinity_worker;

-- Numbers are unique over all partitions here, and counted per marketplace and year of its zone.
create table booking.numbers (
  number text constraint numbers_pkey primary key,
  booking_id uuid not null constraint numbers_booking_id_fkey references booking.bookings
    constraint numbers_booking_id_key unique
);
select app.protect('booking.numbers');
create table booking.counters (
  marketplace text not null constraint counters_marketplace_fkey references app.marketplaces,
  year integer not null,
  last bigint not null,
  constraint counters_pkey primary key (marketplace, year)
);
select app.protect('booking.counters');

-- What happened to a booking. Nobody changes or deletes a row.
create table booking.timeline (
  id uuid not null default app.uuid_v7() constraint timeline_pkey primary key,
  booking_id uuid not null constraint timeline_booking_id_fkey references booking.bookings,
  at timestamptz not null default app.now(),
  actor uuid,
  party text not null constraint timeline_party_check check (party in ('customer', 'provider', 'staff', 'system')),
  from_status text,
  to_status text not null,
  reason varchar(500)
) partition by range (id);
create index timeline_booking_id_idx on booking.timeline (booking_id, id);
create trigger timeline_append_only before update or delete on booking.timeline
  for each row execute function app.refuse_change();
select app.protect('booking.timeline');
create policy api_select on booking.timeline for select to vicinity_api
  using (exists (
    select from booking.bookings b
    where b.id = booking_id and (b.customer_id = (select app.actor()) or b.provider_id = (select app.actor()))));
grant select on booking.timeline to vicinity_api, vicinity_worker;

-- Who occupies which unit of a resource when. A hold is a booking that its provider has not accepted yet, a block is the
-- provider's own use. All are rows of one kind, so that nothing overlaps. Written by `booking.reserve` only, which inserts
-- with `on conflict do nothing`: plain inserts that race wait for each other until the deadlock detector ends it.
create table booking.reservations (
  id uuid not null default app.uuid_v7() constraint reservations_pkey primary key,
  marketplace text not null constraint reservations_marketplace_fkey references app.marketplaces,
  resource_id uuid not null,
  unit integer not null constraint reservations_unit_check check (unit >= 1),
  -- Deferred, since the time is taken before the booking is written.
  booking_id uuid constraint reservations_booking_id_fkey references booking.bookings deferrable initially deferred,
  kind text not null constraint reservations_kind_check check (kind in ('hold', 'booking', 'block')),
  during tstzrange not null constraint reservations_during_check
    check (not isempty(during) and lower_inc(during) and not upper_inc(during)
      and not lower_inf(during) and not upper_inf(during)),
  expires_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint reservations_expires_at_check check ((kind = 'hold') = (expires_at is not null)),
  constraint reservation_no_overlap exclude using gist (resource_id with =, unit with =, during with &&)
);
create index reservations_booking_id_idx on booking.reservations (booking_id);
create index reservations_expires_at_idx on booking.reservations (expires_at) where expires_at is not null;
select app.protect('booking.reservations');

-- Which times are taken, and nothing about by whom. With the owner's rights: under row-level security a range operator
-- could not use the index.
create view booking.occupied as
  select r.resource_id, r.unit, r.during
  from booking.reservations r
  where r.marketplace = (select app.marketplace())
    and (r.expires_at is null or r.expires_at > (select app.now()));
grant select on booking.occupied to vicinity_api;

-- Bookings as they stand at this moment: a request whose time to be answered is over reads as cancelled before the timer
-- has come to it. Row-level security holds as on the table.
create view booking.my_bookings with (security_invoker = true) as
  select b.id, b.number, b.module, b.resource_id, b.resource_name, b.customer_id, b.provider_id, b.unit, b.starts_at,
         b.ends_at, b.time_zone,
         case when e.expired then f.cancelled else b.status end as status,
         case when not e.expired then b.expires_at end as expires_at,
         b.line_items, b.currency, b.subtotal_amount, b.fee_amount, b.total_amount, b.payment_status, b.customer_notes,
         case when e.expired then 'system' else b.cancelled_by end as cancelled_by,
         case when e.expired then 'request_expired' else b.cancellation_reason end as cancellation_reason,
         b.version, b.confirmed_at,
         case when e.expired then b.expires_at else b.cancelled_at end as cancelled_at,
         b.completed_at, b.created_at, b.updated_at
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  cross join lateral (select coalesce(b.expires_at <= (select app.now()), false) as expired) as e;
grant select on booking.my_bookings to vicinity_api;

insert into app.partition_policies (parent, period, since, retain) values
  ('booking.bookings', 'year', '2024-01-01Z', null),
  ('booking.timeline', 'year', '2024-01-01Z', null);
insert into app.timer_handlers (kind, handler) values ('booking.expire_request', 'booking.expire_request');
