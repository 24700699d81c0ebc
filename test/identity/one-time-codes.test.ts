import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import {
  audited,
  auth,
  codeSentTo,
  countTrips,
  newAccount,
  newAddress,
  newEmail,
  newPhone,
  other,
} from './accounts.ts';

/** Asks for a code and reads it from the message that arrives. */
async function codeFor(to: { email: string } | { phone: string }): Promise<string> {
  const answer = await auth('request-otp', to);
  if (answer.status !== 202) throw new Error(`The request answered ${answer.status}: ${answer.text}`);
  return codeSentTo('email' in to ? to.email : to.phone);
}

test('a code arrives by SMS, signs in, and proves the number', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone, password: undefined });
  const code = await codeFor({ phone });
  const answer = await auth('verify-otp', { phone, code });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ expires_in: 900, user: { id: user.id, email_verified_at: null } });
  expect(answer.body.user.phone_verified_at).not.toBeNull();
  expect(await audited(user.id)).toEqual([
    'auth.signed_up',
    'auth.code_requested',
    'auth.contact_proven',
    'auth.new_device',
    'auth.signed_in',
  ]);
});

test('a code arrives by e-mail and proves the address', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  const { body } = await auth('verify-otp', { email: user.email, code });
  expect(body.user.email_verified_at).not.toBeNull();
  expect(body.user.phone_verified_at).toBeNull();
});

test('a code arrives by WhatsApp where it is asked for', async () => {
  const phone = newPhone();
  await newAccount({ phone });
  expect((await auth('request-otp', { phone, channel: 'whatsapp' })).status).toBe(202);
  await deliverEvents();
  expect(await messagesTo(phone)).toMatchObject([{ channel: 'whatsapp', template: 'sign_in_code' }]);
});

test('whether there is an account shows neither in the answer nor in the work, but nothing is sent', async () => {
  const { user } = await newAccount();
  const unknown = newEmail();
  const count = () => asOwner(sql`select count(*) from app.outbox`);
  const answers: unknown[] = [];
  const work: unknown[] = [];
  for (const email of [user.email, unknown]) {
    const [before] = await count();
    const trips = await countTrips(async () => {
      const { status, body } = await auth('request-otp', { email });
      answers.push([status, body]);
    });
    const [after] = await count();
    work.push([trips, after.count - before.count]);
  }
  expect(answers).toEqual([
    [202, { expires_in: 600 }],
    [202, { expires_in: 600 }],
  ]);
  expect(work).toEqual([
    [[1], 1],
    [[1], 1],
  ]);
  await deliverEvents();
  expect(await messagesTo(user.email)).toHaveLength(1);
  expect(await messagesTo(unknown)).toEqual([]);
});

test('the code is stored nowhere: not in its row, not in the event, not in the message', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  const rows = await asOwner(
    sql`select to_jsonb(o)::text || coalesce((select string_agg(to_jsonb(m)::text, '') from notify.messages m
                 where m.otp_id = o.id), '') || (select string_agg(b.payload::text, '') from app.outbox b
                 where b.payload ->> 'otp_id' = o.id::text) as everything
        from identity.otps o where o.user_id = ${user.id}::uuid`,
  );
  expect(rows[0].everything).not.toMatch(new RegExp(`\\b${code}\\b`));
  expect(rows[0].everything).not.toContain(user.email);
});

test('a wrong code is told how many attempts are left, and the fifth kills it', async () => {
  const { user } = await newAccount();
  const bystander = await newAccount();
  const code = await codeFor({ email: user.email });
  const bystandersCode = await codeFor({ email: bystander.user.email });
  for (const left of [4, 3, 2, 1, 0]) {
    const { body } = await auth('verify-otp', { email: user.email, code: other(code) });
    expect(body).toMatchObject({ status: 400, code: 'wrong_code', errors: [{ field: 'code' }] });
    expect(body.errors[0].message).toContain(`attempts left: ${left}`);
  }
  const right = await auth('verify-otp', { email: user.email, code });
  expect(right.body).toMatchObject({ status: 410, code: 'code_expired' });
  const untouched = await auth('verify-otp', { email: bystander.user.email, code: bystandersCode });
  expect(untouched.status).toBe(200);
});

test('many guesses at once are counted one after the other', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  const guesses = Array.from({ length: 12 }, () =>
    auth('verify-otp', { email: user.email, code: other(code) }),
  );
  const codes = (await Promise.all(guesses)).map(({ body }) => body.code);
  expect(codes.filter(each => each === 'wrong_code')).toHaveLength(5);
  expect(codes.filter(each => each === 'code_expired')).toHaveLength(7);
});

test('a code serves once, even when it is shown twice at once', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  const answers = await Promise.all([1, 2, 3].map(() => auth('verify-otp', { email: user.email, code })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410]);
});

test('a code dies after ten minutes', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  advanceClock(600);
  expect((await auth('verify-otp', { email: user.email, code })).body.code).toBe('code_expired');
});

