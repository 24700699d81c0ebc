-- Whoever's account was purged is nobody's row here until the gateway has forgotten them too.
alter table money.gateway_customers alter column user_id drop not null, add column left_at timestamptz, add column asked_at timestamptz,
  add constraint gateway_customers_left_at_check check ((user_id is null) = (left_at is not null));
create index gateway_customers_leaving_idx on money.gateway_customers (asked_at) where user_id is null;

insert into money.invariants (name, description, checker) values
  ('customers_forgotten', 'A gateway has forgotten whoever''s account was purged a week ago.', 'money.unforgotten_customers');
