import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A picture of one bit a pixel as PNG (W3C, third edition). @param pixels rows from the top; true is black */
export function pngOf(pixels: readonly (readonly boolean[])[]): Buffer {
  const width = pixels[0]?.length ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(pixels.length, 4);
  // One bit a sample, greyscale; the only methods that there are; not interlaced.
  header.set([1, 0, 0, 0, 0], 8);
  const rows = pixels.map(row => {
    const line = Buffer.alloc(1 + Math.ceil(width / 8));
    for (const [x, black] of row.entries()) {
      const byte = 1 + (x >> 3);
      if (!black) line.writeUInt8(line.readUInt8(byte) | (0x80 >> (x & 7)), byte);
    }
    return line;
  });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8 + named.length);
  frame.writeUInt32BE(data.length, 0);
  frame.set(named, 4);
  frame.writeUInt32BE(crc32(named), 4 + named.length);
  return frame;
}
