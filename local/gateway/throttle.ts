/** A stage's or route's throttling: requests a second in the long run, and at once. */
export type Limit = { rate: number; burst: number };

/** A token bucket: `burst` tokens at first, refilled at `rate` a second; a request that finds none is refused. */
export function createThrottle(limit: Limit, now: () => number = () => performance.now()): () => boolean {
  let tokens = limit.burst;
  let filledAt = now();
  return () => {
    const moment = now();
    tokens = Math.min(limit.burst, tokens + ((moment - filledAt) / 1000) * limit.rate);
    filledAt = moment;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
