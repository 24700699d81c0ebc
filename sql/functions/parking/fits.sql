-- Which of a vehicle's sides a space has no room for: length, width or, under a roof, height. Null when it fits. Vehicles are
-- measured in inches of 2.54 cm, spaces in centimetres; what a space does not say is no bound.
create or replace function parking.misfit(length_inches integer, width_inches integer, height_inches integer, is_covered boolean,
  max_length_cm integer, max_width_cm integer, max_height_cm integer) returns text
language sql immutable parallel safe as $$
  select case
    when length_inches * 254 > max_length_cm * 100 then 'length'
    when width_inches * 254 > max_width_cm * 100 then 'width'
    when is_covered and height_inches * 254 > max_height_cm * 100 then 'height'
  end
$$;

grant execute on function parking.misfit(integer, integer, integer, boolean, integer, integer, integer)
  to vicinity_api, vicinity_worker;

-- Whether a point lies on a map of these bounds: { north, south, east, west } in degrees, across the antimeridian where west is
-- the greater.
create or replace function parking.is_within(point geography, bounds jsonb) returns boolean
language sql immutable parallel safe as $$
  select st_y(point::geometry) between (bounds ->> 'south')::float8 and (bounds ->> 'north')::float8
    and case when (bounds ->> 'west')::float8 <= (bounds ->> 'east')::float8
      then st_x(point::geometry) between (bounds ->> 'west')::float8 and (bounds ->> 'east')::float8
      else st_x(point::geometry) >= (bounds ->> 'west')::float8 or st_x(point::geometry) <= (bounds ->> 'east')::float8 end
$$;

grant execute on function parking.is_within(geography, jsonb) to vicinity_api;
