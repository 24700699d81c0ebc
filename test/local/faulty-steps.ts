import { sql } from '../../lambdas/kernel/sql.ts';
import { readAsOwner } from '../support/database.ts';
import { type Faulty, hourFrom } from './faulty-cloud.ts';

/** What steps a booking, and what is left of it. */

export type Booked = { id: string; space: string; hour: number };
/** The cloud, and who acts in it. */
export type Crew = { faulty: Faulty; tokens: { driver: string; host: string } };
export type Step = {
  name: string;
  /** The Lambda that takes it, its trips to the database, the path after the stage and what is sent. */
  lambda: string;
  trips: number;
  path: (booking: Booked) => string;
  body: (booking: Booked, crew: Crew) => Promise<unknown>;
  as: keyof Crew['tokens'];
  /** Whether the host agrees to each booking. */
  asked?: true;
  /** What the timeline and the outbox say of it, and how often the space is taken afterwards. */
  event: string;
  status: string;
  reservations: number;
  /** What came before it. */
  prepare?: (booking: Booked, crew: Crew) => Promise<void>;
};

const nothing = async () => ({});

/** Lets the host agree to a booking, so that another time of it has to be asked for. */
const agree = async ({ id }: Booked, { faulty, tokens }: Crew) => {
  await faulty.send(`/driveway/api/v1/bookings/${id}/accept`, {}, tokens.host);
};

/** Asks for an hour more, too. */
const ask = async (booking: Booked, crew: Crew) => {
  await agree(booking, crew);
  const path = `/driveway/api/v1/parking/bookings/${booking.id}/extend`;
  await crew.faulty.send(path, { to: hourFrom(booking.hour + 2) }, crew.tokens.driver);
};

const requestOf = async ({ id }: Booked, { faulty }: Crew) => {
  const [row] = await readAsOwner(
    faulty.cloud.aws,
    sql`select move_request ->> 'id' as request_id from booking.bookings where id = ${id}::uuid`,
  );
  return row;
};

/** An answer to a request to move. */
const answering = (name: string, verb: string, as: Step['as'], event: string): Step => ({
  name,
  lambda: `vicinity-booking-${verb}-move`,
  trips: 1,
  path: ({ id }) => `bookings/${id}/move-request/${verb}`,
  body: requestOf,
  as,
  asked: true,
  prepare: ask,
  event,
  status: 'confirmed',
  reservations: 1,
});

export const steps: Step[] = [
  {
    name: 'cancels',
    lambda: 'vicinity-booking-cancel-booking',
    trips: 1,
    path: ({ id }) => `bookings/${id}/cancel`,
    body: nothing,
    as: 'driver',
    event: 'cancelled',
    status: 'cancelled',
    reservations: 0,
  },
  {
    name: 'moves',
    lambda: 'vicinity-parking-reschedule-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/reschedule`,
    body: async ({ hour }) => ({ from: hourFrom(hour + 1), to: hourFrom(hour + 2) }),
    as: 'driver',
    event: 'moved',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'extends',
    lambda: 'vicinity-parking-extend-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/extend`,
    body: async ({ hour }) => ({ to: hourFrom(hour + 2) }),
    as: 'driver',
    event: 'moved',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'accepts',
    lambda: 'vicinity-booking-accept-booking',
    trips: 1,
    path: ({ id }) => `bookings/${id}/accept`,
    body: nothing,
    as: 'host',
    asked: true,
    event: 'confirmed',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'asks to move',
    lambda: 'vicinity-parking-extend-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/extend`,
    body: async ({ hour }) => ({ to: hourFrom(hour + 2) }),
    as: 'driver',
    asked: true,
    prepare: agree,
    event: 'move_requested',
    status: 'confirmed',
    reservations: 2,
  },
  answering('accepts to move', 'accept', 'host', 'moved'),
  answering('declines to move', 'decline', 'host', 'move_declined'),
  answering('asks no more to move', 'withdraw', 'driver', 'move_withdrawn'),
  {
    name: 'checks in to',
    lambda: 'vicinity-parking-check-in',
    trips: 1,
    path: ({ id }) => `bookings/${id}/check-in`,
    body: async (booking, crew) => ({ access_code: await bringNearer(booking, crew) }),
    as: 'driver',
    event: 'active',
    status: 'active',
    reservations: 1,
  },
];

/** Lets a booking begin in five minutes, and returns its code. */
async function bringNearer({ id, hour }: Booked, { faulty }: Crew): Promise<string> {
  const [row] = await readAsOwner(
    faulty.cloud.aws,
    sql`
      update booking.bookings b set starts_at = app.now() + interval '5 minutes' + ${hour}::integer * interval '1 second'
      from parking.access_codes a where a.booking_id = b.id and b.id = ${id}::uuid returning a.code`,
  );
  return row?.code;
}
