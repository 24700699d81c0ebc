import { argon2Sync, randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { Client } from './client.ts';
import { asOwner } from './database.ts';

/** Somebody with an account, signed in. */
export class Person extends Client {
  readonly id: string;
  readonly email: string;
  refreshToken: string;
  #password: string | undefined;

  constructor(
    marketplace: string,
    answer: { user: { id: string }; access_token: string; refresh_token: string },
    email: string,
    password: string | undefined,
  ) {
    super(marketplace, answer.access_token);
    this.id = answer.user.id;
    this.refreshToken = answer.refresh_token;
    this.email = email;
    this.#password = password;
  }

  get password(): string {
    if (this.#password === undefined) throw new Error('This person signed up without a password.');
    return this.#password;
  }

  /** Gives them a password, by a hash that costs next to nothing to make and to verify: a hash says itself what it costs. */
  async takePassword(password: string): Promise<void> {
    this.#password = password;
    await asOwner(
      sql`update identity.users set password_hash = ${quickHash(password)} where id = ${this.id}::uuid returning id`,
    );
  }
}

/** Mobile numbers of a country, as far as they are the same for all: what follows is of one's own. */
const PREFIXES: Readonly<Record<string, [prefix: string, digits: number]>> = {
  IN: ['+9198', 8],
  PH: ['+63917', 7],
  US: ['+14152', 6],
};

/** A number of a marketplace's country that nobody else uses. */
export function randomNumber(marketplace: string): string {
  const [prefix, digits] = PREFIXES[marketplaceOf(marketplace)?.country ?? ''] ?? ['', 0];
  return prefix + Array.from(crypto.getRandomValues(new Uint8Array(digits)), byte => byte % 10).join('');
}

/** A contact of each kind without which a marketplace takes nobody. */
export function requiredContacts(marketplace: string): { email?: string; phone?: string } {
  const required = marketplaceOf(marketplace)?.required_contacts ?? [];
  return {
    ...(required.includes('email') ? { email: `${randomUUID()}@people.example` } : {}),
    ...(required.includes('phone') ? { phone: randomNumber(marketplace) } : {}),
  };
}

type Details = { roles: string[]; full_name?: string; password?: string };

/**
 * Signs up a new person through the API, without a password: hashing one takes longer than most tests. Everybody has an address of
 * their own, so tests never meet. Where an account waits for a proof, staff have ended the wait.
 */
export async function signUp(marketplace: string, details: Details): Promise<Person> {
  const email = `${randomUUID()}@people.example`;
  const body = { ...requiredContacts(marketplace), email, full_name: 'Asha Rao', ...details };
  const answer = await new Client(marketplace).post('/api/v1/auth/signup', body, { ip: randomAddress() });
  if (answer.status !== 201) throw new Error(`Sign-up answered ${answer.status}: ${answer.text}`);
  if (answer.body.user.account_status === 'pending') {
    const { id } = answer.body.user;
    await asOwner(
      sql`update identity.users set account_status = 'active' where id = ${id}::uuid returning id`,
    );
  }
  return new Person(marketplace, answer.body, email, details.password);
}

/** A password that may be chosen. */
export const PASSWORD = 'correct horse battery staple';

/** The same for somebody who comes in by a password. */
export async function signUpWithPassword(marketplace: string, details: Details): Promise<Person> {
  const { password = PASSWORD, ...others } = details;
  const person = await signUp(marketplace, others);
  await person.takePassword(password);
  return person;
}

/** The least that argon2id takes. */
const LEAST = { memory: 8, passes: 1, parallelism: 1 };

function quickHash(password: string): string {
  const nonce = Buffer.alloc(16);
  const hash = argon2Sync('argon2id', { message: password, nonce, tagLength: 32, ...LEAST });
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=8,t=1,p=1$${base64(nonce)}$${base64(hash)}`;
}

/** Somebody of the staff, in a session with a second factor. */
export async function signUpStaff(
  marketplace: string,
  role = 'super_admin',
  details: Partial<Details> = {},
): Promise<Person> {
  const open = marketplaceOf(marketplace)?.roles.open[0] ?? '';
  const person = await signUp(marketplace, { roles: [open], full_name: 'Sam Staff', ...details });
  await asOwner(
    sql`insert into identity.user_roles (marketplace, user_id, role)
        values (${marketplace}::text, ${person.id}::uuid, ${role}::text) returning id`,
  );
  await asOwner(
    sql`update identity.sessions set mfa_at = app.now() where user_id = ${person.id}::uuid returning id`,
  );
  return person;
}

/** Limits are counted by address too: each person calls from a place of their own. */
export const randomAddress = () => [10, ...crypto.getRandomValues(new Uint8Array(3))].join('.');
