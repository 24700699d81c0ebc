-- What bookings hold on people. The record itself stays with both parties and the books; what one of them wrote goes.
select privacy.register('booking.bookings', '$1 in (t.customer_id, t.provider_id)', 'anonymise',
  '7 years and longer: the books, under opaque ids',
  '{"customer_notes": "case when t.customer_id is distinct from $1 then t.customer_notes end",
    "provider_notes": "case when t.provider_id is distinct from $1 then t.provider_notes end",
    "facts": "case when t.customer_id = $1 then ''{}'' else t.facts end",
    "move_request": "null",
    "location": "null",
    "resource_name": "case when t.provider_id = $1 then ''Deleted'' else t.resource_name end",
    "cancellation_reason": "case when t.cancelled_by = ''customer'' and t.customer_id <> $1 or t.cancelled_by = ''provider'' and t.provider_id <> $1 then t.cancellation_reason end"}',
  -- What the provider wrote for their own eyes is no business of the customer's.
  shown => '{"provider_notes": "case when t.provider_id = $1 then t.provider_notes end"}');
select privacy.register('booking.timeline',
  't.actor = $1 or exists (select from booking.bookings b where b.id = t.booking_id and $1 in (b.customer_id, b.provider_id))',
  'anonymise', 'with the booking', '{"reason": "case when t.actor is distinct from $1 then t.reason end"}');
select privacy.register('booking.flows', 'false', 'keep', 'configuration', exported => false);
select privacy.register('booking.step_handlers', 'false', 'keep', 'configuration', exported => false);
