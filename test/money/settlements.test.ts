import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { platformBalances } from './ledger.ts';
import { breaches, CARD, initiated, inTwoMonths } from './pay.ts';

const SETTLEMENTS = '/api/v1/admin/settlements';
const HEADER =
  'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id';
let driver: Person;
let host: Person;
let finance: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  finance = await signUpStaff('driveway', 'admin');
});

type Taken = { id: string; booking: { id: string }; reference: string; fee: number | null };

/** A payment of $11.50 that Stripe has taken. */
async function taken(): Promise<Taken> {
  const booking = await placed(driver, host, {
    payment_timeout: 900,
    ...inTwoMonths(),
  });
  const { id } = await initiated(driver, booking, CARD);
  const [{ reference, fee }] = await asOwner(
    sql`select reference, fee from money.payment_attempts where payment_id = ${id}::uuid`,
  );
  return { id, booking, reference, fee };
}

const major = (amount: number) => (amount / 100).toFixed(2);
const moment = (minutes = 0) => inMinutes(minutes).slice(0, 19).replace('T', ' ');
let entries = 0;

/** A line of Stripe's report. */
function line(what: {
  gross: number;
  fee?: number;
  category?: string;
  source?: string;
  intent?: string;
  at?: string;
  currency?: string;
}) {
  const {
    gross,
    fee = 0,
    category = 'charge',
    source = 'ch_1',
    intent = '',
    at = moment(),
    currency = 'usd',
  } = what;
  entries += 1;
  return [
    `txn_${entries}`,
    at,
    currency,
    major(gross),
    major(fee),
    major(gross - fee),
    category,
    source,
    intent,
  ].join(',');
}
const charge = ({ reference, fee }: Taken, changes: Partial<Parameters<typeof line>[0]> = {}) =>
  line({ gross: 1150, fee: fee ?? 0, intent: reference, ...changes });

const importing = (lines: string[], gateway = 'stripe') =>
  finance.post(SETTLEMENTS, { gateway, file_name: 'payouts.csv', csv: lines.join('\n') });
async function imported(lines: string[]) {
  const answer = await importing([HEADER, ...lines]);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.settlement;
}
/** The lines of a settlement of one result, or its differences. What is missing are payments of all others, too. */
async function linesOf({ id }: { id: string }, result?: string) {
  const items = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `limit=100${result ? `&result=${result}` : ''}${cursor ? `&cursor=${cursor}` : ''}`;
    const { body } = await finance.get(`${SETTLEMENTS}/${id}?${query}`);
    items.push(...body.items);
    cursor = body.next_cursor;
  }
  return items;
}

test('what matches goes to the bank, refunds included, and once', async () => {
  const [kept, refunded] = [await taken(), await taken()];
  await driver.post(`/api/v1/bookings/${refunded.booking.id}/cancel`, {});
  await deliverEvents();
  const [refund] = await asOwner(
    sql`select id, reference from money.refunds where payment_id = ${refunded.id}::uuid and status = 'succeeded'`,
  );
  const before = await platformBalances();
  const lines = [
    charge(kept),
    charge(refunded),
    line({ gross: -1150, category: 'refund', source: refund.reference, intent: refunded.reference }),
  ];
  const settlement = await imported(lines);
  const fees = (kept.fee ?? 0) + (refunded.fee ?? 0);
  expect(settlement).toMatchObject({
    gateway: 'stripe',
    line_count: 3,
    matched_count: 3,
    settled: [{ currency: 'USD', amount: 1150 - fees }],
    created_by: finance.id,
  });
  const after = await platformBalances();
  const name = 'gateway_clearing stripe USD';
  expect((after[name] ?? 0) - (before[name] ?? 0)).toBe(1150 - fees);
  const bank = 'gateway_clearing bank USD';
  expect((after[bank] ?? 0) - (before[bank] ?? 0)).toBe(fees - 1150);
  expect(await linesOf(settlement, 'matched')).toMatchObject([
    { line: 2, payment_id: kept.id, amount: 1150 },
    { line: 3, payment_id: refunded.id },
    { line: 4, payment_id: refunded.id, refund_id: refund.id, kind: 'refund', amount: -1150 },
  ]);

  const again = await imported(lines);
  expect(again).toMatchObject({ matched_count: 0, repeated_count: 3, settled: [] });
  expect(await platformBalances()).toEqual(after);
  expect(await breaches()).toEqual([]);
});

