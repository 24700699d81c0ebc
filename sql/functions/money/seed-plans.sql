-- Makes the plans and products of the configuration files those that are sold. What has gone from a file is sold no more. Returns how
-- many there are.
create or replace function money.seed_plans(configuration jsonb) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare named integer;
begin
  insert into money.plans as t (marketplace, code, role, name, currency, amount, months, benefits)
  select m ->> 'slug', p ->> 'code', p ->> 'role', p ->> 'name', m ->> 'currency', (p ->> 'amount')::bigint,
         (p ->> 'months')::smallint, array(select jsonb_array_elements_text(p -> 'benefits'))
  from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'plans') as p
  on conflict on constraint plans_pkey do update set role = excluded.role, name = excluded.name, amount = excluded.amount,
    months = excluded.months, benefits = excluded.benefits, is_active = true;
  update money.plans t set is_active = false
  where t.is_active and not exists (
    select from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'plans') as p
    where m ->> 'slug' = t.marketplace and p ->> 'code' = t.code);

  insert into money.products as t (marketplace, code, role, name, currency, amount, days, covers, benefits)
  select m ->> 'slug', p ->> 'code', p ->> 'role', p ->> 'name', m ->> 'currency', (p ->> 'amount')::bigint,
         (p ->> 'days')::smallint, p ->> 'covers', array(select jsonb_array_elements_text(p -> 'benefits'))
  from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'products') as p
  on conflict on constraint products_pkey do update set role = excluded.role, name = excluded.name, amount = excluded.amount,
    days = excluded.days, covers = excluded.covers, benefits = excluded.benefits, is_active = true;
  update money.products t set is_active = false
  where t.is_active and not exists (
    select from jsonb_array_elements(configuration) as m, jsonb_array_elements(m -> 'products') as p
    where m ->> 'slug' = t.marketplace and p ->> 'code' = t.code);

  select count(*) into named from jsonb_array_elements(configuration) as m,
    jsonb_array_elements(coalesce(m -> 'plans', '[]') || coalesce(m -> 'products', '[]'));
  return named;
end $$;
