import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { balancesOf, entriesOf, type Line, pay, platformBalances, post, topUp } from './ledger.ts';

let driver: Person;
let bystander: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  bystander = await signUp('driveway', { roles: ['driver'] });
  await topUp(bystander.id, 777);
  return async () => {
    expect(await balancesOf(bystander.id)).toEqual({ wallet: 777, credits: 0 });
  };
});

const refused = (code: string) => expect.objectContaining({ message: expect.stringContaining(`"${code}"`) });

test('whoever signs up has one wallet and credits, with nothing in them', async () => {
  const person = await signUp('spacall', { roles: ['customer'] });
  const rows = await asOwner(sql`
    select a.kind, a.currency, b.balance, b.total_in, b.total_out, b.is_active
    from money.accounts a join money.balances b on b.account_id = a.id
    where a.owner_id = ${person.id}::uuid order by a.kind`);
  const empty = { balance: 0, total_in: 0, total_out: 0, is_active: true };
  expect(rows).toEqual([
    { kind: 'credits', currency: 'XCR', ...empty },
    { kind: 'wallet', currency: 'PHP', ...empty },
  ]);
});

test('a transfer moves what each entry says, and people’s entries tell the balance after them', async () => {
  const before = (await platformBalances())['gateway_clearing stripe USD'] ?? 0;
  const transfer = await topUp(driver.id, 500);
  expect(await entriesOf(transfer)).toEqual([
    { kind: 'gateway_clearing', currency: 'USD', type: 'wallet_topup', amount: -500, balance_after: null },
    { kind: 'wallet', currency: 'USD', type: 'wallet_topup', amount: 500, balance_after: 500 },
  ]);
  expect((await platformBalances())['gateway_clearing stripe USD']).toBe(before - 500);
  await pay(driver.id, 300);
  const [wallet] = await asOwner(
    sql`select balance, total_earned, total_spent from money.wallets where user_id = ${driver.id}::uuid`,
  );
  expect(wallet).toEqual({ balance: 200, total_earned: 500, total_spent: 300 });
});

test('entries of one account are added up, and those that add up to nothing are left out', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const transfer = await post({
    type: 'release',
    entries: [
      { account: 'gateway_clearing', gateway: 'stripe', amount: -138 },
      { account: 'provider_payable', user_id: host.id, amount: 100 },
      { account: 'provider_payable', user_id: host.id, amount: 20 },
      { account: 'platform_revenue', amount: 18 },
      { account: 'tax', amount: 5 },
      { account: 'tax', amount: -5 },
    ],
  });
  const amounts = (await entriesOf(transfer)).map(({ kind, amount }) => [kind, amount]);
  expect(amounts).toEqual([
    ['gateway_clearing', -138],
    ['platform_revenue', 18],
    ['provider_payable', 120],
  ]);
});

test('each currency sums to zero by itself: credits are spent in credits and count in money', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const at = { marketplace: 'recovery' };
  const reward: Line[] = [
    { account: 'credits', user_id: person.id, amount: 50, currency: 'XCR' },
    { account: 'credit_expense', amount: -50, currency: 'XCR' },
  ];
  await post({ type: 'earned', description: 'Referral reward', entries: reward }, at);
  const spent: Line[] = [
    { account: 'credits', user_id: person.id, amount: -20, currency: 'XCR', type: 'spent' },
    { account: 'credit_expense', amount: 20, currency: 'XCR' },
    { account: 'credit_expense', amount: -2000 },
    { account: 'held', user_id: person.id, amount: 2000 },
  ];
  await post({ entries: spent }, at);
  expect(await balancesOf(person.id)).toEqual({ wallet: 0, credits: 30, held: 2000 });
  const mixed = [{ ...reward[0], amount: 5 } as Line, { account: 'platform_revenue', amount: -5 }];
  await expect(post({ type: 'earned', entries: mixed }, at)).rejects.toEqual(refused('transfer_unbalanced'));
});

