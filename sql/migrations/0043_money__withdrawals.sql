-- A way out for what is people's own in a wallet, by the rail of payouts; and payouts that stay while their provider is kept out.

-- `withdrawing`: what has left a wallet for a bank and is not sent yet. Nothing else is taken from it.
alter table money.accounts drop constraint accounts_kind_check;
alter table money.accounts add constraint accounts_kind_check check (case when owner_id is null
  then kind in ('platform_revenue', 'gateway_clearing', 'gateway_fees', 'promo_expense', 'credit_expense', 'dispute_expense',
    'disputed', 'tax', 'bank')
  else kind in ('wallet', 'credits', 'provider_payable', 'held', 'receivable', 'withdrawing') end);
alter table money.transfers drop constraint transfers_type_check;
alter table money.transfers add constraint transfers_type_check check (type in ('payment', 'release', 'refund', 'charge', 'tip',
  'subscription', 'wallet_topup', 'earned', 'adjustment', 'payout', 'payout_return', 'netting', 'dispute', 'settlement', 'fee',
  'reversal', 'withdrawal'));

alter table money.payouts
  -- What a provider has earned in a period, or what a person takes out of the wallet when they like.
  add column kind text not null default 'earnings' constraint payouts_kind_check check (kind in ('earnings', 'withdrawal')),
  -- What of a withdrawal had been topped up.
  add column topped_up_amount bigint not null default 0,
  -- Staff let it go although its provider is kept out.
  add column is_cleared boolean not null default false,
  alter column run_id drop not null,
  alter column period_start drop not null,
  alter column period_end drop not null,
  add constraint payouts_run_check check (num_nulls(run_id, period_start, period_end) = case kind when 'earnings' then 0 else 3 end),
  add constraint payouts_topped_up_check check (topped_up_amount >= 0 and (kind = 'withdrawal' or topped_up_amount = 0));
alter table money.payout_items drop constraint payout_items_kind_check;
alter table money.payout_items add constraint payout_items_kind_check
  check (kind in ('earning', 'tip', 'correction', 'netting', 'fee', 'withdrawal'));

-- They take more than before.
drop function if exists money.list_payouts(text, uuid, uuid, integer);

insert into money.invariants (name, description, checker) values
  ('withdrawals_are_held', 'What has left wallets and is not sent waits for its withdrawals, to the cent.', 'money.wrong_withdrawals');
