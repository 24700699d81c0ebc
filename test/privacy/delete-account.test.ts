import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { askCode, auth, codeSentTo, newPhone, other, PASSWORD } from '../identity/accounts.ts';
import { balancesOf, pay, post, topUp } from '../money/ledger.ts';
import { again, booked, inHours, listed } from '../parking/spaces.ts';
import { anonymous, Client } from '../support/client.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { withSetting } from '../support/settings.ts';
import { age, deleteMe, statusOf } from './deletions.ts';
import { liveAWhile } from './journey.ts';

const DAY = 24 * 3600;
const ME = '/api/v1/users/me';

/** Gone long before 90 days are over: sent events with their partitions, full buckets each night. */
const SHORT_LIVED = ['app.outbox', 'app.rate_limits'];

/** Tables in which a text stands, whatever the column. */
async function tablesWith(marker: string): Promise<string[]> {
  const tables = await asOwner(
    sql`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind in ('r', 'p') and not relispartition and nspname !~ '^pg_'
          and nspname not in ('information_schema', 'public')`,
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name where exists (select from ${name} t where strpos(t::text, ($1->>0)) > 0)`,
  );
  const rows = await asOwner({ text: parts.join(' union all '), values: [marker] });
  return rows.map(({ name }) => name);
}

/** Makes somebody owe the platform so much, or so much less. */
const owe = (userId: string, amount: number) =>
  post({
    type: 'charge',
    entries: [
      { account: 'receivable', user_id: userId, amount: -amount },
      { account: 'platform_revenue', amount },
    ],
  });

test('a deleted account is closed at once, and its owner is told until when it can be restored', async () => {
  const { person } = await liveAWhile();
  const deleted = await deleteMe(person);
  expect(deleted.status, deleted.text).toBe(200);
  expect(Date.parse(deleted.body.restorable_until) - Date.now()).toBeGreaterThan(89 * DAY * 1000);
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'deleted', deleted: true });
  expect(await person.get(ME)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
  expect(await auth('login', { email: person.email, password: PASSWORD })).toMatchObject({ status: 401 });
  expect(await auth('refresh', { refresh_token: person.refreshToken })).toMatchObject({ status: 401 });
  const tesla = await asOwner(
    sql`select user_id from identity.tesla_accounts where user_id = ${person.id}::uuid`,
  );
  expect(tesla).toEqual([]);
  const spaces = await asOwner(
    sql`select distinct listing_status from parking.spaces where owner_id = ${person.id}::uuid`,
  );
  expect(spaces).toEqual([{ listing_status: 'inactive' }]);
  const audits = await asOwner(
    sql`select old_values, new_values from app.audit_logs
        where user_id = ${person.id}::uuid and action = 'account.deleted'`,
  );
  expect(audits).toEqual([
    { old_values: { account_status: 'active' }, new_values: { account_status: 'deleted' } },
  ]);
});

test('an account in which money lies is not deleted before that is settled; credits are none', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const refused = async (code: string) =>
    expect(await deleteMe(person)).toMatchObject({ status: 409, body: { code } });
  await topUp(person.id, 500);
  await refused('balance_remaining');
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'active' });
  await pay(person.id, 500);
  await owe(person.id, 300);
  await refused('money_owed');
  // What somebody owes is told first: what they have may pay it.
  await topUp(person.id, 300);
  await refused('money_owed');
  await owe(person.id, -300);
  await refused('balance_remaining');
  await pay(person.id, 300);
  const staff = await signUpStaff('driveway');
  const gift = { amount: 5, description: 'A gift.' };
  expect((await staff.post(`/api/v1/admin/users/${person.id}/credits`, gift)).status).toBe(201);
  expect((await deleteMe(person)).status).toBe(200);
});

test('what is too little to be taken out of the wallet is given up by saying how much it is, and nothing else', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver', 'host'] });
  const deleted = (forfeit_amount?: number) =>
    deleteMe(person, { password: PASSWORD, ...(forfeit_amount === undefined ? {} : { forfeit_amount }) });
  const remains = { status: 409, body: { code: 'balance_remaining' } };
  await withSetting('driveway', 'wallet_withdrawal_min', 100, async () => {
    await topUp(person.id, 100);
    expect(await deleted(100)).toMatchObject(remains);
    await pay(person.id, 1);
    for (const wish of [undefined, 0, 98, 100]) expect(await deleted(wish)).toMatchObject(remains);
    for (const wish of [-99, 99.5, '99']) {
      const proof = { password: PASSWORD, forfeit_amount: wish };
      expect(await deleteMe(person, proof)).toMatchObject({ status: 400 });
    }
    expect(await deleteMe(person, { password: 'not the password', forfeit_amount: 99 })).toMatchObject({
      body: { code: 'wrong_password' },
    });
    expect(await balancesOf(person.id)).toMatchObject({ wallet: 99 });
    expect((await deleted(99)).status).toBe(200);
  });
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0 });
  const audits = await asOwner(
    sql`select new_values from app.audit_logs where user_id = ${person.id}::uuid and action = 'money.forfeited'`,
  );
  expect(audits).toEqual([{ new_values: { amount: 99, currency: 'USD' } }]);
});

test('what a provider has earned and was not paid keeps the account', async () => {
  const host = await signUpWithPassword('driveway', { roles: ['host'] });
  const entries = (amount: number) => [
    { account: 'provider_payable', user_id: host.id, amount },
    { account: 'gateway_clearing', gateway: 'stripe', amount: -amount },
  ];
  await post({ entries: entries(900) });
  expect(await deleteMe(host)).toMatchObject({ status: 409, body: { code: 'balance_remaining' } });
  await post({ type: 'payout', entries: entries(-900) });
  expect((await deleteMe(host)).status).toBe(200);
});

test('money that is on its way keeps the account, and what was paid outlives it for the books', async () => {
  const [payer, bystander] = [
    await signUpWithPassword('driveway', { roles: ['driver'] }),
    await signUpWithPassword('driveway', { roles: ['driver'] }),
  ];
  const paid = async ({ id }: { id: string }, status: string) => {
    const [row] = await asOwner(
      sql`insert into money.payments (marketplace, payer_id, purpose, subject_id, description, currency, amount, wallet_amount,
            credits_amount, gateway_amount, capture, status)
          values ('driveway', ${id}::uuid, 'topup', app.uuid_v7(), 'Top-up', 'USD', 500, 0, 0, 500, 'now', ${status}::text)
          returning id`,
    );
    return row.id;
  };
  const moving = await paid(payer, 'processing');
  expect(await deleteMe(payer)).toMatchObject({ status: 409, body: { code: 'money_moving' } });
  expect((await deleteMe(bystander)).status).toBe(200);
  await asOwner(
    sql`update money.payments set status = 'succeeded', captured_amount = 500 where id = ${moving}::uuid returning id`,
    { access: 'everyone', marketplace: 'driveway' },
  );
  expect((await deleteMe(payer)).status).toBe(200);
  await age(payer, '91 days');
  await runSchedule('apply-retention');
  expect(await statusOf(payer.id)).toMatchObject({ purged: true });
  const [payment] = await asOwner(
    sql`select amount, status, payer_id from money.payments where id = ${moving}::uuid`,
  );
  expect(payment).toEqual({ amount: 500, status: 'succeeded', payer_id: payer.id });
});

test('an account is deleted by a one-time code where there is no password', async () => {
  const phone = newPhone();
  const made = await auth('signup', { phone, full_name: 'Ravi', roles: ['driver'] });
  const person = new Client('driveway', made.body.access_token);
  expect(await deleteMe(person, { code: '000000' })).toMatchObject({
    status: 410,
    body: { code: 'code_expired' },
  });
  await auth('request-otp', { phone });
  const signIn = await codeSentTo(phone);
  expect((await deleteMe(person, { code: signIn })).body.code, 'a code to sign in').toBe('code_expired');
  const code = await askCode({ phone }, 'delete_account');
  const [message] = await messagesTo(phone);
  expect(message?.body).toContain('delete your Driveway-Hub account');
  expect((await auth('verify-otp', { phone, code })).body.code, 'signs nobody in').toBe('wrong_code');
  expect(await deleteMe(person, { code: other(code) })).toMatchObject({
    status: 400,
    body: { code: 'wrong_code', attempts_left: 4 },
  });
  expect((await deleteMe(person, { code })).status).toBe(200);
});

test('a wrong password deletes nothing, and may be tried five times', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  for (let tried = 0; tried < 5; tried += 1)
    expect(await deleteMe(person, { password: 'a guess' })).toMatchObject({
      status: 400,
      body: { code: 'wrong_password' },
    });
  expect(await deleteMe(person)).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'active' });
});

test('the password or a code must be given, and not both', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  for (const proof of [{}, { password: PASSWORD, code: '123456' }])
    expect(await deleteMe(person, proof)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
});

test('an account is not deleted while a booking of either side runs', async () => {
  const [driver, host] = await Promise.all(
    [1, 2].map(() => signUpWithPassword('driveway', { roles: ['driver', 'host'] })),
  );
  if (!driver || !host) throw new Error('Nobody signed up.');
  const booking = await booked(driver, await listed(host), inHours(48), inHours(49));
  for (const party of [driver, host])
    expect(await deleteMe(party)).toMatchObject({ status: 409, body: { code: 'bookings_running' } });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  for (const party of [driver, host]) expect((await deleteMe(party)).status).toBe(200);
});

test('of two requests to delete at once one does it', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const answers = await Promise.all([deleteMe(person), deleteMe(person)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
});

test('a purge leaves nothing of the person in any table, keeps the books, and touches nobody else', async () => {
  const { person, markers, bystander } = await liveAWhile();
  await person.post('/api/v1/users/me/exports', {});
  await deliverEvents();
  const objects = await asOwner(
    sql`select object_name from identity.uploads where user_id = ${person.id}::uuid
        union all select object_name from privacy.exports where user_id = ${person.id}::uuid`,
  );
  expect(objects).toHaveLength(2);
  for (const [name, marker] of Object.entries(markers))
    if (name !== 'phone') expect((await tablesWith(marker)).length, name).toBeGreaterThan(0);
  expect((await deleteMe(person)).status).toBe(200);
  await age(person, '91 days');
  const bystanderBefore = await asOwner(
    sql`select to_jsonb(u) as row from identity.users u where id = ${bystander.id}::uuid`,
  );
  await runSchedule('apply-retention');
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'deleted', purged: true, email: null });
  for (const [name, marker] of Object.entries(markers)) {
    const left = (await tablesWith(marker)).filter(table => !SHORT_LIVED.includes(table));
    // The guest was written to about the listing, and keeps what it said for 30 days.
    expect(left, name).toEqual(name === 'title' ? ['notify.messages'] : []);
  }
  const [outbox] = await asOwner(
    sql`select retain < interval '90 days' as gone from app.partition_policies where parent = 'app.outbox'`,
  );
  expect(outbox.gone).toBe(true);
  const [books] = await asOwner(
    sql`select (select count(*) from booking.bookings where ${person.id}::uuid in (customer_id, provider_id))::integer as bookings,
               (select count(*) from app.audit_logs where user_id = ${person.id}::uuid)::integer > 3 as audited`,
  );
  expect(books).toEqual({ bookings: 2, audited: true });
  expect(
    await asOwner(sql`select to_jsonb(u) as row from identity.users u where id = ${bystander.id}::uuid`),
  ).toEqual(bystanderBefore);
  expect((await again(bystander)).token).toBeDefined();
  const [left] = await asOwner(
    sql`select count(*)::integer as n from parking.spaces where owner_id = ${bystander.id}::uuid`,
  );
  expect(left.n).toBe(1);
  for (const { object_name } of objects) {
    const url = `${process.env.AWS_ENDPOINT_URL}/${process.env.UPLOADS_BUCKET}/stored/${object_name}`;
    expect((await fetch(url)).status).toBeGreaterThanOrEqual(400);
  }
  // Nothing is left to do for a second run.
  await runSchedule('apply-retention');
});

test('what a message said is forgotten after 30 days', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const messages = await asOwner(
    sql`insert into notify.messages (id, marketplace, event_id, user_id, channel, template, variables, status)
        select app.uuid_v7_floor(app.now() - age) , 'driveway', app.uuid_v7(), ${person.id}::uuid, 'email', 'booking_expired',
               '{"resource_name": "somewhere"}', 'failed'
        from unnest(array[interval '31 days 00:00:01', interval '29 days 00:00:01']) as age
        returning id`,
  );
  expect(messages).toHaveLength(2);
  await runSchedule('apply-retention');
  const left = await asOwner(
    sql`select variables from notify.messages where user_id = ${person.id}::uuid and template = 'booking_expired' order by id`,
  );
  expect(left).toEqual([{ variables: {} }, { variables: { resource_name: 'somewhere' } }]);
});

test('the audit log is still closed to everybody: only a purge takes personal data out of it', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const change = sql`update app.audit_logs set ip_address = null where user_id = ${person.id}::uuid returning 1 as done`;
  await expect(asOwner(change)).rejects.toThrow(/append_only/);
  await expect(
    asOwner(
      sql`update app.audit_logs set user_id = null
          where user_id = ${person.id}::uuid and set_config('app.purging', 'on', true) = 'on' returning 1 as done`,
    ),
  ).rejects.toThrow(/append_only/);
  await expect(
    asOwner(
      sql`delete from app.audit_logs
          where user_id = ${person.id}::uuid and set_config('app.purging', 'on', true) = 'on' returning 1 as done`,
    ),
  ).rejects.toThrow(/append_only/);
});

test('deleting needs a session, and a stranger’s token deletes the stranger only', async () => {
  expect(await anonymous('driveway').send('DELETE', ME, { password: PASSWORD })).toMatchObject({
    status: 401,
  });
  const [person, stranger] = await Promise.all(
    [1, 2].map(() => signUpWithPassword('driveway', { roles: ['driver'] })),
  );
  if (!person || !stranger) throw new Error('Nobody signed up.');
  expect((await deleteMe(stranger)).status).toBe(200);
  expect(await statusOf(person.id)).toMatchObject({ account_status: 'active' });
});
