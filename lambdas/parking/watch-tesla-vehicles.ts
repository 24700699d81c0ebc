import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { askTesla } from './tesla-answers.ts';
import { readVehicle } from './tesla-fleet.ts';

/** Vehicles of one claim: they are read at the same time, well within the two minutes that a claim lasts. */
const BATCH = 10;
/** Milliseconds after which a run takes no more: the next one comes within the minute. */
const ENOUGH = 40_000;

const Due = z.object({ booking_id: z.uuid(), user_id: z.uuid(), vehicle_tag: z.string() });
type Due = z.output<typeof Due>;

/** Looks where booked vehicles are around the time of their bookings, and moves the bookings as the vehicles come and go. */
export const handler = schedule({
  name: 'watch-tesla-vehicles',
  expression: 'rate(1 minute)',
  summary: 'Detect the arrival and departure of booked vehicles',
  timeout: 90,
  metrics: { TeslaReadingsFailed: 'failed' },
  needs: ['tesla', 'sealing'],
  nudge: nudgeRelay,
  async run({ db, now }) {
    const stopAt = performance.now() + ENOUGH;
    const total = { read: 0, failed: 0 };
    while (performance.now() < stopAt) {
      const due = await db.many(
        sql`select booking_id, user_id, vehicle_tag from parking.claim_readings(${BATCH}::integer)`,
        Due,
      );
      if (due.length === 0) break;
      const results = await Promise.all(due.map(vehicle => watch(db, now, vehicle)));
      for (const read of results) total[read ? 'read' : 'failed'] += 1;
    }
    return total;
  },
});

/** Whether the vehicle could be read. One that sleeps counts as read: it has not moved. */
async function watch(db: Database, now: Date, due: Due): Promise<boolean> {
  const reading = await askTesla(db, now, due.user_id, link => readVehicle(link, due.vehicle_tag));
  const { seen } = await db.one(
    sql`select parking.settle_reading(${due.booking_id}::uuid, ${reading}::jsonb) as seen`,
    z.object({ seen: z.enum(['nothing', 'arrival', 'departure']) }),
  );
  if (seen !== 'nothing')
    await db.execute(sql`select parking.follow_vehicle(${due.booking_id}::uuid, ${seen}::text)`);
  return !('error' in reading) || reading.kind === 'asleep';
}
