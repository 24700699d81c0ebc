import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { inScratch } from '../support/scratch.ts';
import { auth, newAccount } from './accounts.ts';

const counts = async (userId: string) =>
  (
    await asOwner(
      sql`select (select count(*) from identity.refresh_tokens t where t.user_id = ${userId}::uuid) as tokens,
                 (select count(*) from identity.sessions s where s.user_id = ${userId}::uuid) as sessions,
                 (select count(*) from identity.otps o where o.user_id = ${userId}::uuid) as otps`,
    )
  )[0];

test('tokens that expired more than a day ago go, younger ones and living ones stay', async () => {
  const { user, refresh_token } = await newAccount();
  const bystander = await newAccount();
  const { body } = await auth('refresh', { refresh_token });
  await auth('refresh', { refresh_token: body.refresh_token });
  await asOwner(
    sql`with aged as (select id, row_number() over (order by id) as n from identity.refresh_tokens
                      where user_id = ${user.id}::uuid)
        update identity.refresh_tokens t
        set expires_at = app.now() - case a.n when 1 then interval '2 days' else interval '2 hours' end
        from aged a where a.id = t.id and a.n < 3 returning t.id`,
  );
  const removed = await runSchedule('cleanup-tokens');
  expect(removed).toMatchObject({ refresh_tokens: 1 });
  expect(await counts(user.id)).toMatchObject({ tokens: 2, sessions: 1 });
  expect(await counts(bystander.user.id)).toMatchObject({ tokens: 1, sessions: 1 });
});

test('a session goes a month after it ended, with its tokens, and codes a month after they expired', async () => {
  const { user } = await newAccount();
  await auth('request-otp', { email: user.email });
  await asOwner(
    sql`update identity.sessions set revoked_at = app.now() - interval '31 days', revoked_reason = 'signed_out'
        where user_id = ${user.id}::uuid returning id`,
  );
  await asOwner(
    sql`update identity.otps set expires_at = app.now() - interval '31 days' where user_id = ${user.id}::uuid returning id`,
  );
  await runSchedule('cleanup-tokens');
  expect(await counts(user.id)).toEqual({ tokens: 0, sessions: 0, otps: 0 });
});

test('old idempotency keys, full buckets and settled timers go; open timers and what is young stay', async () => {
  const mark = randomUUID();
  await asOwner(
    sql`insert into app.idempotency_keys (marketplace, caller, key, fingerprint, result, created_at)
        select 'driveway', 'cleanup', ${mark}::text || age, '', '{}', app.now() - age::interval
        from unnest(array['25 hours', '23 hours']) as age returning key`,
  );
  await asOwner(
    sql`insert into app.rate_limits (bucket, full_at)
        select ${mark}::text || age, app.now() + age::interval
        from unnest(array['-1 second', '1 hour']) as age returning bucket`,
  );
  await asOwner(
    sql`insert into app.timers (id, marketplace, kind, subject_id, due_at, settled_at, outcome)
        select (left(app.uuid_v7_floor(app.now() - interval '60 days')::text, 24)
                  || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12))::uuid,
               'driveway', ${mark}::text, gen_random_uuid(), app.now(),
               app.now() - age::interval, case when age is not null then 'done' end
        from unnest(array['31 days', '29 days', null]) as age returning id`,
  );
  await runSchedule('cleanup-tokens');
  expect(
    await asOwner(
      sql`select (select count(*) from app.idempotency_keys where key like ${mark}::text || '%') as keys,
                 (select count(*) from app.rate_limits where bucket like ${mark}::text || '%') as buckets,
                 (select count(*) from app.timers where kind = ${mark}::text) as timers`,
    ),
  ).toEqual([{ keys: 1, buckets: 1, timers: 2 }]);
  await asOwner(sql`delete from app.timers where kind = ${mark}::text returning id`);
});

test('removing a person takes sessions, tokens and codes along', async () => {
  const { user } = await newAccount();
  await auth('request-otp', { email: user.email });
  const left = await inScratch(async run => {
    // Nobody who has books is removed: here the books are taken away first.
    for (const table of ['money.balances', 'money.accounts'])
      await run(`alter table ${table} disable trigger user`);
    await run(
      `delete from money.balances b using money.accounts a where a.id = b.account_id and a.owner_id = '${user.id}'`,
    );
    await run(`delete from money.accounts where owner_id = '${user.id}'`);
    await run(`delete from identity.users where id = '${user.id}'`);
    return run(`
      select (select count(*) from identity.refresh_tokens where user_id = '${user.id}') as tokens,
             (select count(*) from identity.sessions where user_id = '${user.id}') as sessions,
             (select count(*) from identity.otps where user_id = '${user.id}') as otps`);
  });
  expect(await counts(user.id)).toEqual({ tokens: 1, sessions: 1, otps: 1 });
  expect(left).toEqual([{ tokens: 0, sessions: 0, otps: 0 }]);
});
