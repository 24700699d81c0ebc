-- Writes that the caller has agreed to a purpose, or takes it back. The same answer again adds no row.
create or replace function privacy.answer_consent(purpose text, version text, is_given boolean)
returns setof privacy.consents
language plpgsql security definer set search_path = public, pg_temp as $$
declare request jsonb := nullif(current_setting('app.request', true), '')::jsonb; latest privacy.consents;
begin
  -- Two answers at once are written one after the other.
  perform 1 from identity.users u where u.id = app.actor() for no key update;
  select * into latest from privacy.consents c
  where c.user_id = app.actor() and c.purpose = answer_consent.purpose order by c.id desc limit 1;
  if latest.id is null or (latest.version, latest.is_given) is distinct from (answer_consent.version, answer_consent.is_given) then
    perform app.audit(case when answer_consent.is_given then 'consent.given' else 'consent.withdrawn' end, 'privacy', 'consents',
      app.actor()::text, case when latest.id is not null then
        jsonb_build_object('version', latest.version, 'is_given', latest.is_given) end,
      jsonb_build_object('purpose', answer_consent.purpose, 'version', answer_consent.version,
        'is_given', answer_consent.is_given));
    insert into privacy.consents (marketplace, user_id, purpose, version, is_given, ip, user_agent)
    values (app.marketplace(), app.actor(), answer_consent.purpose, answer_consent.version, answer_consent.is_given,
      (request ->> 'ip')::inet, request ->> 'user_agent')
    returning * into latest;
  end if;
  return next latest;
end $$;

grant execute on function privacy.answer_consent(text, text, boolean) to vicinity_api;
