import * as z from 'zod/mini';
import { count, flag, id, instant, text } from '../kernel/fields.ts';

const code = text(0, 60, 'vehicle_asleep');

/** What was sent to the vehicle of a booking and what was seen of it. */
export const TeslaTrip = z.object({
  booking_id: id('booking'),
  vehicle_id: id('vehicle'),
  navigation_status: z.enum(['waiting', 'sent', 'failed', 'cancelled']).check(z.meta({ examples: ['sent'] })),
  tesla_navigation_sent: flag,
  navigation_sent_at: z.nullable(instant),
  auto_park_attempted: flag,
  auto_park_successful: flag,
  arrival_detected_at: z.nullable(instant),
  departure_detected_at: z.nullable(instant),
  last_read_at: z.nullable(instant),
  /** What is wrong at this moment: Tesla's word for it or ours. Null where nothing is. */
  last_error: z.nullable(code),
});

/** The same with what came of each thing that was tried, newest first. The attempts are shown to the driver alone. */
export const TeslaTripDetail = z.extend(TeslaTrip, {
  attempts: z.array(
    z.object({
      kind: z
        .enum(['navigation', 'wake_up', 'position', 'auto_park', 'arrival', 'departure'])
        .check(z.meta({ examples: ['navigation'] })),
      outcome: z.enum(['succeeded', 'failed', 'held_back']).check(z.meta({ examples: ['succeeded'] })),
      /** Why not. Empty where it succeeded. */
      code,
      times: count(1, 1_000_000, 1),
      first_at: instant,
      last_at: instant,
    }),
  ),
});
