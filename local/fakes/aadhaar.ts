import { constants, generateKeyPairSync, privateDecrypt, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Fake, listen } from './fake.ts';

type Reply = { status: number; body: unknown };
/** The next answer of a path, in place of the real one: what a test orders at `POST /_faults`. `cut` breaks the connection. */
type Fault = Reply & { path: string; cut?: boolean };

/** The provider's own code of its test environment, which every number is sent here; and one that has expired. */
const CODE = '111000';
const EXPIRED_CODE = '000222';

/** Milliseconds between two codes for one number. */
const PAUSE = 45_000;

/**
 * Cashfree Secure ID's offline Aadhaar (cashfree.com/docs, API reference, Secure ID): sends the code 111000 for any number, but
 * knows none that begins with 9998 and no mobile number for those that begin with 9999. Calls must be signed.
 */
export async function startAadhaar(): Promise<Fake> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const account = { client_id: 'CF-LOCAL', client_secret: randomUUID(), public_key: publicKey };
  const sentAt = new Map<string, number>();
  const references = new Set<string>();
  const faults: Fault[] = [];

  function isSigned(header: string): boolean {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    try {
      const plain = privateDecrypt({ key: privateKey, padding }, Buffer.from(header, 'base64')).toString();
      return plain.startsWith(`${account.client_id}.`);
    } catch {
      return false;
    }
  }

  function refusalOf({ headers }: IncomingMessage): Reply | undefined {
    if (!headers['x-client-id'])
      return problem(400, 'x-client-id_missing', 'x-client-id is missing in the request');
    const known =
      headers['x-client-id'] === account.client_id && headers['x-client-secret'] === account.client_secret;
    if (!known) return problem(401, 'authentication_failed', 'Invalid clientId and clientSecret combination');
    if (isSigned(String(headers['x-cf-signature'] ?? ''))) return undefined;
    return problem(403, 'ip_validation_failed', 'IP not whitelisted your current ip is 127.0.0.1');
  }

  function send({ aadhaar_number: number = '' }: Record<string, string>): Reply {
    if (!/^\d{12}$/.test(number))
      return problem(400, 'aadhaar_number_invalid', 'aadhaar Number should contain 12 characters.');
    if (number.startsWith('9998'))
      return { status: 200, body: { status: 'INVALID', message: 'Invalid Aadhaar Card', ref_id: '0' } };
    if (number.startsWith('9999'))
      return { status: 200, body: { status: 'SUCCESS', message: 'Aadhaar not linked to mobile number' } };
    if (Date.now() - (sentAt.get(number) ?? 0) < PAUSE)
      return problem(
        409,
        'otp_already_generated',
        'Otp generated for this aadhaar, please try after some time',
      );
    sentAt.set(number, Date.now());
    const reference = String(21_637_861 + references.size);
    references.add(reference);
    return {
      status: 200,
      body: { status: 'SUCCESS', message: 'OTP sent successfully', ref_id: Number(reference) },
    };
  }

  function verify({ ref_id = '', otp = '' }: Record<string, string>): Reply {
    if (!references.has(ref_id))
      return problem(400, 'session_expired', 'Session expired, please generate a new OTP');
    if (otp === EXPIRED_CODE) return problem(400, 'otp_expired', 'Otp expired');
    if (otp !== CODE) return problem(400, 'otp_invalid', 'OTP entered is invalid');
    references.delete(ref_id);
    const body = { ref_id, status: 'VALID', message: 'Aadhaar Card Exists', name: 'Asha Rao', gender: 'F' };
    return { status: 200, body: { ...body, dob: '02-02-1995', photo_link: 'bm90IGEgcGhvdG8=' } };
  }

  async function answer(request: IncomingMessage): Promise<Reply | undefined> {
    const body = JSON.parse((await text(request)) || '{}');
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/_faults') {
      faults.push(body);
      return { status: 201, body: {} };
    }
    const at = faults.findIndex(fault => fault.path === path);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault) return fault.cut ? undefined : fault;
    const refusal = refusalOf(request);
    if (refusal) return refusal;
    if (path === '/verification/offline-aadhaar/otp') return send(body);
    if (path === '/verification/offline-aadhaar/verify') return verify(body);
    return problem(404, 'not_found', 'There is no such API.');
  }

  const server = createServer(async (request, response) => {
    const reply = await answer(request);
    if (!reply) return void response.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  });
  const { url, close } = await listen(server);
  const stand = `${url}/verification`;
  return {
    urls: {
      'https://api.cashfree.com/verification': stand,
      'https://sandbox.cashfree.com/verification': stand,
    },
    secrets: { 'Vicinity: account at the Aadhaar provider': account },
    close,
  };
}

const problem = (status: number, code: string, message: string): Reply => ({
  status,
  body: { type: status === 401 ? 'authentication_error' : 'validation_error', code, message },
});
