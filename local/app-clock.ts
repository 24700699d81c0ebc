/** The clock that the Lambdas, the schedules and the messages log go by: the machine's, moved forward on request. */
export type AppClock = {
  now(): Date;
  /** Moves the clock and tells those who wait for a moment. */
  advance(seconds: number): void;
  onAdvance(listener: () => void): void;
  /** Milliseconds ahead of the machine's clock, shared with every worker. */
  offset: SharedArrayBuffer;
};

/** A clock that starts at the machine's time. How far it was moved is not kept: a new start begins at zero. */
export function createAppClock(): AppClock {
  const offset = new SharedArrayBuffer(8);
  const cell = new BigInt64Array(offset);
  const listeners: (() => void)[] = [];
  return {
    offset,
    now: () => new Date(Date.now() + Number(Atomics.load(cell, 0))),
    advance(seconds) {
      Atomics.add(cell, 0, BigInt(Math.round(seconds * 1000)));
      for (const listener of listeners) listener();
    },
    onAdvance(listener) {
      listeners.push(listener);
    },
  };
}
