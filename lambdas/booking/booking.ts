import * as z from 'zod/mini';
import { amount, count, currency, id, instant, page, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

const party = z.enum(['customer', 'provider', 'staff', 'system']).check(z.meta({ examples: ['customer'] }));
const status = text(1, 40, 'confirmed');

/** One line of a price. `amount` is what counts, in minor units; quantity and unit amount say how it came about. */
export const LineItem = z.object({
  code: text(1, 60, 'parking'),
  description: text(1, 200, '2.5 hours'),
  quantity: z.number().check(z.meta({ examples: [2.5] })),
  unit_amount: amount,
  amount,
  payer: z.enum(['customer', 'provider']).check(z.meta({ examples: ['customer'] })),
  payee: z.enum(['provider', 'platform']).check(z.meta({ examples: ['provider'] })),
});
export type LineItem = z.output<typeof LineItem>;

/** A booking as its two parties see it: the row of `booking.my_bookings`. */
export const Booking = z.object({
  id: id('booking'),
  number: text(1, 20, 'DRV-2026-000001'),
  module: text(1, 40, 'parking'),
  resource_id: id('resource'),
  resource_name: text(1, 200, 'Driveway near Dolores Park'),
  customer_id: id('user'),
  provider_id: id('user'),
  unit: count(1, 500, 1),
  starts_at: instant,
  ends_at: instant,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  status,
  /** A request that is not accepted by then is cancelled. Null once it has been answered. */
  expires_at: z.nullable(instant),
  line_items: z.array(LineItem),
  currency,
  subtotal_amount: amount,
  fee_amount: amount,
  total_amount: amount,
  payment_status: text(1, 40, 'pending'),
  customer_notes: z.nullable(text(1, 2000, 'A white Model 3.')),
  cancelled_by: z.nullable(party),
  cancellation_reason: z.nullable(text(1, 500, 'My plans changed.')),
  version: count(1, 1_000_000, 1),
  confirmed_at: z.nullable(instant),
  cancelled_at: z.nullable(instant),
  completed_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

/** A booking with what happened to it, oldest first. */
export const BookingDetail = z.extend(Booking, {
  timeline: z.array(
    z.object({
      at: instant,
      party,
      from_status: z.nullable(status),
      to_status: status,
      reason: z.nullable(text(1, 500, 'My plans changed.')),
    }),
  ),
});

export const BookingPage = page(Booking);

/** Refusals of every step that a booking takes. */
export const stepRefusals = {
  transition_not_allowed: refuse(
    'transition_not_allowed',
    409,
    'This booking cannot take this step from the status it is in.',
  ),
};
