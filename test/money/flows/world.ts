import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { sql } from '../../../lambdas/kernel/sql.ts';
import { inMinutes, placed, priceOf, stepped } from '../../booking/bookings.ts';
import { again } from '../../parking/spaces.ts';
import { anonymous } from '../../support/client.ts';
import { advanceClock } from '../../support/clock.ts';
import { clearAws, orderAws } from '../../support/control-aws.ts';
import { asOwner } from '../../support/database.ts';
import { deliverEvents } from '../../support/deliver-events.ts';
import { runSchedule } from '../../support/invoke.ts';
import {
  PASSWORD,
  Person,
  randomAddress,
  signUp,
  signUpStaff,
  signUpWithPassword,
} from '../../support/people.ts';
import { act, eventsOf, orderFault } from '../gateways/providers.ts';
import { attemptsOf, CARD, INITIATE } from '../pay.ts';
import { connected, rewound } from '../payout-runs.ts';
import { promoOf, usesOf } from '../promos.ts';
import { CODES, type Code, type Use } from './promos.ts';

/** What goes wrong during a step: at the gateway, or with the Lambda that has just called, or is about to call, the database. */
export type Trouble =
  | { at: 'gateway'; path: string; how: { how: 'cut'; after: boolean } | { status: number; after: boolean } }
  | { at: 'database'; kind: 'fail' | 'lose'; skip: number };

async function logIn(person: Person): Promise<Person> {
  const { email, marketplace } = person;
  const { body } = await person.post(
    '/api/v1/auth/login',
    { email, password: PASSWORD },
    { ip: randomAddress() },
  );
  return new Person(marketplace, body, email, PASSWORD);
}

/** A driver, another one, a host who can be paid out and somebody of finance, with a clock that only goes forward. */
export class World {
  driver: Person;
  host: Person;
  finance: Person;
  rival: Person;
  readonly codes = new Map<Code['name'], { id: string; code: string }>();
  /** What was paid for nothing has no payment. */
  readonly bookings: { id: string; hours: number; payment: { id: string } | null }[] = [];
  /** What is to go wrong next. */
  trouble: Trouble | null = null;

  private constructor(people: [Person, Person, Person, Person]) {
    [this.driver, this.host, this.finance, this.rival] = people;
  }

  static async create(): Promise<World> {
    vi.useRealTimers();
    const world = new World([
      await signUpWithPassword('driveway', { roles: ['driver'] }),
      await signUpWithPassword('driveway', { roles: ['host'] }),
      await signUpStaff('driveway', 'admin', { password: PASSWORD }),
      await signUp('driveway', { roles: ['driver'] }),
    ]);
    for (const { name, value, cap, perPerson, inAll } of CODES) {
      const promo = await promoOf('driveway', {
        discount_type: name === 'share' ? 'percentage' : 'fixed_amount',
        discount_value: value,
        max_discount_amount: cap,
        per_user_limit: perPerson,
        usage_limit: inAll,
        valid_until: inMinutes(60 * 24 * 365),
      });
      world.codes.set(name, promo);
    }
    for (const who of [world.host, world.driver]) await connected(who);
    // What earlier worlds were paid out is of the past: the clock of many worlds would leave the partitions that are made ahead.
    await rewound('driveway');
    await deliverEvents();
    return world;
  }

