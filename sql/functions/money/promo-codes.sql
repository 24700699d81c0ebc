-- What a code takes off a subtotal, in minor units: never more than there is, nothing below its minimum, and a percentage is rounded
-- half up and capped.
create or replace function money.discount_of(discount_type text, discount_value bigint, max_discount_amount bigint,
  min_booking_amount bigint, subtotal bigint) returns bigint
language plpgsql immutable parallel safe as $$
begin
  if subtotal is null then return null; end if;
  if subtotal < min_booking_amount then return 0; end if;
  return least(subtotal, case discount_type
    when 'percentage' then least((2 * subtotal * discount_value + 10000) / 20000, max_discount_amount)
    else discount_value end);
end $$;

-- Why a code gives the person of this transaction nothing for a booking: a code that a refusal has, or null where it does give.
--
-- facts: { currency, subtotal_amount, provider_id, resource_id, service_id } of what is booked. A key that is not there is not asked
-- about.
create or replace function money.why_no_promo(promo money.promo_codes, facts jsonb) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if promo.id is null then return 'promo_unknown'; end if;
  if not promo.is_active then return 'promo_inactive'; end if;
  if promo.valid_from > app.now() then return 'promo_not_started'; end if;
  if promo.valid_until <= app.now() then return 'promo_expired'; end if;
  if promo.usage_count >= promo.usage_limit then return 'promo_used_up'; end if;
  if facts ->> 'currency' <> promo.currency
    or facts ? 'service_id' and not promo.applicable_service_ids ? coalesce(lower(facts ->> 'service_id'), '')
    or facts ? 'provider_id' and not promo.applicable_provider_ids ? coalesce(lower(facts ->> 'provider_id'), '')
    or facts ? 'resource_id' and not promo.applicable_resource_ids ? coalesce(lower(facts ->> 'resource_id'), '') then
    return 'promo_not_applicable';
  end if;
  if promo.new_customers_only and exists (
    select from booking.bookings b
    where b.customer_id = app.actor() and b.marketplace = app.marketplace() and b.completed_at is not null) then
    return 'promo_new_customers_only';
  end if;
  if promo.per_user_limit <= (
    select count(*) from money.promo_code_usages u
    where u.user_id = app.actor() and u.promo_code_id = promo.id and u.released_at is null) then
    return 'promo_used_by_you';
  end if;
  -- A share that comes to nothing would be a use for nothing.
  if money.discount_of(promo.discount_type, promo.discount_value, promo.max_discount_amount, promo.min_booking_amount,
      (facts ->> 'subtotal_amount')::bigint) = 0 then
    return 'promo_minimum';
  end if;
  return null;
end $$;

