import * as z from 'zod/mini';
import { environment } from '../kernel/environment.ts';
import { log } from '../kernel/log.ts';
import { sendRequest } from './tesla-request.ts';

/**
 * Tesla's Fleet API as far as a booking needs it (developer.tesla.com, Fleet API: conventions, vehicle endpoints, vehicle
 * commands). Commands that only send a destination are plain REST: the vehicle command protocol does not carry them, so they
 * need neither a signature nor a key in the vehicle. Needs 'tesla'.
 */

/** Milliseconds: Tesla itself gives up on a vehicle after some ten seconds. */
const PATIENCE = 12_000;

/** Seconds to wait after a 429 that does not say how long. */
const PAUSE = 60;

/** An account at Tesla that may be asked: its access token and the region that serves it. `moved`: Tesla has named another one since. */
export type FleetLink = { token: string; region: Region; moved?: Region };
type Region = 'na' | 'eu' | 'cn';

/**
 * Why Tesla did not do it. `asleep`: the vehicle sleeps or is out of reach; `limited`: too many requests; `passing`: Tesla or the
 * way to it is down; `refused`: another try is refused alike.
 */
export class FleetError extends Error {
  readonly kind: 'asleep' | 'limited' | 'passing' | 'refused';
  /** Stable, snake_case: shown on the booking. */
  readonly code: string;
  /** Seconds that Tesla asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(kind: FleetError['kind'], code: string, more: { retryAfter?: number; cause?: unknown } = {}) {
    super(`Tesla answered ${code}.`, { cause: more.cause });
    this.name = 'FleetError';
    this.kind = kind;
    this.code = code;
    this.retryAfter = more.retryAfter;
  }
}

const Vehicle = z.object({
  id: z.int(),
  vin: z.string(),
  display_name: z.nullish(z.string()),
  state: z.string(),
});
export type FleetVehicle = z.output<typeof Vehicle>;

/** The vehicles of the account, 100 at most. */
export async function listVehicles(link: FleetLink): Promise<FleetVehicle[]> {
  const answer = await call(link, 'GET', '/api/1/vehicles?page_size=100');
  return read(z.object({ response: z.array(Vehicle) }), answer).response;
}

const Data = z.object({
  response: z.object({
    drive_state: z.optional(
      z.object({
        latitude: z.optional(z.nullable(z.number())),
        longitude: z.optional(z.nullable(z.number())),
        shift_state: z.optional(z.nullable(z.string())),
      }),
    ),
    vehicle_state: z.optional(
      z.object({
        autopark_state_v2: z.optional(z.nullable(z.string())),
        autopark_state_v3: z.optional(z.nullable(z.string())),
        last_autopark_error: z.optional(z.nullable(z.string())),
      }),
    ),
  }),
});

/** Where a vehicle is and how it parks. `shift_state` is null in a parked vehicle that nobody has touched for a while. */
type FleetReading = {
  latitude: number;
  longitude: number;
  shift_state: string | null;
  autopark_state: string | null;
  autopark_error: string | null;
};

/** Reads a vehicle that is awake. It never wakes one: that costs its battery, and us twenty times the request. */
export async function readVehicle(link: FleetLink, tag: string): Promise<FleetReading> {
  // Since firmware 2023.38 a position is only given to whoever names location_data.
  const endpoints = encodeURIComponent('location_data;drive_state;vehicle_state');
  const answer = await call(link, 'GET', `${pathOf(tag)}/vehicle_data?endpoints=${endpoints}`);
  const { drive_state: drive, vehicle_state: vehicle } = read(Data, answer).response;
  if (typeof drive?.latitude !== 'number' || typeof drive.longitude !== 'number')
    throw new FleetError('refused', 'location_not_shared');
  return {
    latitude: drive.latitude,
    longitude: drive.longitude,
    shift_state: drive.shift_state ?? null,
    autopark_state: vehicle?.autopark_state_v3 ?? vehicle?.autopark_state_v2 ?? null,
    autopark_error: vehicle?.last_autopark_error ?? null,
  };
}

/** Wakes a vehicle, which takes it ten seconds to a minute. True when it is awake already. */
export async function wakeVehicle(link: FleetLink, tag: string): Promise<boolean> {
  const answer = await call(link, 'POST', `${pathOf(tag)}/wake_up`);
  return read(z.object({ response: z.object({ state: z.string() }) }), answer).response.state === 'online';
}

const Command = z.object({ response: z.object({ result: z.boolean(), reason: z.optional(z.string()) }) });

/** Makes a place the destination of the vehicle's navigation. */
export const navigateTo = (
  link: FleetLink,
  tag: string,
  place: { latitude: number; longitude: number },
): Promise<void> =>
  command(link, tag, 'navigation_gps_request', { lat: place.latitude, lon: place.longitude, order: 1 });

/** The same as a text that the vehicle itself looks up: for a vehicle that does not take coordinates. */
export const shareDestination = (
  link: FleetLink,
  tag: string,
  destination: string,
  now: Date,
): Promise<void> =>
  command(link, tag, 'navigation_request', {
    type: 'share_ext_content_raw',
    value: { 'android.intent.extra.TEXT': destination },
    locale: 'en-US',
    timestamp_ms: String(now.getTime()),
  });

async function command(link: FleetLink, tag: string, name: string, body: unknown): Promise<void> {
  const { response } = read(Command, await call(link, 'POST', `${pathOf(tag)}/command/${name}`, body));
  if (!response.result) throw new FleetError('refused', wordOf(response.reason ?? '') ?? 'command_failed');
}

const pathOf = (tag: string) => `/api/1/vehicles/${encodeURIComponent(tag)}`;

/** Calls the region of the account, and once more the one that Tesla names when the account has moved to another. It is asked from then on. */
async function call(link: FleetLink, method: string, path: string, body?: unknown): Promise<unknown> {
  const region = link.moved ?? link.region;
  const answer = await send({ ...link, region }, method, path, body);
  const other = answer.status === 421 ? regionIn(answer.text) : undefined;
  if (other) link.moved = other;
  const { status, text, retryAfter } = other
    ? await send({ ...link, region: other }, method, path, body)
    : answer;
  if (status < 300) return parse(text);
  const error = errorOf(status, text, retryAfter);
  log.warn('Tesla refused', {
    path: path.replace(/vehicles\/[^/?]+/, 'vehicles/-'),
    status,
    error: error.code,
  });
  throw error;
}

async function send({ token, region }: FleetLink, method: string, path: string, body: unknown) {
  const url = environment(`TESLA_API_URL_${region.toUpperCase()}`) + path;
  try {
    const { status, text, headers } = await sendRequest(url, { method, token, body, patience: PATIENCE });
    return { status, text, retryAfter: secondsIn(headers['retry-after'] ?? headers['ratelimit-reset']) };
  } catch (cause) {
    throw new FleetError('passing', 'unreachable', { cause });
  }
}

/** `Retry-After` in seconds or as a date, else the reset that the rate limits of Tesla name. */
function secondsIn(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 86_400) : undefined;
}

