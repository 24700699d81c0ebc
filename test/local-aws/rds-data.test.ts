import { BatchExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aws } from '../../local/aws/aws.ts';
import { dataApi } from './data-api.ts';
import { startOwnAws } from './shared-aws.ts';

let aws: Aws;
let run: ReturnType<typeof dataApi>['run'];

beforeAll(async () => {
  aws = await startOwnAws();
  run = dataApi(aws).run;
  await run('create role vicinity_api login');
  await run('create table shop (id int primary key, name text not null, place geography(Point, 4326))');
});
afterAll(() => aws.close());

const cell = async (expression: string, parameters?: Parameters<typeof run>[1]) =>
  (await run(`select ${expression}`, parameters)).records?.[0]?.[0];

describe('values', () => {
  test.each([
    ['null', { isNull: true }],
    ['true', { booleanValue: true }],
    ['5::smallint', { longValue: 5 }],
    ['5000000000', { longValue: 5_000_000_000 }],
    ['1.5::float8', { doubleValue: 1.5 }],
    ["'NaN'::float8", { doubleValue: Number.NaN }],
    ['12.50::numeric', { stringValue: '12.50' }],
    [`'{"a": 1}'::jsonb`, { stringValue: '{"a": 1}' }],
    ["'0190b2c4-0000-7000-8000-000000000000'::uuid", { stringValue: '0190b2c4-0000-7000-8000-000000000000' }],
    ["'2026-03-01 10:00:00+00'::timestamptz", { stringValue: '2026-03-01 10:00:00+00' }],
    ["'\\x0102'::bytea", { blobValue: new Uint8Array([1, 2]) }],
    ["array['a','b, c','d\"e']", { arrayValue: { stringValues: ['a', 'b, c', 'd"e'] } }],
    ['array[1,2]::bigint[]', { arrayValue: { longValues: [1, 2] } }],
    ['array[true,false]', { arrayValue: { booleanValues: [true, false] } }],
    ['array[1.5]::float8[]', { arrayValue: { doubleValues: [1.5] } }],
    ["'{}'::text[]", { arrayValue: { stringValues: [] } }],
  ])('maps %s', async (expression, field) => {
    expect(await cell(expression)).toEqual(field);
  });

  test.each(['st_point(1, 2)', 'st_point(1, 2)::geography', "'(1,2)'::point", 'array[[1,2],[3,4]]'])(
    'refuses %s as unsupported',
    async expression => {
      await expect(cell(expression)).rejects.toMatchObject({ name: 'UnsupportedResultException' });
    },
  );

  test('returns a type that was made a moment ago', async () => {
    await run("create domain colour as text check (value in ('red', 'blue'))");
    await run("create type mood as enum ('calm', 'busy')");
    expect(await cell("'busy'::mood")).toEqual({ stringValue: 'busy' });
    expect(await cell("array['busy']::mood[]")).toEqual({ arrayValue: { stringValues: ['busy'] } });
  });

  test('describes columns when it is asked to', async () => {
    const { columnMetadata } = await run('select id, name from shop', [], { includeResultMetadata: true });
    expect(columnMetadata).toMatchObject([
      { name: 'id', typeName: 'int4', type: 4 },
      { name: 'name', typeName: 'text', type: 12 },
    ]);
  });

  test('formats records as JSON', async () => {
    const answer = await run("select 1 as a, 'x' as b, null as c, array[1,2] as d", [], {
      formatRecordsAs: 'JSON',
    });
    expect(answer.records).toBeUndefined();
    expect(JSON.parse(answer.formattedRecords ?? '')).toEqual([{ a: 1, b: 'x', c: null, d: [1, 2] }]);
  });

  test('returns decimals as numbers when it is asked to', async () => {
    const resultSetOptions = { decimalReturnType: 'DOUBLE_OR_LONG', longReturnType: 'STRING' } as const;
    const answer = await run('select 1.5::numeric, 2::numeric, 3::bigint', [], { resultSetOptions });
    expect(answer.records?.[0]).toEqual([{ doubleValue: 1.5 }, { longValue: 2 }, { stringValue: '3' }]);
  });
});

