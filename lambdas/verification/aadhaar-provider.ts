import { constants, publicEncrypt } from 'node:crypto';
import * as z from 'zod/mini';
import { environment } from '../kernel/environment.ts';
import { log } from '../kernel/log.ts';
import { Secret } from '../kernel/secret.ts';

/**
 * Offline e-KYC of Aadhaar by Cashfree Secure ID (cashfree.com/docs, API reference, Secure ID, Aadhaar): UIDAI sends a code to the
 * mobile number that is linked with the Aadhaar number, and whoever knows the code is its holder. Needs 'aadhaar'.
 *
 * Calls are signed, since the provider otherwise wants to know the caller's addresses, and Lambdas have none of their own.
 */

/** Milliseconds. UIDAI is slow; a request of ours may take 29 s. */
const PATIENCE = 12_000;

/** The provider could not be asked, or answered what it should not. `retryAfter` in seconds. */
export class ProviderError extends Error {
  readonly retryAfter: number;

  constructor(reason: string, retryAfter: number, cause?: unknown) {
    super(`The Aadhaar provider could not be asked: ${reason}.`, { cause });
    this.name = 'ProviderError';
    this.retryAfter = retryAfter;
  }
}

const Answer = z.object({
  status: z.optional(z.string()),
  message: z.optional(z.string()),
  ref_id: z.optional(z.union([z.string(), z.number()])),
});

/** What became of asking for a code. `too_soon`: one was sent for this number less than a minute ago. */
export type Asked =
  | { outcome: 'sent'; reference: string }
  | { outcome: 'aadhaar_unknown' | 'aadhaar_not_linked' | 'too_soon' };

/** Lets UIDAI send a code for a number. Throws ProviderError. */
export async function askForCode(aadhaarNumber: string): Promise<Asked> {
  const { status, answer } = await call('offline-aadhaar/otp', { aadhaar_number: aadhaarNumber });
  if (status === 409) return { outcome: 'too_soon' };
  const message = plain(answer.message);
  if (message === 'aadhaar not linked to mobile number') return { outcome: 'aadhaar_not_linked' };
  if (answer.status === 'INVALID' || message === 'invalid aadhaar card')
    return { outcome: 'aadhaar_unknown' };
  if (status === 200 && answer.status === 'SUCCESS' && answer.ref_id !== undefined)
    return { outcome: 'sent', reference: String(answer.ref_id) };
  throw trouble(status);
}

export type Verdict = 'verified' | 'wrong_code' | 'code_expired' | 'aadhaar_refused';

/** The provider tells its refusals of a code apart by their sentences only. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  'otp entered is invalid': 'wrong_code',
  'please enter a valid otp': 'wrong_code',
  'otp expired': 'code_expired',
  'session expired, please generate a new otp': 'code_expired',
  'invalid aadhaar card': 'aadhaar_refused',
  'aadhaar not linked to mobile number': 'aadhaar_refused',
};

/** Tries a code. What the register says of the person (name, address, photo) is not looked at. Throws ProviderError. */
export async function tryCode(reference: string, code: string): Promise<Verdict> {
  const { status, answer } = await call('offline-aadhaar/verify', { ref_id: reference, otp: code });
  if (status === 200 && answer.status === 'VALID') return 'verified';
  const verdict = status === 200 || status === 400 ? VERDICTS[plain(answer.message)] : undefined;
  if (verdict) return verdict;
  throw trouble(status);
}

const plain = (message = '') => message.trim().replace(/\.$/, '').toLowerCase();

/** A limit passes in a minute; a refusal of our credentials, our balance or our address stays until somebody acts. */
function trouble(status: number): ProviderError {
  log.error('the Aadhaar provider refused', { provider_status: status });
  return new ProviderError(`it answered ${status}`, status === 429 ? 60 : 300);
}

async function call(path: string, body: Record<string, string>) {
  const { client_id, client_secret, public_key } = await account.read();
  try {
    const response = await fetch(`${environment('AADHAAR_API_URL')}/${path}`, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE),
      headers: {
        'content-type': 'application/json',
        'x-client-id': client_id,
        'x-client-secret': client_secret,
        ...(public_key ? { 'x-cf-signature': sign(client_id, public_key) } : {}),
      },
      body: JSON.stringify(body),
    });
    if (response.status === 401) account.forget();
    const text = await response.text();
    const answer = z.parse(Answer, text.startsWith('{') ? JSON.parse(text) : {});
    return { status: response.status, answer };
  } catch (cause) {
    const { name } = cause as Error;
    log.error('the Aadhaar provider did not answer', { error: name });
    throw new ProviderError(name, 60, cause);
  }
}

/** The client id and the second, encrypted to the provider: proof of the key, and of no older call. */
function sign(clientId: string, publicKey: string): string {
  const text = Buffer.from(`${clientId}.${Math.floor(Date.now() / 1000)}`);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key: publicKey, padding }, text).toString('base64');
}

/** Our account at the provider. */
const account = new Secret(
  'AADHAAR_SECRET_ARN',
  z.object({
    client_id: z.string(),
    client_secret: z.string(),
    public_key: z.optional(z.string()),
  }),
);