test('whatever differs is listed and moves nothing', async () => {
  const [a, b, c, d, e] = [await taken(), await taken(), await taken(), await taken(), await taken()];
  const before = await platformBalances();
  const settlement = await imported([
    charge(a, { gross: 1149 }),
    charge(b, { currency: 'eur' }),
    charge(c, { fee: (c.fee ?? 0) + 1 }),
    charge(d, { at: moment(-5 * 24 * 60) }),
    line({ gross: 500, intent: 'pi_of_nobody' }),
    line({ gross: -2000, category: 'payout', source: 'po_1' }),
    `txn_x,yesterday,usd,1.00,0.00,1.00,charge,ch_1,${e.reference}`,
    `txn_y,${moment()},usd,1.005,0.00,1.005,charge,ch_1,${e.reference}`,
    `txn_z,${moment()},usd,11.50,0.50,12.00,charge,ch_1,${e.reference}`,
    `txn_w,${moment()},usd`,
  ]);
  expect(settlement).toMatchObject({ line_count: 10, matched_count: 0, settled: [] });
  const results = await linesOf(settlement);
  expect(results.slice(0, 10)).toMatchObject([
    { line: 2, result: 'amount_differs', amount: 1149, expected_amount: 1150, payment_id: a.id },
    { line: 3, result: 'currency_differs', payment_id: b.id },
    { line: 4, result: 'fee_differs', payment_id: c.id, expected_fee: c.fee },
    { line: 5, result: 'date_differs', payment_id: d.id },
    { line: 6, result: 'unknown', reference: 'pi_of_nobody', payment_id: null },
    { line: 7, result: 'not_a_payment', kind: 'other' },
    { line: 8, result: 'unreadable', problem: 'created_utc cannot be read' },
    { line: 9, result: 'unreadable', problem: '1.005 is not an amount of USD.' },
    { line: 10, result: 'unreadable', problem: 'net is not gross less fee' },
    { line: 11, result: 'unreadable', problem: 'reporting_category is missing' },
  ]);
  expect(await platformBalances()).toEqual(before);
  // Mended, the same payment settles.
  expect(await imported([charge(a)])).toMatchObject({ matched_count: 1 });
});

test('what the file should tell and does not is missing', async () => {
  const [told, untold] = [await taken(), await taken()];
  const lines = [charge(told, { at: moment(-1) }), line({ gross: 1, intent: 'pi_unknown', at: moment(1) })];
  const missing = await linesOf(await imported(lines), 'missing');
  expect(missing).toContainEqual(
    expect.objectContaining({
      payment_id: untold.id,
      reference: untold.reference,
      expected_amount: 1150,
      amount: null,
    }),
  );
  expect(missing.every(({ line }: { line: number }) => line > 3)).toBe(true);
  const ids = missing.map(({ payment_id }: { payment_id: string }) => payment_id);
  expect(ids).not.toContain(told.id);
});

test('one payment twice in a file, or in two files at once, is settled once', async () => {
  const [a, b] = [await taken(), await taken()];
  expect(await imported([charge(a), charge(a)])).toMatchObject({ matched_count: 1, repeated_count: 1 });
  const both = await Promise.all([imported([charge(b)]), imported([charge(b)])]);
  expect(both.map(({ matched_count }) => matched_count).sort()).toEqual([0, 1]);
  expect(await breaches()).toEqual([]);
});

