import { vi } from 'vitest';

let started = Date.now();

/** Called before each test. */
export const startCounting = () => {
  started = Date.now();
};

/**
 * A moment some milliseconds from now, as the API writes it. All that a test asks for counts from its beginning, or from where it has
 * moved the clock: were it from each call, two hours would now and then be a millisecond longer, and a greatest length too long.
 */
export const fromNow = (milliseconds: number) =>
  new Date((vi.isFakeTimers() ? Date.now() : started) + milliseconds).toISOString();

/** Moves the clock of the Lambdas, and with it the database's. It is set back after the test. */
export function advanceClock(seconds: number): Date {
  // Up to the next millisecond: cut off, a moment that was reckoned in seconds would lie just before itself.
  return setClock(Math.ceil(Date.now() + seconds * 1000));
}

/** The same to a moment, in milliseconds since 1970. */
export function setClock(milliseconds: number): Date {
  const moment = new Date(milliseconds);
  // Only Date is moved: timers of the SDK and of the server go on as they are.
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: false });
  vi.setSystemTime(moment);
  return moment;
}
