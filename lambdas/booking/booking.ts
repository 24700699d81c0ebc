import * as z from 'zod/mini';
import { amount, count, currency, flag, id, instant, page, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { signedAmount } from '../money/money.ts';

const party = z.enum(['customer', 'provider', 'staff', 'system']).check(z.meta({ examples: ['customer'] }));
const status = text(1, 40, 'confirmed');

/** `promo` is the platform where it bears a promo code. */
const payee = z.enum(['provider', 'platform', 'promo', 'tax']).check(z.meta({ examples: ['provider'] }));

/**
 * One line of a price. `amount` is what counts, in minor units, negative where the customer pays less by it; quantity and unit amount
 * say how it came about.
 */
export const LineItem = z.object({
  code: text(1, 60, 'parking'),
  description: text(1, 200, '2.5 hours'),
  quantity: z.number().check(z.meta({ examples: [2.5] })),
  unit_amount: signedAmount,
  amount: signedAmount,
  payer: z.enum(['customer', 'provider']).check(z.meta({ examples: ['customer'] })),
  payee,
});
export type LineItem = z.output<typeof LineItem>;
export {
  divideHalfUp,
  feeOn,
  includedTax,
  lineOf,
  type Price,
  partnerCommission,
  servicePrice,
  sharesOf,
  singleLine,
  surchargeFor,
  withCharge,
  withCommission,
  withDiscount,
  withFee,
} from './price.ts';

const rule = z.record(z.string(), z.unknown());

/** Another time that the customer has asked for, and what the booking would come to: the provider answers before `expires_at`. */
const MoveRequest = z.object({
  id: id('move_request'),
  starts_at: instant,
  ends_at: instant,
  expires_at: instant,
  line_items: z.array(LineItem),
  subtotal_amount: amount,
  fee_amount: amount,
  discount_amount: amount,
  total_amount: amount,
});

/** A booking as its two parties see it: the row of `booking.my_bookings`. */
export const Booking = z.object({
  id: id('booking'),
  number: text(1, 20, 'DRV-2026-000001'),
  module: text(1, 40, 'parking'),
  resource_id: id('resource'),
  resource_name: text(1, 200, 'Driveway near Dolores Park'),
  customer_id: id('user'),
  provider_id: id('user'),
  /** What the customer brings, such as a vehicle. */
  subject_id: z.nullable(id('subject')),
  unit: count(1, 500, 1),
  starts_at: instant,
  ends_at: instant,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  status,
  /** What the booking waits for until `expires_at`, when it is cancelled without it. Null once it waits no more. */
  awaits: z.nullable(z.enum(['payment', 'answer']).check(z.meta({ examples: ['answer'] }))),
  expires_at: z.nullable(instant),
  /** Null unless another time waits for the provider's answer. The booking stands as it is. */
  move_request: z.nullable(MoveRequest),
  line_items: z.array(LineItem),
  currency,
  subtotal_amount: amount,
  fee_amount: amount,
  /** What a promo code takes off, which the platform bears. */
  discount_amount: amount,
  /** What the customer pays, with `overstay_amount` for a stay that was longer than agreed. */
  total_amount: amount,
  overstay_amount: amount,
  /** What of the total the customer gets back, or no longer owes. */
  refund_amount: amount,
  payment_status: text(1, 40, 'pending'),
  /** The rules as they were when the booking was made: cancellation, no-show, overstay. */
  policy: rule.check(
    z.meta({ examples: [{ cancellation: { tiers: [{ hours_before: 24, refund_percent: 100 }] } }] }),
  ),
  /** What the module keeps of that moment, such as the vehicle and the rates. */
  facts: rule.check(z.meta({ examples: [{ vehicle: { license_plate: '8ABC123' } }] })),
  customer_notes: z.nullable(text(1, 2000, 'A white Model 3.')),
  cancelled_by: z.nullable(party),
  cancellation_reason: z.nullable(text(1, 500, 'My plans changed.')),
  version: count(1, 1_000_000, 1),
  confirmed_at: z.nullable(instant),
  started_at: z.nullable(instant),
  cancelled_at: z.nullable(instant),
  completed_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

/** A booking with what happened to it, oldest first. */
export const BookingDetail = z.extend(Booking, {
  /** What goes back of what was paid. `failed`: the bank did not take it, and somebody looks after it. Null where nothing goes back. */
  refund: z.nullable(
    z.object({
      status: z.enum(['pending', 'succeeded', 'failed']).check(z.meta({ examples: ['succeeded'] })),
      amount,
      /** What of it has arrived. */
      returned_amount: amount,
    }),
  ),
  timeline: z.array(
    z.object({
      at: instant,
      party,
      /** `placed`, `paid`, `moved`, or the status that was reached; modules add their own. */
      event: z.nullable(text(1, 60, 'confirmed')),
      from_status: z.nullable(status),
      to_status: status,
      reason: z.nullable(text(1, 500, 'My plans changed.')),
      details: rule.check(z.meta({ examples: [{ proof: 'code' }] })),
    }),
  ),
  /** What the provider wrote down, for nobody else. */
  provider_notes: z.nullable(text(1, 2000, 'Asked for the spot by the door.')),
});

/** What cancelling would return now, line by line: `POST …/cancel` does exactly that. */
export const CancellationQuote = z.object({
  booking_id: id('booking'),
  version: count(1, 1_000_000, 1),
  party,
  /** Whether the caller may cancel at this moment. */
  allowed: flag,
  currency,
  total_amount: amount,
  refund_percent: count(0, 100, 50),
  refund_amount: amount,
  kept_amount: amount,
  refund_items: z.array(
    z.object({
      code: text(1, 60, 'parking'),
      payer: z.enum(['customer', 'provider']).check(z.meta({ examples: ['customer'] })),
      payee,
      amount: signedAmount,
    }),
  ),
  /** Until when this much comes back; null where the time does not change it. */
  valid_until: z.nullable(instant),
});

export const BookingPage = page(Booking);

/** Refusals of every step that a booking takes. */
export const stepRefusals = {
  transition_not_allowed: refuse(
    'transition_not_allowed',
    409,
    'This booking cannot take this step from the status it is in.',
  ),
  payment_required: refuse('payment_required', 409, 'This booking waits for its payment.'),
  step_too_early: refuse('step_too_early', 409, 'It is too early for this step.'),
  step_too_late: refuse('step_too_late', 409, 'It is too late for this step.'),
};

/** Refusals of a step that asks who takes it to be there. */
export const presenceRefusals = {
  position_required: refuse('position_required', 422, 'Show a position or a code for this step.', 'position'),
  too_far: refuse('too_far', 409, 'You are too far from where the booking takes place.'),
};

const closed = refuse(
  'move_request_closed',
  409,
  'This request to move the booking was answered or withdrawn, or has run out.',
);

/** Refusals of every answer to a request to move. */
export const moveRequestRefusals = {
  move_request_closed: closed,
  transition_not_allowed: refuse(
    'transition_not_allowed',
    409,
    'Only the provider answers a request to move the booking, and only its customer withdraws it.',
  ),
};

/** The same where the booking is moved: its time may be gone although it has not run out here, since two clocks differ. */
export const acceptedMoveRefusals = {
  ...moveRequestRefusals,
  reservation_no_overlap: closed,
  subject_no_overlap: closed,
};
