-- Payments: what a person pays for one thing, from wallet, credits and gateway together; each try at a gateway; what is given back;
-- and what gateways told us. The intent is committed before a gateway is asked, and everything a gateway says is applied here.

create table money.payments (
  id uuid not null default app.uuid_v7() constraint payments_pkey primary key,
  marketplace text not null constraint payments_marketplace_fkey references app.marketplaces,
  payer_id uuid not null constraint payments_payer_id_fkey references identity.users,
  purpose text not null constraint payments_purpose_check check (purpose in ('booking', 'subscription', 'topup', 'order')),
  booking_id uuid constraint payments_booking_id_fkey references booking.bookings,
  -- Ours, not a person's words.
  description varchar(200) not null constraint payments_description_check check (btrim(description) <> ''),
  currency text not null constraint payments_currency_fkey references money.currencies,
  amount bigint not null constraint payments_amount_check check (amount > 0),
  -- What of it the wallet gave, what credits were worth, and what the gateway is to take.
  wallet_amount bigint not null constraint payments_wallet_amount_check check (wallet_amount >= 0),
  credits_amount bigint not null constraint payments_credits_amount_check check (credits_amount >= 0),
  gateway_amount bigint not null constraint payments_gateway_amount_check check (gateway_amount >= 0),
  -- When the gateway takes the money: at once, or when it is known what is owed.
  capture text not null constraint payments_capture_check check (capture in ('now', 'later')),
  status text not null default 'pending' constraint payments_status_check check (status in ('pending', 'processing', 'authorized',
    'succeeded', 'failed', 'cancelled', 'partially_refunded', 'refunded')),
  -- What is owed in the end, line by line: { payer, payee, amount }. Null while that is open.
  due_amount bigint constraint payments_due_amount_check check (due_amount >= 0),
  due_items jsonb,
  captured_amount bigint not null default 0 constraint payments_captured_amount_check check (captured_amount >= 0),
  refunded_amount bigint not null default 0 constraint payments_refunded_amount_check check (refunded_amount >= 0),
  -- Until when somebody is talking to the gateway about it: calls with one payment's reference never run at once.
  leased_until timestamptz,
  -- Somebody had more to look at meanwhile.
  is_wanted boolean not null default false,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint payments_parts_check check (amount = wallet_amount + credits_amount + gateway_amount),
  constraint payments_booking_check check ((purpose = 'booking') = (booking_id is not null)),
  constraint payments_due_check check ((due_amount is null) = (due_items is null))
);
create unique index payments_booking_id_key on money.payments (booking_id) where status <> 'cancelled';
create index payments_booking_id_idx on money.payments (booking_id) where booking_id is not null;
create index payments_payer_id_idx on money.payments (payer_id, id);
create trigger payments_touch before update on money.payments for each row execute function app.touch_updated_at();
create trigger payments_undeletable before delete on money.payments for each row execute function app.refuse_change();
select app.protect('money.payments');
create policy api_select on money.payments for select to vicinity_api
  using (payer_id = (select app.actor()) and marketplace = (select app.marketplace()));
grant select on money.payments to vicinity_api;

-- One for each try at a gateway. Its id is the key under which the gateway is asked, so that a repetition moves money once. The
-- newest is the one that counts; what an older one still brings in is given back.
create table money.payment_attempts (
  id uuid not null default app.uuid_v7() constraint payment_attempts_pkey primary key,
  marketplace text not null constraint payment_attempts_marketplace_fkey references app.marketplaces,
  payment_id uuid not null constraint payment_attempts_payment_id_fkey references money.payments,
  gateway text not null constraint payment_attempts_gateway_check
    check (gateway in ('stripe', 'razorpay', 'paytm', 'paymongo', 'bolt')),
  amount bigint not null constraint payment_attempts_amount_check check (amount > 0),
  -- What the person chose at the gateway: { method?, payment_method?, return_url? }.
  options jsonb not null default '{}',
  reference varchar(255),
  is_current boolean not null default true,
  status text not null default 'created' constraint payment_attempts_status_check check (status in ('created', 'requires_action',
    'processing', 'authorized', 'captured', 'failed', 'cancelled', 'rejected')),
  captured_amount bigint not null default 0 constraint payment_attempts_captured_amount_check check (captured_amount >= 0),
  -- What the gateway keeps, where it says so.
  fee bigint,
  failure_code varchar(100),
  failure_message varchar(500),
  -- What was captured stands in the ledger.
  is_posted boolean not null default false,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint payment_attempts_posted_check check (not is_posted or status = 'captured')
);
create unique index payment_attempts_current_key on money.payment_attempts (payment_id) where is_current;
create unique index payment_attempts_reference_key on money.payment_attempts (marketplace, gateway, reference)
  where reference is not null;
create index payment_attempts_payment_id_idx on money.payment_attempts (payment_id);
create trigger payment_attempts_touch before update on money.payment_attempts
  for each row execute function app.touch_updated_at();
create trigger payment_attempts_undeletable before delete on money.payment_attempts
  for each row execute function app.refuse_change();
select app.protect('money.payment_attempts');

