import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';

// A function that exists anyway serves as the handler that succeeds; the one that fails does not exist.
beforeAll(async () => {
  await asOwner(sql`insert into app.timer_handlers (kind, handler)
    values ('test.succeeds', 'app.uuid_v7_time'), ('test.fails', 'app.test_no_such_function') returning kind`);
  return async () => {
    await asOwner(sql`delete from app.timer_handlers where kind like 'test.%' returning kind`);
  };
});

async function setTimer(kind: string, seconds: number, subject: string = randomUUID()): Promise<string> {
  const due = new Date(Date.now() + seconds * 1000);
  await asOwner(sql`with caller as (select app.set_context('{"marketplace": "driveway"}'))
    select app.set_timer(${kind}, ${subject}::uuid, ${due}::timestamptz) from caller`);
  return subject;
}

const timers = (subject: string) =>
  asOwner(sql`select outcome, attempts, last_error from app.timers where subject_id = ${subject}::uuid`);

test('a timer waits for its moment and then calls its handler once', async () => {
  const subject = await setTimer('test.succeeds', 300);
  await runSchedule('sweep-timers');
  expect(await timers(subject)).toMatchObject([{ outcome: null, attempts: 0 }]);
  advanceClock(301);
  await runSchedule('sweep-timers');
  await runSchedule('sweep-timers');
  expect(await timers(subject)).toMatchObject([{ outcome: 'done', attempts: 1 }]);
});

test('a timer that is set again moves, and stays one', async () => {
  const subject = await setTimer('test.succeeds', 60);
  await setTimer('test.succeeds', 600, subject);
  advanceClock(61);
  await runSchedule('sweep-timers');
  expect(await timers(subject)).toMatchObject([{ outcome: null }]);
});

test('a cancelled timer never fires', async () => {
  const subject = await setTimer('test.succeeds', 60);
  await asOwner(sql`select app.cancel_timer('test.succeeds', ${subject}::uuid)`);
  advanceClock(61);
  await runSchedule('sweep-timers');
  expect(await timers(subject)).toMatchObject([{ outcome: 'cancelled', attempts: 0 }]);
});

test('a handler that fails is tried later, and harms no timer beside it', async () => {
  const failing = await setTimer('test.fails', 10);
  const bystander = await setTimer('test.succeeds', 20);
  advanceClock(21);
  await runSchedule('sweep-timers');
  const [failed] = await timers(failing);
  expect(failed).toMatchObject({ outcome: null, attempts: 1 });
  expect(failed.last_error).toContain('test_no_such_function');
  expect(await timers(bystander)).toMatchObject([{ outcome: 'done' }]);
});

test('a handler that fails ten times is given up and stays visible as failed', async () => {
  const subject = await setTimer('test.fails', 1);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    advanceClock(6 * 3600 + 1);
    await runSchedule('sweep-timers');
  }
  expect(await timers(subject)).toMatchObject([{ outcome: 'failed', attempts: 10 }]);
});

test('two sweeps at once call each handler once', async () => {
  const subjects = await Promise.all(Array.from({ length: 30 }, () => setTimer('test.succeeds', 5)));
  advanceClock(6);
  await Promise.all([runSchedule('sweep-timers'), runSchedule('sweep-timers')]);
  const settled = await Promise.all(subjects.map(timers));
  expect(settled.flat().map(timer => timer.attempts)).toEqual(subjects.map(() => 1));
});
