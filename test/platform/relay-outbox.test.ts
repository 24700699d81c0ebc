import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';

type Put = { Entries: { Detail: string; DetailType: string; Source: string }[] };

const write = async (name: string) => {
  const [row] = await asOwner(sql`with caller as (select app.set_context('{"marketplace": "driveway"}'))
    select app.emit('kernel.tested', jsonb_build_object('name', ${name})) as id from caller`);
  return row.id as string;
};
const outbox = async (id: string) =>
  (await asOwner(sql`select sent_at, attempts, last_error from app.outbox where id = ${id}::uuid`))[0];

test('an event reaches the bus with its id, marketplace and moment, and is marked sent', async () => {
  await deliverEvents();
  const id = await write('relayed');
  const watched = mockClient(EventBridgeClient);
  watched.on(PutEventsCommand).resolves({ Entries: [{ EventId: '1' }] });
  expect(await runSchedule('relay-outbox')).toMatchObject({ sent: 1, failed: 0 });
  const [entry] = watched.commandCalls(PutEventsCommand).flatMap(call => (call.args[0].input as Put).Entries);
  watched.restore();
  expect(entry).toMatchObject({ Source: 'vicinity', DetailType: 'kernel.tested' });
  expect(JSON.parse(entry?.Detail ?? '')).toMatchObject({
    event_id: id,
    marketplace: 'driveway',
    name: 'relayed',
  });
  expect((await outbox(id)).sent_at).not.toBeNull();
});

test('an event that the bus refuses stays, with the reason, and is sent by the next run', async () => {
  await deliverEvents();
  const id = await write('refused');
  const watched = mockClient(EventBridgeClient);
  watched
    .on(PutEventsCommand)
    .resolves({ Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try later' }] });
  expect(await runSchedule('relay-outbox')).toMatchObject({ sent: 0, failed: 1 });
  watched.restore();
  expect(await outbox(id)).toMatchObject({ sent_at: null, last_error: 'InternalFailure: try later' });
  await deliverEvents();
  expect((await outbox(id)).sent_at).not.toBeNull();
});

test('an event claimed by a relay that died is sent a minute later', async () => {
  await deliverEvents();
  const id = await write('claimed');
  await asOwner(sql`select id from app.claim_outbox(100)`);
  await runSchedule('relay-outbox');
  expect((await outbox(id)).sent_at).toBeNull();
  advanceClock(61);
  await runSchedule('relay-outbox');
  expect((await outbox(id)).sent_at).not.toBeNull();
});

test('two relays at once share the work and lose none of it', async () => {
  await deliverEvents();
  const name = randomUUID();
  await asOwner(sql`with caller as (select app.set_context('{"marketplace": "driveway"}'))
    select app.emit('kernel.tested', jsonb_build_object('name', ${name})) as id from caller, generate_series(1, 230)`);
  await Promise.all([runSchedule('relay-outbox'), runSchedule('relay-outbox')]);
  const [row] =
    await asOwner(sql`select count(*) filter (where sent_at is not null)::integer as sent, max(attempts) as attempts
    from app.outbox where payload ->> 'name' = ${name}`);
  expect(row).toEqual({ sent: 230, attempts: 1 });
});
