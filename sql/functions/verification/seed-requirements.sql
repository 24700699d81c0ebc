-- Makes the documents that each role needs what the configuration files say. Returns how many are needed.
create or replace function verification.seed_requirements(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare seeded integer;
begin
  create temporary table wanted on commit drop as
    select m.value ->> 'slug' as marketplace, r.key as role, t.value as document_type
    from jsonb_array_elements(configuration) as m, jsonb_each(m.value -> 'verification' -> 'documents') as r,
         jsonb_array_elements_text(r.value) as t;
  delete from verification.requirements q
  where not exists (select from wanted w
    where w.marketplace = q.marketplace and w.role = q.role and w.document_type = q.document_type);
  insert into verification.requirements (marketplace, role, document_type)
  select w.marketplace, w.role, w.document_type from wanted w
  on conflict on constraint requirements_pkey do nothing;
  select count(*) into seeded from wanted;
  return seeded;
end $$;