describe('parameters', () => {
  test('binds every kind by name, also twice', async () => {
    const { records } = await run('select :s || :s, :n + 1, :d * 2, :b, :x, :none::text', [
      { name: 's', value: { stringValue: 'a' } },
      { name: 'n', value: { longValue: 41 } },
      { name: 'd', value: { doubleValue: 0.25 } },
      { name: 'b', value: { booleanValue: true } },
      { name: 'x', value: { blobValue: new Uint8Array([7]) } },
      { name: 'none', value: { isNull: true } },
    ]);
    expect(records?.[0]).toEqual([
      { stringValue: 'aa' },
      { longValue: 42 },
      { doubleValue: 0.5 },
      { booleanValue: true },
      { blobValue: new Uint8Array([7]) },
      { isNull: true },
    ]);
  });

  test.each([
    ['UUID', '0190b2c4-0000-7000-8000-000000000000', 'uuid'],
    ['JSON', '{"a":1}', 'json'],
    ['DECIMAL', '1.50', 'numeric'],
    ['DATE', '2026-03-01', 'date'],
    ['TIME', '10:00:00', 'time without time zone'],
    ['TIMESTAMP', '2026-03-01 10:00:00', 'timestamp without time zone'],
  ] as const)('sends the type hint %s', async (typeHint, stringValue, type) => {
    const parameter = { name: 'v', value: { stringValue }, typeHint };
    expect(await cell('pg_typeof(:v)::text', [parameter])).toEqual({ stringValue: type });
  });

  test('refuses an ISO moment for a TIMESTAMP', async () => {
    const parameter = {
      name: 'v',
      value: { stringValue: '2026-03-01T10:00:00Z' },
      typeHint: 'TIMESTAMP',
    } as const;
    await expect(cell(':v', [parameter])).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  test('sends a string as varchar, so that a uuid column wants a cast', async () => {
    await run('create table thing (id uuid)');
    const id = { name: 'id', value: { stringValue: '0190b2c4-0000-7000-8000-000000000000' } };
    await expect(run('insert into thing (id) values (:id)', [id])).rejects.toThrow(
      /column "id" is of type uuid but expression is of type character varying/,
    );
    const { numberOfRecordsUpdated } = await run('insert into thing (id) values (:id::uuid)', [id]);
    expect(numberOfRecordsUpdated).toBe(1);
  });

  test('refuses a parameter that is not given', async () => {
    await expect(cell(':missing')).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Cannot find parameter: missing',
    });
  });

  test('refuses arrays', async () => {
    const list = { name: 'v', value: { arrayValue: { longValues: [1] } } };
    await expect(cell(':v', [list])).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Array parameters are not supported',
    });
  });
});

