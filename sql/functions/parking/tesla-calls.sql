-- Takes a token for one call of the Fleet API from the marketplace's bucket. Null when there was one, else the seconds until there is.
-- `kept` tokens are left to callers of more weight: somebody waits for a navigation, nobody for a reading.
create or replace function parking.take_tesla_call(kept integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  last integer := coalesce((app.setting('tesla_api_rate_limit'))::integer, 200) - take_tesla_call.kept;
  free integer; back timestamptz := app.now() - interval '1 hour';
begin
  loop
    -- Read anew each time: whoever took a slot at the same moment has committed since.
    select g.slot into free from generate_series(1, last) as g (slot)
    where not exists (select from parking.tesla_calls c
      where c.marketplace = app.marketplace() and c.slot = g.slot and c.taken_at > back)
    order by case when take_tesla_call.kept = 0 then -g.slot else g.slot end limit 1;
    if free is null then
      return (select greatest(1, ceil(extract(epoch from coalesce(min(c.taken_at), app.now()) - back)))::integer
        from parking.tesla_calls c where c.marketplace = app.marketplace() and c.slot <= last and c.taken_at > back);
    end if;
    insert into parking.tesla_calls as c (marketplace, slot, taken_at) values (app.marketplace(), free, app.now())
    on conflict on constraint tesla_calls_pkey do update set taken_at = excluded.taken_at where c.taken_at <= back;
    if found then return null; end if;
  end loop;
end $$;

-- Notes what came of asking Tesla for a booking.
create or replace function parking.note_tesla(booking_id uuid, kind text, outcome text, code text default '') returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into parking.tesla_attempts as a (booking_id, kind, outcome, code)
  values (note_tesla.booking_id, note_tesla.kind, note_tesla.outcome, left(note_tesla.code, 60))
  on conflict on constraint tesla_attempts_pkey do update set times = a.times + 1, last_at = app.now()
$$;

grant execute on function parking.take_tesla_call(integer), parking.note_tesla(uuid, text, text, text) to vicinity_worker;
