-- What cancelling a booking returns, and what overstaying costs, by the policy that the booking was made under.

-- How many percent of each line the customer gets back, or no longer owes. The party who is not at fault loses nothing: only a
-- customer who cancels a confirmed booking meets the tiers, and only one who did not come meets the rule for that.
create or replace function booking.refund_percent(b booking.bookings, flow booking.flows, party text, to_status text)
returns integer language sql stable as $$
  select case
    when to_status = flow.no_show then coalesce((b.policy #>> '{no_show,refund_percent}')::integer, 0)
    when party <> 'customer' or b.awaits is not null then 100
    else least(b.refund_cap, coalesce((
      select (tier ->> 'refund_percent')::integer from jsonb_array_elements(b.policy #> '{cancellation,tiers}') as tier
      where app.now() <= booking.tier_ends(b, tier)
      order by (tier ->> 'hours_before')::numeric desc limit 1),
      -- A policy without tiers keeps nothing back.
      case when jsonb_array_length(coalesce(b.policy #> '{cancellation,tiers}', '[]')) = 0 then 100 else 0 end))
  end
$$;

-- Whether its customer could cancel a booking for nothing. Later none is made cheaper: who books a week and cuts it to an hour when
-- cancelling returns nothing has cancelled the rest.
create or replace function booking.is_free_to_leave(b booking.bookings, flow booking.flows) returns boolean
language sql stable as $$
  select booking.refund_percent(b, flow, 'customer', flow.cancelled) = 100
$$;

-- The last moment of a tier: whole days before the start by the calendar of the resource's zone, and the hours that remain.
create or replace function booking.tier_ends(b booking.bookings, tier jsonb) returns timestamptz language sql stable as $$
  select ((b.starts_at at time zone b.time_zone) - make_interval(days => (hours / 24)::integer)) at time zone b.time_zone
    - make_interval(hours => (hours % 24)::integer)
  from (select (tier ->> 'hours_before')::integer as hours) as t
$$;

-- What comes back of each line of the customer's, rounded half up: { code, payer, payee, amount }. A discount comes back as less of it
-- returns, rounded so that neither what returns nor what is kept falls below zero.
create or replace function booking.refund_items(b booking.bookings, percent integer) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('code', l.item ->> 'code', 'payer', l.item ->> 'payer',
      'payee', l.item ->> 'payee', 'amount', case when l.amount >= 0 then l.back
        else -least(greatest(-l.back, l.all_back - l.total), -l.amount, l.all_back) end)
    order by l.place), '[]')
  from (
    select p.*, (sum(p.back) filter (where p.amount >= 0) over ())::bigint as all_back,
           (sum(p.amount) over ())::bigint as total
    from (
      select item.value as item, item.place, (item.value ->> 'amount')::bigint as amount,
             sign((item.value ->> 'amount')::bigint)::bigint
               * ((abs((item.value ->> 'amount')::bigint) * percent * 2 + 100) / 200) as back
      from jsonb_array_elements(b.line_items) with ordinality as item (value, place)
      where item.value ->> 'payer' = 'customer') as p) as l
$$;

-- What a provider no longer pays of their lines, such as a commission, when so much of the customer's comes back.
create or replace function booking.provider_refund_items(b booking.bookings, percent integer) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('code', item.value ->> 'code', 'payer', 'provider', 'payee', item.value ->> 'payee',
    'amount', ((item.value ->> 'amount')::bigint * percent * 2 + 100) / 200) order by item.place), '[]')
  from jsonb_array_elements(b.line_items) with ordinality as item (value, place)
  where item.value ->> 'payer' = 'provider'
$$;

-- The booking with what it costs that it lasted longer than agreed: its own average price for the time over, at the policy's rate,
-- with fee and commission in the proportion of the booking's own. Within the grace nothing is owed, after `at_most_minutes` no more.
create or replace function booking.with_overstay(b booking.bookings) returns booking.bookings
language plpgsql stable as $$
declare
  over numeric := extract(epoch from b.completed_at - b.ends_at);
  rate numeric := (b.policy #>> '{overstay,rate_percent}')::numeric;
  stay bigint; fee bigint; commission bigint;
begin
  if rate is null or over <= coalesce((b.policy #>> '{overstay,grace_minutes}')::numeric, 0) * 60 then return b; end if;
  over := least(over, (b.policy #>> '{overstay,at_most_minutes}')::numeric * 60);
  stay := round(b.subtotal_amount * rate * over / (100 * extract(epoch from b.ends_at - b.starts_at)));
  if stay = 0 then return b; end if;
  fee := round(b.fee_amount::numeric * stay / b.subtotal_amount);
  b.line_items := b.line_items || jsonb_build_array(
    booking.line('overstay', ceil(over / 60) || ' minutes over', stay, 'provider'));
  if fee > 0 then
    b.line_items := b.line_items || jsonb_build_array(booking.line('overstay_fee', 'Service fee', fee, 'platform'));
  end if;
  commission := round(booking.sum_of(b.line_items, 'provider')::numeric * stay / b.subtotal_amount);
  if commission > 0 then
    b.line_items := b.line_items || jsonb_build_array(
      booking.line('overstay_commission', 'Commission', commission, 'platform') || '{"payer": "provider"}');
  end if;
  b.subtotal_amount := b.subtotal_amount + stay;
  b.fee_amount := b.fee_amount + fee;
  b.total_amount := b.total_amount + stay + fee;
  b.overstay_amount := stay + fee;
  return b;
end $$;

create or replace function booking.line(code text, description text, amount bigint, payee text) returns jsonb
language sql immutable as $$
  select jsonb_build_object('code', code, 'description', description, 'quantity', 1, 'unit_amount', amount,
    'amount', amount, 'payer', 'customer', 'payee', payee)
$$;

-- What the person of this transaction would get back by cancelling now, line by line, and until when that holds. `allowed` says
-- whether the flow lets the person cancel at all.
create or replace function booking.cancellation_quote(booking_id uuid) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare b booking.bookings; flow booking.flows; percent integer; party text; allowed boolean;
begin
  select t.* into b from booking.bookings t where t.id = cancellation_quote.booking_id
    and t.marketplace = app.marketplace() and app.actor() in (t.customer_id, t.provider_id);
  if not found then perform app.refuse('not_found'); end if;
  select f.* into strict flow from booking.flows f where f.id = b.flow_id;
  party := booking.party_of(b);
  allowed := b.ends_at > app.now() and coalesce(b.expires_at > app.now(), true) and exists (
    select from jsonb_array_elements(flow.transitions) as t
    where t ->> 'from' = b.status and t ->> 'to' = flow.cancelled and t -> 'by' ? party
      and coalesce(booking.moment_of(b, t -> 'opens') <= app.now(), true)
      and coalesce(booking.moment_of(b, t -> 'closes') > app.now(), true));
  percent := booking.refund_percent(b, flow, party, flow.cancelled);
  return jsonb_build_object('booking_id', b.id, 'version', b.version, 'party', party, 'allowed', allowed,
    'currency', b.currency, 'total_amount', b.total_amount, 'refund_percent', percent,
    'refund_amount', booking.sum_of(booking.refund_items(b, percent), 'customer'),
    'kept_amount', b.total_amount - booking.sum_of(booking.refund_items(b, percent), 'customer'),
    'refund_items', booking.refund_items(b, percent),
    'valid_until', case when party = 'customer' and b.awaits is null then (
      select min(booking.tier_ends(b, tier)) from jsonb_array_elements(b.policy #> '{cancellation,tiers}') as tier
      where app.now() <= booking.tier_ends(b, tier)) end);
end $$;

grant execute on function booking.cancellation_quote(uuid) to vicinity_api;
