import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes, placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { withSetting } from '../support/settings.ts';
import { topUp } from './ledger.ts';
import { breaches, CARD, completed, INITIATE, initiated, inTwoMonths, shown } from './pay.ts';

let driver: Person;
let host: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'], full_name: 'Žofie Müller' });
  host = await signUp('driveway', { roles: ['host'] });
});

const unpaid = (changes: Record<string, unknown> = {}) =>
  placed(driver, host, { payment_timeout: 900, ...changes });
const papersOf = (payment: { id: string }) =>
  asOwner(sql`select * from money.invoices where payment_id = ${payment.id}::uuid order by id`);
const cancel = (booking: { id: string }) => driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
const placeOf = (number: string) => Number(number.split('-').at(-1));

test('a booking that was taken has an invoice with its lines, and nobody else sees it', async () => {
  const booking = await unpaid();
  const payment = await initiated(driver, booking, CARD);
  expect(await shown(driver, payment)).toMatchObject({
    status: 'authorized',
    invoice: null,
    credit_notes: [],
  });
  await completed('driveway', booking);
  const { invoice } = await shown(driver, payment);
  const year = new Intl.DateTimeFormat('en', { timeZone: 'America/Los_Angeles', year: '2-digit' });
  expect(invoice).toMatchObject({
    kind: 'invoice',
    number: expect.stringMatching(new RegExp(`^DRV-I${year.format(new Date())}-\\d{8}$`)),
    currency: 'USD',
    subtotal_amount: 1150,
    tax_amount: 0,
    total_amount: 1150,
    url: `/api/v1/payments/${payment.id}/invoice.pdf`,
  });
  expect(await papersOf(payment)).toMatchObject([
    {
      user_id: driver.id,
      buyer_name: 'Žofie Müller',
      description: `Booking ${booking.number}`,
      issuer: { name: 'Driveway-Hub', address: [] },
      lines: [
        { code: 'parking', description: 'parking', amount: 1000 },
        { code: 'service_fee', description: 'Service fee, service_fee', amount: 150 },
      ],
      tax_lines: [],
    },
  ]);
  const pdf = await driver.get(invoice.url);
  expect(pdf.headers).toMatchObject({
    'content-type': 'application/pdf',
    'content-disposition': `inline; filename="${invoice.number}.pdf"`,
    'cache-control': 'no-store',
  });
  const bytes = Buffer.from(pdf.text, 'base64').toString('latin1');
  expect(bytes).toMatch(/^%PDF-1\./);
  expect(bytes).toContain('NotoSans');
  expect((await driver.get(invoice.url)).text).toBe(pdf.text);
  const strangers = [host, await signUp('spacall', { roles: ['customer'] })];
  for (const person of strangers) expect((await person.get(invoice.url)).status).toBe(404);
  expect((await driver.get(`${invoice.url}?number=DRV-C26-00000001`)).status).toBe(404);
  expect(await breaches()).toEqual([]);
});

test('what goes back is a credit note, to the last unit of its tax', async () => {
  await topUp(driver.id, 1150);
  const tax = { name: 'Sales tax', basis_points: 875 };
  const booking = await unpaid(inTwoMonths());
  const payment = await withSetting('driveway', 'invoice_tax', tax, async () =>
    initiated(driver, booking, { use_wallet: true }),
  );
  expect(payment).toMatchObject({ status: 'succeeded', wallet_amount: 1150 });
  const { invoice } = await shown(driver, payment);
  // 1150 × 875 / 10875 = 92.5…
  expect(invoice).toMatchObject({ subtotal_amount: 1057, tax_amount: 93, total_amount: 1150 });
  await cancel(booking);
  await deliverEvents();
  const refunded = await shown(driver, payment);
  expect(refunded).toMatchObject({
    status: 'refunded',
    refunded_amount: 1150,
    invoice: { number: invoice.number },
    credit_notes: [{ kind: 'credit_note', subtotal_amount: 1057, tax_amount: 93, total_amount: 1150 }],
  });
  const [note] = refunded.credit_notes;
  expect(note.number).toMatch(/^DRV-C\d\d-\d{8}$/);
  const [, paper] = await papersOf(payment);
  expect(paper).toMatchObject({
    corrects: invoice.id,
    lines: [{ description: `Refund of ${invoice.number}` }],
    tax_lines: [{ name: 'Sales tax', basis_points: 875, amount: 93 }],
  });
  const pdf = await driver.get(note.url);
  expect(pdf.headers['content-disposition']).toContain(note.number);
  expect(await breaches()).toEqual([]);
});

test('a late cancellation is asked for as much as it keeps', async () => {
  const booking = await unpaid({ starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) });
  const payment = await initiated(driver, booking, CARD);
  await cancel(booking);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({
    captured_amount: 575,
    invoice: { total_amount: 575 },
    credit_notes: [],
  });
  expect((await papersOf(payment))[0].lines).toMatchObject([{ amount: 500 }, { amount: 75 }]);
});

