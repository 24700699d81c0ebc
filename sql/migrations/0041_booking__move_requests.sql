-- Requests to move: where a provider agrees to each booking, another time waits for their answer while the agreed one stays. One of a
-- booking at most, so it stands in its row; what became of each is in the timeline.
--
-- { id, starts_at, ends_at, expires_at, capacity, line_items, currency, subtotal_amount, fee_amount, discount_amount, total_amount,
-- facts, policy? }: what `booking.move` takes, and until when it is answered. The time that it adds is held until then.
alter table booking.bookings add column move_request jsonb
  constraint bookings_move_request_check check (move_request is null
    or confirmed_at is not null and completed_at is null and cancelled_at is null and awaits is null
      and move_request ?& array['id', 'starts_at', 'ends_at', 'expires_at', 'total_amount']
      and booking.sum_of(move_request -> 'line_items', 'customer') = (move_request ->> 'total_amount')::bigint);

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
         b.completed_at, b.created_at, b.updated_at, b.discount_amount,
         case when (b.move_request ->> 'expires_at')::timestamptz > (select app.now()) then b.move_request end as move_request
  from booking.bookings b
  join booking.flows f on f.id = b.flow_id
  cross join lateral (select coalesce(b.expires_at <= (select app.now()), false) as expired) as e;

-- What wallet and credits have paid of something whose rest became a debt has its paper too.
create constraint trigger payments_papers_of_debts after update of settled_at on money.payments
  deferrable initially deferred for each row when (new.status = 'failed') execute function money.paper_trail();
