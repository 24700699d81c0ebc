-- Writes an event in the caller's transaction; the relay carries it to the bus. Returns the event's id, by which
-- consumers know it again.
create or replace function app.emit(type text, payload jsonb) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare event_id uuid;
begin
  insert into app.outbox (marketplace, type, payload) values (app.marketplace(), emit.type, emit.payload)
  returning id into event_id;
  perform set_config('app.emitted', (current_setting('app.emitted')::integer + 1)::text, true);
  return event_id;
end $$;

-- Hands at most `batch` unsent events to one relay for a minute: a relay that dies loses nothing, its events are
-- claimed again when the minute is over.
create or replace function app.claim_outbox(batch integer) returns table (id uuid, marketplace text, type text, payload jsonb, created_at timestamptz)
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select o.id from app.outbox o
    where o.sent_at is null and (o.claimed_until is null or o.claimed_until <= app.now())
    order by o.id limit batch for update skip locked
  )
  update app.outbox o set claimed_until = app.now() + interval '1 minute', attempts = o.attempts + 1
  from due where o.id = due.id
  returning o.id, o.marketplace, o.type, o.payload, o.created_at
$$;

-- Marks what the bus took, writes the audit log's lines of it, and gives back what it refused: { "id", "error" } for each. Returns how many were sent.
create or replace function app.settle_outbox(sent uuid[], failed jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare carried app.outbox[];
begin
  with settled as (
    update app.outbox o set sent_at = app.now(), last_error = null where o.id = any (sent) and o.sent_at is null returning o
  )
  select array_agg(s.o) into carried from settled s;
  perform app.audit_events(carried);
  update app.outbox o set claimed_until = null, last_error = f.error
  from jsonb_to_recordset(failed) as f (id uuid, error text) where o.id = f.id and o.sent_at is null;
  return coalesce(cardinality(carried), 0);
end $$;

grant execute on function app.emit(text, jsonb) to vicinity_api, vicinity_worker;
grant execute on function app.claim_outbox(integer), app.settle_outbox(uuid[], jsonb) to vicinity_worker;
