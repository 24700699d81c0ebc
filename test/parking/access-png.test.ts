import { inflateSync } from 'node:zlib';
import { encodeQR } from 'qr';
import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { qrContent } from '../../lambdas/parking/access.ts';
import { pngOf } from '../../lambdas/parking/access-png.ts';
import { pictureOf } from './access-pictures.ts';

const CONTENT = qrContent('driveway', '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e', '7K2QX9M4TD');

test('a PNG of a QR code is read back as what it says', () => {
  const png = pngOf(encodeQR(CONTENT, 'raw', { ecc: 'medium', border: 4, scale: 8 }));
  expect(decodeQR(pictureOf(png))).toBe(CONTENT);
});

test('a PNG is a valid file whose pixels are those of the picture', () => {
  const png = pngOf([
    [true, false, true],
    [false, true, false],
  ]);
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  expect(png.readUInt32BE(16)).toBe(3);
  expect(png.readUInt32BE(20)).toBe(2);
  const start = png.indexOf('IDAT') + 4;
  const data = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  // Each row begins with its filter, none; a set bit is white.
  expect([...data]).toEqual([0, 0b0100_0000, 0, 0b1010_0000]);
});

test('a width that is no multiple of eight keeps its last pixels', () => {
  const row = Array.from({ length: 13 }, (_, x) => x === 12);
  expect(pictureOf(pngOf([row])).data.filter((_, at) => at % 4 === 0)).toEqual(
    Uint8Array.from(row, black => (black ? 0 : 255)),
  );
});