const regionIn = (text: string) =>
  /use base URL: https:\/\/fleet-api\.prd\.(na|eu|cn)\./.exec(text)?.[1] as Region | undefined;

function errorOf(status: number, text: string, retryAfter = PAUSE): FleetError {
  if (status === 408) return new FleetError('asleep', 'vehicle_asleep');
  if (status === 429) return new FleetError('limited', 'rate_limited', { retryAfter });
  if (status >= 500) return new FleetError('passing', `http_${status}`);
  const word = wordOf((parse(text) as { error?: unknown }).error);
  return new FleetError('refused', word ?? `http_${status}`);
}

/** Tesla's words are names or sentences: the first ones are kept, as a name. */
function wordOf(error: unknown): string | undefined {
  const text = String(error ?? '').toLowerCase();
  if (text.includes('token')) return 'token_refused';
  if (text.includes('missing scopes')) return 'missing_scopes';
  if (text.includes('command protocol required')) return 'command_protocol_required';
  return /[a-z]\w*(?:[^a-z0-9]+\w+){0,4}/.exec(text)?.[0].replaceAll(/\W+/g, '_').slice(0, 60);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function read<S extends z.ZodMiniType>(schema: S, body: unknown): z.output<S> {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw new FleetError('passing', 'unreadable_answer', { cause: parsed.error });
}
