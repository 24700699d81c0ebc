import { randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

export type Line = {
  account: string;
  user_id?: string;
  gateway?: string;
  amount: number;
  currency?: string;
  type?: string;
};

export type Transfer = {
  key?: string;
  type?: string;
  description?: string;
  currency?: string;
  reference_type?: string;
  reference_id?: string;
  entries: Line[];
};

/** Posts a transfer as a function of the owner does. Throws the refusal. */
export async function post(
  transfer: Transfer,
  { marketplace = 'driveway', actor }: { marketplace?: string; actor?: string } = {},
): Promise<string> {
  const full = { key: randomUUID(), type: 'payment', description: 'A test', currency: 'USD', ...transfer };
  const context = { marketplace, actor, now: new Date() };
  const [row] = await asOwner(sql`
    with caller as (select app.set_context(${context}::jsonb))
    select money.post(${full}::jsonb) as id from caller`);
  return row.id;
}

/** Puts money into a wallet, as a gateway's payment does. */
export const topUp = (userId: string, amount: number, marketplace = 'driveway', currency = 'USD') =>
  post(
    {
      type: 'wallet_topup',
      description: 'Top-up by card',
      currency,
      entries: [
        { account: 'wallet', user_id: userId, amount },
        { account: 'gateway_clearing', gateway: 'stripe', amount: -amount },
      ],
    },
    { marketplace },
  );

/** Takes money out of a wallet for something that the platform earns whole. */
export const pay = (userId: string, amount: number, key: string = randomUUID()) =>
  post({
    key,
    entries: [
      { account: 'wallet', user_id: userId, amount: -amount },
      { account: 'platform_revenue', amount },
    ],
  });

export async function reverse(transferId: string, marketplace = 'driveway'): Promise<string> {
  const [row] = await asOwner(sql`
    with caller as (select app.set_context(${{ marketplace, now: new Date() }}::jsonb))
    select money.reverse(${transferId}::uuid, 'Taken back') as id from caller`);
  return row.id;
}

/** What each account of a person holds, by its kind. */
export async function balancesOf(userId: string): Promise<Record<string, number>> {
  const rows = await asOwner(sql`
    select a.kind, b.balance from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = ${userId}::uuid`);
  return Object.fromEntries(rows.map(({ kind, balance }) => [kind, balance]));
}

export const entriesOf = (transferId: string) =>
  asOwner(sql`
    select a.kind, e.currency, e.type, e.amount, e.balance_after
    from money.entries e join money.accounts a on a.id = e.account_id
    where e.transfer_id = ${transferId}::uuid order by a.kind, e.currency`);

/** What the platform's accounts of a marketplace hold, by kind, gateway and currency. */
export async function platformBalances(marketplace = 'driveway'): Promise<Record<string, number>> {
  const rows = await asOwner(sql`
    select concat_ws(' ', a.kind, a.gateway, a.currency) as name, money.platform_balance(a.id) as balance
    from money.accounts a where a.owner_id is null and a.marketplace = ${marketplace}`);
  return Object.fromEntries(rows.map(({ name, balance }) => [name, balance]));
}
