-- The terms of a space as `parking.terms` tells them, and what a promo code takes off, as `money.promo_terms` tells it. Refuses as both do.
--
-- Returns besides: { promo }, null without a code.
create or replace function parking.terms_with_promo(space_id uuid, starts_at timestamptz, ends_at timestamptz, vehicle_id uuid,
  fallback_basis_points integer, promo_code text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare terms jsonb := parking.terms(space_id, starts_at, ends_at, vehicle_id, fallback_basis_points);
begin
  if promo_code is null then return terms || '{"promo": null}'; end if;
  return terms || jsonb_build_object('promo', money.promo_terms(promo_code, jsonb_build_object(
    'currency', terms -> 'currency', 'subtotal_amount', terms #> '{tariff,amount}', 'resource_id', space_id, 'service_id', null,
    'provider_id', (select s.owner_id from parking.spaces s where s.id = terms_with_promo.space_id))));
end $$;

grant execute on function parking.terms_with_promo(uuid, timestamptz, timestamptz, uuid, integer, text) to vicinity_api;
