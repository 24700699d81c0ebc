import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { PASSWORD, requiredContacts } from '../support/people.ts';
import type { Answer } from '../support/send-request.ts';

export { PASSWORD };

/** An address that nobody else uses. */
export const newEmail = () => `${randomUUID()}@people.example`;

const digits = (count: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), byte => byte % 10).join('');

/** A number of San Francisco that nobody else uses. */
export const newPhone = () => `+1415${2 + Math.floor(Math.random() * 8)}${digits(6)}`;

/** Limits are counted by address: every test calls from a place of its own. */
export const newAddress = () => [10, ...crypto.getRandomValues(new Uint8Array(3))].join('.');

/** Sends a request to one of the routes of signing in, as somebody without a token. */
export const auth = (
  route: string,
  body: unknown,
  { marketplace = 'driveway', ip = newAddress(), headers = {} } = {},
): Promise<Answer> => anonymous(marketplace).post(`/api/v1/auth/${route}`, body, { ip, headers });

/** Signs somebody up and returns the answer's body. */
export async function newAccount(details: Record<string, unknown> = {}, marketplace = 'driveway') {
  const contact = 'phone' in details ? {} : { email: newEmail() };
  const required = requiredContacts(marketplace);
  const body = {
    ...required,
    ...contact,
    password: PASSWORD,
    full_name: 'Asha Rao',
    roles: ['host'],
    ...details,
  };
  const answer = await auth('signup', body, { marketplace });
  if (answer.status !== 201) throw new Error(`Sign-up answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Makes an account's address proven, as a code of it would. */
export async function proveEmail<A extends { id: string }>(account: A): Promise<A> {
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${account.id}::uuid returning id`,
  );
  return account;
}

/** The newest code that reached an address or number. */
export async function codeSentTo(to: string): Promise<string> {
  await deliverEvents();
  const codes = (await messagesTo(to)).map(({ body }) => /\b\d{6}\b/.exec(body)?.[0]);
  return codes.find(code => code !== undefined) ?? 'no code';
}

/** Asks for a code of a purpose and reads it from the message that arrives. A destination is sent two a minute at most. */
export async function askCode(
  to: { email?: string; phone?: string },
  purpose: string,
  marketplace = 'driveway',
): Promise<string> {
  advanceClock(31);
  const asked = await auth('request-otp', { ...to, purpose }, { marketplace });
  if (asked.status !== 202) throw new Error(`The request answered ${asked.status}: ${asked.text}`);
  return codeSentTo(to.email ?? to.phone ?? '');
}

/** The code that an authenticator app shows, some 30-second steps from now. */
export const appCode = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });

/** A code that is not this one. */
export const other = (code: string) => (code === '000000' ? '000001' : '000000');

/** What the audit log says of a person's signing in, oldest first. */
export async function audited(userId: string): Promise<string[]> {
  const rows = await asOwner(
    sql`select action from app.audit_logs where user_id = ${userId}::uuid and category = 'auth' order by id`,
  );
  return rows.map(row => row.action);
}

/** Does something and returns how many trips to the database its requests made, as their log lines tell. */
export async function countTrips(work: () => Promise<unknown>): Promise<number[]> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await work();
    const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)));
    return lines.filter(line => line.message === 'request').map(line => line.trips);
  } finally {
    write.mockRestore();
  }
}
