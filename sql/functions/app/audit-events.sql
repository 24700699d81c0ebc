-- Writes the audit log's lines of events that the relay has carried: what people book and pay is on record there beside what they sign in
-- with, and no request waits for it. Whoever calls it does so once for each event, in the transaction that marks it sent.
create or replace function app.audit_events(carried app.outbox[]) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into app.audit_logs (marketplace, user_id, action, category, table_name, record_id, metadata, created_at)
  select e.marketplace,
         (e.payload ->> coalesce(a.person_key, case e.payload ->> 'cancelled_by' when 'customer' then 'customer_id' when 'provider' then 'provider_id' end))::uuid,
         e.type, a.category, a.record_table, e.payload ->> a.record_key,
         (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(e.payload) as f where f.key = any (a.facts))
           || jsonb_build_object('event_id', e.id),
         e.created_at
  from unnest(carried) as e join app.audited_events a on a.type = e.type
  order by e.id
$$;

insert into app.audited_events (type, category, record_table, record_key, person_key, facts) values
  ('booking.placed', 'booking', 'bookings', 'booking_id', 'customer_id', '{booking_id,number,resource_id,status,total_amount,currency}'),
  ('booking.moved', 'booking', 'bookings', 'booking_id', 'customer_id', '{booking_id,number,resource_id,starts_at,ends_at,total_amount,previous_starts_at,previous_ends_at,previous_total_amount}'),
  ('booking.declined', 'booking', 'bookings', 'booking_id', 'provider_id', '{booking_id,number,resource_id,status}'),
  ('booking.cancelled', 'booking', 'bookings', 'booking_id', null, '{booking_id,number,resource_id,status,cancelled_by,refund_amount,currency}'),
  ('payment.authorized', 'payment', 'payments', 'payment_id', 'user_id', '{payment_id,booking_id,purpose,subject_id,amount,currency}'),
  ('payment.succeeded', 'payment', 'payments', 'payment_id', 'user_id', '{payment_id,booking_id,purpose,subject_id,amount,currency}'),
  ('payment.failed', 'payment', 'payments', 'payment_id', 'user_id', '{payment_id,booking_id,purpose,subject_id,amount,currency}'),
  ('payment.cancelled', 'payment', 'payments', 'payment_id', 'user_id', '{payment_id,booking_id,purpose,subject_id,amount,currency}'),
  ('refund.changed', 'payment', 'payments', 'payment_id', 'user_id', '{payment_id,booking_id,refunded_amount,currency,status}')
on conflict on constraint audited_events_pkey do update set category = excluded.category, record_table = excluded.record_table,
  record_key = excluded.record_key, person_key = excluded.person_key, facts = excluded.facts;
