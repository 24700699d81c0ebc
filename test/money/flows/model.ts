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

/**
 * The books of one driver and one host, kept by rules of their own: nothing of the application is asked. Amounts are positive where
 * an account gets more. What the gateway holds for us and what it keeps as its fee are one number.
 */
export class Model {
  readonly books = new Map<string, number>();
  readonly deals: Deal[] = [];
  readonly promos = new Promos();
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

  /**
   * The booking is over, or was cancelled: so much of every line is owed, in percent. What the bank has let go of is not taken, and the
   * driver owes it.
   */
  settle(deal: Deal, percent: number, isLapsed = false): void {
    const share = (amount: number) => (amount * percent) / 100;
    const owed = share(deal.subtotal + deal.fee - deal.discount);
    deal.state = percent === 100 ? 'over' : 'cancelled';
    const byCard = Math.min(deal.card, Math.max(owed - deal.wallet - deal.credits, 0));
    deal.captured = isLapsed ? 0 : byCard;
    this.add('owed', deal.captured - byCard);
    this.add('gateway', -deal.captured);
    this.add('held', -deal.wallet - deal.credits);
    this.add('payable', share(deal.subtotal));
    this.add('revenue', share(deal.fee));
    this.add('promo', -share(deal.discount));
    this.giveBack(deal, deal.wallet + deal.credits + byCard - owed, 'source');
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
