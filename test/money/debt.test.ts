import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { answerMove, inMinutes, moveRequested, priceOf, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { complete, over, paid, refund, saveCard } from './after.ts';
import { orderFault } from './gateways/providers.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { attemptsOf, breaches, CARD, postedFor } from './pay.ts';

const DEBT = '/api/v1/debt';
const pay = (person: Person, more: Record<string, unknown> = {}) => person.post(`${DEBT}/payments`, more);

/** Somebody who owes this much. */
async function debtor(amount: number) {
  const driver = await signUp('driveway', { roles: ['driver'] });
  await owe(driver, amount);
  return driver;
}

const owe = (driver: Person, amount: number) =>
  post({
    type: 'release',
    entries: [
      { account: 'receivable', user_id: driver.id, amount: -amount },
      { account: 'platform_revenue', amount },
    ],
  });

const paymentsOf = (driver: Person) =>
  asOwner(sql`
    select id, status, amount from money.payments
    where payer_id = ${driver.id}::uuid and purpose = 'debt' order by id`);

/** A driver who has stayed two hours longer than they paid for: $15 and the fee on it are owed. */
async function overstayed(prepare: (driver: Person) => Promise<unknown> = async () => null) {
  const driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  const host = await signUp('driveway', { roles: ['host'] });
  await prepare(driver);
  const { booking, payment } = await paid(driver, host, {
    starts_at: inMinutes(5),
    ends_at: inMinutes(125),
  });
  await stepped('driveway', booking, 'active');
  advanceClock(245 * 60);
  await stepped('driveway', booking, 'completed');
  await deliverEvents();
  advanceClock(90);
  await runSchedule('sweep-timers');
  await deliverEvents();
  return { driver: await again(driver), host, payment };
}

test('a stay that grew is charged to the saved card', async () => {
  const { driver, host, payment } = await overstayed(saveCard);
  const [debt] = await paymentsOf(driver);
  expect(debt).toMatchObject({ status: 'succeeded', amount: 1725 });
  expect(await postedFor(payment)).toMatchObject({
    release: { held: -1150, receivable: -1725, provider_payable: 2500, platform_revenue: 375 },
  });
  expect(await postedFor(debt)).toEqual({
    payment: { held: 1725, gateway_clearing: -1725 },
    charge: { held: -1725, receivable: 1725 },
  });
  expect((await driver.get(DEBT)).body).toEqual({ amount: 0, currency: 'USD' });
  expect((await balancesOf(host.id)).provider_payable).toBe(2500);
  expect((await pay(driver)).body.code).toBe('nothing_to_pay');
  expect(await breaches()).toEqual([]);
});

test('who has saved no card is told, and pays by hand', async () => {
  const { driver } = await overstayed();
  expect(await paymentsOf(driver)).toEqual([]);
  const told = await asOwner(sql`
    select variables from notify.messages where user_id = ${driver.id}::uuid and template = 'payment_owed'`);
  expect(told).toMatchObject([{ variables: { amount: '17.25 USD' } }]);
  expect((await driver.get(DEBT)).body).toEqual({ amount: 1725, currency: 'USD' });
  const answer = await pay(driver, CARD);
  expect(answer).toMatchObject({ status: 201, body: { purpose: 'debt', status: 'succeeded', amount: 1725 } });
  expect((await driver.get(DEBT)).body.amount).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('what another time costs that the host has agreed to is owed beyond what was paid, and what was declined is not', async () => {
  const [driver, host] = [
    await signUp('driveway', { roles: ['driver'] }),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const { booking } = await paid(driver, host);
  const [{ version }] = await asOwner(
    sql`select version from booking.bookings where id = ${booking.id}::uuid`,
  );
  const ask = (known: number, hours: number) =>
    moveRequested(
      driver,
      { id: booking.id, version: known },
      {
        starts_at: booking.starts_at,
        ends_at: inMinutes((26 + hours) * 60),
        ...priceOf(1000 + 500 * hours, 150 + 75 * hours),
      },
    );
  const declined = await answerMove(host, 'decline', await ask(version, 4));
  await answerMove(host, 'accept', await ask(declined.body.version, 2));
  await complete(booking);
  expect((await driver.get(DEBT)).body.amount).toBe(1150);
  expect((await balancesOf(host.id)).provider_payable).toBe(2000);
  expect(await breaches()).toEqual([]);
});

test('a card that is declined leaves the debt, and a lost answer charges once', async () => {
  const driver = await debtor(700);
  const declined = await pay(driver, { payment_method: 'pm_card_chargeDeclined' });
  expect(declined.body).toMatchObject({ status: 'failed' });
  expect((await driver.get(DEBT)).body.amount).toBe(700);
  await orderFault('stripe', { path: '/v1/payment_intents', how: 'cut', after: true });
  expect((await pay(driver, CARD)).body).toMatchObject({ id: declined.body.id, status: 'pending' });
  expect((await pay(driver, CARD)).body).toMatchObject({ id: declined.body.id, status: 'succeeded' });
  expect(await attemptsOf(declined.body)).toMatchObject([{ status: 'failed' }, { status: 'captured' }]);
  expect((await driver.get(DEBT)).body.amount).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('the wallet pays a debt too', async () => {
  const driver = await debtor(700);
  await topUp(driver.id, 1000);
  expect((await pay(driver, { use_wallet: true })).body).toMatchObject({
    status: 'succeeded',
    wallet_amount: 700,
  });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 300, held: 0, receivable: 0 });
});

test('of two who pay at once one charges', async () => {
  const driver = await debtor(700);
  const answers = await Promise.all([pay(driver, CARD), pay(driver, CARD)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(await paymentsOf(driver)).toHaveLength(1);
});

test('what was netted while it was being paid goes to the wallet', async () => {
  const driver = await debtor(700);
  await orderFault('stripe', { path: '/v1/payment_intents', how: 'cut', after: true });
  expect((await pay(driver, CARD)).body.status).toBe('pending');
  await post({
    type: 'netting',
    entries: [
      { account: 'receivable', user_id: driver.id, amount: 500 },
      { account: 'platform_revenue', amount: -500 },
    ],
  });
  advanceClock(120);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await paymentsOf(driver)).toMatchObject([{ status: 'succeeded', amount: 700 }]);
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 500, receivable: 0, held: 0 });
  expect(await breaches()).toEqual([]);
});

test('a payment of a debt that is refunded is owed again', async () => {
  const driver = await debtor(700);
  const { body } = await pay(driver, CARD);
  const finance = await signUpStaff('driveway', 'admin');
  expect((await refund(finance, body, { items: [{ line: 'debt', amount: 200 }] })).status).toBe(201);
  await deliverEvents();
  expect((await driver.get(DEBT)).body.amount).toBe(200);
  expect(await breaches()).toEqual([]);
});

test('everybody sees and pays their own debt only, and nobody says how much', async () => {
  const driver = await debtor(700);
  const host = await signUp('driveway', { roles: ['host'] });
  await over(driver, host);
  expect((await host.get(DEBT)).body).toEqual({ amount: 0, currency: 'USD' });
  expect((await pay(host, CARD)).body.code).toBe('nothing_to_pay');
  expect((await pay(driver, { amount: 1 })).status).toBe(400);
  expect((await pay(driver, { user_id: driver.id })).status).toBe(400);
  expect((await pay(driver, { use_credits: true })).body.code).toBe('account_not_accepted');
  const spa = await signUp('spacall', { roles: ['customer'] });
  expect((await spa.get(DEBT)).body).toEqual({ amount: 0, currency: 'PHP' });
  expect((await driver.get(DEBT)).body.amount).toBe(700);
});
