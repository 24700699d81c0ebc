-- Promo codes and who has used them. The platform bears what they take off: the customer pays less, and whoever is booked gets as much
-- as without.

create table money.promo_codes (
  id uuid not null default app.uuid_v7() constraint promo_codes_pkey primary key,
  marketplace text not null constraint promo_codes_marketplace_fkey references app.marketplaces,
  -- As people write it, in capitals.
  code varchar(50) not null constraint promo_codes_code_check check (code ~ '^[A-Z0-9][A-Z0-9_-]{2,49}$'),
  discount_type text not null
    constraint promo_codes_discount_type_check check (discount_type in ('percentage', 'fixed_amount')),
  -- Hundredths of a percent of the subtotal, or the minor unit of the currency.
  discount_value bigint not null,
  currency text not null constraint promo_codes_currency_fkey references money.currencies,
  -- The most that a percentage takes off.
  max_discount_amount bigint,
  -- Half-open.
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  -- How often it is used, by all and by one person. Null is without end.
  usage_limit integer constraint promo_codes_usage_limit_check check (usage_limit > 0),
  usage_count integer not null default 0,
  per_user_limit integer not null default 1 constraint promo_codes_per_user_limit_check check (per_user_limit > 0),
  -- What the subtotal must come to.
  min_booking_amount bigint constraint promo_codes_min_booking_amount_check check (min_booking_amount >= 0),
  -- Lists of ids. Null is all of them.
  applicable_service_ids jsonb,
  applicable_provider_ids jsonb,
  applicable_resource_ids jsonb,
  new_customers_only boolean not null default false,
  is_active boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint promo_codes_code_key unique (marketplace, code),
  constraint promo_codes_discount_value_check
    check (discount_value > 0 and (discount_type <> 'percentage' or discount_value <= 10000)),
  constraint promo_codes_max_discount_amount_check
    check (max_discount_amount > 0 and (discount_type = 'percentage' or max_discount_amount is null)),
  constraint promo_codes_validity_check check (valid_until > valid_from),
  -- Whatever the functions count: nobody uses a code once more than it may be used.
  constraint promo_codes_usage_count_check check (usage_count >= 0 and coalesce(usage_count <= usage_limit, true)),
  constraint promo_codes_applicable_check check (
    jsonb_typeof(coalesce(applicable_service_ids, '[]')) = 'array'
    and jsonb_typeof(coalesce(applicable_provider_ids, '[]')) = 'array'
    and jsonb_typeof(coalesce(applicable_resource_ids, '[]')) = 'array')
);
create index promo_codes_validity_idx on money.promo_codes (valid_from, valid_until);
create index promo_codes_marketplace_idx on money.promo_codes (marketplace, id);
create trigger promo_codes_touch before update on money.promo_codes for each row execute function app.touch_updated_at();
create trigger promo_codes_undeletable before delete on money.promo_codes for each row execute function app.refuse_change();
select app.protect('money.promo_codes');

-- One for each booking at most. A use that was given back stays, and counts no more.
create table money.promo_code_usages (
  id uuid not null default app.uuid_v7() constraint promo_code_usages_pkey primary key,
  marketplace text not null constraint promo_code_usages_marketplace_fkey references app.marketplaces,
  promo_code_id uuid not null constraint promo_code_usages_promo_code_id_fkey references money.promo_codes,
  user_id uuid not null constraint promo_code_usages_user_id_fkey references identity.users,
  booking_id uuid not null constraint promo_code_usages_booking_id_fkey references booking.bookings,
  discount_amount bigint not null constraint promo_code_usages_discount_amount_check check (discount_amount >= 0),
  -- What the code gave when it was used: a booking that is moved is reckoned by that, whatever has become of the code.
  discount_type text not null,
  discount_value bigint not null,
  max_discount_amount bigint,
  min_booking_amount bigint,
  released_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint promo_code_usages_booking_id_key unique (booking_id)
);
create index promo_code_usages_promo_code_id_idx on money.promo_code_usages (promo_code_id);
create index promo_code_usages_user_id_idx on money.promo_code_usages (user_id, promo_code_id);
create trigger promo_code_usages_undeletable before delete on money.promo_code_usages
  for each row execute function app.refuse_change();
select app.protect('money.promo_code_usages');
create policy api_select on money.promo_code_usages for select to vicinity_api
  using (user_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.promo_code_usages to vicinity_api;

-- What the platform bears of a booking's price.
alter table booking.bookings
  add column discount_amount bigint not null default 0
    constraint bookings_discount_amount_check check (discount_amount between 0 and subtotal_amount),
  drop constraint bookings_total_amount_check,
  add constraint bookings_total_amount_check check (total_amount = subtotal_amount + fee_amount - discount_amount);
create or replace view booking.my_bookings with (security_invoker = true) as
  select b.id, b.number, b.module, b.resource_id, b.resource_name, b.customer_id, b.provider_id, b.subject_id, b.unit,
         b.starts_at, b.ends_at, b.time_zone,
         case when e.expired then f.cancelled else b.status end as status,
         case when not e.expired then b.awaits end as awaits,
         case when not e.expired then b.expires_at end as expires_at,
         b.line_items, b.currency, b.subtotal_amount, b.fee_amount, b.total_amount, b.overstay_amount,
         case when e.expired then b.total_amount else b.refund_amount end as refund_amount,
         b.payment_status, b.policy, b.facts, b.customer_notes,
         case when b.provider_id = (select app.actor()) then b.provider_notes end as provider_notes,
         case when e.expired then 'system' else b.cancelled_by end as cancelled_by,
         case when e.expired then case b.awaits when 'payment' then 'payment_expired' else 'request_expired' end
              else b.cancellation_reason end as cancellation_reason,
         b.version, b.confirmed_at, b.started_at,
         case when e.expired then b.expires_at else b.cancelled_at end as cancelled_at,
         b.completed_at, b.created_at, b.updated_at, b.discount_amount
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  cross join lateral (select coalesce(b.expires_at <= (select app.now()), false) as expired) as e;

insert into booking.step_handlers (moment, handler) values
  ('moved', 'money.move_promo_use'), ('ended', 'money.end_promo_use');

insert into money.invariants (name, description, checker) values
  ('promo_uses_counted', 'A promo code counts its uses, and takes off what they say.', 'money.miscounted_promo_codes');
