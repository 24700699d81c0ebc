-- Whom a gateway knows the person of this transaction as: `reference` is null where the gateway is to be asked, under the row's id.
create or replace function money.my_gateway_customer(gateway text)
returns table (id uuid, reference varchar, email varchar, full_name varchar, phone_sealed text, phone_hash text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  insert into money.gateway_customers (marketplace, user_id, gateway)
  values (app.marketplace(), app.actor(), my_gateway_customer.gateway)
  on conflict on constraint gateway_customers_user_id_key do nothing;
  return query
    select c.id, c.reference, u.email::varchar, u.full_name::varchar, u.phone_sealed::text, u.phone_hash::text
    from money.gateway_customers c join identity.users u on u.id = c.user_id
    where c.user_id = app.actor() and c.gateway = my_gateway_customer.gateway;
end $$;

-- Notes as whom a gateway knows the person of this transaction. The first answer counts.
create or replace function money.keep_gateway_customer(gateway text, reference text) returns table (kept boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.gateway_customers c set reference = keep_gateway_customer.reference
  where c.user_id = app.actor() and c.gateway = keep_gateway_customer.gateway and c.reference is null;
  return query select true;
end $$;

-- Takes over what a gateway says that the person of this transaction keeps there. Returns all that are left.
create or replace function money.keep_methods(gateway text, methods jsonb) returns setof money.payment_methods
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.take_methods(app.actor(), keep_methods.gateway, methods);
  return query select m.* from money.payment_methods m where m.user_id = app.actor() and m.removed_at is null order by m.id desc;
end $$;

-- The same for whom the gateway knows as this customer, by the worker.
create or replace function money.keep_methods_of(gateway text, customer text, methods jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform money.take_methods(c.user_id, c.gateway, methods) from money.gateway_customers c
  where c.marketplace = app.marketplace() and c.gateway = keep_methods_of.gateway and c.reference = keep_methods_of.customer;
end $$;

-- methods: newest first, [{ reference, type, brand, last4, expires: { month, year } | null }]. What the person has removed here stays so,
-- what is gone there goes here, and what comes back there comes back.
create or replace function money.take_methods(person_id uuid, gateway text, methods jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = person_id and u.purged_at is null for no key update;
  -- What a gateway says of somebody who was purged is for nobody.
  if not found then return; end if;
  update money.payment_methods m set removed_at = app.now(), is_default = false
  where m.user_id = person_id and m.gateway = take_methods.gateway and m.removed_at is null
    and m.reference not in (select k ->> 'reference' from jsonb_array_elements(methods) as k);
  insert into money.payment_methods as m (marketplace, user_id, gateway, reference, type, brand, last4, expires_month, expires_year)
  select app.marketplace(), person_id, take_methods.gateway, k ->> 'reference', k ->> 'type', k ->> 'brand', k ->> 'last4',
    (k #>> '{expires,month}')::smallint, (k #>> '{expires,year}')::smallint
  from jsonb_array_elements(methods) with ordinality as l (k, place) order by l.place desc
  on conflict on constraint payment_methods_reference_key do update set brand = excluded.brand, last4 = excluded.last4,
    expires_month = excluded.expires_month, expires_year = excluded.expires_year,
    removed_at = case when m.is_forgotten then m.removed_at end
    where m.user_id = excluded.user_id;
  perform money.choose_default(person_id);
end $$;

-- The newest becomes the default where there is none.
create or replace function money.choose_default(person_id uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update money.payment_methods m set is_default = true
  where m.id = (select n.id from money.payment_methods n where n.user_id = choose_default.person_id and n.removed_at is null
                order by n.id desc limit 1)
    and not exists (select from money.payment_methods d where d.user_id = choose_default.person_id and d.is_default)
$$;

-- Makes one of the caller's methods the one that is charged where none is named. Refuses with not_found.
create or replace function money.prefer_method(method_id uuid) returns setof money.payment_methods
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  if not exists (select from money.payment_methods m
    where m.id = prefer_method.method_id and m.user_id = app.actor() and m.removed_at is null) then
    perform app.refuse('not_found');
  end if;
  update money.payment_methods m set is_default = false where m.user_id = app.actor() and m.is_default and m.id <> prefer_method.method_id;
  return query update money.payment_methods m set is_default = true where m.id = prefer_method.method_id returning m.*;
end $$;

-- Removes one of the caller's methods: from now on nothing is charged to it. Returns what the gateway is told. Refuses with not_found.
create or replace function money.remove_method(method_id uuid) returns table (gateway text, reference varchar, customer varchar)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare m money.payment_methods;
begin
  perform from identity.users u where u.id = app.actor() for no key update;
  update money.payment_methods t set removed_at = app.now(), is_default = false, is_forgotten = true
  where t.id = remove_method.method_id and t.user_id = app.actor() and t.removed_at is null returning t.* into m;
  if m.id is null then perform app.refuse('not_found'); end if;
  perform money.choose_default(m.user_id);
  return query select m.gateway, m.reference, c.reference from money.gateway_customers c
    where c.user_id = m.user_id and c.gateway = m.gateway;
end $$;

-- What is charged when a person is not there: their default method, null where they keep none.
create or replace function money.default_method(person_id uuid) returns money.payment_methods
language sql stable security definer set search_path = public, pg_temp as $$
  select m.* from money.payment_methods m where m.user_id = default_method.person_id and m.is_default
$$;

grant execute on function money.my_gateway_customer(text), money.keep_gateway_customer(text, text), money.keep_methods(text, jsonb),
  money.prefer_method(uuid), money.remove_method(uuid) to vicinity_api;
grant execute on function money.default_method(uuid), money.keep_methods_of(text, text, jsonb) to vicinity_worker;