test('a top-up has a receipt, in a series of its own, and an order has its lines', async () => {
  const { body: topup } = await driver.post('/api/v1/wallet/top-ups', { amount: 5000 });
  const { body: payment } = await driver.post(INITIATE, { topup_id: topup.id, ...CARD });
  const { invoice: receipt } = await shown(driver, payment);
  expect(receipt).toMatchObject({
    kind: 'receipt',
    number: expect.stringMatching(/^DRV-R/),
    total_amount: 5000,
  });
  expect((await papersOf(payment))[0].lines).toHaveLength(1);

  const customer = await signUp('recovery', { roles: ['customer'] });
  await topUp(customer.id, 50_000, 'recovery');
  const items = [
    { code: 'session', payer: 'customer', payee: 'platform', amount: 14_000 },
    { code: 'sales_tax', payer: 'customer', payee: 'tax', amount: 1000 },
  ];
  const details = { description: 'Four sessions', items, setup_fee: true };
  const [order] = await actAs(customer, sql`select * from money.open_order(${details}::jsonb)`);
  const paid = await customer.post(INITIATE, { order_id: order.id, use_wallet: true });
  expect(paid.body).toMatchObject({ status: 'succeeded', amount: 40_000 });
  expect(await papersOf(paid.body)).toMatchObject([
    {
      kind: 'invoice',
      number: expect.stringMatching(/^RCV-I/),
      lines: [
        { description: 'Session', amount: 14_000 },
        { description: 'Setup fee', amount: 25_000 },
      ],
      tax_lines: [{ name: 'Sales tax', basis_points: null, amount: 1000, is_included: false }],
      subtotal_amount: 39_000,
      tax_amount: 1000,
      total_amount: 40_000,
    },
  ]);
});

test('a payment that was given up has no paper', async () => {
  const booking = await unpaid({ starts_at: inMinutes(48 * 60), ends_at: inMinutes(50 * 60) });
  const payment = await initiated(driver, booking, CARD);
  await cancel(booking);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'cancelled', invoice: null });
  expect((await driver.get(`/api/v1/payments/${payment.id}/invoice.pdf`)).status).toBe(404);
});

test('numbers have no gaps: not after a transaction that was undone, and not when many are paid at once', async () => {
  await topUp(driver.id, 4 * 1150);
  const bookings = [
    await unpaid(inTwoMonths()),
    await unpaid(inTwoMonths()),
    await unpaid(inTwoMonths()),
    await unpaid(inTwoMonths()),
  ];
  const pay = async (booking: { id: string }) => {
    const payment = await initiated(driver, booking, { use_wallet: true });
    return placeOf((await shown(driver, payment)).invoice.number);
  };
  const [last = bookings[0], ...others] = bookings;
  const first = await pay(last);
  const { gateways, capture } = { gateways: ['stripe'], capture: 'later' };
  const wish = {
    purpose: 'booking',
    subject_id: others[0].id,
    use_wallet: true,
    gateways,
    capture,
    options: {},
  };
  const undone = await inScratch(async run => {
    await run(`select app.set_context('${JSON.stringify(contextOf())}'::jsonb)`);
    await run(`select money.open_payment('${JSON.stringify(wish)}'::jsonb)`);
    await run('do $$ begin set constraints all immediate; end $$');
    const [row] = await run(
      `select max(place)::integer as place from money.invoices where kind = 'invoice' and marketplace = 'driveway'`,
    );
    return row.place;
  });
  expect(undone).toBe(first + 1);
  const places = await Promise.all(others.map(pay));
  expect(places.sort((a, b) => a - b)).toEqual([first + 1, first + 2, first + 3]);
  expect(await breaches()).toEqual([]);
});

const contextOf = () => ({
  marketplace: 'driveway',
  actor: driver.id,
  access: 'everyone',
  now: new Date().toISOString(),
});

test('the database keeps papers as they are', async () => {
  const change = sql`update money.invoices set total_amount = 1 where user_id = ${driver.id}::uuid returning id`;
  await expect(asOwner(change)).rejects.toThrow('invoices_is_append_only');
  const erase = sql`delete from money.invoices where user_id = ${driver.id}::uuid returning id`;
  await expect(asOwner(erase)).rejects.toThrow('invoices_is_append_only');
});

test('what the invariants find: a gap, and a paper that is not what was paid', async () => {
  const found = await inScratch(async run => {
    // In one year: the clocks of other tests may have come to the next one.
    await run(`update money.invoice_numbers n set last = n.last + 1
               from (select marketplace, kind, min(year) as year from money.invoice_numbers group by 1, 2) as f
               where n.marketplace = 'driveway' and n.kind = 'invoice' and (f.marketplace, f.kind, f.year) = (n.marketplace, n.kind, n.year)
               returning n.last`);
    await run('alter table money.payments disable trigger user');
    await run(`update money.payments set captured_amount = captured_amount + 1
               where payer_id = '${driver.id}' and status = 'refunded' returning id`);
    await run(`update money.payments set refunded_amount = refunded_amount + 2
               where payer_id = '${driver.id}' and status = 'refunded' returning id`);
    const rows = await run(
      `select name, breaches::integer as breaches from money.check_invariants(null) where name like 'papers%' order by 1`,
    );
    return Object.fromEntries(rows.map(({ name, breaches }) => [name, breaches]));
  });
  expect(found).toEqual({ papers_equal_payments: 1, papers_have_no_gaps: 1 });
});

test('a purge takes the name and leaves the figures', async () => {
  const papers = sql`
    select buyer_name, total_amount from money.invoices where user_id = ${driver.id}::uuid order by id`;
  const before = await asOwner(papers);
  const after = await inScratch(async run => {
    await run(`select set_config('app.purging', 'on', true)`);
    const [rule] = await run(
      `select subject, anonymised ->> 'buyer_name' as name from privacy.personal_data where table_name = 'money.invoices'`,
    );
    const mine = rule.subject.replace('$1', `'${driver.id}'`);
    await run(`update money.invoices t set buyer_name = ${rule.name} where ${mine} returning id`);
    return run(
      `select buyer_name, total_amount from money.invoices where user_id = '${driver.id}' order by id`,
    );
  });
  expect(after).toEqual(before.map(row => ({ ...row, buyer_name: null })));
});
