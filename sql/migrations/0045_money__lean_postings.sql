-- What a posting costs beside its rows. PostgreSQL reads the text of a table's CHECK anew for every statement that inserts or updates,
-- and a domain's once in a session: the longest ones become domains, which refuse by the same names, and a list is one constant.
alter table money.transfers drop constraint transfers_type_check;
create domain money.transfer_type as text constraint transfers_type_check check (value in ('payment', 'release', 'refund', 'charge',
  'tip', 'subscription', 'wallet_topup', 'earned', 'adjustment', 'payout', 'payout_return', 'netting', 'dispute', 'settlement', 'fee',
  'reversal', 'withdrawal'));
alter table money.transfers alter column type type money.transfer_type;

alter table money.transfer_keys drop constraint transfer_keys_key_check;
create domain money.transfer_key as text constraint transfer_keys_key_check check (length(value) between 1 and 200);
alter table money.transfer_keys alter column key type money.transfer_key;

alter table money.entries drop constraint entries_credits_check;
-- What came in was earned or refunded, what went out was spent; staff adjust both ways.
alter table money.entries add constraint entries_credits_check check (currency <> 'XCR' or balance_after is null
  or type = any (case when amount > 0 then '{earned,refunded,adjustment}'::text[] else '{spent,adjustment}' end));

-- One text to read where two had one reason: no refusal names them.
alter table money.balances drop constraint balances_limit_check, drop constraint balances_totals_check,
  add constraint balances_totals_check check (balance = total_in - total_out and abs(balance) < 9007199254740992);

-- One query instead of two, with the rights of whoever writes, which is the owner, and without a path of its own: all that it names
-- is named in full. Who sees fewer accounts is refused more.
create or replace function money.refuse_unbalanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  select e.transfer_id, sum(e.amount) <> 0 as is_unbalanced into wrong
  from written e left join money.accounts a on a.id = e.account_id and a.currency = e.currency
  group by e.transfer_id, e.currency having sum(e.amount) <> 0 or count(a.id) < count(*) limit 1;
  if found then
    if wrong.is_unbalanced then perform app.refuse('transfer_unbalanced', wrong.transfer_id::text); end if;
    perform app.refuse('entry_without_account');
  end if;
  return null;
end $$;

-- PostgreSQL gives a partition the parent's triggers for each row and not those for each statement: whoever wrote to a partition by
-- its name, or emptied it, was not seen.
create function app.guard_partition(parent regclass, partition regclass) returns void language plpgsql as $$
declare definition text;
begin
  for definition in
    select replace(pg_get_triggerdef(t.oid), format(' ON %s ', parent), format(' ON %s ', partition))
    from pg_trigger t where t.tgrelid = parent and not t.tgisinternal and t.tgtype & 1 = 0
  loop
    execute definition;
  end loop;
end $$;
select app.guard_partition(i.inhparent, i.inhrelid)
from pg_inherits i join app.partition_policies p on p.parent::regclass = i.inhparent;
