import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { askTesla } from './tesla-answers.ts';
import { FleetError, type FleetLink, navigateTo, shareDestination, wakeVehicle } from './tesla-fleet.ts';

const Claim = z.object({
  user_id: z.uuid(),
  vehicle_tag: z.string(),
  latitude: z.number(),
  longitude: z.number(),
});
type Claim = z.output<typeof Claim>;

/** Why a vehicle may not take coordinates although it takes a destination. */
const TEXT_ONLY = new Set(['invalid_command', 'command_protocol_required']);

/**
 * Sends the way to a space to the vehicle that is booked for it. A vehicle that sleeps is woken and sent its way when the timer comes
 * round. The same message twice sends it once, unless Tesla's answer to the first was lost: then the vehicle gets the same way again.
 */
export const handler = queue({
  queue: 'tesla',
  pattern: { 'detail-type': ['parking.navigation_due'] },
  summary: 'Send the way to booked vehicles',
  event: z.object({ booking_id: z.uuid() }),
  batch_size: 5,
  needs: ['tesla', 'sealing'],
  nudge: nudgeRelay,
  async run({ booking_id }, { db, now }) {
    const claim = await db.maybeOne(
      sql`select user_id, vehicle_tag, latitude, longitude from parking.claim_navigation(${booking_id}::uuid)`,
      Claim,
    );
    if (claim === null) return;
    const failure = await askTesla(db, now, claim.user_id, async link => {
      await navigate(db, booking_id, claim, link, now);
      return {};
    });
    await db.execute(sql`select parking.settle_navigation(${booking_id}::uuid, ${failure}::jsonb)`);
  },
});

/** The claim holds one call of the hour; each further one takes another. Throws FleetError. */
async function navigate(db: Database, bookingId: string, claim: Claim, link: FleetLink, now: Date) {
  const { vehicle_tag: tag } = claim;
  try {
    await navigateTo(link, tag, claim);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    if (error.kind === 'asleep') {
      await takeCall(db);
      const awake = await wakeVehicle(link, tag);
      await db.execute(sql`select parking.note_tesla(${bookingId}::uuid, 'wake_up', 'succeeded')`);
      if (!awake) throw error;
      await takeCall(db);
      return navigateTo(link, tag, claim);
    }
    if (!TEXT_ONLY.has(error.code)) throw error;
    await takeCall(db);
    await shareDestination(link, tag, `${claim.latitude},${claim.longitude}`, now);
  }
}

async function takeCall(db: Database): Promise<void> {
  const { wait } = await db.one(
    sql`select parking.take_tesla_call(0) as wait`,
    z.object({ wait: z.nullable(z.int()) }),
  );
  if (wait !== null) throw new FleetError('limited', 'tesla_api_rate_limit', { retryAfter: wait });
}
