import pg from 'pg';
import { type Statement, sql } from '../lambdas/kernel/sql.ts';
import { searchSpaces } from '../lambdas/parking/search-spaces.ts';
import { marketplaceOf } from '../marketplaces/index.ts';
import { atLeast, atMost, compare, type Result } from './support/measure.ts';
import { migrate, startPostgres } from './support/start-postgres.ts';

const TURNS = 200;
/** San Francisco and around: some 2,000 spaces to the square kilometre when there are a million. */
const BOX = { south: 37.6, north: 37.82, west: -122.52, east: -122.25 };
/** Of each space, over the next sixty days. */
const RESERVATIONS = 10;
const HOST = '019a0000-0000-7000-8000-000000000001';
const DRIVER = '019a0000-0000-7000-8000-000000000002';
const SESSION = '019a0000-0000-7000-8000-000000000003';

/**
 * Search near a point, with a window, a vehicle and a greatest price, over 100,000 and 1,000,000 spaces with ten reservations each:
 * against the bare nearest-neighbour statement through the same door, and against the sample queries of two product documents,
 * which have no index that they can use.
 *
 * @param spaces how many there are in the end; a tenth of them at first
 */
export async function benchSearch(spaces = 1_000_000): Promise<Result[]> {
  const server = await startPostgres();
  try {
    await migrate(server.url);
    const owner = await connect(server.url, 'vicinity_owner');
    const api = await connect(server.url, 'vicinity_api');
    const vehicle = await seedPeople(owner);
    await addSpaces(owner, spaces / 10);
    const small = await measure(api, vehicle);
    await addSpaces(owner, spaces - spaces / 10);
    const large = await measure(api, vehicle);
    const literal = await measureDocuments(owner);
    await Promise.all([owner.end(), api.end()]);
    const ms = (value: number) => `${value.toFixed(2)} ms`;
    const count = spaces.toLocaleString('en-US');
    return [
      atMost(
        `search with window, fit and price over ${count} spaces / the bare nearest neighbours`,
        `${ms(large.search)} / ${ms(large.bare)}`,
        large.search / large.bare,
        2,
      ),
      atMost(
        `the same search: ${count} / a tenth of the spaces`,
        `${ms(large.search)} / ${ms(small.search)}`,
        large.search / small.search,
        1.5,
      ),
      atMost(
        `the bare nearest neighbours over ${count} spaces: through app.run / the statement alone`,
        `${ms(large.bare)} / ${ms(large.alone)}`,
        large.bare / large.alone,
        1.5,
      ),
      atLeast(
        'Driveway-Hub’s form without its index / ours',
        `${ms(literal.driveway)} / ${ms(large.search)}`,
        literal.driveway / large.search,
        20,
      ),
      atLeast(
        'Spacall’s form without its index / ours',
        `${ms(literal.spacall)} / ${ms(large.search)}`,
        literal.spacall / large.search,
        20,
      ),
    ];
  } finally {
    await server.stop();
  }
}

async function connect(url: string, role: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: `-c role=${role} -c timezone=UTC` });
  await client.connect();
  return client;
}

/** A host, and a driver with a vehicle. Returns the vehicle's id. */
async function seedPeople(owner: pg.Client): Promise<string> {
  await owner.query(
    `insert into identity.users (id, marketplace, email, full_name)
     values ($1, 'driveway', 'host@bench.example', 'Host'), ($2, 'driveway', 'driver@bench.example', 'Driver')`,
    [HOST, DRIVER],
  );
  await owner.query(
    `insert into identity.sessions (id, marketplace, user_id, expires_at)
     values ($1, 'driveway', $2, now() + interval '1 day')`,
    [SESSION, DRIVER],
  );
  const { rows } = await owner.query(
    `insert into parking.vehicles (marketplace, user_id, license_plate) values ('driveway', $1, '8ABC123') returning id`,
    [DRIVER],
  );
  return rows[0].id;
}

/** Adds spaces with what is taken of them. The constraint is built anew, which is faster than row by row. */
async function addSpaces(owner: pg.Client, count: number): Promise<void> {
  await owner.query('select setseed(0.42)');
  const { rows } = await owner.query('select count(*)::integer as before from parking.spaces');
  await owner.query(
    `insert into parking.spaces (marketplace, owner_id, title, address, city, location, hourly_rate, daily_rate, currency,
       time_zone, max_vehicle_length_cm)
     select 'driveway', $1, 'Space ' || n::text, n::text || ' Ellis St', 'San Francisco',
            st_setsrid(st_makepoint($2::float8 + random() * ($3::float8 - $2::float8), $4::float8 + random() * ($5::float8 - $4::float8)), 4326)::geography, 300, 2500, 'USD',
            'America/Los_Angeles', 480
     from generate_series($6::integer + 1, $6::integer + $7::integer) as n`,
    [HOST, BOX.west, BOX.east, BOX.south, BOX.north, rows[0].before, count],
  );
  await owner.query(
    `insert into booking.resources (id, marketplace, module, owner_id, time_zone, capacity, is_listed, minimum_seconds,
       maximum_seconds, notice_seconds)
     select s.id, s.marketplace, 'parking', s.owner_id, s.time_zone, 1, true, 3600, 604800, 3600 from parking.spaces s
     on conflict on constraint resources_pkey do nothing`,
  );
  await owner.query('alter table booking.reservations drop constraint reservation_no_overlap');
  await owner.query(
    `insert into booking.reservations (marketplace, resource_id, unit, kind, during)
     select 'driveway', s.id, 1, 'block', tstzrange(t, t + interval '4 hours')
     from parking.spaces s,
       lateral (select date_trunc('hour', now()) + (k * 144 + abs(hashtext(s.id::text || k)) % 140) * interval '1 hour' as t
                from generate_series(0, $1::integer - 1) as k) as taken
     where not exists (select from booking.reservations r where r.resource_id = s.id)`,
    [RESERVATIONS],
  );
  await owner.query(
    `alter table booking.reservations add constraint reservation_no_overlap
     exclude using gist (resource_id with =, unit with =, during with &&)`,
  );
  for (const table of ['parking.spaces', 'booking.resources', 'booking.reservations']) {
    await owner.query(`vacuum analyze ${table}`);
  }
  // What was just written is written back by nobody's search.
  await owner.query('set role none');
  await owner.query('checkpoint');
  await owner.query('set role vicinity_owner');
}