-- What goes back to where it came from. Its id is the key at the gateway.
create table money.refunds (
  id uuid not null default app.uuid_v7() constraint refunds_pkey primary key,
  marketplace text not null constraint refunds_marketplace_fkey references app.marketplaces,
  payment_id uuid not null constraint refunds_payment_id_fkey references money.payments,
  -- Which try's money goes back, where it came through a gateway.
  attempt_id uuid constraint refunds_attempt_id_fkey references money.payment_attempts,
  method text not null constraint refunds_method_check check (method in ('gateway', 'wallet', 'credits')),
  currency text not null constraint refunds_currency_fkey references money.currencies,
  amount bigint not null constraint refunds_amount_check check (amount > 0),
  reason text not null constraint refunds_reason_check check (reason in ('not_owed', 'paid_too_late')),
  status text not null default 'pending'
    constraint refunds_status_check check (status in ('pending', 'processing', 'succeeded', 'failed')),
  reference varchar(255),
  failure_code varchar(100),
  failure_message varchar(500),
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint refunds_attempt_check check ((method = 'gateway') = (attempt_id is not null))
);
-- The difference between what was paid and what is owed goes back once.
create unique index refunds_not_owed_key on money.refunds (payment_id, method) where reason = 'not_owed';
create unique index refunds_paid_too_late_key on money.refunds (attempt_id) where reason = 'paid_too_late';
create index refunds_payment_id_idx on money.refunds (payment_id);
create index refunds_attempt_id_idx on money.refunds (attempt_id) where attempt_id is not null;
create trigger refunds_touch before update on money.refunds for each row execute function app.touch_updated_at();
create trigger refunds_undeletable before delete on money.refunds for each row execute function app.refuse_change();
select app.protect('money.refunds');
create policy api_select on money.refunds for select to vicinity_api using (marketplace = (select app.marketplace())
  and payment_id in (select p.id from money.payments p where p.payer_id = (select app.actor())));
grant select (id, marketplace, payment_id, method, currency, amount, reason, status, created_at, updated_at)
  on money.refunds to vicinity_api;

-- What gateways told, each once. They are nudges: the object is read at the gateway before anything is believed.
create table money.webhook_events (
  id uuid not null default app.uuid_v7() constraint webhook_events_pkey primary key,
  marketplace text not null constraint webhook_events_marketplace_fkey references app.marketplaces,
  gateway text not null,
  event_id varchar(255) not null,
  kind varchar(100) not null,
  reference varchar(255),
  refund_reference varchar(255),
  dispute_reference varchar(255),
  key varchar(255),
  received_at timestamptz not null default app.now(),
  applied_at timestamptz,
  constraint webhook_events_event_id_key unique (marketplace, gateway, event_id)
);
create index webhook_events_unapplied_idx on money.webhook_events (received_at) where applied_at is null;
create trigger webhook_events_undeletable before delete on money.webhook_events
  for each row execute function app.refuse_change();
select app.protect('money.webhook_events');

-- Which status follows which. What a gateway says out of order changes nothing.
create table money.status_changes (
  subject text not null,
  from_status text not null,
  to_status text not null,
  constraint status_changes_pkey primary key (subject, from_status, to_status)
);
select app.protect('money.status_changes');
insert into money.status_changes (subject, from_status, to_status)
select c.subject, c.from_status, unnest(string_to_array(c.to_statuses, ' '))
from (values
  ('payments', 'pending', 'processing authorized succeeded failed cancelled'),
  ('payments', 'processing', 'pending authorized succeeded failed cancelled'),
  ('payments', 'authorized', 'succeeded failed cancelled'),
  ('payments', 'failed', 'pending processing authorized succeeded cancelled'),
  ('payments', 'succeeded', 'partially_refunded refunded'),
  ('payments', 'partially_refunded', 'refunded'),
  ('payment_attempts', 'created', 'requires_action processing authorized captured failed cancelled rejected'),
  ('payment_attempts', 'requires_action', 'processing authorized captured failed cancelled'),
  ('payment_attempts', 'processing', 'requires_action authorized captured failed cancelled'),
  ('payment_attempts', 'authorized', 'captured failed cancelled'),
  ('payment_attempts', 'failed', 'requires_action processing authorized captured cancelled'),
  -- The person had paid meanwhile, or the gateway had made what it refused to a repetition.
  ('payment_attempts', 'cancelled', 'authorized captured'),
  ('payment_attempts', 'rejected', 'processing authorized captured cancelled'),
  ('refunds', 'pending', 'processing succeeded failed'),
  ('refunds', 'processing', 'succeeded failed'),
  -- A bank that gives a refund back does so late.
  ('refunds', 'succeeded', 'failed')
) as c (subject, from_status, to_statuses);

create function money.refuse_status_change() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from money.status_changes c
    where c.subject = tg_table_name and c.from_status = old.status and c.to_status = new.status) then
    perform app.refuse('transition_not_allowed', format('%s: %s to %s', tg_table_name, old.status, new.status));
  end if;
  return new;
end $$;
create trigger payments_status before update of status on money.payments for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
create trigger payment_attempts_status before update of status on money.payment_attempts for each row
  when (old.status <> new.status) execute function money.refuse_status_change();
create trigger refunds_status before update of status on money.refunds for each row
  when (old.status <> new.status) execute function money.refuse_status_change();

insert into booking.step_handlers (moment, handler) values ('ended', 'money.settle_booking');
insert into app.timer_handlers (kind, handler) values ('payment.look', 'money.ask_for_work');

insert into money.invariants (name, description, checker) values
  ('captures_posted_once', 'What a gateway has captured stands in the ledger, once.', 'money.unposted_captures'),
  ('webhooks_applied', 'No event of a gateway waits for longer than an hour.', 'money.waiting_webhooks');
