import { keyedHash } from './keyed-hash.ts';

/**
 * The one-time code of an id: six digits, derived by a key that never leaves KMS. So it is stored nowhere and travels through
 * no queue: whoever sends it derives it again. Needs 'keyed-hash'.
 */
export async function codeOf(otpId: string): Promise<string> {
  const mac = await keyedHash(`otp-code:${otpId}`);
  return String(mac.readBigUInt64BE(0) % 1_000_000n).padStart(6, '0');
}
