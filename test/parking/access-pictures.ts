import { inflateSync } from 'node:zlib';

/** Reads a PNG of one bit a pixel without filters into RGBA, as a scanner would get it. Throws for any other. */
export function pictureOf(png: Buffer) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png.subarray(24, 29).toString('hex') !== '0100000000') throw new Error('This is another kind of PNG.');
  const start = png.indexOf('IDAT') + 4;
  const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  const line = 1 + Math.ceil(width / 8);
  return paint(width, height, (x, y) => {
    if (rows[y * line] !== 0) throw new Error('This row is filtered.');
    return ((rows[y * line + 1 + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) === 0;
  });
}

/** Paints an SVG whose only path is squares of one module: `M4 4h1v1H4Z`, or the next one relative to it. */
export function pictureOfSvg(svg: string, scale = 8) {
  const size = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1]);
  const black = new Set<string>();
  let [x, y] = [0, 0];
  for (const [, move = '', dx, dy] of (/ d="([^"]+)"/.exec(svg)?.[1] ?? '').matchAll(
    /([Mm])(-?\d+)[ ,]?(-?\d+)h1v1(?:H\d+|h-1)Z/g,
  )) {
    [x, y] = move === 'M' ? [Number(dx), Number(dy)] : [x + Number(dx), y + Number(dy)];
    black.add(`${x} ${y}`);
  }
  return paint(size * scale, size * scale, (px, py) =>
    black.has(`${Math.floor(px / scale)} ${Math.floor(py / scale)}`),
  );
}

function paint(width: number, height: number, isBlack: (x: number, y: number) => boolean) {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      if (isBlack(x, y)) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
  return { width, height, data };
}
