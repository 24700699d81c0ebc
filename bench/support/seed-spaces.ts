import type pg from 'pg';
import type { Context } from '../../lambdas/kernel/database.ts';

/** Six digits without leading zeros end an id. */
const idOf = (kind: 0 | 1 | 2, n: number) => `019a0000-0000-7000-8000-00000${kind}${100_000 + n}`;
export const personId = (n: number) => idOf(0, n);
export const spaceId = (n: number) => idOf(1, n);
export const vehicleId = (n: number) => idOf(2, n);

/** People who do nothing: of some dozen, PostgreSQL reads whole tables where it looks up one row of any marketplace that is in use. */
const OTHERS = 20_000;

/**
 * Writes as many drivers as there are clients, each with a session and a vehicle, and as many hosts with spaces of their own: space `n` is one of
 * client `n / spacesEach`'s. Beside them are others.
 *
 * @param owner a connection with the owner's role
 */
export async function seedSpaces(owner: pg.Client, clients: number, spacesEach: number): Promise<void> {
  const people = Array.from({ length: 2 * clients + OTHERS }, (_, n) => personId(n));
  await owner.query(
    `insert into identity.users (id, marketplace, email, full_name)
     select id, 'driveway', id || '@bench.example', 'Racer' from unnest($1::uuid[]) as id`,
    [people],
  );
  await owner.query(
    `insert into identity.user_roles (marketplace, user_id, role)
     select 'driveway', id, 'driver' from unnest($1::uuid[]) as id`,
    [people],
  );
  // A session has its person's id, so that a context is made from one.
  await owner.query(
    `insert into identity.sessions (id, marketplace, user_id, expires_at)
     select id, 'driveway', id, now() + interval '1 day' from unnest($1::uuid[]) as id`,
    [people],
  );
  await owner.query(
    `insert into parking.vehicles (id, marketplace, user_id, license_plate)
     select v.id, 'driveway', v.user_id, '8ABC123' from unnest($1::uuid[], $2::uuid[]) as v (id, user_id)`,
    [people.map((_, n) => vehicleId(n)), people],
  );
  const spaces = Array.from({ length: clients * spacesEach }, (_, n) => spaceId(n));
  const hosts = spaces.map((_, n) => personId(clients + Math.floor(n / spacesEach)));
  await owner.query(
    `insert into parking.spaces (id, marketplace, owner_id, title, address, city, location, hourly_rate, currency, time_zone)
     select s.id, 'driveway', s.owner_id, 'Space', '1195 Oak St', 'San Francisco',
       app.point(37.7 + random() / 10, -122.5 + random() / 10), 300, 'USD', 'America/Los_Angeles'
     from unnest($1::uuid[], $2::uuid[]) as s (id, owner_id)`,
    [spaces, hosts],
  );
  await owner.query(
    `insert into booking.resources (id, marketplace, module, owner_id, time_zone, capacity, is_listed, maximum_seconds)
     select s.id, s.marketplace, 'parking', s.owner_id, s.time_zone, 1, true, 604800 from parking.spaces s`,
  );
  const written = ['users', 'user_roles', 'sessions'].map(table => `identity.${table}`);
  for (const table of [...written, 'parking.vehicles', 'parking.spaces', 'booking.resources'])
    await owner.query(`analyze ${table}`);
}

/** The context of a client's booking, as the wrapper of its route makes it. */
export const contextOf = (client: number): Context => ({
  marketplace: 'driveway',
  now: new Date().toISOString(),
  actor: personId(client),
  session: personId(client),
  access: 'parking.book',
  limited: true,
  request_id: 'bench',
  ip: '127.0.0.1',
  user_agent: 'bench',
});
