-- What the gateways of India can do beyond a single payment: methods that people leave at Razorpay, and payouts to banks by RazorpayX.

-- Whose methods an event may tell of, as the gateway knows the person.
alter table money.webhook_events add column customer varchar(255);

-- Its owner does not want it any more. A method that only its bank has paused comes back.
alter table money.payment_methods add column is_forgotten boolean not null default false;
update money.payment_methods set is_forgotten = true where removed_at is not null;
alter table money.payment_methods add constraint payment_methods_forgotten_check check (not is_forgotten or removed_at is not null);
drop function if exists money.my_gateway_customer(text);

-- What the gateway has answered last, reduced to what is neither secret nor a person's: an allow-list for each gateway.
alter table money.payment_attempts add column gateway_response jsonb not null default '{}'
  constraint payment_attempts_gateway_response_check check (jsonb_typeof(gateway_response) = 'object');

-- Who has sent it: a machine, which tells what becomes of it, or staff.
alter table money.payouts add column sent_by text
  constraint payouts_sent_by_check check (sent_by in ('stripe', 'razorpayx', 'staff'));
update money.payouts p set sent_by = case a.kind when 'bank' then 'staff' else a.kind end
from money.payout_accounts a where a.id = p.payout_account_id and p.attempts > 0;
drop function if exists money.start_payout(money.payouts);
drop function if exists money.claim_payout(uuid);
