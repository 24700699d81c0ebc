-- A promo code in the marketplace's currency. facts: columns of `money.promo_codes`. Refuses by the names of its constraints.
create or replace function money.create_promo_code(facts jsonb) returns money.promo_codes
language plpgsql security definer set search_path = public, pg_temp as $$
declare promo money.promo_codes := jsonb_populate_record(null::money.promo_codes, facts);
begin
  insert into money.promo_codes (marketplace, code, discount_type, discount_value, currency, max_discount_amount, valid_from,
    valid_until, usage_limit, per_user_limit, min_booking_amount, applicable_service_ids, applicable_provider_ids,
    applicable_resource_ids, new_customers_only)
  select m.slug, promo.code, promo.discount_type, promo.discount_value, m.currency, promo.max_discount_amount, promo.valid_from,
         promo.valid_until, promo.usage_limit, promo.per_user_limit, promo.min_booking_amount,
         money.ids_of(promo.applicable_service_ids), money.ids_of(promo.applicable_provider_ids),
         money.ids_of(promo.applicable_resource_ids), promo.new_customers_only
  from app.marketplaces m where m.slug = app.marketplace()
  returning * into promo;
  perform app.audit('money.promo_code_created', 'money', 'promo_codes', promo.id::text, new_values => to_jsonb(promo));
  return promo;
end $$;

-- A list of ids as ids are written here.
create or replace function money.ids_of(list jsonb) returns jsonb language sql immutable as $$
  select lower(list::text)::jsonb
$$;

-- Changes what `changes` names. Its name, its currency and its uses are nobody's to change. Refuses with not_found and as above.
create or replace function money.change_promo_code(promo_code_id uuid, changes jsonb) returns money.promo_codes
language plpgsql security definer set search_path = public, pg_temp as $$
declare earlier money.promo_codes; wanted money.promo_codes; promo money.promo_codes;
begin
  select p.* into earlier from money.promo_codes p
  where p.id = change_promo_code.promo_code_id and p.marketplace = app.marketplace() for no key update;
  if not found then perform app.refuse('not_found'); end if;
  wanted := jsonb_populate_record(earlier, changes);
  update money.promo_codes p set discount_type = wanted.discount_type, discount_value = wanted.discount_value,
    max_discount_amount = wanted.max_discount_amount, valid_from = wanted.valid_from, valid_until = wanted.valid_until,
    usage_limit = wanted.usage_limit, per_user_limit = wanted.per_user_limit, min_booking_amount = wanted.min_booking_amount,
    applicable_service_ids = money.ids_of(wanted.applicable_service_ids),
    applicable_provider_ids = money.ids_of(wanted.applicable_provider_ids),
    applicable_resource_ids = money.ids_of(wanted.applicable_resource_ids), new_customers_only = wanted.new_customers_only,
    is_active = wanted.is_active
  where p.id = earlier.id returning p.* into promo;
  perform app.audit('money.promo_code_changed', 'money', 'promo_codes', promo.id::text, old_values => to_jsonb(earlier),
    new_values => to_jsonb(promo));
  return promo;
end $$;

-- The marketplace's codes, the newest first, from behind the one of the id `before`. wanted: { code?, is_active? }
create or replace function money.list_promo_codes(wanted jsonb, before uuid, most integer) returns setof money.promo_codes
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
    select p.* from money.promo_codes p
    where p.marketplace = app.marketplace() and (before is null or p.id < before)
      and (not wanted ? 'code' or p.code = wanted ->> 'code')
      and (not wanted ? 'is_active' or p.is_active = (wanted ->> 'is_active')::boolean)
    order by p.id desc limit most;
end $$;

-- A code with what it takes off the bookings that use it, and how many people use it. None for one of another marketplace.
create or replace function money.show_promo_code(promo_code_id uuid) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select to_jsonb(p) || jsonb_build_object('discount_amount', coalesce(u.discount_amount, 0), 'customers', u.customers)
  from money.promo_codes p
  cross join lateral (
    select sum(u.discount_amount) as discount_amount, count(distinct u.user_id) as customers
    from money.promo_code_usages u where u.promo_code_id = p.id and u.released_at is null) as u
  where p.id = show_promo_code.promo_code_id and p.marketplace = app.marketplace()
$$;

grant execute on function money.create_promo_code(jsonb), money.change_promo_code(uuid, jsonb),
  money.list_promo_codes(jsonb, uuid, integer), money.show_promo_code(uuid) to vicinity_api;
