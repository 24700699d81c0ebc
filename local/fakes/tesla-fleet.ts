import { createHash } from 'node:crypto';

/** Whom an access token speaks for: what Tesla's own servers know of it. */
export type Grantee = { subject: string; region: string; scopes: readonly string[] };

export type FleetRequest = {
  method: string;
  /** Of which region's servers: `na`, `eu` or `cn`. */
  region: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  grantee: Grantee | undefined;
};

export type FleetReply = { status: number; body: unknown };

/** A vehicle as a test or a developer moves it. Absent `commands`: it takes them as every vehicle does. */
type Vehicle = {
  id: number;
  vin: string;
  display_name: string;
  state: 'online' | 'asleep' | 'offline';
  latitude: number;
  longitude: number;
  shift_state: 'P' | 'D' | 'R' | 'N' | null;
  autopark_state_v3: string;
  last_autopark_error: string;
  /** Set: it takes no command without a signature, or knows none for coordinates. */
  refuses?: 'unsigned' | 'coordinates';
  /** Every command that reached it, in order. */
  commands: { command: string; body: unknown }[];
  owner: string;
};

const VIN_LETTERS = 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789';
const VIN_VALUES = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ';
const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/**
 * The vehicles of Tesla's customers and the part of the Fleet API that reads, wakes and directs them. Each account owns one, made when
 * it is first looked at; `PUT /_vehicles/{vin}` moves it, and `GET /_vehicles/{vin}` tells which commands reached it.
 */
export function createFleet() {
  const vehicles = new Map<string, Vehicle>();

  function garageOf(subject: string): Vehicle[] {
    const owned = [...vehicles.values()].filter(({ owner }) => owner === subject);
    if (owned.length > 0) return owned;
    const made = newVehicle(subject);
    vehicles.set(made.vin, made);
    return [made];
  }

  /** What tests and developers do to a vehicle. */
  function control(method: string, vin: string, body: Record<string, unknown>): FleetReply {
    const vehicle = vehicles.get(vin);
    if (!vehicle) return fault(404, 'not_found');
    if (method === 'PUT') Object.assign(vehicle, body);
    return { status: 200, body: vehicle };
  }

  function answer(request: FleetRequest): FleetReply {
    const { method, path, grantee, region } = request;
    if (!grantee) return fault(401, 'token expired (401)');
    if (grantee.region !== region)
      return fault(421, `user out of region, use base URL: ${baseOf(grantee.region)}, see the documentation`);
    const owned = garageOf(grantee.subject);
    if (method === 'GET' && path === '/api/1/vehicles')
      return {
        status: 200,
        body: {
          response: owned.map(facts),
          pagination: { previous: null, next: null, current: 1, per_page: 100, count: 1, pages: 1 },
          count: owned.length,
        },
      };
    const [, tag, action = ''] = /^\/api\/1\/vehicles\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const vehicle = owned.find(({ id, vin }) => tag === vin || tag === String(id));
    if (!vehicle) return fault(404, 'not_found');
    if (method === 'GET' && action === 'vehicle_data') return dataOf(vehicle, request, grantee);
    if (method === 'POST' && action === 'wake_up') return wake(vehicle, grantee);
    if (method === 'POST' && action.startsWith('command/'))
      return command(vehicle, action.slice('command/'.length), request.body, grantee);
    return fault(404, 'not_found');
  }

  return { control, answer };
}

function newVehicle(subject: string): Vehicle {
  const digest = createHash('sha256').update(subject).digest();
  const serial = [...digest.subarray(0, 6)].map(byte => VIN_LETTERS[byte % VIN_LETTERS.length]).join('');
  return {
    id: 1_490_000_000_000_000 + digest.readUIntBE(6, 5),
    vin: withCheckDigit(`5YJ3E1EA0PF${serial}`),
    display_name: 'Owned',
    state: 'online',
    latitude: 37.3947,
    longitude: -122.1503,
    shift_state: null,
    autopark_state_v3: 'standby',
    last_autopark_error: 'no_error',
    commands: [],
    owner: subject,
  };
}

