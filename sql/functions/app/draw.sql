-- Draws one token from a bucket that holds `burst` and refills evenly within `period`. Null when there was one, else the
-- seconds until there is. One row a bucket holds the moment at which it is full again (generic cell rate algorithm).
create or replace function app.draw(bucket text, burst integer, period interval) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
-- What a condition reckons with is read and divided once.
declare moment timestamptz := app.now(); step interval := period / burst; latest timestamptz := moment + period - step; drawn timestamptz;
begin
  insert into app.rate_limits as r (bucket, full_at) values (draw.bucket, moment + step)
  on conflict on constraint rate_limits_pkey do update set full_at = greatest(r.full_at, moment) + step
    where greatest(r.full_at, moment) <= latest
  returning full_at into drawn;
  if drawn is not null then return null; end if;
  return (select ceil(extract(epoch from r.full_at - latest)) from app.rate_limits r where r.bucket = draw.bucket);
end $$;

grant execute on function app.draw(text, integer, interval) to vicinity_api, vicinity_worker;
