import { randomUUID } from 'node:crypto';
import type { SQSBatchResponse } from 'aws-lambda';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runAsWorker } from '../support/invoke.ts';

/** An event as the bus puts it into a queue. */
export type BusEvent = {
  id: string;
  marketplace: string;
  type: string;
  payload: Record<string, unknown>;
};

export const bookingVariables = {
  number: 'DRV-2026-000042',
  resource_name: 'Driveway near Dolores Park',
  starts_at: '2026-12-01T18:00:00+00:00',
  ends_at: '2026-12-01T20:00:00+00:00',
  time_zone: 'America/Los_Angeles',
};

/** A new event's id: a UUIDv7, as the outbox gives. */
export async function newEventId(): Promise<string> {
  const [row] = await asOwner(sql`select app.uuid_v7() as id`);
  return row.id;
}

/** Hands events to a queue's consumer in one batch. Returns how many records failed. */
export async function consume(queue: string, ...events: BusEvent[]): Promise<number> {
  const Records = events.map(({ id, marketplace, type, payload }) => {
    const detail = { event_id: id, marketplace, occurred_at: new Date().toISOString(), ...payload };
    const body = JSON.stringify({ source: 'vicinity', 'detail-type': type, detail });
    return { messageId: randomUUID(), body };
  });
  const answer = (await runAsWorker('queue', queue, { Records })) as SQSBatchResponse;
  return answer.batchItemFailures.length;
}

/** Writes a message for somebody and returns the event that would announce it. */
export async function queued(
  userId: string,
  channel: 'sms' | 'whatsapp' | 'email' | 'push',
  marketplace = 'driveway',
): Promise<BusEvent> {
  const [row] = await asOwner(
    sql`insert into notify.messages (id, marketplace, event_id, user_id, channel, template, variables)
        values (app.uuid_v7(), ${marketplace}::text, app.uuid_v7(), ${userId}::uuid, ${channel}::text, 'booking_confirmed',
                ${bookingVariables}::jsonb)
        returning id`,
  );
  return {
    id: await newEventId(),
    marketplace,
    type: 'notify.message_queued',
    payload: { message_id: row.id, channel, template: 'booking_confirmed' },
  };
}

/** What became of the message that an event announces. */
export async function messageOf(event: BusEvent) {
  const [row] = await asOwner(
    sql`select status, attempts, last_error, provider_message_id, sent_at from notify.messages
        where id = ${event.payload.message_id}::uuid`,
  );
  return row;
}
