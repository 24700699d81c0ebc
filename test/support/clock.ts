import { vi } from 'vitest';

/** Moves the clock of the Lambdas, and with it the database's. It is set back after the test. */
export function advanceClock(seconds: number): Date {
  // Up to the next millisecond: cut off, a moment that was reckoned in seconds would lie just before itself.
  const moment = new Date(Math.ceil(Date.now() + seconds * 1000));
  // Only Date is moved: timers of the SDK and of the server go on as they are.
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: false });
  vi.setSystemTime(moment);
  return moment;
}
