-- Removes at most `batch` rows of each kernel table that has served its time. Called again until nothing is left, so that no
-- transaction holds many locks. One row for each table: how many went.
create or replace function app.cleanup(batch integer) returns table (target text, removed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  target := 'idempotency_keys';
  delete from app.idempotency_keys where ctid = any (array(
    select ctid from app.idempotency_keys where created_at < app.now() - interval '24 hours' limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- A full bucket and a missing one are the same.
  target := 'rate_limits';
  delete from app.rate_limits where ctid = any (array(
    select ctid from app.rate_limits where full_at < app.now() limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
  -- The bound on the id is redundant in meaning and lets the primary key find the old rows.
  target := 'timers';
  delete from app.timers where id = any (array(
    select id from app.timers
    where id < app.uuid_v7_floor(app.now() - interval '30 days') and settled_at < app.now() - interval '30 days'
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return next;
end $$;

grant execute on function app.cleanup(integer) to vicinity_worker;
