import * as z from 'zod/mini';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { accountEvents, accountNotices } from './account-notices.ts';
import type { Notice } from './notify.ts';
import { PersonalEvent, personalEvents, personalNotices } from './personal-notices.ts';
import type { TemplateName } from './templates.ts';

/** What the notices take from a booking's event. */
const BookingEvent = z.object({
  number: z.string(),
  module: z.string(),
  customer_id: z.uuid(),
  provider_id: z.uuid(),
  resource_name: z.string(),
  starts_at: z.string(),
  ends_at: z.string(),
  time_zone: z.string(),
  /** What the booking still waits for: its payment, or its provider's answer. */
  awaits: z.optional(z.nullable(z.enum(['payment', 'answer']))),
});

/** The same of a request to move: where to, and until when it is answered. */
const MoveEvent = z.extend(BookingEvent, {
  wanted_starts_at: z.string(),
  wanted_ends_at: z.string(),
  request_expires_at: z.string(),
});

type Party = 'customer' | 'provider';

/** What each party is told of an event. A booking that is confirmed at once is told by its confirmation alone. */
const RULES: Readonly<Record<string, Readonly<Partial<Record<Party, TemplateName>>>>> = {
  'booking.placed': { customer: 'booking_request_sent', provider: 'booking_requested' },
  'booking.requested': { customer: 'booking_request_sent', provider: 'booking_requested' },
  'booking.confirmed': { customer: 'booking_confirmed', provider: 'booking_received' },
  'booking.cancelled': { customer: 'booking_cancelled', provider: 'booking_cancelled' },
  'booking.declined': { customer: 'booking_cancelled', provider: 'booking_cancelled' },
  'booking.expired': { customer: 'booking_expired', provider: 'booking_expired' },
  // A provider who was never asked need not hear of it.
  'booking.payment_expired': { customer: 'booking_unpaid' },
  'booking.move_requested': { customer: 'booking_move_sent', provider: 'booking_move_requested' },
  'booking.move_declined': { customer: 'booking_move_declined' },
  'booking.move_withdrawn': { provider: 'booking_move_withdrawn' },
  'booking.move_expired': { customer: 'booking_move_expired', provider: 'booking_move_expired' },
  'booking.move_ended': { customer: 'booking_move_ended', provider: 'booking_move_ended' },
  'booking.moved': { customer: 'booking_moved', provider: 'booking_moved' },
  'booking.overstayed': { customer: 'booking_overstayed', provider: 'booking_overstayed' },
  'booking.no_show': { customer: 'booking_not_arrived', provider: 'booking_not_arrived' },
};

/**
 * Writes to both parties of a booking when something happened to it, by e-mail where there is an address, else by SMS; and to the
 * person whom another event is about.
 */
export const handler = queue({
  queue: 'notifications',
  nudge: nudgeRelay,
  pattern: { 'detail-type': [...Object.keys(RULES), ...accountEvents, ...personalEvents] },
  summary: 'Compose the messages that events cause',
  event: z.union([MoveEvent, BookingEvent, PersonalEvent]),
  async run(event, { db, marketplace, event_id, type }) {
    const notices =
      'user_id' in event
        ? [...accountNotices(type, event, marketplace), ...personalNotices(type, event)]
        : noticesOf(type, event);
    if (notices.length === 0) return;
    await db.execute(sql`select notify.enqueue(${event_id}::uuid, ${notices}::jsonb)`);
  },
});

/** The notices that an event causes, none for an event that needs none. */
function noticesOf(
  type: string,
  event: z.output<typeof BookingEvent> | z.output<typeof MoveEvent>,
): Notice[] {
  const rule = RULES[type];
  if (!rule || (type === 'booking.placed' && event.awaits !== 'answer')) return [];
  const { number, resource_name, starts_at, ends_at, time_zone } = event;
  const variables: Record<string, string> = { number, resource_name, starts_at, ends_at, time_zone };
  if ('wanted_starts_at' in event) {
    const { wanted_starts_at, wanted_ends_at, request_expires_at } = event;
    Object.assign(variables, { wanted_starts_at, wanted_ends_at, request_expires_at });
  }
  const parties: Party[] = ['customer', 'provider'];
  return parties.flatMap(party => {
    const template = rule[party];
    if (!template) return [];
    return [
      { user_id: event[`${party}_id`], template, channels: ['email', 'sms'], topic: 'bookings', variables },
    ];
  });
}
