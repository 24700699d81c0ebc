-- The moment that lies whole months after an anchor, by the calendar of the zone. Where a month has no such day it is its last one.
create or replace function money.period_bound(anchor timestamptz, zone text, months integer) returns timestamptz
language sql immutable as $$
  select ((anchor at time zone zone) + make_interval(months => months)) at time zone zone
$$;

-- What of a period's worth is not used at a moment, in minor units, rounded down: all before it begins, nothing from its end on.
create or replace function money.unused_part(amount bigint, period_start timestamptz, period_end timestamptz, moment timestamptz)
returns bigint language sql immutable as $$
  -- Whole microseconds, so that the quotient is exact.
  select div(amount * extract(epoch from period_end - least(greatest(moment, period_start), period_end)),
             extract(epoch from period_end - period_start))::bigint
$$;

-- The zone in which a marketplace counts its months.
create or replace function money.zone() returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select m.time_zone from app.marketplaces m where m.slug = app.marketplace()
$$;
