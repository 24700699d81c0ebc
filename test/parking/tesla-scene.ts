import { randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp } from '../support/people.ts';
import { booked, inHours, listed } from './spaces.ts';
import { linkTesla, move } from './tesla-vehicles.ts';

export const MINUTE = 60;

/** A driver with a linked Tesla, and a booking of somebody's space for it that begins so many minutes from now. */
export async function scene({
  minutes = 60,
  hours = 2,
  subject = randomUUID() as string,
  before = async (_vin: string): Promise<unknown> => undefined,
} = {}) {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  await linkTesla(driver, subject);
  const { body } = await driver.post('/api/v1/vehicles/import', {});
  const [vehicle] = body.vehicles;
  await before(vehicle.vin);
  const space = await listed(host, { advance_booking_hours: 0 });
  const from = inHours(minutes / 60);
  const booking = await booked(driver, space, from, inHours(minutes / 60 + hours), {
    vehicle_id: vehicle.id,
  });
  const { latitude, longitude } = space.location;
  /** Puts the vehicle so many metres north of the space. */
  const drive = (metres: number, more: Record<string, unknown> = {}) =>
    move(vehicle.vin, { latitude: latitude + metres / 111_320, longitude, shift_state: 'D', ...more });
  return { host, driver, space, booking, vin: vehicle.vin as string, drive };
}

/** The route of a booking's Tesla, or another of the booking's. */
export const pathOf = (booking: { id: string }, rest = '/tesla') => `/api/v1/bookings/${booking.id}${rest}`;
/** The commands that reached a vehicle. */
export const commandsOf = async (vin: string) => (await move(vin, {})).commands;

/** What the trip shows of a booking, whoever looks. */
export async function tripOf(booking: { id: string }) {
  const [row] = await asOwner(sql`select * from parking.tesla_trips where booking_id = ${booking.id}::uuid`);
  const attempts = await asOwner(
    sql`select kind, outcome, code, times from parking.tesla_attempts where booking_id = ${booking.id}::uuid
        order by first_at, kind, code`,
  );
  const [{ status }] = await asOwner(sql`select status from booking.bookings where id = ${booking.id}::uuid`);
  return { ...row, attempts, status };
}

/** Moves the clock, fires what is due and carries every event to its consumer. */
export async function pass(seconds: number) {
  advanceClock(seconds);
  await runSchedule('sweep-timers');
  await deliverEvents();
}

/** Moves the clock and looks where the vehicles are. */
export async function watch(seconds: number) {
  advanceClock(seconds);
  await runSchedule('watch-tesla-vehicles');
}

/** Moves the clock to when the vehicle of a booking is read next, and reads it. */
export async function readNext(booking: { id: string }) {
  const { read_at } = await tripOf(booking);
  await watch(Math.max(0, (Date.parse(read_at) - Date.now()) / 1000) + 1);
}
