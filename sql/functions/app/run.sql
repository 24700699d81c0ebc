-- The one door of the database: `app.run(context, statement, args)` runs one statement for one caller in one transaction.
-- It answers with one json row of meta data, or one refusal, and then one json row for each row of the statement: the Data
-- API allows 64 KB a row and 1 MiB a response. Rows beyond that are left out, and `cut` in the meta data says so. Only what is kept is
-- made jsonb, which takes twice as long to make and to print. Every
-- statement must return rows, for `for … in execute` opens a cursor. A row of many columns that a function returns may come as one
-- column, `select f(…) as row_value`, which is planned and read in less time than `select * from f(…)`: the client unwraps it.
--
-- The values come as text, so that text which PostgreSQL cannot store is refused inside, where refusals are caught.
-- context: { marketplace, now, actor?, session?, access?, idempotency_key?, caller?, fingerprint?, request_id?, ip?, user_agent?,
--   impersonator?, route?, token_hash?, method?, own?, fresh_factor?, limited?, stays_open? }

-- Sets whom and when the transaction is about. In plpgsql, as all that every request calls: its plans are kept for the session,
-- where a function in SQL that is not inlined is planned at each call.
create or replace function app.set_context(context jsonb) returns void language plpgsql as $$
begin
  perform set_config('app.marketplace', coalesce(context ->> 'marketplace', ''), true),
          set_config('app.actor', coalesce(context ->> 'actor', ''), true),
          set_config('app.now', coalesce(context ->> 'now', ''), true),
          set_config('app.request', jsonb_build_object('id', context ->> 'request_id', 'ip', context ->> 'ip',
            'user_agent', context ->> 'user_agent')::text, true),
          set_config('app.emitted', '0', true);
end $$;

-- The earlier answer to this idempotency key, as { replayed, rows }, a refusal when the key was used for another request, or
-- null. A twin that runs at this moment is waited for: the lock is held until the transaction ends.
create or replace function app.earlier_answer(context jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare earlier app.idempotency_keys;
begin
  perform pg_advisory_xact_lock(hashtextextended(
    concat_ws('/', context ->> 'marketplace', context ->> 'caller', context ->> 'idempotency_key'), 0));
  select * into earlier from app.idempotency_keys k
  where k.marketplace = context ->> 'marketplace' and k.caller = context ->> 'caller'
    and k.key = context ->> 'idempotency_key' and k.created_at > app.now() - interval '24 hours';
  if not found then return null; end if;
  if earlier.fingerprint <> context ->> 'fingerprint' then
    return jsonb_build_object('refused', jsonb_build_object('constraint', 'idempotency_key_reused'));
  end if;
  return jsonb_build_object('replayed', true, 'rows', to_jsonb(earlier.result));
end $$;

-- Keeps the answer to an idempotency key, in the transaction that it is the answer of. An older one than a day is replaced.
create or replace function app.keep_answer(context jsonb, answer jsonb[]) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into app.idempotency_keys (marketplace, caller, key, fingerprint, result)
  values (context ->> 'marketplace', context ->> 'caller', context ->> 'idempotency_key', context ->> 'fingerprint', answer)
  on conflict on constraint idempotency_keys_pkey
    do update set fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at
$$;

-- Writes down a request that staff make in the name of somebody else, with both ids.
create or replace function app.audit_impersonation(context jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform app.set_context(context);
  perform app.audit('admin.impersonated_request', 'admin', 'users', context ->> 'actor',
    metadata => jsonb_build_object('route', context ->> 'route'), user_id => (context ->> 'impersonator')::uuid);
end $$;

-- What one person may change in an hour, by session and by token alike: counted by trip, of which a change makes two at most.
create or replace function app.draw_change(actor text) returns integer language sql as $$
  select app.draw('changes:' || draw_change.actor, 10000, interval '1 hour')
$$;

-- It answered with jsonb once. Replaced in one transaction, so that it is never missing while others call it.
do $$
begin
  if exists (select from pg_proc p where p.oid = to_regprocedure('app.run(jsonb, text, text)') and p.prorettype = 'jsonb'::regtype) then
    drop function app.run(jsonb, text, text);
  end if;
end $$;

-- Runs one statement, as the head of this file says. What goes wrong inside rolls back and is returned as a refusal.
create or replace function app.run(context jsonb, statement text, args text) returns setof json language plpgsql as $$
declare
  row_ record; answer json[] := '{}'; earlier jsonb; verdict jsonb; keyed boolean := context ? 'idempotency_key';
  item json; length integer := 0; bytes integer := 0; cut boolean := false; counted boolean := false;
  state text; constraint_ text; table_ text; message_ text; detail_ text; column_ text;
begin
  -- Whatever becomes of the statement: what staff do with somebody else's eyes is on record.
  if context ? 'impersonator' then perform app.audit_impersonation(context); end if;
  begin
    perform app.set_context(context);
    -- The worker acts for the system: it has no session to check.
    if current_user <> 'vicinity_worker' then verdict := app.check_caller(context); end if;
    if verdict ? 'constraint' then
      return next json_build_object('refused', verdict);
      return;
    end if;
    counted := context ? 'limited';
    if keyed then
      earlier := app.earlier_answer(context);
      if earlier ? 'refused' then return next earlier; return; end if;
      if earlier is not null then
        return next json_build_object('replayed', true, 'emitted', 0, 'cut', false);
        return query select r::json from jsonb_array_elements(earlier -> 'rows') as r;
        return;
      end if;
    end if;
    for row_ in execute statement using args::jsonb loop
      item := row_to_json(row_);
      -- The Data API writes each row's JSON as a text inside of JSON, which doubles it at most. A row that comes alone is not measured,
      -- as most do: it may have 64 KB there.
      length := length + 1;
      if length > 1 then
        if length = 2 then bytes := octet_length(answer[1]::text); end if;
        bytes := bytes + octet_length(item::text);
      end if;
      cut := bytes > 500000;
      exit when cut;
      answer := answer || item;
    end loop;
    -- Only a transaction that wrote has an id: a load before the write leaves the key free for the write.
    if pg_current_xact_id_if_assigned() is not null then
      set constraints all immediate;   -- deferred refusals happen here, where they are caught
      if keyed then perform app.keep_answer(context, answer::jsonb[]); end if;
    end if;
    if verdict ? 'idle' and not context ? 'impersonator' then
      perform identity.note_activity((context ->> 'actor')::uuid);
    end if;
    if context ? 'token_hash' then perform app.touch_token((context ->> 'session')::uuid); end if;
    -- Last, so that two requests of one person wait for each other for no longer than a commit.
    if counted then perform app.draw_change(context ->> 'actor'); end if;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, constraint_ = constraint_name, table_ = table_name,
      column_ = column_name, message_ = message_text, detail_ = pg_exception_detail;
    -- What was refused counts as well: the context was rolled back with it.
    if counted then
      perform app.set_context(context);
      perform app.draw_change(context ->> 'actor');
    end if;
    return next json_build_object('refused', json_build_object('sqlstate', state, 'constraint', nullif(constraint_, ''),
      'table', nullif(table_, ''), 'column', nullif(column_, ''), 'message', message_, 'detail', nullif(detail_, '')));
    return;
  end;
  return next json_build_object('replayed', false, 'emitted', current_setting('app.emitted')::integer, 'cut', cut);
  foreach item in array answer loop return next item; end loop;
end $$;

grant execute on function app.run(jsonb, text, text), app.set_context(jsonb), app.earlier_answer(jsonb),
  app.keep_answer(jsonb, jsonb[]), app.audit_impersonation(jsonb), app.draw_change(text)
  to vicinity_api, vicinity_worker;
