import { sql } from '../../lambdas/kernel/sql.ts';
import type { Client } from '../support/client.ts';
import { fromNow } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { Person, signUpStaff } from '../support/people.ts';
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

type Point = { latitude: number; longitude: number };

/** A place where no other test has listed anything. */
export const somewhere = (): Point => spaceFacts().location;

/** The place some metres north of another one. */
export const north = ({ latitude, longitude }: Point, metres: number): Point => ({
  latitude: latitude + metres / METRES_A_DEGREE,
  longitude,
});

export const METRES_A_DEGREE = 111_195;

/** Lists a space and returns it. Where staff approve spaces, they have. */
export async function listed(host: Client, overrides: Record<string, unknown> = {}) {
  const answer = await host.post('/api/v1/parking/spaces', spaceFacts(overrides));
  if (answer.status !== 201) throw new Error(`Listing answered ${answer.status}: ${answer.text}`);
  if (answer.body.approval_status === 'pending') await approve(host.marketplace, answer.body);
  return answer.body;
}

/** Lets staff approve a space that waits. */
export async function approve(marketplace: string, space: { id: string }): Promise<void> {
  const staff = await signUpStaff(marketplace);
  const answer = await staff.post(`/api/v1/admin/parking/spaces/${space.id}/review`, {
    decision: 'approved',
  });
  if (answer.status !== 200) throw new Error(`The review answered ${answer.status}: ${answer.text}`);
}

/** Adds a vehicle of which no other test knows, as large as a Model 3. */
export async function vehicleOf(driver: Client, overrides: Record<string, unknown> = {}) {
  const answer = await driver.post('/api/v1/vehicles', { vin: randomVin(), ...overrides });
  if (answer.status !== 201) throw new Error(`Adding a vehicle answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** A VIN of Tesla's European works, where there is no check digit. */
export const randomVin = () =>
  `XP7${Array.from(crypto.getRandomValues(new Uint8Array(14)), byte => 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789'[byte % 33]).join('')}`;

/** A moment some hours from now, as the API writes it. */
export const inHours = (hours: number) => fromNow(hours * 3_600_000);

/** A new vehicle of the driver's where the marketplace asks for one, else null. Not through the API, which takes no more than twenty. */
async function newCar(driver: Client): Promise<string | null> {
  if (driver.marketplace !== 'driveway' || !(driver instanceof Person)) return null;
  const [car] = await asOwner(
    sql`insert into parking.vehicles (marketplace, user_id, vin)
        values ('driveway', ${driver.id}::uuid, ${randomVin()}::text) returning id`,
  );
  return car.id;
}

/** The same, and the same one again for the same time of the same space: a request that is repeated is the same. */
export function carFor(driver: Client, space: { id: string }, from: string, to: string) {
  const visit = [driver instanceof Person && driver.id, space.id, from, to].join();
  cars[visit] ??= newCar(driver);
  return cars[visit];
}

const cars: Record<string, Promise<string | null>> = {};

/** Books a space, for a vehicle where the marketplace asks for one. */
export async function book(
  driver: Client,
  space: { id: string },
  from: string,
  to: string,
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): Promise<Answer> {
  const vehicle_id = 'vehicle_id' in more ? more.vehicle_id : await carFor(driver, space, from, to);
  return driver.post(
    `/api/v1/parking/spaces/${space.id}/bookings`,
    { from, to, ...more, vehicle_id },
    { headers },
  );
}

/** Books a space, for a vehicle of its own, and returns the booking. */
export async function booked(
  driver: Client,
  space: { id: string },
  from: string,
  to: string,
  more: Record<string, unknown> = {},
) {
  const answer = await book(driver, space, from, to, {}, { vehicle_id: await newCar(driver), ...more });
  if (answer.status !== 201) throw new Error(`Booking answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** The same person signed in anew: after the clock was moved the first token is too old. */
export async function again(person: Person): Promise<Person> {
  const { email, marketplace } = person;
  const { body } = await person.post('/api/v1/auth/refresh', { refresh_token: person.refreshToken });
  // A token that is shown twice ends the session.
  person.refreshToken = body.refresh_token;
  return new Person(marketplace, { user: person, ...body }, email, undefined);
}