describe('statements', () => {
  test('counts changed rows, and not those that RETURNING returns', async () => {
    const inserted = await run("insert into shop (id, name) values (1, 'a'), (2, 'b')");
    expect(inserted).toMatchObject({ numberOfRecordsUpdated: 2, generatedFields: [] });
    expect(inserted.records).toBeUndefined();
    const returned = await run("update shop set name = 'c' returning id");
    expect(returned.numberOfRecordsUpdated).toBe(0);
    expect(returned.records).toHaveLength(2);
  });

  test('words a violation as Aurora does', async () => {
    await expect(run("insert into shop (id, name) values (1, 'again')")).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message:
        'ERROR: duplicate key value violates unique constraint "shop_pkey"\n  Detail: Key (id)=(1) already exists.; SQLState: 23505',
    });
  });

  test('gives hint and position', async () => {
    await expect(run('select nam from shop')).rejects.toThrow(
      /^ERROR: column "nam" does not exist\n {2}Hint: .*\n {2}Position: 8; SQLState: 42703$/,
    );
  });

  test('refuses two statements in one call, but not a semicolon at the end', async () => {
    await expect(run('select 1; select 2')).rejects.toMatchObject({
      name: 'ValidationException',
      message: "Multistatements aren't supported",
    });
    expect((await run('select 1;')).records).toHaveLength(1);
  });

  test('runs each statement as the role of its secret', async () => {
    const { records } = await run('select current_user::text', [], { secretArn: aws.secrets.api });
    expect(records?.[0]?.[0]).toEqual({ stringValue: 'vicinity_api' });
    await expect(run('select * from shop', [], { secretArn: aws.secrets.api })).rejects.toThrow(
      /permission denied for table shop; SQLState: 42501/,
    );
  });

  test('gives a role the settings that it was altered to have, and takes them away from the next', async () => {
    await run("alter role vicinity_api set search_path = 'elsewhere'");
    const path = async (secretArn: string) =>
      (await run("select current_setting('search_path')", [], { secretArn })).records?.[0]?.[0]?.stringValue;
    expect(await path(aws.secrets.owner)).toBe('"$user", public');
    expect(await path(aws.secrets.api)).toBe('elsewhere');
    expect(await path(aws.secrets.owner)).toBe('"$user", public');
  });

  test('refuses a role that cannot log in', async () => {
    await expect(run('select 1', [], { secretArn: aws.secrets.worker })).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'FATAL: password authentication failed for user "vicinity_worker"; SQLState: 28P01',
    });
  });

  test('does not let a bare BEGIN outlive its call', async () => {
    await run('begin');
    await run("insert into shop (id, name) values (9, 'kept')");
    await run('rollback');
    expect(await cell('count(*) from shop where id = 9')).toEqual({ longValue: 1 });
  });

  test('refuses another database, another cluster, and a schema', async () => {
    await expect(run('select 1', [], { database: 'other' })).rejects.toMatchObject({
      name: 'DatabaseNotFoundException',
    });
    await expect(run('select 1', [], { resourceArn: `${aws.clusterArn}x` })).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await expect(run('select 1', [], { schema: 'public' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('answers in UTC and knows the extensions', async () => {
    expect(await cell("current_setting('timezone')")).toEqual({ stringValue: 'UTC' });
    expect(await cell('st_distance(st_point(0, 0)::geography, st_point(0, 1)::geography)::int')).toEqual({
      longValue: 110574,
    });
    expect(await cell("similarity('parking', 'parkin') > 0.5")).toEqual({ booleanValue: true });
    expect((await cell("encode(digest('a', 'sha256'), 'hex')"))?.stringValue).toMatch(/^ca978112/);
  });
});

describe('limits', () => {
  test('returns a row of 64 KB and refuses a larger one', async () => {
    expect(await cell(`repeat('x', ${64 * 1024})`)).toBeDefined();
    await expect(cell(`repeat('x', ${64 * 1024 + 1})`)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Database returned more than the allowed response size limit',
    });
  });

  test('refuses a response over 1 MiB', async () => {
    const rows = (count: number) => run(`select repeat('x', 60000) from generate_series(1, ${count})`);
    expect((await rows(17)).records).toHaveLength(17);
    await expect(rows(18)).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  test('refuses SQL over 65,536 characters', async () => {
    await expect(run(`select 1 --${'x'.repeat(65_536)}`)).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('refuses a request over 4 MiB', async () => {
    const large = { name: 'v', value: { stringValue: 'x'.repeat(4 * 1024 * 1024) } };
    await expect(cell(':v::text', [large])).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

describe('batches', () => {
  test('runs a statement for each set, all of them or none', async () => {
    const { client, target } = dataApi(aws);
    const send = (ids: number[]) =>
      client.send(
        new BatchExecuteStatementCommand({
          ...target,
          sql: "insert into shop (id, name) values (:id, 'batch')",
          parameterSets: ids.map(id => [{ name: 'id', value: { longValue: id } }]),
        }),
      );
    expect((await send([101, 102])).updateResults).toHaveLength(2);
    await expect(send([103, 101])).rejects.toMatchObject({ name: 'DatabaseErrorException' });
    expect(await cell("count(*) from shop where name = 'batch'")).toEqual({ longValue: 2 });
  });
});