test('a fee that only the file tells is taken from it, and posted', async () => {
  const { id, reference } = await taken();
  const posted = await inScratch(async run => {
    // As it is where the gateway's balance is in another currency.
    const [{ attempt }] = await run(
      `update money.payment_attempts set fee = null where payment_id = '${id}' returning id as attempt`,
    );
    await run('alter table money.transfer_keys disable trigger user');
    await run(`delete from money.transfer_keys where key = 'attempt/${attempt}/fee'`);
    const context = { marketplace: 'driveway', actor: finance.id, now: new Date() };
    await run(`select app.set_context('${JSON.stringify(context)}'::jsonb)`);
    const row = `2|charge|txn_1|${reference}|USD|1150|77|1073|${context.now.toISOString()}|`;
    await run(`select money.import_settlement('stripe', 'payouts.csv', '${row}')`);
    return run(`
      select a.kind, e.amount::integer as amount from money.transfer_keys k join money.entries e on e.transfer_id = k.transfer_id
      join money.accounts a on a.id = e.account_id where k.key = 'attempt/${attempt}/fee' order by 1`);
  });
  expect(posted).toEqual([
    { kind: 'gateway_clearing', amount: 77 },
    { kind: 'gateway_fees', amount: -77 },
  ]);
});

test('a page of differences goes on where the last one ended', async () => {
  const settlement = await imported(
    [1, 2, 3].map(n => line({ gross: n, intent: `pi_unknown_${n}`, at: '2020-01-01 00:00:00' })),
  );
  const page = await finance.get(`${SETTLEMENTS}/${settlement.id}?limit=2`);
  expect(page.body).toMatchObject({
    settlement: { id: settlement.id, difference_count: 3 },
    items: [{ line: 2 }, { line: 3 }],
  });
  const rest = await finance.get(`${SETTLEMENTS}/${settlement.id}?limit=2&cursor=${page.body.next_cursor}`);
  expect(rest.body).toMatchObject({ items: [{ line: 4 }], next_cursor: null });
  const list = await finance.get(`${SETTLEMENTS}?limit=1`);
  expect(list.body.items).toMatchObject([{ id: settlement.id }]);
});

test.each([
  ['no CSV', 'stripe', ['"open']],
  [
    'another gateway’s file',
    'razorpay',
    [HEADER, 'txn_1,2026-11-20 10:00:00,usd,1.00,0.00,1.00,charge,ch_1,pi_1'],
  ],
  ['only a header', 'stripe', [HEADER]],
])('%s is refused', async (_name, gateway, lines) => {
  const answer = await importing(lines, gateway);
  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'file_unreadable', errors: [{ field: 'csv' }] },
  });
});

test('a file of megabytes is taken, and one that is too large is refused', async () => {
  const lines = Array.from({ length: 12_000 }, (_, n) =>
    line({ gross: 1, intent: `pi_unknown_${n}`, at: '2020-01-01 00:00:00' }),
  );
  const settlement = await imported(lines);
  expect(settlement).toMatchObject({ line_count: 12_000, difference_count: 12_000 });
  const large = await importing([HEADER, ...lines, 'x'.repeat(5_000_000)]);
  expect(large).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
});

test('only who may adjust money imports, and nobody of another marketplace sees it', async () => {
  const settlement = await imported([line({ gross: 1, intent: 'pi_unknown', at: '2020-01-01 00:00:00' })]);
  const operator = await signUpStaff('recovery', 'operator');
  const body = { gateway: 'stripe', file_name: 'a.csv', csv: 'a' };
  for (const person of [driver, operator])
    expect((await person.post(SETTLEMENTS, body)).body.code).toBe('forbidden');
  const abroad = await signUpStaff('recovery', 'admin');
  expect((await abroad.get(`${SETTLEMENTS}/${settlement.id}`)).status).toBe(404);
  expect((await abroad.get(SETTLEMENTS)).body.items).toEqual([]);
});

test('the invariant finds a settlement whose lines are not what was moved', async () => {
  const found = await inScratch(async run => {
    await run('alter table money.settlement_lines disable trigger user');
    await run(
      `update money.settlement_lines set net = net + 1 where result = 'matched' and net is not null returning line`,
    );
    const rows = await run(
      `select breaches::integer as breaches from money.check_invariants(null) where name = 'settlements_equal_lines'`,
    );
    return rows[0].breaches;
  });
  expect(found).toBeGreaterThan(0);
});
