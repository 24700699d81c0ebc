import { Refusal, refuse } from '../kernel/refusal.ts';
import type { SpaceTerms } from './parking.ts';

const HOUR = 3_600_000;

/** A half-open stretch of time, `from` inside and `to` outside. */
export type Window = { from: string; to: string };

/** What may be wrong with a window, in the order in which it is found out. */
export const windowRefusals = {
  ends_before_start: refuse('ends_before_start', 422, 'The end must be after the start.', 'to'),
  starts_in_past: refuse('starts_in_past', 422, 'The start must not be in the past.', 'from'),
};

/** Why one space does not take a booking at this time. */
export const termsRefusals = {
  own_space: refuse('own_space', 409, 'This space is your own: you cannot book it.'),
  too_soon: refuse('too_soon', 422, 'The owner needs more notice before the start.', 'from'),
  too_short: refuse('too_short', 422, 'This space is booked for a longer time at least.', 'to'),
  too_long: refuse('too_long', 422, 'This space is booked for a shorter time at most.', 'to'),
};

/** Throws the refusal of a window that nobody could book. */
export function checkWindow({ from, to }: Window, now: Date): void {
  if (Date.parse(to) <= Date.parse(from)) throw new Refusal(windowRefusals.ends_before_start);
  if (Date.parse(from) < now.getTime()) throw new Refusal(windowRefusals.starts_in_past);
}

/** Throws the refusal of a window that this space does not take. Every bound itself is still allowed. */
export function checkTerms(window: Window, terms: SpaceTerms, now: Date): void {
  if (terms.is_mine) throw new Refusal(termsRefusals.own_space);
  const hours = hoursOf(window);
  if (Date.parse(window.from) < now.getTime() + terms.advance_booking_hours * HOUR) {
    throw new Refusal(termsRefusals.too_soon);
  }
  if (hours < terms.minimum_booking_hours) throw new Refusal(termsRefusals.too_short);
  if (hours > terms.maximum_booking_hours) throw new Refusal(termsRefusals.too_long);
}

/** Length in milliseconds. */
export const lengthOf = ({ from, to }: Window): number => Date.parse(to) - Date.parse(from);

/** Length in hours, with fractions. */
export const hoursOf = (window: Window): number => lengthOf(window) / HOUR;
