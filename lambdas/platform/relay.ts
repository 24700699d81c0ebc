import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { environment } from '../kernel/environment.ts';
import { instant } from '../kernel/fields.ts';
import { sql } from '../kernel/sql.ts';

const Claimed = z.object({
  id: z.uuid(),
  marketplace: z.string(),
  type: z.string(),
  payload: z.record(z.string(), z.unknown()),
  created_at: instant,
});
type Event = z.output<typeof Claimed>;

/** PutEvents takes ten entries a call. */
const ENTRIES = 10;
/** Claimed at a time: few enough that all are sent well within the minute of the claim. */
const BATCH = 100;

let client: EventBridgeClient | undefined;

/**
 * Carries events from the outbox to the bus until none is left. An event is marked sent after the bus has taken it, so
 * it may be sent twice and is never lost; consumers know it again by `event_id`.
 */
export async function relayOutbox(db: Database): Promise<{ sent: number; failed: number }> {
  const total = { sent: 0, failed: 0 };
  for (;;) {
    const events = await db.many(
      sql`select id, marketplace, type, payload, created_at from app.claim_outbox(${BATCH}::integer)`,
      Claimed,
    );
    if (events.length === 0) return total;
    const failed = (await Promise.all(chunks(events).map(put))).flat();
    const refused = new Set(failed.map(failure => failure.id));
    const sent = events.filter(event => !refused.has(event.id)).map(event => event.id);
    await db.execute(sql`select app.settle_outbox(
      array(select jsonb_array_elements_text(${sent}::jsonb))::uuid[], ${failed}::jsonb)`);
    total.sent += sent.length;
    total.failed += failed.length;
    // What the bus refuses now it will refuse again now: the next minute's run tries it.
    if (failed.length > 0 || events.length < BATCH) return total;
  }
}

/** Sends one call's worth. Returns those that the bus did not take, with its reason. */
async function put(events: readonly Event[]): Promise<{ id: string; error: string }[]> {
  client ??= new EventBridgeClient({ maxAttempts: 3 });
  const answer = await client
    .send(new PutEventsCommand({ Entries: events.map(entryOf) }))
    .catch((error: Error) => error);
  if (answer instanceof Error)
    return events.map(({ id }) => ({ id, error: `${answer.name}: ${answer.message}` }));
  return events.flatMap(({ id }, index) => {
    const { ErrorCode, ErrorMessage } = answer.Entries?.[index] ?? { ErrorCode: 'Unknown' };
    return ErrorCode ? [{ id, error: `${ErrorCode}: ${ErrorMessage ?? ''}` }] : [];
  });
}

function entryOf(event: Event): PutEventsRequestEntry {
  const { id: event_id, marketplace, created_at: occurred_at, type, payload } = event;
  return {
    EventBusName: environment('EVENT_BUS_NAME'),
    Source: 'vicinity',
    DetailType: type,
    Time: new Date(occurred_at),
    Detail: JSON.stringify({ ...payload, event_id, marketplace, occurred_at }),
  };
}

const chunks = (events: readonly Event[]): Event[][] =>
  Array.from({ length: Math.ceil(events.length / ENTRIES) }, (_, index) =>
    events.slice(index * ENTRIES, (index + 1) * ENTRIES),
  );
