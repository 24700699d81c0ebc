-- Notes the tip that the customer of this transaction is about to give for a completed booking, up to what the booking cost: it is paid
-- for as purpose `tip` and goes to the provider whole. While it is not paid another amount takes its place. Refuses with not_found,
-- booking_not_completed, provider_gone, tip_too_high and already_tipped.
create or replace function money.open_tip(booking_id uuid, amount bigint) returns setof money.tips
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare b booking.bookings := money.lock_booking(open_tip.booking_id);
begin
  if b.id is null or b.customer_id is distinct from app.actor() then perform app.refuse('not_found'); end if;
  if b.completed_at is null then perform app.refuse('booking_not_completed'); end if;
  if exists (select from identity.users u where u.id = b.provider_id and u.deleted_at is not null) then
    perform app.refuse('provider_gone');
  end if;
  if open_tip.amount > b.total_amount then perform app.refuse('tip_too_high'); end if;
  perform money.lock_subject('tip', t.id) from money.tips t where t.booking_id = b.id;
  if exists (select from money.tips t where t.booking_id = b.id and t.status in ('paid', 'refunded')) then
    perform app.refuse('already_tipped');
  end if;
  return query
    insert into money.tips as t (marketplace, booking_id, user_id, provider_id, amount, currency)
    values (b.marketplace, b.id, b.customer_id, b.provider_id, open_tip.amount, b.currency)
    on conflict on constraint tips_booking_id_key do update set amount = excluded.amount
    returning *;
end $$;

create or replace function money.payable_tip(tip_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payer_id', t.user_id, 'amount', t.amount, 'currency', t.currency,
    'description', 'Tip for booking ' || b.number, 'payable', t.status in ('pending', 'failed') and u.deleted_at is null,
    'code', case when u.deleted_at is null then 'already_paid' else 'provider_gone' end,
    'items', jsonb_build_array(jsonb_build_object(
      'payer', 'customer', 'payee', 'provider', 'user_id', t.provider_id, 'amount', t.amount)))
  from money.tips t join booking.bookings b on b.id = t.booking_id join identity.users u on u.id = t.provider_id
  where t.id = payable_tip.tip_id and t.marketplace = app.marketplace()
$$;

-- What was paid is the tip, also where another amount was noted meanwhile.
create or replace function money.tell_tip(tip_id uuid, payment_id uuid, status text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.tips t set status = money.status_of_subject('tips', t.status, tell_tip.status),
    amount = case tell_tip.status when 'succeeded' then p.amount else t.amount end
  from money.payments p where t.id = tell_tip.tip_id and p.id = tell_tip.payment_id
$$;

grant execute on function money.open_tip(uuid, bigint) to vicinity_api;