test('a new code kills the older one', async () => {
  const { user } = await newAccount();
  const older = await codeFor({ email: user.email });
  advanceClock(31);
  const newer = await codeFor({ email: user.email });
  expect(newer).not.toBe(older);
  expect((await auth('verify-otp', { email: user.email, code: older })).body.code).toBe('wrong_code');
  expect((await auth('verify-otp', { email: user.email, code: newer })).status).toBe(200);
});

test('a code is worth nothing for another address, nor in another marketplace', async () => {
  const { user } = await newAccount();
  await newAccount({ email: user.email, roles: ['customer'] }, 'handie');
  const stranger = await newAccount();
  const code = await codeFor({ email: user.email });
  await auth('request-otp', { email: stranger.user.email });
  expect((await auth('verify-otp', { email: stranger.user.email, code })).body.code).toBe('wrong_code');
  const abroad = await auth('verify-otp', { email: user.email, code }, { marketplace: 'handie' });
  expect(abroad.body.code).toBe('code_expired');
});

test('where no code was asked for, none is right', async () => {
  const { user } = await newAccount();
  const answer = await auth('verify-otp', { email: user.email, code: '123456' });
  expect(answer.body).toMatchObject({ status: 410, code: 'code_expired' });
});

test('codes can be asked for twice a minute and five times an hour, known address or not', async () => {
  for (const email of [(await newAccount()).user.email, newEmail()]) {
    expect((await auth('request-otp', { email })).status).toBe(202);
    const soon = await auth('request-otp', { email });
    expect(soon.body).toMatchObject({ status: 429, code: 'too_many_attempts' });
    expect(Number(soon.headers['retry-after'])).toBeLessThanOrEqual(30);
    for (let request = 0; request < 4; request += 1) {
      advanceClock(31);
      expect((await auth('request-otp', { email })).status).toBe(202);
    }
    advanceClock(31);
    const spent = await auth('request-otp', { email });
    expect(spent.status).toBe(429);
    expect(Number(spent.headers['retry-after'])).toBeGreaterThan(60);
  }
});

test.each([
  ['address', newAddress(), newAddress()],
  ['/64 of IPv6', '2001:db8:1:2::1', '2001:db8:1:3::1'],
])('one %s asks for at most 20 codes an hour, and its neighbour for its own', async (_, ip, neighbour) => {
  const at = (n: number) => (ip.includes(':') ? ip.replace(/1$/, n.toString(16)) : ip);
  const requests = Array.from({ length: 22 }, (_, n) =>
    auth('request-otp', { email: newEmail() }, { ip: at(n + 1) }),
  );
  const statuses = (await Promise.all(requests)).map(({ status }) => status);
  expect(statuses.filter(status => status === 429)).toHaveLength(2);
  expect((await auth('request-otp', { email: newEmail() }, { ip: neighbour })).status).toBe(202);
});

test('a suspended account is told so by the right code only', async () => {
  const { user } = await newAccount();
  const code = await codeFor({ email: user.email });
  await asOwner(
    sql`update identity.users set account_status = 'suspended' where id = ${user.id}::uuid returning id`,
  );
  expect((await auth('verify-otp', { email: user.email, code: other(code) })).body.code).toBe('wrong_code');
  const right = await auth('verify-otp', { email: user.email, code });
  expect(right.body).toMatchObject({ status: 403, code: 'account_suspended' });
});

test.each([
  ['a channel for an address', 'request-otp', { email: 'a@b.example', channel: 'sms' }, 'channel'],
  ['no destination', 'request-otp', {}, 'email'],
  ['a number that is none', 'request-otp', { phone: 'call me' }, 'phone'],
  ['five digits', 'verify-otp', { email: 'a@b.example', code: '12345' }, 'code'],
])('%s is refused by name', async (_, route, body, field) => {
  expect((await auth(route, body)).body).toMatchObject({ code: 'invalid_input', errors: [{ field }] });
});

test('codes stay as a history after another has taken their place, and never in plain text', async () => {
  const { user } = await newAccount();
  const older = await codeFor({ email: user.email });
  advanceClock(31);
  const newer = await codeFor({ email: user.email });
  await auth('verify-otp', { email: user.email, code: other(newer) });
  await auth('verify-otp', { email: user.email, code: newer });
  const rows = await asOwner(
    sql`select purpose, channel, attempts, replaced_at is not null as replaced, consumed_at is not null as consumed,
               code_hash
        from identity.otps where user_id = ${user.id}::uuid order by created_at`,
  );
  expect(rows).toMatchObject([
    { purpose: 'sign_in', channel: 'email', attempts: 0, replaced: true, consumed: false },
    { purpose: 'sign_in', channel: 'email', attempts: 1, replaced: false, consumed: true },
  ]);
  for (const code of [older, newer]) expect(JSON.stringify(rows)).not.toContain(code);
});
