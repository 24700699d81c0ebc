-- Takes what the marketplaces' files say of reviews: "reviews": { "<module>": { "customer": { "type", "details" }, … } }. A kind
-- that a file does not name any more is not offered for later bookings. Returns how many are offered.
create or replace function reviews.seed_kinds(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare offered integer;
begin
  -- Those in force step down first, for one of a side may be offered at a time.
  update reviews.kinds k set is_offered = false where k.is_offered;
  insert into reviews.kinds as k (marketplace, module, reviewer_type, review_type, details)
  select m.value ->> 'slug', r.key, side.key, side.value ->> 'type',
         array(select jsonb_array_elements_text(side.value -> 'details'))
  from jsonb_array_elements(configuration) as m, jsonb_each(m.value -> 'reviews') as r, jsonb_each(r.value) as side
  on conflict on constraint kinds_pkey do update set details = excluded.details, is_offered = true;
  get diagnostics offered = row_count;
  return offered;
end $$;
