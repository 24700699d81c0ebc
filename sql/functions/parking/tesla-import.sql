-- Lends the caller's tokens for one look at their vehicles, with one of the hour's calls. Refuses with too_many_requests when those
-- are used up.
create or replace function parking.lend_tesla_tokens() returns table (state text, user_id uuid, region text,
  access_token_sealed text, refresh_token_sealed text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if parking.take_tesla_call(0) is not null then perform app.refuse('too_many_requests'); end if;
  return query select * from identity.use_tesla_tokens();
end $$;

-- Keeps the vehicles of the caller's Tesla account. Returns those that are the caller's now, and the VINs that somebody else has in use.
-- settlement: what became of a token that was refreshed on the way, as `identity.settle_tesla_tokens` takes it, or null.
create or replace function parking.import_tesla_vehicles(told jsonb, settlement jsonb) returns table (vehicles jsonb, taken jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare item jsonb; kept parking.vehicles;
begin
  if settlement is not null then
    perform identity.settle_tesla_tokens(app.actor(), settlement ->> 'claimed', settlement -> 'answer');
  end if;
  vehicles := '[]';
  taken := '[]';
  -- Two imports at once would each take the other's rows for somebody else's.
  perform from identity.users u where u.id = app.actor() for no key update;
  for item in select value from jsonb_array_elements(told) loop
    kept := parking.keep_tesla_vehicle(item);
    if kept.id is null then
      taken := taken || jsonb_build_array(item -> 'vin');
    else
      vehicles := vehicles
        || jsonb_build_array(to_jsonb(kept) || jsonb_build_object('tesla_vehicle_id', kept.tesla_vehicle_id::text));
    end if;
  end loop;
  return next;
end $$;

grant execute on function parking.lend_tesla_tokens(), parking.import_tesla_vehicles(jsonb, jsonb) to vicinity_api;
