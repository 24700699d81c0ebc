-- Gives back a token that was drawn from a bucket: for whoever draws before knowing whether it was due, as a sign-in does.
create or replace function app.put_back(bucket text, burst integer, period interval) returns void
language sql security definer set search_path = public, pg_temp as $$
  update app.rate_limits r set full_at = r.full_at - period / burst where r.bucket = put_back.bucket
$$;

-- Fills a bucket.
create or replace function app.refill(bucket text) returns void
language sql security definer set search_path = public, pg_temp as $$
  delete from app.rate_limits r where r.bucket = refill.bucket
$$;

-- Whether the next draw would find nothing.
create or replace function app.is_empty(bucket text, burst integer, period interval) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from app.rate_limits r where r.bucket = is_empty.bucket and r.full_at + period / burst > app.now() + period)
$$;

-- Where the request comes from, as far as it can be counted: an IPv4 address, or the /64 that one IPv6 customer is given.
create or replace function app.caller_network() returns text language sql stable as $$
  select app.network_of((nullif(current_setting('app.request', true), '')::jsonb ->> 'ip')::inet)
$$;

-- An IPv4 address, or the /64 of an IPv6 address.
create or replace function app.network_of(ip inet) returns text language sql immutable as $$
  select host(network(set_masklen(ip, case family(ip) when 6 then 64 else 32 end)))
$$;

grant execute on function app.put_back(text, integer, interval), app.refill(text), app.is_empty(text, integer, interval),
  app.caller_network(), app.network_of(inet) to vicinity_api, vicinity_worker;
