import type { Client } from '../support/client.ts';
import { Person, randomAddress } from '../support/people.ts';
import type { Answer } from '../support/send-request.ts';

/** A space as its owner would list it. Each call gives it a point of its own, far from those of other tests. */
export function spaceFacts<O extends Record<string, unknown>>(overrides = {} as O) {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2));
  return {
    title: 'Driveway near Dolores Park',
    address: '1387 Valencia St',
    city: 'San Francisco',
    state: 'CA',
    zip_code: '94110',
    location: { latitude: (a / 2 ** 32) * 120 - 60, longitude: (b / 2 ** 32) * 340 - 170 },
    hourly_rate: 500,
    ...overrides,
  };
}

/** Lists a space and returns it. */
export async function listed(host: Client, overrides: Record<string, unknown> = {}) {
  const answer = await host.post('/api/v1/parking/spaces', spaceFacts(overrides));
  if (answer.status !== 201) throw new Error(`Listing answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** A moment some hours from now, as the API writes it. */
export const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

/** Books a space. */
export const book = (
  driver: Client,
  space: { id: string },
  from: string,
  to: string,
  headers: Record<string, string> = {},
): Promise<Answer> => driver.post(`/api/v1/parking/spaces/${space.id}/bookings`, { from, to }, { headers });

/** Books a space and returns the booking. */
export async function booked(driver: Client, space: { id: string }, from: string, to: string) {
  const answer = await book(driver, space, from, to);
  if (answer.status !== 201) throw new Error(`Booking answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** The same person signed in anew: after the clock was moved the first token is too old. */
export async function again(person: Person): Promise<Person> {
  const { email, password, marketplace } = person;
  const answer = await person.post('/api/v1/auth/login', { email, password }, { ip: randomAddress() });
  return new Person(marketplace, answer.body, email, password);
}