  /**
   * The books as the model names them: what is held for the two, and what the platform's accounts got by transfers with them, or by
   * fees of their payments. Other people's transfers are none of it.
   */
  async books(): Promise<Record<string, number>> {
    const rows = await asOwner(sql`
      with own as (
        select e.transfer_id from money.entries e join money.accounts a on a.id = e.account_id
        where a.owner_id in (${this.driver.id}::uuid, ${this.host.id}::uuid)
        union
        select t.id from money.transfers t join money.payment_attempts m on m.id = t.reference_id
        join money.payments p on p.id = m.payment_id where p.payer_id = ${this.driver.id}::uuid)
      select case a.owner_id when ${this.driver.id}::uuid then 'driver ' when ${this.host.id}::uuid then 'host ' else '' end
               || a.kind || case when e.currency = 'XCR' then ' XCR' else '' end as name, sum(e.amount)::bigint as amount
      from own join money.entries e on e.transfer_id = own.transfer_id join money.accounts a on a.id = e.account_id
      group by 1`);
    const of = (name: string) => Number(rows.find(row => row.name === name)?.amount ?? 0);
    return {
      wallet: of('driver wallet'),
      credits: of('driver credits XCR'),
      withdrawing: of('driver withdrawing'),
      uncollected: of('uncollected'),
      held: of('driver held'),
      payable: of('host provider_payable'),
      debt: of('host receivable'),
      owed: of('driver receivable'),
      revenue: of('platform_revenue'),
      promo: of('promo_expense'),
      gateway: of('gateway_clearing') + of('gateway_fees'),
      credit_expense: of('credit_expense'),
      'credit_expense XCR': of('credit_expense XCR'),
    };
  }

  /** Sends a request until it is answered by more than an accident, under one key, as a client does. */
  async insist(who: 'driver' | 'host' | 'finance' | 'rival', path: string, body: unknown) {
    const headers = { 'idempotency-key': randomUUID() };
    await this.arm();
    for (let tries = 0; tries < 6; tries += 1) {
      const answer = await this[who].post(path, body, { headers });
      if (answer.status < 300) return answer.body;
      if (answer.status === 401) await this.signIn(who);
      else if (answer.body?.code === 'step_up_required') await this.showFactor();
      else if (answer.status < 500 && answer.body?.code !== 'payment_in_progress')
        throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
      advanceClock(40);
    }
    throw new Error(`POST ${path} never came through.`);
  }

  /** Sessions are short, and the clock runs. A refresh whose answer is lost would end them: that is another test's matter. */
  async signIn(who: 'driver' | 'host' | 'finance' | 'rival'): Promise<void> {
    await clearAws();
    this[who] = await again(this[who]);
  }

  /** Books in so many hours. Throws what was refused. */
  async book(
    who: Use['who'],
    price: { subtotal: number; fee: number; discount: number; code: Code['name'] | null },
    hours: number,
    more: Record<string, unknown> = { payment_timeout: 6 * 3600 },
  ): Promise<{ id: string }> {
    const times = { starts_at: inMinutes(hours * 60), ends_at: inMinutes(hours * 60 + 60) };
    const promo = price.code && { promo_code: this.codes.get(price.code)?.code };
    const cost = priceOf(price.subtotal, price.fee, price.discount);
    return placed(this[who], this.host, { ...times, ...cost, ...promo, ...more });
  }

  /** What the books say of a code: how often it is used, and by whom for how much, the oldest first. */
  async promo(name: Code['name']) {
    const { usage_count, uses } = await usesOf(this.codes.get(name) ?? { id: '' });
    return {
      count: usage_count,
      uses: uses.map((use: { user_id: string; discount_amount: number; released_at: string | null }) => ({
        who: use.user_id === this.driver.id ? 'driver' : 'rival',
        discount: use.discount_amount,
        isReleased: use.released_at !== null,
      })),
    };
  }

  /** Pays, and pays again as long as nobody knows whether that came through. */
  async pay(wish: Record<string, unknown>, until: readonly string[]): Promise<{ id: string }> {
    let last = '';
    for (let tries = 0; tries < 6; tries += 1) {
      last = await this.insist('driver', INITIATE, { ...wish, ...CARD }).then(
        ({ status }) => status,
        error => {
          // The request came through whose answer was lost.
          if (String(error).includes('already_paid')) return 'already_paid';
          throw error;
        },
      );
      const payment = await this.paymentFor(wish);
      if (until.includes(payment.status)) return payment;
      await this.settle();
      await this.signIn('driver');
    }
    throw new Error(`The payment never came to be ${until.join(' or ')}: it was ${last}.`);
  }

