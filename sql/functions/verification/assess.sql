-- The documents that a person's roles need, each once.
create or replace function verification.required_types(person_id uuid) returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
  select distinct q.document_type::text
  from identity.user_roles r join verification.requirements q on q.marketplace = r.marketplace and q.role = r.role
  where r.user_id = person_id
$$;

-- The day that it is in the marketplace.
create or replace function verification.today() returns date
language sql stable security definer set search_path = public, pg_temp as $$
  select (app.now() at time zone m.time_zone)::date from app.marketplaces m where m.slug = app.marketplace()
$$;

-- Whether a person has a verified document of this type that has not run out. The day on which it ends still counts.
create or replace function verification.holds(person_id uuid, document_type text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (
    select from verification.documents d
    where d.user_id = person_id and d.type = document_type and d.status = 'verified'
      and (d.expires_on is null or d.expires_on >= verification.today()))
$$;

-- Whether somebody may be found and booked: every document that their roles need is verified and has not run out at this moment,
-- whatever the daily run has seen yet. True where nothing is needed.
create or replace function verification.is_eligible(person_id uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select not exists (
    select from verification.required_types(person_id) as t (type) where not verification.holds(person_id, t.type))
$$;

-- Brings a provider's standing in step with the documents and returns it; null where the roles need none.
-- 'verified': each needed document holds. 'rejected': one was rejected and no newer one waits. 'under_review': the others all wait
-- or hold. 'pending': something has not been handed in. The row's lock puts reviews of one person's documents in order.
create or replace function verification.assess(person_id uuid) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare earlier verification.providers; tally record; standing text;
begin
  select count(*) as needed, count(*) filter (where t.holds) as held,
         count(*) filter (where not t.holds and t.waits) as waiting,
         min(t.reason) filter (where not t.holds and not t.waits) as reason
  into tally
  from (
    select verification.holds(person_id, r.type) as holds,
           exists (select from verification.documents d
                   where d.user_id = person_id and d.type = r.type and d.status = 'pending') as waits,
           (select d.reason from verification.documents d
            where d.user_id = person_id and d.type = r.type and d.status <> 'pending'
            order by d.reviewed_at desc, d.id desc limit 1) as reason
    from verification.required_types(person_id) as r (type)) as t;
  if tally.needed = 0 then
    delete from verification.providers p where p.user_id = person_id;
    return null;
  end if;
  insert into verification.providers (user_id, marketplace)
  select u.id, u.marketplace from identity.users u where u.id = person_id
  on conflict on constraint providers_pkey do nothing;
  select * into earlier from verification.providers p where p.user_id = person_id for update;
  -- Another transaction has just taken the last role away that needed any.
  if earlier.user_id is null then return null; end if;
  standing := case
    when tally.held = tally.needed then 'verified'
    when tally.reason is not null then 'rejected'
    when tally.held + tally.waiting = tally.needed then 'under_review'
    else 'pending'
  end;
  if standing = earlier.status and tally.reason is not distinct from earlier.rejection_reason then return standing; end if;
  update verification.providers p set status = standing,
    verified_at = case when standing = 'verified' then app.now() end,
    verified_by = case when standing = 'verified' then app.actor() end,
    rejection_reason = case when standing = 'rejected' then tally.reason end
  where p.user_id = person_id;
  if standing <> earlier.status then
    perform app.audit('verification.standing_changed', 'verification', 'providers', person_id::text,
      jsonb_build_object('status', earlier.status), jsonb_build_object('status', standing));
    perform app.emit('verification.standing_changed', jsonb_build_object('user_id', person_id, 'status', standing));
  end if;
  return standing;
end $$;

grant execute on function verification.is_eligible(uuid), verification.today() to vicinity_api, vicinity_worker;
