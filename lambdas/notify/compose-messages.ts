import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
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
  status: z.string(),
});

type Party = 'customer' | 'provider';

/** What each party is told of an event. A booking that is confirmed at once is told by its confirmation alone. */
const RULES: Readonly<Record<string, Readonly<Record<Party, TemplateName>>>> = {
  'booking.placed': { customer: 'booking_request_sent', provider: 'booking_requested' },
  'booking.confirmed': { customer: 'booking_confirmed', provider: 'booking_received' },
  'booking.cancelled': { customer: 'booking_cancelled', provider: 'booking_cancelled' },
  'booking.expired': { customer: 'booking_expired', provider: 'booking_expired' },
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
  event: z.union([BookingEvent, PersonalEvent]),
  async run(event, { db, marketplace, event_id, type }) {
    const notices =
      'user_id' in event
        ? [...accountNotices(type, event, marketplace), ...personalNotices(type, event)]
        : noticesOf(type, event, marketplace);
    if (notices.length === 0) return;
    await db.execute(sql`select notify.enqueue(${event_id}::uuid, ${notices}::jsonb)`);
  },
});

/** The notices that an event causes, none for an event that needs none. */
export function noticesOf(type: string, event: z.output<typeof BookingEvent>, marketplace: string): Notice[] {
  const rule = RULES[type];
  if (!rule || (type === 'booking.placed' && !awaitsAnswer(event, marketplace))) return [];
  const { number, resource_name, starts_at, ends_at, time_zone } = event;
  const parties: Party[] = ['customer', 'provider'];
  return parties.map(party => ({
    user_id: event[`${party}_id`],
    template: rule[party],
    channels: ['email', 'sms'],
    topic: 'bookings',
    variables: { number, resource_name, starts_at, ends_at, time_zone },
  }));
}

function awaitsAnswer({ module, status }: z.output<typeof BookingEvent>, slug: string): boolean {
  const flows = marketplaceOf(slug)?.flows ?? {};
  return Object.entries(flows).some(([name, flow]) => name === module && flow.on_request === status);
}
