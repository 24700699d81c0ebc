-- What every booking pays for, whatever is in it: PostgreSQL reads each CHECK of a table anew from its text at each statement that
-- inserts, so the same conditions are written shorter, lists as one constant; and an index less to enter where none looks there.
alter table booking.bookings
  drop constraint bookings_payment_status_check, drop constraint bookings_cancelled_by_check,
  drop constraint bookings_awaits_check, drop constraint bookings_refund_items_check,
  add constraint bookings_payment_status_check
    check (payment_status = any ('{pending,processing,succeeded,failed,cancelled,refunded}'::text[])),
  add constraint bookings_cancelled_by_check check (cancelled_by = any ('{customer,provider,staff,system}'::text[])),
  add constraint bookings_awaits_check
    check (num_nulls(awaits, expires_at) <> 1 and awaits = any ('{payment,answer}'::text[])),
  -- Most bookings return nothing, and nothing adds up to nothing.
  add constraint bookings_refund_items_check
    check (refund_items = '[]' and refund_amount = 0 or booking.sum_of(refund_items, 'customer') = refund_amount);
alter table booking.reservations
  drop constraint reservations_kind_check, drop constraint reservations_during_check,
  add constraint reservations_kind_check check (kind = any ('{hold,booking,block}'::text[])),
  -- No bound that is infinite is inclusive, and an empty range has none.
  add constraint reservations_during_check check (lower_inc(during) and not upper_inc(during) and not upper_inf(during));
alter table booking.timeline
  drop constraint timeline_party_check,
  add constraint timeline_party_check check (party = any ('{customer,provider,staff,system}'::text[]));
alter table app.timers
  drop constraint timers_outcome_check,
  add constraint timers_outcome_check check (outcome = any ('{done,cancelled,failed}'::text[]));

-- What is brought is looked for among reservations. A status that is over is looked for beside those that have an index of their own.
drop index booking.bookings_subject_id_idx, booking.bookings_status_idx;
create index bookings_status_idx on booking.bookings (status)
  where status <> all ('{pending,confirmed,active,in_progress}'::text[]);

-- A bucket is found by its name. Without another index the row of who draws stays in its place; the cleanup reads them all.
drop index app.rate_limits_full_at_idx;
alter table app.rate_limits set (fillfactor = 70);

-- They are told or tell something else now. Whether changes are left is asked with what else is asked of a caller.
drop function if exists app.check_permission(uuid, text, text, boolean), app.has_no_change(text), app.draw_change(text);
