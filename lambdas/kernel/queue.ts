import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Database, openDatabase, type Tally } from './database.ts';
import { describeError, log } from './log.ts';
import type { Nudge } from './nudge-relay.ts';
import type { Handler, Need, QueueContract } from './use-case.ts';
import { withContract } from './with-contract.ts';

/** What the bus puts into a queue. `detail` holds the event's payload beside these names. */
const Envelope = z.object({
  'detail-type': z.string(),
  detail: z.looseObject({ event_id: z.uuid(), marketplace: z.string(), occurred_at: z.string() }),
});

/** One event of the bus, as a consumer is given it. */
export type Delivery = { db: Database; now: Date; marketplace: string; event_id: string; type: string };

type EventDeclaration<S extends z.ZodMiniType> = {
  queue: QueueContract['queue'];
  pattern: NonNullable<QueueContract['pattern']>;
  summary: string;
  /** The event's payload. Names beyond it are ignored, so that an event may grow. */
  event: S;
  batch_size?: number;
  needs?: readonly Need[];
  /** `nudgeRelay`, where `run` writes events: the others do without its client. */
  nudge?: Nudge;
  run(event: z.output<S>, delivery: Delivery): Promise<void>;
};

/**
 * The Lambda that consumes events from a queue. Each record succeeds or fails by itself; what failed comes again and ends
 * in the dead-letter queue. An event may come twice: `run` knows it again by `event_id`.
 */
export function queue<S extends z.ZodMiniType>(declaration: EventDeclaration<S>): Handler<QueueContract> {
  const { run, event: schema, nudge, ...rest } = declaration;
  const nudges = nudge !== undefined;
  const contract: QueueContract = { batch_size: 10, needs: [], ...rest, nudges, kind: 'queue' };
  return consume(contract, nudge, async (body, tally) => {
    const { detail, 'detail-type': type } = z.parse(Envelope, JSON.parse(body));
    const now = new Date();
    const context = { marketplace: detail.marketplace, now: now.toISOString(), request_id: detail.event_id };
    const db = openDatabase(context, tally);
    await run(z.parse(schema, detail), {
      db,
      now,
      marketplace: detail.marketplace,
      event_id: detail.event_id,
      type,
    });
  });
}

/** The Lambda of a queue whose messages are only a sign that there is work. One run serves the whole batch. */
export function wakeUp(declaration: {
  queue: QueueContract['queue'];
  summary: string;
  needs?: readonly Need[];
  /** What it returns is logged: counts, never personal data. */
  run(call: { db: Database; now: Date }): Promise<Record<string, unknown>>;
}): Handler<QueueContract> {
  const { run, ...rest } = declaration;
  const contract: QueueContract = { batch_size: 100, needs: [], ...rest, nudges: false, kind: 'queue' };
  const lambda = middy(async (): Promise<SQSBatchResponse> => {
    const now = new Date();
    const tally: Tally = { trips: 0, emitted: 0 };
    const db = openDatabase({ marketplace: '', now: now.toISOString() }, tally);
    const result = await run({ db, now });
    log.info('batch', { queue: contract.queue, trips: tally.trips, ...result });
    return { batchItemFailures: [] };
  });
  return withContract(lambda, contract);
}

function consume(
  contract: QueueContract,
  nudge: Nudge | undefined,
  settle: (body: string, tally: Tally) => Promise<void>,
): Handler<QueueContract> {
  const lambda = middy(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const tally: Tally = { trips: 0, emitted: 0 };
    const results = await Promise.allSettled(Records.map(record => settle(record.body, tally)));
    await nudge?.(tally.emitted);
    const failed = Records.filter((record, index) => {
      const result = results[index];
      if (result?.status === 'fulfilled') return false;
      log.error('a message failed', {
        queue: contract.queue,
        message_id: record.messageId,
        ...describeError(result?.reason),
      });
      return true;
    });
    log.info('batch', {
      queue: contract.queue,
      messages: Records.length,
      failed: failed.length,
      trips: tally.trips,
    });
    return { batchItemFailures: failed.map(record => ({ itemIdentifier: record.messageId })) };
  });
  return withContract(lambda, contract);
}
