import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Fake, listen } from './fake.ts';
import { baseOf, createFleet, type Grantee } from './tesla-fleet.ts';

const CLIENT = { client_id: 'local-tesla-client', client_secret: randomUUID() };
const AUDIENCE = baseOf('na');

type Reply = { status: number; body: unknown; location?: string; retry_after?: string };
type Grant = { grantee: Grantee; challenge: string; redirectUri: string };
/** The next answers of a path, in place of the real ones: what a test orders at `POST /_faults`. */
type Fault = Reply & { path: string };

/**
 * Tesla's sign-in and its Fleet API (developer.tesla.com): authorize, which signs in whom `login_hint` names and never asks, token
 * with PKCE and rotating refresh tokens, revoke, users/region, and the vehicles. Who is called `eu-…` is at home in Europe, whose
 * servers stand under `/eu`.
 */
export async function startTesla(): Promise<Fake> {
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grantee>();
  const accessTokens = new Map<string, Grantee>();
  const fleet = createFleet();
  const faults: Fault[] = [];

  function authorize(url: URL): Reply {
    const query = url.searchParams;
    const redirectUri = query.get('redirect_uri');
    if (query.get('client_id') !== CLIENT.client_id || !redirectUri || query.get('response_type') !== 'code')
      return reply(400, problem('invalid_request', 'client_id, redirect_uri and response_type'));
    const code = `NA_${randomBytes(24).toString('hex')}`;
    const subject = query.get('login_hint') ?? 'local-driver';
    const region = /^(eu|cn)-/.exec(subject)?.[1] ?? 'na';
    const grantee = { subject, region, scopes: (query.get('scope') ?? '').split(' ') };
    codes.set(code, { grantee, challenge: query.get('code_challenge') ?? '', redirectUri });
    const target = new URL(redirectUri);
    target.searchParams.set('code', code);
    target.searchParams.set('state', query.get('state') ?? '');
    target.searchParams.set('issuer', 'https://auth.tesla.com/oauth2/v3');
    return { status: 302, body: {}, location: target.href };
  }

  function issue(grantee: Grantee) {
    const { subject, region, scopes } = grantee;
    const access = jwt({ sub: subject, aud: [AUDIENCE], ou_code: region.toUpperCase(), scp: scopes });
    const refresh = `NA_${randomBytes(32).toString('hex')}`;
    accessTokens.set(access, grantee);
    refreshTokens.set(refresh, grantee);
    return {
      access_token: access,
      refresh_token: refresh,
      id_token: jwt({ sub: subject, aud: CLIENT.client_id }),
      expires_in: 28_800,
      token_type: 'Bearer',
    };
  }

  function exchange(form: URLSearchParams): Reply {
    if (form.get('client_id') !== CLIENT.client_id)
      return reply(401, problem('invalid_client', 'The client is not known.'));
    if (form.get('grant_type') === 'refresh_token') {
      const token = form.get('refresh_token') ?? '';
      const grantee = refreshTokens.get(token);
      // A refresh token serves once.
      refreshTokens.delete(token);
      return grantee === undefined
        ? reply(401, problem('login_required', 'The refresh_token is invalid.'))
        : reply(200, issue(grantee));
    }
    if (form.get('grant_type') !== 'authorization_code')
      return reply(400, problem('unsupported_grant_type', 'authorization_code or refresh_token'));
    if (form.get('client_secret') !== CLIENT.client_secret)
      return reply(401, problem('unauthorized_client', 'The secret is wrong.'));
    if (form.get('audience') !== AUDIENCE && !form.get('audience')?.startsWith('http://127.0.0.1:'))
      return reply(400, problem('invalid_request', 'The audience is not a Fleet API.'));
    const code = form.get('code') ?? '';
    const grant = codes.get(code);
    codes.delete(code);
    const proven = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!grant || grant.challenge !== proven || grant.redirectUri !== form.get('redirect_uri'))
      return reply(400, problem('invalid_auth_code', 'The code is invalid or expired.'));
    return reply(200, issue(grant.grantee));
  }

  /** RFC 7009: a token that is not known is as good as revoked. The access tokens of the grant end with it. */
  function revoke(form: URLSearchParams): Reply {
    const token = form.get('token') ?? '';
    const grantee = refreshTokens.get(token);
    refreshTokens.delete(token);
    for (const [access, owner] of accessTokens)
      if (owner.subject === grantee?.subject) accessTokens.delete(access);
    return reply(200, {});
  }

  const granteeOf = ({ headers }: IncomingMessage) =>
    accessTokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '');

  function region(request: IncomingMessage): Reply {
    const grantee = granteeOf(request);
    if (!grantee)
      return reply(401, {
        response: null,
        error: 'token expired (401)',
        error_description: '',
      });
    return reply(200, { response: { region: grantee.region, fleet_api_base_url: baseOf(grantee.region) } });
  }

  function respondOfFleet(request: IncomingMessage, url: URL, body: string): Reply | undefined {
    const { method = '' } = request;
    const vin = /^\/_vehicles\/(\w+)$/.exec(url.pathname)?.[1];
    if (vin) return fleet.control(method, vin, JSON.parse(body || '{}'));
    const [, region = 'na', path] = /^(?:\/(eu|cn))?(\/api\/1\/vehicles.*)$/.exec(url.pathname) ?? [];
    if (path === undefined) return undefined;
    const rest = { query: url.searchParams, body: JSON.parse(body || '{}'), grantee: granteeOf(request) };
    return fleet.answer({ method, region, path, ...rest });
  }

  async function respond(request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = await text(request);
    const form = new URLSearchParams(body);
    const index = faults.findIndex(({ path }) => path === url.pathname);
    const [fault] = index < 0 ? [] : faults.splice(index, 1);
    if (fault) return fault;
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /oauth2/v3/authorize':
        return authorize(url);
      case 'POST /oauth2/v3/token':
        return exchange(form);
      case 'POST /oauth2/v3/revoke':
        return revoke(form);
      case 'GET /api/1/users/region':
        return region(request);
      case 'POST /_faults':
        faults.push(JSON.parse(body) as Fault);
        return reply(201, {});
      default:
        return respondOfFleet(request, url, body) ?? reply(404, problem('not_found', url.pathname));
    }
  }

  const server = createServer(async (request, response) => {
    const { status, body, location, retry_after } = await respond(request);
    response
      .writeHead(status, {
        'content-type': 'application/json',
        ...(location ? { location } : {}),
        ...(retry_after ? { 'retry-after': retry_after } : {}),
      })
      .end(JSON.stringify(body));
  });
  const { url, close } = await listen(server);
  return {
    urls: {
      'https://auth.tesla.com': url,
      'https://fleet-auth.prd.vn.cloud.tesla.com': url,
      [AUDIENCE]: url,
      [baseOf('eu')]: `${url}/eu`,
      [baseOf('cn')]: `${url}/cn`,
    },
    secrets: { 'Vicinity: application at Tesla': CLIENT },
    close,
  };
}

const reply = (status: number, body: unknown): Reply => ({ status, body });

const problem = (error: string, error_description: string) => ({ error, error_description });

/** A token that reads like Tesla's. Its signature is none: nobody here checks it. */
const jwt = (claims: Record<string, unknown>) =>
  [
    { alg: 'RS256', typ: 'JWT' },
    { jti: randomUUID(), iss: 'https://auth.tesla.com/oauth2/v3', ...claims },
  ]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(randomBytes(32).toString('base64url'))
    .join('.');
