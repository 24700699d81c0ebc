-- Gives a refund that failed another way: to where it came from once more, to the wallet, or as credits. Refuses with not_found,
-- own_payment, refund_not_failed, refund_replaced, not_whole_credits and account_closed.
create or replace function money.retry_refund(refund_id uuid, back_to text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p money.payments; r money.refunds; made money.refunds; unit bigint;
begin
  if not identity.has_permission(app.actor(), 'money.refund') then perform app.refuse('forbidden'); end if;
  select t.* into r from money.refunds t where t.id = retry_refund.refund_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  select t.* into strict p from money.payments t where t.id = r.payment_id;
  if p.payer_id = app.actor() then perform app.refuse('own_payment'); end if;
  perform money.lock_subject(p.purpose, coalesce(p.booking_id, p.subject_id));
  select t.* into strict p from money.payments t where t.id = p.id for update;
  select t.* into strict r from money.refunds t where t.id = r.id for update;
  if r.status <> 'failed' then perform app.refuse('refund_not_failed', r.status); end if;
  if exists (select from money.refunds t where t.replaces = r.id) then perform app.refuse('refund_replaced'); end if;
  select power(10, c.exponent) into strict unit from money.currencies c where c.code = p.currency;
  if back_to = 'credits' and r.amount % unit <> 0 then perform app.refuse('not_whole_credits'); end if;
  insert into money.refunds (marketplace, payment_id, attempt_id, method, currency, amount, reason, status, reduction_id, replaces)
  values (p.marketplace, p.id, case when back_to = 'source' then r.attempt_id end,
    case back_to when 'source' then 'gateway' else back_to end, r.currency, r.amount, r.reason,
    case when back_to = 'source' then 'pending' else 'succeeded' end, r.reduction_id, r.id)
  returning * into made;
  if made.method <> 'gateway' then perform money.post_refund(p, made); end if;
  perform money.count_refunds(p.id);
  perform money.ask_for_work(p.id);
  perform app.audit('money.refund_retried', 'money', 'refunds', made.id::text,
    new_values => jsonb_build_object('payment_id', p.id, 'replaces', r.id, 'to', back_to, 'amount', r.amount));
  return jsonb_build_object('id', made.id, 'payment_id', p.id, 'replaces', r.id, 'method', made.method, 'currency', made.currency,
    'amount', made.amount, 'reason', made.reason, 'status', made.status, 'created_at', made.created_at);
end $$;

grant execute on function money.retry_refund(uuid, text) to vicinity_api;
