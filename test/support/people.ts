import { randomUUID } from 'node:crypto';
import { Client } from './client.ts';

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

/** Limits are counted by address too: each person calls from a place of their own. */
export const randomAddress = () => [10, ...crypto.getRandomValues(new Uint8Array(3))].join('.');