test.each([
  ['nothing', [], 'transfer_empty'],
  ['one entry', [{ account: 'platform_revenue', amount: 5 }], 'transfer_unbalanced'],
  [
    'entries that do not add up',
    [
      { account: 'tax', amount: 5 },
      { account: 'platform_revenue', amount: -4 },
    ],
    'transfer_unbalanced',
  ],
  [
    'a kind that there is not',
    [
      { account: 'purse', amount: 5 },
      { account: 'tax', amount: -5 },
    ],
    'accounts_kind_check',
  ],
  [
    'a wallet of the platform',
    [
      { account: 'wallet', amount: 5 },
      { account: 'tax', amount: -5 },
    ],
    'accounts_kind_check',
  ],
  [
    'a gateway without a name',
    [
      { account: 'gateway_clearing', amount: 5 },
      { account: 'tax', amount: -5 },
    ],
    'accounts_gateway_check',
  ],
  [
    'a currency that there is not',
    [{ account: 'tax', amount: 5, currency: 'XXQ' }],
    'accounts_currency_fkey',
  ],
])('a transfer of %s is refused and leaves nothing', async (_what, entries: Line[], code) => {
  const key = randomUUID();
  await expect(post({ key, entries })).rejects.toEqual(refused(code));
  expect(await asOwner(sql`select key from money.transfer_keys where key = ${key}`)).toEqual([]);
});

test.each([
  ['an unknown type', { type: 'present' }, 'transfers_type_check'],
  ['a blank description', { description: ' ' }, 'transfers_words_check'],
  ['an adjustment by nobody', { type: 'adjustment' }, 'transfers_words_check'],
])('%s is refused', async (_what, change, code) => {
  const entries = [
    { account: 'tax', amount: 5 },
    { account: 'platform_revenue', amount: -5 },
  ];
  await expect(post({ ...change, entries })).rejects.toEqual(refused(code));
});

test.each([
  ['earned', -5],
  ['refunded', -5],
  ['spent', 5],
  ['bonus', 5],
])('credits that are %s do not change by %d', async (type, amount) => {
  const entries = [
    { account: 'credits', user_id: driver.id, amount: 10 },
    { account: 'credit_expense', amount: -10 },
  ];
  await post({ type: 'earned', currency: 'XCR', entries });
  const changed = [
    { account: 'credits', user_id: driver.id, amount, type },
    { account: 'credit_expense', amount: -amount },
  ];
  await expect(post({ currency: 'XCR', entries: changed })).rejects.toEqual(refused('entries_amount_check'));
});

test('nobody spends more than they have, also when two try at once', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await topUp(person.id, 100);
  const outcomes = await Promise.allSettled([pay(person.id, 80), pay(person.id, 80)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const [lost] = outcomes.filter(outcome => outcome.status === 'rejected');
  expect(lost?.reason).toEqual(refused('balances_overdraft_check'));
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 20 });
});

test('what somebody owes is a debt, and never becomes more than paid back', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const owe = (amount: number) =>
    post({
      type: 'refund',
      entries: [
        { account: 'receivable', user_id: host.id, amount: -amount },
        { account: 'gateway_clearing', gateway: 'stripe', amount },
      ],
    });
  await owe(100);
  await owe(-60);
  expect(await balancesOf(host.id)).toMatchObject({ receivable: -40 });
  await expect(owe(-41)).rejects.toEqual(refused('balances_overdraft_check'));
});

test('a transfer that is asked for again by its key is posted once, whoever is first', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await topUp(person.id, 100);
  const key = randomUUID();
  const ids = await Promise.all(Array.from({ length: 5 }, () => pay(person.id, 10, key)));
  expect(new Set(ids).size).toBe(1);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 90 });
  await expect(pay(person.id, 11, key)).rejects.toEqual(refused('transfer_key_reused'));
  // The key of another marketplace is another key.
  const at = { marketplace: 'homigo' };
  const entries = [
    { account: 'tax', amount: 5 },
    { account: 'platform_revenue', amount: -5 },
  ];
  expect(ids).not.toContain(await post({ key, currency: 'INR', entries }, at));
});

