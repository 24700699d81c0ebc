-- What others may see of somebody's verification: the names of the levels that stand. Empty for nobody of this marketplace.
create or replace function verification.badges(person_id uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(b.badge order by b.rank), '{}')
  from verification.user_verifications v
  cross join lateral (values
    (1, 'Phone Verified', v.phone_verified_at), (2, 'Email Verified', v.email_verified_at),
    (3, 'Aadhaar Verified', v.aadhaar_verified_at), (4, 'Face Verified', v.face_verified_at)) as b (rank, badge, since)
  where v.user_id = person_id and v.marketplace = app.marketplace() and b.since is not null
$$;

-- All that a person sees of their own verification, as the use cases' `Verification` reads it.
create or replace function verification.mine() returns table (phone_verified_at timestamptz, email_verified_at timestamptz,
  aadhaar_verified_at timestamptz, aadhaar_last4 text, face_verified_at timestamptz, is_fully_verified boolean, badges jsonb,
  standing text, rejection_reason text, required_documents jsonb, missing_documents jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select v.phone_verified_at, v.email_verified_at, v.aadhaar_verified_at, v.aadhaar_last4, v.face_verified_at,
         v.is_fully_verified, to_jsonb(verification.badges(v.user_id)),
         case when needed.types is not null then coalesce(p.status, 'pending') end, p.rejection_reason::text,
         coalesce(needed.types, '[]'), coalesce(needed.missing, '[]')
  from verification.user_verifications v
  left join verification.providers p on p.user_id = v.user_id
  cross join lateral (
    select jsonb_agg(r.type order by r.type) as types,
           jsonb_agg(r.type order by r.type) filter (where not verification.holds(v.user_id, r.type)) as missing
    from verification.required_types(v.user_id) as r (type)) as needed
  where v.user_id = app.actor() and v.marketplace = app.marketplace()
$$;

grant execute on function verification.badges(uuid) to vicinity_api, vicinity_worker;
grant execute on function verification.mine() to vicinity_api;
