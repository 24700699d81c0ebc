-- Gives a person credits, or takes some away, in the name of the member of staff of this transaction. Refuses with not_found for
-- somebody of another marketplace or without an account, own_account, and balances_overdraft_check.
create or replace function money.adjust_credits(person_id uuid, credits bigint, words text)
returns table (id uuid, user_id uuid, type text, amount bigint, balance_after bigint, description text, created_by uuid,
  created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare posted uuid;
begin
  if not exists (
    select from identity.users u
    where u.id = person_id and u.marketplace = app.marketplace() and u.deleted_at is null) then
    perform app.refuse('not_found');
  end if;
  if person_id = app.actor() then perform app.refuse('own_account'); end if;
  posted := money.post(jsonb_build_object('key', 'adjustment/' || app.uuid_v7(), 'type', 'adjustment', 'currency', 'XCR',
    'description', 'Adjustment by staff', 'entries', jsonb_build_array(
      jsonb_build_object('account', 'credits', 'user_id', person_id, 'amount', credits),
      jsonb_build_object('account', 'credit_expense', 'amount', -credits))));
  insert into money.adjustments (transfer_id, marketplace, user_id, description, created_by)
  values (posted, app.marketplace(), person_id, words, app.actor());
  return query
    select posted, c.user_id, c.type, c.amount, c.balance_after, c.description::text, app.actor(), c.created_at
    from money.credit_transactions c where c.id = posted;
  perform app.audit('money.credits_adjusted', 'money', 'adjustments', posted::text, new_values => jsonb_build_object(
    'user_id', person_id, 'amount', credits, 'description', words));
end $$;

grant execute on function money.adjust_credits(uuid, bigint, text) to vicinity_api;
