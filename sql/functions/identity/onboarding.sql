-- The caller's latest onboarding session, as the use cases' `Onboarding` reads it.
create or replace function identity.my_onboarding() returns setof identity.onboarding
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.role::text, s.current_step::text, s.started_at, s.last_active_at, s.completed_at, s.total_time_spent,
         s.is_paused, s.paused_at, coalesce((
           select jsonb_agg(jsonb_build_object('step_id', p.step_id, 'status', p.status, 'data', p.data,
             'started_at', p.started_at, 'completed_at', p.completed_at, 'skipped_at', p.skipped_at,
             'time_spent', p.time_spent) order by p.id)
           from identity.step_progress p where p.session_id = s.id), '[]')
  from identity.onboarding_sessions s
  where s.user_id = app.actor() and s.marketplace = app.marketplace()
  order by s.id desc limit 1
$$;

-- Opens a session for one of the caller's roles. One that is open already is refused by onboarding_sessions_open_key.
create or replace function identity.start_onboarding(role text) returns setof identity.onboarding
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if start_onboarding.role <> all (identity.roles_of(app.actor())) then perform app.refuse('not_your_role'); end if;
  insert into identity.onboarding_sessions (marketplace, user_id, role)
  values (app.marketplace(), app.actor(), start_onboarding.role);
  return query select * from identity.my_onboarding();
end $$;

-- The caller's open session, locked, for the functions of this file. Its id is null when there is none.
create or replace function identity.open_onboarding() returns identity.onboarding_sessions
language sql security definer set search_path = public, pg_temp as $$
  select s from identity.onboarding_sessions s
  where s.user_id = app.actor() and s.marketplace = app.marketplace() and s.completed_at is null for update
$$;

-- Counts the time since the session was last active for a step and for the session, and calls it active now. A stretch of more
-- than an hour is somebody who went away: it counts as an hour.
create or replace function identity.count_time(session identity.onboarding_sessions, step text) returns void
language sql security definer set search_path = public, pg_temp as $$
  with stretch as (
    select least(3600, floor(extract(epoch from greatest(app.now() - session.last_active_at, interval '0'))))::integer as seconds
  ), credited as (
    update identity.step_progress p set spent_seconds = p.spent_seconds + stretch.seconds from stretch
    where p.session_id = session.id and p.step_id = step returning 1
  )
  update identity.onboarding_sessions s set last_active_at = app.now(),
    spent_seconds = s.spent_seconds + case when exists (select from credited) then stretch.seconds else 0 end
  from stretch where s.id = session.id
$$;

-- Begins, completes or skips a step. Time counts for the step that is done with, or for the one that another takes over from.
-- No row when no session is open.
create or replace function identity.record_step(step text, status text, data jsonb) returns setof identity.onboarding
language plpgsql security definer set search_path = public, pg_temp as $$
declare session identity.onboarding_sessions := identity.open_onboarding(); underway text;
begin
  if session.id is null then return; end if;
  if session.is_paused then perform app.refuse('onboarding_paused'); end if;
  select p.step_id into underway from identity.step_progress p
  where p.session_id = session.id and p.step_id = session.current_step and p.status = 'in_progress';
  insert into identity.step_progress as p (session_id, step_id, status, data, started_at)
  values (session.id, step, 'in_progress', record_step.data,
    case when record_step.status = 'in_progress' then app.now() else session.last_active_at end)
  on conflict on constraint step_progress_step_key do update set data = p.data || excluded.data,
    started_at = coalesce(p.started_at, excluded.started_at);
  if (select count(*) > 50 from identity.step_progress p where p.session_id = session.id) then
    perform app.refuse('too_many_steps');
  end if;
  -- All of it is shown as one row, which may have 64 KB.
  if (select sum(octet_length(p.data::text)) > 40000 from identity.step_progress p where p.session_id = session.id) then
    perform app.refuse('too_much_data');
  end if;
  perform identity.count_time(session, case when record_step.status = 'in_progress' then underway else step end);
  update identity.step_progress p set status = record_step.status,
    completed_at = case when record_step.status = 'completed' then app.now() end,
    skipped_at = case when record_step.status = 'skipped' then app.now() end
  where p.session_id = session.id and p.step_id = step;
  update identity.onboarding_sessions s set current_step = step where s.id = session.id;
  return query select * from identity.my_onboarding();
end $$;

-- Stops or resumes the clock of the open session. No row when none is open.
create or replace function identity.pause_onboarding(pause boolean) returns setof identity.onboarding
language plpgsql security definer set search_path = public, pg_temp as $$
declare session identity.onboarding_sessions := identity.open_onboarding();
begin
  if session.id is null then return; end if;
  if session.is_paused and pause then perform app.refuse('onboarding_paused'); end if;
  if not session.is_paused and not pause then perform app.refuse('onboarding_not_paused'); end if;
  if pause then
    perform identity.count_time(session, (
      select p.step_id from identity.step_progress p
      where p.session_id = session.id and p.step_id = session.current_step and p.status = 'in_progress'));
  end if;
  update identity.onboarding_sessions s set is_paused = pause, paused_at = case when pause then app.now() end,
    last_active_at = app.now()
  where s.id = session.id;
  return query select * from identity.my_onboarding();
end $$;

-- Ends the open session, once none of its steps is left halfway. No row when none is open.
create or replace function identity.complete_onboarding() returns setof identity.onboarding
language plpgsql security definer set search_path = public, pg_temp as $$
declare session identity.onboarding_sessions := identity.open_onboarding();
begin
  if session.id is null then return; end if;
  if session.is_paused then perform app.refuse('onboarding_paused'); end if;
  if exists (select from identity.step_progress p where p.session_id = session.id and p.status in ('pending', 'in_progress')) then
    perform app.refuse('onboarding_unfinished');
  end if;
  update identity.onboarding_sessions s set completed_at = app.now(), last_active_at = app.now() where s.id = session.id;
  update identity.users u set onboarding_completed = true where u.id = app.actor();
  perform app.audit('account.onboarding_completed', 'account', 'onboarding_sessions', session.id::text,
    new_values => jsonb_build_object('role', session.role));
  return query select * from identity.my_onboarding();
end $$;

grant execute on function identity.my_onboarding(), identity.start_onboarding(text), identity.record_step(text, text, jsonb),
  identity.pause_onboarding(boolean), identity.complete_onboarding() to vicinity_api;
