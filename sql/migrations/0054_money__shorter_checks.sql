-- Each CHECK of a table is read and made ready at each statement that writes to it: those that nobody tells apart are one.
alter table money.transfers
  drop constraint transfers_adjustment_check, drop constraint transfers_description_check,
  drop constraint transfers_reference_check, drop constraint transfers_reverses_check,
  add constraint transfers_words_check check (btrim(description) <> '' and (reference_type is null) = (reference_id is null)
    and (type = 'reversal') = (reverses is not null) and (type <> 'adjustment' or created_by is not null));
-- Nothing is below zero but a debt, which is not above it.
alter table money.balances
  drop constraint balances_debt_check, drop constraint balances_overdraft_check,
  add constraint balances_overdraft_check check (balance = 0 or is_debt = (balance < 0));
alter table money.entries
  drop constraint entries_amount_check, drop constraint entries_credits_check,
  add constraint entries_amount_check check (amount <> 0 and abs(amount) <= 1000000000000000
    and (currency <> 'XCR' or balance_after is null or money.fits_credits(type, amount)));

-- As before, by four sums in place of seven.
create or replace function money.refuse_unbalanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  if (
    select sum(e.amount) = 0 and bool_and(a.id is not null)
      and min(e.transfer_id || e.currency) = max(e.transfer_id || e.currency)
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
