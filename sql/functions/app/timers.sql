-- Sets a timer in the caller's transaction, or moves the one that is open for this subject.
create or replace function app.set_timer(kind text, subject_id uuid, due_at timestamptz) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare timer_id uuid;
begin
  insert into app.timers as t (marketplace, kind, subject_id, due_at)
  values (app.marketplace(), set_timer.kind, set_timer.subject_id, set_timer.due_at)
  on conflict (kind, subject_id) where settled_at is null do update set due_at = excluded.due_at
  returning t.id into timer_id;
  return timer_id;
end $$;

-- Settles the open timer of this subject, if there is one.
create or replace function app.cancel_timer(kind text, subject_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  update app.timers t set settled_at = app.now(), outcome = 'cancelled'
  where t.kind = cancel_timer.kind and t.subject_id = cancel_timer.subject_id and t.settled_at is null;
end $$;

-- Calls the handlers of at most `batch` due timers, each in a savepoint of its own: one that fails is tried again later, and
-- given up after ten tries. Several sweeps may run at once; each takes rows that no other holds. One row for each kind.
create or replace function app.sweep_timers(batch integer) returns table (kind text, done integer, failed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare due record; message_ text; kinds text[] := '{}'; successes boolean[] := '{}';
begin
  for due in
    select t.id, t.kind, t.subject_id, t.marketplace, t.attempts, h.handler
    from app.timers t join app.timer_handlers h on h.kind = t.kind
    where t.settled_at is null and t.due_at <= app.now()
    order by t.due_at limit batch for update of t skip locked
  loop
    perform set_config('app.marketplace', due.marketplace, true);
    begin
      execute format('select %s($1)', due.handler) using due.subject_id;
      update app.timers set settled_at = app.now(), outcome = 'done', attempts = due.attempts + 1 where id = due.id;
      successes := array_append(successes, true);
    exception when others then
      get stacked diagnostics message_ = message_text;
      update app.timers set attempts = due.attempts + 1, last_error = message_,
        due_at = app.now() + least(interval '1 minute' * 2 ^ due.attempts, interval '6 hours'),
        settled_at = case when due.attempts >= 9 then app.now() end,
        outcome = case when due.attempts >= 9 then 'failed' end
      where id = due.id;
      successes := array_append(successes, false);
    end;
    kinds := array_append(kinds, due.kind);
  end loop;
  return query
    select s.kind, count(*) filter (where s.success)::integer, count(*) filter (where not s.success)::integer
    from unnest(kinds, successes) as s (kind, success) group by 1;
end $$;

grant execute on function app.set_timer(text, uuid, timestamptz), app.cancel_timer(text, uuid) to vicinity_api, vicinity_worker;
grant execute on function app.sweep_timers(integer) to vicinity_worker;
