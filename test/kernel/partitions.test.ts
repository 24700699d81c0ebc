import { expect, test } from 'vitest';
import { inScratch, type Run } from '../support/scratch.ts';

const partitions = (run: Run, parent: string) =>
  run(`
    select inhrelid::regclass::text as name,
           app.uuid_v7_time(substring(pg_get_expr(relpartbound, oid) from 'FROM \\(''([^'']+)''')::uuid)::text as lower,
           app.uuid_v7_time(substring(pg_get_expr(relpartbound, oid) from 'TO \\(''([^'']+)''')::uuid)::text as upper,
           relrowsecurity and relforcerowsecurity as is_protected
    from pg_inherits join pg_class on oid = inhrelid
    where inhparent = '${parent}'::regclass and relkind = 'r' order by 2`);

/** Sets the clock of the transaction and rotates. */
async function rotate(run: Run, moment: string): Promise<{ partition: string; change: string }[]> {
  await run(`select app.set_context('{"now": "${moment}"}')`);
  return run('select partition, change from app.rotate_partitions()');
}

const makeThings = async (run: Run, policy: string) => {
  await run(
    'create table app.things (id uuid constraint things_pkey primary key, is_open boolean) partition by range (id)',
  );
  await run("select app.protect('app.things')");
  await run(
    `insert into app.partition_policies (parent, period, since, retain, keep_while) values ('app.things', ${policy})`,
  );
};

test('every partitioned table reaches three periods ahead, without a gap, and every partition is protected', () =>
  inScratch(async run => {
    const policies = await run('select parent, period, ahead from app.partition_policies');
    expect(policies.length).toBeGreaterThan(0);
    for (const { parent, period, ahead } of policies) {
      const own = await partitions(run, parent);
      const [row] = await run(
        `select '${own.at(-1)?.upper}'::timestamptz > now() + '${ahead} ${period}'::interval as enough`,
      );
      expect(row.enough, `${parent} reaches ahead`).toBe(true);
      expect(own.slice(1).map(partition => partition.lower)).toEqual(
        own.slice(0, -1).map(partition => partition.upper),
      );
      expect(own.every(partition => partition.is_protected)).toBe(true);
    }
  }));

test('every partitioned table has a policy', () =>
  inScratch(async run => {
    const forgotten = await run(`
      select oid::regclass::text as name from pg_class
      where relkind = 'p' and oid::regclass::text not in (select parent from app.partition_policies)`);
    expect(forgotten).toEqual([]);
  }));

test('partitions are made ahead of time, and a second run changes nothing', () =>
  inScratch(async run => {
    await makeThings(run, "'month', '2026-02-01Z', '3 months', null");
    const changes = await rotate(run, '2026-02-10T02:30:00Z');
    const made = changes
      .filter(change => change.partition.startsWith('app.things'))
      .map(change => change.partition);
    expect(made).toEqual([
      'app.things_y2026m02',
      'app.things_y2026m03',
      'app.things_y2026m04',
      'app.things_y2026m05',
    ]);
    expect(
      (await rotate(run, '2026-02-10T02:30:00Z')).filter(change => change.partition.startsWith('app.things')),
    ).toEqual([]);
  }));

test('a row goes to the partition of the moment in its id', () =>
  inScratch(async run => {
    await makeThings(run, "'month', '2026-02-01Z', null, null");
    await rotate(run, '2026-02-10T00:00:00Z');
    await run(
      "insert into app.things values (app.uuid_v7_floor('2026-02-28 23:59:59.999Z')), (app.uuid_v7_floor('2026-03-01Z'))",
    );
    const rows = await run('select tableoid::regclass::text as name from app.things order by id');
    expect(rows).toEqual([{ name: 'app.things_y2026m02' }, { name: 'app.things_y2026m03' }]);
  }));

test('a partition is dropped when its end, not its beginning, is older than what is kept', () =>
  inScratch(async run => {
    await makeThings(run, "'month', '2025-12-01Z', '3 months', null");
    await rotate(run, '2025-12-15T00:00:00Z');
    const things = (changes: { partition: string }[]) =>
      changes.filter(({ partition }) => partition.startsWith('app.things_y2025'));
    expect(things(await rotate(run, '2026-03-01T00:00:00Z'))).toEqual([]);
    expect(things(await rotate(run, '2026-04-01T00:00:01Z'))).toEqual([
      { partition: 'app.things_y2025m12', change: 'dropped' },
    ]);
  }));

test('a partition that still holds unfinished work is kept', () =>
  inScratch(async run => {
    await makeThings(run, "'month', '2025-11-01Z', '1 month', 'is_open'");
    await rotate(run, '2025-11-15T00:00:00Z');
    await run(
      "insert into app.things values (app.uuid_v7_floor('2025-11-05Z'), true), (app.uuid_v7_floor('2025-12-05Z'), false)",
    );
    const dropped = (await rotate(run, '2026-03-01T00:00:00Z')).filter(({ change }) => change === 'dropped');
    expect(dropped.map(({ partition }) => partition)).toContain('app.things_y2025m12');
    expect(dropped.map(({ partition }) => partition)).not.toContain('app.things_y2025m11');
  }));

test.each([
  ['day', 'app.things_y2026m02d10'],
  ['week', 'app.things_y2026w07'],
  ['month', 'app.things_y2026m02'],
  ['year', 'app.things_y2026'],
])('a %s has a name that says which', (period, name) =>
  inScratch(async run => {
    await makeThings(run, `'${period}', '2026-02-10Z', null, null`);
    expect((await rotate(run, '2026-02-10T12:00:00Z')).map(({ partition }) => partition)).toContain(name);
  }),
);

test('asked for one change at a time, it makes the same ones, and then none', () =>
  inScratch(async run => {
    await makeThings(run, "'month', '2026-02-01Z', '3 months', null");
    await run(`select app.set_context('{"now": "2026-02-10T02:30:00Z"}')`);
    const changes: string[] = [];
    for (;;) {
      const made = await run('select partition from app.rotate_partitions(1)');
      if (made.length === 0) break;
      expect(made).toHaveLength(1);
      changes.push(made[0].partition);
    }
    expect(changes.filter(name => name.startsWith('app.things'))).toEqual(
      ['02', '03', '04', '05'].map(month => `app.things_y2026m${month}`),
    );
  }));
