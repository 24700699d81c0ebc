-- Writes the papers that a payment has come to: its invoice when it has been paid, and a credit note for what has gone back since.
-- Called at the end of the transaction, and again at each change: what is written is not written twice.
create or replace function money.write_papers(payment_id uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p money.payments; i money.invoices; held bigint; total bigint; credited bigint; credited_tax bigint; back bigint; tax bigint;
  tax_rule jsonb := coalesce(app.setting('invoice_tax'), '{}'); items jsonb; taxes jsonb;
begin
  select t.* into strict p from money.payments t where t.id = write_papers.payment_id;
  -- All but what the gateway was to take and has not.
  held := p.amount - p.gateway_amount + p.captured_amount;
  select t.* into i from money.invoices t where t.payment_id = p.id and t.kind <> 'credit_note';
  if i.id is null then
    total := least(held, coalesce(p.due_amount, held));
    if total <= 0 then return; end if;
    items := money.paper_lines(p, total);
    taxes := money.tax_lines(items, tax_rule);
    tax := (select coalesce(sum((t ->> 'amount')::bigint), 0) from jsonb_array_elements(taxes) as t);
    i := money.write_paper(p, case p.purpose when 'topup' then 'receipt' else 'invoice' end, null,
      -- A tax that is a line of the price stands among the taxes.
      (select coalesce(jsonb_agg(l - 'payee'), '[]') from jsonb_array_elements(items) as l where l ->> 'payee' is distinct from 'tax'),
      taxes, total, tax);
  end if;
  select coalesce(sum(t.total_amount), 0), coalesce(sum(t.tax_amount), 0) into credited, credited_tax
  from money.invoices t where t.corrects = i.id;
  back := i.total_amount - credited - (held - p.refunded_amount);
  if back <= 0 then return; end if;
  -- The tax of all that went back, less what earlier notes have: no unit is lost in rounding.
  tax := round(i.tax_amount::numeric * (credited + back) / i.total_amount) - credited_tax;
  perform money.write_paper(p, 'credit_note', i.id,
    jsonb_build_array(jsonb_build_object('code', 'refund', 'description', 'Refund of ' || i.number, 'quantity', 1,
      'unit_amount', back, 'amount', back)),
    case when tax = 0 then '[]' else jsonb_build_array(jsonb_build_object('name', coalesce(i.tax_lines #>> '{0,name}', 'Tax'),
      'basis_points', case when jsonb_array_length(i.tax_lines) = 1 then i.tax_lines #> '{0,basis_points}' end,
      'amount', tax, 'is_included', true)) end, back, tax);
end $$;

-- Draws the next number and writes one paper.
create or replace function money.write_paper(p money.payments, kind text, corrects uuid, lines jsonb, tax_lines jsonb, total bigint,
  tax bigint) returns money.invoices
language plpgsql security definer set search_path = public, pg_temp as $$
declare i money.invoices; m app.marketplaces; drawn bigint; year_ smallint;
begin
  select t.* into strict m from app.marketplaces t where t.slug = p.marketplace;
  year_ := extract(year from app.now() at time zone m.time_zone);
  insert into money.invoice_numbers as n (marketplace, kind, year, last) values (p.marketplace, write_paper.kind, year_, 1)
  on conflict on constraint invoice_numbers_pkey do update set last = n.last + 1
  returning n.last into drawn;
  insert into money.invoices (marketplace, kind, year, place, number, payment_id, corrects, user_id, buyer_name, issuer, description,
    currency, lines, tax_lines, subtotal_amount, tax_amount, total_amount)
  values (p.marketplace, write_paper.kind, year_, drawn,
    -- Sixteen characters at most, as India asks, up to 99,999,999 in a year: HMG-I26-00000001.
    m.booking_prefix || '-' || upper(left(write_paper.kind, 1)) || to_char(year_ % 100, 'FM00') || '-'
      || lpad(drawn::text, greatest(8, length(drawn::text)), '0'),
    p.id, write_paper.corrects, p.payer_id, (select u.full_name from identity.users u where u.id = p.payer_id),
    jsonb_build_object('name', m.name, 'address', '[]'::jsonb, 'tax_id', null) ||
      coalesce(jsonb_strip_nulls(app.setting('invoice_issuer')), '{}'),
    p.description, p.currency, write_paper.lines, write_paper.tax_lines, total - tax, tax, total)
  returning * into i;
  perform app.emit('payment.' || write_paper.kind || '_issued', jsonb_build_object('payment_id', p.id, 'invoice_id', i.id,
    'number', i.number, 'user_id', p.payer_id, 'amount', total, 'currency', p.currency));
  return i;
end $$;

-- What a line is called: 'Service fee, 15 %'.
create or replace function money.line_name(code text, description text) returns text language sql immutable as $$
  select case when description is null then f.name when description ilike f.name || '%' then description
    else f.name || ', ' || description end
  from (select upper(left(code, 1)) || replace(substr(code, 2), '_', ' ') as name) as f
$$;

-- What a person pays, line by line: a booking's lines less what of them is not owed, or what the purpose has asked for. Where these do
-- not make the total, such as when only a part was paid, one line says what it is for.
create or replace function money.paper_lines(p money.payments, total bigint) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  with wanted as (
    select i ->> 'code' as code, money.line_name(i ->> 'code', i ->> 'description') as description, i -> 'quantity' as quantity, (i ->> 'amount')::bigint as amount,
           (i ->> 'unit_amount')::bigint as unit_amount, i ->> 'payee' as payee, o.place,
           coalesce((select sum((r ->> 'amount')::bigint) from jsonb_array_elements(b.refund_items) as r
                     where r ->> 'code' = i ->> 'code' and r ->> 'payee' = i ->> 'payee'
                       and r ->> 'payer' = 'customer'), 0)::bigint as unowed
    from booking.bookings b, jsonb_array_elements(b.line_items) with ordinality as o (i, place)
    where b.id = p.booking_id and i ->> 'payer' = 'customer'
    union all
    select coalesce(i ->> 'code', p.purpose), case when i ? 'description' or jsonb_array_length(p.due_items) > 1
        then money.line_name(coalesce(i ->> 'code', i ->> 'payee'), i ->> 'description') else p.description end,
           '1'::jsonb, (i ->> 'amount')::bigint, (i ->> 'amount')::bigint, i ->> 'payee', o.place, 0
    from jsonb_array_elements(p.due_items) with ordinality as o (i, place)
    where p.booking_id is null and i ->> 'payer' = 'customer'),
  owed as (
    select w.place, w.amount - w.unowed as amount, jsonb_build_object('code', w.code, 'description', w.description, 'payee', w.payee,
      'quantity', case when w.unowed = 0 then w.quantity else '1'::jsonb end,
      'unit_amount', case when w.unowed = 0 then w.unit_amount else w.amount - w.unowed end, 'amount', w.amount - w.unowed) as line
    from wanted w where w.amount <> w.unowed)
  select case when sum(o.amount) = total then jsonb_agg(o.line order by o.place)
    else jsonb_build_array(jsonb_build_object('code', p.purpose, 'description', p.description, 'quantity', 1, 'unit_amount', total,
      'amount', total)) end
  from owed o
$$;

-- The taxes of lines: those that are lines themselves, and by a rule { name, basis_points, of: all | platform } the part of the prices
-- that is tax, rounded half up.
create or replace function money.tax_lines(items jsonb, rule jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(t), '[]') from (
    select jsonb_build_object('name', l ->> 'description', 'basis_points', null, 'amount', (l ->> 'amount')::bigint,
      'is_included', false) as t
    from jsonb_array_elements(items) as l where l ->> 'payee' = 'tax'
    union all
    select jsonb_build_object('name', coalesce(rule ->> 'name', 'Tax'), 'basis_points', r.rate, 'amount', r.amount, 'is_included', true)
    from (
      select n.rate, round(greatest(n.base, 0)::numeric * n.rate / (10000 + n.rate))::bigint as amount from (
        select (rule ->> 'basis_points')::integer as rate, sum((l ->> 'amount')::bigint) as base
        from jsonb_array_elements(items) as l
        where l ->> 'payee' is distinct from 'tax'
          and (coalesce(rule ->> 'of', 'all') = 'all' or l ->> 'payee' is null or l ->> 'payee' in ('platform', 'promo'))) as n) as r
    where r.rate > 0 and r.amount > 0
      -- A price that names its tax has no other.
      and not exists (select from jsonb_array_elements(items) as l where l ->> 'payee' = 'tax')) as taxes (t)
$$;

-- The papers of a payment: { invoice (null until something was paid), credit_notes: the oldest first }.
create or replace function money.papers_of(payment_id uuid) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object(
    'invoice', (jsonb_agg(f.paper) filter (where f.kind <> 'credit_note')) -> 0,
    'credit_notes', coalesce(jsonb_agg(f.paper order by f.id) filter (where f.kind = 'credit_note'), '[]'))
  from (
    select i.id, i.kind, jsonb_build_object('id', i.id, 'kind', i.kind, 'number', i.number, 'currency', i.currency,
      'subtotal_amount', i.subtotal_amount, 'tax_amount', i.tax_amount, 'total_amount', i.total_amount, 'issued_at', i.issued_at,
      'url', '/api/v1/payments/' || i.payment_id || '/invoice.pdf'
        || case i.kind when 'credit_note' then '?number=' || i.number else '' end) as paper
    from money.invoices i where i.payment_id = papers_of.payment_id) as f
$$;

-- A paper of the person of this transaction: by its number, or the invoice of the payment.
create or replace function money.my_paper(payment_id uuid, number text) returns table (kind text, number text, corrects text,
  buyer_name text, issuer jsonb, description text, currency text, lines jsonb, tax_lines jsonb, subtotal_amount bigint,
  tax_amount bigint, total_amount bigint, issued_at timestamptz)
language sql stable as $$
  select i.kind, i.number, c.number, i.buyer_name, i.issuer, i.description, i.currency, i.lines, i.tax_lines, i.subtotal_amount,
         i.tax_amount, i.total_amount, i.issued_at
  from money.invoices i left join money.invoices c on c.id = i.corrects
  where i.payment_id = $1 and i.user_id = app.actor()
    and case when $2 is null then i.kind <> 'credit_note' else i.number = $2 end
$$;

create or replace function money.gaps_in_papers(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('marketplace', n.marketplace, 'kind', n.kind, 'year', n.year, 'last', n.last, 'highest', f.highest,
           'papers', f.papers)
  from money.invoice_numbers n
  cross join lateral (
    select max(i.place) as highest, count(*) as papers from money.invoices i
    where i.marketplace = n.marketplace and i.kind = n.kind and i.year = n.year
      and (since is null or i.place > n.last - 1000)) as f
  where money.is_looked_at(n.marketplace)
    and (f.highest is distinct from n.last or f.papers <> case when since is null then n.last else least(n.last, 1000) end)
$$;

create or replace function money.wrong_papers(since timestamptz) returns setof jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('payment_id', p.id, 'kept', k.kept, 'invoiced', coalesce(f.invoiced, 0))
  from money.payments p
  cross join lateral (select p.amount - p.gateway_amount + p.captured_amount - p.refunded_amount as kept) as k
  cross join lateral (
    select sum(case i.kind when 'credit_note' then -i.total_amount else i.total_amount end) as invoiced
    from money.invoices i where i.payment_id = p.id) as f
  where money.is_looked_at(p.marketplace)
    and (p.status in ('succeeded', 'partially_refunded', 'refunded') or p.status = 'failed' and p.settled_at is not null)
    and (since is null or p.updated_at >= since)
    -- A bank may bring back what is on a credit note, and a payment may hold more than is owed until the rest has gone back.
    and (coalesce(f.invoiced, 0) > k.kept or f.invoiced is null and least(k.kept, coalesce(p.due_amount, k.kept)) > 0)
$$;

grant execute on function money.my_paper(uuid, text) to vicinity_api;
