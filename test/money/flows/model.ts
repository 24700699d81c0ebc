import { Promos, type Use } from './promos.ts';

/** What is known of a booking and what was paid for it, in cents, as a person with a pencil would keep it. */
export type Deal = {
  state: 'paid' | 'over' | 'cancelled';
  subtotal: number;
  fee: number;
  discount: number;
  /** Of the code that it was booked with. */
  use: Use | null;
  /** What came from the wallet, from credits and by card. */
  wallet: number;
  credits: number;
  card: number;
  /** Of the card: what was taken in the end. */
  captured: number;
  /** What has been given back, by where it went, and of the wallet's part what went there as to where it came from. */
  back: { card: number; wallet: number; credits: number; ownWallet: number };
};

const CREDIT = 100;

/** What is kept until somebody has paid what they owe for a booking, and who gets how much of it then. */
type Owed = { kept: number; payable: number; revenue: number; promo: number };

/**
 * The books of one driver and one host, kept by rules of their own: nothing of the application is asked. Amounts are positive where
 * an account gets more. What the gateway holds for us and what it keeps as its fee are one number.
 */
export class Model {
  readonly books = new Map<string, number>();
  readonly deals: Deal[] = [];
  readonly promos = new Promos();
  private readonly debts: Owed[] = [];
  private toppedUp = 0;

  add(account: string, amount: number): void {
    this.books.set(account, this.of(account) + amount);
  }

  of(account: string): number {
    return this.books.get(account) ?? 0;
  }

  topUp(amount: number): void {
    this.add('gateway', -amount);
    this.add('wallet', amount);
    this.toppedUp += amount;
  }

  /** What of the wallet is the driver's own: what was topped up is spent first, and what came back of that is not spent. */
  own(): number {
    const spent = this.deals.map(({ wallet, back }) => Math.max(wallet - back.wallet, 0));
    const prepaid = this.toppedUp - spent.reduce((sum, amount) => sum + amount, 0);
    return Math.max(this.of('wallet') - Math.max(prepaid, 0), 0);
  }

  withdraw(amount: number): void {
    this.add('wallet', -amount);
    this.add('gateway', amount);
  }

  giveCredits(count: number): void {
    this.add('credits', count);
    this.add('credit_expense XCR', -count);
  }

  /** Credits first, whole ones, then the wallet, and the card for the rest, of which nothing is taken yet. */
  pay(
    price: Pick<Deal, 'subtotal' | 'fee' | 'discount' | 'use'>,
    from: { wallet: boolean; credits: boolean },
  ): Deal {
    const total = price.subtotal + price.fee - price.discount;
    const credits = from.credits ? Math.min(Math.floor(total / CREDIT), this.of('credits')) * CREDIT : 0;
    const wallet = from.wallet ? Math.min(total - credits, this.of('wallet')) : 0;
    this.spendCredits(credits);
    this.add('wallet', -wallet);
    this.add('held', credits + wallet);
    const card = total - credits - wallet;
    const back = { card: 0, wallet: 0, credits: 0, ownWallet: 0 };
    const deal: Deal = { state: 'paid', ...price, wallet, credits, card, captured: 0, back };
    this.deals.push(deal);
    return deal;
  }

  /** Nothing is paid of it before it is over, and no card is there to be charged then. */
  leaveUnpaid(price: Pick<Deal, 'subtotal' | 'fee' | 'discount' | 'use'>): Deal {
    return this.pay(price, { wallet: false, credits: false });
  }

  /**
   * The booking is over, or was cancelled: so much of every line is owed, in percent. Where no card gives what it was to give, the
   * driver owes that, and nobody gets anything before it is paid.
   */
  settle(deal: Deal, percent: number, hasCard = true): void {
    const share = (amount: number) => (amount * percent) / 100;
    const owed = share(deal.subtotal + deal.fee - deal.discount);
    const payees = {
      payable: share(deal.subtotal),
      revenue: share(deal.fee),
      promo: -share(deal.discount),
    };
    const given = deal.wallet + deal.credits;
    const byCard = Math.min(deal.card, Math.max(owed - given, 0));
    this.add('held', -given);
    if (byCard > 0 && !hasCard) {
      deal.state = 'cancelled';
      this.add('owed', -byCard);
      this.add('uncollected', owed);
      this.debts.push({ kept: owed, ...payees });
      return;
    }
    deal.state = percent === 100 ? 'over' : 'cancelled';
    deal.captured = byCard;
    this.add('gateway', -byCard);
    this.give(payees);
    this.giveBack(deal, given + byCard - owed, 'source');
  }

  /** The driver pays all that they owe, by card. */
  payDebts(): void {
    this.add('gateway', this.of('owed'));
    this.books.set('owed', 0);
    for (const { kept, ...payees } of this.debts.splice(0)) {
      this.add('uncollected', -kept);
      this.give(payees);
    }
  }

  private give(payees: Record<'payable' | 'revenue' | 'promo', number>): void {
    for (const [account, amount] of Object.entries(payees)) this.add(account, amount);
  }

  /** What of a deal was paid and has not gone back. */
  left(deal: Deal): number {
    const { card, wallet, credits } = deal.back;
    return deal.wallet + deal.credits + deal.captured - card - wallet - credits;
  }

  /** Staff give so much back, of which the host bears what is theirs of the price. Who has no such earnings left owes it. */
  refund(deal: Deal, amount: number, to: 'source' | 'wallet' | 'credits'): void {
    const host = (amount * deal.subtotal) / (deal.subtotal + deal.fee);
    const there = Math.min(host, this.of('payable'));
    this.add('payable', -there);
    this.add('debt', -(host - there));
    this.add('revenue', -(amount - host));
    this.giveBack(deal, amount, to);
  }

  tip(amount: number): void {
    this.add('gateway', -amount);
    this.add('payable', amount);
  }

  /** Whoever owes has that taken off, and gets the rest. */
  payOut(): void {
    const netted = Math.min(this.of('payable'), -this.of('debt'));
    this.add('gateway', this.of('payable') - netted);
    this.add('debt', netted);
    this.books.set('payable', 0);
  }

  /** The card first, as far as it was taken and has not gone back, then the wallet, then credits. */
  private giveBack(deal: Deal, amount: number, to: 'source' | 'wallet' | 'credits'): void {
    const card = to === 'source' ? Math.min(amount, deal.captured - deal.back.card) : 0;
    const rest = amount - card;
    const own = to === 'source' ? Math.min(rest, Math.max(deal.wallet - deal.back.ownWallet, 0)) : 0;
    const beyond = to === 'wallet' ? 0 : rest - own;
    const credits = Math.floor(beyond / CREDIT) * CREDIT;
    this.add('gateway', card);
    this.add('wallet', rest - credits);
    this.spendCredits(-credits);
    deal.back.card += card;
    deal.back.wallet += rest - credits;
    if (to === 'source') deal.back.ownWallet += rest - credits;
    deal.back.credits += credits;
  }

  private spendCredits(worth: number): void {
    this.add('credits', -worth / CREDIT);
    this.add('credit_expense XCR', worth / CREDIT);
    this.add('credit_expense', -worth);
  }
}