  /** Pays all that the driver owes, and again as long as nobody knows whether that came through. */
  async payDebts(): Promise<void> {
    for (let tries = 0; tries < 6; tries += 1) {
      if ((await this.driver.get('/api/v1/debt')).body.amount === 0) return;
      await this.insist('driver', '/api/v1/debt/payments', CARD).catch(error => {
        if (!String(error).includes('nothing_to_pay')) throw error;
      });
      await this.settle();
      await this.signIn('driver');
    }
    throw new Error('The debts never came to be paid.');
  }

  /** The payment of what a wish names. */
  private async paymentFor(wish: Record<string, unknown>): Promise<{ id: string; status: string }> {
    const [payment] = await asOwner(
      sql`select id, status from money.payments
          where ${wish}::jsonb ->> (purpose || '_id') = coalesce(booking_id, subject_id)::text and status <> 'cancelled'`,
    );
    return payment;
  }

  /** The gateway tells what it has to tell of a payment: all of it twice, the newest first. By its own clock. */
  async tell(payment: { id: string }): Promise<void> {
    const now = Date.now();
    vi.useRealTimers();
    const [attempt] = await attemptsOf(payment);
    const events = attempt ? (await eventsOf('stripe', attempt.reference)).reverse() : [];
    for (const { body, headers } of [...events, ...events])
      await anonymous('driveway').post('/api/v1/webhooks/stripe', undefined, { raw: body, headers });
    advanceClock(Math.ceil((now - Date.now()) / 1000));
  }

  async cancel(by: 'driver' | 'host' | 'rival', booking: { id: string }): Promise<void> {
    await this.insist(by, `/api/v1/bookings/${booking.id}/cancel`, {});
  }

  /** The bank lets go of what it had reserved, and tells nobody. Returns whether there was anything. */
  async lapse(payment: { id: string } | null): Promise<boolean> {
    const attempt = payment && (await attemptsOf(payment)).at(-1);
    if (attempt?.status !== 'authorized') return false;
    await act('stripe', attempt.reference, 'lapse');
    return true;
  }

  async step(booking: { id: string }, status: string): Promise<void> {
    await stepped('driveway', booking, status);
  }

  /** Pays out what was earned: the period and the day that it is held are over. Sessions end with them. */
  async payOut(): Promise<void> {
    advanceClock(3 * 24 * 3600);
    const run = () => runSchedule('run-payouts', { marketplace: 'driveway' });
    await run().catch(run);
    await this.settle();
    await clearAws();
    for (const who of ['driver', 'host', 'finance'] as const) this[who] = await logIn(this[who]);
    await this.showFactor();
  }

  /** Finance shows the second factor again: what they do takes one of the last hour. */
  private async showFactor(): Promise<void> {
    const now = new Date().toISOString();
    await asOwner(
      sql`update identity.sessions set mfa_at = ${now}::timestamptz where user_id = ${this.finance.id}::uuid returning id`,
    );
  }

  /** Lets something go wrong from the next request or delivery on. */
  private async arm(): Promise<void> {
    const { trouble } = this;
    this.trouble = null;
    if (!trouble) return;
    if (trouble.at === 'gateway')
      await orderFault('stripe', { path: trouble.path, method: 'POST', ...trouble.how });
    else
      await orderAws({
        action: 'rds-data:ExecuteStatement',
        kind: trouble.kind,
        error: 'InternalServerErrorException',
        skip: trouble.skip,
        times: 1,
      });
  }

  /** Lets everything that is under way come to its end, whatever was cut off on the way. */
  async settle(): Promise<void> {
    await this.arm();
    for (let round = 0; round < 4; round += 1) {
      try {
        await deliverEvents({ again: true });
        advanceClock(100);
        await runSchedule('sweep-timers');
        await deliverEvents({ again: true });
        if (round > 1) return;
      } catch {
        // A relay or a sweep that was cut off runs again in a minute.
      }
    }
  }
}
