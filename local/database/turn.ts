import { TimeoutError } from './database.ts';

/** Whose turn it is: one holder at a time, in the order of asking. */
export type Turns = {
  /** Waits for the turn, at most so many milliseconds, and returns the function that gives it back. */
  take(milliseconds: number): Promise<() => void>;
};

/** Makes the queue in front of the single connection of an embedded database. */
export function makeTurns(): Turns {
  const waiting: (() => void)[] = [];
  let taken = false;

  function giveBack(): void {
    const next = waiting.shift();
    if (next) next();
    else taken = false;
  }

  return {
    take: milliseconds =>
      new Promise((resolve, reject) => {
        if (!taken) {
          taken = true;
          resolve(giveBack);
          return;
        }
        const proceed = () => {
          clearTimeout(timer);
          resolve(giveBack);
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(proceed), 1);
          reject(new TimeoutError());
        }, milliseconds);
        waiting.push(proceed);
      }),
  };
}
