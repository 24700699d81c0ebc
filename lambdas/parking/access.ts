import * as z from 'zod/mini';
import { flag, instant, text } from '../kernel/fields.ts';

/** What the driver of a confirmed booking shows to get in. */
export const Access = z.object({
  /** Ten digits and letters, none of which is read for another. */
  access_code: text(1, 20, '7K2QX9M4TD'),
  /** What the QR code says: `GET …/access/qr` draws it. */
  qr_code: text(
    1,
    200,
    'vicinity://driveway/bookings/019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e/check-in?code=7K2QX9M4TD',
  ),
  valid_from: instant,
  valid_until: instant,
  /** Whether it opens at this moment. */
  is_valid: flag,
});

export const AccessRow = z.omit(Access, { qr_code: true });

/** What the QR code of a booking says, in whichever letters its id was asked with. */
export const qrContent = (marketplace: string, bookingId: string, code: string) =>
  `vicinity://${marketplace}/bookings/${bookingId.toLowerCase()}/check-in?code=${code}`;

/** The code in what a scanner has read, or undefined where it is of another booking or something else. */
export function codeIn(content: string, marketplace: string, bookingId: string): string | undefined {
  const start = qrContent(marketplace, bookingId, '');
  return content.startsWith(start) ? content.slice(start.length) : undefined;
}

/** A code as people type it: in small letters, in groups, and with the letters that the alphabet leaves out (Crockford's base 32). */
export const readCode = (typed: string) =>
  typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
