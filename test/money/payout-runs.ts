import { vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { placed, priceOf } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import type { Person } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { act } from './gateways/providers.ts';
import { CARD, completed, initiated, tell } from './pay.ts';

const URLS = { return_url: 'https://app.example/done', refresh_url: 'https://app.example/again' };
export const ONBOARDING = '/api/v1/payout-accounts/onboarding';

/** Starts the account of a host at Stripe. Returns Stripe's reference of it. */
export async function begun(host: Person): Promise<string> {
  const answer = await host.post(ONBOARDING, URLS);
  if (answer.status !== 201) throw new Error(`Onboarding was answered ${answer.status}: ${answer.text}`);
  const { id } = answer.body.account;
  const [row] = await asOwner(sql`select reference from money.payout_accounts where id = ${id}::uuid`);
  return row.reference;
}

/** Gives a host an account at Stripe that can be paid to. Returns Stripe's reference of it. */
export async function connected(host: Person): Promise<string> {
  const reference = await begun(host);
  await act('stripe', reference, 'onboard');
  // Asked again, Stripe says how the account stands: the webhook's way is a test of its own.
  await host.post(ONBOARDING, URLS);
  return reference;
}

/** A booking of the driver's that has taken place and is paid: the host earns the subtotal, the platform the fee. */
export async function earned(driver: Person, host: Person, subtotal = 1000, fee = 150) {
  // At the real time: the driver's session is of then.
  vi.useRealTimers();
  const booking = await placed(driver, host, { payment_timeout: 900, ...priceOf(subtotal, fee) });
  await initiated(driver, booking, CARD);
  await completed('driveway', booking);
  return booking;
}

/** Lets Stripe tell what it has to tell about an object. By its own clock: a signature that seems old is refused. */
export async function heard(reference: string): Promise<number[]> {
  vi.useRealTimers();
  const statuses = await tell('stripe', 'driveway', reference);
  await deliverEvents();
  return statuses;
}

const DAY = 24 * 3600 * 1000;

/** Pays all that is earned, at no cost, a day after its period. */
export async function plainTerms(marketplace: string): Promise<void> {
  await set(marketplace, 'payout_hold_days', 1);
  await set(marketplace, 'payout_minimum_amount', 100);
  await set(marketplace, 'payout_fee_amount', 0);
}

/** Payouts are by the day in these tests: moves the clock to the first hour in which another period is over. */
export async function toNextPeriod(marketplace: string): Promise<void> {
  await set(marketplace, 'payout_interval', 'daily');
  const [row] = await asOwner(sql`
    select greatest(max(r.ends_at), app.now()) as latest from money.payout_runs r where r.marketplace = ${marketplace}`);
  const target = new Date(row.latest ?? Date.now()).getTime() + 2 * DAY + 3600_000;
  advanceClock(Math.ceil((target - Date.now()) / 1000));
}

/** Runs the schedule of the next period. Returns what it says of itself. */
export async function paidOut(marketplace = 'driveway'): Promise<Record<string, number>> {
  await toNextPeriod(marketplace);
  return (await runSchedule('run-payouts', { marketplace })) as Record<string, number>;
}

/** Every payout of a provider, the oldest first. */
export const payoutsOf = (provider: { id: string }) =>
  asOwner(sql`
    select id, status, amount, gross_amount, commission_amount, netted_amount, fee_amount, attempts, transfer_reference,
           payout_reference, failure_code, period_start::text, period_end::text
    from money.payouts where provider_id = ${provider.id}::uuid order by id`);

/** What a payout is made of. */
export const itemsOf = (payout: { id: string }) =>
  asOwner(sql`
    select kind, booking_id, gross_amount, commission_amount, amount, is_live
    from money.payout_items where payout_id = ${payout.id}::uuid order by amount desc, id`);

/** Lets nobody be paid whom a test has done with: neither what waits, nor what fails elsewhere, nor what is built from what is left. */
export async function leftAlone(provider: { id: string }): Promise<void> {
  await asOwner(
    sql`update money.payouts set is_held = true where provider_id = ${provider.id}::uuid returning id`,
  );
  await asOwner(sql`
    update money.payout_accounts set status = 'removed', details_sealed = null
    where user_id = ${provider.id}::uuid returning id`);
}

/** Somewhere where a person of any marketplace is paid to. */
export async function accountOf(person: Person): Promise<string> {
  const currency = marketplaceOf(person.marketplace)?.currency ?? '';
  const [row] = await asOwner(sql`
    insert into money.payout_accounts (marketplace, user_id, kind, country, currency, status)
    values (${person.marketplace}, ${person.id}::uuid, 'stripe', 'US', ${currency}, 'pending')
    on conflict (user_id) where kind = 'stripe' and status <> 'removed' do update set status = 'pending' returning id`);
  return row.id;
}

/** A payout of a person of any marketplace, of which nothing was left. */
export async function payoutOf(person: Person): Promise<string> {
  const account = await accountOf(person);
  const currency = marketplaceOf(person.marketplace)?.currency ?? '';
  const [run] = await asOwner(sql`
    insert into money.payout_runs (marketplace, period_start, period_end, ends_at, finished_at)
    values (${person.marketplace}, '2020-01-06', '2020-01-13', '2020-01-13Z', app.now())
    on conflict on constraint payout_runs_period_key do update set payouts = 0 returning id`);
  const [row] = await asOwner(sql`
    insert into money.payouts (marketplace, reference_number, provider_id, account_id, payout_account_id, run_id, period_start,
      period_end, currency, gross_amount, commission_amount, amount, status)
    select ${person.marketplace}, 'TEST-' || app.uuid_v7(), ${person.id}::uuid,
      money.open_account(${person.marketplace}, 'provider_payable', ${person.id}::uuid, null, ${currency}), ${account}::uuid,
      ${run.id}::uuid, '2020-01-06', '2020-01-13', ${currency}, 0, 0, 0, 'cancelled'
    returning id`);
  return row.id;
}

/** A batch that somebody has opened. */
export async function batchOf(person: Person): Promise<string> {
  const currency = marketplaceOf(person.marketplace)?.currency ?? '';
  const [row] = await asOwner(sql`
    insert into money.payout_batches (marketplace, payouts, amount, currency, created_by)
    values (${person.marketplace}, 1, 100, ${currency}, ${person.id}::uuid) returning id`);
  return row.id;
}

/**
 * Moves the periods of the future that a file's tests have paid out to before all others, as if they had been then: the next file
 * begins at the present again, and nobody comes to the end of the partitions.
 */
export async function rewound(marketplace: string): Promise<void> {
  const [row] = await asOwner(sql`
    select max(period_end) - least(min(period_end), current_date) + 1 as days
    from money.payout_runs where marketplace = ${marketplace}`);
  await asOwner(sql`
    update money.payouts set period_start = period_start - ${row.days}::integer, period_end = period_end - ${row.days}::integer
    where marketplace = ${marketplace} and period_end > current_date returning id`);
  await asOwner(sql`
    update money.payout_runs set period_start = period_start - ${row.days}::integer, period_end = period_end - ${row.days}::integer,
      ends_at = ends_at - make_interval(days => ${row.days}::integer)
    where marketplace = ${marketplace} and period_end > current_date returning id`);
}
