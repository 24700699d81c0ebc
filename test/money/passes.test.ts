import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { topUp } from './ledger.ts';
import { breaches, postedFor } from './pay.ts';
import { DAY, paid } from './subscribers.ts';

const PURCHASE = '/api/v1/passes/purchase';
let host: Person;
let tenant: Person;
beforeAll(async () => {
  host = await signUp('homigo', { roles: ['host'] });
  tenant = await signUp('homigo', { roles: ['tenant'] });
});

const buy = async (person: Person, product: string, more: Record<string, unknown> = {}) =>
  (await person.post(PURCHASE, { product, ...more })).body;
const passOf = async (person: Person, pass: { id: string }) =>
  (await person.get('/api/v1/passes')).body.items.find(({ id }: { id: string }) => id === pass.id);

test.each([
  ['tenant_listing', 25_000, 30],
  ['host_listing', 49_900, 30],
  ['premium_listing', 99_900, 45],
])('%s costs %i and is valid for %i days from its payment on', async (product, amount, days) => {
  const person = product === 'tenant_listing' ? tenant : host;
  const { pass, payment } = await buy(person, product);
  expect(pass).toMatchObject({ product, status: 'pending', amount, days, starts_at: null, expires_at: null });
  expect(payment).toMatchObject({
    purpose: 'listing',
    status: 'pending',
    amount,
    currency: 'INR',
    subject_id: pass.id,
  });
  // Bought again before it is paid for it is the same.
  expect(await buy(person, product)).toMatchObject({ pass: { id: pass.id }, payment: { id: payment.id } });
  await paid('homigo', payment, 'decline');
  expect(await passOf(person, pass)).toMatchObject({ status: 'pending' });

  const again = await buy(person, product);
  await paid('homigo', again.payment);
  const active = await passOf(person, pass);
  expect(active).toMatchObject({ status: 'active', subject_id: null });
  expect(Date.parse(active.expires_at) - Date.parse(active.starts_at)).toBe(days * DAY * 1000);
  expect(await postedFor(again.payment)).toMatchObject({
    release: { held: -amount, platform_revenue: amount },
  });
  // The next is another one.
  expect((await buy(person, product)).pass.id).not.toBe(pass.id);
  expect(await breaches()).toEqual([]);
});

test('a pass runs out by itself', async () => {
  const person = await signUp('homigo', { roles: ['host'] });
  await topUp(person.id, 100_000, 'homigo', 'INR');
  const { pass, payment } = await buy(person, 'host_listing', { use_wallet: true });
  expect(payment.status).toBe('succeeded');
  expect(pass.status).toBe('active');
  advanceClock(31 * DAY);
  const [row] = await asOwner(sql`
    with caller as (select app.set_context(${{ marketplace: 'homigo', now: new Date() }}::jsonb))
    select p.status from caller, money.shown_passes p where p.id = ${pass.id}::uuid`);
  expect(row.status).toBe('expired');
  await deliverEvents();
});

test('a pass is of its buyer alone, and refused for what is not offered, another role or a thing of nobody’s', async () => {
  const { pass } = await buy(host, 'premium_listing');
  expect(await passOf(tenant, pass)).toBeUndefined();
  expect(await tenant.post('/api/v1/payments/initiate', { pass_id: pass.id })).toMatchObject({ status: 404 });
  for (const [body, status, code] of [
    [{ product: 'gold' }, 422, 'product_not_offered'],
    [{ product: 'tenant_listing' }, 403, 'role_missing'],
    // No module has joined yet that has listings.
    [{ product: 'host_listing', subject_id: host.id }, 422, 'not_coverable'],
    [{ product: 'host_listing', amount: 1 }, 400, 'invalid_input'],
  ] as const)
    expect(await host.post(PURCHASE, body)).toMatchObject({ status, body: { code } });
});

test('a module that joins asks what covers its things, and is told', async () => {
  const context = JSON.stringify({ marketplace: 'homigo', actor: host.id, now: new Date() });
  await inScratch(async run => {
    const value = async (expression: string) => (await run(`select (${expression})::text as value`))[0].value;
    const thing = crypto.randomUUID();
    await run(`create table public.told (subject_id uuid, until timestamptz)`);
    await run(
      `create function public.is_thing(uuid) returns boolean language sql as $$ select $1 = '${thing}' $$`,
    );
    await run(`create function public.hear(uuid) returns void language sql as
      $$ insert into public.told values ($1, money.covered_until($1)) $$`);
    await run(`insert into money.pass_subjects values ('listing', 'public.is_thing', 'public.hear')`);
    await run(`select app.set_context('${context}'::jsonb)`);
    expect(await value(`money.valid_pass('${thing}')`)).toBe('false');
    expect(await value(`money.use_pass('listing', '${thing}', 'premium_listing')`)).not.toBeNull();
    expect(await value(`money.valid_pass('${thing}')`)).toBe('true');
    expect(await value(`money.valid_pass('${thing}', 'top_placement')`)).toBe('true');
    expect(await value(`money.valid_pass('${thing}', 'analytics')`)).toBe('false');
    expect(await value(`select count(*) from public.told where until > app.now() + interval '44 days'`)).toBe(
      '1',
    );
    // Only one is taken for it, and none is left of that product.
    expect(await value(`money.use_pass('listing', '${thing}', 'premium_listing')`)).toBeNull();

    // Paid for again while it is valid: the days go on from its end.
    const wish = JSON.stringify({
      product: 'premium_listing',
      covers_id: thing,
      gateways: ['razorpay'],
      options: {},
      use_wallet: true,
    });
    await run(
      `select money.post('${JSON.stringify({
        key: thing,
        type: 'wallet_topup',
        description: 'A test',
        currency: 'INR',
        entries: [
          { account: 'wallet', user_id: host.id, amount: 99_900 },
          { account: 'gateway_clearing', gateway: 'razorpay', amount: -99_900 },
        ],
      })}'::jsonb)`,
    );
    await run(`select money.open_pass('${wish}'::jsonb)`);
    expect(await value(`money.covered_until('${thing}') > app.now() + interval '89 days'`)).toBe('true');
    expect(await value(`select count(*) from public.told`)).toBe('2');
    await expect(value(`money.use_pass('listing', '${crypto.randomUUID()}')`)).rejects.toThrow(
      'not_coverable',
    );
  });
});