test('many postings on one wallet at once lose nothing, and neither do transfers in opposite directions', async () => {
  const [left, right] = await Promise.all([1, 2].map(() => signUp('driveway', { roles: ['driver'] })));
  if (!left || !right) throw new Error('Nobody signed up.');
  await Promise.all(Array.from({ length: 30 }, () => topUp(left.id, 10)));
  await topUp(right.id, 300);
  const give = (from: Person, to: Person) =>
    post({
      type: 'tip',
      entries: [
        { account: 'wallet', user_id: from.id, amount: -7 },
        { account: 'wallet', user_id: to.id, amount: 7 },
      ],
    });
  await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? give(left, right) : give(right, left))));
  expect([(await balancesOf(left.id)).wallet, (await balancesOf(right.id)).wallet]).toEqual([300, 300]);
  const rows = await asOwner(sql`
    select t.amount, t.type, t.balance_before, t.balance_after from money.wallet_transactions t
    where t.wallet_id = (select w.id from money.wallets w where w.user_id = ${left.id}::uuid) order by t.number`);
  expect(rows).toHaveLength(60);
  let balance = 0;
  for (const row of rows) {
    expect(row.balance_before).toBe(balance);
    balance += row.type === 'credit' ? row.amount : -row.amount;
    expect(row.balance_after).toBe(balance);
  }
});

test('somebody of another marketplace has no account here, and a wallet no second currency', async () => {
  const foreigner = await signUp('homigo', { roles: ['tenant'] });
  await expect(topUp(foreigner.id, 5)).rejects.toEqual(refused('not_found'));
  await expect(topUp(randomUUID(), 5)).rejects.toEqual(refused('not_found'));
  await expect(topUp(driver.id, 5, 'driveway', 'EUR')).rejects.toEqual(refused('wrong_currency'));
});

test('a closed account takes nothing', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await asOwner(sql`
    update money.balances set is_active = false
    where account_id = (select id from money.wallets where user_id = ${person.id}::uuid) returning account_id`);
  await expect(topUp(person.id, 5)).rejects.toEqual(refused('account_closed'));
});

test('yen have no decimals and dinars three: amounts are whole numbers of the minor unit all the same', async () => {
  const transfer = await post({
    entries: [
      { account: 'gateway_clearing', gateway: 'stripe', amount: -1050, currency: 'JPY' },
      { account: 'platform_revenue', amount: 1050, currency: 'JPY' },
      { account: 'gateway_clearing', gateway: 'stripe', amount: -1050, currency: 'KWD' },
      { account: 'platform_revenue', amount: 1050, currency: 'KWD' },
    ],
  });
  expect(await entriesOf(transfer)).toHaveLength(4);
});

test.each([
  ['transfers', 'update money.transfers set description = description'],
  ['transfers', 'delete from money.transfers'],
  ['entries', 'update money.entries set amount = amount + 1'],
  ['entries', 'delete from money.entries'],
  ['entries', 'truncate money.entries cascade'],
  ['transfer_keys', 'delete from money.transfer_keys'],
  ['accounts', 'update money.accounts set currency = currency'],
  ['balances', 'delete from money.balances'],
])('nobody changes what is in %s, the owner included: %s', async (_table, statement) => {
  await topUp(driver.id, 1);
  await expect(inScratch(run => run(statement))).rejects.toThrow('is append-only');
});

test('the api role writes no table of the ledger, and nobody but the owner’s functions posts', () =>
  inScratch(async run => {
    const rights = await run(`
      select table_name || ' ' || privilege_type as granted from information_schema.role_table_grants
      where table_schema = 'money' and grantee = 'vicinity_api' and privilege_type <> 'SELECT'
      union all
      select p.oid::regprocedure::text from pg_proc p
      where p.oid in ('money.post(jsonb)'::regprocedure, 'money.reverse(uuid, text)'::regprocedure)
        and has_function_privilege('vicinity_api', p.oid, 'execute')
      union all
      select 'vicinity_worker posts' where has_function_privilege('vicinity_worker', 'money.post(jsonb)', 'execute')`);
    expect(rights).toEqual([]);
  }));
