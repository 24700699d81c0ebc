-- Buys a product for the person of this transaction: a pass that waits to be paid for. Bought again meanwhile it is the same one.
--
-- wish: { product, covers_id? (something of the person's, of the kind that the product covers), and what `money.open_payment` takes of
-- how to pay }
--
-- Returns { subject (the pass), payment, charge }: see `money.open_payment`, whose refusals it has too. Refuses with product_not_offered,
-- role_missing and not_coverable.
create or replace function money.open_pass(wish jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare product_ money.products; pass money.listing_passes; opened jsonb; subject uuid := (wish ->> 'covers_id')::uuid;
begin
  select t.* into product_ from money.products t
  where t.marketplace = app.marketplace() and t.code = wish ->> 'product' and t.is_active;
  if not found then perform app.refuse('product_not_offered'); end if;
  if product_.role <> all (identity.roles_of(app.actor())) then perform app.refuse('role_missing'); end if;
  if subject is not null and not money.is_coverable(product_.covers, subject) then perform app.refuse('not_coverable'); end if;
  perform money.lock_subscriber(app.actor());
  select t.* into pass from money.listing_passes t
  where t.user_id = app.actor() and t.product = product_.code and t.subject_id is not distinct from subject and t.status = 'pending';
  if pass.amount <> product_.amount or pass.days <> product_.days then
    perform money.lock_subject('listing', pass.id);
    perform money.drop_pass(pass.id);
    pass := null;
  end if;
  if pass.id is null then
    insert into money.listing_passes (marketplace, user_id, product, covers, subject_id, currency, amount, days, benefits)
    values (product_.marketplace, app.actor(), product_.code, product_.covers, subject, product_.currency, product_.amount,
      product_.days, product_.benefits)
    returning * into pass;
  end if;
  opened := money.open_payment(wish || jsonb_build_object('purpose', 'listing', 'subject_id', pass.id));
  return opened || jsonb_build_object('subject', (select to_jsonb(p) from money.shown_passes p where p.id = pass.id));
end $$;

-- Whether something is of the person of this transaction and of a kind that passes cover. Nothing is where its module has not joined.
create or replace function money.is_coverable(covers text, subject_id uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare finder text; found_ boolean := false;
begin
  select t.finder into finder from money.pass_subjects t where t.covers = is_coverable.covers;
  if finder is not null then execute format('select %s($1)', finder) into found_ using is_coverable.subject_id; end if;
  return coalesce(found_, false);
end $$;

-- Gives up a pass that nobody has paid for. What its payment still brings in is given back.
create or replace function money.drop_pass(pass_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update money.listing_passes t set status = 'cancelled' where t.id = pass_id;
  perform money.drop_payment(p) from money.payments p
  where p.purpose = 'listing' and p.subject_id = pass_id and p.status in ('pending', 'processing', 'authorized', 'failed');
end $$;

-- The finder of passes.
create or replace function money.payable_pass(pass_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payer_id', p.user_id, 'amount', p.amount, 'currency', p.currency, 'description', r.name,
    'items', jsonb_build_array(jsonb_build_object('code', p.product, 'payer', 'customer', 'payee', 'platform', 'amount', p.amount)),
    'payable', p.status = 'pending', 'code', 'already_paid')
  from money.listing_passes p join money.products r on r.marketplace = p.marketplace and r.code = p.product
  where p.id = pass_id and p.marketplace = app.marketplace()
$$;

-- The handler of passes. A pass is valid from its payment on; where the same product covers the same thing already, from its end on.
create or replace function money.settle_pass(pass_id uuid, payment_id uuid, status text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare pass money.listing_passes; begins timestamptz := app.now();
begin
  select t.* into strict pass from money.listing_passes t where t.id = settle_pass.pass_id for update;
  if settle_pass.status = 'refunded' and pass.status = 'active' then
    update money.listing_passes t set status = 'cancelled' where t.id = pass.id;
    perform app.emit('pass.cancelled', jsonb_build_object('pass_id', pass.id, 'user_id', pass.user_id, 'covers', pass.covers,
      'subject_id', pass.subject_id));
  elsif settle_pass.status = 'succeeded' then
    if pass.subject_id is not null then
      select greatest(begins, max(t.expires_at)) into begins from money.listing_passes t
      where t.subject_id = pass.subject_id and t.product = pass.product and t.status = 'active';
    end if;
    update money.listing_passes t set status = 'active', starts_at = begins, expires_at = begins + make_interval(days => pass.days)
    where t.id = pass.id returning t.* into pass;
    perform app.emit('pass.activated', jsonb_build_object('pass_id', pass.id, 'user_id', pass.user_id, 'product', pass.product,
      'covers', pass.covers, 'subject_id', pass.subject_id, 'starts_at', pass.starts_at, 'expires_at', pass.expires_at));
  else
    return;
  end if;
  if pass.subject_id is not null then perform money.tell_covered(pass.covers, pass.subject_id); end if;
end $$;

-- Tells the module of a thing that what covers it has changed.
create or replace function money.tell_covered(covers text, subject_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare handler text;
begin
  select t.handler into strict handler from money.pass_subjects t where t.covers = tell_covered.covers;
  execute format('select %s($1)', handler) using tell_covered.subject_id;
end $$;

-- Puts a pass of the person of this transaction that was bought for nothing yet to a thing of theirs: for their own module to call when
-- the thing is published. The pass that ends first is taken. Its id, or null where there is none.
create or replace function money.use_pass(covers text, subject_id uuid, product text default null) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare used uuid;
begin
  if not money.is_coverable(covers, subject_id) then perform app.refuse('not_coverable'); end if;
  update money.listing_passes t set subject_id = use_pass.subject_id
  where t.id = (
    select p.id from money.listing_passes p
    where p.user_id = app.actor() and p.marketplace = app.marketplace() and p.covers = use_pass.covers
      and p.product = coalesce(use_pass.product, p.product) and p.subject_id is null
      and p.status = 'active' and p.starts_at <= app.now() and p.expires_at > app.now()
    order by p.expires_at limit 1 for update skip locked)
  returning t.id into used;
  if used is not null then perform money.tell_covered(covers, subject_id); end if;
  return used;
end $$;

grant execute on function money.open_pass(jsonb) to vicinity_api;
