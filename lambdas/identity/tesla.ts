import * as z from 'zod/mini';
import { environment } from '../kernel/environment.ts';
import { log } from '../kernel/log.ts';
import { Secret } from '../kernel/secret.ts';

/**
 * Tesla's OAuth 2.0 for third parties (developer.tesla.com, Fleet API, Third-Party Tokens): people sign in at
 * `auth.tesla.com`, codes and refresh tokens are exchanged at `fleet-auth`, and the Fleet API is asked with the access token.
 * Needs 'tesla' and, to keep tokens, 'sealing'.
 */

/** What a person is asked to grant: to know who they are, to stay linked, to read and find their vehicles, and to direct them. */
const SCOPES = 'openid offline_access user_data vehicle_device_data vehicle_location vehicle_cmds';

/** Milliseconds: two calls and the database fit into a request. */
const PATIENCE = 6_000;

/** Tesla's own word for what went wrong. `permanent`: the person must act, another try is refused alike. */
export class TeslaError extends Error {
  readonly code: string;
  readonly permanent: boolean;

  constructor(code: string, permanent: boolean, cause?: unknown) {
    super(`Tesla answered ${code}.`, { cause });
    this.name = 'TeslaError';
    this.code = code;
    this.permanent = permanent;
  }
}

const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  id_token: z.optional(z.string()),
  expires_in: z.int(),
});
export type TeslaTokens = z.output<typeof Tokens>;

const Region = z.object({ response: z.object({ region: z.enum(['na', 'eu', 'cn']) }) });

/** Where the person is sent to sign in. @param challenge S256 of the verifier, RFC 7636 */
export async function authorizeUrl(state: string, challenge: string): Promise<string> {
  const { client_id } = await application.read();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: environment('TESLA_REDIRECT_URI'),
    scope: SCOPES,
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    prompt_missing_scopes: 'true',
  });
  return `${environment('TESLA_AUTH_URL')}/oauth2/v3/authorize?${query}`;
}

/** Exchanges the code of a sign-in. A code serves once and lasts minutes. Throws TeslaError. */
export async function exchangeCode(code: string, verifier: string): Promise<TeslaTokens> {
  const { client_id, client_secret } = await application.read();
  return requestTokens({
    grant_type: 'authorization_code',
    client_id,
    client_secret,
    code,
    code_verifier: verifier,
    redirect_uri: environment('TESLA_REDIRECT_URI'),
    audience: environment('TESLA_API_URL'),
  });
}

/** Exchanges a refresh token for the next pair; it serves once and lasts three months. Throws TeslaError. */
export async function refreshTokens(refreshToken: string): Promise<TeslaTokens> {
  const { client_id } = await application.read();
  return requestTokens({ grant_type: 'refresh_token', client_id, refresh_token: refreshToken });
}

/** Ends a grant at Tesla (RFC 7009). Throws TeslaError. */
export async function revokeToken(refreshToken: string): Promise<void> {
  const { client_id, client_secret } = await application.read();
  await call(`${environment('TESLA_AUTH_URL')}/oauth2/v3/revoke`, {
    method: 'POST',
    body: new URLSearchParams({
      token: refreshToken,
      token_type_hint: 'refresh_token',
      client_id,
      client_secret,
    }),
  });
}

/** The region whose Fleet API serves the account. Throws TeslaError. */
export async function readRegion(accessToken: string): Promise<'na' | 'eu' | 'cn'> {
  const answer = await call(`${environment('TESLA_API_URL')}/api/1/users/region`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return read(Region, answer).response.region;
}

/**
 * Who the tokens speak for. The id token came over TLS from Tesla itself, which OpenID Connect Core 3.1.3.7 takes in place
 * of a check of its signature.
 */
export function subjectOf(tokens: TeslaTokens): string {
  const [, payload = ''] = (tokens.id_token ?? tokens.access_token).split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return z.parse(z.object({ sub: z.string().check(z.minLength(1), z.maxLength(200)) }), claims).sub;
  } catch (error) {
    throw new TeslaError('unreadable_answer', false, error);
  }
}

/** The scopes that were asked for. */
export const scopes = SCOPES.split(' ');

async function requestTokens(form: Record<string, string>): Promise<TeslaTokens> {
  const url = `${environment('TESLA_TOKEN_URL')}/oauth2/v3/token`;
  return read(Tokens, await call(url, { method: 'POST', body: new URLSearchParams(form) }));
}

const Problem = z.object({ error: z.string().check(z.regex(/^\w{1,60}$/)) });

/**
 * What only the person can mend. Everything else is about us or passes: a wrong secret of ours must break nobody's link.
 */
const PERMANENT = new Set(['invalid_auth_code', 'invalid_grant', 'login_required', 'token_refused']);

async function call(url: string, init: RequestInit): Promise<unknown> {
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
    const text = await answer.text();
    body = text.startsWith('{') ? JSON.parse(text) : {};
  } catch (error) {
    throw new TeslaError('unreachable', false, error);
  }
  if (answer.ok) return body;
  const { status } = answer;
  const problem = z.safeParse(Problem, body);
  // The Fleet API words a token that it does not take as a sentence.
  const unnamed = status === 401 && init.headers ? 'token_refused' : `http_${status}`;
  const code = problem.success ? problem.data.error : unnamed;
  log.warn('Tesla refused', { path: new URL(url).pathname, status, error: code });
  throw new TeslaError(code, PERMANENT.has(code));
}

function read<S extends z.ZodMiniType>(schema: S, body: unknown): z.output<S> {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw new TeslaError('unreadable_answer', false, parsed.error);
}

/** The application's credentials at Tesla. */
const application = new Secret(
  'TESLA_SECRET_ARN',
  z.object({ client_id: z.string(), client_secret: z.string() }),
);
