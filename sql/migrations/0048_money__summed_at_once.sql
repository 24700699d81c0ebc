-- What a statement wrote is nearly always one transfer in one currency, which is summed without being grouped, for a third less. What
-- that does not settle is looked at in groups, as before.
create or replace function money.refuse_unbalanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  if (
    select sum(e.amount) = 0 and count(a.id) = count(*) and min(e.currency) = max(e.currency)
      and min(e.transfer_id::text) = max(e.transfer_id::text)
    from written e left join money.accounts a on a.id = e.account_id and a.currency = e.currency) then
    return null;
  end if;
  select e.transfer_id, sum(e.amount) <> 0 as is_unbalanced into wrong
  from written e left join money.accounts a on a.id = e.account_id and a.currency = e.currency
  group by e.transfer_id, e.currency having sum(e.amount) <> 0 or count(a.id) < count(*) limit 1;
  if found then
    if wrong.is_unbalanced then perform app.refuse('transfer_unbalanced', wrong.transfer_id::text); end if;
    perform app.refuse('entry_without_account');
  end if;
  return null;
end $$;

-- The text of a CHECK is read at each statement that inserts, and this part of it concerns credits alone. Not a function in SQL, which
-- would be read into the CHECK each time.
create function money.fits_credits(type text, amount bigint) returns boolean language plpgsql immutable as $$
begin
  return type = any (case when amount > 0 then '{earned,refunded,adjustment}'::text[] else '{spent,adjustment}' end);
end $$;
alter table money.entries drop constraint entries_credits_check;
-- What came in was earned or refunded, what went out was spent; staff adjust both ways.
alter table money.entries add constraint entries_credits_check
  check (currency <> 'XCR' or balance_after is null or money.fits_credits(type, amount));
