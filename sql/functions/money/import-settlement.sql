-- Takes a gateway's file of what it has paid out: matches each line by its reference, its amount, its currency, its fee and its day
-- with what we have, keeps what became of it, and moves what matched from the gateway's clearing account to that of our bank. What the
-- gateway billed for by itself (`fee`) is an expense from then on. A line that was matched before is `repeated` and moves nothing, so a
-- file may be imported again when its differences were mended.
--
-- rows: lines of `line|kind|entry_reference|reference|currency|amount|fee|net|occurred_at|problem`, in minor units; with a problem
-- only the line's number counts
create or replace function money.import_settlement(gateway text, file_name text, rows text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare s money.settlements; told record; sum_ record;
begin
  -- One file of a gateway after the other: what one has matched the next sees.
  perform pg_advisory_xact_lock(hashtextextended('money.settlements ' || app.marketplace() || ' ' || import_settlement.gateway, 0));
  s.id := app.uuid_v7();
  insert into money.settlements (id, marketplace, gateway, file_name, line_count, first_at, last_at, created_by)
  select s.id, app.marketplace(), import_settlement.gateway, import_settlement.file_name, count(*), min(t.occurred_at),
         max(t.occurred_at), app.actor()
  from money.told_lines(rows) t
  returning * into s;
  insert into money.settlement_lines (settlement_id, line, result, kind, entry_reference, reference, currency, amount, fee, net,
    occurred_at, attempt_id, refund_id, expected_amount, expected_fee, problem)
  select s.id, m.line,
    case when m.result = 'matched' and row_number() over (
        partition by m.result, m.attempt_id, m.refund_id, case m.kind when 'fee' then m.entry_reference end order by m.line) > 1
      then 'repeated' else m.result end,
    m.kind, m.entry_reference, m.reference, m.currency, m.amount, m.fee, m.net, m.occurred_at, m.attempt_id, m.refund_id,
    m.expected_amount, m.expected_fee, m.problem
  from money.match_lines(s, rows) m;
  insert into money.settlement_lines (settlement_id, line, result, kind, reference, currency, occurred_at, attempt_id, refund_id,
    expected_amount, expected_fee)
  select s.id, (select coalesce(max(l.line), 0) from money.settlement_lines l where l.settlement_id = s.id)
           + row_number() over (order by e.posted_at, e.reference),
    'missing', e.kind, e.reference, e.currency, e.posted_at, e.attempt_id, e.refund_id, e.amount, e.fee
  from money.expected_lines(s.gateway, null, s.first_at, s.last_at) e
  where not e.is_settled and not exists (
    select from money.settlement_lines l where l.settlement_id = s.id and (l.attempt_id = e.attempt_id or l.refund_id = e.refund_id))
  limit 10000;
  -- Some gateways tell their fee here first.
  for told in
    select a.id, a.payment_id, l.fee from money.settlement_lines l join money.payment_attempts a on a.id = l.attempt_id
    where l.settlement_id = s.id and l.result = 'matched' and l.kind = 'charge' and a.fee is null and l.fee > 0 order by a.payment_id
  loop
    update money.payment_attempts a set fee = told.fee where a.id = told.id;
    perform money.post_fees(told.payment_id);
  end loop;
  perform money.post_billed_fees(s);
  for sum_ in
    select l.currency, sum(l.net)::bigint as net from money.settlement_lines l
    where l.settlement_id = s.id and l.result = 'matched' group by 1 having sum(l.net) <> 0 order by 1
  loop
    -- What we have at our bank has an account as a gateway has: payouts by bank transfer leave it.
    perform money.post(jsonb_build_object('key', 'settlement/' || s.id || '/' || sum_.currency, 'type', 'settlement',
      'description', 'Paid out by ' || s.gateway, 'currency', sum_.currency, 'reference_type', 'settlement', 'reference_id', s.id,
      'entries', jsonb_build_array(
        jsonb_build_object('account', 'gateway_clearing', 'gateway', s.gateway, 'amount', sum_.net),
        jsonb_build_object('account', 'gateway_clearing', 'gateway', 'bank', 'amount', -sum_.net))));
  end loop;
  perform app.audit('money.settlement_imported', 'money', 'settlements', s.id::text,
    metadata => jsonb_build_object('gateway', s.gateway, 'lines', s.line_count));
  return money.shown_settlement(s.id);
end $$;

create or replace function money.told_lines(rows text) returns table (line integer, kind text, entry_reference text, reference text,
  currency text, amount bigint, fee bigint, net bigint, occurred_at timestamptz, problem text)
language sql stable as $$
  select (f.v)[1]::integer, nullif((f.v)[2], ''), nullif((f.v)[3], ''), nullif((f.v)[4], ''), nullif((f.v)[5], ''),
         nullif((f.v)[6], '')::bigint, nullif((f.v)[7], '')::bigint, nullif((f.v)[8], '')::bigint,
         nullif((f.v)[9], '')::timestamptz, nullif((f.v)[10], '')
  from (select string_to_array(l, '|') as v from string_to_table(rows, E'\n') as l where l <> '' offset 0) as f
$$;

-- What we say that a gateway has taken and given back, as it stands in the ledger: by the gateway's references, or between two moments.
create or replace function money.expected_lines(gateway text, wanted text[], from_ timestamptz, to_ timestamptz)
returns table (kind text, reference text, attempt_id uuid, refund_id uuid, currency text, amount bigint, fee bigint,
  posted_at timestamptz, is_settled boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  with found as (
    select a.id as attempt_id, null::uuid as refund_id from money.payment_attempts a
    where a.marketplace = app.marketplace() and a.gateway = expected_lines.gateway and a.reference = any (wanted)
    union
    select null, r.id from money.refunds r where r.marketplace = app.marketplace() and r.reference = any (wanted)
    union
    select case when t.key like 'attempt/%' then split_part(t.key, '/', 2)::uuid end,
           case when t.key like 'refund/%' then split_part(t.key, '/', 2)::uuid end
    from money.transfers t
    where t.id >= app.uuid_v7_floor(from_) and t.id < app.uuid_v7_floor(to_ + interval '1 minute')
      and t.created_at between from_ and to_ and t.marketplace = app.marketplace()
      and (t.key like 'attempt/%/captured' or t.key like 'refund/%'))
  select 'charge', a.reference, a.id, null::uuid, p.currency, a.captured_amount, a.fee, t.created_at,
         exists (select from money.settlement_lines l where l.attempt_id = a.id and l.result = 'matched' and l.kind = 'charge')
  from found f join money.payment_attempts a on a.id = f.attempt_id join money.payments p on p.id = a.payment_id
  join money.transfer_keys k on k.marketplace = a.marketplace and k.key = 'attempt/' || a.id || '/captured'
  join money.transfers t on t.id = k.transfer_id
  where a.gateway = expected_lines.gateway and a.status = 'captured'
  union all
  select 'refund', r.reference, null, r.id, r.currency, -r.amount, 0, t.created_at,
         exists (select from money.settlement_lines l where l.refund_id = r.id and l.result = 'matched' and l.kind = 'refund')
  from found f join money.refunds r on r.id = f.refund_id join money.payment_attempts a on a.id = r.attempt_id
  join money.transfer_keys k on k.marketplace = r.marketplace and k.key = 'refund/' || r.id
  join money.transfers t on t.id = k.transfer_id
  where a.gateway = expected_lines.gateway and r.status = 'succeeded'
$$;

-- Each line of a file beside what we have of it.
create or replace function money.match_lines(s money.settlements, rows text) returns table (line integer, result text, kind text,
  entry_reference text, reference text, currency text, amount bigint, fee bigint, net bigint, occurred_at timestamptz, attempt_id uuid,
  refund_id uuid, expected_amount bigint, expected_fee bigint, problem text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare named text[] := array(select distinct t.reference from money.told_lines(rows) t where t.kind in ('charge', 'refund'));
begin
  return query
    select t.line,
      case when t.problem is not null then 'unreadable'
        when t.kind = 'other' then 'not_a_payment'
        when t.kind = 'fee' then case
          when exists (select from money.settlement_lines l
            where l.entry_reference = t.entry_reference and l.result = 'matched' and l.kind = 'fee') then 'repeated'
          when not exists (select from money.currencies c where c.code = t.currency and c.code <> 'XCR') then 'currency_differs'
          else 'matched' end
        when e.kind is null then 'unknown'
        when e.is_settled then 'repeated'
        when t.currency <> e.currency then 'currency_differs'
        when t.amount <> e.amount then 'amount_differs'
        when t.fee <> e.fee then 'fee_differs'
        when abs(extract(epoch from t.occurred_at - e.posted_at)) > 3 * 86400 then 'date_differs'
        else 'matched' end,
      t.kind, t.entry_reference, t.reference, t.currency, t.amount, t.fee, t.net, t.occurred_at, e.attempt_id, e.refund_id, e.amount,
      e.fee, t.problem
    from money.told_lines(rows) t
    left join money.expected_lines(s.gateway, named, null, null) e on e.kind = t.kind and e.reference = t.reference;
end $$;

-- A settlement as staff see it: how many lines have come to what, and what went to the bank.
create or replace function money.shown_settlement(settlement_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', s.id, 'gateway', s.gateway, 'file_name', s.file_name, 'line_count', s.line_count,
    'first_at', s.first_at, 'last_at', s.last_at,
    'matched_count', count(l.line) filter (where l.result = 'matched'),
    'repeated_count', count(l.line) filter (where l.result = 'repeated'),
    'difference_count', count(l.line) filter (where l.result not in ('matched', 'repeated')),
    'settled', coalesce((
      select jsonb_agg(jsonb_build_object('currency', t.currency, 'amount', t.net) order by t.currency) from (
        select n.currency, sum(n.net)::bigint as net from money.settlement_lines n
        where n.settlement_id = s.id and n.result = 'matched' group by 1) as t), '[]'),
    'created_by', s.created_by, 'created_at', s.created_at)
  from money.settlements s left join money.settlement_lines l on l.settlement_id = s.id
  where s.id = shown_settlement.settlement_id and s.marketplace = app.marketplace()
  group by s.id
$$;

-- Settlements of the marketplace for staff, the newest first.
create or replace function money.list_settlements(before uuid, max integer) returns table (settlement jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select money.shown_settlement(f.id) from (
    select s.id from money.settlements s
    where s.marketplace = app.marketplace() and (before is null or s.id < before)
    order by s.id desc limit max) as f
  order by f.id desc
$$;

-- A settlement and a page of its lines, those that did not match where no result is asked for.
create or replace function money.show_settlement(settlement_id uuid, wanted text, after integer, max integer)
returns table (settlement jsonb, lines jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.settlement, (
    select coalesce(jsonb_agg(to_jsonb(f) - 'settlement_id' order by f.line), '[]') from (
      select l.*, coalesce(a.payment_id, r.payment_id) as payment_id from money.settlement_lines l
      left join money.payment_attempts a on a.id = l.attempt_id left join money.refunds r on r.id = l.refund_id
      where l.settlement_id = show_settlement.settlement_id and l.line > coalesce(after, 0)
        and case when wanted is null then l.result not in ('matched', 'repeated') else l.result = wanted end
      order by l.line limit max) as f)
  from (select money.shown_settlement(show_settlement.settlement_id) as settlement) as s
  where s.settlement is not null
$$;

create or replace function money.wrong_settlements(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('settlement_id', s.id, 'currency', l.currency, 'matched', l.net, 'posted', coalesce(e.amount, 0))
  from money.settlements s
  cross join lateral (
    select n.currency, sum(n.net)::bigint as net from money.settlement_lines n
    where n.settlement_id = s.id and n.result = 'matched' group by 1) as l
  left join money.transfer_keys k on k.marketplace = s.marketplace and k.key = 'settlement/' || s.id || '/' || l.currency
  left join lateral (
    select -sum(n.amount) as amount from money.entries n join money.accounts a on a.id = n.account_id
    where n.transfer_id = k.transfer_id and a.gateway = 'bank') as e on true
  where money.is_looked_at(s.marketplace) and (since is null or s.created_at >= since) and l.net <> coalesce(e.amount, 0)
$$;

grant execute on function money.import_settlement(text, text, text), money.list_settlements(uuid, integer),
  money.show_settlement(uuid, text, integer, integer) to vicinity_api;
