import { Refusal, refuse } from '../kernel/refusal.ts';

/** What is wrong with a time for whatever space. */
export const windowRefusals = {
  ends_before_start: refuse('ends_before_start', 422, 'The end must be after the start.', 'to'),
  starts_in_past: refuse('starts_in_past', 422, 'The start must not be in the past.', 'from'),
  beyond_horizon: refuse('beyond_horizon', 422, 'Nothing can be booked that far ahead.', 'to'),
};

/** Why a space that somebody has the id of is not offered at all. */
export const listingRefusals = {
  space_paused: refuse('space_paused', 409, 'The owner lets nobody book this space for now.'),
  space_suspended: refuse('space_suspended', 409, 'This space is not offered any more.'),
  space_not_approved: refuse('space_not_approved', 409, 'We have not approved this space.'),
};

/** Why a space cannot be booked for a time or a vehicle, by the codes of `parking.terms`. */
export const reasons = {
  ...windowRefusals,
  own_space: refuse('own_space', 409, 'This space is your own: you cannot book it.'),
  too_soon: refuse('too_soon', 422, 'The owner needs more notice before the start.', 'from'),
  too_short: refuse('too_short', 422, 'This space is booked for a longer time at least.', 'to'),
  too_long: refuse('too_long', 422, 'This space is booked for a shorter time at most.', 'to'),
  closed: refuse('closed', 409, 'This space is not open for all of that time.'),
  blocked: refuse('blocked', 409, 'The owner keeps this space at that time.'),
  taken: refuse('slot_taken', 409, 'This space is taken at that time.'),
  vehicle_required: refuse('vehicle_required', 422, 'Say which vehicle comes.', 'vehicle_id'),
  vehicle_not_yours: refuse('vehicle_not_yours', 403, 'This is no vehicle of yours.', 'vehicle_id'),
  vehicle_does_not_fit: refuse(
    'vehicle_does_not_fit',
    422,
    'This space has no room for that vehicle.',
    'vehicle_id',
  ),
  vehicle_busy: refuse('vehicle_busy', 409, 'This vehicle is booked elsewhere at that time.', 'vehicle_id'),
};

/** The same codes where a booking would be moved, and what only that can meet. */
export const moveReasons = {
  ...reasons,
  space_not_listed: refuse('space_not_listed', 409, 'This space takes no bookings any more.'),
  move_requested: refuse(
    'move_requested',
    409,
    'The owner has not answered yet to the other time that you have asked for. Withdraw that first.',
  ),
  too_late_for_less: refuse(
    'too_late_for_less',
    409,
    'It is too late to pay less: cancelling this booking no longer returns everything.',
  ),
};

type Code = keyof typeof moveReasons;

/** A reason as a quote tells it. Of a code that it does not know it says so, since the database's list is the longer one. */
export function specOf(code: string) {
  if (!Object.hasOwn(moveReasons, code)) throw new Error(`There is no reason ${code}.`);
  return moveReasons[code as Code];
}

/** Throws the first reason of all. */
export function throwReason(codes: readonly string[], facts: Record<string, unknown> = {}): void {
  const [first] = codes;
  if (first !== undefined) throw new Refusal(specOf(first), { facts });
}

/** Refusals of the write, for what has changed since the terms were read. */
export const writeRefusals = {
  ...reasons,
  ...listingRefusals,
  reservation_no_overlap: reasons.taken,
  subject_no_overlap: reasons.vehicle_busy,
  bookings_parties_check: reasons.own_space,
  listing_changed: refuse('listing_changed', 409, 'The space has changed in this moment. Look at it again.'),
  price_changed: refuse(
    'price_changed',
    409,
    'The price is not the one that you expected. Ask for it again.',
    'expected_total_amount',
  ),
};
