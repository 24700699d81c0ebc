import pg from 'pg';
import type { Statement } from '../lambdas/kernel/sql.ts';
import { searchSpaces } from '../lambdas/parking/search-spaces.ts';
import { marketplaceOf } from '../marketplaces/index.ts';
import { atLeast, atMost, compare, type Result } from './support/measure.ts';
import { migrate, startPostgres } from './support/start-postgres.ts';

const TURNS = 200;
/** San Francisco and around: some 2,000 spaces to the square kilometre when there are a million. */
const BOX = { south: 37.6, north: 37.82, west: -122.52, east: -122.25 };

/**
 * Search near a point over 100,000 and 1,000,000 spaces: through `app.run` against the bare indexed statement, and against
 * the sample queries of two product documents, which have no index that they can use.
 */
export async function benchSearch(): Promise<Result[]> {
  const server = await startPostgres();
  try {
    await migrate(server.url);
    const owner = await connect(server.url, 'vicinity_owner');
    const api = await connect(server.url, 'vicinity_api');
    await seedOwner(owner);
    await addSpaces(owner, 100_000);
    const small = await measure(api, owner);
    await addSpaces(owner, 900_000);
    const large = await measure(api, owner);
    const literal = await measureDocuments(owner);
    await Promise.all([owner.end(), api.end()]);
    const ms = (value: number) => `${value.toFixed(2)} ms`;
    return [
      atMost(
        'search over 1,000,000 spaces: app.run / bare statement',
        `${ms(large.run)} / ${ms(large.bare)}`,
        large.run / large.bare,
        1.5,
      ),
      atMost(
        'search through app.run: 1,000,000 / 100,000 spaces',
        `${ms(large.run)} / ${ms(small.run)}`,
        large.run / small.run,
        1.5,
      ),
      atLeast(
        'Driveway-Hub’s form without its index / ours',
        `${ms(literal.driveway)} / ${ms(large.run)}`,
        literal.driveway / large.run,
        20,
      ),
      atLeast(
        'Spacall’s form without its index / ours',
        `${ms(literal.spacall)} / ${ms(large.run)}`,
        literal.spacall / large.run,
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

async function seedOwner(owner: pg.Client): Promise<void> {
  await owner.query(
    `insert into identity.users (id, marketplace, email, full_name)
     values ('019a0000-0000-7000-8000-000000000001', 'driveway', 'host@bench.example', 'Host')`,
  );
}

async function addSpaces(owner: pg.Client, count: number): Promise<void> {
  await owner.query('select setseed(0.42)');
  await owner.query(
    `insert into parking.spaces (marketplace, owner_id, title, address, city, location, hourly_rate, currency, time_zone)
     select 'driveway', '019a0000-0000-7000-8000-000000000001', 'Space ' || n::text, n::text || ' Ellis St', 'San Francisco',
            st_setsrid(st_makepoint($1::float8 + random() * ($2::float8 - $1::float8), $3::float8 + random() * ($4::float8 - $3::float8)), 4326)::geography, 300, 'USD',
            'America/Los_Angeles'
     from generate_series(1, $5::integer) as n`,
    [BOX.west, BOX.east, BOX.south, BOX.north, count],
  );
  await owner.query('vacuum analyze parking.spaces');
}

/** Somewhere else at each turn, the same places in every run. */
const pointOf = (turn: number) => ({
  latitude: BOX.south + ((turn * 0.618_034) % 1) * (BOX.north - BOX.south),
  longitude: BOX.west + ((turn * 0.754_878) % 1) * (BOX.east - BOX.west),
});

/** The statement that the use case makes for a search, with a window two days ahead. */
async function statementOf(turn: number): Promise<Statement> {
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
  const input = { ...pointOf(turn), radius_m: 2_000, limit: 20, from, to };
  await searchSpaces.run(input, { db: db as never, marketplace, now, actor: null, bearer: async () => null });
  if (!made) throw new Error('The search made no statement.');
  return made;
}

async function measure(api: pg.Client, owner: pg.Client) {
  await owner.query(`select app.set_context('{"marketplace": "driveway"}')`);
  // The bare statement runs with the caller already set, for the session, on a connection of the same role.
  await api.query(`select set_config('app.marketplace', 'driveway', false)`);
  return compare(
    {
      async run(turn) {
        const { text, values } = await statementOf(turn);
        const context = { marketplace: 'driveway', access: 'everyone', now: new Date().toISOString() };
        const call = 'select run from app.run($1::jsonb, $2, $3) as run';
        const { rows } = await api.query(call, [JSON.stringify(context), text, JSON.stringify(values)]);
        if (rows.length < 10 || 'refused' in rows[0].run) throw new Error(JSON.stringify(rows[0]));
      },
      async bare(turn) {
        const { text, values } = await statementOf(turn);
        // Outside of `execute … using` the argument's type is not known by itself.
        const { rows } = await api.query(text.replaceAll('$1->>', '$1::jsonb->>'), [JSON.stringify(values)]);
        if (rows.length < 10) throw new Error(`The bare statement found ${rows.length}.`);
      },
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
