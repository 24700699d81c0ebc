-- The ground that every other migration stands on: extensions, roles, the caller of a transaction, ids and time.

create extension if not exists postgis;
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
create extension if not exists pgcrypto;

-- vicinity_owner runs this migration and owns everything. The other two log in with secrets of their own: api answers
-- requests under row-level security, worker runs queues and schedules.
do $$
begin
  if not exists (select from pg_roles where rolname = 'vicinity_api') then create role vicinity_api login; end if;
  if not exists (select from pg_roles where rolname = 'vicinity_worker') then create role vicinity_worker login; end if;
end $$;

-- A function is callable by whom its own file names, not by everybody.
alter default privileges revoke execute on functions from public;

create schema if not exists app;
grant usage on schema app to vicinity_api, vicinity_worker;

-- The marketplace of this transaction, or null outside of `app.run`. After a local set_config the setting reads ''.
create function app.marketplace() returns text language sql stable parallel safe as $$
  select nullif(current_setting('app.marketplace', true), '')
$$;

-- The signed-in person of this transaction, or null for everybody else.
create function app.actor() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.actor', true), '')::uuid
$$;

-- The moment of the request, as the Lambda that runs it tells. One clock decides in TypeScript and in SQL alike, so that
-- no rule is judged by two.
create function app.now() returns timestamptz language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
$$;

-- An id whose first 48 bits are the millisecond and whose next 12 count the ids of the transaction (RFC 9562, method 1): its
-- rows sort in the order in which they were made. A fraction of the millisecond in their place would tie where the clock is
-- coarse, as the embedded database's is. PostgreSQL 15 has none built in.
create function app.uuid_v7() returns uuid language sql volatile as $$
  select encode(
    int8send((ms << 16) | 28672 | (made & 4095)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
  from (
    select floor(extract(epoch from app.now() + (clock_timestamp() - now())) * 1000)::bigint as ms,
           set_config('app.ids', (coalesce(nullif(current_setting('app.ids', true), ''), '0')::bigint + 1)::text, true)::bigint
             as made) as moment
$$;

-- The smallest id of a moment: bounds of partitions, and predicates that prune them.
create function app.uuid_v7_floor(moment timestamptz) returns uuid language sql immutable strict parallel safe as $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The moment inside an id.
create function app.uuid_v7_time(id uuid) returns timestamptz language sql immutable strict parallel safe as $$
  select to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;

-- { "latitude": …, "longitude": … }, the shape of a place on the wire.
create function app.place(location geography) returns jsonb language sql immutable strict parallel safe as $$
  select jsonb_build_object('latitude', st_y(location::geometry), 'longitude', st_x(location::geometry))
$$;

-- The point of a place, to a tenth of a millimetre and under one name: a search by distance fails with 'index returned
-- tuples in wrong order' where points differ by less than PostGIS tells apart, as both names of the antimeridian do.
create function app.point(latitude float8, longitude float8) returns geography language sql immutable strict parallel safe as $$
  select st_setsrid(st_makepoint(
    case when abs(lat) = 90 then 0 when lon = -180 then 180 else lon end, lat), 4326)::geography
  from (select round(latitude::numeric, 9)::float8 as lat, round(longitude::numeric, 9)::float8 as lon) as rounded
$$;

-- Ends the transaction with a refusal. `code` is what a use case's `refusals` are keyed by, as a constraint's name is.
create function app.refuse(code text, detail text default null) returns void language plpgsql as $$
begin
  raise exception using errcode = 'VC001', constraint = code, message = code, detail = coalesce(detail, '');
end $$;

create function app.touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := app.now();
  return new;
end $$;

create function app.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'VC001', constraint = tg_table_name || '_is_append_only',
    message = format('%I.%I is append-only', tg_table_schema, tg_table_name);
end $$;

-- Row-level security, forced, with the rights that the owner's definer functions and the worker need. What the api role
-- may see is written beside each table, one policy per command.
create function app.protect(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy owner_all on %s to vicinity_owner using (true) with check (true)', target);
  execute format('create policy worker_all on %s to vicinity_worker using (true) with check (true)', target);
end $$;

grant execute on function app.marketplace(), app.actor(), app.now(), app.uuid_v7(), app.uuid_v7_floor(timestamptz),
  app.uuid_v7_time(uuid), app.place(geography), app.point(float8, float8), app.refuse(text, text), app.touch_updated_at(),
  app.refuse_change()
  to vicinity_api, vicinity_worker;
