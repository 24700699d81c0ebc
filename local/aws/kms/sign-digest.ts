import { createECDH, type KeyObject, randomBytes } from 'node:crypto';

/** Order of the group of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ECDSA over a digest that the caller made. Node's own `sign` always hashes its input first, so the formula is
 * written out here; the point multiplication is Node's. For local keys only: it is not made to run in constant time.
 *
 * @returns the signature in DER
 */
export function signDigest(digest: Buffer, key: KeyObject): Buffer {
  const secret = toNumber(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const curve = createECDH('prime256v1');
  for (;;) {
    const nonce = toNumber(randomBytes(32));
    if (nonce === 0n || nonce >= order) continue;
    curve.setPrivateKey(toBytes(nonce));
    const r = toNumber(curve.getPublicKey().subarray(1, 33)) % order;
    const s = (invert(nonce) * (toNumber(digest) + r * secret)) % order;
    if (r !== 0n && s !== 0n) return encodeDer(r, s);
  }
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** Fermat: the order is prime, so x^(order − 2) is the inverse. */
function invert(value: bigint): bigint {
  let result = 1n;
  for (
    let base = value, exponent = order - 2n;
    exponent > 0n;
    exponent >>= 1n, base = (base * base) % order
  ) {
    if (exponent & 1n) result = (result * base) % order;
  }
  return result;
}

function encodeDer(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([encodeInteger(r), encodeInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

/** DER's integers are signed and as short as they can be. */
function encodeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  const padded = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, padded.length), padded]);
}
