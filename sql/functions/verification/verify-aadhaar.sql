-- The two steps of an Aadhaar verification. Each is a pair of statements with the provider's call between them: the first
-- counts before anything is asked, so that no race gets more tries than there are.

-- Notes the consent and lets the provider be asked. outcome: 'asked' with the request's id, 'aadhaar_taken' where somebody else of
-- the marketplace has proven this number, or 'too_many_attempts' with the seconds to wait.
create or replace function verification.ask_aadhaar(aadhaar_hash text, aadhaar_last4 text)
returns table (outcome text, request_id uuid, retry_after integer)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  retry_after := coalesce(
    app.draw('aadhaar:' || app.actor(), 5, interval '1 day'),
    app.draw('aadhaar-number:' || app.marketplace() || ':' || ask_aadhaar.aadhaar_hash, 3, interval '1 hour'));
  if retry_after is not null then
    outcome := 'too_many_attempts';
  elsif exists (select from verification.user_verifications v
                where v.marketplace = app.marketplace() and v.aadhaar_hash = ask_aadhaar.aadhaar_hash
                  and v.user_id <> app.actor()) then
    outcome := 'aadhaar_taken';
    perform app.audit('verification.aadhaar_refused', 'verification', 'user_verifications', app.actor()::text,
      metadata => '{"reason": "taken"}');
  else
    outcome := 'asked';
    insert into verification.aadhaar_requests as r (marketplace, user_id, aadhaar_hash, aadhaar_last4, expires_at)
    values (app.marketplace(), app.actor(), ask_aadhaar.aadhaar_hash, ask_aadhaar.aadhaar_last4, app.now() + interval '10 minutes')
    returning r.id into request_id;
    perform app.audit('verification.aadhaar_consented', 'verification', 'aadhaar_requests', request_id::text,
      new_values => jsonb_build_object('last4', ask_aadhaar.aadhaar_last4));
  end if;
  return next;
end $$;

-- Keeps the provider's name for the code that it has sent.
create or replace function verification.note_aadhaar_reference(request_id uuid, provider_reference text)
returns table (reference uuid)
language sql security definer set search_path = public, pg_temp as $$
  update verification.aadhaar_requests r set provider_reference = note_aadhaar_reference.provider_reference
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace()
  returning r.id
$$;

-- Takes one of the five tries of a request. No row means that no code waits: unknown, somebody else's, run out or used up.
create or replace function verification.try_aadhaar(request_id uuid) returns table (provider_reference text, attempts_left integer)
language sql security definer set search_path = public, pg_temp as $$
  update verification.aadhaar_requests r set attempts = r.attempts + 1
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace() and r.outcome is null
    and r.provider_reference is not null and r.expires_at > app.now() and r.attempts < 5
  returning r.provider_reference, 5 - r.attempts
$$;

-- Writes what the provider said of a try: 'verified', 'wrong_code', 'code_expired', 'aadhaar_refused', or 'provider_unavailable',
-- which gives the try back. Returns what the person sees; the outcome is 'aadhaar_taken' where somebody else was quicker.
create or replace function verification.settle_aadhaar(request_id uuid, outcome text) returns table (settled text, mine jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare request verification.aadhaar_requests;
begin
  settled := settle_aadhaar.outcome;
  select * into strict request from verification.aadhaar_requests r
  where r.id = request_id and r.user_id = app.actor() and r.marketplace = app.marketplace() for update;
  if settled = 'provider_unavailable' then
    update verification.aadhaar_requests r set attempts = greatest(r.attempts - 1, 0) where r.id = request.id;
  elsif settled = 'verified' then
    begin
      update verification.user_verifications v set aadhaar_verified_at = app.now(), aadhaar_hash = request.aadhaar_hash,
        aadhaar_last4 = request.aadhaar_last4,
        metadata = v.metadata || jsonb_build_object('aadhaar', jsonb_build_object('provider_reference', request.provider_reference,
          'consented_at', request.consented_at))
      where v.user_id = app.actor();
    exception when unique_violation then
      settled := 'aadhaar_taken';
    end;
  end if;
  update verification.aadhaar_requests r set outcome = case settled
    when 'verified' then 'verified' when 'code_expired' then 'expired' when 'aadhaar_refused' then 'refused'
    when 'aadhaar_taken' then 'taken' end
  where r.id = request.id and settled not in ('wrong_code', 'provider_unavailable');
  perform app.audit('verification.aadhaar_' || case settled when 'verified' then 'verified' else 'refused' end, 'verification',
    'user_verifications', app.actor()::text, new_values => jsonb_build_object('last4', request.aadhaar_last4),
    metadata => jsonb_build_object('outcome', settled));
  if settled = 'verified' then
    perform app.emit('verification.level_verified', jsonb_build_object('user_id', app.actor(), 'level', 'aadhaar'));
    select to_jsonb(m) into mine from verification.mine() as m;
  end if;
  return next;
end $$;

grant execute on function verification.ask_aadhaar(text, text), verification.note_aadhaar_reference(uuid, text),
  verification.try_aadhaar(uuid), verification.settle_aadhaar(uuid, text) to vicinity_api;
