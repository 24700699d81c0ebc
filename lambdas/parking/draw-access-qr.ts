import { encodeQR } from 'qr';
import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { AccessRow, qrContent } from './access.ts';
import { pngOf } from './access-png.ts';

/** A margin of four modules is what scanners ask for. */
const OPTIONS = { ecc: 'medium', border: 4 } as const;
/** Pixels of a module in the PNG. */
const SCALE = 8;

/** Draws the QR code of a confirmed booking for its driver. */
export const drawAccessQr = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/access/qr',
  module: 'parking',
  summary: 'Draw the QR code of a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    format: z._default(z.enum(['svg', 'png']).check(z.meta({ examples: ['svg'] })), 'svg'),
  }),
  output: z.unknown(),
  raw: true,
  async run({ booking_id, format }, { db, marketplace }) {
    const { access_code } = await db.one(
      sql`
        select access_code, valid_from, valid_until, is_valid
        from parking.my_access(${booking_id}::uuid)`,
      AccessRow,
    );
    const content = qrContent(marketplace.slug, booking_id, access_code);
    if (format === 'svg') return { body: encodeQR(content, 'svg', OPTIONS), content_type: 'image/svg+xml' };
    const png = pngOf(encodeQR(content, 'raw', { ...OPTIONS, scale: SCALE }));
    return { body: png.toString('base64'), is_base64: true, content_type: 'image/png' };
  },
});

export const handler = http(drawAccessQr);
