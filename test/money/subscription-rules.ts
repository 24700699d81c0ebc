import { DAY } from './subscribers.ts';

const PRICES: Record<string, number> = { tenant_premium: 99_900, host_premium: 149_900 };
const IST = 19_800_000;
/** What each person has to begin with, in paise. */
export const WALLET = 5_000_000;
export type Charge = {
  kind: string;
  plan: string;
  price: number;
  credit: number;
  from: number;
  to: number;
  status: string;
};

/** Whole months later in India, which has no daylight saving time. */
function monthsAfter(anchor: number, months: number): number {
  const at = new Date(anchor + IST);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth() + months];
  const day = Math.min(at.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate());
  return Date.UTC(year, month, day) + ((anchor + IST) % 86_400_000) - IST;
}

/** One subscription by its rules, in whole paise and milliseconds. Each deed returns the code with which it is refused, or null. */
export class Model {
  status = 'none';
  plan = '';
  next: string | null = null;
  amount = 0;
  anchor = 0;
  months = 0;
  from = 0;
  to = 0;
  cancels = false;
  method = false;
  wallet = WALLET;
  charges: Charge[] = [];
  /** On how many of the days on which the open charge is asked for. */
  triedDays = 0;

  get open() {
    return this.charges.find(({ status }) => status === 'open');
  }
  get isLive() {
    return this.status === 'active' || this.status === 'past_due';
  }
  get ahead() {
    return this.charges.find(({ status, from }) => status === 'paid' && from === this.to);
  }
  begin(charge: Charge) {
    this.status = 'active';
    this.plan = charge.plan;
    this.next = null;
    this.amount = charge.price;
    if (charge.kind === 'renewal') this.months += 1;
    else [this.anchor, this.months] = [charge.from, 1];
    [this.from, this.to] = [charge.from, charge.to];
  }
  buy(plan: string, now: number): string | null {
    if (this.isLive) return 'already_subscribed';
    const price = PRICES[plan] ?? 0;
    const charge = {
      kind: 'start',
      plan,
      price,
      credit: 0,
      from: now,
      to: monthsAfter(now, 1),
      status: 'paid',
    };
    this.charges = [charge];
    this.cancels = false;
    this.wallet -= price;
    this.begin(charge);
    return null;
  }
  cancel(now: number): string | null {
    if (!this.isLive) return 'subscription_ended';
    this.drop();
    if (this.status === 'active' && now < this.to) {
      if (!this.cancels) this.next = null;
      this.cancels = true;
    } else this.end('cancelled');
    return null;
  }
  resume(now: number): string | null {
    if (!this.isLive || (this.cancels && now >= this.to)) return 'subscription_ended';
    this.cancels = false;
    this.tend(now);
    return null;
  }
  change(plan: string, now: number): string | null {
    if (!this.isLive) return 'subscription_ended';
    if (this.status !== 'active' || now >= this.to) return 'subscription_not_active';
    if (this.cancels) return 'subscription_ending';
    if (plan === (this.next ?? this.plan)) return 'same_plan';
    if (this.ahead) return 'renewal_paid';
    this.drop();
    const price = PRICES[plan] ?? 0;
    if (plan === this.plan || price <= this.amount) {
      this.next = plan === this.plan ? null : plan;
      this.tend(now);
      return null;
    }
    const credit = Number((BigInt(this.amount) * BigInt(this.to - now)) / BigInt(this.to - this.from));
    const charge = {
      kind: 'change',
      plan,
      price,
      credit,
      from: now,
      to: monthsAfter(now, 1),
      status: 'paid',
    };
    const present = this.charges.find(({ status, to }) => status === 'paid' && to === this.to);
    if (present) present.to = now;
    this.charges.push(charge);
    this.wallet -= price - credit;
    this.begin(charge);
    return null;
  }
  pay(now: number): string | null {
    const charge = this.open;
    if (!charge) return this.status === 'none' ? 'not_found' : 'already_paid';
    charge.status = 'paid';
    this.wallet -= charge.price;
    if (charge.from <= now) this.begin(charge);
    return null;
  }
  tend(now: number) {
    if (!this.isLive) return;
    const ahead = this.ahead;
    if (now >= this.to && ahead) {
      this.begin(ahead);
      this.tend(now);
    } else if (now >= this.to && this.cancels) this.end('cancelled');
    else if (now >= this.to + 7 * DAY * 1000) this.end('expired');
    else if (now >= this.to - 3 * DAY * 1000 && !this.cancels && !ahead) {
      const plan = this.next ?? this.plan;
      if (!this.open) {
        const [from, to] = [this.to, monthsAfter(this.anchor, this.months + 1)];
        this.charges.push({
          kind: 'renewal',
          plan,
          price: PRICES[plan] ?? 0,
          credit: 0,
          from,
          to,
          status: 'open',
        });
        this.triedDays = 0;
      }
      if (now < this.to) return;
      const due = [0, 1, 3, 5].filter(days => this.to + days * DAY * 1000 <= now).length;
      if (this.triedDays >= due) return;
      const [first, charge] = [this.triedDays === 0, this.open];
      this.triedDays = due;
      if (!this.method || !first) this.status = 'past_due';
      if (!(this.method && charge)) return;
      // The saved method takes it all.
      charge.status = 'paid';
      this.begin(charge);
    }
  }
  drop() {
    this.charges = this.charges.filter(({ status }) => status !== 'open');
  }
  end(status: string) {
    this.drop();
    this.next = null;
    this.status = status;
  }
}
