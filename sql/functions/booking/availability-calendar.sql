-- What a resource's time looks like from one moment to another, as stretches without a gap, in order: `available` with how many
-- units are free in all of the stretch, `closed`, `blocked` by the owner, or `booked` up. Of a resource that is listed, or the caller's own. The past
-- and what lies beyond the horizon are closed. Refuses with not_found.
create or replace function booking.calendar(resource_id uuid, from_ timestamptz, to_ timestamptz)
returns table (starts_at timestamptz, ends_at timestamptz, availability_type text, free_units integer)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare r booking.resources; shown tstzrange := tstzrange(from_, to_);
  bookable tstzrange := tstzrange(app.now(), booking.horizon());
begin
  select t.* into r from booking.resources t
  where t.id = calendar.resource_id and t.marketplace = app.marketplace()
    and (t.is_listed or t.owner_id is not distinct from app.actor());
  if not found then perform app.refuse('not_found'); end if;
  return query
    with hours as (
      select tstzrange(o.opens_at, o.closes_at) as during from booking.open_times o where o.resource_id = r.id
      union all select tstzrange(null, r.always_open_until) where r.always_open_until > '-infinity'
    ),
    -- Each thing begins and ends somewhere. Units of one resource never overlap themselves, so sums count units.
    stretches as (
      select h.during * bookable as during, null::integer as unit, 1 as open, 0 as taken, 0 as blocked from hours h
      union all
      select b.during, b.unit, 0, 1, (b.kind = 'block')::integer from booking.reservations b
      where b.resource_id = r.id and b.unit <= r.capacity and b.during && shown
        and (b.expires_at is null or b.expires_at > app.now())
      union all select shown, null, 0, 0, 0
    ),
    changes as (
      select greatest(lower(s.during), from_) as at, s.unit, s.open, s.taken, s.blocked from stretches s where s.during && shown
      union all
      select upper(s.during), s.unit, -s.open, -s.taken, -s.blocked
      from stretches s where s.during && shown and upper(s.during) < to_
    ),
    by_unit as (
      select c.at, sum(c.open) as open, sum(c.taken) as taken, sum(c.blocked) as blocked from changes c group by c.at, c.unit
    ),
    moments as (
      select u.at, sum(sum(u.open)) over w as open, sum(sum(u.taken)) over w as taken, sum(sum(u.blocked)) over w as blocked,
             bool_or(u.taken <> 0) as others
      from by_unit u group by u.at window w as (order by u.at)
    ),
    states as (
      select m.at, m.others, case when m.open = 0 then 'closed' when m.taken < r.capacity then 'available'
                        when m.blocked > 0 then 'blocked' else 'booked' end as state,
             case when m.open = 0 then 0 else (r.capacity - m.taken)::integer end as free
      from moments m
    ),
    turns as (
      select s.at, s.state, s.free from (
        select s.*, lag(s.state) over w as state_before, lag(s.free) over w as free_before
        from states s window w as (order by s.at)) as s
      -- As many that are free, and other ones: whoever comes for all of that time would have to change places.
      where (s.state, s.free) is distinct from (s.state_before, s.free_before) or s.state = 'available' and s.others
    )
    select t.at, coalesce(lead(t.at) over (order by t.at), to_), t.state, t.free from turns t order by t.at;
end $$;

grant execute on function booking.calendar(uuid, timestamptz, timestamptz) to vicinity_api;
