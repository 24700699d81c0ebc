import { randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { Client } from './client.ts';
import { asOwner } from './database.ts';

/** Somebody with an account, signed in. */
export class Person extends Client {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly refreshToken: string;

  constructor(
    marketplace: string,
    answer: { user: { id: string }; access_token: string; refresh_token: string },
    email: string,
    password: string,
  ) {
    super(marketplace, answer.access_token);
    this.id = answer.user.id;
    this.refreshToken = answer.refresh_token;
    this.email = email;
    this.password = password;
  }
}

/** Signs up a new person through the API. Everybody has an address of their own, so tests never meet. */
export async function signUp(
  marketplace: string,
  details: { roles: string[]; full_name?: string },
): Promise<Person> {
  const email = `${randomUUID()}@people.example`;
  const password = 'correct horse battery staple';
  const body = { email, password, full_name: 'Asha Rao', ...details };
  const answer = await new Client(marketplace).post('/api/v1/auth/signup', body, { ip: randomAddress() });
  if (answer.status !== 201) throw new Error(`Sign-up answered ${answer.status}: ${answer.text}`);
  return new Person(marketplace, answer.body, email, password);
}

/** Somebody of the staff, in a session with a second factor. */
export async function signUpStaff(marketplace: string, role = 'super_admin'): Promise<Person> {
  const open = marketplaceOf(marketplace)?.roles.open[0] ?? '';
  const person = await signUp(marketplace, { roles: [open], full_name: 'Sam Staff' });
  await asOwner(
    sql`insert into identity.user_roles (marketplace, user_id, role)
        values (${marketplace}::text, ${person.id}::uuid, ${role}::text) returning id`,
  );
  await asOwner(
    sql`update identity.users set account_status = 'active' where id = ${person.id}::uuid returning id`,
  );
  await asOwner(
    sql`update identity.sessions set mfa_at = app.now() where user_id = ${person.id}::uuid returning id`,
  );
  return person;
}

/** Limits are counted by address too: each person calls from a place of their own. */
export const randomAddress = () => [10, ...crypto.getRandomValues(new Uint8Array(3))].join('.');
