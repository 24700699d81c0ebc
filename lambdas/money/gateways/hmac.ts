import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC with SHA-256 of a text. */
export const hmac = (key: string, text: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', key).update(text).digest(encoding);

/** Compares in a time that tells nothing about where two texts differ. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
