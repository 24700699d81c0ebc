import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { sql } from '../../lambdas/kernel/sql.ts';
import { openRazorpay } from '../../lambdas/money/gateways/razorpay-client.ts';
import { stripeMethods } from '../../lambdas/money/gateways/stripe-methods.ts';
import { age, deleteMe, statusOf } from '../privacy/deletions.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { act, orderFault } from './gateways/providers.ts';
import { tell } from './pay.ts';

const METHODS = '/api/v1/payment-methods';
const REFRESH = '/api/v1/payment-methods/refresh';
/** Stripe's own. */
const OUTAGE = { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred.' } } };

// Whoever other tests have left.
beforeAll(() => runSchedule('forget-customers'));

/** Leaves a method at the gateway and takes it over. */
async function save(person: Person, gateway: 'stripe' | 'razorpay', type?: string) {
  const { status, body } = await person.post(METHODS, type ? { type } : {});
  if (status !== 201) throw new Error(`Saving a method was answered ${status}: ${body.code}`);
  const reference =
    gateway === 'stripe' ? body.client.client_secret.split('_secret_')[0] : body.client.order_id;
  await act(gateway, reference, 'succeed');
  await person.post(REFRESH, {});
}
const customerOf = async ({ id }: Person): Promise<string> => {
  const [row] = await asOwner(sql`select reference from money.gateway_customers where user_id = ${id}::uuid`);
  return row.reference;
};
/** What is kept of a customer here. */
const kept = (reference: string) =>
  asOwner(
    sql`select user_id, asked_at is not null as asked from money.gateway_customers where reference = ${reference}`,
  );
async function purge(person: Person): Promise<void> {
  expect((await deleteMe(person)).status).toBe(200);
  await age(person, '91 days');
  await runSchedule('apply-retention');
  expect(await statusOf(person.id)).toMatchObject({ purged: true });
}
/** The run of the next hour. */
async function nextHour(reference: string) {
  await asOwner(sql`
    update money.gateway_customers set asked_at = asked_at - interval '1 hour' where reference = ${reference} returning id`);
  return runSchedule('forget-customers');
}

test('Stripe forgets whoever was purged, however often it does not answer, and nobody else', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const bystander = await signUpWithPassword('driveway', { roles: ['driver'] });
  await save(person, 'stripe');
  await save(bystander, 'stripe');
  const [customer, other] = [await customerOf(person), await customerOf(bystander)];
  await runSchedule('forget-customers');
  expect(await stripeMethods('driveway').list(customer)).toHaveLength(1);

  await purge(person);
  expect(await kept(customer)).toEqual([{ user_id: null, asked: false }]);
  await orderFault('stripe', { path: `/v1/customers/${customer}`, ...OUTAGE });
  expect(await runSchedule('forget-customers')).toMatchObject({ waiting: 1 });
  expect(await kept(customer)).toEqual([{ user_id: null, asked: true }]);
  // Not again within the hour.
  expect(await runSchedule('forget-customers')).toEqual({ forgotten: 0, waiting: 0 });
  // It has forgotten, and its answer is lost: that it knows nobody is as good.
  await orderFault('stripe', { path: `/v1/customers/${customer}`, how: 'cut', after: true });
  expect(await nextHour(customer)).toMatchObject({ waiting: 1 });
  expect(await nextHour(customer)).toMatchObject({ forgotten: 1 });
  expect(await kept(customer)).toEqual([]);
  await expect(stripeMethods('driveway').list(customer)).rejects.toMatchObject({ code: 'resource_missing' });
  expect(await kept(other)).toEqual([{ user_id: bystander.id, asked: false }]);
  expect(await stripeMethods('driveway').list(other)).toHaveLength(1);
});

test('of two runs at once each asks for others', async () => {
  const people = [
    await signUpWithPassword('driveway', { roles: ['driver'] }),
    await signUpWithPassword('driveway', { roles: ['driver'] }),
  ];
  for (const person of people) await save(person, 'stripe');
  const customers = await Promise.all(people.map(customerOf));
  for (const person of people) await purge(person);
  const runs = await Promise.all([runSchedule('forget-customers'), runSchedule('forget-customers')]);
  const total = runs.map(run => z.parse(z.object({ forgotten: z.int(), waiting: z.int() }), run));
  expect(total.reduce((sum, { forgotten }) => sum + forgotten, 0)).toBe(2);
  expect(total.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(0);
  for (const customer of customers) expect(await kept(customer)).toEqual([]);
});

test('at Razorpay the mandates end, then the tokens go and the contacts are free for whoever has them next', async () => {
  const person = await signUpWithPassword('homigo', { roles: ['tenant'] });
  const [{ phone_sealed, phone_hash }] = await asOwner(sql`
    select phone_sealed, phone_hash from identity.users where id = ${person.id}::uuid`);
  await save(person, 'razorpay');
  await save(person, 'razorpay', 'upi');
  const customer = await customerOf(person);
  const razorpay = await openRazorpay('homigo');
  const tokensAt = async () => {
    const Tokens = z.object({
      items: z.array(z.object({ id: z.string(), recurring_details: z.object({ status: z.string() }) })),
    });
    return (await razorpay.call('GET', `customers/${customer}/tokens`, Tokens)).items;
  };
  expect(await tokensAt()).toHaveLength(2);

  await purge(person);
  expect(await runSchedule('forget-customers')).toMatchObject({ waiting: 1 });
  const [mandate, ...rest] = await tokensAt();
  expect([mandate?.recurring_details.status, rest]).toEqual(['cancelled', []]);
  // What Razorpay tells of it is for nobody.
  expect(await tell('razorpay', 'homigo', mandate?.id ?? '')).toContain(200);
  await deliverEvents();
  expect(await asOwner(sql`select id from money.payment_methods where user_id = ${person.id}::uuid`)).toEqual(
    [],
  );
  expect(await nextHour(customer)).toMatchObject({ forgotten: 1 });
  expect(await tokensAt()).toEqual([]);
  expect(await kept(customer)).toEqual([]);
  const Known = z.object({ name: z.string(), email: z.string(), contact: z.string() });
  expect(await razorpay.call('GET', `customers/${customer}`, Known)).toEqual({
    name: 'Deleted person',
    email: `${customer}@deleted.example`,
    contact: '9000000000',
  });
  const next = await signUp('homigo', { roles: ['tenant'] });
  await asOwner(sql`
    update identity.users set email = ${person.email}, phone_sealed = ${phone_sealed}, phone_hash = ${phone_hash}
    where id = ${next.id}::uuid returning id`);
  await save(next, 'razorpay');
  expect(await customerOf(next)).not.toBe(customer);
});

test('who never became known to a gateway is forgotten without asking it', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  await orderFault('stripe', { path: '/v1/customers', ...OUTAGE });
  expect((await person.post(METHODS, {})).status).toBe(409);
  await purge(person);
  expect(await runSchedule('forget-customers')).toMatchObject({ forgotten: 1, waiting: 0 });
});

test('an invariant tells of whom a gateway has not forgotten within a week', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  await save(person, 'stripe');
  const customer = await customerOf(person);
  const breaches = (days: number) =>
    inScratch(async run => {
      await run(`update money.gateway_customers set user_id = null, left_at = app.now() - interval '${days} days'
        where reference = '${customer}' returning id`);
      const [row] = await run(
        `select breaches from money.check_invariants(null) where name = 'customers_forgotten'`,
      );
      return row.breaches;
    });
  expect(await breaches(6)).toBe(0);
  expect(await breaches(8)).toBe(1);
});
