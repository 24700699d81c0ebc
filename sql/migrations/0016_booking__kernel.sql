-- The booking kernel for every marketplace: flows with clocks and places, payment deadlines, what a customer brings, policies and
-- refunds, overstays, moves, and what other modules do at a step.

-- What a flow says beyond its steps. Versions that are there get what their steps imply.
alter table booking.flows
  add column unpaid text,
  add column running text,
  add column completed text,
  add column no_show text,
  add column timers jsonb not null default '[]';
update booking.flows f set
  unpaid = coalesce(f.on_request, f.instant),
  running = coalesce((select t ->> 'to' from jsonb_array_elements(f.transitions) as t
                      where t ->> 'to' in ('active', 'in_progress') limit 1), f.instant),
  completed = 'completed', no_show = 'no_show';
alter table booking.flows
  alter column unpaid set not null, alter column running set not null,
  alter column completed set not null, alter column no_show set not null;

-- Until `expires_at` a booking waits for its payment or for its provider's answer. `answer_seconds` is how long the provider has,
-- null where no answer is needed. `clock_step` counts the flow's timers that have run in the present status. A move fixes in
-- `refund_cap` what cancelling would have returned before it, so that nobody moves a booking away from its policy.
alter table booking.bookings
  add column subject_id uuid,
  add column location geography(point, 4326),
  add column buffer_before integer not null default 0
    constraint bookings_buffer_before_check check (buffer_before between 0 and 604800),
  add column buffer_after integer not null default 0
    constraint bookings_buffer_after_check check (buffer_after between 0 and 604800),
  add column awaits text,
  add column answer_seconds integer constraint bookings_answer_seconds_check check (answer_seconds > 0),
  add column policy jsonb not null default '{}',
  add column facts jsonb not null default '{}',
  add column provider_notes varchar(2000),
  add column refund_amount bigint not null default 0,
  add column refund_items jsonb not null default '[]',
  add column refund_cap smallint not null default 100
    constraint bookings_refund_cap_check check (refund_cap between 0 and 100),
  add column overstay_amount bigint not null default 0
    constraint bookings_overstay_amount_check check (overstay_amount between 0 and total_amount),
  add column clock_step integer not null default 0,
  add column started_at timestamptz;
update booking.bookings b set awaits = 'answer', answer_seconds = 86400 where b.expires_at is not null;
alter table booking.bookings
  add constraint bookings_awaits_check check (awaits in ('payment', 'answer') and expires_at is not null
    or awaits is null and expires_at is null),
  add constraint bookings_refund_amount_check check (refund_amount between 0 and total_amount),
  add constraint bookings_refund_items_check check (booking.sum_of(refund_items, 'customer') = refund_amount);
create index bookings_subject_id_idx on booking.bookings (subject_id, starts_at) where subject_id is not null;

-- What happened, also where the status stayed: a move, a payment, a code that was shown. Lines are in the order of the booking's
-- versions and then of their ids: the clocks of two Lambdas differ.
alter table booking.timeline
  add column version integer not null default 1,
  add column event varchar(60),
  add column details jsonb not null default '{}';

-- Functions that other modules have at a step of a booking: run with its id in the step's own transaction, in the order of their
-- names. The module null is every module's.
create table booking.step_handlers (
  moment text not null constraint step_handlers_moment_check
    check (moment in ('confirmed', 'started', 'moved', 'completed', 'ended')),
  module text,
  handler text not null,
  constraint step_handlers_pkey primary key (moment, handler)
);
select app.protect('booking.step_handlers');

-- One clock for each booking: its deadline while it waits, then the timers of its flow.
insert into app.timer_handlers (kind, handler) values ('booking.clock', 'booking.tick');
update app.timers t set kind = 'booking.clock' where t.kind = 'booking.expire_request';
delete from app.timer_handlers h where h.kind = 'booking.expire_request';
drop function if exists booking.expire_request(uuid);
drop function if exists booking.transition(uuid, text, text, text);
drop function if exists booking.cancel(uuid, text);

-- Numbers come from a sequence for each marketplace and year, `booking.number_drv_2026`, made by the first booking of a year: a
-- counter's row let the bookings of a marketplace through one commit at a time.
do $$
declare counted record;
begin
  for counted in
    select lower(m.booking_prefix) as prefix, c.year, c.last
    from booking.counters c join app.marketplaces m on m.slug = c.marketplace
  loop
    execute format('create sequence booking.%I start %s', 'number_' || counted.prefix || '_' || counted.year, counted.last + 1);
  end loop;
end $$;
drop function if exists booking.next_number();
drop table booking.counters;

-- As plpgsql keeps its plans for the session, what every row calls costs a sixth of what it did: 0.1 ms for each id.
create or replace function app.uuid_v7() returns uuid language plpgsql volatile as $$
declare made bigint := coalesce(nullif(current_setting('app.ids', true), ''), '0')::bigint + 1;
begin
  perform set_config('app.ids', made::text, true);
  return encode(int8send(
      (floor(extract(epoch from app.now() + (clock_timestamp() - now())) * 1000)::bigint << 16) | 28672 | (made & 4095))
    || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid;
end $$;
create or replace function booking.sum_of(line_items jsonb, payer text) returns bigint
language plpgsql immutable strict parallel safe as $$
begin
  return (select coalesce(sum((item ->> 'amount')::bigint), 0)
          from jsonb_array_elements(line_items) as item where item ->> 'payer' = sum_of.payer);
end $$;

drop view booking.my_bookings;
create view booking.my_bookings with (security_invoker = true) as
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
         b.completed_at, b.created_at, b.updated_at
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  cross join lateral (select coalesce(b.expires_at <= (select app.now()), false) as expired) as e;
grant select on booking.my_bookings to vicinity_api;
