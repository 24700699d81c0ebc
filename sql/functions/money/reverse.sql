-- Posts the opposite of a transfer, once: asked for again it returns the reversal that is there. Refuses with not_found,
-- reversal_of_reversal, and balances_overdraft_check when what came in has been spent.
create or replace function money.reverse(transfer_id uuid, description text) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare original money.transfers; entries jsonb;
begin
  select t.* into original from money.transfers t where t.id = reverse.transfer_id and t.marketplace = app.marketplace();
  if not found then perform app.refuse('not_found'); end if;
  if original.type = 'reversal' then perform app.refuse('reversal_of_reversal'); end if;
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('account', a.kind, 'user_id', a.owner_id, 'gateway', a.gateway,
           'currency', e.currency, 'amount', -e.amount,
           -- Credits that were spent come back as refunded, and the other way round; those that were earned staff take away.
           'type', case when a.kind = 'credits' then
             case e.type when 'spent' then 'refunded' when 'refunded' then 'spent' else 'adjustment' end end)) order by a.id)
  into entries
  from money.entries e join money.accounts a on a.id = e.account_id where e.transfer_id = original.id;
  return money.post(jsonb_strip_nulls(jsonb_build_object('key', 'reversal/' || original.id, 'type', 'reversal',
    'description', reverse.description, 'reverses', original.id, 'reference_type', original.reference_type,
    'reference_id', original.reference_id, 'entries', entries)));
end $$;

grant execute on function money.reverse(uuid, text) to vicinity_worker;