/** The ninth character of a vehicle identification number proves the others (49 CFR 565.15). */
function withCheckDigit(vin: string): string {
  const sum = [...vin].reduce(
    (total, letter, at) => total + (VIN_VALUES.indexOf(letter) % 10) * (VIN_WEIGHTS[at] ?? 0),
    0,
  );
  return `${vin.slice(0, 8)}${'0123456789X'[sum % 11]}${vin.slice(9)}`;
}

const facts = ({ id, vin, display_name, state }: Vehicle) => ({
  id,
  vehicle_id: id - 1_000_000,
  vin,
  color: null,
  access_type: 'OWNER',
  display_name,
  option_codes: null,
  granular_access: { hide_private: false },
  tokens: null,
  state,
  in_service: false,
  id_s: String(id),
  calendar_enabled: true,
  api_version: 90,
  backseat_token: null,
  backseat_token_updated_at: null,
});

function dataOf(vehicle: Vehicle, { query }: FleetRequest, { scopes }: Grantee): FleetReply {
  if (!scopes.includes('vehicle_device_data')) return fault(403, 'Unauthorized missing scopes');
  if (vehicle.state !== 'online') return asleep;
  const named = query.get('endpoints')?.split(';') ?? ['drive_state', 'vehicle_state'];
  const placed = named.includes('location_data') && scopes.includes('vehicle_location');
  const { latitude, longitude, shift_state, autopark_state_v3, last_autopark_error } = vehicle;
  const timestamp = Date.now();
  return {
    status: 200,
    body: {
      response: {
        ...facts(vehicle),
        user_id: 800_001,
        drive_state: {
          ...(placed ? { latitude, longitude, native_latitude: latitude, native_longitude: longitude } : {}),
          ...(placed ? { gps_as_of: Math.floor(timestamp / 1000), heading: 289 } : {}),
          power: 0,
          shift_state,
          speed: null,
          timestamp,
        },
        ...(named.includes('vehicle_state')
          ? {
              vehicle_state: {
                api_version: 90,
                autopark_state_v3,
                last_autopark_error,
                locked: true,
                timestamp,
              },
            }
          : {}),
      },
    },
  };
}

/** The vehicle is awake a while after the answer, not with it: the next call finds it so. */
function wake(vehicle: Vehicle, { scopes }: Grantee): FleetReply {
  if (!scopes.includes('vehicle_cmds')) return fault(403, 'Unauthorized missing scopes');
  const before = facts(vehicle);
  if (vehicle.state === 'asleep') vehicle.state = 'online';
  return { status: 200, body: { response: before } };
}

function command(
  vehicle: Vehicle,
  name: string,
  body: Record<string, unknown>,
  { scopes }: Grantee,
): FleetReply {
  if (!scopes.includes('vehicle_cmds')) return fault(403, 'Unauthorized missing scopes');
  if (name !== 'navigation_gps_request' && name !== 'navigation_request')
    return fault(400, 'invalid_command');
  if (vehicle.state !== 'online') return asleep;
  if (vehicle.refuses === 'unsigned')
    return fault(403, 'Tesla Vehicle Command Protocol required, please refer to the documentation');
  if (name === 'navigation_gps_request' && vehicle.refuses === 'coordinates')
    return fault(400, 'invalid_command');
  const valid =
    name === 'navigation_gps_request'
      ? typeof body.lat === 'number' && typeof body.lon === 'number'
      : body.type === 'share_ext_content_raw';
  if (!valid) return fault(400, 'invalid_field');
  vehicle.commands.push({ command: name, body });
  return { status: 200, body: { response: { result: true, reason: '' } } };
}

/** The servers of a region. */
export const baseOf = (region: string) =>
  `https://fleet-api.prd.${region}.vn.cloud.tesla.${region === 'cn' ? 'cn' : 'com'}`;

const fault = (status: number, error: string): FleetReply => ({
  status,
  body: { response: null, error, error_description: '' },
});

const asleep = fault(408, 'vehicle unavailable: vehicle is offline or asleep');
