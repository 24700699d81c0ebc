-- Whoever's account was purged is nobody's row here until the gateway has forgotten them too.
alter table money.gateway_customers alter column user_id drop not null, add column left_at timestamptz, add column asked_at timestamptz,
  add constraint gateway_customers_left_at_check check ((user_id is null) = (left_at is not null));
create index gateway_customers_leaving_idx on money.gateway_customers (asked_at) where user_id is null;

insert into money.invariants (name, description, checker) values
  ('customers_forgotten', 'A gateway has forgotten whoever''s account was purged a week ago.', 'money.unforgotten_customers');

-- Whoever leaves asks for a last payout: the next one that is built takes all, however little it is.
alter table money.payout_marks add column is_final boolean not null default false, add column final_at timestamptz;

-- They take what is given up of earnings, too.
drop function if exists privacy.check_deletable(uuid, bigint);
drop function if exists privacy.begin_deletion(bigint);
drop function if exists privacy.delete_account(jsonb, bigint);

-- What the rail charged us for the sending that stands, its tax included. Null where it has not said.
alter table money.payouts add column rail_fee bigint constraint payouts_rail_fee_check check (rail_fee >= 0);

-- What a gateway bills for by itself stands in its file, and is an expense once.
alter table money.settlement_lines drop constraint settlement_lines_kind_check,
  add constraint settlement_lines_kind_check check (kind in ('charge', 'refund', 'fee', 'other'));
create unique index settlement_lines_fee_key on money.settlement_lines (entry_reference) where result = 'matched' and kind = 'fee';