/** Somewhere else at each turn, the same places in every run. */
const pointOf = (turn: number) => ({
  latitude: BOX.south + ((turn * 0.618_034) % 1) * (BOX.north - BOX.south),
  longitude: BOX.west + ((turn * 0.754_878) % 1) * (BOX.east - BOX.west),
});

/** The statement that the use case makes for a search, with a window two days ahead. */
async function statementOf(turn: number, vehicle_id: string): Promise<Statement> {
  const marketplace = marketplaceOf('driveway');
  if (!marketplace) throw new Error('There is no marketplace driveway.');
  const now = new Date();
  const from = new Date(now.getTime() + 48 * 3_600_000).toISOString();
  const to = new Date(now.getTime() + 50 * 3_600_000).toISOString();
  let made: Statement | undefined;
  const keep = async (statement: Statement) => {
    made = statement;
    return { items: [], next_cursor: null };
  };
  const db = { page: keep, many: keep };
  const asked = { ...pointOf(turn), radius_m: 2_000, from, to, vehicle_id, max_total_amount: 10_000 };
  const input = { ...asked, sort: 'distance', explain: false, limit: 20 };
  await searchSpaces.run(input, {
    db: db as never,
    marketplace,
    now,
    actor: DRIVER,
    bearer: async () => null,
  });
  if (!made) throw new Error('The search made no statement.');
  return made;
}

/** The same neighbours, whoever has booked them and whoever fits. */
function bareOf(turn: number): Statement {
  const { latitude, longitude } = pointOf(turn);
  return sql`
    select s.*, s.point <-> here.point as distance_m
    from parking.public_spaces s,
      (select app.point(${latitude}::float8, ${longitude}::float8) as point) as here
    where s.point && _st_expand(here.point, 2000) and s.point <-> here.point <= 2000
    order by s.point <-> here.point limit 21`;
}

async function measure(api: pg.Client, vehicle: string) {
  const run = async ({ text, values }: Statement) => {
    const context = {
      marketplace: 'driveway',
      access: 'everyone',
      actor: DRIVER,
      session: SESSION,
      now: new Date().toISOString(),
    };
    const call = 'select run from app.run($1::jsonb, $2, $3) as run';
    const { rows } = await api.query(call, [JSON.stringify(context), text, JSON.stringify(values)]);
    if (rows.length < 10 || 'refused' in rows[0].run) throw new Error(JSON.stringify(rows[0]));
  };
  // As somebody would ask who has no use for a caller, a session or a clock.
  await api.query("set app.marketplace = 'driveway'");
  const runAlone = async ({ text, values }: Statement) => {
    const { rows } = await api.query(text.replaceAll('$1', '$1::jsonb'), [JSON.stringify(values)]);
    if (rows.length < 10) throw new Error('The statement alone finds too little.');
  };
  return compare(
    {
      search: async turn => run(await statementOf(turn, vehicle)),
      bare: turn => run(bareOf(turn)),
      alone: turn => runAlone(bareOf(turn)),
    },
    TURNS,
  );
}

/** The documents' own forms over the same million places, in a table that has the columns they use and no spatial index. */
async function measureDocuments(owner: pg.Client) {
  await owner.query(
    "create temporary table literal as select id, true as is_available, 'active' as listing_status, location, " +
      'st_y(location::geometry)::numeric(10, 8) as latitude, st_x(location::geometry)::numeric(11, 8) as longitude from parking.spaces',
  );
  await owner.query(
    "create index on literal (latitude, longitude, is_available, listing_status) where is_available and listing_status = 'active'",
  );
  await owner.query('analyze literal');
  return compare(
    {
      // ll_to_earth needs an extension that its document creates only after the index, so the great circle is written out.
      async driveway(turn) {
        const { latitude, longitude } = pointOf(turn);
        await owner.query(
          `select id, 6378168 * acos(least(1, sin(radians($1::float8)) * sin(radians(latitude))
                    + cos(radians($1::float8)) * cos(radians(latitude)) * cos(radians(longitude) - radians($2::float8)))) as distance
           from literal
           where is_available and listing_status = 'active'
             and 6378168 * acos(least(1, sin(radians($1::float8)) * sin(radians(latitude))
                    + cos(radians($1::float8)) * cos(radians(latitude)) * cos(radians(longitude) - radians($2::float8)))) < 2000
           order by distance limit 20`,
          [latitude, longitude],
        );
      },
      async spacall(turn) {
        const { latitude, longitude } = pointOf(turn);
        await owner.query(
          `select id, st_distance(location, st_setsrid(st_makepoint($2::float8, $1::float8), 4326)::geography) / 1000 as distance_km
           from literal
           where is_available and st_dwithin(location, st_setsrid(st_makepoint($2::float8, $1::float8), 4326)::geography, 2000)
           order by distance_km limit 10`,
          [latitude, longitude],
        );
      },
    },
    5,
  );
}