-- What a code would take off for the person of this transaction, and why nothing if so. Changes nothing but the count of guesses:
-- whoever names codes that there are not is stopped, with too_many_requests.
--
-- facts: as `money.why_no_promo` takes them. Returns { code, reason, discount_amount, discount_type, discount_value, currency,
-- max_discount_amount, min_booking_amount, valid_until }: what the code says is null where there is no such code, and discount_amount
-- also where no subtotal was told.
create or replace function money.promo_terms(code text, facts jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare promo money.promo_codes; reason text; guesses record;
begin
  select p.* into promo from money.promo_codes p where p.marketplace = app.marketplace() and p.code = promo_terms.code;
  for guesses in
    select 'promo/' || g.guesser as bucket, g.most
    from (values (app.actor()::text, 30), (app.caller_network(), 100)) as g (guesser, most) where g.guesser is not null
  loop
    if promo.id is null and app.draw(guesses.bucket, guesses.most, interval '1 hour') is not null
      or promo.id is not null and app.is_empty(guesses.bucket, guesses.most, interval '1 hour') then
      perform app.refuse('too_many_requests');
    end if;
  end loop;
  reason := money.why_no_promo(promo, facts);
  return jsonb_build_object('code', promo_terms.code, 'reason', reason, 'currency', promo.currency,
    'discount_type', promo.discount_type, 'discount_value', promo.discount_value,
    'max_discount_amount', promo.max_discount_amount, 'min_booking_amount', promo.min_booking_amount,
    'valid_until', promo.valid_until,
    'discount_amount', case when reason is not null then 0 else money.discount_of(promo.discount_type, promo.discount_value,
      promo.max_discount_amount, promo.min_booking_amount, (facts ->> 'subtotal_amount')::bigint) end);
end $$;

-- Uses a code for a booking that was just placed at a price less its discount. Everybody who uses the code waits for its row here, so
-- that no limit is overrun; it is the last row that a booking locks. Refuses as `money.why_no_promo` tells, and with price_changed
-- where the code gives another discount now.
create or replace function money.use_promo_code(b booking.bookings, code text, service_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare promo money.promo_codes; reason text;
begin
  select p.* into promo from money.promo_codes p
  where p.marketplace = b.marketplace and p.code = use_promo_code.code for no key update;
  reason := money.why_no_promo(promo, jsonb_build_object('currency', b.currency, 'subtotal_amount', b.subtotal_amount,
    'provider_id', b.provider_id, 'resource_id', b.resource_id, 'service_id', use_promo_code.service_id));
  if reason is not null then perform app.refuse(reason); end if;
  if b.discount_amount <> money.discount_of(promo.discount_type, promo.discount_value, promo.max_discount_amount,
      promo.min_booking_amount, b.subtotal_amount) then
    perform app.refuse('price_changed');
  end if;
  update money.promo_codes p set usage_count = p.usage_count + 1 where p.id = promo.id;
  insert into money.promo_code_usages (marketplace, promo_code_id, user_id, booking_id, discount_amount, discount_type,
    discount_value, max_discount_amount, min_booking_amount)
  values (b.marketplace, promo.id, b.customer_id, b.id, b.discount_amount, promo.discount_type, promo.discount_value,
    promo.max_discount_amount, promo.min_booking_amount);
end $$;

-- What the code that a booking was made with takes off another subtotal of it: by what it gave then. Zero for one without a code.
create or replace function money.discount_of_booking(booking_id uuid, subtotal bigint) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return coalesce((
    select money.discount_of(u.discount_type, u.discount_value, u.max_discount_amount, u.min_booking_amount, subtotal)
    from money.promo_code_usages u where u.booking_id = discount_of_booking.booking_id), 0);
end $$;

-- Called when a booking has been moved.
create or replace function money.move_promo_use(booking_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.promo_code_usages u set discount_amount = b.discount_amount
  from booking.bookings b
  where u.booking_id = move_promo_use.booking_id and b.id = u.booking_id and u.discount_amount <> b.discount_amount
$$;

-- Called when a booking is over. The use is given back where it was cancelled before it was accepted, and where it was not its
-- customer who cancelled.
create or replace function money.end_promo_use(booking_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare used uuid;
begin
  update money.promo_code_usages u set released_at = app.now()
  from booking.bookings b
  where u.booking_id = end_promo_use.booking_id and u.released_at is null and b.id = u.booking_id
    and b.cancelled_at is not null and (b.confirmed_at is null or b.cancelled_by <> 'customer')
  returning u.promo_code_id into used;
  update money.promo_codes p set usage_count = p.usage_count - 1 where p.id = used;
end $$;

create or replace function money.miscounted_promo_codes(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('promo_code_id', p.id, 'usage_count', p.usage_count, 'uses', u.uses)
  from money.promo_codes p
  cross join lateral (
    select count(*) filter (where u.released_at is null) as uses, count(*) filter (where u.discount_amount <> b.discount_amount) as wrong
    from money.promo_code_usages u join booking.bookings b on b.id = u.booking_id where u.promo_code_id = p.id) as u
  where money.is_looked_at(p.marketplace) and (since is null or p.updated_at >= since) and (u.uses <> p.usage_count or u.wrong > 0)
$$;

grant execute on function money.promo_terms(text, jsonb) to vicinity_api;
